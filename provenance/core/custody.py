"""The law of FORMATS §5: which entry may follow which in the life of a key.

One table of states (:data:`MOVES`), one rule a type (:data:`RULES`). Verifiers, auditors and the
service replay the same entries through the same rules; the service may refuse more, never less.
Consensus-critical and pure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from provenance.core.entries import ZERO_ADDRESS, Entry, EntryType, PartyReason
from provenance.core.lives import BatchFacts, KeyCustody, Life, State, code_of, refusal, sold_code, standing
from provenance.core.parties import Parties, Step

__all__ = ["MOVES", "RULES", "BatchFacts", "KeyCustody", "Life", "State", "accept", "refusal"]

MAX_REINSTATE_MS: Final = 864_000_000
"""Ten days: the window in which an act can be taken back, as in EU medicines verification."""
MAX_KEY_ENTRIES: Final = 5_000
"""Past this a key takes no SELL or TRANSFER, so that its bundle stays under 10,000 entries."""


MOVES: Final[Mapping[EntryType, Mapping[State, State]]] = MappingProxyType(
    {
        EntryType.SELL: {State.REGISTERED: State.SOLD},
        EntryType.DELIVER: {State.SOLD: State.DELIVERED},
        EntryType.REDEEM: {State.DELIVERED: State.REDEEMED},
        EntryType.VOID: {
            State.REGISTERED: State.VOID,
            State.SOLD: State.VOID,
            State.DELIVERED: State.VOID,
        },
        EntryType.REISSUE: {State.VOID: State.VOID, State.REDEEMED: State.REDEEMED},
    }
)
"""From → to, for whoever the rule of the type lets act. An issuer's REDEEM has rows of its own."""

ISSUER_REDEEMS: Final = frozenset({State.REGISTERED, State.SOLD, State.DELIVERED})


def accept(key: KeyCustody, step: Step, parties: Parties) -> KeyCustody:
    """The custody of *key* after *step*.

    Raises :class:`CustodyRefused` with a stable code; its ``evidence`` fact is absent, its
    ``step`` attribute the earlier entry that stands in the way, where there is one.
    """
    entry = step.entry
    _in_order(key, step)
    if entry.subject != key.batch.batch_id or not entry.type.is_on_keys:
        raise refusal("wrong_subject", "the entry is not about this batch")
    if entry.first + entry.count > key.batch.size or not entry.covers(key.index):
        raise refusal("out_of_range", "the entry is not about this key of the batch")
    if (entry.type is EntryType.COMMISSION) != (not key.steps):
        raise refusal("commission_first", "the life of a key begins with its one COMMISSION")
    changed = RULES[entry.type](key, step, parties)
    return replace(changed, steps=(*key.steps, step))


def _in_order(key: KeyCustody, step: Step) -> None:
    if not key.steps:
        return
    last = key.steps[-1]
    if last.index is not None and step.index is not None and step.index <= last.index:
        raise refusal("out_of_order", "log indices increase along the life of a key", last)
    if step.entry.time <= last.entry.time:
        raise refusal("time_not_increasing", "times increase along the life of a key", last)


def _commission(key: KeyCustody, step: Step, parties: Parties) -> KeyCustody:
    entry = step.entry
    if entry.first != 0 or entry.count != key.batch.size:
        raise refusal("out_of_range", "a COMMISSION covers the whole batch")
    if entry.actor != parties.resolve(key.batch.supplier, step):
        raise refusal("not_supplier", "only the manifest's supplier commissions a batch")
    return replace(key, holder=entry.actor)


def _transfer(key: KeyCustody, step: Step, parties: Parties) -> KeyCustody:
    entry = step.entry
    _must_be_unsold(key)
    _must_hold(key, step, parties)
    _must_have_room(key)
    if entry.party in (ZERO_ADDRESS, entry.actor):
        raise refusal("no_recipient", "an offer names another party")
    return replace(key, offers=(*key.offers, entry))


def _receive(key: KeyCustody, step: Step, parties: Parties) -> KeyCustody:
    for offer in key.offers:
        if _answers(offer, step, parties):
            # A new holder ends every other offer too: the old one had no right to them any more.
            return replace(key, holder=step.entry.actor, offers=())
    raise refusal("no_offer", "no open TRANSFER of this very range to this party", key.steps[-1])


def _answers(offer: Entry, step: Step, parties: Parties) -> bool:
    entry = step.entry
    return (
        (offer.first, offer.count) == (entry.first, entry.count)
        and entry.actor == parties.resolve(offer.party, step)
        and parties.resolve(entry.party, step) == parties.resolve(offer.actor, step)
    )


