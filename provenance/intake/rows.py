"""What comes out of a supplier file, and the bounds on what goes in."""

from __future__ import annotations

from dataclasses import dataclass

from provenance.core.keyformats import CardKey

GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class Accepted:
    """A line that holds a key. ``line`` counts from 1, blank lines included."""

    line: int
    key: CardKey


@dataclass(frozen=True, slots=True)
class Rejected:
    """A line that holds no key of the format.

    ``column`` counts from 1 where one place is to blame: characters in text, cells in csv, tsv and xlsx;
    ndjson has none. ``code`` is stable; ``message`` says what to do and never quotes the line.
    """

    line: int
    column: int | None
    code: str
    message: str


Row = Accepted | Rejected


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one upload; each has its own code when it is passed."""

    file_bytes: int = 2 * GIB
    """As sent."""
    unpacked_bytes: int = 2 * GIB
    """After gzip: counted while unpacking, so that the ratio does not matter."""
    line_bytes: int = 4096
    """Of one line, without its end; a longer line is rejected without being kept."""
    lines: int = 40_000_000
    """Of one file, blank ones included: two billion empty lines are no supplier's file, only work."""
    keys: int = 10_000_000
    workbook_bytes: int = 64 << 20
    """Of an xlsx file: it must lie in memory whole, unlike every other kind."""
    workbook_unpacked_bytes: int = 256 << 20
    workbook_cells: int = 16_000_000
    """Of one sheet, as the rectangle from A1 to its last cell: the reader allocates it whole."""

    def __post_init__(self) -> None:
        if min(getattr(self, name) for name in self.__dataclass_fields__) < 1:
            raise ValueError("a limit is at least 1")
