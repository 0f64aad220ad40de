// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @dev A key as somebody knows it: opened in the bundle, or in the reader's hand.
struct KnownKey {
    bytes16 salt;
    string format;
    string serial;
    string secret;
}

/// @dev Details that are shown in the clear, and the entry that committed to them (a place in `Case.entries`).
struct Shown {
    uint256 entry;
    bytes16 salt;
    bytes value;
}

/// @dev Steps 1 and 8 of FORMATS 10: hashes that a contract computes as well as anybody. The registry has no door
/// for them, so they are written here once more, from FORMATS 3 and 5.
library CorpusKey {
    error AnotherKeysLeaf();
    error NobodysUse();
    error AnothersDetails();
    error DetailsTooLarge(uint256 length);

    uint256 private constant MAX_DETAIL_SIZE = 16 * 1024;

    function judgeLeaf(KnownKey[] memory known, bytes32 leaf) internal pure returns (bytes4) {
        for (uint256 i = 0; i < known.length; ++i) {
            KnownKey memory key = known[i];
            bytes memory identity = bytes(string.concat(key.format, "\n", key.serial, "\n", key.secret));
            if (sha256(bytes.concat(hex"00", key.salt, identity)) != leaf) return AnotherKeysLeaf.selector;
        }
        return 0;
    }

    /// @dev `sales` are the parties of the SELL entries in custody.
    function judgeUses(bytes32[] memory uses, bytes20[] memory sales) internal pure returns (bytes4) {
        for (uint256 i = 0; i < uses.length; ++i) {
            bytes20 party = bytes20(sha256(bytes.concat("provenance/use/v1\n", uses[i])));
            bool found = false;
            for (uint256 j = 0; j < sales.length; ++j) found = found || sales[j] == party;
            if (!found) return NobodysUse.selector;
        }
        return 0;
    }

    function judgeShown(Shown memory shown, bytes32 commitment) internal pure returns (bytes4) {
        if (shown.value.length > MAX_DETAIL_SIZE) return DetailsTooLarge.selector;
        if (sha256(bytes.concat(shown.salt, shown.value)) != commitment) return AnothersDetails.selector;
        return 0;
    }
}
