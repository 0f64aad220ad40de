"""Proofs as they are asked for: who may have one, by which id it is fetched again, and our own check of it.

Nothing is kept. An id is the sealed place of a key: fetching makes the bundle afresh, so that a proof
that was pending comes back anchored, and no opening of a key ever lies in the database.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Final

from provenance.chain import clients
from provenance.chain.registry import RegistryClient
from provenance.core.commitments import order_use, use_party
from provenance.core.entries import KeyReason
from provenance.core.keyformats import CardKey
from provenance.core.notes import VerifierKey
from provenance.core.proofs import Evidence, NodeReader, ReaderContext, read_bundle, verify
from provenance.errors import ChainMismatch, ChainUnavailable, NotFound, ProvenanceError
from provenance.services import lawbook
from provenance.services.context import Context
from provenance.services.lawbook import Handle, KeyRef
from provenance.services.proving import Discloses, ProvingService
from provenance.services.vault import SealBroken
from provenance.services.verification import VerificationService, Viewer
from provenance.store import marks, parties

_PURPOSE: Final = b"proof id"
_BATCH_SIZE: Final = 32
_INDEX_SIZE: Final = 4
_TIME_SIZE: Final = 6
LIFE_MS: Final = 30 * 86_400_000
"""An id is a capability; it dies, the file it fetched does not."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a bundle should hold besides: the opening, what the asker may see of details, an anchor."""

    opening: bool = False
    details: bool = False
    anchored: bool = False
    state_proof: bool = False


@dataclass(frozen=True, slots=True)
class MadeProof:
    """A proof: the id to fetch it again by, where the key stands, and the bundle's bytes."""

    id: str
    handle: Handle
    bundle: bytes

    def __repr__(self) -> str:
        return f"MadeProof(index={self.handle.index})"


class ProofDesk:
    """*node* is the chain as this service reads it; without one, chain steps are reported not checked."""

    def __init__(self, context: Context, proving: ProvingService, node: NodeReader | None = None) -> None:
        self._context = context
        self._proving = proving
        self._node = node
        self._verification = VerificationService(context)

    def make(self, viewer: Viewer, ref: KeyRef, wish: Wish) -> MadeProof:
        """A proof for those entitled to see the key's custody; raises :class:`NotFound` to others.

        Only who shows the key itself gets it opened. Raises what :meth:`ProvingService.bundle` does.
        """
        handle = self._handle(ref)
        self._verification.custody(viewer, handle)
        use = None if viewer.token is None else order_use(viewer.token, handle.batch_id, handle.index)
        made = self._proving.bundle(
            handle.batch_id,
            handle.index,
            opening=ref if wish.opening and isinstance(ref, CardKey) else None,
            use=use,
            discloses=self._own(viewer, use) if wish.details else lambda stored: False,
            want_anchored=wish.anchored,
            with_state_proof=wish.state_proof,
        )
        return MadeProof(self._id(handle), handle, made)

    def fetch(self, proof_id: str) -> MadeProof:
        """The bundle of an id as it is now, opening and use left out; raises :class:`NotFound`."""
        handle = self._place(proof_id)
        return MadeProof(proof_id, handle, self._proving.bundle(handle.batch_id, handle.index))

    def lasting_id(self, handle: Handle, until: int) -> str:
        """An id for paper: good until *until* (ms), and the same whenever it is asked for."""
        return _text(self._context.vault.seal_alike(_placed(handle, until), _PURPOSE))

    def check(self, raw: bytes) -> Evidence:
        """Check a bundle with this service's own log key and node; raises :class:`ProofRejected`.

        A node that does not answer leaves its steps *not checked*, as for a reader without one.
        """
        log_key = self._log_key(raw)
        reader = ReaderContext(network=self._context.domain, log_key=log_key, node=self._node)
        try:
            return verify(raw, reader)
        except (ChainUnavailable, ChainMismatch):
            return verify(raw, ReaderContext(network=self._context.domain, log_key=log_key))

    def _own(self, viewer: Viewer, use: bytes | None) -> Discloses:
        party = None if use is None else use_party(use)
        names: list[bytes] = []
        if viewer.principal is not None:
            with self._context.database.read() as connection:
                names = parties.names_of(connection, viewer.principal.address)
        return lambda stored: stored.entry.actor in names or stored.entry.party == party

    def _handle(self, ref: KeyRef) -> Handle:
        if isinstance(ref, Handle):
            return ref
        with self._context.database.read() as connection:
            row = lawbook.find(self._context, connection, [ref])[0]
        if row is None:
            raise _unknown()
        return Handle(row.batch.batch_id, row.index)

    def _log_key(self, raw: bytes) -> VerifierKey | None:
        """The announced log key that the bundle names, else one it does not, so that it is refused."""
        with self._context.database.read() as connection:
            announced = marks.announced_keys(connection)
        keys = [
            VerifierKey(self._context.origin, public)
            for public, reason in announced
            if reason == KeyReason.LOG
        ]
        try:
            named = read_bundle(raw).log.key
        except ProvenanceError:
            named = None
        return named if named in keys else next(iter(keys), None)

    def _id(self, handle: Handle) -> str:
        until = self._context.clock.now() + LIFE_MS
        return _text(self._context.vault.seal(_placed(handle, until), _PURPOSE))

    def _place(self, proof_id: str) -> Handle:
        try:
            sealed = base64.urlsafe_b64decode(proof_id + "=" * (-len(proof_id) % 4))
            place = self._context.vault.unseal(sealed, _PURPOSE)
        except (binascii.Error, ValueError, SealBroken):
            raise _unknown_proof() from None
        if int.from_bytes(place[_BATCH_SIZE + _INDEX_SIZE :]) <= self._context.clock.now():
            raise _unknown_proof()
        return Handle(place[:_BATCH_SIZE], int.from_bytes(place[_BATCH_SIZE : _BATCH_SIZE + _INDEX_SIZE]))


def proving_over(
    context: Context, registry: RegistryClient | None, depth: int
) -> tuple[ProvingService, ProofDesk]:
    """Who makes proofs, and who hands them out; *depth*: confirmations before a block counts."""
    proving = ProvingService(context, registry, depth=depth)
    return proving, ProofDesk(context, proving, None if registry is None else clients.NodeReader(registry))


def _placed(handle: Handle, until: int) -> bytes:
    return handle.batch_id + handle.index.to_bytes(_INDEX_SIZE) + until.to_bytes(_TIME_SIZE)


def _text(sealed: bytes) -> str:
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def _unknown() -> NotFound:
    return NotFound("no such key, or not yours to see", code="unknown")


def _unknown_proof() -> NotFound:
    return NotFound("no proof has this id (any more); ask for one", code="unknown_proof")
