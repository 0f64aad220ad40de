"""What happens to an order under warranty, told by webhook to its platform and to whoever supplied its key.

Written in the transaction of the event itself. Ids and times alone: neither price nor buyer, and to the
supplier only what stands in the log anyway.
"""

from __future__ import annotations

from typing import Any, Final

from provenance.core.entries import EntryType
from provenance.services.context import Context, Recorded
from provenance.services.webhooks import publish
from provenance.store import warranty_orders
from provenance.store.database import Connection
from provenance.store.keys import KeyRow
from provenance.store.warranty_orders import OrderEvent, OrderRow

_ACTS: Final = {
    EntryType.DELIVER: "order.delivered",
    EntryType.REDEEM: "order.redeemed",
    EntryType.REINSTATE: "order.reinstated",
}
"""A recall ends any number of orders with one entry: what follows for each, ``claim.*`` tells."""


def opened(context: Context, connection: Connection, order: OrderRow) -> None:
    """Tell of a new order, or of one that replaces another."""
    replaced = None if order.replaces is None else order.replaces.hex()
    _tell(
        context,
        connection,
        order,
        "order.opened",
        order.created_at,
        replaces=replaced,
        terms=order.terms.hex(),
    )


def reported(context: Context, connection: Connection, order: OrderRow, event: OrderEvent) -> None:
    """Tell the platform of what was reported beside the log: paid, submitted, arrived, cancelled."""
    type = f"order.{event.kind.name.lower()}"
    publish(context, connection, order.platform, type, _data(order, event.at, record=event.digest.hex()))


def acted(context: Context, connection: Connection, row: KeyRow, recorded: Recorded) -> None:
    """Tell of an act on a key that an order stands on; of any other nobody is told."""
    entry = recorded.entry
    type = _ACTS.get(entry.type)
    if type is None:
        return
    order = warranty_orders.by_sale(connection, row.number, row.index, entry.party)
    if order is not None:
        _tell(context, connection, order, type, entry.time, event=recorded.event.hex(), reason=entry.reason)


def _tell(context: Context, connection: Connection, order: OrderRow, type: str, at: int, **more: Any) -> None:
    for side in dict.fromkeys((order.platform, order.seller, order.supplier)):
        publish(context, connection, side, type, _data(order, at, **more))


def _data(order: OrderRow, at: int, **more: Any) -> dict[str, Any]:
    return {"order": order.id.hex(), "at": at, **more}
