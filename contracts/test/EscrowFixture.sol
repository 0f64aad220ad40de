// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {WarrantyEscrow} from "../WarrantyEscrow.sol";
import {BatchManifest} from "../interfaces/IProvenanceRegistry.sol";
import {Deposit, Evidence, State, WarrantyOrder} from "../interfaces/WarrantyTypes.sol";
import {PlainToken} from "./EscrowTokens.sol";
import {purse} from "./EscrowVm.sol";
import {RegistryFixture} from "./RegistryFixture.sol";
import {Trees} from "./Trees.sol";
import {vm} from "./Vm.sol";

/// @dev An escrow over a registry with one batch, a log that grows as tests need it, and an order to pay for.
abstract contract EscrowFixture is RegistryFixture {
    uint256 internal constant PLATFORM_KEY = 0x9147;
    address internal constant BUYER = address(0xB0);
    address internal constant SELLER = address(0x5E11E2);
    address internal constant ARBITER = address(0xA2B1);
    address internal constant ISSUER = address(0x1550);
    address internal constant USE = address(0x05E1);
    address internal constant OTHER_USE = address(0x05E2);
    address internal constant STRANGER = address(0x57A);
    address internal constant ETHER = address(0);

    uint32 internal constant SIZE = 7;
    uint32 internal constant INDEX = 3;
    uint128 internal constant PRICE = 1 ether;
    uint128 internal constant EXTRA = 2 ether;
    bytes32 internal constant GROUNDS = "clause 4, evidence 2";

    uint8 internal constant SELL = 4;
    uint8 internal constant DELIVER = 5;
    uint8 internal constant REDEEM = 6;
    uint8 internal constant REINSTATE = 7;
    uint8 internal constant PARTY = 32;

    WarrantyEscrow internal escrow;
    PlainToken internal token;
    address internal platform;
    BatchManifest internal manifest;
    bytes32 internal batchId;
    bytes[] internal log;
    Evidence[] internal nobody;

    function setUp() public virtual override {
        super.setUp();
        escrow = new WarrantyEscrow(registry, 1 hours, 90 days);
        token = new PlainToken();
        platform = vm.addr(PLATFORM_KEY);
        batchId = registerBatch(1);
        purse.deal(BUYER, 100 ether);
        purse.deal(platform, 100 ether);
        postBond(ETHER, 10 ether);
    }

    // ---- the order

    function registerBatch(uint32 maxUses) internal returns (bytes32 id) {
        BatchManifest memory fresh = manifestOf("root", SIZE);
        fresh.maxUses = maxUses;
        bytes memory signature = signed(SUPPLIER_KEY, fresh);
        id = registry.registerBatch(fresh, signature);
        manifest = fresh;
    }

    function anOrder() internal view returns (WarrantyOrder memory order) {
        order.buyer = BUYER;
        order.platform = platform;
        order.seller = SELLER;
        order.arbiter = ARBITER;
        order.issuer = ISSUER;
        order.amount = PRICE;
        order.compensation = EXTRA;
        order.batchId = batchId;
        order.index = INDEX;
        order.party = USE;
        order.terms = "terms";
        order.validUntil = uint64(block.timestamp + 1 hours);
        order.deliveryWindow = 1 days;
        order.acceptanceWindow = 30 days;
        order.rulingWindow = 7 days;
        order.answerWindow = 3 days;
    }

    function offered(uint256 key, WarrantyOrder memory order) internal view returns (bytes memory) {
        (, bytes32 digest) = escrow.hashOrder(order);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    function pay(WarrantyOrder memory order) internal returns (bytes32 id) {
        bytes memory signature = offered(PLATFORM_KEY, order);
        vm.prank(BUYER);
        id = escrow.deposit{value: order.token == ETHER ? order.amount : 0}(order, manifest, signature);
    }

    function postBond(address asset, uint256 amount) internal {
        vm.prank(platform);
        escrow.postBond{value: asset == ETHER ? amount : 0}(platform, asset, amount);
    }

    // ---- the log

    function append(uint8 kind, uint16 reason, address actor, address party) internal returns (uint64 index) {
        return appendAt(kind, reason, actor, party, uint64(NOW * 1000 + log.length));
    }

    function appendAt(uint8 kind, uint16 reason, address actor, address party, uint64 time)
        internal
        returns (uint64 index)
    {
        return appendRaw(bytesOf(kind, reason, time, batchId, INDEX, 1, actor, party));
    }

    function appendSuccession(address old, address heir) internal returns (uint64 index) {
        bytes32 subject = bytes32(uint256(uint160(old)));
        return appendRaw(bytesOf(PARTY, 8, uint64(NOW * 1000 + log.length), subject, 0, 0, address(9), heir));
    }

    function appendRaw(bytes memory entry) internal returns (uint64 index) {
        log.push(entry);
        return uint64(log.length - 1);
    }

    function bytesOf(
        uint8 kind,
        uint16 reason,
        uint64 time,
        bytes32 subject,
        uint32 first,
        uint32 count,
        address actor,
        address party
    ) internal pure returns (bytes memory) {
        return abi.encodePacked(uint8(1), kind, reason, time, subject, first, count, actor, party, bytes32("detail"));
    }

    /// @dev Anchors the log as it is, if it has grown.
    function anchorLog() internal {
        uint64 held = registry.latest();
        if (held == log.length) return;
        bytes32[] memory all = leaves();
        bytes32[] memory proof = held == 0 ? new bytes32[](0) : Trees.consistency(all, held, all.length);
        bytes32 root = Trees.root(all, 0, all.length);
        vm.prank(ANCHORER);
        registry.anchorCheckpoint(uint64(all.length), root, proof);
    }

    function leaves() internal view returns (bytes32[] memory all) {
        all = new bytes32[](log.length);
        for (uint256 i = 0; i < all.length; ++i) all[i] = sha256(bytes.concat(hex"00", log[i]));
    }

    /// @dev Anchors what there is, and proves entry `index` in it.
    function show(uint64 index) internal returns (Evidence memory) {
        anchorLog();
        uint64 size = uint64(log.length);
        return Evidence(size, index, log[index], Trees.path(leaves(), index, 0, size));
    }

    function showAll(uint64 index) internal returns (Evidence[] memory list) {
        list = new Evidence[](1);
        list[0] = show(index);
    }

    // ---- states

    function delivered() internal returns (bytes32 id) {
        id = pay(anOrder());
        deliver(id);
    }

    function deliver(bytes32 id) internal {
        escrow.deliver(id, show(append(DELIVER, 0, SELLER, USE)), nobody);
    }

    function frozen() internal returns (bytes32 id) {
        id = delivered();
        vm.prank(BUYER);
        escrow.fileClaim(id, "claim");
    }

    function provenUsed() internal returns (bytes32 id, uint64 index) {
        id = delivered();
        index = append(REDEEM, 1, ISSUER, USE);
        escrow.proveUsed(id, show(index), nobody);
    }

    // ---- what is looked at

    function stateOf(bytes32 id) internal view returns (State) {
        return escrow.depositOf(id).state;
    }

    function deadlineOf(bytes32 id) internal view returns (uint64) {
        return escrow.depositOf(id).deadline;
    }

    function inState(bytes32 id, State state) internal view {
        equal(uint256(stateOf(id)), uint256(state), "state");
    }

    /// @dev How an order over `PRICE` and `EXTRA` ended: what the buyer and the platform were credited.
    function closed(bytes32 id, uint256 toBuyer, uint256 toPlatform, uint256 freeBond) internal view {
        inState(id, State.Closed);
        equal(escrow.credits(BUYER, ETHER), toBuyer, "buyer");
        equal(escrow.credits(platform, ETHER), toPlatform, "platform");
        equal(escrow.bonds(platform, ETHER), freeBond, "bond");
        equal(address(escrow).balance, toBuyer + toPlatform + freeBond, "balance");
    }
}
