"""The quick way through a plain life: a SELL, DELIVER or REDEEM that the law would accept at a glance.

It may only ever say "lawful", and only where a test finds :func:`provenance.core.custody.accept` of the
same mind; all else, and every reason to refuse, is left to that.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final

from provenance.audit.batches import BatchBook
from provenance.audit.keystate import HEAD, INDEX_SIZE, pack
from provenance.audit.parties import PartyBook
from provenance.core import statetree
from provenance.core.custody import MAX_KEY_ENTRIES
from provenance.core.entries import ZERO_ADDRESS, EntryType
from provenance.core.lives import State

_SELL: Final = int(EntryType.SELL)
_DELIVER: Final = int(EntryType.DELIVER)
_REDEEM: Final = int(EntryType.REDEEM)
_REGISTERED: Final = int(State.REGISTERED)
_SOLD: Final = int(State.SOLD)
_DELIVERED: Final = int(State.DELIVERED)
_REDEEMED: Final = int(State.REDEEMED)


def plainly_lawful(
    batch: BatchBook, parties: PartyBook, index: int, kind: int, time: int, key: int, actor: bytes,
    party: bytes, leaf: bytes,
) -> bool:  # fmt: skip
    """Whether the entry is plainly lawful; then, and only then, the batch has it.

    *batch* is of single-use keys, *kind* one of the three, *leaf* the entry's leaf hash.
    """
    packed = batch.keys.get(key)
    if packed is None:
        if kind != _SELL or key >= batch.facts.size or key >= batch.tree.size:
            return False
        packed = pack(batch.untouched(key), statetree.EMPTY_CHAIN, b"")
    stage, last, holder, seller, use, record = HEAD.unpack_from(packed)
    if time <= last:
        return False
    if kind == _SELL:
        if party == ZERO_ADDRESS or stage != _REGISTERED or parties.heir(holder) != actor:
            return False
        if not _may_be_sold(batch, time, len(packed)):
            return False
        after, seller, use = _SOLD, actor, party
    elif party != use:
        return False
    elif kind == _DELIVER:
        if stage != _SOLD or parties.heir(seller) != actor:
            return False
        after = _DELIVERED
    else:
        if stage != _DELIVERED or (actor != use and parties.heir(seller) != actor):
            return False
        after = _REDEEMED
    if not parties.now.get(actor) and (kind != _REDEEM or actor != use):
        return False
    record = sha256(b"\x02" + record + leaf).digest()
    head = HEAD.pack(after, time, holder, seller, use, record)
    batch.keys[key] = head + packed[HEAD.size :] + index.to_bytes(INDEX_SIZE)
    return True


def _may_be_sold(batch: BatchBook, time: int, kept: int) -> bool:
    """Not expired, and surely fewer entries on the key than it may have."""
    expires = batch.facts.expires_at
    entries = len(batch.ranges) + (kept - HEAD.size) // INDEX_SIZE
    return not (expires and time >= expires * 1000) and entries < MAX_KEY_ENTRIES
