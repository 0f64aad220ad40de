// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IEscrowRefusals as Refusals} from "../interfaces/IEscrowRefusals.sol";
import {IWarrantyEscrow} from "../interfaces/IWarrantyEscrow.sol";
import {Evidence, State} from "../interfaces/WarrantyTypes.sol";
import {EscrowFixture} from "./EscrowFixture.sol";
import {vm} from "./Vm.sol";

contract EscrowLifeTest is EscrowFixture {
    function refuseAs(address sender, bytes memory call, bytes memory reason) private {
        vm.expectRevert(reason);
        vm.prank(sender);
        // After expectRevert a low-level call answers whether it was refused as expected.
        (bool asExpected,) = address(escrow).call(call);
        check(asExpected, "refused, and for this reason");
    }

    function wrongState(bytes32 id, State state) private pure returns (bytes memory) {
        return abi.encodeWithSelector(Refusals.WrongState.selector, id, state);
    }

    function testAProvenDeliveryStartsTheAcceptanceWindow() public {
        bytes32 id = pay(anOrder());
        uint64 index = append(DELIVER, 0, SELLER, USE);
        Evidence memory delivery = show(index);
        vm.warp(NOW + 1 days - 1);
        vm.expectEmit(true, true, true, true, address(escrow));
        emit IWarrantyEscrow.DeliveryProven(id, index, uint64(NOW + 31 days - 1));
        vm.prank(STRANGER);
        escrow.deliver(id, delivery, nobody);
        inState(id, State.Delivered);
    }

    function testADeliveryInTheLastSecondCountsAndOneAtTheDeadlineDoesNot() public {
        bytes32 id = pay(anOrder());
        Evidence memory delivery = show(append(DELIVER, 0, SELLER, USE));
        vm.warp(NOW + 1 days);
        vm.expectRevert(abi.encodeWithSelector(Refusals.TooLate.selector, NOW + 1 days, NOW + 1 days));
        escrow.deliver(id, delivery, nobody);
        escrow.timeOut(id);
        closed(id, PRICE, 0, 10 ether);
    }

    function testWithoutADeliveryTheBuyerIsPaidBackAtTheDeadlineAndNotBefore() public {
        bytes32 id = pay(anOrder());
        vm.warp(NOW + 1 days - 1);
        vm.expectRevert(abi.encodeWithSelector(Refusals.TooEarly.selector, NOW + 1 days, NOW + 1 days - 1));
        escrow.timeOut(id);
        vm.warp(NOW + 1 days);
        vm.expectEmit(true, true, true, true, address(escrow));
        emit IWarrantyEscrow.DepositClosed(id, PRICE, 0);
        vm.prank(STRANGER);
        escrow.timeOut(id);
        closed(id, PRICE, 0, 10 ether);
    }

    function testABuyerWhoIsContentPaysThePlatform() public {
        bytes32 id = delivered();
        vm.prank(BUYER);
        escrow.confirm(id);
        closed(id, 0, PRICE, 10 ether);
    }

    function testAfterTheAcceptanceWindowThePlatformIsPaid() public {
        bytes32 id = delivered();
        vm.warp(NOW + 30 days - 1);
        vm.expectRevert(abi.encodeWithSelector(Refusals.TooEarly.selector, NOW + 30 days, NOW + 30 days - 1));
        escrow.timeOut(id);
        vm.warp(NOW + 30 days);
        escrow.timeOut(id);
        closed(id, 0, PRICE, 10 ether);
    }

    function testABuyerMayGiveUpHisClaim() public {
        bytes32 id = frozen();
        vm.prank(BUYER);
        escrow.confirm(id);
        closed(id, 0, PRICE, 10 ether);
    }

    function testOnlyTheBuyerConfirmsAndClaims() public {
        bytes32 id = delivered();
        address[4] memory others = [platform, SELLER, ARBITER, STRANGER];
        for (uint256 i = 0; i < others.length; ++i) {
            bytes memory reason = abi.encodeWithSelector(Refusals.NotBuyer.selector, others[i], BUYER);
            refuseAs(others[i], abi.encodeCall(IWarrantyEscrow.confirm, (id)), reason);
            refuseAs(others[i], abi.encodeCall(IWarrantyEscrow.fileClaim, (id, "claim")), reason);
        }
        inState(id, State.Delivered);
    }

    function testOnlyThePlatformRefunds() public {
        bytes32 id = delivered();
        address[4] memory others = [BUYER, SELLER, ARBITER, STRANGER];
        for (uint256 i = 0; i < others.length; ++i) {
            refuseAs(
                others[i],
                abi.encodeCall(IWarrantyEscrow.refund, (id)),
                abi.encodeWithSelector(Refusals.NotPlatform.selector, others[i], platform)
            );
        }
    }

    function testARefundBeforeTheDeliveryIsThePrice() public {
        bytes32 id = pay(anOrder());
        vm.prank(platform);
        escrow.refund(id);
        closed(id, PRICE, 0, 10 ether);
    }

    function testARefundAfterTheDeliveryIsWhatTheTermsPromise() public {
        bytes32 id = frozen();
        vm.prank(platform);
        escrow.refund(id);
        closed(id, PRICE + EXTRA, 0, 10 ether - EXTRA);
    }

    function testARefundUnderAProvenFaultDoesNotSaveTheCompensation() public {
        (bytes32 id,) = provenUsed();
        vm.prank(platform);
        escrow.refund(id);
        closed(id, PRICE + EXTRA, 0, 10 ether - EXTRA);
    }

    function testAClaimInTheLastSecondFreezesAndOneAtTheDeadlineIsRefused() public {
        bytes32 id = delivered();
        vm.warp(NOW + 30 days);
        refuseAs(
            BUYER,
            abi.encodeCall(IWarrantyEscrow.fileClaim, (id, "claim")),
            abi.encodeWithSelector(Refusals.TooLate.selector, NOW + 30 days, NOW + 30 days)
        );
        vm.warp(NOW + 30 days - 1);
        vm.expectEmit(true, true, true, true, address(escrow));
        emit IWarrantyEscrow.ClaimFiled(id, "claim", uint64(NOW + 37 days - 1));
        vm.prank(BUYER);
        escrow.fileClaim(id, "claim");
        vm.warp(NOW + 31 days);
        vm.expectRevert(abi.encodeWithSelector(Refusals.TooEarly.selector, NOW + 37 days - 1, NOW + 31 days));
        escrow.timeOut(id);
    }

    function testASecondClaimOnAFrozenDepositIsRefused() public {
        bytes32 id = frozen();
        refuseAs(
            BUYER, abi.encodeCall(IWarrantyEscrow.fileClaim, (id, "again")), wrongState(id, State.Frozen)
        );
    }

    function testAClaimBeforeTheDeliveryIsRefusedBecauseTheDeadlineGuardsIt() public {
        bytes32 id = pay(anOrder());
        refuseAs(
            BUYER, abi.encodeCall(IWarrantyEscrow.fileClaim, (id, "claim")), wrongState(id, State.Funded)
        );
    }

    function testTheArbiterDividesWhatIsHeldAndNoMore() public {
        bytes32 id = frozen();
        vm.expectEmit(true, true, true, true, address(escrow));
        emit IWarrantyEscrow.Ruled(id, ARBITER, 0.4 ether, 0.5 ether, GROUNDS);
        vm.prank(ARBITER);
        escrow.rule(id, 0.4 ether, 0.5 ether, GROUNDS);
        closed(id, 0.9 ether, 0.6 ether, 9.5 ether);
    }

    function testARulingByAStrangerIsRefused() public {
        bytes32 id = frozen();
        address[5] memory others = [STRANGER, platform, SELLER, BUYER, DEPLOYER];
        for (uint256 i = 0; i < others.length; ++i) {
            refuseAs(
                others[i],
                abi.encodeCall(IWarrantyEscrow.rule, (id, 0, 0, GROUNDS)),
                abi.encodeWithSelector(Refusals.NotArbiter.selector, others[i], ARBITER)
            );
        }
        inState(id, State.Frozen);
    }

    function testARulingOverMoreThanWasPaidOrHeldIsRefused() public {
        bytes32 id = frozen();
        refuseAs(
            ARBITER,
            abi.encodeCall(IWarrantyEscrow.rule, (id, PRICE + 1, 0, GROUNDS)),
            abi.encodeWithSelector(Refusals.RefundTooLarge.selector, PRICE + 1, PRICE)
        );
        refuseAs(
            ARBITER,
            abi.encodeCall(IWarrantyEscrow.rule, (id, 0, EXTRA + 1, GROUNDS)),
            abi.encodeWithSelector(Refusals.CompensationTooLarge.selector, EXTRA + 1, EXTRA)
        );
    }

    function testARulingWithoutGroundsIsRefused() public {
        bytes32 id = frozen();
        refuseAs(
            ARBITER,
            abi.encodeCall(IWarrantyEscrow.rule, (id, PRICE, 0, 0)),
            abi.encodeWithSelector(Refusals.InvalidGrounds.selector, bytes32(0))
        );
    }

    function testARulingWithoutAClaimIsRefused() public {
        bytes32 id = delivered();
        refuseAs(
            ARBITER, abi.encodeCall(IWarrantyEscrow.rule, (id, 0, 0, GROUNDS)), wrongState(id, State.Delivered)
        );
    }

    function testAnArbiterWhoKeepsSilentCannotRuleAfterwardsAndTheBuyerIsPaidBack() public {
        bytes32 id = frozen();
        vm.warp(NOW + 7 days);
        refuseAs(
            ARBITER,
            abi.encodeCall(IWarrantyEscrow.rule, (id, 0, 0, GROUNDS)),
            abi.encodeWithSelector(Refusals.TooLate.selector, NOW + 7 days, NOW + 7 days)
        );
        escrow.timeOut(id);
        closed(id, PRICE, 0, 10 ether);
    }

    function testADepositThatIsNotThereTakesNothing() public {
        bytes memory reason = wrongState("none", State.None);
        refuseAs(BUYER, abi.encodeCall(IWarrantyEscrow.confirm, ("none")), reason);
        refuseAs(BUYER, abi.encodeCall(IWarrantyEscrow.timeOut, ("none")), reason);
        refuseAs(BUYER, abi.encodeCall(IWarrantyEscrow.fileClaim, ("none", "claim")), reason);
        refuseAs(platform, abi.encodeCall(IWarrantyEscrow.refund, ("none")), reason);
        refuseAs(ARBITER, abi.encodeCall(IWarrantyEscrow.rule, ("none", 0, 0, GROUNDS)), reason);
    }

    function testAClosedDepositPaysNobodyTwice() public {
        bytes32 id = frozen();
        uint64 used = append(REDEEM, 1, ISSUER, USE);
        Evidence memory redemption = show(used);
        vm.prank(ARBITER);
        escrow.rule(id, PRICE, EXTRA, GROUNDS);
        bytes memory reason = wrongState(id, State.Closed);
        vm.warp(NOW + 60 days);
        refuseAs(BUYER, abi.encodeCall(IWarrantyEscrow.confirm, (id)), reason);
        refuseAs(BUYER, abi.encodeCall(IWarrantyEscrow.timeOut, (id)), reason);
        refuseAs(BUYER, abi.encodeCall(IWarrantyEscrow.fileClaim, (id, "claim")), reason);
        refuseAs(platform, abi.encodeCall(IWarrantyEscrow.refund, (id)), reason);
        refuseAs(ARBITER, abi.encodeCall(IWarrantyEscrow.rule, (id, PRICE, EXTRA, GROUNDS)), reason);
        refuseAs(BUYER, abi.encodeCall(IWarrantyEscrow.proveUsed, (id, redemption, nobody)), reason);
        closed(id, PRICE + EXTRA, 0, 10 ether - EXTRA);
    }
}
