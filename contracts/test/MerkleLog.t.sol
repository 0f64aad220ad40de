// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Base64} from "@openzeppelin/contracts/utils/Base64.sol";
import {MerkleLog} from "../MerkleLog.sol";
import {Checks} from "./Checks.sol";
import {Trees} from "./Trees.sol";
import {vm} from "./Vm.sol";

/// @dev The library's functions, callable from outside with their proofs in calldata.
contract MerkleLogDoor {
    function inclusion(uint64 index, uint64 size, bytes32 leaf, bytes32[] calldata path, bytes32 root) external pure {
        MerkleLog.verifyInclusion(index, size, leaf, path, root);
    }

    function consistency(uint64 size1, uint64 size2, bytes32 root1, bytes32 root2, bytes32[] calldata proof)
        external
        pure
    {
        MerkleLog.verifyConsistency(size1, size2, root1, root2, proof);
    }

    function hashLeaf(bytes calldata data) external pure returns (bytes32) {
        return MerkleLog.hashLeaf(data);
    }
}

contract MerkleLogTest is Checks {
    MerkleLogDoor private door;

    function setUp() public {
        door = new MerkleLogDoor();
    }

    function leavesOf(uint256 count, bytes32 seed) private pure returns (bytes32[] memory leaves) {
        leaves = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) leaves[i] = sha256(abi.encodePacked(uint8(0), seed, i));
    }

    function includes(uint256 index, uint256 size, bytes32 leaf, bytes32[] memory path, bytes32 root)
        private
        view
        returns (bool)
    {
        try door.inclusion(uint64(index), uint64(size), leaf, path, root) {
            return true;
        } catch {
            return false;
        }
    }

    function extends(uint256 size1, uint256 size2, bytes32 root1, bytes32 root2, bytes32[] memory proof)
        private
        view
        returns (bool)
    {
        try door.consistency(uint64(size1), uint64(size2), root1, root2, proof) {
            return true;
        } catch {
            return false;
        }
    }

    function testLeafHashHasTheLeafPrefix() public view {
        equal(door.hashLeaf(""), 0x6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d, "leaf of nothing");
        equal(door.hashLeaf(hex"00"), sha256(hex"0000"), "leaf of one byte");
    }

    function testEveryInclusionOfEverySmallTreeIsAccepted() public view {
        for (uint256 size = 1; size <= 17; ++size) {
            bytes32[] memory leaves = leavesOf(size, "small");
            bytes32 root = Trees.root(leaves, 0, size);
            for (uint256 i = 0; i < size; ++i) {
                door.inclusion(uint64(i), uint64(size), leaves[i], Trees.path(leaves, i, 0, size), root);
            }
        }
    }

    function testEveryConsistencyOfEverySmallTreeIsAccepted() public view {
        bytes32[] memory leaves = leavesOf(17, "small");
        for (uint256 n = 1; n <= 17; ++n) {
            bytes32 root = Trees.root(leaves, 0, n);
            for (uint256 m = 1; m <= n; ++m) {
                door.consistency(
                    uint64(m), uint64(n), Trees.root(leaves, 0, m), root, Trees.consistency(leaves, m, n)
                );
            }
        }
    }

    function testFuzzInclusionHoldsAndAnyFlippedBitFails(uint256 index, uint256 size, bytes32 seed, uint8 bit)
        public
        view
    {
        size = 1 + size % 200;
        index %= size;
        bytes32[] memory leaves = leavesOf(size, seed);
        bytes32 root = Trees.root(leaves, 0, size);
        bytes32[] memory path = Trees.path(leaves, index, 0, size);
        check(includes(index, size, leaves[index], path, root), "an honest proof");

        bytes32 flip = bytes32(uint256(1) << bit);
        check(!includes(index, size, leaves[index] ^ flip, path, root), "another leaf");
        check(!includes(index, size, leaves[index], path, root ^ flip), "another root");
        check(size == 1 || !includes((index + 1) % size, size, leaves[index], path, root), "another index");
        for (uint256 i = 0; i < path.length; ++i) {
            path[i] ^= flip;
            check(!includes(index, size, leaves[index], path, root), "another sibling");
            path[i] ^= flip;
        }
    }

    function testFuzzConsistencyHoldsAndAnyFlippedBitFails(uint256 m, uint256 n, bytes32 seed, uint8 bit)
        public
        view
    {
        n = 2 + n % 199;
        m = 1 + m % (n - 1);
        bytes32[] memory leaves = leavesOf(n, seed);
        (bytes32 root1, bytes32 root2) = (Trees.root(leaves, 0, m), Trees.root(leaves, 0, n));
        bytes32[] memory proof = Trees.consistency(leaves, m, n);
        check(extends(m, n, root1, root2, proof), "an honest proof");

        bytes32 flip = bytes32(uint256(1) << bit);
        check(!extends(m, n, root1 ^ flip, root2, proof), "another past");
        check(!extends(m, n, root1, root2 ^ flip, proof), "another present");
        for (uint256 i = 0; i < proof.length; ++i) {
            proof[i] ^= flip;
            check(!extends(m, n, root1, root2, proof), "another node");
            proof[i] ^= flip;
        }
    }

    function testFuzzAProofOfAnotherLengthFails(uint256 index, uint256 size, bytes32 extra) public view {
        size = 2 + size % 100;
        index %= size;
        bytes32[] memory leaves = leavesOf(size, "length");
        bytes32 root = Trees.root(leaves, 0, size);
        bytes32[] memory path = Trees.path(leaves, index, 0, size);
        bytes32[] memory longer = new bytes32[](path.length + 1);
        bytes32[] memory shorter = new bytes32[](path.length - 1);
        for (uint256 i = 0; i < path.length; ++i) longer[i] = path[i];
        for (uint256 i = 0; i < shorter.length; ++i) shorter[i] = path[i];
        longer[path.length] = extra;
        check(!includes(index, size, leaves[index], longer, root), "one hash too many");
        check(!includes(index, size, leaves[index], shorter, root), "one hash too few");
    }

    function testAnInnerNodeDoesNotPassForALeaf() public {
        bytes32[] memory leaves = leavesOf(8, "inner");
        bytes32 root = Trees.root(leaves, 0, 8);
        bytes32[] memory path = new bytes32[](2);
        path[0] = Trees.root(leaves, 2, 4);
        path[1] = Trees.root(leaves, 4, 8);
        bytes32 inner = Trees.root(leaves, 0, 2);
        vm.expectRevert(abi.encodeWithSelector(MerkleLog.InvalidProofLength.selector, 2));
        door.inclusion(0, 8, inner, path, root);
    }

    function testARootDoesNotPassForItsOwnLeaf() public {
        bytes32 root = Trees.root(leavesOf(8, "root"), 0, 8);
        vm.expectRevert(abi.encodeWithSelector(MerkleLog.InvalidProofLength.selector, 0));
        door.inclusion(0, 8, root, new bytes32[](0), root);
    }

    function testAnIndexPastTheEndIsRefused() public {
        vm.expectRevert(abi.encodeWithSelector(MerkleLog.IndexOutOfRange.selector, 8, 8));
        door.inclusion(8, 8, 0, new bytes32[](3), 0);
        vm.expectRevert(abi.encodeWithSelector(MerkleLog.IndexOutOfRange.selector, 0, 0));
        door.inclusion(0, 0, 0, new bytes32[](0), 0);
    }

    function testNoConsistencyWithTheEmptyTreeOrWithASmallerOne() public {
        vm.expectRevert(abi.encodeWithSelector(MerkleLog.SizesOutOfOrder.selector, 0, 1));
        door.consistency(0, 1, 0, 0, new bytes32[](0));
        vm.expectRevert(abi.encodeWithSelector(MerkleLog.SizesOutOfOrder.selector, 2, 1));
        door.consistency(2, 1, 0, 0, new bytes32[](0));
    }

    function testTheLargestSizesDoNotOverflow() public view {
        uint64 max = type(uint64).max;
        check(!includes(max - 1, max, 0, new bytes32[](63), 0), "a proof of zeros at the end of the largest tree");
        check(!extends(max - 1, max, 0, 0, new bytes32[](64)), "a proof of zeros between the largest trees");
    }
}

