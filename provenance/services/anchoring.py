"""Anchoring: batches and checkpoints onto the chain, whatever the chain does (DESIGN §2, route 4).

The chain itself is asked first, each time: if our value is there, the work is done, whoever sent
it. If it is not, the outbox is. So a reorganisation, a crash and a copy from the mempool need no
cases of their own, and nothing but this depends on the chain being there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from provenance.chain.deployment import deploy_registry
from provenance.chain.registry import RegistryClient, anchor_checkpoint_data, register_batch_data
from provenance.chain.sender import Sender, already_anchored
from provenance.chain.signer import Signer
from provenance.core import tiles
from provenance.errors import ChainMismatch, ChainRefused, ChainUnavailable, LimitReached, Refused
from provenance.services.context import Context
from provenance.services.leadership import LEASE_MS, Leadership
from provenance.services.outgoing import STUCK_MS, AnchorBook, Outgoing
from provenance.services.statekeeping import has_news
from provenance.store import anchors, checkpoints, manifests, outbox
from provenance.store import entries as entry_store
from provenance.store import tiles as tile_store
from provenance.store.anchors import AnchorKind, AnchorStatus, Sighting, StoredAnchor
from provenance.store.checkpoints import StoredHead
from provenance.store.database import Connection

LEASE_NAME: Final = "anchorer"
IDLE_MS: Final = 15_000
"""With nothing to anchor, the chain is only looked at this often, to notice that it was wiped."""

_AT_ONCE: Final = 200
"""Anchors looked at in one beat; the others have the next."""


@dataclass(slots=True)
class AnchoringReport:
    """What a beat did: how many anchors were sent, seen on chain, made final; codes of what went wrong."""

    leads: bool = True
    sent: int = 0
    confirmed: int = 0
    final: int = 0
    problems: list[str] = field(default_factory=list)


def want_checkpoint(context: Context, *, apart_ms: int | None = None) -> int | None:
    """Ask for all that is committed now to be anchored; the least size that does it, ``None`` while
    nothing is signed.

    The sequencer ends its next round in a STATE and wants that checkpoint on chain; without news
    since the last STATE its checkpoint is the one. With *apart_ms* nothing is asked for within that
    time of the last wanted size, nor while that one is under way: during an outage one anchor waits,
    not one for every beat.
    """
    with context.database.write() as connection:
        head = checkpoints.newest(connection)
        signed = checkpoints.newest_signed(connection)
        newest = anchors.newest_wanted(connection)
        now = context.clock.now()
        if not _is_news(connection, head):
            return None if newest is None else newest.size
        if apart_ms is not None and newest is not None and not _may_follow(newest, now, apart_ms):
            return newest.size
        anchors.wish(connection, now)
    return None if signed is None or head is None else head.size + 1


def _is_news(connection: Connection, head: StoredHead | None) -> bool:
    has_waiting = entry_store.oldest_waiting(connection) is not None
    return has_waiting or (head is not None and has_news(connection, head.size))


def _may_follow(newest: StoredAnchor, now: int, apart_ms: int) -> bool:
    return newest.status >= AnchorStatus.CONFIRMED and now - newest.created_at >= apart_ms


class AnchoringService:
    """Brings what is wanted onto the chain behind *registry*, paying from *signer*'s account.

    *depth* is the number of confirmations that make an anchor final. With a *deployer* a missing
    registry is deployed; it must be the account whose first transaction gives *registry* its address.
    """

    def __init__(
        self,
        context: Context,
        registry: RegistryClient,
        signer: Signer,
        lease_holder: str,
        *,
        deployer: Signer | None = None,
        depth: int = 12,
        fee_ceiling: int | None = None,
        stuck_ms: int = STUCK_MS,
        lease_ms: int = LEASE_MS,
        hook: Callable[[str], None] = lambda point: None,
    ) -> None:
        self._context = context
        self._database = context.database
        self._registry = registry
        self._signer = signer
        self._deployer = deployer
        self._depth = depth
        self._leadership = Leadership(context.database, LEASE_NAME, lease_holder, lease_ms=lease_ms)
        sender = Sender(registry.chain, signer, fee_ceiling=fee_ceiling)
        self._followed_at = -IDLE_MS
        self._outgoing = Outgoing(
            context, sender, self._leadership, AnchorBook(), depth=depth, stuck_ms=stuck_ms, hook=hook
        )

    def beat(self) -> AnchoringReport:
        """Move every wanted anchor as far as it goes now; never raises for what the chain does."""
        report = AnchoringReport()
        if not self._leadership.hold():
            return AnchoringReport(leads=False)
        now = self._context.clock.now()
        has_work = any(self._unsettled(kind) for kind in AnchorKind)
        if not has_work and 0 <= now - self._followed_at < IDLE_MS:
            return report
        try:
            self._follow_chain()
            self._followed_at = now
            for anchor in self._unsettled(AnchorKind.BATCH):
                self._advance(anchor, report)
            for anchor in self._unsettled(AnchorKind.CHECKPOINT):
                # Strictly one in flight: the next one's consistency proof starts from this one.
                if not self._advance(anchor, report):
                    break
            self._outgoing.tidy()
        except (ChainUnavailable, ChainMismatch, Refused) as error:
            report.problems.append(error.code)
        return report

    def want_checkpoint(self, *, apart_ms: int | None = None) -> int | None:
        """See :func:`want_checkpoint`."""
        return want_checkpoint(self._context, apart_ms=apart_ms)

    def ensure_registry(self) -> bytes | None:
        """Return if the registry is there, deploying it if need be and allowed; the transaction's hash.

        Raises :class:`ChainMismatch` (``registry_missing``, ``registry_address``,
        ``registry_anchorer``), :class:`ChainUnavailable`.
        """
        if self._deployer is None:
            self._registry.identify()
            return None
        anchorer = self._signer.address
        deployed = deploy_registry(self._registry.chain, self._deployer, anchorer=anchorer)
        if deployed.address != self._registry.address:
            raise ChainMismatch(
                "the deployer's registry comes to another address than the configured one; correct either",
                code="registry_address",
            )
        return deployed.transaction_hash

    def stop(self) -> None:
        """Hand the lead to whoever stands by."""
        self._leadership.release()

    def _unsettled(self, kind: AnchorKind) -> list[StoredAnchor]:
        with self._database.read() as connection:
            return anchors.unsettled(connection, kind, _AT_ONCE)

    def _follow_chain(self) -> None:
        """Notice a chain that was wiped: deploy anew if allowed, and want everything again."""
        chain = self._registry.chain
        genesis = chain.genesis_hash()
        is_deployed = bool(chain.code(self._registry.address))
        if not is_deployed:
            self.ensure_registry()
        with self._database.read() as connection:
            remembered = anchors.remembered_genesis(connection)
            final = anchors.newest_on_chain(connection, least=AnchorStatus.FINAL)
        is_behind = final is not None and self._registry.latest() < final.size
        if remembered == genesis and is_deployed and not is_behind:
            return
        with self._database.write() as connection:
            self._leadership.fence(connection)
            if remembered is not None:
                anchors.want_all_again(connection)
                outbox.lose_all(connection)
            anchors.remember_genesis(connection, genesis)

    def _advance(self, anchor: StoredAnchor, report: AnchoringReport) -> bool:
        """One step or more for one anchor; whether it is final. Its own refusals stop nobody else."""
        try:
            if not self._settle(anchor, report):
                self._send(anchor, report)
                # A local chain mines at once: no need to wait a beat to see it.
                self._settle(anchor, report)
            return self._is_final(anchor)
        except (ChainRefused, LimitReached) as error:
            report.problems.append(error.code)
            return False

    def _settle(self, anchor: StoredAnchor, report: AnchoringReport) -> bool:
        """Whether our value is on chain; if so, that is noted."""
        block_time = self._time_on_chain(anchor)
        if block_time is None:
            return False
        attempts = self._outgoing.attempts(anchor)
        mined = self._outgoing.mined(attempts)
        status = AnchorStatus.FINAL if self._is_deep(anchor) else AnchorStatus.CONFIRMED
        sighting = Sighting(None, None, None, block_time)
        if mined is not None:
            where = mined[1]
            sighting = Sighting(mined[0].hash, where.block_number, where.block_hash, block_time)
        with self._database.write() as connection:
            self._leadership.fence(connection)
            anchors.set_seen(connection, anchor, status, sighting)
            if mined is not None:
                others = [attempt.hash for attempt in attempts if attempt.hash != mined[0].hash]
                outbox.set_status(connection, others, outbox.TxStatus.REPLACED)
                outbox.set_status(connection, [mined[0].hash], outbox.TxStatus.MINED)
        if status > anchor.status:
            report.confirmed += status is AnchorStatus.CONFIRMED
            report.final += status is AnchorStatus.FINAL
        return True

    def _send(self, anchor: StoredAnchor, report: AnchoringReport) -> None:
        attempts = self._outgoing.attempts(anchor)
        if attempts:
            self._outgoing.push(anchor, attempts)
            return
        data = self._batch_data(anchor) if anchor.kind is AnchorKind.BATCH else self._checkpoint_data(anchor)
        if data is not None:
            self._outgoing.send(anchor, self._registry.address, data)
            report.sent += 1

    def _batch_data(self, anchor: StoredAnchor) -> bytes:
        with self._database.read() as connection:
            batch = manifests.signed_batch(connection, anchor.ref)
        if batch is None:
            raise ChainRefused("the batch to be anchored is not signed", code="batch_not_signed")
        return register_batch_data(batch.manifest, batch.signature)

    def _checkpoint_data(self, anchor: StoredAnchor) -> bytes | None:
        latest = self._registry.latest()
        with self._database.write() as connection:
            self._leadership.fence(connection)
            if latest >= anchor.size:
                # The chain is past this size without it: it never will be there.
                anchors.forget(connection, anchor)
                return None
            read = tile_store.reader(connection, tile_store.LOG_TREE)
            consistency = tiles.consistency_at(read, latest, anchor.size) if latest else ()
        return anchor_checkpoint_data(anchor.size, anchor.root, consistency)

    def _time_on_chain(self, anchor: StoredAnchor) -> int | None:
        if anchor.kind is AnchorKind.BATCH:
            batch = self._registry.batch(anchor.ref)
            return None if batch is None else batch.time
        if not already_anchored(self._registry, anchor.size, anchor.root):
            return None
        found = self._registry.checkpoint(anchor.size)
        return None if found is None else found.time

    def _is_deep(self, anchor: StoredAnchor) -> bool:
        if self._depth <= 1:
            return True
        at = self._registry.chain.confirmed_block(self._depth).number
        try:
            if anchor.kind is AnchorKind.BATCH:
                return self._registry.batch(anchor.ref, at) is not None
            return self._registry.checkpoint(anchor.size, at) is not None
        except ChainMismatch as error:
            if error.code == "registry_missing":  # at that block it was not deployed yet
                return False
            raise

    def _is_final(self, anchor: StoredAnchor) -> bool:
        with self._database.read() as connection:
            now = anchors.get(connection, anchor.kind, anchor.ref)
        return now is not None and now.status is AnchorStatus.FINAL
