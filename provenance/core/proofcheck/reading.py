"""Step 0, first half: untrusted bytes into a :class:`Bundle`, or a refusal that says where.

Refusals name the place in the file and never its content: a bundle may hold the key.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from provenance.core import canonical
from provenance.core.entries import Entry
from provenance.core.manifest import BatchDetails, BatchManifest, Domain
from provenance.core.merkle import HASH_SIZE
from provenance.core.notes import Note, VerifierKey
from provenance.core.proofcheck.bundle import BUNDLE_TYPE, MAX_BUNDLE_SIZE, MAX_ENTRIES, Bundle
from provenance.core.proofcheck.parts import (
    MAX_PATH,
    MAX_RANGES,
    AnchorPart,
    BatchPart,
    BeaconEntry,
    Hints,
    KeyPart,
    LoggedEntry,
    LogIdentity,
    OpenedDetails,
    Opening,
    Placed,
    StatePart,
    StateProof,
)
from provenance.errors import InputRefused

T = TypeVar("T")

_MEMBERS: Final = (
    "type", "network", "log", "batch", "key", "custody", "parties", "beacons", "state", "checkpoint",
    "anchors", "state_proof", "hints",
)  # fmt: skip
_HASH_DIGITS: Final = 2 * HASH_SIZE
_PLACED: Final = ("index", "entry", "path")


@dataclass(frozen=True, slots=True)
class Cursor:
    """A value of unknown shape and the place where it stands."""

    value: Any
    where: str

    def members(self, *names: str) -> dict[str, Cursor]:
        """Exactly these members; one too many is as wrong as one too few."""
        if not isinstance(self.value, dict) or set(self.value) != set(names):
            raise self.refused(f"an object with the members {', '.join(names)}, and no others")
        prefix = f"{self.where}." if self.where else ""
        return {name: Cursor(self.value[name], prefix + name) for name in names}

    def each(self, read: Callable[[Cursor], T], most: int) -> tuple[T, ...]:
        """Every item of a list of *most* at the most, read by *read*; of a longer one none is."""
        if not isinstance(self.value, list):
            raise self.refused("a list")
        if len(self.value) > most:
            raise self.refused(f"at most {most} items")
        return tuple(read(Cursor(item, f"{self.where}[{n}]")) for n, item in enumerate(self.value))

    def maybe(self, read: Callable[[Cursor], T]) -> T | None:
        """``None`` for null, else what *read* makes of it."""
        return None if self.value is None else read(self)

    def integer(self) -> int:
        """An integer from 0 to 2^53-1."""
        if type(self.value) is not int or self.value < 0:
            raise self.refused("an integer from 0 to 2^53-1")
        return self.value

    def text(self) -> str:
        """A string."""
        if not isinstance(self.value, str):
            raise self.refused("a string")
        return self.value

    def hex(self, size: int | None = None, prefix: str = "") -> bytes:
        """Bytes in lower-case hex, *size* of them if given."""
        try:
            return canonical.decode_hex(self.text(), size, prefix=prefix)
        except InputRefused as error:
            if "where" in error.facts:
                raise
            raise self._located(error.message, error.code) from error

    def hash(self) -> bytes:
        """32 bytes in hex."""
        return self.hex(32)

    def address(self) -> bytes:
        """20 bytes in hex after 0x."""
        return self.hex(20, "0x")

    def entry(self) -> Entry:
        """The 124 bytes of an entry in base64."""
        text = self.text()
        return self.within(lambda: Entry.decode(canonical.decode_base64(text)))

    def path(self) -> tuple[bytes, ...]:
        """A list of hashes."""
        items = self.value
        is_short = type(items) is list and len(items) <= MAX_PATH
        if is_short and all(type(item) is str and len(item) == _HASH_DIGITS for item in items):
            # A proof is mostly paths: all of one together, and one by one only to say which is wrong.
            with contextlib.suppress(InputRefused):
                joined = canonical.decode_hex("".join(items))
                return tuple(joined[at : at + HASH_SIZE] for at in range(0, len(joined), HASH_SIZE))
        return self.each(Cursor.hash, MAX_PATH)

    def within(self, make: Callable[[], T]) -> T:
        """What *make* makes; its refusals gain the place."""
        try:
            return make()
        except InputRefused as error:
            if "where" in error.facts:  # an inner place is the better one
                raise
            raise self._located(error.message, error.code) from error

    def refused(self, expected: str) -> InputRefused:
        """A refusal that names the place and what belongs there."""
        return self._located(f"expected {expected}", "bundle_malformed")

    def _located(self, message: str, code: str) -> InputRefused:
        where = self.where or "bundle"
        return InputRefused(f"{where}: {message}", code=code, where=where)


def read_bundle(raw: bytes) -> Bundle:
    """Parse a bundle strictly; raises :class:`InputRefused` with the place and a code."""
    top = Cursor(canonical.parse_canonical(raw, max_bytes=MAX_BUNDLE_SIZE), "")
    if not isinstance(top.value, dict) or top.value.get("type") != BUNDLE_TYPE:
        raise InputRefused(f"not a proof of type {BUNDLE_TYPE}", code="bundle_version")
    at = top.members(*_MEMBERS)
    return top.within(
        lambda: Bundle(
            network=_domain(at["network"]),
            log=_log(at["log"]),
            batch=_batch(at["batch"]),
            key=_key(at["key"]),
            custody=at["custody"].each(_logged, MAX_ENTRIES),
            parties=at["parties"].each(_logged, MAX_ENTRIES),
            beacons=at["beacons"].each(_beacon, MAX_ENTRIES),
            state=at["state"].maybe(_state),
            checkpoint=_note(at["checkpoint"]),
            anchors=at["anchors"].each(_anchor, MAX_ENTRIES),
            state_proof=at["state_proof"].maybe(_state_proof),
            hints=_hints(at["hints"]),
        )
    )


def _domain(cursor: Cursor) -> Domain:
    at = cursor.members("chain_id", "registry")
    return cursor.within(lambda: Domain(at["chain_id"].integer(), at["registry"].address()))


def _log(cursor: Cursor) -> LogIdentity:
    at = cursor.members("origin", "key")
    return cursor.within(lambda: LogIdentity(at["origin"].text(), VerifierKey.parse(at["key"].text())))


def _note(cursor: Cursor) -> Note:
    text = cursor.text()
    return cursor.within(lambda: Note.parse(text.encode()))


def _batch(cursor: Cursor) -> BatchPart:
    at = cursor.members("manifest", "details", "domain", "signature")
    return cursor.within(
        lambda: BatchPart(
            _manifest(at["manifest"]),
            at["details"].within(lambda: BatchDetails.from_json(at["details"].value)),
            _domain(at["domain"]),
            at["signature"].hex(65, "0x"),
        )
    )


def _manifest(cursor: Cursor) -> BatchManifest:
    at = cursor.members("supplier", "root", "size", "max_uses", "expires_at", "details")
    return cursor.within(
        lambda: BatchManifest(
            at["supplier"].address(),
            at["root"].hash(),
            at["size"].integer(),
            at["max_uses"].integer(),
            at["expires_at"].integer(),
            at["details"].hash(),
        )
    )


def _key(cursor: Cursor) -> KeyPart:
    at = cursor.members("index", "leaf", "path", "opening", "use")
    return cursor.within(
        lambda: KeyPart(
            at["index"].integer(),
            at["leaf"].hash(),
            at["path"].path(),
            at["opening"].maybe(_opening),
            at["use"].maybe(Cursor.hash),
        )
    )


def _opening(cursor: Cursor) -> Opening:
    at = cursor.members("salt", "serial", "secret")
    return cursor.within(lambda: Opening(at["salt"].hex(16), at["serial"].text(), at["secret"].text()))


def _details(cursor: Cursor) -> OpenedDetails:
    at = cursor.members("salt", "value")
    return cursor.within(lambda: OpenedDetails(at["salt"].hex(16), at["value"].value))


def _placed(at: dict[str, Cursor]) -> Placed:
    return at["index"].within(lambda: Placed(at["index"].integer(), at["entry"].entry(), at["path"].path()))


def _logged(cursor: Cursor) -> LoggedEntry:
    at = cursor.members(*_PLACED, "details")
    placed = _placed(at)
    return LoggedEntry(placed.index, placed.entry, placed.path, at["details"].maybe(_details))


def _beacon(cursor: Cursor) -> BeaconEntry:
    at = cursor.members(*_PLACED, "header")
    placed = _placed(at)
    return BeaconEntry(placed.index, placed.entry, placed.path, at["header"].maybe(Cursor.hex))


def _state(cursor: Cursor) -> StatePart:
    at = cursor.members(*_PLACED, "record_path", "ranges", "batch_position", "batches", "batch_path")
    placed = _placed(at)
    return cursor.within(
        lambda: StatePart(
            placed.index,
            placed.entry,
            placed.path,
            at["record_path"].path(),
            at["ranges"].each(Cursor.entry, MAX_RANGES),
            at["batch_position"].integer(),
            at["batches"].integer(),
            at["batch_path"].path(),
        )
    )


def _anchor(cursor: Cursor) -> AnchorPart:
    at = cursor.members("size", "root", "consistency", "time")
    return cursor.within(
        lambda: AnchorPart(
            at["size"].integer(), at["root"].hash(), at["consistency"].path(), at["time"].integer()
        )
    )


def _state_proof(cursor: Cursor) -> StateProof:
    at = cursor.members("header", "account", "storage")
    storage = at["storage"].value
    if not isinstance(storage, dict):
        raise at["storage"].refused("an object of slots")
    where = at["storage"].where
    proofs = tuple(
        (Cursor(slot, where).hash(), Cursor(nodes, where).each(Cursor.hex, MAX_PATH))
        for slot, nodes in storage.items()
    )
    return cursor.within(
        lambda: StateProof(at["header"].hex(), at["account"].each(Cursor.hex, MAX_PATH), proofs)
    )


def _hints(cursor: Cursor) -> Hints:
    at = cursor.members("batch_transaction", "anchor_transactions")

    def read(item: Cursor) -> bytes:
        return item.hex(32, "0x")

    return Hints(at["batch_transaction"].maybe(read), at["anchor_transactions"].each(read, MAX_ENTRIES))
