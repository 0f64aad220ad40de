// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Base64} from "@openzeppelin/contracts/utils/Base64.sol";
import {BatchManifest} from "../interfaces/IProvenanceRegistry.sol";
import {RegistryFixture} from "./RegistryFixture.sol";
import {vm} from "./Vm.sol";

/// @dev The frozen world of tests/vectors/golden.json, on chain.
contract GoldenTest is RegistryFixture {
    string private golden;

    function setUp() public override {
        super.setUp();
        golden = vm.readFile(vectors("golden.json"));
    }

    function text(string memory key) private view returns (string memory) {
        return vm.parseJsonString(golden, key);
    }

    function hash(string memory key) private view returns (bytes32) {
        return vm.parseBytes32(string.concat("0x", text(key)));
    }

    function number(string memory key) private view returns (uint256) {
        return vm.parseJsonUint(golden, key);
    }

    function hashes(string memory key) private view returns (bytes32[] memory list) {
        string[] memory texts = vm.parseJsonStringArray(golden, key);
        list = new bytes32[](texts.length);
        for (uint256 i = 0; i < texts.length; ++i) list[i] = vm.parseBytes32(string.concat("0x", texts[i]));
    }

    function manifest() private view returns (BatchManifest memory) {
        return BatchManifest({
            supplier: vm.parseAddress(text(".bundle.batch.manifest.supplier")),
            root: hash(".bundle.batch.manifest.root"),
            size: uint32(number(".bundle.batch.manifest.size")),
            maxUses: uint32(number(".bundle.batch.manifest.max_uses")),
            expiresAt: uint64(number(".bundle.batch.manifest.expires_at")),
            details: hash(".bundle.batch.manifest.details")
        });
    }

    function testTheRegistryHasItsDeterministicAddress() public view {
        equal(address(registry), REGISTRY, "deployed by the first account at nonce 0");
        equal(REGISTRY, vm.parseAddress(text(".registry")), "as in the vectors");
    }

    function testBatchIdAndDigestAreThoseOfTheVectors() public view {
        (bytes32 batchId, bytes32 digest) = registry.hashManifest(manifest());
        equal(batchId, hash(".batch_id"), "batch id");
        equal(digest, hash(".eip712_digest"), "digest");
    }

    function testTheSignedBatchRegistersAndItsKeyVerifies() public {
        bytes32 batchId = registry.registerBatch(manifest(), vm.parseBytes(text(".signature")));
        equal(batchId, hash(".batch_id"), "batch id");
        uint32 index = uint32(number(".bundle.key.index"));
        equal(registry.verifyKey(batchId, index, hash(".bundle.key.leaf"), hashes(".bundle.key.path")), NOW, "key");
    }

    function testBothAnchorsAreAcceptedAndEveryEntryOfTheBundleVerifies() public {
        vm.prank(ANCHORER);
        registry.anchorCheckpoint(9, hash(".bundle.anchors[0].root"), new bytes32[](0));
        vm.prank(ANCHORER);
        registry.anchorCheckpoint(14, hash(".log_root"), hashes(".bundle.anchors[0].consistency"));
        equal(hash(".bundle.anchors[1].root"), hash(".log_root"), "the last anchor is the checkpoint");

        verifyAll(".bundle.custody", 6);
        verifyAll(".bundle.parties", 2);
        verifyAll(".bundle.beacons", 1);
        verifyOne(".bundle.state");
    }

    function verifyAll(string memory list, uint256 count) private view {
        for (uint256 i = 0; i < count; ++i) verifyOne(string.concat(list, "[", vm.toString(i), "]"));
    }

    function verifyOne(string memory where) private view {
        bytes memory entry = Base64.decode(text(string.concat(where, ".entry")));
        uint64 index = uint64(number(string.concat(where, ".index")));
        bytes32[] memory path = hashes(string.concat(where, ".path"));
        equal(registry.verifyEntry(14, index, entry, path), NOW, where);
    }
}
