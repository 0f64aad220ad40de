"""What sample files to make: one frozen description a file."""

from __future__ import annotations

import re
from dataclasses import dataclass

from provenance.core.keyformats import format_by_id

TEXT_LAYOUTS = ("dashes", "pipe", "box", "tab", "comma", "spaces", "labels")
TABLE_LAYOUTS = ("csv", "tsv", "ndjson", "xlsx")
ENCODINGS = ("utf-8", "utf-8-sig", "gb18030")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")


@dataclass(frozen=True, slots=True)
class FileSpec:
    """One file: *keys* good lines of one format, plus defects.

    ``noise`` is the share of good lines written in an unusual way, ``defects`` the number of lines without a
    key as a share of ``keys``, ``duplicates`` likewise of good lines that repeat an earlier key.
    Raises ValueError for a combination that no supplier could write.
    """

    name: str
    format_id: str
    keys: int
    layout: str = "dashes"
    encoding: str = "utf-8"
    is_packed: bool = False
    is_crlf: bool = False
    is_sequential: bool = False
    noise: float = 0.2
    defects: float = 0.02
    duplicates: float = 0.01

    def __post_init__(self) -> None:
        format_by_id(self.format_id)
        if not _NAME.fullmatch(self.name):
            raise ValueError("a file name is lower-case letters, digits and dashes")
        if self.keys < 1 or not all(0 <= share <= 1 for share in (self.noise, self.defects, self.duplicates)):
            raise ValueError(f"{self.name}: at least one key, and shares from 0 to 1")
        if self.layout not in TEXT_LAYOUTS + TABLE_LAYOUTS or self.encoding not in ENCODINGS:
            raise ValueError(f"{self.name}: unknown layout or encoding")
        if self.layout in ("ndjson", "xlsx") and self.encoding != "utf-8":
            raise ValueError(f"{self.name}: {self.layout} is UTF-8 by definition")
        if self.format_id == "opaque" and self.layout == "xlsx":
            raise ValueError(
                f"{self.name}: the only defect of opaque text is a control character, xlsx has none"
            )

    @property
    def filename(self) -> str:
        """Name with the suffix that tells the kind."""
        suffix = self.layout if self.layout in TABLE_LAYOUTS else "txt"
        return f"{self.name}.{suffix}" + (".gz" if self.is_packed else "")


@dataclass(frozen=True, slots=True)
class Spec:
    """The files of one run; their names differ."""

    files: tuple[FileSpec, ...]

    def __post_init__(self) -> None:
        if len({each.filename for each in self.files}) != len(self.files):
            raise ValueError("two sample files have the same name")


_DEFAULT = (
    ("cmcc-national", "dashes", "utf-8", ""),
    ("cmcc-zhejiang", "pipe", "gb18030", "crlf"),
    ("cmcc-jiangsu", "labels", "gb18030", "crlf"),
    ("cmcc-fujian", "tab", "utf-8-sig", "sequential"),
    ("cmcc-liaoning", "comma", "utf-8", "packed"),
    ("cucc-national", "csv", "gb18030", "crlf sequential"),
    ("ctcc-national", "box", "utf-8", ""),
    ("ctcc-guangdong", "box", "gb18030", "packed"),
    ("qq-coin", "spaces", "utf-8", "sequential"),
    ("junnet", "xlsx", "utf-8", ""),
    ("shanda", "tsv", "utf-8", "crlf"),
    ("wanmei", "ndjson", "utf-8", ""),
    ("zhengtu", "labels", "utf-8", ""),
    ("netease", "csv", "utf-8-sig", "crlf"),
    ("sohu", "dashes", "gb18030", "packed crlf"),
    ("steam", "dashes", "utf-8", ""),
    ("xbox", "csv", "utf-8", ""),
    ("apple", "labels", "utf-8-sig", "crlf"),
    ("google-play", "xlsx", "utf-8", ""),
    ("psn", "ndjson", "utf-8", "packed"),
    ("razer-gold", "dashes", "gb18030", "crlf"),
    ("jd-ecard", "labels", "gb18030", ""),
    ("jd-ecard-numbered", "csv", "gb18030", ""),
    ("amazon", "tsv", "utf-8", "packed"),
    ("minted", "dashes", "utf-8", "crlf"),
    ("opaque", "dashes", "utf-8", ""),
    ("cmcc-national", "spaces", "utf-8", "sequential packed"),
    ("cmcc-national", "xlsx", "utf-8", "sequential packed"),
    ("steam", "labels", "gb18030", "crlf"),
    ("minted", "csv", "utf-8-sig", "packed"),
)
"""Format, layout, encoding, traits."""


def default_spec(keys: int = 200, *, format_ids: tuple[str, ...] = (), defects: float = 0.02) -> Spec:
    """Thirty files of *keys* keys: every format, layout, encoding and packing; or those of *format_ids*."""
    made = [
        FileSpec(
            name=f"{format_id}-{layout}",
            format_id=format_id,
            keys=keys,
            layout=layout,
            encoding=encoding,
            is_packed="packed" in traits,
            is_crlf="crlf" in traits,
            is_sequential="sequential" in traits,
            defects=defects,
        )
        for format_id, layout, encoding, traits in _DEFAULT
        if not format_ids or format_id in format_ids
    ]
    return Spec(tuple(made))
