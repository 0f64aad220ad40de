"""Asking witnesses to cosign our checkpoints, and keeping what they sign (C2SP tlog-witness).

Nothing waits for a witness: the log is signed and served without, and each is asked by itself. First the
checkpoint that is about to be anchored, which is the one that proofs will carry, then the newest.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from provenance.core import tiles
from provenance.core.notes import Note, NoteSignature
from provenance.errors import ProvenanceError
from provenance.services.asking import KnownWitness, ask
from provenance.services.context import Context
from provenance.store import anchors, checkpoints, cosignatures
from provenance.store import tiles as tile_store
from provenance.store.checkpoints import StoredHead

_REST_MS = 30_000
"""How long a witness that failed is not asked: a silent one must not fill the beat of the others."""


@dataclass(slots=True)
class _Acquaintance:
    """A witness, the size we think it signed last, and until when it is left alone."""

    witness: KnownWitness
    size: int = 0
    rests_until: int = 0


@dataclass(slots=True)
class WitnessingReport:
    """What a beat did: cosignatures kept, and the codes of what went wrong."""

    kept: int = 0
    problems: list[str] = field(default_factory=list)


class WitnessingService:
    """Brings cosignatures of *witnesses*, any of which may be down, to the signed notes."""

    def __init__(
        self, context: Context, witnesses: Sequence[KnownWitness], *, answer_seconds: float = 20.0
    ) -> None:
        self._context = context
        self._database = context.database
        self._known = [_Acquaintance(witness) for witness in witnesses]
        self._answer_seconds = answer_seconds

    def beat(self) -> WitnessingReport:
        """Ask every rested witness for every checkpoint that is worth it; never raises for them."""
        report = WitnessingReport()
        for head in self._worth_it():
            note = Note.parse((head.note or "").encode())
            asked = [one for one in self._known if self._is_due(one, head, note)]
            if not asked:
                continue
            with ThreadPoolExecutor(max_workers=len(asked)) as pool:
                answers = list(pool.map(lambda one, head=head, note=note: self._ask(one, head, note), asked))
            lines = [one for one in answers if isinstance(one, NoteSignature)]
            report.problems += [one for one in answers if isinstance(one, str)]
            report.kept += self._keep(head, lines)
        return report

    def _worth_it(self) -> list[StoredHead]:
        """The checkpoint last wanted on the chain and the newest, the smaller first: witnesses only go on."""
        with self._database.snapshot() as connection:
            newest = checkpoints.newest_signed(connection)
            wanted = anchors.newest_wanted(connection)
            anchored = None if wanted is None else checkpoints.at(connection, wanted.size)
        heads = {head.size: head for head in (anchored, newest) if head is not None and head.note}
        return [heads[size] for size in sorted(heads)]

    def _is_due(self, one: _Acquaintance, head: StoredHead, note: Note) -> bool:
        has_signed = any(line.is_by(one.witness.key) for line in note.signatures)
        return not has_signed and one.size <= head.size and self._context.clock.now() >= one.rests_until

    def _ask(self, one: _Acquaintance, head: StoredHead, note: Note) -> NoteSignature | str:
        """Its line, or the code of what went wrong."""
        try:
            line = ask(
                one.witness, note, head.size, one.size,
                lambda old: self._consistency(old, head.size), answer_seconds=self._answer_seconds,
            )  # fmt: skip
        except ProvenanceError as error:
            one.rests_until = self._context.clock.now() + _REST_MS
            return error.code
        one.size = head.size
        return line

    def _consistency(self, old: int, size: int) -> tuple[bytes, ...]:
        with self._database.read() as connection:
            return tiles.consistency_at(tile_store.reader(connection, tile_store.LOG_TREE), old, size)

    def _keep(self, head: StoredHead, lines: Sequence[NoteSignature]) -> int:
        """Add *lines* to the stored note, beside whatever another worker added meanwhile."""
        if not lines:
            return 0
        with self._database.write() as connection:
            stored = checkpoints.at(connection, head.size)
            if stored is None or stored.note is None:
                return 0
            note = Note.parse(stored.note.encode())
            known = {(line.name, line.key_id) for line in note.signatures}
            fresh = [line for line in lines if (line.name, line.key_id) not in known]
            cosigned = Note(note.text, (*note.signatures, *fresh)).encode().decode()
            if not fresh or not cosignatures.replace_note(connection, head.size, stored.note, cosigned):
                return 0
        return len(fresh)
