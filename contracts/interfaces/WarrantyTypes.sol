// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice What a platform offers one buyer and signs (EIP-712): one sale of one key, and the warranty on it.
/// Windows are in seconds. All of it is fixed for good once the buyer has paid.
/// @param buyer who pays, and who is paid back
/// @param platform who signs this, is paid in the end, and whose bond stands behind the warranty
/// @param seller the platform's address in the log: actor of the key's SELL and DELIVER
/// @param arbiter who rules on claims that no proof settles
/// @param issuer the address in the log whose word it is that the key was used before the sale
/// @param token the ERC-20 paid in, zero for ether
/// @param amount the price, in the token's smallest unit
/// @param compensation what the buyer gets from the bond on top of the price if the key was bad; may be zero
/// @param batchId batch of the key sold
/// @param index position of the key in its batch
/// @param party the buyer's use, as it stands in the key's SELL; names this one sale among all of the key's lives
/// @param terms SHA-256 of the canonical JSON of the warranty terms
/// @param validUntil unix seconds up to which the buyer may pay
/// @param deliveryWindow from the payment: until then the delivery must be proven, else the buyer is paid back
/// @param acceptanceWindow from the delivery: until then the buyer may claim, afterwards the platform is paid
/// @param rulingWindow from a claim: until then the arbiter must rule, else the buyer is paid back
/// @param answerWindow from a proven fault: until then it can be answered, else the buyer is paid
struct WarrantyOrder {
    address buyer;
    address platform;
    address seller;
    address arbiter;
    address issuer;
    address token;
    uint128 amount;
    uint128 compensation;
    bytes32 batchId;
    uint32 index;
    address party;
    bytes32 terms;
    uint64 validUntil;
    uint32 deliveryWindow;
    uint32 acceptanceWindow;
    uint32 rulingWindow;
    uint32 answerWindow;
}

/// @notice Where a deposit stands. In every state but the first and the last a deadline runs, and what happens
/// when it passes is fixed.
/// @dev None: no such deposit. Funded: paid, delivery due. Delivered: the buyer may claim. Frozen: claimed, a ruling
/// is due. Proven: a fault is proven, an answer is due. Closed: everything in it has been credited.
enum State {
    None,
    Funded,
    Delivered,
    Frozen,
    Proven,
    Closed
}

/// @notice Money held for one sale. Fields are those of the order it came from.
/// @param deadline unix seconds; what is possible in the state is possible before it, its default from then on
/// @param maxUses how often the key may be sold, from the supplier's manifest
struct Deposit {
    address buyer;
    uint64 deadline;
    uint32 index;
    address platform;
    State state;
    uint32 maxUses;
    uint32 acceptanceWindow;
    address seller;
    uint32 rulingWindow;
    uint32 answerWindow;
    address arbiter;
    address issuer;
    address token;
    address party;
    bytes32 batchId;
    uint128 amount;
    uint128 compensation;
}

/// @notice A fault proven from the log, and what an answer to it has to undo.
/// @param index log index of the entry to be undone
/// @param before log index that the answer must lie under
/// @param actor who made that entry
/// @param resume the state that the deposit goes back to if the fault is answered
/// @param isOwnSale whether the entry to be undone is this order's own sale
/// @param party the use in that entry
/// @param remaining seconds that the deposit's clock still had
/// @param time of that entry, in milliseconds
struct Fault {
    uint64 index;
    uint64 before;
    uint64 time;
    uint64 remaining;
    address actor;
    State resume;
    bool isOwnSale;
    address party;
}

/// @notice An entry of the log, and its way to the root that is anchored at `size`.
/// @param size an anchored size of the log
/// @param index position of the entry in the log
/// @param entry its 124 bytes
/// @param path siblings from the leaf up
struct Evidence {
    uint64 size;
    uint64 index;
    bytes entry;
    bytes32[] path;
}