def _sell(key: KeyCustody, step: Step, parties: Parties) -> KeyCustody:
    entry = step.entry
    _must_be_free(key, entry.party)
    expires_ms = key.batch.expires_at * 1000
    if expires_ms and entry.time >= expires_ms:
        raise refusal("expired", "the batch's keys may no longer be sold")
    _must_hold(key, step, parties)
    _must_have_room(key)
    if entry.party == ZERO_ADDRESS:
        raise refusal("no_use", "a SELL names the buyer's use")
    life = Life(entry.party, State.SOLD, step, step)
    return replace(key, lives=(*key.lives, life), offers=())


def _deliver(key: KeyCustody, step: Step, parties: Parties) -> KeyCustody:
    life = standing(key, step.entry.party)
    state = _move(EntryType.DELIVER, life)
    if not _is_seller(life, step, parties):
        raise refusal("not_seller", "only the seller delivers", life.sell)
    return key.with_life(replace(life, state=state, last=step))


def _redeem(key: KeyCustody, step: Step, parties: Parties) -> KeyCustody:
    entry = step.entry
    by_issuer = parties.has_role(entry.actor, PartyReason.ISSUER, step)
    if entry.party == ZERO_ADDRESS and not key.lives:
        return _redeem_unsold(key, step, by_issuer)
    life = standing(key, entry.party)
    if not (by_issuer and life.state in ISSUER_REDEEMS):
        _move(EntryType.REDEEM, life)
    by_buyer = entry.party != ZERO_ADDRESS and entry.actor == entry.party
    if not (by_issuer or by_buyer or _is_seller(life, step, parties)):
        raise refusal("not_entitled", "a REDEEM is by the seller, the buyer's use or an issuer", life.sell)
    redeemed = replace(life, state=State.REDEEMED, redeem=step, before_redeem=life.state, last=step)
    return key.with_life(redeemed)


def _redeem_unsold(key: KeyCustody, step: Step, by_issuer: bool) -> KeyCustody:
    if key.batch.max_uses != 1 or not by_issuer:
        raise refusal("not_sold", "only an issuer redeems an unsold key, and only a single-use one")
    if key.barred:
        raise refusal("void", "the key is void", key.barred)
    life = Life(ZERO_ADDRESS, State.REDEEMED, None, step, redeem=step)
    return replace(key, lives=(life,))


def _reinstate(key: KeyCustody, step: Step, parties: Parties) -> KeyCustody:
    life = standing(key, step.entry.party)
    undone = life.redeem if life.state is State.REDEEMED else life.sell
    if life.state not in (State.SOLD, State.REDEEMED) or undone is None:
        raise refusal(code_of(life.state), "only a sold or redeemed key is taken back", life.last)
    if life.reissued:
        raise refusal("reissued", "a replacement went out; this life stays as it is", life.last)
    if step.entry.actor != parties.resolve(undone.entry.actor, step):
        raise refusal("not_actor", "only who did it takes it back", undone)
    if step.entry.time - undone.entry.time > MAX_REINSTATE_MS:
        raise refusal("too_late", "an act is taken back within ten days", undone)
    return _taken_back(key, life, step)


def _taken_back(key: KeyCustody, life: Life, step: Step) -> KeyCustody:
    if life.state is State.REDEEMED and life.redeem is not None:
        recalled = key.range_void is not None and key.range_void.entry.time > life.redeem.entry.time
        if life.sell is not None:
            state = State.VOID if recalled else life.before_redeem
            return key.with_life(replace(life, state=state, redeem=None, last=step))
        return replace(key, lives=())
    others = tuple(other for other in key.lives if other.party != life.party)
    return replace(key, lives=others, sold_before=True)


def _void(key: KeyCustody, step: Step, parties: Parties) -> KeyCustody:
    entry = step.entry
    if entry.party != ZERO_ADDRESS and entry.count == 1:
        life = standing(key, entry.party)
        state = _move(EntryType.VOID, life)
        _may_void(key, (life,), False, step, parties)
        return key.with_life(replace(life, state=state, last=step))
    targets = tuple(life for life in key.lives if life.state in MOVES[EntryType.VOID])
    base = key.barred is None and len(key.lives) < key.batch.max_uses
    if entry.count == 1 and not targets and not base:
        blocked = key.lives[-1].last if key.lives else key.barred
        raise refusal(code_of(key.state), "nothing of this key is left to void", blocked)
    _may_void(key, targets, base, step, parties)
    lives = tuple(replace(x, state=State.VOID, last=step) if x in targets else x for x in key.lives)
    range_void = step if entry.count > 1 else key.range_void
    return replace(key, lives=lives, barred=key.barred or step, range_void=range_void)


