"""The plain sale, many at once: keys that nothing has happened to but their batch's entries.

That is nearly every sale. What is not plain (a touched key, an open offer, a refusal, an order line
that is there) is left out, and ``selling`` takes it by the long road, which knows every case. The
law is asked here as there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from provenance.core.commitments import order_use, use_party
from provenance.core.digests import sha256
from provenance.core.entries import Entry, EntryType
from provenance.core.lives import State
from provenance.errors import ProvenanceError
from provenance.services import acts, lawbook
from provenance.services.context import Context, drafted
from provenance.services.lawbook import Handle
from provenance.services.sale import Sold, Wish
from provenance.store import sales
from provenance.store.database import Connection
from provenance.store.holdings import Holding
from provenance.store.keys import KeyRow
from provenance.store.orders import OrderLine
from provenance.store.quick import Line
from provenance.store.sales import Look, NewSale


@dataclass(frozen=True, slots=True)
class _Ready:
    position: int
    sale: NewSale
    sold: Sold


def sell_plain(
    context: Context, connection: Connection | Line, wishes: Sequence[Wish], tags: Sequence[Sequence[bytes]]
) -> dict[int, Sold]:
    """Sell what is plain of *wishes*, by position; nothing was written for what is left out.

    *tags* are those of each (``lawbook.tags_alone``). Of several wishes for one key the first may be in it.
    Raises nothing for a refusal.
    """
    wanted = {tag for many in tags for tag in many}
    if not wanted:
        return {}
    look = sales.look(connection, (wish.seller for wish in wishes), sorted(wanted))
    # After the locks: no entry under them is newer than this moment.
    now = context.clock.now()
    ready: dict[bytes, _Ready] = {}
    for position, (wish, candidates) in enumerate(zip(wishes, tags, strict=True)):
        tag = next((one for one in candidates if one in look.keys), None)
        if tag is not None and tag not in ready:
            sale = _plain(context, look, wish, tag, now)
            if sale is not None:
                ready[tag] = _Ready(position, *sale)
    if not ready:
        return {}
    events = sales.sell(connection, [one.sale for one in ready.values()], now)
    return {one.position: one.sold for one in ready.values() if one.sold.recorded.event in events}


def _plain(context: Context, look: Look, wish: Wish, tag: bytes, now: int) -> tuple[NewSale, Sold] | None:
    """The rows of one sale and its answer; ``None`` where it is not plain."""
    row, holding = look.keys[tag]
    is_untouched = row.entries == 0 and row.state is State.REGISTERED
    if wish.seller not in look.since or not is_untouched or not holding.first <= row.index < holding.stop:
        return None
    try:
        return _drawn_up(context, wish, row, holding, look.since[wish.seller], now)
    except ProvenanceError:
        # Whatever it is, the long road finds it again, and tells this caller alone.
        return None


def _drawn_up(
    context: Context, wish: Wish, row: KeyRow, holding: Holding, since: int, now: int
) -> tuple[NewSale, Sold] | None:
    batch_id, seller, order = row.batch.batch_id, wish.seller, wish.order
    order_id = context.vault.fingerprint("order", order.number.encode("utf-8", "surrogatepass"))
    token = context.vault.order_token(seller, order_id, batch_id, row.index)
    use = order_use(token, batch_id, row.index)
    time = context.time_after(row.last_time, holding.last_time, since)
    draft = Entry(EntryType.SELL, time, batch_id, seller, row.index, 1, use_party(use))
    after = lawbook.summary(row, holding).accept(draft)
    acts.must_be_open(row, holding, now, order.reservation)
    if after.state is not State.SOLD or after.sold_before:
        return None
    recorded, sealed = drafted(context, draft, {**order.details, "order": order.number})
    line = OrderLine(seller, order_id, row.number, row.index, recorded.event, sha256(token))
    sold = Sold(recorded, Handle(batch_id, row.index), token, use, replayed=False)
    return NewSale(row.tag, recorded.entry, sealed, line, order.reservation), sold
