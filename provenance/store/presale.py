"""Reviews before a sale: the request, who signed what, and the files that were looked at."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Final

from sqlalchemy import Select, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from provenance.errors import Conflict
from provenance.store.database import Connection
from provenance.store.schema_presale import presale_decision as decisions
from provenance.store.schema_presale import presale_evidence as files
from provenance.store.schema_presale import presale_review as table


class ReviewState(IntEnum):
    """How a review stands; the numbers are stored."""

    OPEN = 0
    APPROVED = 1
    REJECTED = 2
    WITHDRAWN = 3


@dataclass(frozen=True, slots=True)
class ReviewRow:
    """A review of one key under one set of terms. Amounts in minor units of ``currency``, times in ms.

    A sale dearer than ``single_up_to`` takes two approvals; ``video`` is the digest that is signed for.
    """

    id: bytes
    batch: int
    batch_id: bytes
    idx: int
    platform: bytes
    supplier: bytes
    terms: bytes
    price: int
    currency: str
    single_up_to: int
    requested_at: int
    valid_until: int
    state: ReviewState = ReviewState.OPEN
    approvals: int = 0
    video: bytes | None = None
    decided_at: int | None = None
    event: bytes | None = None


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """What one person signed: ``failed`` are bits of the checklist, ``signature`` has 65 bytes."""

    review: bytes
    person: str
    credential: str
    signer: bytes
    signature: bytes
    verdict: int
    failed: int
    at: int


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file that a review rests on, as :class:`provenance.store.evidence.EvidenceRow` is of an order."""

    review: bytes
    digest: bytes
    type: str
    by: bytes
    at: int
    media: str
    size: int
    file: str | None
    key: bytes | None = field(repr=False)


_NAMES: Final = tuple(ReviewRow.__slots__)
_DECISION_NAMES: Final = tuple(DecisionRow.__slots__)
_FILE_NAMES: Final = tuple(FileRow.__slots__)


def add(connection: Connection, row: ReviewRow) -> None:
    """Store a request; raises :class:`Conflict` (``review_open``) where one runs for the key and terms."""
    try:
        connection.execute(insert(table), {name: getattr(row, name) for name in _NAMES})
    except IntegrityError as error:
        raise Conflict(
            "a review of this key under these terms is under way; go on with that one", code="review_open"
        ) from error


def by_id(connection: Connection, review: bytes, *, lock: bool = False) -> ReviewRow | None:
    """A review; with *lock* nobody else decides it or adds to it until the transaction ends."""
    query = select(table).where(table.c.id == review)
    return _one(connection, query.with_for_update() if lock else query)


def newest_decided(connection: Connection, number: int, index: int, terms: bytes) -> ReviewRow | None:
    """The newest review of a key under those terms that came to a verdict, share-locked."""
    query = select(table).where(table.c.batch == number, table.c.idx == index, table.c.terms == terms)
    decided = query.where(table.c.state.in_([ReviewState.APPROVED, ReviewState.REJECTED]))
    newest = decided.order_by(table.c.decided_at.desc(), table.c.id.desc()).limit(1)
    return _one(connection, newest.with_for_update(read=True))


def of_key(connection: Connection, number: int, index: int) -> list[ReviewRow]:
    """The reviews of a key that nobody took back, the newest first, share-locked; 64 at most."""
    query = select(table).where(table.c.batch == number, table.c.idx == index)
    standing = query.where(table.c.state != ReviewState.WITHDRAWN)
    newest = standing.order_by(func.coalesce(table.c.decided_at, table.c.requested_at).desc(), table.c.id)
    return _many(connection, newest.limit(64).with_for_update(read=True))


def open_ones(connection: Connection, now: int, limit: int) -> list[ReviewRow]:
    """Reviews with a video that wait for people, the oldest first."""
    query = select(table).where(
        table.c.state == ReviewState.OPEN, table.c.video.is_not(None), table.c.valid_until >= now
    )
    return _many(connection, query.order_by(table.c.requested_at).limit(limit))


def of_platform(connection: Connection, platforms: Sequence[bytes], limit: int) -> list[ReviewRow]:
    """The newest reviews that a platform asked for under any of its names."""
    query = select(table).where(table.c.platform.in_(platforms))
    return _many(connection, query.order_by(table.c.requested_at.desc()).limit(limit))


def change(connection: Connection, review: bytes, **columns: Any) -> bool:
    """Set *columns* of an open review; ``False`` if it is not open any more."""
    changed = update(table).where(table.c.id == review, table.c.state == ReviewState.OPEN)
    return connection.execute(changed.values(columns)).rowcount == 1


def add_decision(connection: Connection, row: DecisionRow) -> None:
    """Store what a person signed; the caller holds the lock on the review and has looked."""
    connection.execute(insert(decisions), {name: getattr(row, name) for name in _DECISION_NAMES})


def decisions_of(connection: Connection, review: bytes) -> list[DecisionRow]:
    """Everything that was signed in a review, the oldest first."""
    query = select(decisions).where(decisions.c.review == review).order_by(decisions.c.at, decisions.c.person)
    return [DecisionRow(**_plain(row, _DECISION_NAMES)) for row in connection.execute(query)]


def add_file(connection: Connection, row: FileRow) -> None:
    """Store a file; the caller holds the lock on the review."""
    connection.execute(insert(files), {name: getattr(row, name) for name in _FILE_NAMES})


def files_of(connection: Connection, review: bytes) -> list[FileRow]:
    """The files of a review, the oldest first."""
    query = select(files).where(files.c.review == review).order_by(files.c.at, files.c.digest)
    return [FileRow(**_plain(row, _FILE_NAMES)) for row in connection.execute(query)]


def file_of(connection: Connection, review: bytes, digest: bytes) -> FileRow | None:
    """One file of a review."""
    query = select(files).where(files.c.review == review, files.c.digest == digest)
    row = connection.execute(query).first()
    return None if row is None else FileRow(**_plain(row, _FILE_NAMES))


def forget_file(connection: Connection, review: bytes, digest: bytes) -> bool:
    """Forget where a file lies and its key; ``False`` if they were forgotten before."""
    gone = update(files).where(files.c.review == review, files.c.digest == digest, files.c.file.is_not(None))
    return connection.execute(gone.values(file=None, key=None)).rowcount == 1


def known_files(connection: Connection, names: Collection[str]) -> set[str]:
    """Which of *names* belong to a review; at most 500 at once."""
    return set(connection.execute(select(files.c.file).where(files.c.file.in_(names))).scalars())


def count_open(connection: Connection, platforms: Sequence[bytes]) -> int:
    """How many reviews of a platform are open."""
    query = select(func.count()).where(table.c.platform.in_(platforms), table.c.state == ReviewState.OPEN)
    return int(connection.execute(query).scalar_one())


def _one(connection: Connection, query: Select[Any]) -> ReviewRow | None:
    row = connection.execute(query).first()
    return None if row is None else _review(row)


def _many(connection: Connection, query: Select[Any]) -> list[ReviewRow]:
    return [_review(row) for row in connection.execute(query)]


def _review(row: Any) -> ReviewRow:
    values = _plain(row, _NAMES)
    return ReviewRow(**{**values, "state": ReviewState(values["state"])})


def _plain(row: Any, names: tuple[str, ...]) -> dict[str, Any]:
    values = row._mapping
    return {
        name: bytes(values[name]) if isinstance(values[name], memoryview | bytearray) else values[name]
        for name in names
    }
