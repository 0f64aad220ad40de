// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {BatchManifest, IProvenanceRegistry} from "./interfaces/IProvenanceRegistry.sol";
import {IWarrantyEscrow} from "./interfaces/IWarrantyEscrow.sol";
import {WarrantyOrder} from "./interfaces/WarrantyTypes.sol";

/// @title Which orders the escrow takes: well-formed, on a registered key, signed by their platform
/// @dev Nothing here is stored but what the constructor fixes for good.
abstract contract EscrowOrders is IWarrantyEscrow {
    /// @inheritdoc IWarrantyEscrow
    IProvenanceRegistry public immutable override registry;
    /// @inheritdoc IWarrantyEscrow
    uint32 public immutable override minimumWindow;
    /// @inheritdoc IWarrantyEscrow
    uint32 public immutable override maximumWindow;

    uint32 private constant LONGEST_WINDOW = 400 days;
    bytes32 private constant DOMAIN_TYPEHASH =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 private constant NAME_HASH = keccak256("Card Key Warranty Escrow");
    bytes32 private constant VERSION_HASH = keccak256("1");
    bytes32 private constant ORDER_TYPEHASH = keccak256(
        "WarrantyOrder(address buyer,address platform,address seller,address arbiter,address issuer,"
        "address token,uint128 amount,uint128 compensation,bytes32 batchId,uint32 index,address party,"
        "bytes32 terms,uint64 validUntil,uint32 deliveryWindow,uint32 acceptanceWindow,"
        "uint32 rulingWindow,uint32 answerWindow)"
    );

    /// @param registry_ the registry whose checkpoints and batches count
    /// @param minimumWindow_ the shortest window an order may have, seconds; days where people must react, a second
    /// on a test chain
    /// @param maximumWindow_ the longest, seconds; at most 400 days
    constructor(IProvenanceRegistry registry_, uint32 minimumWindow_, uint32 maximumWindow_) {
        if (address(registry_).code.length == 0) revert InvalidRegistry(address(registry_));
        if (minimumWindow_ == 0 || minimumWindow_ > maximumWindow_ || maximumWindow_ > LONGEST_WINDOW) {
            revert InvalidWindowBounds(minimumWindow_, maximumWindow_);
        }
        registry = registry_;
        minimumWindow = minimumWindow_;
        maximumWindow = maximumWindow_;
    }

    /// @inheritdoc IWarrantyEscrow
    function hashOrder(WarrantyOrder calldata order) external view override returns (bytes32 id, bytes32 digest) {
        return (idOf(order), digestOf(order));
    }

    /// @dev Reverts unless this sender may pay this order now.
    function requireOrder(WarrantyOrder calldata order, BatchManifest calldata manifest, bytes calldata signature)
        internal
        view
    {
        if (msg.sender != order.buyer) revert NotBuyer(msg.sender, order.buyer);
        if (block.timestamp > order.validUntil) revert OfferLapsed(order.validUntil, block.timestamp);
        requireSound(order);
        requireBatch(order, manifest);
        requireSigner(order.platform, digestOf(order), signature);
    }

    /// @dev Not the order's hash: two orders of a platform for one sale would let one DELIVER entry release two
    /// deposits. And the platform's account is in it: whoever reads the sale in the log could else pay a grain for it
    /// on his own signature, and the buyer would find the place taken.
    function idOf(WarrantyOrder calldata order) internal pure returns (bytes32) {
        return keccak256(abi.encode(order.batchId, order.index, order.party, order.platform));
    }

    function requireSound(WarrantyOrder calldata order) private view {
        if (order.seller == address(0)) revert RoleMissing("seller");
        if (order.arbiter == address(0)) revert RoleMissing("arbiter");
        if (order.issuer == address(0)) revert RoleMissing("issuer");
        if (order.party == address(0)) revert RoleMissing("party");
        if (order.arbiter == order.buyer || order.arbiter == order.platform || order.arbiter == order.seller) {
            revert ArbiterIsParty(order.arbiter);
        }
        if (order.amount == 0) revert InvalidAmount(order.amount);
        requireWindow(order.deliveryWindow);
        requireWindow(order.acceptanceWindow);
        requireWindow(order.rulingWindow);
        requireWindow(order.answerWindow);
    }

    function requireWindow(uint32 window) private view {
        if (window < minimumWindow || window > maximumWindow) {
            revert WindowOutOfBounds(window, minimumWindow, maximumWindow);
        }
    }

    /// @dev The registry holds neither the manifest nor its `maxUses`, but the batch id is the manifest's hash: who
    /// gives another `maxUses` names another batch.
    function requireBatch(WarrantyOrder calldata order, BatchManifest calldata manifest) private view {
        (bytes32 batchId,) = registry.hashManifest(manifest);
        if (batchId != order.batchId) revert ManifestOfAnotherBatch(batchId, order.batchId);
        (, uint32 size,) = registry.batches(batchId);
        if (size == 0) revert BatchNotRegistered(batchId);
        if (order.index >= size) revert IndexOutsideBatch(order.index, size);
    }

    function requireSigner(address platform, bytes32 digest, bytes calldata signature) private pure {
        (address signer, ECDSA.RecoverError problem,) = ECDSA.tryRecoverCalldata(digest, signature);
        if (problem != ECDSA.RecoverError.NoError) revert InvalidSignature(digest);
        if (signer != platform) revert SignerIsNotPlatform(signer, platform);
    }

    /// @dev The domain is computed each time: should the chain fork under another id, old signatures stay behind.
    function digestOf(WarrantyOrder calldata order) private view returns (bytes32) {
        bytes32 domain =
            keccak256(abi.encode(DOMAIN_TYPEHASH, NAME_HASH, VERSION_HASH, block.chainid, address(this)));
        return keccak256(abi.encodePacked(hex"1901", domain, keccak256(abi.encode(ORDER_TYPEHASH, order))));
    }
}
