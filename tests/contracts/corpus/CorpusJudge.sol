// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BatchManifest, IProvenanceRegistry} from "../interfaces/IProvenanceRegistry.sol";
import {CustodyEntry} from "../CustodyEntry.sol";
import {MerkleLog} from "../MerkleLog.sol";
import {CorpusKey, KnownKey, Shown} from "./CorpusKey.sol";
import {CorpusState, State, Subject} from "./CorpusState.sol";
import {RegistryFixture} from "./RegistryFixture.sol";
import {stage} from "./CorpusVm.sol";
import {vm} from "./Vm.sol";

/// @dev An entry, and where it is said to stand in the log.
struct Placed {
    uint64 index;
    bytes entry;
    bytes32[] path;
}

/// @dev A size that is said to be anchored, and its proof to the checkpoint.
struct Anchor {
    uint64 size;
    bytes32 root;
    bytes32[] consistency;
}

/// @dev What a contract can see of a bundle. `keyIndex` is wider than the registry takes: to refuse it is the
/// registry's. The first `custody` of `entries` are the key's own; there is one state, or none. What the corpus expects is not here: the judge does not know what it should find.
struct Case {
    string id;
    uint64 chainId;
    address registry;
    BatchManifest manifest;
    bytes details;
    bytes signature;
    uint256 keyIndex;
    bytes32 leaf;
    bytes32[] path;
    uint64 logSize;
    bytes32 logRoot;
    Placed[] entries;
    Anchor[] anchors;
    uint256 custody;
    KnownKey[] known;
    bytes32[] uses;
    Shown[] shown;
    State[] states;
}

/// @dev The one thing that no door of the registry shows by itself: it takes no size twice.
contract ConsistencyDoor {
    function verify(uint64 size1, uint64 size2, bytes32 root1, bytes32 root2, bytes32[] calldata proof)
        external
        pure
    {
        MerkleLog.verifyConsistency(size1, size2, root1, root2, proof);
    }
}

