// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuard} from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";
import {IEscrowRefusals as Refusals} from "../interfaces/IEscrowRefusals.sol";
import {IWarrantyEscrow} from "../interfaces/IWarrantyEscrow.sol";
import {WarrantyOrder} from "../interfaces/WarrantyTypes.sol";
import {EscrowFixture} from "./EscrowFixture.sol";
import {FeeToken, GreedyReceiver, PlainToken, ReentrantToken, RefusingToken, SilentToken} from "./EscrowTokens.sol";
import {vm} from "./Vm.sol";

contract EscrowMoneyTest is EscrowFixture {
    function orderIn(address asset, uint128 compensation) private view returns (WarrantyOrder memory order) {
        order = anOrder();
        order.token = asset;
        order.compensation = compensation;
    }

    /// @dev Mints to buyer and platform, and lets the escrow take it. All test tokens answer these two calls.
    function supply(address asset) private {
        address[2] memory holders = [BUYER, platform];
        for (uint256 i = 0; i < holders.length; ++i) {
            PlainToken(asset).mint(holders[i], 100 ether);
            vm.prank(holders[i]);
            (bool ok,) = asset.call(abi.encodeCall(IERC20.approve, (address(escrow), type(uint256).max)));
            check(ok, "approved");
        }
    }

    function refuseDeposit(WarrantyOrder memory order, uint256 value, bytes memory reason) private {
        bytes memory signature = offered(PLATFORM_KEY, order);
        vm.expectRevert(reason);
        vm.prank(BUYER);
        escrow.deposit{value: value}(order, manifest, signature);
    }

    function takeAll(address account, address asset) private returns (uint256 amount) {
        vm.prank(account);
        return escrow.withdraw(asset, account);
    }

    // ---- bonds and credits

    function testABondIsFreeUntilAnOrderHoldsItAndCanBeTakenBackAsACredit() public {
        pay(anOrder());
        vm.expectRevert(abi.encodeWithSelector(Refusals.BondTooSmall.selector, 8 ether, 8 ether + 1));
        vm.prank(platform);
        escrow.releaseBond(ETHER, 8 ether + 1);

        vm.expectEmit(true, true, true, true, address(escrow));
        emit IWarrantyEscrow.BondReleased(platform, ETHER, 8 ether);
        vm.prank(platform);
        escrow.releaseBond(ETHER, 8 ether);
        equal(escrow.credits(platform, ETHER), 8 ether, "credit");
        uint256 before = platform.balance;
        takeAll(platform, ETHER);
        equal(platform.balance - before, 8 ether, "paid");
        equal(address(escrow).balance, PRICE + EXTRA, "what the order holds is still there");
    }

    function testAnybodyMayStandBondForAPlatformButNotForNobody() public {
        vm.expectEmit(true, true, true, true, address(escrow));
        emit IWarrantyEscrow.BondPosted(platform, ETHER, 1 ether);
        vm.prank(BUYER);
        escrow.postBond{value: 1 ether}(platform, ETHER, 1 ether);
        equal(escrow.bonds(platform, ETHER), 11 ether, "bond");
        vm.expectRevert(abi.encodeWithSelector(Refusals.RoleMissing.selector, bytes32("platform")));
        escrow.postBond(address(0), ETHER, 1 ether);
    }

    function testABondOfNothingIsRefused() public {
        bytes memory reason = abi.encodeWithSelector(Refusals.InvalidAmount.selector, 0);
        vm.expectRevert(reason);
        escrow.postBond(platform, ETHER, 0);
        vm.expectRevert(reason);
        escrow.releaseBond(ETHER, 0);
    }

    function testNobodyTakesAnotherPlatformsBond() public {
        vm.expectRevert(abi.encodeWithSelector(Refusals.BondTooSmall.selector, 0, 1));
        vm.prank(STRANGER);
        escrow.releaseBond(ETHER, 1);
    }

    function testACreditIsPaidOnceAndOnlyToItsOwnersOrder() public {
        bytes32 id = delivered();
        vm.prank(BUYER);
        escrow.confirm(id);
        bytes memory nothing = abi.encodeWithSelector(Refusals.NothingOwed.selector, STRANGER, ETHER);
        vm.expectRevert(nothing);
        takeAll(STRANGER, ETHER);

        vm.expectEmit(true, true, true, true, address(escrow));
        emit IWarrantyEscrow.Withdrawn(platform, ETHER, STRANGER, PRICE);
        vm.prank(platform);
        escrow.withdraw(ETHER, STRANGER);
        equal(STRANGER.balance, PRICE, "paid to whom its owner named");
        vm.expectRevert(abi.encodeWithSelector(Refusals.NothingOwed.selector, platform, ETHER));
        takeAll(platform, ETHER);
    }

    function testAReceiverThatTakesNoEtherLosesNothing() public {
        bytes32 id = delivered();
        vm.prank(BUYER);
        escrow.confirm(id);
        vm.expectRevert(abi.encodeWithSelector(Refusals.TransferFailed.selector, address(registry), PRICE));
        vm.prank(platform);
        escrow.withdraw(ETHER, address(registry));
        vm.expectRevert(abi.encodeWithSelector(Refusals.RoleMissing.selector, bytes32("to")));
        vm.prank(platform);
        escrow.withdraw(ETHER, address(0));
        equal(escrow.credits(platform, ETHER), PRICE, "still owed");
    }

    function testOneTokenNeverPaysForAnother() public {
        supply(address(token));
        postBond(address(token), 5 ether);
        bytes32 id = pay(orderIn(address(token), 3 ether));
        vm.warp(NOW + 1 days);
        escrow.timeOut(id);
        equal(escrow.credits(BUYER, ETHER), 0, "no ether");
        equal(takeAll(BUYER, address(token)), PRICE, "tokens");
        equal(token.balanceOf(BUYER), 100 ether, "all of them");
        equal(token.balanceOf(address(escrow)), 5 ether, "the bond");
    }

    // ---- tokens of every sort

    function testATokenThatReturnsNothingIsTakenAndPaid() public {
        SilentToken silent = new SilentToken();
        supply(address(silent));
        postBond(address(silent), 5 ether);
        bytes32 id = pay(orderIn(address(silent), 5 ether));
        escrow.proveUsed(id, show(append(REDEEM, 1, ISSUER, USE)), nobody);
        vm.warp(NOW + 3 days);
        escrow.timeOut(id);
        takeAll(BUYER, address(silent));
        equal(silent.balanceOf(BUYER), 105 ether, "price and compensation");
        equal(silent.balanceOf(address(escrow)), 0, "nothing is left");
    }

    function testATokenThatTakesAFeeOnTheWayInIsRefused() public {
        FeeToken fee = new FeeToken();
        supply(address(fee));
        bytes memory reason = abi.encodeWithSelector(Refusals.AmountNotReceived.selector, 0.99 ether, 1 ether);
        refuseDeposit(orderIn(address(fee), 0), 0, reason);
        vm.expectRevert(reason);
        vm.prank(platform);
        escrow.postBond(platform, address(fee), 1 ether);
        equal(fee.balanceOf(BUYER), 100 ether, "nothing moved");
        equal(escrow.bonds(platform, address(fee)), 0, "nothing was written");
    }

    function testATokenThatLaterTakesItsFeeFromTheEscrowIsNotPaidWithOtherPeoplesMoney() public {
        FeeToken fee = new FeeToken();
        fee.take(false, false);
        supply(address(fee));
        postBond(address(fee), 50 ether);
        bytes32 id = pay(orderIn(address(fee), 0));
        vm.prank(BUYER);
        escrow.confirm(id);
        fee.take(false, true);
        vm.expectRevert(abi.encodeWithSelector(Refusals.AmountNotSent.selector, 1.01 ether, 1 ether));
        takeAll(platform, address(fee));
        fee.take(true, false);
        takeAll(platform, address(fee));
        equal(fee.balanceOf(address(escrow)), 50 ether, "the bond is whole");
    }

    function testATokenThatSaysNoOrIsNoneIsRefused() public {
        RefusingToken refusing = new RefusingToken();
        refuseDeposit(
            orderIn(address(refusing), 0),
            0,
            abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, address(refusing))
        );
        refuseDeposit(orderIn(STRANGER, 0), 0, abi.encodeWithSelector(Refusals.NotAToken.selector, STRANGER));
    }

    function testEtherSentBesideATokenIsRefused() public {
        supply(address(token));
        refuseDeposit(
            orderIn(address(token), 0), 1, abi.encodeWithSelector(Refusals.ValueMismatch.selector, 1, 0)
        );
    }

    // ---- calling back

    function testATokenThatCallsBackFindsEveryDoorShut() public {
        ReentrantToken token_ = new ReentrantToken();
        address asset = address(token_);
        supply(asset);
        postBond(asset, 50 ether);
        bytes32 id = pay(anOrder());
        bytes[8] memory doors = [
            abi.encodeCall(IWarrantyEscrow.withdraw, (asset, asset)),
            abi.encodeCall(IWarrantyEscrow.postBond, (asset, asset, 1)),
            abi.encodeCall(IWarrantyEscrow.releaseBond, (asset, 1)),
            abi.encodeCall(IWarrantyEscrow.confirm, (id)),
            abi.encodeCall(IWarrantyEscrow.refund, (id)),
            abi.encodeCall(IWarrantyEscrow.timeOut, (id)),
            abi.encodeCall(IWarrantyEscrow.fileClaim, (id, "claim")),
            abi.encodeCall(IWarrantyEscrow.rule, (id, 0, 0, GROUNDS))
        ];
        for (uint256 i = 0; i < doors.length; ++i) {
            token_.callBack(address(escrow), doors[i]);
            postBond(asset, 1 ether);
            findsItShut(token_);
        }
        vm.prank(platform);
        escrow.releaseBond(asset, 10 ether);
        token_.callBack(address(escrow), doors[0]);
        takeAll(platform, asset);
        findsItShut(token_);
        equal(token_.balanceOf(address(escrow)), 48 ether, "paid once");
    }

    function findsItShut(ReentrantToken token_) private view {
        check(token_.called() && !token_.succeeded(), "the call back is refused");
        equal(
            bytes32(bytes4(token_.answer())),
            bytes32(ReentrancyGuard.ReentrancyGuardReentrantCall.selector),
            "because it calls back"
        );
    }

    function testAReceiverThatAsksAgainWhileItIsPaidIsPaidOnce() public {
        GreedyReceiver greedy = new GreedyReceiver{value: 3 ether}(escrow);
        greedy.post(3 ether);
        greedy.release(1 ether);
        greedy.withdraw();
        check(!greedy.succeeded(), "the second withdrawal");
        equal(
            bytes32(bytes4(greedy.answer())),
            bytes32(ReentrancyGuard.ReentrancyGuardReentrantCall.selector),
            "refused because it calls back"
        );
        equal(address(greedy).balance, 1 ether, "paid once");
        equal(address(escrow).balance, 12 ether, "the rest is there");
    }
}
