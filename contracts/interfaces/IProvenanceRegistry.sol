// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice What a supplier signs about a batch of card keys (EIP-712). The batch id is its hash without the
/// domain, so that a batch keeps its name when the registry is deployed again.
/// @param supplier the party that stands behind the batch, and whose signature registers it
/// @param root RFC 9162 Merkle tree hash over the salted leaves of the keys
/// @param size number of keys, 1 to 10,000,000
/// @param maxUses how often each key may be sold: 1, or up to 1,000 for a shared key
/// @param expiresAt unix seconds after which no key may be sold, 0 for never; not enforced by the registry
/// @param details SHA-256 of the canonical JSON of the batch's details
struct BatchManifest {
    address supplier;
    bytes32 root;
    uint32 size;
    uint32 maxUses;
    uint64 expiresAt;
    bytes32 details;
}

/// @title Registry of card key batches and of the checkpoints of one append-only custody log
/// @notice Promises: a batch is registered only with its supplier's signature, once, and never changes; a
/// checkpoint is accepted only if it provably extends the one before, so that nobody, the anchorer included, can
/// rewrite history; nothing is ever removed. There is no owner, no upgrade and no pause.
/// @dev Storage is part of the interface, for state proofs (EIP-1186). Word p of key k in mapping s lies at
/// `keccak256(k . uint256(s)) + p`:
/// slot 0 `batches` (word 0 root; word 1 = time * 2^32 + size), slot 1 `checkpoints` (word 0 root; word 1 time),
/// slot 2 `latest`. All times are `block.timestamp`, in seconds.
interface IProvenanceRegistry {
    /// @notice A supplier's batch is on record from this block on.
    /// @param batchId the EIP-712 hash of the manifest's struct, without the domain
    /// @param supplier who signed the manifest
    /// @param root Merkle root of the batch
    /// @param size number of keys in the batch
    event BatchRegistered(bytes32 indexed batchId, address indexed supplier, bytes32 root, uint32 size);

    /// @notice The log's first `size` entries are fixed from this block on.
    /// @param size number of entries in the log
    /// @param root Merkle root over them
    event CheckpointAnchored(uint64 indexed size, bytes32 root);

    /// @notice The anchorer given to the constructor cannot act.
    /// @param anchorer the address given
    error InvalidAnchorer(address anchorer);

    /// @notice Only the anchorer may anchor.
    /// @param sender who tried
    /// @param anchorer who may
    error NotAnchorer(address sender, address anchorer);

    /// @notice A checkpoint must be larger than the latest.
    /// @param size the size offered
    /// @param latest the size held
    error NotNewer(uint64 size, uint64 latest);

    /// @notice The batch is on record already, unchanged.
    /// @param batchId the batch
    error AlreadyRegistered(bytes32 batchId);

    /// @notice A batch holds at least one key and no more than the bound.
    /// @param size the size in the manifest
    error BatchSizeOutOfBounds(uint32 size);

    /// @notice A key is sold at least once and no oftener than the bound.
    /// @param maxUses the value in the manifest
    error MaxUsesOutOfBounds(uint32 maxUses);

    /// @notice A signature is 65 bytes, r, s and v.
    /// @param length the length given
    error InvalidSignatureLength(uint256 length);

    /// @notice Only the lower of the two values of s that fit is accepted (EIP-2).
    /// @param s the value given
    error MalleableSignature(bytes32 s);

    /// @notice No address signed this: v is not 27 or 28, or r and s fit no key.
    /// @param digest what was to be signed
    error InvalidSignature(bytes32 digest);

    /// @notice Another party, or for another chain or registry.
    /// @param signer who signed
    /// @param supplier who should have
    error SignerIsNotSupplier(address signer, address supplier);

    /// @notice No such batch is on record.
    /// @param batchId the batch asked for
    error UnknownBatch(bytes32 batchId);

    /// @notice The log was not anchored at this size.
    /// @param size the size asked for
    error UnknownCheckpoint(uint64 size);

    /// @notice An entry of the log is 124 bytes.
    /// @param length the length given
    error InvalidEntryLength(uint256 length);

    /// @notice Registers a batch on its supplier's word.
    /// @dev Anyone may send it: what counts is the signature, so a copy sent by somebody else does the same thing.
    /// @param manifest the batch
    /// @param signature the supplier's EIP-712 signature: r, s, v; v 27 or 28; low s
    /// @return batchId the batch's name
    function registerBatch(BatchManifest calldata manifest, bytes calldata signature)
        external
        returns (bytes32 batchId);

    /// @notice Fixes the log's first `size` entries. For the anchorer alone.
    /// @param size number of entries, more than at the latest checkpoint
    /// @param root Merkle root over them
    /// @param consistency RFC 9162 consistency proof from the latest checkpoint; empty if there is none
    function anchorCheckpoint(uint64 size, bytes32 root, bytes32[] calldata consistency) external;

    /// @notice A batch on record, or zeros.
    /// @param batchId the batch
    /// @return root its Merkle root
    /// @return size its number of keys
    /// @return time when it was registered, unix seconds
    function batches(bytes32 batchId) external view returns (bytes32 root, uint32 size, uint64 time);

    /// @notice A checkpoint on record, or zeros.
    /// @param size number of entries of the log
    /// @return root the Merkle root over them
    /// @return time when it was anchored, unix seconds
    function checkpoints(uint256 size) external view returns (bytes32 root, uint64 time);

    /// @notice Size of the largest checkpoint, 0 if there is none.
    /// @return size number of entries
    function latest() external view returns (uint64 size);

    /// @notice The only account that may anchor, for good.
    /// @return account its address
    function anchorer() external view returns (address account);

    /// @notice Proves that a leaf sits in a registered batch, or reverts naming what is wrong.
    /// @param batchId the batch
    /// @param index position of the key in the batch
    /// @param leafHash hash of the salted leaf
    /// @param path siblings from the leaf up
    /// @return time when the batch was registered, unix seconds: the key was committed to by then
    function verifyKey(bytes32 batchId, uint32 index, bytes32 leafHash, bytes32[] calldata path)
        external
        view
        returns (uint64 time);

    /// @notice Proves that an entry sits in the log at an anchored size, or reverts naming what is wrong.
    /// @param size an anchored size
    /// @param index position of the entry in the log
    /// @param entry its 124 bytes
    /// @param path siblings from the leaf up
    /// @return time when that size was anchored, unix seconds: the entry existed by then
    function verifyEntry(uint64 size, uint64 index, bytes calldata entry, bytes32[] calldata path)
        external
        view
        returns (uint64 time);

    /// @notice The two hashes of a manifest.
    /// @param manifest any manifest, bounds unchecked
    /// @return batchId the batch's name
    /// @return digest what its supplier signs for this registry on this chain
    function hashManifest(BatchManifest calldata manifest) external view returns (bytes32 batchId, bytes32 digest);
}
