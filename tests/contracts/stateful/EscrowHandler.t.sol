// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {WarrantyEscrow} from "../WarrantyEscrow.sol";
import {BatchManifest} from "../interfaces/IProvenanceRegistry.sol";
import {IWarrantyEscrow} from "../interfaces/IWarrantyEscrow.sol";
import {Deposit, Evidence, State, WarrantyOrder} from "../interfaces/WarrantyTypes.sol";
import {PlainToken} from "./EscrowTokens.sol";
import {purse} from "./EscrowVm.sol";
import {vm} from "./Vm.sol";

/// @dev What the fuzzer calls: each function turns arbitrary numbers into one call of the escrow, mostly one that
/// makes sense where the deposit stands, sometimes one by the wrong sender, with the wrong evidence, or too late.
contract EscrowHandler {
    uint256 public constant KEYS = 8;
    uint256 public constant LIVES = 2 * KEYS;
    uint256 public constant ENTRIES_A_KEY = 7;
    uint256 public constant PLATFORM_KEY = 0x9147;

    WarrantyEscrow public immutable ESCROW;
    PlainToken public immutable TOKEN;
    address[] public accounts;
    address[2] public platforms;
    bytes32[LIVES] public ids;
    State[LIVES] private states;
    BatchManifest private manifest;
    bytes32 private batchId;
    Evidence[] private evidence;
    Evidence[] private nobody;
    uint256 private time = block.timestamp;

    /// @dev What the invariants look at besides the balances.
    bool public reopened;
    uint256 public calls;
    mapping(bytes4 door => uint256) public opened;
    mapping(address token => uint256) public paidOut;
    mapping(address token => uint256) public paidIn;

    constructor(WarrantyEscrow escrow, PlainToken token, BatchManifest memory manifest_, bytes32 batchId_) payable {
        (ESCROW, TOKEN, manifest, batchId) = (escrow, token, manifest_, batchId_);
        for (uint256 i = 0; i < platforms.length; ++i) platforms[i] = vm.addr(PLATFORM_KEY + i);
        accounts = [address(0xB0), address(0xB1), platforms[0], platforms[1], address(0xA2B1), address(0x57A)];
        for (uint256 i = 0; i < accounts.length; ++i) {
            token.mint(accounts[i], 1e30);
            vm.prank(accounts[i]);
            token.approve(address(escrow), type(uint256).max);
        }
    }

    function learn(Evidence calldata known) external {
        evidence.push(known);
    }

    // ---- the calls

    function pay(uint256 life, uint256 seed, uint64 amount, uint64 compensation) external {
        life = find(life, State.None, State.None);
        WarrantyOrder memory order = orderOf(life, mixed(seed));
        order.amount = amount;
        order.compensation = compensation;
        (bytes32 id, bytes32 digest) = ESCROW.hashOrder(order);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(PLATFORM_KEY + life % 2, digest);
        bytes memory signature = abi.encodePacked(r, s, v);
        uint256 value = order.token == address(0) ? amount : 0;
        bytes memory call = abi.encodeCall(IWarrantyEscrow.deposit, (order, manifest, signature));
        ids[life] = id;
        if (attempt(life, order.buyer, value, call)) paidIn[order.token] += amount;
    }

    function deliver(uint256 life, uint256 seed) external {
        life = find(life, State.Funded, State.Funded);
        Evidence memory shown = pick(life, 3 + life % 2, seed);
        attempt(life, account(seed), 0, abi.encodeCall(IWarrantyEscrow.deliver, (ids[life], shown, nobody)));
    }

    function confirm(uint256 life, uint256 seed) external {
        if (isRare(seed)) return;
        life = find(life, State.Funded, State.Proven);
        attempt(life, mostly(buyerOf(life), seed), 0, abi.encodeCall(IWarrantyEscrow.confirm, (ids[life])));
    }

    function refund(uint256 life, uint256 seed) external {
        if (isRare(seed)) return;
        life = find(life, State.Funded, State.Proven);
        attempt(life, mostly(platforms[life % 2], seed), 0, abi.encodeCall(IWarrantyEscrow.refund, (ids[life])));
    }

    function fileClaim(uint256 life, uint256 seed) external {
        life = find(life, State.Delivered, State.Delivered);
        bytes memory call = abi.encodeCall(IWarrantyEscrow.fileClaim, (ids[life], bytes32(seed)));
        attempt(life, mostly(buyerOf(life), seed), 0, call);
    }

    function rule(uint256 life, uint256 seed, uint128 refund_, uint128 compensation) external {
        life = find(life, State.Frozen, State.Frozen);
        Deposit memory held = ESCROW.depositOf(ids[life]);
        if (mixed(seed) % 8 != 0) {
            refund_ = uint128(refund_ % (uint256(held.amount) + 1));
            compensation = uint128(compensation % (uint256(held.compensation) + 1));
        }
        bytes memory call =
            abi.encodeCall(IWarrantyEscrow.rule, (ids[life], refund_, compensation, keccak256("grounds")));
        attempt(life, mostly(accounts[4], seed), 0, call);
    }

    function proveUsed(uint256 life, uint256 seed) external {
        life = find(life, State.Funded, State.Frozen);
        bytes memory call = abi.encodeCall(IWarrantyEscrow.proveUsed, (ids[life], pick(life, 5, seed), nobody));
        attempt(life, account(seed), 0, call);
    }

    function proveSoldTwice(uint256 life, uint256 seed) external {
        life = find(life, State.Funded, State.Frozen);
        (Evidence memory first, Evidence memory second) = (pick(life, 0, seed), pick(life, 2, seed >> 8));
        bytes memory call = abi.encodeCall(IWarrantyEscrow.proveSoldTwice, (ids[life], first, second));
        attempt(life, account(seed), 0, call);
    }

    function answer(uint256 life, uint256 seed) external {
        life = find(life, State.Proven, State.Proven);
        Evidence memory shown = pick(life, mixed(seed) % 2 == 0 ? 1 : 6, seed >> 8);
        attempt(life, account(seed), 0, abi.encodeCall(IWarrantyEscrow.answer, (ids[life], shown, nobody)));
    }

    function timeOut(uint256 life, uint256 seed) external {
        life = find(life, State.Funded, State.Proven);
        if (mixed(seed) % 8 == 0) {
            uint64 deadline = ESCROW.depositOf(ids[life]).deadline;
            if (deadline > time) time = deadline;
        }
        attempt(life, account(seed), 0, abi.encodeCall(IWarrantyEscrow.timeOut, (ids[life])));
    }

    function postBond(uint256 seed, uint96 amount) external {
        seed = mixed(seed);
        (address platform, address token) = (platforms[seed % 2], tokenOf(seed >> 8));
        uint256 value = token == address(0) ? amount : 0;
        bytes memory call = abi.encodeCall(IWarrantyEscrow.postBond, (platform, token, amount));
        if (attempt(LIVES, account(seed >> 16), value, call)) paidIn[token] += amount;
    }

    function releaseBond(uint256 seed, uint256 amount) external {
        seed = mixed(seed);
        (address platform, address token) = (platforms[seed % 2], tokenOf(seed >> 8));
        if (mixed(seed) % 8 != 0) amount %= ESCROW.bonds(platform, token) + 1;
        bytes memory call = abi.encodeCall(IWarrantyEscrow.releaseBond, (token, amount));
        attempt(LIVES, mostly(platform, seed >> 16), 0, call);
    }

    function withdraw(uint256 seed) external {
        seed = mixed(seed);
        (address who, address token) = (account(seed), tokenOf(seed >> 8));
        uint256 owed = ESCROW.credits(who, token);
        address to = mixed(seed) % 4 == 0 ? account(seed >> 16) : who;
        bytes memory call = abi.encodeCall(IWarrantyEscrow.withdraw, (token, to));
        if (attempt(LIVES, who, 0, call)) paidOut[token] += owed;
    }

    function pass(uint16 minutes_) external {
        calls += 1;
        time += uint256(minutes_ % 20) * 1 minutes;
    }

    // ---- how they are made

    /// @dev One call, made at our own time; true if the escrow accepted it. LIVES stands for no deposit at all.
    function attempt(uint256 life, address sender, uint256 value, bytes memory call) private returns (bool ok) {
        calls += 1;
        vm.warp(time);
        bytes32 id = life < LIVES ? ids[life] : bytes32(0);
        State before = life < LIVES ? states[life] : State.None;
        if (value != 0) purse.deal(sender, sender.balance + value);
        vm.prank(sender);
        (ok,) = address(ESCROW).call{value: value}(call);
        if (ok) opened[bytes4(call)] += 1;
        if (life == LIVES) return ok;
        states[life] = ESCROW.depositOf(id).state;
        if (before == State.Closed && (ok || states[life] != State.Closed)) reopened = true;
    }

    /// @dev A life in one of these states, searched from `start`; every eighth time, or if there is none, `start`.
    function find(uint256 start, State from, State to) private view returns (uint256 life) {
        start = mixed(start);
        if (start % 8 == 0) return (start >> 3) % LIVES;
        for (uint256 i = 0; i < LIVES; ++i) {
            life = ((start >> 3) + i) % LIVES;
            if (states[life] >= from && states[life] <= to) return life;
        }
        return (start >> 3) % LIVES;
    }

    /// @dev What ends a deposit early is tried a third as often, or few would live to be claimed and ruled on.
    function isRare(uint256 seed) private pure returns (bool) {
        return mixed(seed) % 3 != 0;
    }

    /// @dev Fuzzers like small and round numbers; choices that look at single bits do not.
    function mixed(uint256 seed) private pure returns (uint256) {
        return uint256(keccak256(abi.encode(seed)));
    }

    function orderOf(uint256 life, uint256 seed) private view returns (WarrantyOrder memory order) {
        order.buyer = accounts[life / 2 % 2];
        order.platform = platforms[life % 2];
        order.seller = address(0x5E11E2);
        order.arbiter = accounts[4];
        order.issuer = address(0x1550);
        order.token = tokenOf(seed >> 8);
        order.batchId = batchId;
        order.index = uint32(life / 2);
        order.party = useOf(life);
        order.validUntil = uint64(time);
        order.deliveryWindow = windowOf(seed >> 16);
        order.acceptanceWindow = windowOf(seed >> 24);
        order.rulingWindow = windowOf(seed >> 32);
        order.answerWindow = windowOf(seed >> 40);
    }

    function useOf(uint256 life) public pure returns (address) {
        return address(uint160(0x05E0000 + life));
    }

    /// @dev Entry `position` of the life's key, and every eighth time any entry at all.
    function pick(uint256 life, uint256 position, uint256 seed) private view returns (Evidence memory) {
        seed = mixed(seed);
        if (seed % 8 == 0) return evidence[(seed >> 3) % evidence.length];
        return evidence[life / 2 * ENTRIES_A_KEY + position];
    }

    function buyerOf(uint256 life) private view returns (address) {
        return accounts[life / 2 % 2];
    }

    function account(uint256 seed) private view returns (address) {
        return accounts[seed % accounts.length];
    }

    function mostly(address right, uint256 seed) private view returns (address) {
        return mixed(seed) % 8 == 0 ? account(seed >> 3) : right;
    }

    function tokenOf(uint256 seed) private view returns (address) {
        return seed % 2 == 0 ? address(0) : address(TOKEN);
    }

    function windowOf(uint256 seed) private pure returns (uint32) {
        return uint32(6 hours + (seed % 8) * 1 hours);
    }
}
