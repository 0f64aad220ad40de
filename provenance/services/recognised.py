"""Credentials looked up a moment ago: a shop at its peak shows the same one a thousand times a second."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Final

from provenance.errors import StoreUnavailable
from provenance.store import parties
from provenance.store.database import Database
from provenance.store.parties import Credential, Party

MAX_AGE_MS: Final = 1_000
"""How long a revoked credential, or a suspended party's, may still be taken by *another* process."""
_MOST: Final = 4_096
_REST_MS: Final = 2_000
"""How long a database that did not answer is not asked again while a replica can."""


@dataclass(frozen=True, slots=True)
class _Seen:
    credential: Credential
    party: Party
    at: int


class Recognised:
    """Credentials with their parties by digest, each for :data:`MAX_AGE_MS`; one that is unknown is not kept.

    A change that goes through this process is seen at once: :meth:`forget` also voids look-ups under way.
    While *database* is away *replica* is asked: nobody can be revoked meanwhile, so it knows all it had.
    """

    def __init__(self, database: Database, replica: Database | None = None) -> None:
        self._database = database
        self._replica = replica
        self._rests_until = 0
        self._lock = threading.Lock()
        self._seen: dict[bytes, _Seen] = {}
        self._generation = 0

    def by_digest(self, digest: bytes, now: int) -> tuple[Credential, Party] | None:
        """The credential of that digest and its party, as of *now* (ms) or at most the age before."""
        seen = self._seen.get(digest)
        if seen is not None and 0 <= now - seen.at < MAX_AGE_MS:
            return seen.credential, seen.party
        generation = self._generation
        found = self._looked_up(digest, now)
        if found is not None:
            self._keep(digest, _Seen(*found, now), generation)
        return found

    def _looked_up(self, digest: bytes, now: int) -> tuple[Credential, Party] | None:
        if self._replica is None or now >= self._rests_until:
            try:
                with self._database.read() as connection:
                    return parties.credential_by_digest(connection, digest)
            except StoreUnavailable:
                if self._replica is None:
                    raise
                self._rests_until = now + _REST_MS
        with self._replica.read() as connection:
            return parties.credential_by_digest(connection, digest)

    def _keep(self, digest: bytes, seen: _Seen, generation: int) -> None:
        with self._lock:
            # What was changed while the look-up ran is not in it.
            if generation != self._generation:
                return
            if len(self._seen) >= _MOST:
                self._seen.clear()
            self._seen[digest] = seen

    def forget(self) -> None:
        """Something about parties or credentials has changed."""
        with self._lock:
            self._generation += 1
            self._seen.clear()
