// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ProvenanceRegistry} from "../ProvenanceRegistry.sol";
import {IProvenanceRegistry} from "../interfaces/IProvenanceRegistry.sol";
import {MerkleLog} from "../MerkleLog.sol";
import {RegistryFixture} from "./RegistryFixture.sol";
import {Trees} from "./Trees.sol";
import {vm} from "./Vm.sol";

contract AnchorCheckpointTest is RegistryFixture {
    function refuse(uint64 size, bytes32 root, bytes32[] memory proof, bytes memory reason) private {
        uint64 held = registry.latest();
        vm.expectRevert(reason);
        vm.prank(ANCHORER);
        registry.anchorCheckpoint(size, root, proof);
        equal(registry.latest(), held, "nothing is half done");
    }

    function testARegistryWithoutAnAnchorerIsNotDeployed() public {
        vm.expectRevert(abi.encodeWithSelector(IProvenanceRegistry.InvalidAnchorer.selector, address(0)));
        new ProvenanceRegistry(address(0));
    }

    function testTheFirstCheckpointMayHaveAnySizeAndNeedsNoProof() public {
        vm.expectEmit(true, true, true, true, address(registry));
        emit IProvenanceRegistry.CheckpointAnchored(1_000_000, "root");
        vm.prank(ANCHORER);
        registry.anchorCheckpoint(1_000_000, "root", new bytes32[](0));
        (bytes32 root, uint64 time) = registry.checkpoints(1_000_000);
        equal(root, "root", "root");
        equal(time, NOW, "time");
        equal(registry.latest(), 1_000_000, "latest");
    }

    function testTheFirstCheckpointWithAProofIsRefused() public {
        refuse(1, "root", new bytes32[](1), abi.encodeWithSelector(MerkleLog.InvalidProofLength.selector, 1));
    }

    function testFuzzACheckpointIsStoredWhereStateProofsLookForIt(bytes32 root, uint64 size, uint64 time) public {
        size = 1 + size % (type(uint64).max - 1);
        time = 1 + time % (type(uint64).max - 1);
        vm.warp(time);
        vm.prank(ANCHORER);
        registry.anchorCheckpoint(size, root, new bytes32[](0));
        bytes32 key = bytes32(uint256(size));
        equal(mappingWord(address(registry), key, 1, 0), root, "word 0");
        equal(uint256(mappingWord(address(registry), key, 1, 1)), time, "word 1");
        equal(uint256(vm.load(address(registry), bytes32(uint256(2)))), size, "slot 2");
        equal(uint256(vm.load(address(registry), bytes32(uint256(3)))), 0, "nothing else is stored");
    }

    function testFuzzALogThatGrowsIsAnchoredStepByStep(uint8 first, uint8 more, uint8 yetMore) public {
        uint64 size = 1 + first % 40;
        anchor(size);
        anchor(size += 1 + more % 40);
        anchor(size += 1 + yetMore % 40);
        equal(registry.latest(), size, "latest");
    }

    function testFuzzARewrittenLogIsRefused(uint8 first, uint8 more, uint256 rewritten) public {
        uint64 size1 = 1 + first % 40;
        uint64 size2 = size1 + 1 + more % 40;
        anchor(size1);
        (bytes32 honest,) = registry.checkpoints(size1);
        bytes32[] memory log = logOf(size2);
        log[rewritten % size1] ^= bytes32(uint256(1));
        refuse(
            size2,
            Trees.root(log, 0, size2),
            Trees.consistency(log, size1, size2),
            abi.encodeWithSelector(
                MerkleLog.RootMismatch.selector,
                isPowerOfTwo(size1) ? rootWith(honest, log, size1, size2) : Trees.root(log, 0, size1),
                isPowerOfTwo(size1) ? Trees.root(log, 0, size2) : honest
            )
        );
    }

    function testFuzzAnyProofFromTheAirIsRefused(uint8 more, bytes32[] memory proof) public {
        anchor(5);
        uint64 size = 6 + uint64(more);
        vm.prank(ANCHORER);
        (bool ok,) = address(registry)
            .call(abi.encodeCall(ProvenanceRegistry.anchorCheckpoint, (size, "forged", proof)));
        check(!ok, "a forged checkpoint");
    }

    function testASizeThatIsNotNewerIsRefused() public {
        anchor(9);
        bytes32 root = Trees.root(logOf(9), 0, 9);
        refuse(9, root, new bytes32[](0), abi.encodeWithSelector(IProvenanceRegistry.NotNewer.selector, 9, 9));
        refuse(8, root, new bytes32[](0), abi.encodeWithSelector(IProvenanceRegistry.NotNewer.selector, 8, 9));
        refuse(0, root, new bytes32[](0), abi.encodeWithSelector(IProvenanceRegistry.NotNewer.selector, 0, 9));
    }

    function testTheEmptyLogIsNotAnchored() public {
        refuse(0, sha256(""), new bytes32[](0), abi.encodeWithSelector(IProvenanceRegistry.NotNewer.selector, 0, 0));
    }

    function testALaterCheckpointWithoutAProofIsRefused() public {
        anchor(9);
        refuse(
            10,
            Trees.root(logOf(10), 0, 10),
            new bytes32[](0),
            abi.encodeWithSelector(MerkleLog.InvalidProofLength.selector, 0)
        );
    }

    function testOnlyTheAnchorerAnchorsAndTheDeployerIsNobody() public {
        address[3] memory others = [DEPLOYER, address(this), vm.addr(SUPPLIER_KEY)];
        for (uint256 i = 0; i < others.length; ++i) {
            vm.expectRevert(
                abi.encodeWithSelector(IProvenanceRegistry.NotAnchorer.selector, others[i], ANCHORER)
            );
            vm.prank(others[i]);
            registry.anchorCheckpoint(1, "root", new bytes32[](0));
        }
    }

    function testAnEntryOfTheLogVerifiesAtEveryAnchoredSize() public {
        anchor(9);
        vm.warp(NOW + 600);
        anchor(14);
        bytes32[] memory log = logOf(14);
        for (uint64 i = 0; i < 14; ++i) {
            if (i < 9) equal(registry.verifyEntry(9, i, entryOf(i), Trees.path(log, i, 0, 9)), NOW, "first");
            equal(registry.verifyEntry(14, i, entryOf(i), Trees.path(log, i, 0, 14)), NOW + 600, "second");
        }
    }

    function testAnotherEntryIndexOrSizeDoesNotVerify() public {
        anchor(14);
        bytes32[] memory path = Trees.path(logOf(14), 3, 0, 14);
        check(verifies(14, 3, entryOf(3), path), "the entry itself");
        check(!verifies(14, 3, entryOf(4), path), "another entry");
        check(!verifies(14, 2, entryOf(3), path), "another index");

        vm.expectRevert(abi.encodeWithSelector(IProvenanceRegistry.UnknownCheckpoint.selector, 13));
        registry.verifyEntry(13, 3, entryOf(3), path);
        vm.expectRevert(abi.encodeWithSelector(IProvenanceRegistry.InvalidEntryLength.selector, 123));
        registry.verifyEntry(14, 3, new bytes(123), path);
        vm.expectRevert(abi.encodeWithSelector(MerkleLog.IndexOutOfRange.selector, 14, 14));
        registry.verifyEntry(14, 14, entryOf(3), path);
    }

    function verifies(uint64 size, uint64 index, bytes memory entry, bytes32[] memory path)
        private
        view
        returns (bool)
    {
        try registry.verifyEntry(size, index, entry, path) {
            return true;
        } catch {
            return false;
        }
    }

    function isPowerOfTwo(uint64 size) private pure returns (bool) {
        return size & (size - 1) == 0;
    }

    /// @dev The root that a proof from a full subtree leads to: the honest past under the rewritten rest. Only the
    /// tree's left spine is above it, so its siblings are the proof itself.
    function rootWith(bytes32 honest, bytes32[] memory log, uint64 size1, uint64 size2)
        private
        pure
        returns (bytes32 hash)
    {
        bytes32[] memory proof = Trees.consistency(log, size1, size2);
        hash = honest;
        for (uint256 i = 0; i < proof.length; ++i) {
            hash = sha256(abi.encodePacked(uint8(1), hash, proof[i]));
        }
    }
}