/// @dev Steps 2, 3, 4 and 6 of FORMATS 10, each by the registry as it is deployed, at the address and on the chain
/// that the batch is signed for: what a bundle claims to be on record is put on record; the registry says the rest.
/// Steps 1, 8 and 10, for which it has no door, by contracts of this suite. Ed25519 (5), a chain other than this
/// one (7) and the law of custody (9) are out of its sight.
abstract contract CorpusJudge is RegistryFixture {
    /// @dev Rules of the steps that are not the registry's.
    error DetailsAreNotTheManifests();
    error AnchorsOutOfOrder();
    error LastAnchorIsNotTheCheckpoint();

    ConsistencyDoor internal door;
    CorpusState internal stateJudge;

    function setUp() public virtual override {
        super.setUp();
        door = new ConsistencyDoor();
        stateJudge = new CorpusState();
    }

    /// @dev The first step that fails, and the selector of the error that says why; 0 where all pass.
    function judge(Case memory asked) internal returns (uint256 step, bytes4 why) {
        vm.chainId(asked.chainId);
        if (asked.registry != address(registry)) stage.etch(asked.registry, address(registry).code);
        if ((why = judgeLeaf(asked)) != 0) return (1, why);
        if ((why = judgeKey(asked)) != 0) return (2, why);
        if ((why = judgeManifest(asked)) != 0) return (3, why);
        if ((why = judgeEntries(asked)) != 0) return (4, why);
        if ((why = judgeAnchors(asked)) != 0) return (6, why);
        if ((why = judgeDetails(asked)) != 0) return (8, why);
        if ((why = judgeState(asked)) != 0) return (10, why);
    }

    function judgeLeaf(Case memory asked) private pure returns (bytes4 why) {
        if ((why = CorpusKey.judgeLeaf(asked.known, asked.leaf)) != 0) return why;
        bytes20[] memory sales = new bytes20[](asked.custody);
        uint256 count = 0;
        for (uint256 i = 0; i < asked.custody; ++i) {
            bytes memory entry = asked.entries[i].entry;
            if (uint8(entry[1]) == CustodyEntry.SELL) sales[count++] = bytes20(word(entry, 72));
        }
        return CorpusKey.judgeUses(asked.uses, sales);
    }

    function judgeDetails(Case memory asked) private pure returns (bytes4 why) {
        for (uint256 i = 0; i < asked.shown.length && why == 0; ++i) {
            Shown memory shown = asked.shown[i];
            why = CorpusKey.judgeShown(shown, word(asked.entries[shown.entry].entry, 92));
        }
    }

    function judgeState(Case memory asked) private returns (bytes4) {
        if (asked.states.length == 0) return 0;
        State memory state = asked.states[0];
        (bytes32 batchId,) = IProvenanceRegistry(asked.registry).hashManifest(asked.manifest);
        Subject memory subject = Subject(batchId, uint64(asked.keyIndex), asked.manifest.size, asked.logSize);
        bytes[] memory custody = new bytes[](asked.custody);
        for (uint256 i = 0; i < asked.custody; ++i) custody[i] = asked.entries[i].entry;
        Placed memory placed = asked.entries[state.entry];
        return refusal(
            address(stateJudge),
            abi.encodeCall(stateJudge.verify, (state, subject, placed.index, placed.entry, custody))
        );
    }

    /// @dev The 32 bytes of `data` from `at` on; all of them are there in an entry of 124.
    function word(bytes memory data, uint256 at) private pure returns (bytes32 found) {
        assembly ("memory-safe") {
            found := mload(add(add(data, 0x20), at))
        }
    }

    function judgeKey(Case memory asked) private returns (bytes4) {
        IProvenanceRegistry there = IProvenanceRegistry(asked.registry);
        (bytes32 batchId,) = there.hashManifest(asked.manifest);
        putBatch(asked, batchId, uint256(asked.manifest.size) | 1 << 32);
        return refusal(
            asked.registry,
            abi.encodeWithSelector(there.verifyKey.selector, batchId, asked.keyIndex, asked.leaf, asked.path)
        );
    }

    function judgeManifest(Case memory asked) private returns (bytes4) {
        if (sha256(asked.details) != asked.manifest.details) return DetailsAreNotTheManifests.selector;
        IProvenanceRegistry there = IProvenanceRegistry(asked.registry);
        (bytes32 batchId,) = there.hashManifest(asked.manifest);
        putBatch(asked, batchId, 0);
        return refusal(asked.registry, abi.encodeCall(there.registerBatch, (asked.manifest, asked.signature)));
    }

    function judgeEntries(Case memory asked) private returns (bytes4 why) {
        putCheckpoint(asked.registry, asked.logSize, asked.logRoot, 1);
        for (uint256 i = 0; i < asked.entries.length && why == 0; ++i) {
            Placed memory placed = asked.entries[i];
            bytes memory call = abi.encodeCall(
                IProvenanceRegistry.verifyEntry, (asked.logSize, placed.index, placed.entry, placed.path)
            );
            why = refusal(asked.registry, call);
        }
    }

    function judgeAnchors(Case memory asked) private returns (bytes4 why) {
        uint64 previous = 0;
        for (uint256 i = 0; i < asked.anchors.length; ++i) {
            Anchor memory anchored = asked.anchors[i];
            if (anchored.size <= previous) return AnchorsOutOfOrder.selector;
            previous = anchored.size;
            why = anchored.size < asked.logSize ? extended(asked, anchored) : compared(asked, anchored);
            if (why != 0) return why;
        }
        if (asked.anchors.length != 0 && previous != asked.logSize) return LastAnchorIsNotTheCheckpoint.selector;
    }

    /// @dev Anchors the checkpoint on top of the anchor.
    function extended(Case memory asked, Anchor memory anchored) private returns (bytes4) {
        putCheckpoint(asked.registry, anchored.size, anchored.root, 1);
        stage.store(asked.registry, bytes32(uint256(2)), bytes32(uint256(anchored.size)));
        vm.prank(ANCHORER);
        return refusal(
            asked.registry,
            abi.encodeCall(
                IProvenanceRegistry.anchorCheckpoint, (asked.logSize, asked.logRoot, anchored.consistency)
            )
        );
    }

    function compared(Case memory asked, Anchor memory anchored) private returns (bytes4) {
        return refusal(
            address(door),
            abi.encodeCall(
                door.verify, (anchored.size, asked.logSize, anchored.root, asked.logRoot, anchored.consistency)
            )
        );
    }

    function putBatch(Case memory asked, bytes32 batchId, uint256 word) private {
        bytes32 slot = keccak256(abi.encode(batchId, uint256(0)));
        stage.store(asked.registry, slot, word == 0 ? bytes32(0) : asked.manifest.root);
        stage.store(asked.registry, bytes32(uint256(slot) + 1), bytes32(word));
    }

    function putCheckpoint(address where, uint64 size, bytes32 root, uint256 time) private {
        bytes32 slot = keccak256(abi.encode(uint256(size), uint256(1)));
        stage.store(where, slot, root);
        stage.store(where, bytes32(uint256(slot) + 1), bytes32(time));
    }

    /// @dev 0 where the call succeeds; all ones where it is refused without a word, as a number too wide is.
    function refusal(address target, bytes memory call) private returns (bytes4) {
        (bool success, bytes memory reason) = target.call(call);
        if (success) return 0;
        return reason.length < 4 ? bytes4(0xffffffff) : bytes4(reason);
    }
}
