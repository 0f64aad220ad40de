// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CustodyEntry} from "../CustodyEntry.sol";
import {MerkleLog} from "../MerkleLog.sol";

/// @dev What a bundle says of the state tree; `entry` is the place of the STATE entry in `Case.entries`.
struct State {
    uint256 entry;
    bytes32[] recordPath;
    bytes[] ranges;
    uint64 position;
    uint64 batches;
    bytes32[] batchPath;
}

/// @dev The key that the state is of, and where the log ends.
struct Subject {
    bytes32 batchId;
    uint64 keyIndex;
    uint32 batchSize;
    uint64 logSize;
}

/// @dev Step 10 of FORMATS 10, the entries of the key being all of them: chains as FORMATS 6 has them, trees by
/// the library that the registry is built from.
contract CorpusState {
    using CustodyEntry for bytes;

    error NotTheLastEntry();
    error NotANumber();
    error AnotherState(uint64 index, uint64 batches);
    error NotARangeOfTheBatch();
    error OtherRanges();

    uint8 private constant COMMISSION = 1;
    uint8 private constant LAST_ON_KEYS = 10;
    uint8 private constant STATE = 49;

    /// @dev Reverts unless `custody` is all there is of the subject, by the STATE entry `raw` at `index`.
    function verify(
        State calldata state,
        Subject calldata subject,
        uint64 index,
        bytes calldata raw,
        bytes[] calldata custody
    ) external view {
        CustodyEntry.Entry memory entry = raw.decode();
        if (entry.kind != STATE || index != subject.logSize - 1) revert NotTheLastEntry();
        requireNamed(state, index, entry);
        requireSameRanges(state.ranges, subject, custody);
        bytes32 keysRoot = rootOver(
            hashLeaf(bytes.concat(chain(custody, false))), subject.keyIndex, subject.batchSize, state.recordPath
        );
        bytes32 leaf = hashLeaf(bytes.concat(subject.batchId, chain(state.ranges, true), keysRoot));
        MerkleLog.verifyInclusion(state.position, state.batches, leaf, state.batchPath, entry.subject);
    }

    /// @dev Always reverts: with the root that the path leads to, or with what is wrong with the path.
    function lead(uint64 index, uint64 size, bytes32 leaf, bytes32[] calldata path) external pure {
        MerkleLog.verifyInclusion(index, size, leaf, path, 0);
    }

    function requireNamed(State calldata state, uint64 index, CustodyEntry.Entry memory entry) private pure {
        uint160 party = uint160(entry.party);
        if (party >> 64 != 0) revert NotANumber();
        uint64 named = uint64(entry.first) << 32 | entry.count;
        if (named != index || uint64(party) != state.batches) revert AnotherState(named, uint64(party));
    }

    function requireSameRanges(bytes[] calldata ranges, Subject calldata subject, bytes[] calldata custody)
        private
        pure
    {
        bytes32 covering = 0;
        for (uint256 i = 0; i < ranges.length; ++i) {
            CustodyEntry.Entry memory entry = ranges[i].decode();
            if (!isRange(entry) || entry.subject != subject.batchId) revert NotARangeOfTheBatch();
            bool covers = entry.first <= subject.keyIndex
                && subject.keyIndex < uint256(entry.first) + entry.count;
            if (covers) covering = extend(covering, ranges[i]);
        }
        if (covering != chain(custody, true)) revert OtherRanges();
    }

    /// @dev The chain over those of `entries` that are on ranges, or over those that are not.
    function chain(bytes[] calldata entries, bool ranges) private pure returns (bytes32 link) {
        for (uint256 i = 0; i < entries.length; ++i) {
            if (isRange(entries[i].decode()) == ranges) link = extend(link, entries[i]);
        }
    }

    function isRange(CustodyEntry.Entry memory entry) private pure returns (bool) {
        return entry.kind == COMMISSION || (entry.kind <= LAST_ON_KEYS && entry.count > 1);
    }

    function extend(bytes32 link, bytes calldata entry) private pure returns (bytes32) {
        return sha256(bytes.concat(hex"02", link, hashLeaf(entry)));
    }

    function rootOver(bytes32 leaf, uint64 index, uint64 size, bytes32[] calldata path)
        private
        view
        returns (bytes32 root)
    {
        try this.lead(index, size, leaf, path) {
            // The path leads to a root of zeros.
        } catch (bytes memory reason) {
            if (bytes4(reason) != MerkleLog.RootMismatch.selector) rethrow(reason);
            assembly ("memory-safe") {
                root := mload(add(reason, 0x24))
            }
        }
    }

    function rethrow(bytes memory reason) private pure {
        assembly ("memory-safe") {
            revert(add(reason, 0x20), mload(reason))
        }
    }

    function hashLeaf(bytes memory data) private pure returns (bytes32) {
        return MerkleLog.hashLeaf(data);
    }
}
