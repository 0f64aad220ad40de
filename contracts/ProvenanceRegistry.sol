// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {BatchManifest, IProvenanceRegistry} from "./interfaces/IProvenanceRegistry.sol";
import {MerkleLog} from "./MerkleLog.sol";

/// @title Registry of card key batches and of the checkpoints of one append-only custody log
/// @dev Deployed by an account used for nothing else, at nonce 0: a wiped chain of the same id gets it back at the
/// same address, and the suppliers' signatures, which name that address, stay good.
contract ProvenanceRegistry is IProvenanceRegistry {
    /// @dev `size` is the lower part of word 1 and never zero on record.
    struct Batch {
        bytes32 root;
        uint32 size;
        uint64 time;
    }

    /// @dev `time` is never zero on record.
    struct Checkpoint {
        bytes32 root;
        uint64 time;
    }

    // Slots 0, 1 and 2: state proofs look here. Nothing with storage may be declared or inherited before them.
    /// @inheritdoc IProvenanceRegistry
    mapping(bytes32 batchId => Batch) public override batches;
    /// @inheritdoc IProvenanceRegistry
    mapping(uint256 size => Checkpoint) public override checkpoints;
    /// @inheritdoc IProvenanceRegistry
    uint64 public override latest;

    /// @inheritdoc IProvenanceRegistry
    /// @dev Immutable on purpose. Whoever could hand the role over could be made to hand it to a thief; the remedy
    /// for a lost or stolen key is a new registry, and old proofs keep their own.
    address public immutable override anchorer;

    uint32 private constant MAX_BATCH_SIZE = 10_000_000;
    uint32 private constant MAX_USES = 1_000;
    uint256 private constant ENTRY_LENGTH = 124;

    bytes32 private constant DOMAIN_TYPEHASH =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 private constant NAME_HASH = keccak256("Card Key Provenance");
    bytes32 private constant VERSION_HASH = keccak256("1");
    bytes32 private constant MANIFEST_TYPEHASH = keccak256(
        "BatchManifest(address supplier,bytes32 root,uint32 size,uint32 maxUses,uint64 expiresAt,bytes32 details)"
    );

    /// @param anchorer_ the only account that may anchor checkpoints
    constructor(address anchorer_) {
        if (anchorer_ == address(0)) revert InvalidAnchorer(anchorer_);
        anchorer = anchorer_;
    }

    /// @inheritdoc IProvenanceRegistry
    function registerBatch(BatchManifest calldata manifest, bytes calldata signature)
        external
        override
        returns (bytes32 batchId)
    {
        if (manifest.size == 0 || manifest.size > MAX_BATCH_SIZE) revert BatchSizeOutOfBounds(manifest.size);
        if (manifest.maxUses == 0 || manifest.maxUses > MAX_USES) revert MaxUsesOutOfBounds(manifest.maxUses);
        batchId = structHash(manifest);
        if (batches[batchId].size != 0) revert AlreadyRegistered(batchId);
        requireSigner(manifest.supplier, digestOf(batchId), signature);

        batches[batchId] = Batch({root: manifest.root, size: manifest.size, time: uint64(block.timestamp)});
        emit BatchRegistered(batchId, manifest.supplier, manifest.root, manifest.size);
    }

    /// @inheritdoc IProvenanceRegistry
    function anchorCheckpoint(uint64 size, bytes32 root, bytes32[] calldata consistency) external override {
        if (msg.sender != anchorer) revert NotAnchorer(msg.sender, anchorer);
        uint64 held = latest;
        if (size <= held) revert NotNewer(size, held);
        if (held != 0) {
            MerkleLog.verifyConsistency(held, size, checkpoints[held].root, root, consistency);
        } else if (consistency.length != 0) {
            revert MerkleLog.InvalidProofLength(consistency.length);
        }

        checkpoints[size] = Checkpoint({root: root, time: uint64(block.timestamp)});
        latest = size;
        emit CheckpointAnchored(size, root);
    }

    /// @inheritdoc IProvenanceRegistry
    function verifyKey(bytes32 batchId, uint32 index, bytes32 leafHash, bytes32[] calldata path)
        external
        view
        override
        returns (uint64 time)
    {
        Batch memory batch = batches[batchId];
        if (batch.size == 0) revert UnknownBatch(batchId);
        MerkleLog.verifyInclusion(index, batch.size, leafHash, path, batch.root);
        return batch.time;
    }

    /// @inheritdoc IProvenanceRegistry
    function verifyEntry(uint64 size, uint64 index, bytes calldata entry, bytes32[] calldata path)
        external
        view
        override
        returns (uint64 time)
    {
        Checkpoint memory checkpoint = checkpoints[size];
        if (checkpoint.time == 0) revert UnknownCheckpoint(size);
        if (entry.length != ENTRY_LENGTH) revert InvalidEntryLength(entry.length);
        MerkleLog.verifyInclusion(index, size, MerkleLog.hashLeaf(entry), path, checkpoint.root);
        return checkpoint.time;
    }

    /// @inheritdoc IProvenanceRegistry
    function hashManifest(BatchManifest calldata manifest)
        external
        view
        override
        returns (bytes32 batchId, bytes32 digest)
    {
        batchId = structHash(manifest);
        digest = digestOf(batchId);
    }

    function structHash(BatchManifest calldata manifest) private pure returns (bytes32) {
        return keccak256(abi.encode(MANIFEST_TYPEHASH, manifest));
    }

    /// @dev The domain is computed each time: should the chain fork under another id, old signatures stay behind.
    function digestOf(bytes32 batchId) private view returns (bytes32) {
        bytes32 domain =
            keccak256(abi.encode(DOMAIN_TYPEHASH, NAME_HASH, VERSION_HASH, block.chainid, address(this)));
        return keccak256(abi.encodePacked(hex"1901", domain, batchId));
    }

    /// @dev Reverts unless `signature` over `digest` is `supplier`'s. A supplier of zero never passes: recovery
    /// that fails is refused before it could be mistaken for it.
    function requireSigner(address supplier, bytes32 digest, bytes calldata signature) private pure {
        (address signer, ECDSA.RecoverError problem, bytes32 argument) = ECDSA.tryRecoverCalldata(digest, signature);
        if (problem == ECDSA.RecoverError.InvalidSignatureLength) revert InvalidSignatureLength(signature.length);
        if (problem == ECDSA.RecoverError.InvalidSignatureS) revert MalleableSignature(argument);
        if (problem != ECDSA.RecoverError.NoError) revert InvalidSignature(digest);
        if (signer != supplier) revert SignerIsNotSupplier(signer, supplier);
    }
}
