// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CustodyEntry} from "./CustodyEntry.sol";
import {EscrowFunds} from "./EscrowFunds.sol";
import {EscrowOrders} from "./EscrowOrders.sol";
import {BatchManifest, IProvenanceRegistry} from "./interfaces/IProvenanceRegistry.sol";
import {IWarrantyEscrow} from "./interfaces/IWarrantyEscrow.sol";
import {Deposit, Evidence, Fault, State, WarrantyOrder} from "./interfaces/WarrantyTypes.sol";

/// @title Escrow for the sale of card keys under warranty
/// @dev Every deadline is half open: before it the state's actions, from it on its default, so that in every block
/// exactly one of the two is possible. No function loops over anything but the evidence of its own sender.
contract WarrantyEscrow is EscrowFunds, EscrowOrders {
    using CustodyEntry for CustodyEntry.Entry;

    mapping(bytes32 id => Deposit) private deposits;
    mapping(bytes32 id => Fault) private faults;
    /// @inheritdoc IWarrantyEscrow
    mapping(bytes32 id => mapping(uint64 index => bool)) public override answered;

    /// @dev The law of the log: a REINSTATE comes at most ten days after what it undoes.
    uint64 private constant REINSTATE_MILLISECONDS = 864_000_000;

    /// @param registry_ the registry whose checkpoints and batches count
    /// @param minimum the shortest window an order may have, seconds
    /// @param maximum the longest, seconds
    constructor(IProvenanceRegistry registry_, uint32 minimum, uint32 maximum)
        EscrowOrders(registry_, minimum, maximum)
    {}

    /// @inheritdoc IWarrantyEscrow
    function deposit(WarrantyOrder calldata order, BatchManifest calldata manifest, bytes calldata signature)
        external
        payable
        override
        nonReentrant
        returns (bytes32 id)
    {
        requireOrder(order, manifest, signature);
        id = idOf(order);
        if (deposits[id].state != State.None) revert AlreadyDeposited(id);

        holdBond(order.platform, order.token, order.compensation);
        uint64 deadline = write(deposits[id], order, manifest.maxUses);
        emit Deposited(id, order.buyer, order.platform, order, deadline);
        collect(order.token, order.amount);
    }

    /// @inheritdoc IWarrantyEscrow
    function deliver(bytes32 id, Evidence calldata delivery, Evidence[] calldata successions)
        external
        override
        nonReentrant
    {
        Deposit storage held = inState(id, State.Funded);
        requireBefore(held.deadline);
        CustodyEntry.Entry memory entry = onKey(held, delivery, CustodyEntry.DELIVER);
        entry.requireParty(held.party);
        requireActor(entry.actor, held.seller, delivery.index, successions);

        held.state = State.Delivered;
        held.deadline = fromNow(held.acceptanceWindow);
        emit DeliveryProven(id, delivery.index, held.deadline);
    }

    /// @inheritdoc IWarrantyEscrow
    function confirm(bytes32 id) external override nonReentrant {
        Deposit storage held = open(id);
        requireBuyer(held);
        close(id, held, 0, 0);
    }

    /// @inheritdoc IWarrantyEscrow
    function refund(bytes32 id) external override nonReentrant {
        Deposit storage held = open(id);
        if (msg.sender != held.platform) revert NotPlatform(msg.sender, held.platform);
        close(id, held, held.amount, held.state == State.Funded ? 0 : held.compensation);
    }

    /// @inheritdoc IWarrantyEscrow
    function fileClaim(bytes32 id, bytes32 claim) external override nonReentrant {
        Deposit storage held = inState(id, State.Delivered);
        requireBuyer(held);
        requireBefore(held.deadline);

        held.state = State.Frozen;
        held.deadline = fromNow(held.rulingWindow);
        emit ClaimFiled(id, claim, held.deadline);
    }

    /// @inheritdoc IWarrantyEscrow
    function rule(bytes32 id, uint128 refund_, uint128 compensation, bytes32 grounds) external override nonReentrant {
        Deposit storage held = inState(id, State.Frozen);
        if (msg.sender != held.arbiter) revert NotArbiter(msg.sender, held.arbiter);
        requireBefore(held.deadline);
        if (refund_ > held.amount) revert RefundTooLarge(refund_, held.amount);
        if (compensation > held.compensation) revert CompensationTooLarge(compensation, held.compensation);
        if (grounds == 0) revert InvalidGrounds(grounds);

        emit Ruled(id, msg.sender, refund_, compensation, grounds);
        close(id, held, refund_, compensation);
    }

    /// @inheritdoc IWarrantyEscrow
    function proveUsed(bytes32 id, Evidence calldata redemption, Evidence[] calldata successions)
        external
        override
        nonReentrant
    {
        Deposit storage held = accusable(id, redemption.index);
        CustodyEntry.Entry memory entry = onKey(held, redemption, CustodyEntry.REDEEM);
        if (entry.reason != CustodyEntry.USED_BEFORE_SALE) {
            revert WrongReason(entry.reason, CustodyEntry.USED_BEFORE_SALE);
        }
        // A single-use key that anybody used is used up. Of a shared one, only this sale's life concerns this buyer.
        if (held.maxUses != 1) entry.requireParty(held.party);
        requireActor(entry.actor, held.issuer, redemption.index, successions);
        accuse(id, held, entry, redemption.index, type(uint64).max, false);
    }

    /// @inheritdoc IWarrantyEscrow
    function proveSoldTwice(bytes32 id, Evidence calldata earlier, Evidence calldata later)
        external
        override
        nonReentrant
    {
        Deposit storage held = accusable(id, earlier.index);
        if (held.maxUses != 1) revert KeyIsShared(held.maxUses);
        if (earlier.index >= later.index) revert NotInOrder(earlier.index, later.index);
        CustodyEntry.Entry memory first = onKey(held, earlier, CustodyEntry.SELL);
        CustodyEntry.Entry memory second = onKey(held, later, CustodyEntry.SELL);
        bool isOwnSale = first.party == held.party && second.party != held.party;
        if (first.party != held.party) second.requireParty(held.party);
        accuse(id, held, first, earlier.index, later.index, isOwnSale);
    }

    /// @inheritdoc IWarrantyEscrow
    function answer(bytes32 id, Evidence calldata reinstatement, Evidence[] calldata successions)
        external
        override
        nonReentrant
    {
        Deposit storage held = inState(id, State.Proven);
        requireBefore(held.deadline);
        Fault memory fault = faults[id];
        CustodyEntry.Entry memory entry = onKey(held, reinstatement, CustodyEntry.REINSTATE);
        entry.requireParty(fault.party);
        if (reinstatement.index <= fault.index) revert NotInOrder(fault.index, reinstatement.index);
        if (reinstatement.index >= fault.before) revert NotInOrder(reinstatement.index, fault.before);
        if (entry.time <= fault.time || entry.time - fault.time > REINSTATE_MILLISECONDS) {
            revert NotInTime(entry.time, fault.time);
        }
        requireActor(entry.actor, fault.actor, reinstatement.index, successions);

        answered[id][fault.index] = true;
        emit FaultAnswered(id, fault.index, reinstatement.index);
        if (fault.isOwnSale) {
            // The key was free to be sold again because this sale had been taken back: nobody cheated, but there is
            // nothing left to pay for.
            close(id, held, held.amount, 0);
            return;
        }
        held.state = fault.resume;
        // Never less than the shortest window: who found a second fault meanwhile must have time to show it.
        held.deadline = fromNow(fault.remaining > minimumWindow ? fault.remaining : minimumWindow);
    }

    /// @inheritdoc IWarrantyEscrow
    function timeOut(bytes32 id) external override nonReentrant {
        Deposit storage held = open(id);
        if (block.timestamp < held.deadline) revert TooEarly(held.deadline, block.timestamp);
        close(
            id,
            held,
            held.state == State.Delivered ? 0 : held.amount,
            held.state == State.Proven ? held.compensation : 0
        );
    }

    /// @inheritdoc IWarrantyEscrow
    function depositOf(bytes32 id) external view override returns (Deposit memory) {
        return deposits[id];
    }

    /// @inheritdoc IWarrantyEscrow
    function faultOf(bytes32 id) external view override returns (Fault memory) {
        return faults[id];
    }

    /// @dev One write closes; what follows are numbers in books, and money moves when its owner asks for it.
    function close(bytes32 id, Deposit storage held, uint128 refund_, uint128 compensation) private {
        held.state = State.Closed;
        (address buyer, address platform, address token) = (held.buyer, held.platform, held.token);
        credits[buyer][token] += uint256(refund_) + compensation;
        credits[platform][token] += held.amount - refund_;
        bonds[platform][token] += held.compensation - compensation;
        emit DepositClosed(id, refund_, compensation);
    }

    function accuse(
        bytes32 id,
        Deposit storage held,
        CustodyEntry.Entry memory entry,
        uint64 index,
        uint64 before,
        bool isOwnSale
    ) private {
        faults[id] = Fault({
            index: index,
            before: before,
            time: entry.time,
            remaining: held.deadline - uint64(block.timestamp),
            actor: entry.actor,
            resume: held.state,
            isOwnSale: isOwnSale,
            party: entry.party
        });
        held.state = State.Proven;
        held.deadline = fromNow(held.answerWindow);
        emit FaultProven(id, index, held.deadline);
    }

    function write(Deposit storage held, WarrantyOrder calldata order, uint32 maxUses)
        private
        returns (uint64 deadline)
    {
        deadline = fromNow(order.deliveryWindow);
        held.buyer = order.buyer;
        held.deadline = deadline;
        held.index = order.index;
        held.platform = order.platform;
        held.state = State.Funded;
        held.maxUses = maxUses;
        held.acceptanceWindow = order.acceptanceWindow;
        held.seller = order.seller;
        held.rulingWindow = order.rulingWindow;
        held.answerWindow = order.answerWindow;
        held.arbiter = order.arbiter;
        held.issuer = order.issuer;
        held.token = order.token;
        held.party = order.party;
        held.batchId = order.batchId;
        held.amount = order.amount;
        held.compensation = order.compensation;
    }

    function inState(bytes32 id, State state) private view returns (Deposit storage held) {
        held = deposits[id];
        if (held.state != state) revert WrongState(id, held.state);
    }

    function open(bytes32 id) private view returns (Deposit storage held) {
        held = deposits[id];
        if (held.state == State.None || held.state == State.Closed) revert WrongState(id, held.state);
    }

    /// @dev A deposit that a fault can be proven on: open, its clock running, this fault not answered before.
    function accusable(bytes32 id, uint64 index) private view returns (Deposit storage held) {
        held = open(id);
        if (held.state == State.Proven) revert WrongState(id, held.state);
        requireBefore(held.deadline);
        if (answered[id][index]) revert AlreadyAnswered(id, index);
    }

    function read(Evidence calldata evidence) private view returns (CustodyEntry.Entry memory) {
        registry.verifyEntry(evidence.size, evidence.index, evidence.entry, evidence.path);
        return CustodyEntry.decode(evidence.entry);
    }

    function onKey(Deposit storage held, Evidence calldata evidence, uint8 kind)
        private
        view
        returns (CustodyEntry.Entry memory entry)
    {
        entry = read(evidence);
        entry.requireOnKey(kind, held.batchId, held.index);
    }

    /// @dev Reverts unless `found` is `expected`, or came to stand for it by successions that the log holds before
    /// `index`.
    function requireActor(address found, address expected, uint64 index, Evidence[] calldata successions)
        private
        view
    {
        for (uint256 i = 0; i < successions.length; ++i) {
            CustodyEntry.Entry memory entry = read(successions[i]);
            if (
                entry.kind != CustodyEntry.PARTY || entry.reason != CustodyEntry.SUCCEEDED
                    || entry.subject != bytes32(uint256(uint160(expected))) || successions[i].index >= index
            ) revert NotASuccession(i);
            expected = entry.party;
        }
        if (found != expected) revert AnotherActor(found, expected);
    }

    function requireBuyer(Deposit storage held) private view {
        if (msg.sender != held.buyer) revert NotBuyer(msg.sender, held.buyer);
    }

    function requireBefore(uint64 deadline) private view {
        if (block.timestamp >= deadline) revert TooLate(deadline, block.timestamp);
    }

    function fromNow(uint64 window) private view returns (uint64) {
        return uint64(block.timestamp) + window;
    }
}
