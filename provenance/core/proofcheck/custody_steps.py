"""Steps 8 to 10: details opened, custody lawful and inside its brackets, nothing left out."""

from __future__ import annotations

from provenance.core import custody, statetree
from provenance.core.entries import ZERO_HASH, Entry, EntryType, commit_details
from provenance.core.lives import BatchFacts, KeyCustody
from provenance.core.merkle import InclusionProof
from provenance.core.parties import ListedParties, Step
from provenance.core.proofcheck.parts import LoggedEntry, StatePart
from provenance.core.proofcheck.run import Run, reject, rejecting

_BUYER_ACTS = frozenset({EntryType.REDEEM, EntryType.REINSTATE, EntryType.CORRECTION})


def check_details(run: Run) -> None:
    """Step 8: what is opened is what was committed to."""
    opened = 0
    for name, entries in (("custody", run.bundle.custody), ("parties", run.bundle.parties)):
        for position, placed in enumerate(entries):
            opened += _check_details(f"{name}[{position}]", placed)
    if opened:
        run.established(8, f"{opened} opened details are those committed to")
    sealed = sum(
        placed.details is None and placed.entry.detail != ZERO_HASH
        for placed in (*run.bundle.custody, *run.bundle.parties)
    )
    if sealed or not opened:
        run.not_checked(8, "sealed details", f"{sealed} entries keep theirs sealed")


def check_custody(run: Run) -> None:
    """Step 9, first part: the entries are one lawful life, by admitted parties."""
    bundle = run.bundle
    manifest = bundle.batch.manifest
    for position, placed in enumerate(bundle.parties):
        if placed.entry.type is not EntryType.PARTY or placed.entry.subject[:12] != bytes(12):
            raise reject(9, f"parties[{position}] is not a PARTY entry about an address")
    listed = {placed.index: placed.entry for placed in bundle.parties}  # step 4: one index, one entry
    parties = ListedParties(listed.items())
    facts = BatchFacts(
        manifest.batch_id, manifest.supplier, manifest.size, manifest.max_uses, manifest.expires_at
    )
    life = KeyCustody(facts, bundle.key.index)
    uses: set[bytes] = set()
    for position, placed in enumerate(bundle.custody):
        step = Step(placed.index, placed.entry)
        with rejecting(9, f"custody[{position}]"):
            life = custody.accept(life, step, parties)
        is_buyer = placed.entry.type in _BUYER_ACTS and placed.entry.actor in uses
        if not is_buyer and not parties.is_admitted(placed.entry.actor, step):
            raise reject(9, f"custody[{position}]: parties do not show its actor admitted then")
        if placed.entry.type is EntryType.SELL:
            uses.add(placed.entry.party)
    if not life.steps:
        raise reject(9, "custody starts with the COMMISSION of the batch; there is none")
    run.custody = life
    run.established(9, f"{len(life.steps)} entries are one lawful custody, ending in {life.state.name}")


def check_completeness(run: Run) -> None:
    """Step 10: the custody shown is all there is, by the STATE entry before the checkpoint."""
    state = run.bundle.state
    if state is None:
        run.completeness = "completeness not checked (no state)"
        run.not_checked(10, "completeness", "the bundle carries no state")
        return
    _check_state_entry(run, state)
    ranges = tuple(entry.encode() for entry in state.ranges)
    covering = [entry.encode() for entry in state.ranges if _covers(entry, run)]
    entries = [placed.entry for placed in run.bundle.custody]
    if covering != [entry.encode() for entry in entries if entry.is_range]:
        raise reject(10, "the range entries of custody are not those of state.ranges that cover the key")
    singles = tuple(entry.encode() for entry in entries if not entry.is_range)
    manifest = run.bundle.batch.manifest
    with rejecting(10, "the entries do not add up to the state root"):
        proof = statetree.StateProof(
            manifest.batch_id,
            InclusionProof(run.bundle.key.index, manifest.size, state.record_path),
            InclusionProof(state.batch_position, state.batches, state.batch_path),
        )
        statetree.verify_state(proof, singles, ranges, state.entry.subject)
    run.completeness = f"complete by STATE, replayed by {', '.join(run.replayers) or 'nobody'}"
    run.established(10, run.completeness)


def _check_details(where: str, placed: LoggedEntry) -> int:
    if placed.details is None:
        return 0
    with rejecting(8, where):
        commitment = commit_details(placed.details.salt, placed.details.value)
    if commitment != placed.entry.detail:
        raise reject(8, f"{where}: the opened details are not those committed to")
    return 1


def _check_state_entry(run: Run, state: StatePart) -> None:
    entry = state.entry
    if entry.type is not EntryType.STATE or state.index != run.bundle.head.size - 1:
        raise reject(10, "state is not the STATE entry at the end of the checkpoint")
    with rejecting(10, "the STATE entry"):
        batches = entry.party_number
    if (entry.number, batches) != (state.index, state.batches):
        raise reject(10, "the STATE entry names another index or number of batches")


def _covers(entry: Entry, run: Run) -> bool:
    if not entry.is_range or entry.subject != run.bundle.batch.manifest.batch_id:
        raise reject(10, "state.ranges has an entry that is no range entry of the batch")
    return entry.covers(run.bundle.key.index)
