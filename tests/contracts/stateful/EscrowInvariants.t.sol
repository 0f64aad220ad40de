// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Deposit, State} from "../interfaces/WarrantyTypes.sol";
import {EscrowFixture} from "./EscrowFixture.sol";
import {EscrowHandler} from "./EscrowHandler.t.sol";
import {WarrantyEscrow} from "../WarrantyEscrow.sol";
import {purse} from "./EscrowVm.sol";

/// @dev The promise of the escrow's first page, held against arbitrary sequences of calls.
contract EscrowInvariants is EscrowFixture {
    EscrowHandler internal handler;

    function setUp() public override {
        super.setUp();
        escrow = new WarrantyEscrow(registry, 1 hours, 90 days);
        manifest.root = "sixteen lives";
        manifest.size = 8;
        batchId = registry.registerBatch(manifest, signed(SUPPLIER_KEY, manifest));
        handler = new EscrowHandler(escrow, token, manifest, batchId);
        purse.deal(address(handler), 1e30);
        writeLog();
        for (uint64 i = 0; i < log.length; ++i) handler.learn(show(i));
    }

    /// @dev Keys 0, 2, … are sold, taken back, sold again; keys 1, 3, … are sold twice. Every key is delivered to
    /// both, and used before the sale; of keys 0, 1, 4, 5 that is taken back.
    function writeLog() private {
        for (uint32 key = 0; key < handler.KEYS(); ++key) {
            (address first, address second) = (handler.useOf(2 * key), handler.useOf(2 * key + 1));
            put(SELL, 0, key, SELLER, first);
            put(key % 2 == 0 ? REINSTATE : PARTY, 0, key, SELLER, first);
            put(SELL, 0, key, SELLER, second);
            put(DELIVER, 0, key, SELLER, first);
            put(DELIVER, 0, key, SELLER, second);
            put(REDEEM, 1, key, ISSUER, second);
            put(key % 4 < 2 ? REINSTATE : PARTY, 0, key, ISSUER, second);
        }
    }

    function put(uint8 kind, uint16 reason, uint32 key, address actor, address party) private {
        appendRaw(bytesOf(kind, reason, uint64(NOW * 1000 + log.length), batchId, key, 1, actor, party));
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    /// @notice Balances are open deposits, credits and bonds, to the last unit; what came in is there or went out;
    /// a closed deposit stays closed.
    /// hardhat-config: invariant.runs = 256
    /// hardhat-config: invariant.depth = 200
    function invariantTheEscrowHoldsExactlyWhatItOwes() public view {
        address[2] memory assets = [address(0), address(token)];
        uint256[2] memory owed = held();
        for (uint256 i = 0; i < assets.length; ++i) {
            for (uint256 k = 0; k < 6; ++k) {
                address account = handler.accounts(k);
                owed[i] += escrow.credits(account, assets[i]) + escrow.bonds(account, assets[i]);
            }
            uint256 balance = i == 0 ? address(escrow).balance : token.balanceOf(address(escrow));
            equal(balance, owed[i], "balance");
            equal(balance, handler.paidIn(assets[i]) - handler.paidOut(assets[i]), "in and out");
        }
        check(!handler.reopened(), "a closed deposit stays closed");
    }

    /// @dev Open deposits with their compensation, in ether and in the token.
    function held() private view returns (uint256[2] memory sums) {
        for (uint256 life = 0; life < handler.LIVES(); ++life) {
            bytes32 id = handler.ids(life);
            if (id == 0) continue;
            Deposit memory one = escrow.depositOf(id);
            if (one.state == State.None || one.state == State.Closed) continue;
            sums[one.token == address(0) ? 0 : 1] += uint256(one.amount) + one.compensation;
        }
    }
}
