"""From a proof bundle to what the escrow is shown: for who has a file and a node, and nobody to ask.

The bundle's checkpoint has to be one that the registry holds; the contract checks every path itself.
"""

from __future__ import annotations

from collections.abc import Sequence

from provenance.chain.escrow import Deposit, EscrowClient
from provenance.chain.escrow_calls import (
    Call,
    Evidence,
    answer_call,
    deliver_call,
    prove_sold_twice_call,
    prove_used_call,
)
from provenance.core import logfaults
from provenance.core.entries import EntryType, PartyReason
from provenance.core.logfaults import Placed
from provenance.core.proofs import Bundle, LoggedEntry
from provenance.errors import Refused


def accusation(client: EscrowClient, deposit: bytes, held: Deposit, bundle: Bundle) -> Call:
    """The call that proves the oldest fault in *bundle* that was not answered on chain.

    Refused ``bundle_of_another_key``, ``bundle_not_anchored``, ``no_fault_in_bundle``.
    """
    known = _placed(bundle, held)
    for fault in logfaults.faults(known, held.party, max_uses=held.max_uses):
        if client.is_answered(deposit, fault.index):
            continue
        if fault.later is not None:
            return prove_sold_twice_call(
                deposit, _evidence(bundle, fault.index), _evidence(bundle, fault.later)
            )
        heirs = _successions(bundle, held.issuer, fault.index)
        if heirs is not None:
            return prove_used_call(deposit, _evidence(bundle, fault.index), heirs)
    raise Refused(
        "nothing in this file shows a fault of the key that the escrow accepts", code="no_fault_in_bundle"
    )


def delivery(deposit: bytes, held: Deposit, bundle: Bundle) -> Call:
    """The call that shows the delivery; Refused ``no_delivery_in_bundle`` and as above."""
    shown = logfaults.delivery(_placed(bundle, held), held.party)
    heirs = None if shown is None else _successions(bundle, held.seller, shown.index)
    if shown is None or heirs is None:
        raise Refused("nothing in this file shows that the seller delivered", code="no_delivery_in_bundle")
    return deliver_call(deposit, _evidence(bundle, shown.index), heirs)


def answer(client: EscrowClient, deposit: bytes, held: Deposit, bundle: Bundle) -> Call:
    """The call that answers the fault proven last; Refused ``no_answer_in_bundle`` and as above."""
    fault = client.fault(deposit)
    for one in _placed(bundle, held):
        is_answer = one.entry.type is EntryType.REINSTATE and one.entry.party == fault.party
        if is_answer and one.index > fault.index:
            heirs = _successions(bundle, fault.actor, one.index)
            if heirs is not None:
                return answer_call(deposit, _evidence(bundle, one.index), heirs)
    raise Refused("nothing in this file undoes what was proven", code="no_answer_in_bundle")


def _placed(bundle: Bundle, held: Deposit) -> list[Placed]:
    if bundle.batch.manifest.batch_id != held.batch_id or bundle.key.index != held.index:
        raise Refused("this file is about another key than the deposit", code="bundle_of_another_key")
    if not bundle.anchors or bundle.anchors[-1].size != bundle.head.size:
        raise Refused(
            "this file leads to no checkpoint on the chain yet; make it anew with --anchored",
            code="bundle_not_anchored",
        )
    return [Placed(one.index, one.entry) for one in bundle.custody if one.entry.count == 1]


def _evidence(bundle: Bundle, index: int) -> Evidence:
    logged: Sequence[LoggedEntry] = (*bundle.custody, *bundle.parties)
    one = next(each for each in logged if each.index == index)
    return Evidence(bundle.head.size, index, one.entry.encode(), one.path)


def _successions(bundle: Bundle, expected: bytes, index: int) -> list[Evidence] | None:
    """By which PARTY entries of *bundle* the actor of entry *index* came to stand for *expected*."""
    actor = next(one.entry.actor for one in bundle.custody if one.index == index)
    chain: list[Evidence] = []
    for one in bundle.parties:
        if expected == actor:
            break
        is_heir = one.entry.reason == PartyReason.SUCCEEDED and one.entry.subject[12:] == expected
        if is_heir and one.index < index:
            chain.append(_evidence(bundle, one.index))
            expected = one.entry.party
    return chain if expected == actor else None
