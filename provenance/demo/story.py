"""Telling the story: each step is a promise, its evidence, and a loud end where it is not kept."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.markup import escape

from provenance.cli.language import say


class PromiseBroken(Exception):
    """A step that did not end as promised; the demo ends with it."""


@dataclass(slots=True)
class Step:
    """One promise and what showed it; ``evidence`` is JSON-ready and holds no secret."""

    act: str
    promise: str
    evidence: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0

    def show(self, **evidence: Any) -> None:
        """Add what showed it."""
        self.evidence.update(evidence)

    def expect(self, holds: bool, otherwise: str) -> None:
        """Raise :class:`PromiseBroken` unless *holds*."""
        if not holds:
            raise PromiseBroken(f"{self.promise}: {otherwise}")


class Story:
    """Collects the steps and, for people, prints each as it is kept."""

    def __init__(self, *, quiet: bool) -> None:
        self.steps: list[Step] = []
        self._act = ""
        self._console = Console(stderr=quiet, quiet=quiet, highlight=False)

    def act(self, title: str) -> None:
        """Begin a new act."""
        self._act = title
        self._console.print(f"\n[bold]{escape(say(title))}[/bold]")

    @contextmanager
    def step(self, promise: str, **places: object) -> Iterator[Step]:
        """A step: inside, do it and show evidence; at the end of the block it counts as kept.

        *promise* is English with ``{places}``; people read it in their language, data has it as it is.
        """
        step = Step(self._act, promise.format(**places))
        told = say(promise, **places)
        start = time.perf_counter()
        with self._console.status(escape(told)):
            yield step
        step.seconds = round(time.perf_counter() - start, 3)
        self.steps.append(step)
        shown = "  ".join(f"{name} {_short(value)}" for name, value in step.evidence.items())
        self._console.print(f"  [green]✔[/green] {escape(told)}", soft_wrap=True)
        if shown:
            self._console.print(f"      [dim]{escape(shown)}[/dim]", soft_wrap=True)

    def tell(self, text: str, **places: object) -> None:
        """A line that is no step."""
        self._console.print(escape(say(text, **places)), soft_wrap=True)

    def show(self, text: str) -> None:
        """A line to copy, as it is."""
        self._console.print(escape(text), soft_wrap=True)

    def as_data(self) -> dict[str, Any]:
        """The steps as one JSON document."""
        return {
            "kept": len(self.steps),
            "steps": [
                {"act": one.act, "promise": one.promise, "seconds": one.seconds, "evidence": one.evidence}
                for one in self.steps
            ],
        }


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 44 else f"{text[:20]}…{text[-8:]}"
