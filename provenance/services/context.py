"""What every service is given: the store, the clock, the randomness and the secrets.

Services never read the clock or make randomness themselves, so that a test can hold both.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from provenance.core.entries import DETAIL_SALT_SIZE, Entry, commit_encoded, encode_details
from provenance.core.manifest import Domain
from provenance.errors import Unavailable
from provenance.services.vault import Vault
from provenance.store import entries as entry_store
from provenance.store.database import Connection, Database

MAX_CLOCK_LEAD_MS: Final = 5_000
"""An entry further ahead of the clock than this means that a clock is wrong; better to stop."""


class Clock(Protocol):
    """UTC milliseconds since 1970."""

    def now(self) -> int: ...


class SystemClock:
    """The clock of this machine."""

    def now(self) -> int:
        """UTC milliseconds since 1970."""
        return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of DESIGN §5; every one but ``rejects`` is a setting.

    ``rejects``: of one file. With more it is not of its format, and they would fill the disk.
    """

    batch_size: int = 10_000_000
    rejects: int = 1_000_000
    upload_bytes: int = 2 << 30
    staged_ms: int = 24 * 3_600_000
    offer_ms: int = 7 * 24 * 3_600_000
    reservation_ms: int = 15 * 60_000
    reservation_min_ms: int = 60_000
    reservation_max_ms: int = 24 * 3_600_000
    idempotency_ms: int = 7 * 24 * 3_600_000
    backlog_ms: int = 3_600_000
    beacon_apart_ms: int = 60_000
    evidence_video_bytes: int = 512 << 20
    presale_ms: int = 30 * 24 * 3_600_000


@dataclass(frozen=True, slots=True)
class Context:
    """The surroundings of every service; frozen, made once by ``bootstrap``."""

    database: Database
    clock: Clock
    entropy: Callable[[int], bytes]
    vault: Vault
    origin: str
    domain: Domain
    receipt_key: Ed25519PrivateKey
    limits: Limits = field(default_factory=Limits)
    askable: frozenset[str] = frozenset()
    """Key formats whose issuer is asked before a key leaves the reserve."""

    def event_id(self, time: int) -> bytes:
        """16 bytes: 48 bits of time, then randomness, so that neighbours in time are neighbours on disk."""
        return (time & (1 << 48) - 1).to_bytes(6) + self.entropy(10)

    def time_after(self, *earlier: int | None) -> int:
        """``max(now, every earlier time + 1 ms)``; raises :class:`Unavailable` (``clock_fault``)."""
        now = self.clock.now()
        time = max([now, *(moment + 1 for moment in earlier if moment is not None)])
        if time > now + MAX_CLOCK_LEAD_MS:
            raise Unavailable(
                "the newest entry lies in the future of this server's clock; set the clock right",
                code="clock_fault",
            )
        return time


@dataclass(frozen=True, slots=True)
class Recorded:
    """An entry that is committed or about to be, with what was sealed beside it."""

    event: bytes
    entry: Entry
    salt: bytes | None = None
    details: dict[str, Any] | None = None


def record(
    context: Context, connection: Connection, draft: Entry, details: dict[str, Any] | None = None
) -> Recorded:
    """Write *draft* to the entry table within the caller's transaction, sealing *details*.

    The entry's ``detail`` is set here: commitment and details can then never disagree.
    """
    recorded, sealed = drafted(context, draft, details)
    entry_store.insert(connection, recorded.event, recorded.entry, sealed)
    return recorded


def drafted(
    context: Context, draft: Entry, details: dict[str, Any] | None = None
) -> tuple[Recorded, bytes | None]:
    """*draft* with its event id and its commitment, and the sealed *details*, ready to be written."""
    event = context.event_id(draft.time)
    if details is None:
        return Recorded(event, draft), None
    salt, encoded = context.entropy(DETAIL_SALT_SIZE), encode_details(details)
    entry = replace(draft, detail=commit_encoded(salt, encoded))
    sealed = context.vault.seal(salt + encoded, event)
    return Recorded(event, entry, salt, details), sealed
