"""What an auditor does: replay the whole log by the law alone, then compare the tables with it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from provenance.core.custody import accept
from provenance.core.entries import Entry, EntryType
from provenance.core.lives import BatchFacts, KeyCustody, State
from provenance.core.parties import ListedParties, Step
from provenance.errors import CustodyRefused
from provenance.store.database import Connection, Database
from provenance.store.schema import batch as batch_table
from provenance.store.schema import card_key, holding, order_line
from provenance.store.schema import entry as entry_table

Place = tuple[bytes, int]


@dataclass(frozen=True)
class Audit:
    """What the replay found: the custody of every key, and the log as it stands or will stand."""

    custody: dict[Place, KeyCustody]
    log: tuple[Entry, ...]
    sequenced: int


def audit(database: Database) -> Audit:
    """Replay everything and hold every table to it; fails an assertion where they disagree."""
    with database.snapshot() as connection:
        log, events, sequenced = _log(connection)
        parties = ListedParties([(i, one) for i, one in enumerate(log) if one.type is EntryType.PARTY])
        facts = {
            bytes(row.batch_id): (row.number, _facts(row)) for row in connection.execute(select(batch_table))
        }
        on_keys = _by_key(log, {batch_id: one.size for batch_id, (_, one) in facts.items()})
        custody = {
            (batch_id, index): _replayed(one, index, on_keys[batch_id, index], parties)
            for batch_id, (_, one) in facts.items()
            for index in range(one.size)
        }
        end = Step(len(log), Entry(EntryType.KEY, 2**63, bytes(32), bytes(20)))
        for batch_id, (number, one) in facts.items():
            keys = [custody[batch_id, index] for index in range(one.size)]
            _hold_keys(connection, number, keys, _hold_holdings(connection, number, keys, parties, end))
        _hold_orders(connection, {number: one.batch_id for number, one in facts.values()}, log, events)
    return Audit(custody, tuple(log), sequenced)


def standing_sales(entries: Iterable[Entry]) -> int:
    """How many SELLs of one key stand, told by counting alone: a REINSTATE undoes its use's newest act."""
    acts: dict[bytes, list[EntryType]] = defaultdict(list)
    for one in entries:
        if one.type in (EntryType.SELL, EntryType.REDEEM):
            acts[one.party].append(one.type)
        elif one.type is EntryType.REINSTATE:
            acts[one.party].pop()
    return sum(done.count(EntryType.SELL) for done in acts.values())


def _facts(row: object) -> BatchFacts:
    one = row._mapping  # type: ignore[attr-defined]
    ids = bytes(one["batch_id"]), bytes(one["supplier"])
    return BatchFacts(*ids, one["size"], one["max_uses"], one["expires_at"])


def _log(connection: Connection) -> tuple[list[Entry], list[bytes], int]:
    """Every entry in its place: those with an index, then the waiting ones as they will be sequenced."""
    columns = (entry_table.c.event, entry_table.c.log_index, entry_table.c.time, entry_table.c.raw)
    rows = connection.execute(select(*columns)).all()
    placed = sorted((row for row in rows if row.log_index is not None), key=lambda row: row.log_index)
    assert [row.log_index for row in placed] == list(range(len(placed)))
    waiting = sorted(
        (row for row in rows if row.log_index is None), key=lambda row: (row.time, bytes(row.event))
    )
    ordered = [*placed, *waiting]
    return (
        [Entry.decode(bytes(row.raw)) for row in ordered],
        [bytes(row.event) for row in ordered],
        len(placed),
    )


def _by_key(log: Sequence[Entry], sizes: dict[bytes, int]) -> dict[Place, list[Step]]:
    on_keys: dict[Place, list[Step]] = defaultdict(list)
    for position, one in enumerate(log):
        if one.type.is_on_keys:
            assert one.first + one.count <= sizes[one.subject]
            for index in range(one.first, one.first + one.count):
                on_keys[one.subject, index].append(Step(position, one))
    return on_keys


def _replayed(facts: BatchFacts, index: int, steps: list[Step], parties: ListedParties) -> KeyCustody:
    key = KeyCustody(facts, index)
    for step in steps:
        try:
            key = accept(key, step, parties)
        except CustodyRefused as refused:
            told = [(past.entry.type.name, past.index, past.entry.time) for past in steps]
            raise AssertionError(
                f"key {index}: {step.entry.type.name} is {refused.code} in {told}"
            ) from refused
    times = [step.entry.time for step in steps]
    assert times == sorted(set(times))
    assert standing_sales(step.entry for step in steps) <= facts.max_uses
    return key


def _hold_holdings(
    connection: Connection, number: int, keys: list[KeyCustody], parties: ListedParties, end: Step
) -> list[State | None]:
    """Holdings partition the batch; for each key the state that a recall forces upon it, if any."""
    recalled: list[State | None] = []
    rows = connection.execute(select(holding).where(holding.c.batch == number).order_by(holding.c.first))
    for row in rows.mappings():
        assert row["first"] == len(recalled)
        assert row["count"] >= 1
        for key in keys[row["first"] : row["first"] + row["count"]]:
            assert bytes(row["holder"]) == parties.resolve(key.holder, end)
            ranges = [step.entry.time for step in key.steps if step.entry.is_range]
            assert row["last_time"] >= max(ranges)
            assert row["voided_at"] is None or row["voided_at"] <= row["last_time"]
            assert (row["voided_at"] is None) is (key.range_void is None)
            recalled.append(None if row["voided_at"] is None else State.VOID)
    assert len(recalled) == len(keys)
    return recalled


def _hold_keys(
    connection: Connection, number: int, keys: list[KeyCustody], recalled: list[State | None]
) -> None:
    rows = connection.execute(
        select(card_key).where(card_key.c.batch == number).order_by(card_key.c.idx)
    ).all()
    assert [row.idx for row in rows] == list(range(len(keys)))
    for row, key, forced in zip(rows, keys, recalled, strict=True):
        alone = [step.entry for step in key.steps if not step.entry.is_range]
        stored = State(row.state)
        effective = forced if forced is not None and stored is not State.REDEEMED else stored
        assert effective is key.state, f"key {key.index}: {effective} stored, {key.state} by the log"
        assert row.entries == len(alone)
        assert row.last_time == (alone[-1].time if alone else None)
        assert bool(row.sold_before) is key.sold_before
        reserved = row.reservation is not None
        assert reserved is (row.reserved_until is not None) is (row.reserved_by is not None)
        assert not (reserved and stored is not State.REGISTERED)


def _hold_orders(
    connection: Connection, batch_ids: dict[int, bytes], log: Sequence[Entry], events: Sequence[bytes]
) -> None:
    """One order line a SELL, one SELL an order line."""
    sales = {event: one for one, event in zip(log, events, strict=True) if one.type is EntryType.SELL}
    lines = connection.execute(select(order_line)).all()
    assert len(lines) == len({bytes(line.event) for line in lines}) == len(sales)
    for line in lines:
        sale = sales[bytes(line.event)]
        assert (sale.subject, sale.first, sale.actor) == (batch_ids[line.batch], line.idx, bytes(line.seller))
