"""Steps 1 to 3: this key, in this batch, signed by this supplier."""

from __future__ import annotations

from provenance.core import commitments, manifest, merkle
from provenance.core.entries import EntryType
from provenance.core.proofcheck.run import Run, reject, rejecting


def check_leaf(run: Run) -> None:
    """Step 1: the leaf is rebuilt from the key; the use is that of a sale in custody."""
    _check_opening(run)
    _check_card_key(run)
    _check_use(run)


def check_inclusion(run: Run) -> None:
    """Step 2: the leaf stands at its index under the batch root."""
    key, batch = run.bundle.key, run.bundle.batch.manifest
    with rejecting(2, "the leaf is not in the batch"):
        merkle.verify_inclusion(key.leaf, key.index, batch.size, key.path, batch.root)
    run.established(2, f"the leaf is key {key.index} of {batch.size} in the batch")


def check_manifest(run: Run) -> None:
    """Step 3: the details hash into the manifest, and the supplier signed it for ``batch.domain``."""
    batch = run.bundle.batch
    if batch.details.hash != batch.manifest.details:
        raise reject(3, "the batch's details are not those of its manifest")
    with rejecting(3, "the supplier's signature"):
        manifest.verify_signature(batch.manifest, batch.domain, batch.signature)
    supplier = batch.manifest.supplier.hex()
    run.established(3, f"batch {batch.manifest.batch_id.hex()} is signed by its supplier 0x{supplier}")


def _check_opening(run: Run) -> None:
    key, format_id = run.bundle.key, run.bundle.batch.details.format
    if key.opening is None:
        return
    if commitments.leaf(key.opening.salt, key.opening.identity(format_id)) != key.leaf:
        raise reject(1, "the key opened in the bundle does not give its leaf")
    run.established(1, "the key opened in the bundle gives the leaf")


def _check_card_key(run: Run) -> None:
    key, reader = run.bundle.key, run.reader
    what = "the leaf is the reader's key"
    if reader.card_key is None:
        run.not_checked(1, what, "the reader brought no key")
        return
    salt = reader.salt or (key.opening.salt if key.opening else None)
    if salt is None:
        run.not_checked(1, what, "neither the bundle nor the reader has the leaf's salt")
        return
    if commitments.leaf(salt, reader.card_key.identity) != key.leaf:
        raise reject(1, "the leaf is not that of the key the reader holds")
    run.established(1, what)


def _check_use(run: Run) -> None:
    use = run.bundle.key.use
    what = "the buyer's use is that of a sale"
    if use is None:
        run.not_checked(1, what, "the bundle shows no use")
        return
    party = commitments.use_party(use)
    sales = (placed.entry for placed in run.bundle.custody if placed.entry.type is EntryType.SELL)
    if not any(sale.party == party for sale in sales):
        raise reject(1, "the buyer's use belongs to no sale in custody")
    run.established(1, what)
