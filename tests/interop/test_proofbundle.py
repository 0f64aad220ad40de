"""The Python package ``proofbundle``, by other hands, verifies our ``.tlog-proof`` files, and we its."""

from __future__ import annotations

import pytest

from provenance.core import merkle, notes
from provenance.core.notes import COSIGNATURE, verifier_key
from provenance.core.policy import Policy
from provenance.core.tlogproof import TlogProof, verify
from tests.audit.log_world import LogWorld, lived_in

tlogproof = pytest.importorskip("proofbundle.tlogproof", reason="the package proofbundle is not installed")
WITNESSES = {f"witness.example/{n}": bytes([n]) * 32 for n in (1, 2, 3)}
KEYS = [verifier_key(name, seed, COSIGNATURE) for name, seed in WITNESSES.items()]

pytestmark = pytest.mark.interop


def proof_of(world: LogWorld, index: int, cosigners: int = 0) -> TlogProof:
    leaves = [merkle.leaf_hash(raw) for raw in world.raws()]
    note = world.note()
    for name, seed in list(WITNESSES.items())[:cosigners]:
        note = note.with_signature(notes.cosign(note.text, name, seed, 1_800_000_000))
    return TlogProof(index, merkle.inclusion_path(leaves, index), note, world.raws()[index])


@pytest.mark.parametrize("index", [0, 1, 11, 25])
def test_proofbundle_verifies_our_proof_of_every_entry(index: int) -> None:
    world = lived_in()
    text = proof_of(world, index).encode().decode()
    verdict = tlogproof.verify_tlog_proof(text, world.raws()[index], world.log_key.encode())
    assert verdict["ok"] is True
    assert (verdict["index"], verdict["tree_size"]) == (index, len(world.entries))


@pytest.mark.parametrize(("cosigners", "is_enough"), [(3, True), (2, True), (1, False)])
def test_both_want_two_of_three_witnesses(cosigners: int, is_enough: bool) -> None:
    world = lived_in()
    proof = proof_of(world, 9, cosigners)
    vkeys = [key.encode() for key in KEYS]
    verdict = tlogproof.verify_tlog_proof(
        proof.encode().decode(), world.raws()[9], world.log_key.encode(), vkeys, threshold=2
    )
    assert verdict["ok"] is is_enough
    policy = Policy.flat(world.log_key, KEYS, 2)
    if is_enough:
        assert verify(proof, world.raws()[9], policy).size == len(world.entries)
    else:
        with pytest.raises(Exception, match="quorum"):
            verify(proof, world.raws()[9], policy)


def test_both_refuse_another_entry_and_another_key() -> None:
    world = lived_in()
    text = proof_of(world, 9).encode().decode()
    stranger = LogWorld(seed=bytes(32)).log_key.encode()
    assert not tlogproof.verify_tlog_proof(text, world.raws()[8], world.log_key.encode())["ok"]
    assert not tlogproof.verify_tlog_proof(text, world.raws()[9], stranger)["ok"]


def test_we_read_the_file_that_proofbundle_writes() -> None:
    world = lived_in()
    ours = proof_of(world, 9)
    theirs = tlogproof.format_tlog_proof(9, ours.path, ours.note.encode().decode(), ours.extra)
    assert theirs.encode() == ours.encode()
    assert TlogProof.parse(theirs.encode()) == ours
