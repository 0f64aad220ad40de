"""The worker: chores on a beat, each on its own, until it is told to stop.

A chore that fails is logged and tried again at its next beat; it stops no other. Sequencing and
anchoring have threads of their own, so that a chain that hangs never delays the log.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

import structlog

from provenance.bootstrap import WorkerParts, build_worker_parts
from provenance.config import Settings
from provenance.errors import ProvenanceError
from provenance.services.anchoring import AnchoringService
from provenance.services.context import Clock
from provenance.services.ledger import Sequencer
from provenance.services.scrubbing import Cursor, scrub_step
from provenance.services.warranty.reports import ReportService

REPEAT_MS: Final = 60_000
"""The same trouble of the same chore is logged once in this time."""

_WANT_SECONDS: Final = 10.0
_SCRUB_SECONDS: Final = 2.0
"""A bundle of 256 entries each: a log of ten million is walked through in a day."""
_WITNESS_SECONDS: Final = 1.0
_WEBHOOK_SECONDS: Final = 1.0
_SWEEP_SECONDS: Final = 3_600.0
_RESERVE_SECONDS: Final = 600.0
_RECOURSE_SECONDS: Final = 10.0
_WARRANTY_SECONDS: Final = 0.5
_ESCROW_SECONDS: Final = 2.0
_REPORT_SECONDS: Final = 30.0
_RECOURSES_AT_ONCE: Final = 100


class Purges(Protocol):
    """Whoever forgets what has had its time."""

    def purge_expired(self) -> int: ...


class Stop(Protocol):
    """What ``threading.Event`` offers, and all that a worker needs of it."""

    def is_set(self) -> bool: ...

    def wait(self, timeout: float) -> bool: ...


@dataclass(frozen=True, slots=True)
class Chore:
    """Something done every *every_seconds*; what *work* returns is a list of codes of trouble, or ignored."""

    name: str
    every_seconds: float
    work: Callable[[], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Pace:
    """How often the chores are done, in seconds (DESIGN §5)."""

    checkpoint: float = 1.0
    anchor: float = 600.0
    confirm: float = 2.0
    purge: float = 60.0


@dataclass(slots=True)
class Worker:
    """Runs *chores* until *stop* is set, then calls *farewells* (leads handed over, pools closed)."""

    chores: Sequence[Chore]
    clock: Clock
    stop: Stop = field(default_factory=threading.Event)
    farewells: Sequence[Callable[[], None]] = ()
    _troubles: dict[str, tuple[tuple[str, ...], int]] = field(default_factory=dict)

    def run(self) -> None:
        """Return when stopped and every chore has come to the end of its round."""
        threads = [
            threading.Thread(target=self._repeat, args=(chore,), name=chore.name) for chore in self.chores
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for farewell in self.farewells:
            self._attempt(Chore("farewell", 0, _without_result(farewell)))

    def tick(self) -> dict[str, Sequence[str]]:
        """Do every chore once, in order, in this thread; the codes of those in trouble, by name."""
        return {chore.name: codes for chore in self.chores if (codes := self._attempt(chore))}

    def _repeat(self, chore: Chore) -> None:
        while not self.stop.is_set():
            self._attempt(chore)
            self.stop.wait(chore.every_seconds)

    def _attempt(self, chore: Chore) -> tuple[str, ...]:
        try:
            troubles = tuple(chore.work())
        except ProvenanceError as error:
            troubles = (error.code,)
        except Exception as error:
            # Its class only: the words of foreign errors may quote what they choked on.
            troubles = (type(error).__name__,)
        self._report(chore, troubles)
        return troubles

    def _report(self, chore: Chore, troubles: tuple[str, ...]) -> None:
        before, since = self._troubles.get(chore.name, ((), 0))
        now = self.clock.now()
        log = structlog.get_logger("provenance.worker")
        if troubles and (troubles != before or now - since >= REPEAT_MS):
            log.warning("chore_in_trouble", chore=chore.name, codes=list(troubles))
            self._troubles[chore.name] = (troubles, now)
        elif before and not troubles:
            log.info("chore_recovered", chore=chore.name)
            del self._troubles[chore.name]


def make_worker(
    clock: Clock,
    sequencer: Sequencer,
    anchoring: AnchoringService | None,
    purges: Purges | None,
    *,
    pace: Pace | None = None,
    stop: Stop | None = None,
    more: Sequence[Chore] = (),
) -> Worker:
    """The worker of a deployment; without *anchoring* the log goes on unanchored. *more* comes last.

    Raises :class:`Unavailable` (``rolled_back``, ``head_file_missing``): with such a past no worker
    may run.
    """
    sequencer.start()
    chosen = pace or Pace()
    chores = [Chore("sequence", chosen.checkpoint, _without_result(sequencer.sequence))]
    farewells: list[Callable[[], None]] = [sequencer.stop]
    if anchoring is not None:
        chores += _anchoring_chores(anchoring, chosen)
        farewells.append(anchoring.stop)
    if purges is not None:
        chores.append(Chore("purge", chosen.purge, _without_result(purges.purge_expired)))
    return Worker([*chores, *more], clock, stop or threading.Event(), farewells)


def build_worker(settings: Settings, stop: Stop | None = None) -> Worker:
    """The worker that *settings* describe; raises what :func:`make_worker` and the key files raise."""
    parts = build_worker_parts(settings)
    pace = Pace(checkpoint=settings.checkpoint_seconds, anchor=settings.anchor_seconds)
    worker = make_worker(
        parts.context.clock,
        parts.sequencer,
        parts.anchoring,
        parts,
        pace=pace,
        stop=stop,
        more=_upkeep(parts),
    )
    keeper = () if parts.keeper is None else (parts.keeper.stop,)
    worker.farewells = (parts.delivery.close, *keeper, *worker.farewells)
    return worker


def _upkeep(parts: WorkerParts) -> list[Chore]:
    """The slow walk over what is stored, and the witnesses, each on a thread of its own."""
    place = Cursor()

    def scrub() -> Sequence[str]:
        nonlocal place
        place = scrub_step(parts.context, parts.alarm, place)
        told = parts.alarm.told()
        return () if told is None else ("stored_bit_wrong",)

    def settle_recourses() -> Sequence[str]:
        parts.recourses.settle_due(parts.context.clock.now(), _RECOURSES_AT_ONCE)
        return ()

    chores = [
        Chore("scrub", _SCRUB_SECONDS, scrub),
        Chore("sweep_evidence", _SWEEP_SECONDS, _without_result(parts.evidence.sweep)),
        Chore("webhooks", _WEBHOOK_SECONDS, parts.delivery.beat),
        Chore("sweep_reserve", _RESERVE_SECONDS, _without_result(parts.reserves.sweep)),
        Chore("warranty", _WARRANTY_SECONDS, parts.watch.beat),
        Chore("recourses", _RECOURSE_SECONDS, settle_recourses),
        Chore("reports", _REPORT_SECONDS, ReportService(parts.context).beat),
    ]
    if parts.keeper is not None:
        chores.append(Chore("escrow", _ESCROW_SECONDS, parts.keeper.beat))
    witnessing = parts.witnessing
    if witnessing is not None:
        chores.append(Chore("witness", _WITNESS_SECONDS, lambda: witnessing.beat().problems))
    return chores


def stop_on_signals(stop: threading.Event) -> None:
    """Let SIGTERM and SIGINT end the worker after the round it is in; call it in the main thread."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())


def _anchoring_chores(anchoring: AnchoringService, pace: Pace) -> list[Chore]:
    apart_ms = int(pace.anchor * 1000)

    def want() -> Sequence[str]:
        anchoring.want_checkpoint(apart_ms=apart_ms)
        return ()

    return [
        Chore("want_anchor", min(pace.anchor, _WANT_SECONDS), want),
        Chore("anchor", pace.confirm, lambda: anchoring.beat().problems),
    ]


def _without_result(work: Callable[[], object]) -> Callable[[], Sequence[str]]:
    def done() -> Sequence[str]:
        work()
        return ()

    return done
