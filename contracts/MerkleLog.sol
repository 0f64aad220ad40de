// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Merkle trees of RFC 9162, checked
/// @notice Recomputes roots from proofs. Each function succeeds or reverts, so that there is no false to forget.
/// @dev SHA-256; leaves and nodes are hashed under different prefixes, and the number of siblings and the side of
/// each follow from index and size alone. That is what keeps an inner node from passing for a leaf.
library MerkleLog {
    /// @notice There is no such leaf.
    /// @param index the leaf asked for
    /// @param size leaves in the tree
    error IndexOutOfRange(uint256 index, uint256 size);

    /// @notice Between these two sizes nothing can be proven.
    /// @param size1 the smaller
    /// @param size2 the larger
    error SizesOutOfOrder(uint256 size1, uint256 size2);

    /// @notice The proof has a hash too few or too many.
    /// @param length the number of hashes given
    error InvalidProofLength(uint256 length);

    /// @notice The proof leads elsewhere.
    /// @param computed the root it leads to
    /// @param expected the root it should
    error RootMismatch(bytes32 computed, bytes32 expected);

    /// @notice Hash of a leaf: `SHA-256(0x00 . data)` (RFC 9162, 2.1.1).
    function hashLeaf(bytes memory data) internal pure returns (bytes32) {
        return sha256(bytes.concat(hex"00", data));
    }

    /// @notice Hash of an inner node: `SHA-256(0x01 . left . right)` (RFC 9162, 2.1.1).
    function hashNode(bytes32 left, bytes32 right) internal pure returns (bytes32) {
        return sha256(bytes.concat(hex"01", left, right));
    }

    /// @notice Checks that a leaf is in the tree (RFC 9162, 2.1.3.2).
    /// @param index position of the leaf
    /// @param size leaves in the tree
    /// @param leaf hash of the leaf
    /// @param path siblings from the leaf up
    /// @param root root of the tree
    function verifyInclusion(uint64 index, uint64 size, bytes32 leaf, bytes32[] calldata path, bytes32 root)
        internal
        pure
    {
        if (index >= size) revert IndexOutOfRange(index, size);
        uint64 node = index;
        uint64 last = size - 1;
        bytes32 hash = leaf;
        for (uint256 i = 0; i < path.length; ++i) {
            if (last == 0) revert InvalidProofLength(path.length);
            if (node & 1 == 1 || node == last) {
                hash = hashNode(path[i], hash);
                (node, last) = skipLonelyLevels(node, last);
            } else {
                hash = hashNode(hash, path[i]);
            }
            node >>= 1;
            last >>= 1;
        }
        if (last != 0) revert InvalidProofLength(path.length);
        if (hash != root) revert RootMismatch(hash, root);
    }

    /// @notice Checks that the tree of `size2` leaves begins with the tree of `size1` leaves (RFC 9162, 2.1.4.2).
    /// @dev Every tree extends the empty one, so a proof from size 0 would say nothing: it is refused.
    /// @param size1 leaves in the earlier tree, at least 1
    /// @param size2 leaves in the later tree, at least `size1`
    /// @param root1 root of the earlier tree
    /// @param root2 root of the later tree
    /// @param proof the nodes, in the RFC's order; empty for equal sizes
    function verifyConsistency(uint64 size1, uint64 size2, bytes32 root1, bytes32 root2, bytes32[] calldata proof)
        internal
        pure
    {
        if (size1 == 0 || size1 > size2) revert SizesOutOfOrder(size1, size2);
        if ((proof.length == 0) != (size1 == size2)) revert InvalidProofLength(proof.length);
        if (size1 == size2) {
            if (root1 != root2) revert RootMismatch(root1, root2);
            return;
        }
        (bytes32 first, bytes32 second) = rootsFromConsistency(size1, size2, root1, proof);
        if (first != root1) revert RootMismatch(first, root1);
        if (second != root2) revert RootMismatch(second, root2);
    }

    /// @dev Both roots that a consistency proof leads to, for 0 < size1 < size2 and a proof that is not empty.
    function rootsFromConsistency(uint64 size1, uint64 size2, bytes32 root1, bytes32[] calldata proof)
        private
        pure
        returns (bytes32 first, bytes32 second)
    {
        uint64 node = size1 - 1;
        uint64 last = size2 - 1;
        while (node & 1 == 1) {
            node >>= 1;
            last >>= 1;
        }
        // Where the earlier tree is one full subtree of the later, its root is known and left out of the proof.
        uint256 next = node == 0 ? 0 : 1;
        first = second = next == 0 ? root1 : proof[0];
        for (; next < proof.length; ++next) {
            if (last == 0) revert InvalidProofLength(proof.length);
            if (node & 1 == 1 || node == last) {
                first = hashNode(proof[next], first);
                second = hashNode(proof[next], second);
                (node, last) = skipLonelyLevels(node, last);
            } else {
                second = hashNode(second, proof[next]);
            }
            node >>= 1;
            last >>= 1;
        }
        if (last != 0) revert InvalidProofLength(proof.length);
    }

    /// @dev A last node without a sibling moves up unchanged: climbs until it is a right child, or to the top.
    function skipLonelyLevels(uint64 node, uint64 last) private pure returns (uint64, uint64) {
        while (node & 1 == 0 && node != 0) {
            node >>= 1;
            last >>= 1;
        }
        return (node, last);
    }
}