/// @dev The borrowed vectors, read as they lie. Cases whose hashes are not 32 bytes cannot be said in bytes32.
contract MerkleLogVectorsTest is Checks {
    MerkleLogDoor private door;

    function setUp() public {
        door = new MerkleLogDoor();
    }

    function testEveryRfc9162VectorGivesItsAnswer() public view {
        string memory file = vectors("rfc9162.jsonl");
        uint256 accepted;
        uint256 refused;
        uint256 unsayable;
        for (string memory line = vm.readLine(file); bytes(line).length != 0; line = vm.readLine(file)) {
            (bool sayable, bool ok) = run(line);
            if (!sayable) {
                ++unsayable;
                continue;
            }
            check(ok != vm.parseJsonBool(line, ".wantErr"), vm.parseJsonString(line, ".name"));
            ok ? ++accepted : ++refused;
        }
        equal(accepted, ACCEPTED, "vectors accepted");
        equal(refused, REFUSED, "vectors refused");
        equal(unsayable, 196 - ACCEPTED - REFUSED, "vectors that bytes32 cannot say");
    }

    uint256 private constant ACCEPTED = 11;
    uint256 private constant REFUSED = 132;

    function run(string memory line) private view returns (bool sayable, bool ok) {
        bool inclusion = keccak256(bytes(vm.parseJsonString(line, ".kind"))) == keccak256("inclusion");
        (bool proofFits, bytes32[] memory proof) = proofOf(line);
        (bool firstFits, bytes32 first) = hashOf(line, inclusion ? ".leafHash" : ".root1");
        (bool secondFits, bytes32 second) = hashOf(line, inclusion ? ".root" : ".root2");
        if (!proofFits || !firstFits || !secondFits) return (false, false);
        uint64 low = uint64(vm.parseJsonUint(line, inclusion ? ".leafIdx" : ".size1"));
        uint64 high = uint64(vm.parseJsonUint(line, inclusion ? ".treeSize" : ".size2"));
        bytes memory call = inclusion
            ? abi.encodeCall(MerkleLogDoor.inclusion, (low, high, first, proof, second))
            : abi.encodeCall(MerkleLogDoor.consistency, (low, high, first, second, proof));
        (ok,) = address(door).staticcall(call);
        return (true, ok);
    }

    function hashOf(string memory line, string memory key) private pure returns (bool fits, bytes32 hash) {
        return decoded(vm.parseJsonString(line, key));
    }

    function proofOf(string memory line) private pure returns (bool fits, bytes32[] memory proof) {
        string[] memory texts;
        try vm.parseJsonStringArray(line, ".proof") returns (string[] memory found) {
            texts = found;
        } catch {
            // `"proof": null` is how the vectors write an empty proof.
        }
        proof = new bytes32[](texts.length);
        fits = true;
        for (uint256 i = 0; i < texts.length; ++i) {
            bool one;
            (one, proof[i]) = decoded(texts[i]);
            fits = fits && one;
        }
    }

    function decoded(string memory text) private pure returns (bool fits, bytes32 hash) {
        bytes memory raw = Base64.decode(text);
        return (raw.length == 32, bytes32(raw));
    }
}
