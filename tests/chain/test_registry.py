"""The registry client against the real contract on a real node."""

from __future__ import annotations

import pytest

from provenance.chain import registry as registry_module
from provenance.chain.deployment import deploy_registry
from provenance.chain.registry import (
    RegistryClient,
    anchor_checkpoint_data,
    deployment_data,
    expected_address,
    register_batch_data,
    registry_interface,
)
from provenance.chain.rpc import Chain
from provenance.chain.sender import Sender, already_anchored, already_registered
from provenance.chain.signer import Signer
from provenance.core import manifest, merkle
from provenance.core.proofs import CheckpointOnChain
from provenance.errors import ChainMismatch, ChainRefused, InputRefused, Refused
from tests.chain.conftest import CHAIN_ID, LocalChain
from tests.chain.golden import BATCH_ID, ENTRIES, MANIFEST, REGISTRY, ROOT, SIGNATURE

LEAVES = [merkle.leaf_hash(entry) for entry in ENTRIES]


def send(local: LocalChain, data: bytes, to: bytes | None = None) -> bytes:
    sender = local.sender
    target = local.registry.address if to is None else to
    return sender.broadcast(sender.prepare(target, data, nonce=sender.next_nonce([])).raw)


def anchor(local: LocalChain, size: int, since: int = 0) -> bytes:
    proof = merkle.consistency_path(LEAVES[:size], since) if since else ()
    send(local, anchor_checkpoint_data(size, root := merkle.root(LEAVES[:size]), proof))
    return root


def code_of(refusal: pytest.ExceptionInfo[ChainRefused]) -> str:
    return refusal.value.code


def test_the_registry_is_deployed_where_the_golden_manifest_expects_it(local: LocalChain) -> None:
    assert local.registry.address == REGISTRY == expected_address(local.deployer.address)
    identity = local.registry.identify()
    assert (identity.latest, identity.anchorer) == (0, local.anchorer.address)


def test_deploying_again_finds_the_registry_and_sends_nothing(local: LocalChain) -> None:
    again = deploy_registry(local.chain, local.deployer, anchorer=local.anchorer.address)
    assert (again.address, again.transaction_hash) == (local.registry.address, None)
    assert local.chain.mined_nonce(local.deployer.address) == 1


def test_a_registry_of_another_anchorer_is_not_taken_for_ours(local: LocalChain) -> None:
    with pytest.raises(ChainMismatch) as mismatch:
        deploy_registry(local.chain, local.deployer, anchorer=b"\x07" * 20)
    assert mismatch.value.code == "registry_anchorer"


def test_an_account_that_sent_something_before_cannot_deploy(bare_chain: Chain) -> None:
    used = Signer.test_account(5)
    sender = Sender(bare_chain, used)
    sender.broadcast(sender.prepare(b"\x09" * 20, b"", nonce=0).raw)
    with pytest.raises(Refused) as refused:
        deploy_registry(bare_chain, used, anchorer=used.address)
    assert refused.value.code == "deployer_used"


def test_two_deployers_at_once_find_the_same_registry(bare_chain: Chain) -> None:
    deployer = Signer.test_account(0)
    bare_chain.request("evm_setAutomine", False)
    rival = Sender(bare_chain, deployer).prepare(None, deployment_data(b"\x07" * 20), nonce=0)
    Sender(bare_chain, deployer).broadcast(rival.raw)
    bare_chain.request("evm_setIntervalMining", 300)
    try:
        deployed = deploy_registry(bare_chain, deployer, anchorer=b"\x07" * 20)
    finally:
        bare_chain.request("evm_setIntervalMining", 0)
    assert deployed.address == expected_address(deployer.address)
    assert bare_chain.mined_nonce(deployer.address) == 1


def test_a_batch_signed_by_its_supplier_is_registered(local: LocalChain) -> None:
    assert local.registry.batch(BATCH_ID) is None
    assert not already_registered(local.registry, BATCH_ID, ROOT)
    send(local, register_batch_data(MANIFEST, SIGNATURE))
    found = local.registry.batch(BATCH_ID)
    assert found is not None
    assert (found.root, found.size) == (ROOT, 7)
    assert found.time == local.chain.newest_block().time
    assert already_registered(local.registry, BATCH_ID, ROOT)


def test_registering_twice_is_refused_before_anything_is_sent(local: LocalChain) -> None:
    data = register_batch_data(MANIFEST, SIGNATURE)
    send(local, data)
    with pytest.raises(ChainRefused) as refused:
        send(local, data)
    assert code_of(refused) == "already_registered"
    assert refused.value.facts["batchId"] == "0x" + BATCH_ID.hex()


def test_a_signature_by_anyone_else_is_refused(local: LocalChain) -> None:
    stranger = manifest.sign(b"\x11" * 32, MANIFEST.digest(manifest.Domain(CHAIN_ID, REGISTRY)))
    with pytest.raises(ChainRefused) as refused:
        send(local, register_batch_data(MANIFEST, stranger))
    assert code_of(refused) == "signer_is_not_supplier"


