"""A batch as its supplier signed it: what goes to the chain and into proofs."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from provenance.core.manifest import BatchDetails, BatchManifest, Domain
from provenance.store import batches
from provenance.store.batches import Status
from provenance.store.database import Connection


@dataclass(frozen=True, slots=True)
class SignedBatch:
    """A live batch: the number of its tree, what was signed for which domain, and the sealed seed."""

    number: int
    manifest: BatchManifest
    details: BatchDetails
    domain: Domain
    signature: bytes
    seed: bytes = field(repr=False)


def signed_batch(connection: Connection, batch_id: bytes) -> SignedBatch | None:
    """The live batch of that id; ``None`` if there is none, or it is not signed yet."""
    row = batches.by_id(connection, batch_id)
    if row is None or row.status is not Status.LIVE or row.signature is None:
        return None
    details = BatchDetails.from_json(json.loads(row.details))
    manifest = BatchManifest(row.supplier, row.root, row.size, row.max_uses, row.expires_at, details.hash)
    domain = Domain(row.chain_id, row.registry)
    return SignedBatch(row.number, manifest, details, domain, row.signature, row.seed)
