"""Make supplier files from a seed, and write beside each what every line of it is.

The truth is known before the file is written, from how each line was made; the reader has no part in it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from provenance.core.keyformats import CardKey, KeyFormat, format_by_id
from provenance.sample.keys import KeyMaker, noisy, spoil
from provenance.sample.spec import FileSpec, Spec, default_spec
from provenance.sample.writers import Written, encode, header_of

_BLANK_SHARE = 0.01
_CARD_NUMBER_SHARE = 0.3
TRUTH_SUFFIX = ".truth.json"


@dataclass(frozen=True, slots=True)
class SampleFile:
    """A file that was made; the truth beside it says the same and more."""

    path: Path
    truth: Path
    format_id: str
    accepted: int
    rejected: int
    duplicates: int
    """Of the accepted lines, those that repeat the key of an earlier one."""


def generate(out_dir: Path, seed: int, spec: Spec | None = None) -> tuple[SampleFile, ...]:
    """Write the files of *spec* into *out_dir*, which is made if need be; the same bytes for the same seed.

    Beside ``NAME`` stands ``NAME.truth.json``: ``rows`` with ``line`` and either ``serial`` and ``secret``
    (and ``duplicate_of``, the line that held the key first) or ``code``.
    """
    out_dir.mkdir(parents=True, exist_ok=True)
    return tuple(_make(out_dir, seed, each) for each in (spec or default_spec()).files)


def _make(out_dir: Path, seed: int, spec: FileSpec) -> SampleFile:
    key_format = format_by_id(spec.format_id)
    rng = Random(f"{seed}:{spec.filename}")
    has_serial = bool(key_format.serial or key_format.dropped_serial)
    header = header_of(spec, has_serial=has_serial)
    lines, rows = _compose(spec, key_format, rng, first_line=2 if header else 1)
    content = encode(spec, header, lines)
    path = out_dir / spec.filename
    path.write_bytes(content)
    good = [row for row in rows if "secret" in row]
    duplicates = sum("duplicate_of" in row for row in good)
    truth = {
        "file": spec.filename, "format": spec.format_id, "layout": spec.layout, "encoding": spec.encoding,
        "seed": seed, "sha256": hashlib.sha256(content).hexdigest(), "accepted": len(good),
        "rejected": len(rows) - len(good), "duplicates": duplicates, "rows": rows,
    }  # fmt: skip
    beside = out_dir / (spec.filename + TRUTH_SUFFIX)
    beside.write_text(json.dumps(truth, ensure_ascii=False, indent=1) + "\n", "utf-8")
    return SampleFile(path, beside, spec.format_id, len(good), len(rows) - len(good), duplicates)


def _compose(
    spec: FileSpec, key_format: KeyFormat, rng: Random, *, first_line: int
) -> tuple[list[Written], list[dict[str, Any]]]:
    maker = KeyMaker(key_format, rng, is_sequential=spec.is_sequential)
    lines: list[Written] = []
    rows: list[dict[str, Any]] = []
    held: list[tuple[int, CardKey]] = []

    def put(written: Written, **truth: Any) -> None:
        if truth:
            rows.append({"line": first_line + len(lines), **truth})
        lines.append(written)

    def put_key(key: CardKey, **more: Any) -> None:
        pair = noisy(key_format, key, rng) if rng.random() < spec.noise else (key.serial, key.secret)
        if key_format.dropped_serial and rng.random() < _CARD_NUMBER_SHARE:
            pair = (maker.part(key_format.dropped_serial), pair[1])
        put(Written(pair), serial=key.serial, secret=key.secret, **more)

    plan = ["key"] * spec.keys + ["defect"] * _count(spec.keys, spec.defects)
    plan += ["duplicate"] * _count(spec.keys, spec.duplicates) + ["blank"] * _count(spec.keys, _BLANK_SHARE)
    rng.shuffle(plan)
    for kind in plan:
        if kind == "blank":
            put(Written(None))
        elif kind == "defect":
            defect = spoil(key_format, maker.key(), spec.layout, rng)
            put(Written(defect.pair, defect.is_number), code=defect.code)
        elif kind == "duplicate" and held:
            line, key = rng.choice(held)
            put_key(key, duplicate_of=line)
        else:
            key = maker.key()
            held.append((first_line + len(lines), key))
            put_key(key)
    return lines, rows


def _count(keys: int, share: float) -> int:
    return round(keys * share) or int(share > 0)
