"""A verified proof drawn for people: what was established, what was not and why, and the timeline."""

from __future__ import annotations

import sys
from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from provenance.cli.language import say
from provenance.core.proofs import STEP_TITLES, Bound, Evidence, Status, StepEvidence, TimelineEvent

_MARKS: Final = {
    Status.ESTABLISHED: ("✔", "green"),
    Status.PARTLY: ("◐", "yellow"),
    Status.NOT_CHECKED: ("○", "yellow"),
}
_WIDTH: Final = 110


def draw(evidence: Evidence) -> None:
    """Draw *evidence* on standard output."""
    stream = sys.stdout
    console = Console(file=stream, width=None if stream.isatty() else _WIDTH, highlight=False)
    console.print(_headline(evidence))
    console.print(_steps(evidence))
    console.print(_timeline(evidence))
    console.print(say("Completeness: {completeness}", completeness=say(evidence.completeness)), markup=False)


def _headline(evidence: Evidence) -> Text:
    words = say(
        "The proof holds: key {index} of batch {batch}… is {state}, {anchoring}; log {origin}, size {size}.",
        index=evidence.key_index,
        batch=evidence.batch_id.hex()[:12],
        state=evidence.state,
        anchoring=say(evidence.anchoring),
        origin=evidence.origin,
        size=evidence.checkpoint_size,
    )
    text = Text(words, style="bold")
    if evidence.sold_before:
        text.append("\n" + say("It was sold before and taken back."), style="yellow")
    return text


def _steps(evidence: Evidence) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("", justify="right")
    table.add_column("")
    table.add_column(say("Step"))
    table.add_column(say("Established"), ratio=2, overflow="fold")
    table.add_column(say("Not checked, and why"), ratio=1)
    for step in evidence.steps:
        table.add_row(*_step(step))
    return table


def _step(step: StepEvidence) -> tuple[Text, ...]:
    mark, colour = _MARKS[step.status]
    shown = [finding.what for finding in step.findings if finding.why_not is None]
    missing = [f"{one.what}: {one.why_not}" for one in step.findings if one.why_not is not None]
    return (
        Text(str(step.number)),
        Text(mark, style=colour),
        Text(say(STEP_TITLES[step.number])),
        Text("\n".join(shown)),
        Text("\n".join(missing), style="yellow"),
    )


def _timeline(evidence: Evidence) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title=say("Timeline"), title_justify="left")
    for column in ("Index", "Event", "Stated time", "By", "Not before", "Not after"):
        table.add_column(say(column), justify="right" if column == "Index" else "left")
    for event in evidence.timeline:
        table.add_row(*_event(event))
    return table


def _event(event: TimelineEvent) -> tuple[Text, ...]:
    from provenance.core.proofcheck.evidence import iso_time

    entry = event.entry
    return (
        Text(f"#{event.index}"),
        Text(entry.type.name),
        Text(iso_time(entry.time)),
        Text(f"0x{entry.actor.hex()[:10]}…"),
        Text(_bound(event.after, say("no beacon"))),
        Text(_bound(event.before, say("not anchored yet"))),
    )


def _bound(bound: Bound | None, none: str) -> str:
    if bound is None:
        return none
    when = bound.text.partition("(")[2].removesuffix(")")
    return f"{say(bound.kind)} {bound.number}\n{when}"
