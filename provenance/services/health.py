"""How the service is: database, log and anchors, from what the database knows."""

from __future__ import annotations

from typing import Any, Final

from provenance.errors import NotFound, ProvenanceError
from provenance.services.chainprobe import ChainProbe
from provenance.services.context import Context
from provenance.store import anchors, checkpoints, warranty_orders
from provenance.store import claims as claim_store
from provenance.store import entries as entry_store
from provenance.store.anchors import AnchorStatus, StoredAnchor
from provenance.store.database import Connection

_STATES: Final = ("pending", "pending", "anchored", "final")


_OVERDUE_MS: Final = 60_000
"""The watch looks twice a second: deadlines this late mean that it does not run, or cannot keep up."""
_WELL: Final = frozenset({"ok", "unknown", "unconfigured"})


class HealthService:
    """Cheap questions; :meth:`health` never raises."""

    def __init__(self, context: Context, probe: ChainProbe | None = None) -> None:
        self._context = context
        self._probe = probe

    def health(self) -> dict[str, Any]:
        """``status`` is ``ok``, ``degraded`` (a part behind or away) or ``down`` (no database); lags: ms."""
        try:
            with self._context.database.read() as connection:
                oldest = entry_store.oldest_waiting(connection)
                signed = checkpoints.newest_signed(connection)
                anchored = anchors.newest_on_chain(connection)
                wanted = anchors.newest_wanted(connection)
                orders, claims = self._overdue(connection)
        except ProvenanceError as error:
            return {"status": "down", "database": error.code}
        now = self._context.clock.now()
        lag = 0 if oldest is None else max(0, now - oldest)
        chain = "unconfigured" if self._probe is None else self._probe.status()
        is_kept = max(orders["lag_ms"], claims["lag_ms"]) <= _OVERDUE_MS
        is_well = lag <= self._context.limits.backlog_ms and chain in _WELL and is_kept
        return {
            "status": "ok" if is_well else "degraded",
            "database": "ok",
            "log": {"size": 0 if signed is None else signed.size, "lag_ms": lag},
            "chain": {
                **_chain(chain),
                "anchored_size": 0 if anchored is None else anchored.size,
                "pending": wanted is not None and wanted.status < AnchorStatus.CONFIRMED,
            },
            "warranty": {"orders": orders, "claims": claims},
        }

    def overdue(self) -> dict[str, dict[str, int]]:
        """Orders and claims whose deadline has passed and not happened: how many, and for how long (ms).

        Empty while the database is away.
        """
        try:
            with self._context.database.read() as connection:
                orders, claims = self._overdue(connection)
        except ProvenanceError:
            return {}
        return {"orders": orders, "claims": claims}

    def _overdue(self, connection: Connection) -> tuple[dict[str, int], dict[str, int]]:
        now = self._context.clock.now()
        orders = warranty_orders.waiting(connection, now)
        claims = claim_store.waiting(connection, now)
        return _waiting(*orders, now), _waiting(*claims, now)

    def latest_anchor(self) -> dict[str, Any]:
        """The newest checkpoint on chain; raises :class:`NotFound` (``not_anchored``)."""
        with self._context.database.read() as connection:
            anchored = anchors.newest_on_chain(connection)
        if anchored is None:
            raise NotFound("no checkpoint is anchored yet; come back later", code="not_anchored")
        return self._told(anchored)

    def _told(self, anchor: StoredAnchor) -> dict[str, Any]:
        domain = self._context.domain
        return {
            "chain_id": domain.chain_id,
            "registry": "0x" + domain.registry.hex(),
            "size": anchor.size,
            "root": anchor.root.hex(),
            "status": _STATES[anchor.status],
            "block_time": anchor.block_time,
            "block_number": anchor.block_number,
            "transaction": None if anchor.tx_hash is None else "0x" + anchor.tx_hash.hex(),
        }


def _waiting(count: int, since: int | None, now: int) -> dict[str, int]:
    return {"overdue": count, "lag_ms": 0 if since is None else max(0, now - since)}


def _chain(told: str) -> dict[str, str]:
    """``status``; where the chain is away or another one, with the ``code`` of why."""
    return {"status": told} if told in _WELL else {"status": "unavailable", "code": told}
