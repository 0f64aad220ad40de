"""The linter: terms get a score of 0 to 100, vague ones fail, and each flaw comes with the sentence to write.

Machine-readable terms are judged by what they promise and by whether their human text says the same;
plain text by its words alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from provenance.core.termsrules import vague
from provenance.core.termsrules.promises import (
    Flaw,
    differing_text,
    missing_in_text,
    weak_promises,
)
from provenance.core.termsrules.values import Terms

PASS_MARK: Final = 80
"""Two smaller weaknesses still pass, a third does not; a vague clause fails whatever the score."""
MAX_TEXT_CHARS: Final = 200_000


@dataclass(frozen=True, slots=True)
class Report:
    """What the linter found: *score* 0–100, *flaws* in the order of the text."""

    score: int
    flaws: tuple[Flaw, ...]

    @property
    def passes(self) -> bool:
        """Whether buyers can rely on these terms."""
        return self.score >= PASS_MARK and not any(flaw.fails for flaw in self.flaws)


def lint_terms(terms: Terms) -> Report:
    """The report on machine-readable *terms* and on every text in them."""
    flaws = [*weak_promises(terms), *differing_text(terms)]
    for clause in terms.clauses:
        for text in (clause.text.zh, clause.text.en):
            flaws += (_flaw(hit, text, clause.number) for hit in vague.find(text))
    for text in (terms.title.zh, terms.title.en):
        flaws += (_flaw(hit, text, "title") for hit in vague.find(text))
    return _report(flaws)


def lint_text(text: str) -> Report:
    """The report on terms in plain words, Chinese or English; places are ``line:column``, from 1."""
    bounded = text[:MAX_TEXT_CHARS]
    flaws = [_flaw(hit, bounded, _place(bounded, hit.start)) for hit in vague.find(bounded)]
    return _report([*flaws, *missing_in_text(vague.fold(bounded)[0])])


def _report(flaws: list[Flaw]) -> Report:
    # A rule costs its points once: a text is not the better for saying the same thing only twice.
    points = {(flaw.code, flaw.subject): flaw.points for flaw in flaws}
    return Report(max(0, 100 - sum(points.values())), tuple(flaws))


def _flaw(hit: vague.Hit, text: str, place: str) -> Flaw:
    rule = hit.rule
    return Flaw(
        rule.code,
        rule.fails,
        rule.points,
        place,
        rule.why,
        rule.write,
        excerpt=text[hit.start : hit.end],
        language=hit.language,
    )


def _place(text: str, at: int) -> str:
    line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
    return f"{line}:{column}"


def codes() -> Iterator[str]:
    """Every code that a vague sentence may get."""
    return (rule.code for rule in vague.rules())
