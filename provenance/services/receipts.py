"""Receipts: the promise that what was accepted will be in the log (FORMATS §8).

Made after the commit, from what was committed; Ed25519 is deterministic, so the same event gives
the same receipt for ever.
"""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from provenance.core import receipts as core
from provenance.core.proofs import OpenedDetails
from provenance.errors import Unavailable
from provenance.services.context import Context, Recorded
from provenance.services.opening import recorded_from
from provenance.store import entries as entry_store
from provenance.store.entries import StoredEntry

_CHECK_MS: Final = 1_000


def receipt_for(context: Context, recorded: Recorded) -> dict[str, Any]:
    """The receipt of an event whose transaction is committed, as JSON members."""
    signer = _signer(context.origin, context.receipt_key)
    return signer.sign(recorded.entry, recorded.event.hex(), opened_details(recorded)).to_json()


@lru_cache(maxsize=8)
def _signer(origin: str, key: Ed25519PrivateKey) -> core.ReceiptSigner:
    return core.ReceiptSigner(origin, key.private_bytes_raw())


def opened_details(recorded: Recorded) -> OpenedDetails | None:
    """The salt and details of an event as proofs and receipts carry them."""
    if recorded.salt is None or recorded.details is None:
        return None
    return OpenedDetails(recorded.salt, recorded.details)


def receipt_of(context: Context, stored: StoredEntry) -> dict[str, Any]:
    """The receipt of a stored event: the one :func:`receipt_for` gave, byte for byte.

    Once its details are erased, ``detail`` is null.
    """
    return receipt_for(context, recorded_from(context, stored))


class BacklogGuard:
    """Remembers for a second how old the oldest entry without a place in the log is."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._lock = threading.Lock()
        self._checked_at: int | None = None
        self._oldest: int | None = None

    def check(self) -> None:
        """Return if the log moves, else promise nothing more; raises :class:`Unavailable` (``log_stalled``).

        A receipt promises a place in the log within a day, so writes stop long before. Cheap: the
        database is asked once a second, whoever asks.
        """
        now = self._context.clock.now()
        with self._lock:
            if self._checked_at is None or not 0 <= now - self._checked_at < _CHECK_MS:
                with self._context.database.read() as connection:
                    self._oldest = entry_store.oldest_waiting(connection)
                self._checked_at = now
            oldest = self._oldest
        if oldest is not None and now - oldest > self._context.limits.backlog_ms:
            raise Unavailable(
                "the log has not moved for over an hour, so nothing new can be promised; try again later",
                code="log_stalled",
                retry_after=60,
            )
