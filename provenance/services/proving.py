"""Proofs: from tiles, entries and anchors to a bundle that needs nobody's word (DESIGN §2, route 5)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

from provenance.chain.registry import RegistryClient
from provenance.chain.stateproof import fetch_state_proof
from provenance.core import tiles
from provenance.core.commitments import leaf, salts, use_party
from provenance.core.entries import EntryType, KeyReason
from provenance.core.keyformats import CardKey
from provenance.core.merkle import HASH_SIZE
from provenance.core.notes import Note, VerifierKey
from provenance.core.proofs import (
    AnchorPart,
    BatchPart,
    BeaconEntry,
    Bundle,
    Hints,
    KeyPart,
    LoggedEntry,
    LogIdentity,
    Opening,
    StateProof,
)
from provenance.core.tiles import TILE_WIDTH
from provenance.errors import ChainUnavailable, Conflict, InputRefused, NotFound
from provenance.services import proofparts, stateparts
from provenance.services.anchoring import want_checkpoint
from provenance.services.context import Context
from provenance.services.opening import recorded_from
from provenance.services.receipts import opened_details
from provenance.store import anchors, manifests, marks
from provenance.store import tiles as tile_store
from provenance.store.anchors import AnchorKind, StoredAnchor
from provenance.store.database import Connection
from provenance.store.entries import StoredEntry
from provenance.store.manifests import SignedBatch

Discloses = Callable[[StoredEntry], bool]
"""Whether the asker may see the sealed details of an entry."""

ANCHOR_RETRY_SECONDS: Final = 15


class ProvingService:
    """Makes bundles; *registry*, if any, is where state proofs come from, at *depth* confirmations."""

    def __init__(self, context: Context, registry: RegistryClient | None = None, *, depth: int = 1) -> None:
        self._context = context
        self._registry = registry
        self._depth = depth

    def bundle(
        self,
        batch_id: bytes,
        index: int,
        *,
        opening: CardKey | None = None,
        use: bytes | None = None,
        discloses: Discloses = lambda stored: False,
        want_anchored: bool = False,
        with_state_proof: bool = False,
    ) -> bytes:
        """The ``*.provenance.json`` of one key.

        *opening* is the key, only for who showed it; *use* the 32 bytes of a buyer's use. It leads to
        the newest anchored checkpoint if that covers the key's whole custody, else to the newest
        signed one and is *pending*; with *want_anchored* the anchor is asked for instead, and
        :class:`Conflict` (``not_anchored_yet``, with ``retry_after``) raised. Raises
        :class:`NotFound` (``key_not_found``), :class:`Conflict` (``not_sequenced_yet``, with
        ``retry_after``), :class:`InputRefused` (``key_mismatch``, ``use_mismatch``), and with
        *with_state_proof* :class:`ChainUnavailable` and :class:`NotFound` (``not_on_chain``).
        """
        with self._context.database.snapshot() as connection:
            made = self._assemble(connection, batch_id, index, discloses)
            key = self._key_part(connection, batch_id, index, opening)
        if use is not None:
            _require_sold_to(use, made)
        bundle = replace(made, key=replace(key, use=use))
        if want_anchored and not bundle.anchors:
            want_checkpoint(self._context)
            raise Conflict(
                "the key's newest event is not anchored yet; its anchor has been asked for",
                code="not_anchored_yet",
                retry_after=ANCHOR_RETRY_SECONDS,
            )
        if with_state_proof:
            bundle = replace(bundle, state_proof=self._state_proof(bundle))
        return bundle.to_bytes()

    def _assemble(self, connection: Connection, batch_id: bytes, index: int, discloses: Discloses) -> Bundle:
        batch = _require_batch(connection, batch_id, index)
        custody = proofparts.custody_of(connection, batch_id, index)
        if not custody:
            raise proofparts.not_sequenced_yet()
        head = proofparts.head_for(connection, batch, custody[-1][0])
        size = head.checkpoint.size
        indices = [place for place, _ in custody]
        entries = [stored.entry for _, stored in custody]
        parties = proofparts.parties_in(connection, entries, batch.manifest.supplier, size)
        beacons = proofparts.beacons_for(connection, indices)
        state_index = stateparts.state_index(connection, size)
        places = {*indices, *(place for place, _ in parties), *(place for place, _ in beacons)}
        places |= set() if state_index is None else {state_index}
        read = tile_store.reader(connection, tile_store.LOG_TREE)
        paths = {proof.index: proof.path for proof in tiles.inclusions_at(read, sorted(places), size)}
        held = proofparts.anchors_for(connection, indices, size) if head.is_anchored else []
        return Bundle(
            network=self._context.domain,
            log=LogIdentity(self._context.origin, self._log_key(connection, head.note)),
            batch=BatchPart(batch.manifest, batch.details, batch.domain, batch.signature),
            key=KeyPart(index, bytes(32), ()),
            custody=tuple(self._logged(place, stored, paths, discloses) for place, stored in custody),
            parties=tuple(self._logged(place, stored, paths, discloses) for place, stored in parties),
            beacons=tuple(
                BeaconEntry(place, entry, paths[place], marks.header_of(connection, entry.subject))
                for place, entry in beacons
            ),
            state=(
                None
                if state_index is None
                else stateparts.state_part(connection, batch_id, index, state_index, paths[state_index])
            ),
            checkpoint=head.note,
            anchors=_anchor_parts(connection, held, size),
            hints=_hints(connection, batch_id, held),
        )

    def _logged(
        self, place: int, stored: StoredEntry, paths: dict[int, tuple[bytes, ...]], discloses: Discloses
    ) -> LoggedEntry:
        details = None
        if stored.sealed is not None and discloses(stored):
            details = opened_details(recorded_from(self._context, stored))
        return LoggedEntry(place, stored.entry, paths[place], details)

    def _log_key(self, connection: Connection, note: Note) -> VerifierKey:
        """The announced log key that signed *note*."""
        for public, reason in marks.announced_keys(connection):
            if reason == KeyReason.LOG:
                key = VerifierKey(self._context.origin, public)
                if any(line.is_by(key) for line in note.signatures):
                    return key
        raise NotFound("the log has not announced the key that signs it", code="log_key_not_announced")

    def _key_part(
        self, connection: Connection, batch_id: bytes, index: int, opening: CardKey | None
    ) -> KeyPart:
        batch = _require_batch(connection, batch_id, index)
        read = tile_store.path_reader(connection, batch.number, index, batch.manifest.size)
        proof = tiles.inclusion_at(read, index, batch.manifest.size)
        tile, place = divmod(index, TILE_WIDTH)
        found = read(0, tile, place + 1)[-HASH_SIZE:]
        part = KeyPart(index, found, proof.path)
        return part if opening is None else replace(part, opening=self._opening(batch, part, opening))

    def _opening(self, batch: SignedBatch, part: KeyPart, key: CardKey) -> Opening:
        seed = self._context.vault.unseal(batch.seed, batch.manifest.batch_id)
        salt = salts(seed, part.index, 1)
        if key.format_id != batch.details.format or leaf(salt, key.identity) != part.leaf:
            raise InputRefused("the key shown is not the one at that place of the batch", code="key_mismatch")
        return Opening(salt, key.serial, key.secret)

    def _state_proof(self, bundle: Bundle) -> StateProof:
        if self._registry is None:
            raise ChainUnavailable("no chain is configured, so there is no state to prove")
        block = self._registry.chain.confirmed_block(self._depth)
        sizes = [anchor.size for anchor in bundle.anchors]
        batch_id = bundle.batch.manifest.batch_id
        return _state_proof_of(fetch_state_proof(self._registry, batch_id, sizes, block_hash=block.hash))


def _require_batch(connection: Connection, batch_id: bytes, index: int) -> SignedBatch:
    batch = manifests.signed_batch(connection, batch_id)
    if batch is None or not 0 <= index < batch.manifest.size:
        raise NotFound("there is no such key in a registered batch", code="key_not_found")
    return batch


def _require_sold_to(use: bytes, bundle: Bundle) -> None:
    party = use_party(use)
    if not any(one.entry.type is EntryType.SELL and one.entry.party == party for one in bundle.custody):
        raise InputRefused("the use shown is not that of a sale of this key", code="use_mismatch")


def _anchor_parts(connection: Connection, held: Sequence[StoredAnchor], size: int) -> tuple[AnchorPart, ...]:
    read = tile_store.reader(connection, tile_store.LOG_TREE)
    return tuple(
        AnchorPart(
            anchor.size, anchor.root, tiles.consistency_at(read, anchor.size, size), anchor.block_time or 0
        )
        for anchor in held
    )


def _hints(connection: Connection, batch_id: bytes, held: Sequence[StoredAnchor]) -> Hints:
    batch = anchors.get(connection, AnchorKind.BATCH, batch_id)
    transactions = tuple(anchor.tx_hash for anchor in held if anchor.tx_hash is not None)
    return Hints(None if batch is None else batch.tx_hash, transactions)


def _state_proof_of(members: dict[str, Any]) -> StateProof:
    def nodes(texts: list[str]) -> tuple[bytes, ...]:
        return tuple(bytes.fromhex(text) for text in texts)

    storage = tuple((bytes.fromhex(slot), nodes(proof)) for slot, proof in members["storage"].items())
    return StateProof(bytes.fromhex(members["header"]), nodes(members["account"]), storage)
