"""Many lines of a supplier file at once: what ``read_upload`` gives row by row, for whoever works in bulk.

Lines of text that are canonical already are read by one pattern, without an object for each; any other
block of lines, and any other kind of file, goes the way of ``read_upload``. The rows are the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import BinaryIO, Final

from provenance.core.keyformats import KeyFormat
from provenance.errors import FileRefused
from provenance.intake.lines import line_blocks
from provenance.intake.readers import Match, read_text, text_match
from provenance.intake.rows import Accepted, Limits, Rejected, Row
from provenance.intake.upload import kind_of, opened, rows_of

_AT_ONCE: Final = 8_192


@dataclass(slots=True)
class Run:
    """Rows that follow one another: serials (empty texts where there are none), secrets, and rejects."""

    serials: list[str] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many keys."""
        return len(self.secrets)

    def add(self, rows: Iterator[Row]) -> None:
        """Put rows at the end."""
        for row in rows:
            if isinstance(row, Accepted):
                self.serials.append(row.key.serial)
                self.secrets.append(row.key.secret)
            else:
                self.rejected.append(row)


def read_runs(
    stream: BinaryIO, *, format: KeyFormat, filename: str | None, content_type: str | None, limits: Limits
) -> Iterator[Run]:
    """The rows of ``read_upload``, thousands at a time; raises as it does, after what stands before."""
    kind, chunks = opened(stream, kind_of(filename, content_type), limits)
    if kind == "text":
        runs = _text_runs(chunks, format, limits)
    else:
        runs = _grouped(rows_of(kind, chunks, format, limits))
    keys = rejects = 0
    for run in runs:
        keys += run.count
        rejects += len(run.rejected)
        if keys > limits.keys:
            raise FileRefused(
                f"more than {limits.keys} keys; send them in several batches",
                code="too_many_keys",
                limit=limits.keys,
            )
        yield run
    if not keys and not rejects:
        raise FileRefused("no line of the file holds anything; is it the right file?", code="file_blank")


def _grouped(rows: Iterator[Row]) -> Iterator[Run]:
    while some := list(islice(rows, _AT_ONCE)):
        run = Run()
        run.add(iter(some))
        yield run


def _text_runs(chunks: Iterator[bytes], key_format: KeyFormat, limits: Limits) -> Iterator[Run]:
    match = text_match(key_format)
    run = Run()
    for first, texts in line_blocks(chunks, limits):
        if match is None or not _take_canonical(run, match, texts):
            run.add(read_text(enumerate(texts, first), key_format))
        if run.count >= _AT_ONCE or len(run.rejected) >= _AT_ONCE:
            yield run
            run = Run()
    yield run


def _take_canonical(run: Run, match: Match, texts: list[str | None]) -> bool:
    """Take a block whose lines are all canonical; ``False``, and nothing taken, for any other."""
    if None in texts:  # a line over the bound
        return False
    found = [match(text) for text in texts if text]
    if None in found:
        return False
    run.serials += [each[1] for each in found if each]
    run.secrets += [each[2] for each in found if each]
    return True
