// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IProvenanceRegistry, BatchManifest} from "./IProvenanceRegistry.sol";
import {IEscrowRefusals} from "./IEscrowRefusals.sol";
import {Deposit, Evidence, Fault, WarrantyOrder} from "./WarrantyTypes.sol";

/// @title Escrow for the sale of one card key under warranty
/// @notice Promises: money paid for a key leaves only as the order says: to the platform after the buyer's word or
/// the acceptance window, to the buyer after a ruling, a missed deadline, or a fault proven from the anchored log.
/// What the platform owes on top is held back from its bond from the first moment, so that nothing depends on its
/// key being there, or willing. Nobody can stop, upgrade or empty this contract; it takes no fee.
/// At every moment it holds, of each token, the deposits that are open with their compensation, the free bonds and
/// the credits not yet withdrawn, and nothing less.
/// @dev Whatever is decided is first a credit; money moves only when its owner withdraws it. Evidence is checked
/// against checkpoints anchored in the registry. Tokens that take a fee on transfer are refused; tokens whose
/// balances change by themselves must not be used.
interface IWarrantyEscrow is IEscrowRefusals {
    /// @notice A buyer has paid, and the compensation is held back from the platform's bond.
    /// @param id of the deposit
    /// @param buyer who paid
    /// @param platform who is to deliver
    /// @param order as signed by the platform
    /// @param deadline until which the delivery must be proven, unix seconds
    event Deposited(
        bytes32 indexed id, address indexed buyer, address indexed platform, WarrantyOrder order, uint64 deadline
    );

    /// @notice The delivery is in the anchored log.
    /// @param id of the deposit
    /// @param index log index of the DELIVER entry
    /// @param deadline until which the buyer may claim, unix seconds
    event DeliveryProven(bytes32 indexed id, uint64 index, uint64 deadline);

    /// @notice The buyer has claimed; nothing is paid out before a ruling is made or due.
    /// @param id of the deposit
    /// @param claim id of the claim in the log
    /// @param deadline until which the arbiter must rule, unix seconds
    event ClaimFiled(bytes32 indexed id, bytes32 indexed claim, uint64 deadline);

    /// @notice The arbiter has ruled.
    /// @param id of the deposit
    /// @param arbiter who ruled
    /// @param refund of the price, to the buyer
    /// @param compensation from the platform's bond, to the buyer
    /// @param grounds commitment to clause and evidence
    event Ruled(
        bytes32 indexed id, address indexed arbiter, uint128 refund, uint128 compensation, bytes32 grounds
    );

    /// @notice A fault is in the anchored log; unless it is answered in time, the buyer is paid.
    /// @param id of the deposit
    /// @param index log index of the entry that an answer has to undo
    /// @param deadline until which it can be answered, unix seconds
    event FaultProven(bytes32 indexed id, uint64 indexed index, uint64 deadline);

    /// @notice The fault had been undone: a reinstatement is in the anchored log.
    /// @param id of the deposit
    /// @param index log index of the entry that was undone
    /// @param answer log index of the reinstatement
    event FaultAnswered(bytes32 indexed id, uint64 indexed index, uint64 answer);

    /// @notice Everything in the deposit has been credited; what the buyer did not get went to the platform.
    /// @param id of the deposit
    /// @param refund of the price, to the buyer
    /// @param compensation from the platform's bond, to the buyer
    event DepositClosed(bytes32 indexed id, uint128 refund, uint128 compensation);

    /// @notice A platform's bond has grown.
    /// @param platform whose bond
    /// @param token of the bond, zero for ether
    /// @param amount added
    event BondPosted(address indexed platform, address indexed token, uint256 amount);

    /// @notice A platform has taken free bond back, as a credit.
    /// @param platform whose bond
    /// @param token of the bond, zero for ether
    /// @param amount taken
    event BondReleased(address indexed platform, address indexed token, uint256 amount);

    /// @notice A credit has been paid out.
    /// @param account whose credit
    /// @param token paid, zero for ether
    /// @param to who received it
    /// @param amount paid
    event Withdrawn(address indexed account, address indexed token, address to, uint256 amount);

    /// @notice Pays for an order, on the platform's signature. For the buyer alone.
    /// @param order the offer
    /// @param manifest of the key's batch; hashes to the order's batch id, so that nobody can give another `maxUses`
    /// @param signature the platform's EIP-712 signature over the order
    /// @return id of the deposit: the hash of batch, index, party and platform, so that one sale of a platform has one
    /// deposit, and nobody else's stands in its way
    function deposit(WarrantyOrder calldata order, BatchManifest calldata manifest, bytes calldata signature)
        external
        payable
        returns (bytes32 id);

    /// @notice Proves the delivery: the seller's DELIVER of this sale. For anyone.
    /// @param id of the deposit
    /// @param delivery the entry
    /// @param successions PARTY entries by which other addresses came to stand for the seller, oldest first
    function deliver(bytes32 id, Evidence calldata delivery, Evidence[] calldata successions) external;

