"""Writes tests/vectors/corpus from the cases: ``python -m tests.verifier.make_corpus``.

Deterministic: worthless test keys, no clock, no randomness; a test holds the files to it.
"""

from __future__ import annotations

import json

from tests.verifier import (
    cases_anchors,
    cases_batch,
    cases_chain,
    cases_custody,
    cases_form,
    cases_lives,
    cases_log,
    cases_notes,
    cases_state,
)
from tests.verifier.corpus import BASES, CASES, FOLDER
from tests.verifier.world import GOLDEN_TEXT

ROOMS = (
    cases_form,
    cases_notes,
    cases_batch,
    cases_log,
    cases_anchors,
    cases_chain,
    cases_lives,
    cases_custody,
    cases_state,
)


def texts() -> dict[str, str]:
    """The text of each file of the corpus, by name."""
    rows = [case.to_json() for room in ROOMS for case in room.cases()]
    lines = (json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in rows)
    bases = json.dumps({"golden": GOLDEN_TEXT}, ensure_ascii=False)
    return {BASES.name: bases + "\n", CASES.name: "\n".join(lines) + "\n"}


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in texts().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
