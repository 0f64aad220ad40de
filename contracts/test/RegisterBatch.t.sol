// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ProvenanceRegistry} from "../ProvenanceRegistry.sol";
import {BatchManifest, IProvenanceRegistry} from "../interfaces/IProvenanceRegistry.sol";
import {MerkleLog} from "../MerkleLog.sol";
import {RegistryFixture} from "./RegistryFixture.sol";
import {Trees} from "./Trees.sol";
import {vm} from "./Vm.sol";

contract RegisterBatchTest is RegistryFixture {
    uint256 private constant CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;

    function refuse(BatchManifest memory manifest, bytes memory signature, bytes memory reason) private {
        vm.expectRevert(reason);
        registry.registerBatch(manifest, signature);
        (bytes32 batchId,) = registry.hashManifest(manifest);
        (, uint32 size,) = registry.batches(batchId);
        equal(size, 0, "nothing is half done");
    }

    function testABatchSignedByItsSupplierIsOnRecordWhoeverSendsIt() public {
        BatchManifest memory manifest = manifestOf("root", 7);
        bytes memory signature = signed(SUPPLIER_KEY, manifest);
        (bytes32 expected,) = registry.hashManifest(manifest);
        vm.expectEmit(true, true, true, true, address(registry));
        emit IProvenanceRegistry.BatchRegistered(expected, manifest.supplier, "root", 7);
        vm.prank(address(0xB0B));
        bytes32 batchId = registry.registerBatch(manifest, signature);

        equal(batchId, expected, "batch id");
        (bytes32 root, uint32 size, uint64 time) = registry.batches(batchId);
        equal(root, "root", "root");
        equal(size, 7, "size");
        equal(time, NOW, "time");
    }

    function testFuzzABatchIsStoredWhereStateProofsLookForIt(bytes32 root, uint32 size, uint64 time) public {
        size = 1 + size % 10_000_000;
        time = 1 + time % (type(uint64).max - 1);
        vm.warp(time);
        BatchManifest memory manifest = manifestOf(root, size);
        bytes32 batchId = registry.registerBatch(manifest, signed(SUPPLIER_KEY, manifest));
        equal(mappingWord(address(registry), batchId, 0, 0), root, "word 0");
        equal(uint256(mappingWord(address(registry), batchId, 0, 1)), uint256(time) * 2 ** 32 + size, "word 1");
    }

    function testFuzzAnyManifestWithinBoundsRegisters(BatchManifest memory manifest, uint256 key) public {
        key = 1 + key % (CURVE_ORDER - 1);
        manifest.supplier = vm.addr(key);
        manifest.size = 1 + manifest.size % 10_000_000;
        manifest.maxUses = 1 + manifest.maxUses % 1_000;
        registry.registerBatch(manifest, signed(key, manifest));
    }

    function testABatchCannotBeRegisteredAgain() public {
        BatchManifest memory manifest = manifestOf("root", 7);
        bytes memory signature = signed(SUPPLIER_KEY, manifest);
        bytes32 batchId = registry.registerBatch(manifest, signature);
        vm.warp(NOW + 1 days);
        vm.expectRevert(abi.encodeWithSelector(IProvenanceRegistry.AlreadyRegistered.selector, batchId));
        registry.registerBatch(manifest, signature);
        (,, uint64 time) = registry.batches(batchId);
        equal(time, NOW, "the first time stays");
    }

    function testASizeOutOfBoundsIsRefused() public {
        uint32[3] memory sizes = [uint32(0), 10_000_001, type(uint32).max];
        for (uint256 i = 0; i < sizes.length; ++i) {
            BatchManifest memory manifest = manifestOf("root", sizes[i]);
            refuse(
                manifest,
                signed(SUPPLIER_KEY, manifest),
                abi.encodeWithSelector(IProvenanceRegistry.BatchSizeOutOfBounds.selector, sizes[i])
            );
        }
    }

    function testTheBoundsThemselvesAreWithin() public {
        BatchManifest memory manifest = manifestOf("root", 10_000_000);
        manifest.maxUses = 1_000;
        registry.registerBatch(manifest, signed(SUPPLIER_KEY, manifest));
    }

    function testMaxUsesOutOfBoundsIsRefused() public {
        uint32[3] memory uses = [uint32(0), 1_001, type(uint32).max];
        for (uint256 i = 0; i < uses.length; ++i) {
            BatchManifest memory manifest = manifestOf("root", 7);
            manifest.maxUses = uses[i];
            refuse(
                manifest,
                signed(SUPPLIER_KEY, manifest),
                abi.encodeWithSelector(IProvenanceRegistry.MaxUsesOutOfBounds.selector, uses[i])
            );
        }
    }

    function testASignatureByAnotherKeyIsRefused() public {
        BatchManifest memory manifest = manifestOf("root", 7);
        refuse(
            manifest,
            signed(0xBAD, manifest),
            abi.encodeWithSelector(
                IProvenanceRegistry.SignerIsNotSupplier.selector, vm.addr(0xBAD), manifest.supplier
            )
        );
    }

    function testASignatureForAnotherManifestChainOrRegistryIsRefused() public {
        BatchManifest memory manifest = manifestOf("root", 7);
        bytes memory good = signed(SUPPLIER_KEY, manifest);
        manifest.expiresAt = 1;
        check(!registers(registry, manifest, good), "another manifest");
        manifest.expiresAt = 0;
        vm.chainId(1);
        check(!registers(registry, manifest, good), "another chain");
        vm.chainId(31337);
        check(!registers(new ProvenanceRegistry(ANCHORER), manifest, good), "another registry");
        check(registers(registry, manifest, good), "the right place");
    }

    function testFuzzAFlippedBitOfTheSignatureIsRefused(uint256 bit) public {
        BatchManifest memory manifest = manifestOf("root", 7);
        bytes memory signature = signed(SUPPLIER_KEY, manifest);
        bit %= 65 * 8;
        signature[bit / 8] ^= bytes1(uint8(1 << (bit % 8)));
        check(!registers(registry, manifest, signature), "a flipped bit");
    }

    function testTheOtherSOfTheSameSignatureIsRefused() public {
        BatchManifest memory manifest = manifestOf("root", 7);
        (, bytes32 digest) = registry.hashManifest(manifest);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(SUPPLIER_KEY, digest);
        bytes32 high = bytes32(CURVE_ORDER - uint256(s));
        refuse(
            manifest,
            abi.encodePacked(r, high, v == 27 ? uint8(28) : uint8(27)),
            abi.encodeWithSelector(IProvenanceRegistry.MalleableSignature.selector, high)
        );
    }

    function testAForeignVIsRefused() public {
        BatchManifest memory manifest = manifestOf("root", 7);
        (, bytes32 digest) = registry.hashManifest(manifest);
        bytes memory signature = signed(SUPPLIER_KEY, manifest);
        uint8[7] memory foreign = [uint8(0), 1, 26, 29, 37, 38, 255];
        for (uint256 i = 0; i < foreign.length; ++i) {
            signature[64] = bytes1(foreign[i]);
            refuse(
                manifest, signature, abi.encodeWithSelector(IProvenanceRegistry.InvalidSignature.selector, digest)
            );
        }
    }

    function testASignatureOfAnotherLengthIsRefused() public {
        BatchManifest memory manifest = manifestOf("root", 7);
        bytes memory good = signed(SUPPLIER_KEY, manifest);
        bytes[3] memory wrong = [bytes(""), new bytes(64), bytes.concat(good, hex"00")];
        for (uint256 i = 0; i < wrong.length; ++i) {
            refuse(
                manifest,
                wrong[i],
                abi.encodeWithSelector(IProvenanceRegistry.InvalidSignatureLength.selector, wrong[i].length)
            );
        }
    }

    function testASupplierOfZeroCannotBeSignedFor() public {
        BatchManifest memory manifest = manifestOf("root", 7);
        manifest.supplier = address(0);
        (, bytes32 digest) = registry.hashManifest(manifest);
        refuse(
            manifest,
            abi.encodePacked(new bytes(64), uint8(27)),
            abi.encodeWithSelector(IProvenanceRegistry.InvalidSignature.selector, digest)
        );
    }

    function testAKeyOfTheBatchVerifiesAndNothingElseDoes() public {
        bytes32[] memory leaves = logOf(7);
        BatchManifest memory manifest = manifestOf(Trees.root(leaves, 0, 7), 7);
        bytes32 batchId = registry.registerBatch(manifest, signed(SUPPLIER_KEY, manifest));
        vm.warp(NOW + 1 days);
        for (uint32 i = 0; i < 7; ++i) {
            bytes32[] memory path = Trees.path(leaves, i, 0, 7);
            equal(registry.verifyKey(batchId, i, leaves[i], path), NOW, "the time of registration");
            bytes memory mismatch = abi.encodeWithSelector(
                MerkleLog.RootMismatch.selector, rootWithAnotherLeaf(leaves, i), manifest.root
            );
            vm.expectRevert(mismatch);
            registry.verifyKey(batchId, i, "another leaf", path);
        }
        bytes32[] memory last = Trees.path(leaves, 6, 0, 7);
        vm.expectRevert(abi.encodeWithSelector(MerkleLog.IndexOutOfRange.selector, 7, 7));
        registry.verifyKey(batchId, 7, leaves[6], last);
        vm.expectRevert(abi.encodeWithSelector(IProvenanceRegistry.UnknownBatch.selector, bytes32("other")));
        registry.verifyKey("other", 6, leaves[6], last);
    }

    function rootWithAnotherLeaf(bytes32[] memory leaves, uint256 index) private pure returns (bytes32 root) {
        bytes32 kept = leaves[index];
        leaves[index] = "another leaf";
        root = Trees.root(leaves, 0, leaves.length);
        leaves[index] = kept;
    }

    function registers(ProvenanceRegistry where, BatchManifest memory manifest, bytes memory signature)
        private
        returns (bool)
    {
        try where.registerBatch(manifest, signature) {
            return true;
        } catch {
            return false;
        }
    }
}
