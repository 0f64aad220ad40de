// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @dev RFC 9162 trees, written down from section 2.1 by recursion: slow, plain, and independent of MerkleLog.
library Trees {
    /// @dev MTH(D[from:to]) over leaf hashes (2.1.1).
    function root(bytes32[] memory leaves, uint256 from, uint256 to) internal pure returns (bytes32) {
        if (to == from) return sha256("");
        if (to - from == 1) return leaves[from];
        uint256 k = split(to - from);
        return sha256(abi.encodePacked(uint8(1), root(leaves, from, from + k), root(leaves, from + k, to)));
    }

    /// @dev PATH(m, D[from:to]) (2.1.3.1).
    function path(bytes32[] memory leaves, uint256 m, uint256 from, uint256 to)
        internal
        pure
        returns (bytes32[] memory)
    {
        if (to - from == 1) return new bytes32[](0);
        uint256 k = split(to - from);
        return m < k
            ? append(path(leaves, m, from, from + k), root(leaves, from + k, to))
            : append(path(leaves, m - k, from + k, to), root(leaves, from, from + k));
    }

    /// @dev PROOF(m, D[0:n]) (2.1.4.1), for 0 < m <= n.
    function consistency(bytes32[] memory leaves, uint256 m, uint256 n) internal pure returns (bytes32[] memory) {
        return subproof(leaves, m, 0, n, true);
    }

    function subproof(bytes32[] memory leaves, uint256 m, uint256 from, uint256 to, bool whole)
        private
        pure
        returns (bytes32[] memory)
    {
        if (m == to - from) {
            return whole ? new bytes32[](0) : append(new bytes32[](0), root(leaves, from, to));
        }
        uint256 k = split(to - from);
        return m <= k
            ? append(subproof(leaves, m, from, from + k, whole), root(leaves, from + k, to))
            : append(subproof(leaves, m - k, from + k, to, false), root(leaves, from, from + k));
    }

    /// @dev The largest power of two below n, n > 1.
    function split(uint256 n) private pure returns (uint256 k) {
        for (k = 1; k * 2 < n;) k *= 2;
    }

    function append(bytes32[] memory list, bytes32 item) private pure returns (bytes32[] memory longer) {
        longer = new bytes32[](list.length + 1);
        for (uint256 i = 0; i < list.length; ++i) longer[i] = list[i];
        longer[list.length] = item;
    }
}
