"""Telling parties by themselves: messages written with their event, for the endpoints that want them.

:func:`publish` is the whole of it for other services. What is published is public to the party alone and
holds no card key, token or secret; a receiver that wants more asks the API.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from provenance.errors import InputRefused
from provenance.services.context import Context
from provenance.services.webhook_types import FAMILIES, TYPES
from provenance.store import webhook_queue, webhooks
from provenance.store.database import Connection
from provenance.store.webhook_queue import Message

MAX_BODY_BYTES: Final = 16 * 1024
"""The specification advises less than 20 KB; what is larger is told without its data."""

_TYPE: Final = re.compile(r"[a-z]{1,20}\.[a-z0-9_]{1,40}")
_SECRETS: Final = frozenset({"card_key", "credential", "order_token", "password", "secret", "seed", "token"})


def publish(context: Context, connection: Connection, party: bytes, type: str, data: dict[str, Any]) -> None:
    """Tell *party* (an address) by its webhooks of an event, once *connection* commits.

    *type* is ``family.name``, *data* JSON-ready. Costs one look-up where nobody listens. A succeeded
    party's messages go to its successor. Raises ValueError for a *type* of no family or *data* with a
    member named like a secret: those are mistakes in the caller.
    """
    if not _TYPE.fullmatch(type) or type.partition(".")[0] not in FAMILIES:
        raise ValueError(f"{type} belongs to no family of events")
    if found := _SECRETS.intersection(_names(data)):
        raise ValueError(f"{sorted(found)} must not be told by a webhook")
    wanted = [one for one in webhooks.listening(connection, party) if wants(one.types, type)]
    for owner in {one.party for one in wanted}:
        endpoints = [one.id for one in wanted if one.party == owner]
        enqueue(context, connection, owner, type, data, endpoints)


def enqueue(
    context: Context,
    connection: Connection,
    party: bytes,
    type: str,
    data: dict[str, Any],
    endpoints: Sequence[bytes],
) -> bytes:
    """Write a message for these endpoints; its id."""
    now = context.clock.now()
    message = Message(context.event_id(now), party, type, now, _body(type, now, data))
    webhook_queue.add(connection, message, endpoints)
    return message.id


def wants(types: Iterable[str], type: str) -> bool:
    """Whether a filter lets an event of *type* through."""
    return any(one in ("*", type, f"{type.partition('.')[0]}.*") for one in types)


def checked_types(types: Sequence[str]) -> tuple[str, ...]:
    """A filter as it is stored; raises :class:`InputRefused` (``unknown_event_type``)."""
    known = {"*", *TYPES, *(f"{family}.*" for family in FAMILIES)}
    for number, one in enumerate(types):
        if one not in known:
            raise InputRefused(
                "no such type of event; take * for all, a family such as alert.*, or a name of the list",
                code="unknown_event_type",
                position=number,
                types=sorted(known),
            )
    return tuple(sorted(set(types)))


def _body(type: str, now: int, data: dict[str, Any]) -> str:
    stamp = datetime.fromtimestamp(now / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    told = {"type": type, "timestamp": stamp, "data": data}
    body = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    if len(body.encode()) > MAX_BODY_BYTES:
        return json.dumps({**told, "data": {"too_large": True}}, separators=(",", ":"))
    return body


def _names(data: Any) -> Iterator[str]:
    """The names of all members, however deep."""
    if isinstance(data, dict):
        yield from data
    for one in data.values() if isinstance(data, dict) else data if isinstance(data, list | tuple) else ():
        yield from _names(one)