def test_a_signature_that_is_cut_short_is_refused(local: LocalChain) -> None:
    with pytest.raises(ChainRefused) as refused:
        send(local, register_batch_data(MANIFEST, SIGNATURE[:64]))
    assert code_of(refused) == "invalid_signature_length"


def test_checkpoints_are_anchored_one_after_the_other(local: LocalChain) -> None:
    first = anchor(local, 9)
    second = anchor(local, 14, since=9)
    newest = local.chain.newest_block()
    assert local.registry.latest() == 14
    assert local.registry.checkpoint(14) == CheckpointOnChain(second, newest.time)
    earlier = local.registry.checkpoint(9)
    assert earlier is not None and earlier.root == first
    assert local.registry.checkpoint(10) is None
    assert already_anchored(local.registry, 9, first)


def test_a_view_can_look_back_to_an_earlier_block(local: LocalChain) -> None:
    anchor(local, 9)
    before = local.chain.newest_block()
    anchor(local, 14, since=9)
    assert local.registry.latest(at=before.number) == 9
    assert local.registry.latest(at=before.hash) == 9


def test_an_older_or_equal_size_is_not_newer(local: LocalChain) -> None:
    anchor(local, 9)
    for size in (9, 3):
        with pytest.raises(ChainRefused) as refused:
            anchor(local, size)
        assert code_of(refused) == "not_newer"
        assert refused.value.facts["latest"] == 9


def test_a_checkpoint_that_rewrites_history_is_refused(local: LocalChain) -> None:
    anchor(local, 9)
    forged = [merkle.leaf_hash(b"another past"), *LEAVES[1:]]
    proof = merkle.consistency_path(forged, 9)
    with pytest.raises(ChainRefused) as refused:
        send(local, anchor_checkpoint_data(14, merkle.root(forged), proof))
    assert code_of(refused) == "root_mismatch"


def test_only_the_anchorer_anchors(local: LocalChain) -> None:
    stranger = Sender(local.chain, Signer.test_account(2))
    with pytest.raises(ChainRefused) as refused:
        stranger.prepare(local.registry.address, anchor_checkpoint_data(9, b"\x01" * 32, ()), nonce=0)
    assert code_of(refused) == "not_anchorer"


def test_another_root_on_chain_for_our_size_is_a_fork_not_success(local: LocalChain) -> None:
    anchor(local, 9)
    with pytest.raises(Refused) as refused:
        already_anchored(local.registry, 9, b"\x01" * 32)
    assert refused.value.code == "checkpoint_conflict"


def test_the_contract_accepts_our_inclusion_paths(local: LocalChain) -> None:
    anchor(local, 14)
    time = local.registry.verify_entry(14, 4, ENTRIES[4], merkle.inclusion_path(LEAVES, 4))
    assert time == local.chain.newest_block().time
    with pytest.raises(ChainRefused) as refused:
        local.registry.verify_entry(14, 5, ENTRIES[4], merkle.inclusion_path(LEAVES, 4))
    assert code_of(refused) == "root_mismatch"
    with pytest.raises(ChainRefused) as unknown:
        local.registry.verify_key(BATCH_ID, 0, b"\x01" * 32, [])
    assert code_of(unknown) == "unknown_batch"


def test_an_address_without_a_contract_is_a_mismatch(bare_chain: Chain) -> None:
    nobody = RegistryClient(bare_chain, b"\x0b" * 20)
    for ask in (nobody.identify, nobody.latest, lambda: nobody.batch(BATCH_ID)):
        with pytest.raises(ChainMismatch) as mismatch:
            ask()
        assert mismatch.value.code == "registry_missing"


def test_a_contract_that_is_not_the_registry_is_a_mismatch(bare_chain: Chain) -> None:
    impostor = b"\x0c" * 20
    # PUSH1 1, PUSH1 0, MSTORE8, PUSH1 1, PUSH1 0, RETURN: one byte for every question.
    bare_chain.request("hardhat_setCode", "0x" + impostor.hex(), "0x600160005360016000f3")
    with pytest.raises(ChainMismatch) as mismatch:
        RegistryClient(bare_chain, impostor).identify()
    assert mismatch.value.code == "registry_foreign"


def test_every_custom_error_of_the_contract_has_a_code() -> None:
    assert registry_interface().error_names == set(registry_module._REFUSALS)


@pytest.mark.parametrize(
    ("size", "root", "path"), [(0, b"\x01" * 32, ()), (1, b"\x01" * 31, ()), (2, b"\x01" * 32, (b"",))]
)
def test_an_anchor_of_the_wrong_shape_is_never_encoded(
    size: int, root: bytes, path: tuple[bytes, ...]
) -> None:
    with pytest.raises(InputRefused):
        anchor_checkpoint_data(size, root, path)
