"""A monthly report as a document, and the openings beside it: how both are written and read.

Consensus-critical: the hash of the document is the subject of a QUALIFICATION entry of the operator.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from provenance.core import canonical
from provenance.core.digests import sha256
from provenance.core.entries import DETAIL_SALT_SIZE, MAX_DETAIL_SIZE
from provenance.core.reporting import ERASED, TYPE, Span
from provenance.errors import InputRefused

MAX_REPORT_BYTES: Final = 64 * 1024
"""Figures are counts by enumerated names: a report has a few thousand bytes, whatever was sold."""
MAX_LINE_BYTES: Final = MAX_DETAIL_SIZE + 256
MAX_NAMES: Final = 64
_MEMBERS: Final = {"type", "origin", "platform", "names", "span", "log", "figures"}


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of *platform* (20 bytes) over *span*, from the log *origin* with *root* at ``span.size``.

    *names* are the platform's address and those that it succeeded. Raises :class:`InputRefused`
    (``report_malformed``).
    """

    origin: str
    platform: bytes
    names: frozenset[bytes]
    span: Span
    root: bytes
    figures: Mapping[str, Any]

    def __post_init__(self) -> None:
        fits = len(self.root) == 32 and self.platform in self.names and len(self.names) <= MAX_NAMES
        if not fits or any(len(one) != 20 for one in self.names):
            raise _malformed()

    @property
    def hash(self) -> bytes:
        """The subject of the entry that anchors it."""
        return sha256(self.encode())

    def encode(self) -> bytes:
        """The document, RFC 8785."""
        return canonical.encode(
            {
                "type": TYPE,
                "origin": self.origin,
                "platform": "0x" + self.platform.hex(),
                "names": sorted("0x" + one.hex() for one in self.names),
                "span": {"start": self.span.start, "end": self.span.end},
                "log": {"size": self.span.size, "root": self.root.hex()},
                "figures": dict(self.figures),
            }
        )

    @classmethod
    def parse(cls, raw: bytes) -> Report:
        """Read an untrusted document, of which nothing is believed yet.

        Raises :class:`InputRefused` (``report_malformed``, and what :func:`canonical.parse_canonical` does).
        """
        said = canonical.parse_canonical(raw, max_bytes=MAX_REPORT_BYTES)
        if not isinstance(said, dict) or said.keys() != _MEMBERS or said["type"] != TYPE:
            raise _malformed()
        try:
            report = cls._read(said)
        except (KeyError, TypeError, AttributeError) as error:
            raise _malformed() from error
        if report.encode() != raw:
            raise _malformed()
        return report

    @classmethod
    def _read(cls, said: dict[str, Any]) -> Report:
        names = frozenset(canonical.decode_hex(one, 20, prefix="0x") for one in said["names"])
        span = Span(said["span"]["start"], said["span"]["end"], said["log"]["size"])
        platform = canonical.decode_hex(said["platform"], 20, prefix="0x")
        root = canonical.decode_hex(said["log"]["root"], 32)
        if not isinstance(said["origin"], str) or not isinstance(said["figures"], dict):
            raise _malformed()
        return cls(said["origin"], platform, names, span, root, said["figures"])


@dataclass(frozen=True, slots=True)
class Opening:
    """Salt (16 bytes) and details of the entry at *index*; neither once they were erased."""

    index: int
    salt: bytes | None
    details: Mapping[str, Any]

    def encode(self) -> bytes:
        """One line of an openings file, its line feed included."""
        told: dict[str, Any] = {"index": self.index}
        if self.salt is None:
            told |= ERASED
        else:
            told |= {"salt": self.salt.hex(), "details": dict(self.details)}
        return canonical.encode(told) + b"\n"

    @classmethod
    def parse(cls, line: bytes) -> Opening:
        """Read one untrusted line; raises :class:`InputRefused` (``openings_malformed``)."""
        try:
            said = canonical.parse(line, max_bytes=MAX_LINE_BYTES)
            if not isinstance(said, dict) or type(said["index"]) is not int:
                raise _openings_malformed()
            if said == {"index": said["index"], **ERASED}:
                return cls(said["index"], None, ERASED)
            salt = canonical.decode_hex(said["salt"], DETAIL_SALT_SIZE)
            if said.keys() != {"index", "salt", "details"} or not isinstance(said["details"], dict):
                raise _openings_malformed()
        except (KeyError, TypeError, AttributeError, InputRefused) as error:
            raise _openings_malformed() from error
        return cls(said["index"], salt, said["details"])


def months(since: int, until: int) -> Iterator[tuple[int, int]]:
    """The calendar months (UTC) from the one of *since* on that end at *until* or before, as spans in ms."""
    start, end = month_of(since)
    while end <= until:
        yield start, end
        start, end = month_of(end)


def month_of(time: int) -> tuple[int, int]:
    """The calendar month (UTC) that *time* (ms) lies in: its first ms, and the first after it."""
    day = datetime.fromtimestamp(time / 1000, UTC)
    following = (day.year + 1, 1) if day.month == 12 else (day.year, day.month + 1)
    return _first_ms(day.year, day.month), _first_ms(*following)


def _first_ms(year: int, month: int) -> int:
    return int(datetime(year, month, 1, tzinfo=UTC).timestamp()) * 1000


def _malformed() -> InputRefused:
    return InputRefused("not the document of a report of this version", code="report_malformed")


def _openings_malformed() -> InputRefused:
    return InputRefused(
        "a line of an openings file has index, salt and details, or says that they were erased",
        code="openings_malformed",
    )
