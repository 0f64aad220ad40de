// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {State} from "./WarrantyTypes.sol";

/// @title Everything that the escrow refuses
/// @notice A refusal leaves everything as it was.
interface IEscrowRefusals {
    // ---- construction

    /// @notice There is no contract at the registry's address.
    /// @param registry the address given
    error InvalidRegistry(address registry);

    /// @notice The shortest window allowed must be at least a second, and the longest no shorter and within bounds.
    /// @param minimum seconds
    /// @param maximum seconds
    error InvalidWindowBounds(uint32 minimum, uint32 maximum);

    // ---- the order

    /// @notice The offer has lapsed.
    /// @param validUntil unix seconds up to which it held
    /// @param time of this block
    error OfferLapsed(uint64 validUntil, uint256 time);

    /// @notice A window is shorter or longer than this escrow allows.
    /// @param window seconds
    /// @param minimum seconds
    /// @param maximum seconds
    error WindowOutOfBounds(uint32 window, uint32 minimum, uint32 maximum);

    /// @notice The order leaves a role empty.
    /// @param role its name
    error RoleMissing(bytes32 role);

    /// @notice Nobody rules in his own cause.
    /// @param arbiter who is also buyer, platform or seller
    error ArbiterIsParty(address arbiter);

    /// @notice The signature is of the wrong length, malleable, or nobody's.
    /// @param digest what was to be signed
    error InvalidSignature(bytes32 digest);

    /// @notice Somebody else signed, or for another chain or escrow.
    /// @param signer who signed
    /// @param platform who should have
    error SignerIsNotPlatform(address signer, address platform);

    /// @notice The manifest is not that of the order's batch.
    /// @param batchId of the manifest
    /// @param expected of the order
    error ManifestOfAnotherBatch(bytes32 batchId, bytes32 expected);

    /// @notice No supplier stands behind this batch in the registry.
    /// @param batchId the batch
    error BatchNotRegistered(bytes32 batchId);

    /// @notice There is no such key in the batch.
    /// @param index of the key
    /// @param size of the batch
    error IndexOutsideBatch(uint32 index, uint32 size);

    /// @notice One sale of one key by one platform has one deposit, ever.
    /// @param id of the deposit that is there
    error AlreadyDeposited(bytes32 id);

    // ---- who, and when

    /// @notice Only the buyer may do this.
    /// @param sender who tried
    /// @param buyer who may
    error NotBuyer(address sender, address buyer);

    /// @notice Only the platform may do this.
    /// @param sender who tried
    /// @param platform who may
    error NotPlatform(address sender, address platform);

    /// @notice Only the arbiter named in the order rules.
    /// @param sender who tried
    /// @param arbiter who may
    error NotArbiter(address sender, address arbiter);

    /// @notice Not possible where the deposit stands; None stands for a deposit that is not there.
    /// @param id the deposit
    /// @param state where it stands
    error WrongState(bytes32 id, State state);

    /// @notice The deadline has passed.
    /// @param deadline unix seconds
    /// @param time of this block
    error TooLate(uint64 deadline, uint256 time);

    /// @notice The deadline has not passed.
    /// @param deadline unix seconds
    /// @param time of this block
    error TooEarly(uint64 deadline, uint256 time);

    // ---- the ruling

    /// @notice No more can be given back than was paid.
    /// @param refund asked for
    /// @param amount paid
    error RefundTooLarge(uint128 refund, uint128 amount);

    /// @notice No more can be awarded than the bond holds for this order.
    /// @param compensation asked for
    /// @param limit held for it
    error CompensationTooLarge(uint128 compensation, uint128 limit);

    /// @notice A ruling must name its grounds: the commitment to clause and evidence.
    /// @param grounds as given
    error InvalidGrounds(bytes32 grounds);

    // ---- evidence

    /// @notice An entry has 124 bytes.
    /// @param length given
    error InvalidEntryLength(uint256 length);

    /// @notice The entry is of a version that this contract cannot read.
    /// @param version given
    error UnknownEntryVersion(uint8 version);

    /// @notice The entry says that something else happened.
    /// @param found type of the entry
    /// @param expected type it must have
    error WrongEntryType(uint8 found, uint8 expected);

    /// @notice The entry was made for another reason.
    /// @param found reason in the entry
    /// @param expected reason it must have
    error WrongReason(uint16 found, uint16 expected);

    /// @notice The entry is on another key, or on more than one.
    /// @param batchId of the entry
    /// @param first key index
    /// @param count of keys
    error AnotherKey(bytes32 batchId, uint32 first, uint32 count);

    /// @notice Somebody else did it.
    /// @param found actor of the entry
    /// @param expected who it must be
    error AnotherActor(address found, address expected);

    /// @notice It is about another buyer's use.
    /// @param found party of the entry
    /// @param expected who it must be
    error AnotherParty(address found, address expected);

    /// @notice This party did not succeed that one by then.
    /// @param position of the entry in the list of successions
    error NotASuccession(uint256 position);

    /// @notice The first of two entries must come before the second in the log.
    /// @param earlier log index of the first
    /// @param later log index of the second
    error NotInOrder(uint64 earlier, uint64 later);

    /// @notice A reinstatement must follow what it undoes within ten days.
    /// @param time of the reinstatement, in milliseconds
    /// @param undone time of the entry undone, in milliseconds
    error NotInTime(uint64 time, uint64 undone);

    /// @notice A key that may be sold several times is not bad because it was sold twice.
    /// @param maxUses how often it may be sold
    error KeyIsShared(uint32 maxUses);

    /// @notice This fault has been answered before.
    /// @param id the deposit
    /// @param index log index of the entry that was undone
    error AlreadyAnswered(bytes32 id, uint64 index);

    // ---- money

    /// @notice Nothing cannot be paid.
    /// @param amount given
    error InvalidAmount(uint256 amount);

    /// @notice There is no token contract at this address.
    /// @param token the address
    error NotAToken(address token);

    /// @notice Ether sent is not the ether asked for; with a token, none may be sent.
    /// @param value sent
    /// @param expected asked for
    error ValueMismatch(uint256 value, uint256 expected);

    /// @notice The token took a fee on the way in, or gave what was not asked for: such tokens are refused.
    /// @param received by this contract
    /// @param expected asked for
    error AmountNotReceived(uint256 received, uint256 expected);

    /// @notice The token took more, or less, from this contract than was sent.
    /// @param sent taken from this contract
    /// @param expected asked for
    error AmountNotSent(uint256 sent, uint256 expected);

    /// @notice The receiver does not take the ether; name another.
    /// @param to the receiver
    /// @param amount in wei
    error TransferFailed(address to, uint256 amount);

    /// @notice The free part of the bond is smaller than that.
    /// @param free what no order holds
    /// @param needed what was asked for
    error BondTooSmall(uint256 free, uint256 needed);

    /// @notice Nothing is owed to this account in this token.
    /// @param account whose credit was asked for
    /// @param token the token, zero for ether
    error NothingOwed(address account, address token);
}
