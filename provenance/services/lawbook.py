"""Bringing a key before the law: its history from the store, its next entry through ``core.custody``.

Nothing here decides; the rules are the core's. What the service adds is the evidence of a
refusal: which event stood in the way, and when.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provenance.core import custody
from provenance.core.commitments import Tagger, tag
from provenance.core.entries import Entry, EntryType
from provenance.core.keyformats import CardKey
from provenance.core.lives import KeyCustody
from provenance.core.parties import ListedParties, Parties, Step
from provenance.errors import CustodyRefused
from provenance.services.context import Context
from provenance.store import entries as entry_store
from provenance.store import keys as key_store
from provenance.store import standing as standing_store
from provenance.store.database import Connection
from provenance.store.entries import StoredEntry
from provenance.store.holdings import Holding
from provenance.store.keys import KeyRow
from provenance.store.standing import Seen


@dataclass(frozen=True, slots=True)
class Handle:
    """A key by its place: batch id and index. It names a key without being one."""

    batch_id: bytes
    index: int


KeyRef = CardKey | Handle
"""How a caller names a key: the key itself, or its handle."""


def find(context: Context, connection: Connection, refs: Iterable[KeyRef]) -> list[KeyRow | None]:
    """The rows of *refs* in their order, ``None`` for what is not registered.

    One tag for each live epoch is looked up, so that a rotation of ``K_tag`` loses nobody.
    """
    wanted = list(refs)
    tags = {i: _tags(context, ref) for i, ref in enumerate(wanted) if isinstance(ref, CardKey)}
    handles = [(ref.batch_id, ref.index) for ref in wanted if isinstance(ref, Handle)]
    by_tag = key_store.by_tags(connection, [one for many in tags.values() for one in many])
    by_handle = key_store.by_handles(connection, handles)
    found: list[KeyRow | None] = []
    for i, ref in enumerate(wanted):
        if isinstance(ref, Handle):
            found.append(by_handle.get((ref.batch_id, ref.index)))
        else:
            found.append(next((by_tag[one] for one in tags[i] if one in by_tag), None))
    return found


def find_standing(
    context: Context, connection: Connection, refs: Sequence[KeyRef]
) -> list[tuple[KeyRow, Holding] | None]:
    """The same with the holding over each, as of one moment."""
    tags = tags_of(context, connection, refs)
    found = standing_store.of_tags(connection, sorted({one for many in tags for one in many}))
    return [next((found[one] for one in many if one in found), None) for many in tags]


def find_seen(context: Context, refs: Sequence[KeyRef]) -> list[Seen | None]:
    """The same with the entries of each key alone, where they are few."""
    tags = tags_alone(context, refs)
    found = standing_store.seen_of_tags(context.database, list({one for many in tags for one in many}))
    return [next((found[one] for one in many if one in found), None) for many in tags]


def tags_alone(context: Context, refs: Sequence[KeyRef]) -> list[list[bytes]]:
    """The same as :func:`tags_of` outside of a transaction: a key never changes its place."""
    if not any(isinstance(ref, Handle) for ref in refs):
        return _tags_of(context, refs, {})
    with context.database.read() as connection:
        return tags_of(context, connection, refs)


def tags_of(context: Context, connection: Connection, refs: Sequence[KeyRef]) -> list[list[bytes]]:
    """The tags under which each of *refs* may be registered: one for each live epoch, the newest first."""
    places = {(ref.batch_id, ref.index) for ref in refs if isinstance(ref, Handle)}
    return _tags_of(context, refs, standing_store.tags_at(connection, places) if places else {})


def _tags_of(
    context: Context, refs: Sequence[KeyRef], known: Mapping[tuple[bytes, int], bytes]
) -> list[list[bytes]]:
    taggers = [Tagger(secret) for secret in reversed(context.vault.tag_keys.values())]
    tags: list[list[bytes]] = []
    for ref in refs:
        if isinstance(ref, CardKey):
            tags.append([tagger.tag(ref.identity) for tagger in taggers])
        else:
            place = known.get((ref.batch_id, ref.index))
            tags.append([] if place is None else [place])
    return tags


def row_order(context: Context, connection: Connection, refs: Sequence[KeyRef]) -> list[int]:
    """The positions of *refs* in the order of their rows.

    Two callers with the same keys in another order then wait for each other, instead of for ever.
    """
    rows = find(context, connection, refs)

    def place(position: int) -> tuple[int, int]:
        row = rows[position]
        return (0, position) if row is None else (row.number, row.index)

    return sorted(range(len(refs)), key=place)


def _tags(context: Context, key: CardKey) -> list[bytes]:
    return [tag(secret, key.identity) for secret in reversed(context.vault.tag_keys.values())]


@dataclass(frozen=True, slots=True)
class Book:
    """The custody of one key so far, who is who, and the stored entries behind it (none: a summary)."""

    custody: KeyCustody
    parties: Parties
    stored: tuple[StoredEntry, ...] = ()

    def accept(self, entry: Entry) -> KeyCustody:
        """The custody after *entry*; raises :class:`CustodyRefused` with the earlier event as facts."""
        try:
            return custody.accept(self.custody, Step(None, entry), self.parties)
        except CustodyRefused as refused:
            refused.facts.update(self.facts_of(refused.evidence))
            raise

    def facts_of(self, step: Step | None) -> dict[str, Any]:
        """The public facts of an earlier step: event id, time, type, log index once sequenced."""
        if step is None:
            return {}
        found = next((one for one in self.stored if one.entry.time == step.entry.time), None)
        return {} if found is None else event_facts(found)


def event_facts(stored: StoredEntry) -> dict[str, Any]:
    """What a refusal or a verdict says of an earlier event."""
    return {
        "event": stored.event.hex(),
        "type": stored.entry.type.name,
        "time": stored.entry.time,
        "index": stored.index,
    }


def summary(row: KeyRow, holding: Holding) -> Book:
    """The book of a key that no entry of its own has touched: its holding says all there is."""
    batch = row.batch
    begun = Step(
        None, Entry(EntryType.COMMISSION, holding.last_time, batch.batch_id, batch.supplier, 0, batch.size)
    )
    barred = begun if holding.voided_at is not None else None
    custody_so_far = KeyCustody(
        batch, row.index, holding.holder, steps=(begun,), barred=barred, range_void=barred
    )
    return Book(custody_so_far, ListedParties([]))


def history(context: Context, connection: Connection, row: KeyRow, actors: Iterable[bytes] = ()) -> Book:
    """The book of a key, replayed from every entry on it. *actors* are further addresses to know of."""
    stored = tuple(entry_store.of_key(connection, row.batch.batch_id, row.index))
    parties = parties_of(connection, [*actors, row.batch.supplier, *_addresses(stored)])
    return _replayed(row, stored, parties)


def histories(connection: Connection, rows: Iterable[KeyRow]) -> dict[tuple[int, int], Book]:
    """The books of many keys by (batch number, index), with a few statements for each batch."""
    by_batch: dict[int, list[KeyRow]] = {}
    for row in rows:
        by_batch.setdefault(row.number, []).append(row)
    stored: list[tuple[KeyRow, tuple[StoredEntry, ...]]] = []
    for some in by_batch.values():
        of_keys = entry_store.of_keys(connection, some[0].batch.batch_id, [row.index for row in some])
        stored += [(row, tuple(of_keys[row.index])) for row in some]
    addresses = {address for _, entries in stored for address in _addresses(entries)}
    parties = parties_of(connection, addresses | {row.batch.supplier for row, _ in stored})
    return {(row.number, row.index): _replayed(row, entries, parties) for row, entries in stored}


def _replayed(row: KeyRow, stored: tuple[StoredEntry, ...], parties: ListedParties) -> Book:
    key = KeyCustody(row.batch, row.index)
    for one in stored:
        key = custody.accept(key, Step(one.index, one.entry), parties)
    return Book(key, parties, stored)


def parties_of(connection: Connection, addresses: Iterable[bytes]) -> ListedParties:
    """Who *addresses* are, following successions to their end."""
    known: dict[bytes, StoredEntry] = {}
    asked: set[bytes] = set()
    wanted = set(addresses)
    while wanted - asked:
        found = entry_store.about_parties(connection, wanted - asked)
        asked |= wanted
        known.update({one.event: one for one in found})
        wanted |= {one.entry.party for one in found if any(one.entry.party)}
    return ListedParties([(one.entry.time, one.entry) for one in known.values()], by_time=True)


def _addresses(stored: Iterable[StoredEntry]) -> set[bytes]:
    return {address for one in stored for address in (one.entry.actor, one.entry.party)}
