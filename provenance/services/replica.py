"""Verify from a replica: as of a moment that the verdict tells, and never from a replica far behind.

Only looking is sent there. Who acts on a key, or on what he was just told, asks the primary.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from provenance.errors import StoreUnavailable
from provenance.services.context import Context
from provenance.services.lawbook import KeyRef
from provenance.services.moments import AsOf, Moments, Resting
from provenance.services.verdicts import Verdict
from provenance.services.verification import VerificationService, Viewer
from provenance.store.database import Database


class ReplicaVerification(VerificationService):
    """Asks *replica* while it is at most *lag_ms* behind, else the primary, and the replica if that is away.

    An answer that comes late from the replica for want of a primary says so by its ``as_of``: then
    nothing newer is promised by anybody who could be asked.
    """

    def __init__(self, context: Context, replica: Database, *, lag_ms: int) -> None:
        super().__init__(context)
        self._there = VerificationService(replace(context, database=replica))
        self._moments = Moments(replica, context.clock)
        self._primary = Resting(context.clock)
        self._lag_ms = lag_ms

    def verify(self, viewer: Viewer, refs: Sequence[KeyRef]) -> list[Verdict]:
        return self._asked(lambda one: VerificationService.verify(one, viewer, refs))

    def verify_together(self, asked: Sequence[tuple[Viewer, KeyRef]]) -> list[Verdict]:
        return self._asked(lambda one: VerificationService.verify_together(one, asked))

    def _asked(self, ask: Callable[[VerificationService], list[Verdict]]) -> list[Verdict]:
        # Before the rows: a moment that is read after them would promise too much.
        as_of = self._moments.now()
        if as_of is not None and self._context.clock.now() - as_of.time <= self._lag_ms:
            try:
                return _told(ask(self._there), as_of)
            except StoreUnavailable:
                self._moments.lost()
                as_of = None
        if as_of is not None and not self._primary.is_over:
            return _told(ask(self._there), as_of)
        try:
            return ask(self)
        except StoreUnavailable:
            self._primary.begin()
            if as_of is None:
                raise
        return _told(ask(self._there), as_of)


def verification_over(
    newest: VerificationService, context: Context, replica: Database | None, lag_seconds: float
) -> VerificationService:
    """*newest* itself, which asks the primary, where there is no *replica*."""
    if replica is None:
        return newest
    return ReplicaVerification(context, replica, lag_ms=int(lag_seconds * 1000))


def _told(verdicts: list[Verdict], as_of: AsOf) -> list[Verdict]:
    return [replace(verdict, as_of=as_of) for verdict in verdicts]
