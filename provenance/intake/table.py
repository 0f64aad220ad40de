"""Columns by name: which cell of a csv, tsv or xlsx row, or which field of a JSON object, is what."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from provenance.core.keyformats import KeyFormat, parse, parse_parts
from provenance.errors import FileRefused, KeyMalformed
from provenance.intake.rows import Accepted, Rejected, Row

SERIAL_NAMES = frozenset({
    "卡号", "序列号", "充值卡号", "卡片号", "serial", "serial number", "serial no", "sn",
    "card number", "card no", "cardno", "cardnumber",
})  # fmt: skip
SECRET_NAMES = frozenset({
    "卡密", "密码", "卡密码", "充值密码", "充值码", "兑换码", "激活码", "secret", "pin", "code", "pin code",
    "password", "key", "card key", "cardkey", "card secret", "redeem code", "redemption code",
})  # fmt: skip


def role_of(name: str) -> str | None:
    """``"serial"``, ``"secret"`` or None for a column or field of that name, in Chinese or English."""
    plain = _plain(name)
    return "serial" if plain in SERIAL_NAMES else "secret" if plain in SECRET_NAMES else None


def _plain(name: str) -> str:
    folded = unicodedata.normalize("NFKC", name).replace("_", " ").replace("-", " ").replace("\u200b", "")
    return " ".join(folded.replace("\ufeff", "").casefold().split())


@dataclass(frozen=True, slots=True)
class Columns:
    """0-based places of the serial (None where the file has no such column) and of the secret."""

    width: int
    serial: int | None
    secret: int

    @classmethod
    def of_header(cls, header: Sequence[str], line: int) -> Columns:
        """Read a header. Raises FileRefused: duplicate_header, header_missing."""
        found: dict[str, int] = {}
        for place, name in enumerate(header):
            plain = _plain(name)
            identity = role_of(name) or plain
            if plain and found.setdefault(identity, place) != place:
                raise FileRefused(
                    "two columns of the header mean the same; name each column once",
                    code="duplicate_header", line=line, column=place + 1,
                )  # fmt: skip
        if "secret" not in found:
            raise FileRefused(
                "the first row names no column of secrets; call it 卡密 or secret",
                code="header_missing", line=line,
            )  # fmt: skip
        return cls(len(header), found.get("serial"), found["secret"])

    def row(self, key_format: KeyFormat, line: int, cells: Sequence[str]) -> Row:
        """The key of one row of text cells."""
        if any(cell.strip() for cell in cells[self.width :]):
            return Rejected(line, self.width + 1, "cell_count", "more cells than the header has columns")
        secret = cells[self.secret] if self.secret < len(cells) else ""
        serial = cells[self.serial] if self.serial is not None and self.serial < len(cells) else None
        row = read_pair(key_format, line, serial, secret, has_serial=self.serial is not None)
        if isinstance(row, Rejected) and row.column is not None:
            blamed = self.serial if row.column == SERIAL_BLAMED and self.serial is not None else self.secret
            return Rejected(line, blamed + 1, row.code, row.message)
        return row


SERIAL_BLAMED, SECRET_BLAMED = 1, 2


def read_pair(key_format: KeyFormat, line: int, serial: str | None, secret: str, *, has_serial: bool) -> Row:
    """Read one pair; ``column`` of a rejected one is 1 for the serial, 2 for the secret, None for the pair.

    Where the file has no place for serials, the secret's place may hold the whole key in any rendering.
    """
    try:
        parsed = parse_parts(key_format, serial, secret) if has_serial else parse(key_format, secret)
    except KeyMalformed as error:
        blamed = {"serial": SERIAL_BLAMED, "secret": SECRET_BLAMED}.get(error.facts.get("part", ""))
        return Rejected(line, blamed, error.code, error.message)
    return Accepted(line, parsed.key)


def read_fields(key_format: KeyFormat, line: int, fields: Mapping[str, object]) -> Row:
    """The key of one JSON object, whose fields are named like columns."""
    found: dict[str, str] = {}
    for name, value in fields.items():
        role = role_of(name)
        if role is None:
            return Rejected(line, None, "unknown_field", "only a serial and a secret belong into a line")
        if role in found:
            return Rejected(line, None, "duplicate_field", "two fields mean the same; send each once")
        if not isinstance(value, str):
            return Rejected(line, None, "cell_not_text", "send serial and secret as strings, not numbers")
        found[role] = value
    row = read_pair(
        key_format, line, found.get("serial"), found.get("secret", ""), has_serial="serial" in found
    )
    return row if isinstance(row, Accepted) else Rejected(line, None, row.code, row.message)