    /// @notice The buyer is content: the platform gets the price. For the buyer, at any time.
    /// @param id of the deposit
    function confirm(bytes32 id) external;

    /// @notice The platform gives the price back, and after the delivery or a proven fault the compensation too: a
    /// platform cannot buy itself off cheaper than its terms say. For the platform, at any time.
    /// @param id of the deposit
    function refund(bytes32 id) external;

    /// @notice Freezes a delivered deposit. For the buyer, within the acceptance window.
    /// @param id of the deposit
    /// @param claim id of the claim in the log
    function fileClaim(bytes32 id, bytes32 claim) external;

    /// @notice Settles a claim. For the arbiter named in the order, within the ruling window.
    /// @param id of the deposit
    /// @param refund_ of the price, to the buyer; the rest goes to the platform
    /// @param compensation from the bond, to the buyer; the rest is free again
    /// @param grounds commitment to clause and evidence, not zero
    function rule(bytes32 id, uint128 refund_, uint128 compensation, bytes32 grounds) external;

    /// @notice Proves that the key had been used: the issuer's REDEEM with reason 1. On a shared key it must be of
    /// this sale. For anyone, while the deposit is open.
    /// @param id of the deposit
    /// @param redemption the entry
    /// @param successions PARTY entries by which other addresses came to stand for the issuer, oldest first
    function proveUsed(bytes32 id, Evidence calldata redemption, Evidence[] calldata successions) external;

    /// @notice Proves that a single-use key was sold twice, one of the sales being this one. For anyone, while the
    /// deposit is open.
    /// @param id of the deposit
    /// @param earlier the SELL that comes first in the log
    /// @param later the other SELL
    function proveSoldTwice(bytes32 id, Evidence calldata earlier, Evidence calldata later) external;

    /// @notice Answers a proven fault by the REINSTATE that undid it: the clock of the deposit goes on where it
    /// stood. If what was undone is this very sale, the buyer gets the price back instead. For anyone, within the
    /// answer window.
    /// @param id of the deposit
    /// @param reinstatement the entry
    /// @param successions PARTY entries by which other addresses came to stand for whoever is to undo, oldest first
    function answer(bytes32 id, Evidence calldata reinstatement, Evidence[] calldata successions) external;

    /// @notice Does what is due after a missed deadline. Funded: the buyer gets the price back. Delivered: the
    /// platform gets it. Frozen: the buyer gets it back. Proven: the buyer gets it back, and the compensation.
    /// For anyone.
    /// @param id of the deposit
    function timeOut(bytes32 id) external;

    /// @notice Adds to a platform's bond. For anyone.
    /// @param platform whose bond
    /// @param token zero for ether
    /// @param amount to add
    function postBond(address platform, address token, uint256 amount) external payable;

    /// @notice Turns free bond into the sender's credit. What open orders hold stays.
    /// @param token zero for ether
    /// @param amount to take
    function releaseBond(address token, uint256 amount) external;

    /// @notice Pays out all that is owed to the sender in one token.
    /// @param token zero for ether
    /// @param to who receives it
    /// @return amount paid
    function withdraw(address token, address to) external returns (uint256 amount);

    /// @notice A deposit; its state is None if there is none.
    /// @param id of the deposit
    /// @return deposit_ where it stands
    function depositOf(bytes32 id) external view returns (Deposit memory deposit_);

    /// @notice The fault proven last of a deposit; of meaning while the state is Proven.
    /// @param id of the deposit
    /// @return fault what was proven
    function faultOf(bytes32 id) external view returns (Fault memory fault);

    /// @notice Whether a fault was answered.
    /// @param id of the deposit
    /// @param index log index of the entry that was undone
    /// @return isAnswered whether it counts no more
    function answered(bytes32 id, uint64 index) external view returns (bool isAnswered);

    /// @notice What can be withdrawn.
    /// @param account whose credit
    /// @param token zero for ether
    /// @return amount owed
    function credits(address account, address token) external view returns (uint256 amount);

    /// @notice The part of a bond that no open order holds.
    /// @param platform whose bond
    /// @param token zero for ether
    /// @return amount free
    function bonds(address platform, address token) external view returns (uint256 amount);

    /// @notice The registry whose checkpoints and batches count here, for good.
    /// @return registry_ its address
    function registry() external view returns (IProvenanceRegistry registry_);

    /// @notice The shortest window an order may have.
    /// @return window seconds
    function minimumWindow() external view returns (uint32 window);

    /// @notice The longest window an order may have.
    /// @return window seconds
    function maximumWindow() external view returns (uint32 window);

    /// @notice Both names of an order.
    /// @param order any order, unchecked
    /// @return id of its deposit
    /// @return digest what its platform signs for this escrow on this chain
    function hashOrder(WarrantyOrder calldata order) external view returns (bytes32 id, bytes32 digest);
}
