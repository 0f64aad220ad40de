// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IEscrowRefusals} from "./interfaces/IEscrowRefusals.sol";

/// @title The 124 bytes of a custody entry, read
/// @notice version 1, type 1, reason 2, time 8 (milliseconds), subject 32, first 4, count 4, actor 20, party 20,
/// detail 32; big-endian.
library CustodyEntry {
    /// @notice An entry without its version, which is 1, and its sealed detail, which says nothing here.
    struct Entry {
        uint8 kind;
        uint16 reason;
        uint64 time;
        bytes32 subject;
        uint32 first;
        uint32 count;
        address actor;
        address party;
    }

    uint256 internal constant LENGTH = 124;
    uint8 internal constant VERSION = 1;

    uint8 internal constant SELL = 4;
    uint8 internal constant DELIVER = 5;
    uint8 internal constant REDEEM = 6;
    uint8 internal constant REINSTATE = 7;
    uint8 internal constant PARTY = 32;

    /// @dev Reason of a REDEEM.
    uint16 internal constant USED_BEFORE_SALE = 1;
    /// @dev Reason of a PARTY: from here on its party stands for its subject.
    uint16 internal constant SUCCEEDED = 8;

    /// @notice Reads an entry, or reverts.
    /// @param raw 124 bytes
    /// @return entry what they say
    function decode(bytes calldata raw) internal pure returns (Entry memory entry) {
        if (raw.length != LENGTH) revert IEscrowRefusals.InvalidEntryLength(raw.length);
        if (uint8(raw[0]) != VERSION) revert IEscrowRefusals.UnknownEntryVersion(uint8(raw[0]));
        entry.kind = uint8(raw[1]);
        entry.reason = uint16(bytes2(raw[2:4]));
        entry.time = uint64(bytes8(raw[4:12]));
        entry.subject = bytes32(raw[12:44]);
        entry.first = uint32(bytes4(raw[44:48]));
        entry.count = uint32(bytes4(raw[48:52]));
        entry.actor = address(bytes20(raw[52:72]));
        entry.party = address(bytes20(raw[72:92]));
    }

    /// @notice Reverts unless the entry is of this type and on this one key.
    /// @param entry as read
    /// @param kind type it must have
    /// @param batchId batch of the key
    /// @param index of the key in the batch
    function requireOnKey(Entry memory entry, uint8 kind, bytes32 batchId, uint32 index) internal pure {
        if (entry.kind != kind) revert IEscrowRefusals.WrongEntryType(entry.kind, kind);
        if (entry.subject != batchId || entry.first != index || entry.count != 1) {
            revert IEscrowRefusals.AnotherKey(entry.subject, entry.first, entry.count);
        }
    }

    /// @notice Reverts unless the entry is about this use.
    /// @param entry as read
    /// @param party it must name
    function requireParty(Entry memory entry, address party) internal pure {
        if (entry.party != party) revert IEscrowRefusals.AnotherParty(entry.party, party);
    }
}
