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
_RESTS: Final = "rests on the checkpoint, whose signer was not checked"
_WIDTH: Final = 110


def draw(evidence: Evidence) -> None:
    """Draw *evidence* on standard output."""
    stream = sys.stdout
    console = Console(file=stream, width=None if stream.isatty() else _WIDTH, highlight=False)
    console.print(_headline(evidence))
    console.print(_steps(evidence))
    console.print(_timeline(evidence))
    told = say("Completeness: {completeness}", completeness=say(evidence.completeness))
    if 10 in evidence.resting_steps:
        told += f" ({say(_RESTS)})"
    console.print(told, markup=False)


def _state(evidence: Evidence) -> str:
    """The state of the key, with what keeps it from being the last word on it."""
    if evidence.steps[10].status is not Status.ESTABLISHED:
        return say("{state} as far as the file tells; later events may be missing", state=evidence.state)
    if not evidence.is_checkpoint_checked:
        return say("{state} by the file's own word", state=evidence.state)
    return evidence.state


def _headline(evidence: Evidence) -> Text:
    holds = evidence.origin_checked
    verdict = say("The proof holds" if holds else "Consistent, but its origin was not checked")
    words = say(
        "{verdict}: key {index} of batch {batch}… is {state}.",
        verdict=verdict,
        index=evidence.key_index,
        batch=evidence.batch_id.hex()[:12],
        state=_state(evidence),
    )
    head = say(
        "Log {origin}, size {size}, {anchoring}.",
        origin=evidence.origin,
        size=evidence.checkpoint_size,
        anchoring=say(evidence.anchoring),
    )
    text = Text(f"{words} {head}", style="bold" if holds else "bold yellow")
    if not holds:
        text.append("\n" + say("The file agrees with itself, but anybody can make such a file."))
    if not evidence.is_checkpoint_checked:
        text.append("\n" + say("Who signed the checkpoint: bring --log-key, or --node or --block-hash."))
    if not evidence.is_network_checked:
        text.append("\n" + say("Which network it is of: bring --chain-id and --registry."))
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
        table.add_row(*_step(step, rests=step.number in evidence.resting_steps))
    return table


def _step(step: StepEvidence, *, rests: bool) -> tuple[Text, ...]:
    mark, colour = _MARKS[Status.PARTLY if rests else step.status]
    shown = [finding.what for finding in step.findings if finding.why_not is None]
    missing = [f"{one.what}: {one.why_not}" for one in step.findings if one.why_not is not None]
    if rests:
        missing.insert(0, say(_RESTS))
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
