"""One leader for each job among any number of workers: a lease row, and its term as a fence."""

from __future__ import annotations

from typing import Final

from provenance.errors import Conflict
from provenance.store import leases
from provenance.store.database import Connection, Database

LEASE_MS: Final = 10_000


class Leadership:
    """The claim of *holder* to lead the job *name*; no two processes that live at once share a holder."""

    def __init__(self, database: Database, name: str, holder: str, *, lease_ms: int = LEASE_MS) -> None:
        self._database = database
        self._name = name
        self._holder = holder
        self._lease_ms = lease_ms
        self._term: int | None = None

    @property
    def term(self) -> int:
        """The term of the lease last held; 0 before the first."""
        return self._term or 0

    def hold(self) -> bool:
        """Renew the lease, or take it if it is free; whether it is ours now."""
        with self._database.write() as connection:
            if self._term is not None and self._renew(connection, self._term):
                return True
            self._term = leases.acquire(connection, self._name, self._holder, self._lease_ms)
        return self._term is not None

    def fence(self, connection: Connection) -> None:
        """Bind the caller's transaction to the lease; raises :class:`Conflict` (``not_leader``).

        Until that transaction ends the lease row is locked, so what it writes no two leaders write.
        """
        if self._term is None or not self._renew(connection, self._term):
            raise Conflict(f"another worker leads the job {self._name}; let it work", code="not_leader")

    def release(self) -> None:
        """Step down."""
        if self._term is None:
            return
        with self._database.write() as connection:
            leases.release(connection, self._name, self._holder, self._term)
        self._term = None

    def _renew(self, connection: Connection, term: int) -> bool:
        return leases.renew(connection, self._name, self._holder, term, self._lease_ms)