def _may_void(key: KeyCustody, targets: tuple[Life, ...], base: bool, step: Step, parties: Parties) -> None:
    actor = step.entry.actor
    if actor == parties.resolve(key.batch.supplier, step):
        return
    holds = actor == parties.resolve(key.holder, step)
    if all(_is_seller(life, step, parties) for life in targets) and (holds or (targets and not base)):
        return
    raise refusal("not_entitled", "a VOID is by the supplier, the holder, or after a sale the seller")


def _reissue(key: KeyCustody, step: Step, parties: Parties) -> KeyCustody:
    entry = step.entry
    by_supplier = entry.actor == parties.resolve(key.batch.supplier, step)
    if entry.party == ZERO_ADDRESS and not key.lives:
        return _reissue_unsold(key, by_supplier)
    life = standing(key, entry.party)
    _move(EntryType.REISSUE, life)
    if life.reissued:
        raise refusal("reissued", "a life is reissued once", life.last)
    if not (by_supplier or _is_seller(life, step, parties)):
        raise refusal("not_entitled", "a REISSUE is by the seller or the supplier", life.sell)
    return key.with_life(replace(life, reissued=True, last=step))


def _reissue_unsold(key: KeyCustody, by_supplier: bool) -> KeyCustody:
    if key.barred is None or key.batch.max_uses != 1:
        raise refusal("not_void", "an unsold key is reissued only after it is void")
    if key.reissued or not by_supplier:
        raise refusal(
            "reissued" if key.reissued else "not_entitled", "a void key is reissued once, by its supplier"
        )
    return replace(key, reissued=True)


def _correction(key: KeyCustody, step: Step, parties: Parties) -> KeyCustody:
    meant = key.step_at(step.entry.party)
    if meant is None:
        raise refusal("no_such_entry", "a CORRECTION means an earlier entry on this key")
    by_actor = step.entry.actor == parties.resolve(meant.entry.actor, step)
    if not by_actor and not parties.has_role(step.entry.actor, PartyReason.OPERATOR, step):
        raise refusal("not_entitled", "a CORRECTION is by the actor of that entry or the operator", meant)
    return key


RULES: Final[Mapping[EntryType, Callable[[KeyCustody, Step, Parties], KeyCustody]]] = MappingProxyType(
    {
        EntryType.COMMISSION: _commission,
        EntryType.TRANSFER: _transfer,
        EntryType.RECEIVE: _receive,
        EntryType.SELL: _sell,
        EntryType.DELIVER: _deliver,
        EntryType.REDEEM: _redeem,
        EntryType.REINSTATE: _reinstate,
        EntryType.VOID: _void,
        EntryType.REISSUE: _reissue,
        EntryType.CORRECTION: _correction,
    }
)
"""One rule a type; each takes the key, the step and the parties, and gives the key after it."""


def _move(kind: EntryType, life: Life) -> State:
    try:
        return MOVES[kind][life.state]
    except KeyError:
        raise refusal(
            code_of(life.state), f"{kind.name} does not follow {life.state.name}", life.last
        ) from None


def _must_be_unsold(key: KeyCustody) -> None:
    if key.barred:
        raise refusal("void", "the key is void", key.barred)
    if key.lives:
        life = key.newest_life
        raise refusal(sold_code(life.state), "a sold key is not handed over", life.last)


def _must_be_free(key: KeyCustody, party: bytes) -> None:
    standing = key.life(party)
    if standing is None and key.state is State.REGISTERED:
        return
    if key.barred and not (key.batch.max_uses == 1 and key.lives):
        raise refusal("void", "the key is void", key.barred)
    life = standing or key.newest_life
    raise refusal(sold_code(life.state), "the key is sold as often as its batch allows", life.last)


def _must_hold(key: KeyCustody, step: Step, parties: Parties) -> None:
    if step.entry.actor != parties.resolve(key.holder, step):
        raise refusal("not_holder", "only the current holder may do this", key.steps[-1])


def _must_have_room(key: KeyCustody) -> None:
    if len(key.steps) >= MAX_KEY_ENTRIES:
        raise refusal("too_many_entries", f"a key takes no SELL or TRANSFER past {MAX_KEY_ENTRIES} entries")


def _is_seller(life: Life, step: Step, parties: Parties) -> bool:
    return life.sell is not None and step.entry.actor == parties.resolve(life.sell.entry.actor, step)
