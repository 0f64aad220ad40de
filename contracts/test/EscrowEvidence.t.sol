// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IProvenanceRegistry} from "../interfaces/IProvenanceRegistry.sol";
import {IEscrowRefusals as Refusals} from "../interfaces/IEscrowRefusals.sol";
import {IWarrantyEscrow} from "../interfaces/IWarrantyEscrow.sol";
import {Evidence, Fault, State} from "../interfaces/WarrantyTypes.sol";
import {MerkleLog} from "../MerkleLog.sol";
import {EscrowFixture} from "./EscrowFixture.sol";
import {vm} from "./Vm.sol";

contract EscrowEvidenceTest is EscrowFixture {
    address private constant HEIR = address(0x4E12);

    function refuseDelivery(bytes32 id, uint64 index, bytes memory reason) private {
        Evidence memory evidence = show(index);
        vm.expectRevert(reason);
        escrow.deliver(id, evidence, nobody);
    }

    function refuseUsed(bytes32 id, uint64 index, bytes memory reason) private {
        Evidence memory evidence = show(index);
        vm.expectRevert(reason);
        escrow.proveUsed(id, evidence, nobody);
    }

    function refuseTwice(bytes32 id, uint64 earlier, uint64 later, bytes memory reason) private {
        (Evidence memory first, Evidence memory second) = (show(earlier), show(later));
        vm.expectRevert(reason);
        escrow.proveSoldTwice(id, first, second);
    }

    function refuseAnswer(bytes32 id, uint64 index, bytes memory reason) private {
        Evidence memory evidence = show(index);
        vm.expectRevert(reason);
        escrow.answer(id, evidence, nobody);
        inState(id, State.Proven);
    }

    // ---- the delivery

    function testADeliveryToAnotherUseIsNotThisOne() public {
        bytes32 id = pay(anOrder());
        refuseDelivery(
            id,
            append(DELIVER, 0, SELLER, OTHER_USE),
            abi.encodeWithSelector(Refusals.AnotherParty.selector, OTHER_USE, USE)
        );
    }

    function testADeliveryBySomebodyElseIsNotTheSellers() public {
        bytes32 id = pay(anOrder());
        refuseDelivery(
            id,
            append(DELIVER, 0, STRANGER, USE),
            abi.encodeWithSelector(Refusals.AnotherActor.selector, STRANGER, SELLER)
        );
    }

    function testASaleIsNoDelivery() public {
        bytes32 id = pay(anOrder());
        refuseDelivery(
            id, append(SELL, 0, SELLER, USE), abi.encodeWithSelector(Refusals.WrongEntryType.selector, SELL, DELIVER)
        );
    }

    function testADeliveryOfAnotherKeyOrOfManyIsNotThisOne() public {
        bytes32 id = pay(anOrder());
        uint64 time = uint64(NOW * 1000);
        bytes32[3] memory batch = [batchId, batchId, bytes32("other")];
        uint32[3] memory first = [INDEX + 1, INDEX, INDEX];
        uint32[3] memory count = [uint32(1), 2, 1];
        for (uint256 i = 0; i < 3; ++i) {
            uint64 index = appendRaw(bytesOf(DELIVER, 0, time, batch[i], first[i], count[i], SELLER, USE));
            refuseDelivery(
                id, index, abi.encodeWithSelector(Refusals.AnotherKey.selector, batch[i], first[i], count[i])
            );
        }
    }

    function testAnEntryOfALaterVersionIsNotRead() public {
        bytes32 id = pay(anOrder());
        bytes memory entry = bytesOf(DELIVER, 0, 1, batchId, INDEX, 1, SELLER, USE);
        entry[0] = 0x02;
        refuseDelivery(id, appendRaw(entry), abi.encodeWithSelector(Refusals.UnknownEntryVersion.selector, 2));
    }

    function testAnEntryThatIsNotInTheLogProvesNothing() public {
        bytes32 id = pay(anOrder());
        Evidence memory evidence = show(append(DELIVER, 0, STRANGER, USE));
        bytes memory forged = bytesOf(DELIVER, 0, 1, batchId, INDEX, 1, SELLER, USE);
        evidence.entry = forged;
        bytes32 root = sha256(bytes.concat(hex"00", forged));
        (bytes32 anchored,) = registry.checkpoints(1);
        vm.expectRevert(abi.encodeWithSelector(MerkleLog.RootMismatch.selector, root, anchored));
        escrow.deliver(id, evidence, nobody);
    }

    function testAnEntryThatIsNotAnchoredYetProvesNothing() public {
        bytes32 id = pay(anOrder());
        Evidence memory evidence = show(append(DELIVER, 0, SELLER, USE));
        evidence.size = 2;
        vm.expectRevert(abi.encodeWithSelector(IProvenanceRegistry.UnknownCheckpoint.selector, 2));
        escrow.deliver(id, evidence, nobody);
    }

    function testADeliveryProvenTwiceIsRefused() public {
        bytes32 id = delivered();
        refuseDelivery(id, 0, abi.encodeWithSelector(Refusals.WrongState.selector, id, State.Delivered));
    }

    // ---- used before the sale

    function testAUsedKeyPaysTheBuyerWithoutARulingAndWithoutThePlatform() public {
        bytes32 id = delivered();
        uint64 index = append(REDEEM, 1, ISSUER, USE);
        Evidence memory evidence = show(index);
        vm.expectEmit(true, true, true, true, address(escrow));
        emit IWarrantyEscrow.FaultProven(id, index, uint64(NOW + 3 days));
        vm.prank(STRANGER);
        escrow.proveUsed(id, evidence, nobody);
        vm.warp(NOW + 3 days - 1);
        vm.expectRevert(abi.encodeWithSelector(Refusals.TooEarly.selector, NOW + 3 days, NOW + 3 days - 1));
        escrow.timeOut(id);
        vm.warp(NOW + 3 days);
        vm.prank(STRANGER);
        escrow.timeOut(id);
        closed(id, PRICE + EXTRA, 0, 10 ether - EXTRA);
    }

    function testAFaultCanBeProvenBeforeTheDeliveryAndUnderAClaimToo() public {
        bytes32 id = pay(anOrder());
        escrow.proveUsed(id, show(append(REDEEM, 1, ISSUER, address(0))), nobody);
        inState(id, State.Proven);

        setUp();
        delete log;
        id = frozen();
        escrow.proveUsed(id, show(append(REDEEM, 1, ISSUER, USE)), nobody);
        inState(id, State.Proven);
        vm.expectRevert(abi.encodeWithSelector(Refusals.WrongState.selector, id, State.Proven));
        vm.prank(ARBITER);
        escrow.rule(id, 0, 0, GROUNDS);
    }

    function testAnOrdinaryRedemptionIsNoFault() public {
        bytes32 id = delivered();
        refuseUsed(
            id, append(REDEEM, 0, ISSUER, USE), abi.encodeWithSelector(Refusals.WrongReason.selector, 0, 1)
        );
        refuseUsed(
            id, append(REDEEM, 2, ISSUER, USE), abi.encodeWithSelector(Refusals.WrongReason.selector, 2, 1)
        );
    }

    function testOnlyTheIssuerNamedInTheOrderCanSayThatTheKeyWasUsed() public {
        bytes32 id = delivered();
        address[3] memory others = [STRANGER, SELLER, USE];
        for (uint256 i = 0; i < others.length; ++i) {
            refuseUsed(
                id,
                append(REDEEM, 1, others[i], USE),
                abi.encodeWithSelector(Refusals.AnotherActor.selector, others[i], ISSUER)
            );
        }
    }

    function testAnotherKeysRedemptionIsNoFaultOfThisOne() public {
        bytes32 id = delivered();
        uint64 index = appendRaw(bytesOf(REDEEM, 1, 1, batchId, INDEX + 1, 1, ISSUER, USE));
        refuseUsed(id, index, abi.encodeWithSelector(Refusals.AnotherKey.selector, batchId, INDEX + 1, 1));
    }

    function testASingleUseKeyIsUsedUpWhoeverUsedIt() public {
        bytes32 id = delivered();
        escrow.proveUsed(id, show(append(REDEEM, 1, ISSUER, OTHER_USE)), nobody);
        inState(id, State.Proven);
    }

    function testOnASharedKeyOnlyThisSalesRedemptionCounts() public {
        batchId = registerBatch(5);
        bytes32 id = delivered();
        refuseUsed(
            id,
            append(REDEEM, 1, ISSUER, OTHER_USE),
            abi.encodeWithSelector(Refusals.AnotherParty.selector, OTHER_USE, USE)
        );
        escrow.proveUsed(id, show(append(REDEEM, 1, ISSUER, USE)), nobody);
        inState(id, State.Proven);
    }

    function testAFaultShownAfterTheWarrantyIsTooLate() public {
        bytes32 id = delivered();
        uint64 index = append(REDEEM, 1, ISSUER, USE);
        vm.warp(NOW + 30 days);
        refuseUsed(id, index, abi.encodeWithSelector(Refusals.TooLate.selector, NOW + 30 days, NOW + 30 days));
    }

    function testASecondFaultWaitsUntilTheFirstIsAnswered() public {
        (bytes32 id,) = provenUsed();
        refuseUsed(
            id,
            append(REDEEM, 1, ISSUER, USE),
            abi.encodeWithSelector(Refusals.WrongState.selector, id, State.Proven)
        );
    }

    // ---- sold twice

    function testTwoSalesOfASingleUseKeyPayEitherBuyer() public {
        for (uint256 i = 0; i < 2; ++i) {
            delete log;
            setUp();
            uint64 earlier = append(SELL, 0, SELLER, i == 0 ? OTHER_USE : USE);
            uint64 later = append(SELL, 0, SELLER, i == 0 ? USE : OTHER_USE);
            bytes32 id = delivered();
            escrow.proveSoldTwice(id, show(earlier), show(later));
            vm.warp(NOW + 3 days);
            escrow.timeOut(id);
            closed(id, PRICE + EXTRA, 0, 10 ether - EXTRA);
        }
    }

    function testASecondSaleInAnotherShopIsAFaultToo() public {
        uint64 earlier = append(SELL, 0, SELLER, USE);
        bytes32 id = delivered();
        uint64 later = append(SELL, 0, STRANGER, OTHER_USE);
        escrow.proveSoldTwice(id, show(earlier), show(later));
        inState(id, State.Proven);
    }

    function testOneSaleShownTwiceIsNotTwoSales() public {
        uint64 sale = append(SELL, 0, SELLER, USE);
        bytes32 id = delivered();
        refuseTwice(id, sale, sale, abi.encodeWithSelector(Refusals.NotInOrder.selector, sale, sale));
    }

    function testTwoSalesInTheWrongOrderAreRefused() public {
        uint64 earlier = append(SELL, 0, SELLER, USE);
        uint64 later = append(SELL, 0, SELLER, OTHER_USE);
        bytes32 id = delivered();
        refuseTwice(id, later, earlier, abi.encodeWithSelector(Refusals.NotInOrder.selector, later, earlier));
    }

    function testTwoSalesToOthersAreNoFaultOfThisSale() public {
        uint64 earlier = append(SELL, 0, SELLER, OTHER_USE);
        uint64 later = append(SELL, 0, SELLER, STRANGER);
        bytes32 id = delivered();
        refuseTwice(
            id, earlier, later, abi.encodeWithSelector(Refusals.AnotherParty.selector, STRANGER, USE)
        );
    }

    function testASharedKeyMayBeSoldTwice() public {
        batchId = registerBatch(2);
        uint64 earlier = append(SELL, 0, SELLER, USE);
        uint64 later = append(SELL, 0, SELLER, OTHER_USE);
        bytes32 id = delivered();
        refuseTwice(id, earlier, later, abi.encodeWithSelector(Refusals.KeyIsShared.selector, 2));
    }

    function testASaleOfAnotherKeyIsNoSecondSale() public {
        uint64 earlier = append(SELL, 0, SELLER, USE);
        uint64 later = appendRaw(bytesOf(SELL, 0, 1, batchId, INDEX - 1, 1, SELLER, OTHER_USE));
        bytes32 id = delivered();
        refuseTwice(
            id, earlier, later, abi.encodeWithSelector(Refusals.AnotherKey.selector, batchId, INDEX - 1, 1)
        );
    }

    function testADeliveryIsNoSecondSale() public {
        uint64 earlier = append(SELL, 0, SELLER, USE);
        bytes32 id = delivered();
        refuseTwice(
            id, earlier, earlier + 1, abi.encodeWithSelector(Refusals.WrongEntryType.selector, DELIVER, SELL)
        );
    }

    // ---- the answer

    function testAnAnsweredFaultLetsTheClockGoOnWhereItStood() public {
        bytes32 id = delivered();
        vm.warp(NOW + 10 days);
        uint64 index = append(REDEEM, 1, ISSUER, USE);
        escrow.proveUsed(id, show(index), nobody);
        vm.warp(NOW + 13 days - 1);
        uint64 reinstated = append(REINSTATE, 0, ISSUER, USE);
        Evidence memory evidence = show(reinstated);
        vm.expectEmit(true, true, true, true, address(escrow));
        emit IWarrantyEscrow.FaultAnswered(id, index, reinstated);
        vm.prank(STRANGER);
        escrow.answer(id, evidence, nobody);
        inState(id, State.Delivered);
        equal(deadlineOf(id), NOW + 33 days - 1, "twenty days are left");
        refuseUsed(id, index, abi.encodeWithSelector(Refusals.AlreadyAnswered.selector, id, index));
    }

    function testAFrozenDepositIsFrozenAgainAfterTheAnswer() public {
        bytes32 id = frozen();
        vm.warp(NOW + 1 days);
        escrow.proveUsed(id, show(append(REDEEM, 1, ISSUER, USE)), nobody);
        vm.warp(NOW + 2 days);
        escrow.answer(id, show(append(REINSTATE, 0, ISSUER, USE)), nobody);
        inState(id, State.Frozen);
        equal(deadlineOf(id), NOW + 8 days, "six days are left to rule");
        vm.prank(ARBITER);
        escrow.rule(id, PRICE, 0, GROUNDS);
        closed(id, PRICE, 0, 10 ether);
    }

    function testAnAnswerInTheLastMomentLeavesTimeToShowAnotherFault() public {
        bytes32 id = delivered();
        vm.warp(NOW + 30 days - 1);
        escrow.proveUsed(id, show(append(REDEEM, 1, ISSUER, USE)), nobody);
        escrow.answer(id, show(append(REINSTATE, 0, ISSUER, USE)), nobody);
        equal(deadlineOf(id), NOW + 30 days - 1 + 1 hours, "the shortest window");
        escrow.proveUsed(id, show(append(REDEEM, 1, ISSUER, USE)), nobody);
        inState(id, State.Proven);
    }

    function testASaleTakenBackBeforeTheNextOneIsAnswered() public {
        uint64 earlier = append(SELL, 0, STRANGER, OTHER_USE);
        uint64 reinstated = append(REINSTATE, 0, STRANGER, OTHER_USE);
        uint64 later = append(SELL, 0, SELLER, USE);
        bytes32 id = delivered();
        escrow.proveSoldTwice(id, show(earlier), show(later));
        escrow.answer(id, show(reinstated), nobody);
        inState(id, State.Delivered);
        refuseTwice(id, earlier, later, abi.encodeWithSelector(Refusals.AlreadyAnswered.selector, id, earlier));
    }

    function testASaleTakenBackAfterTheNextOneIsNoAnswer() public {
        uint64 earlier = append(SELL, 0, STRANGER, OTHER_USE);
        uint64 later = append(SELL, 0, SELLER, USE);
        uint64 reinstated = append(REINSTATE, 0, STRANGER, OTHER_USE);
        bytes32 id = delivered();
        escrow.proveSoldTwice(id, show(earlier), show(later));
        refuseAnswer(
            id, reinstated, abi.encodeWithSelector(Refusals.NotInOrder.selector, reinstated, later)
        );
    }

    function testIfThisVerySaleWasTakenBackTheBuyerGetsThePrice() public {
        uint64 earlier = append(SELL, 0, SELLER, USE);
        uint64 reinstated = append(REINSTATE, 0, SELLER, USE);
        uint64 later = append(SELL, 0, SELLER, OTHER_USE);
        bytes32 id = pay(anOrder());
        escrow.proveSoldTwice(id, show(earlier), show(later));
        escrow.answer(id, show(reinstated), nobody);
        closed(id, PRICE, 0, 10 ether);
    }

    function testAReinstatementFromBeforeTheFaultIsNoAnswer() public {
        uint64 reinstated = append(REINSTATE, 0, ISSUER, USE);
        (bytes32 id, uint64 index) = provenUsed();
        refuseAnswer(id, reinstated, abi.encodeWithSelector(Refusals.NotInOrder.selector, index, reinstated));
    }

    function testAReinstatementByOrForSomebodyElseIsNoAnswer() public {
        (bytes32 id,) = provenUsed();
        refuseAnswer(
            id,
            append(REINSTATE, 0, SELLER, USE),
            abi.encodeWithSelector(Refusals.AnotherActor.selector, SELLER, ISSUER)
        );
        refuseAnswer(
            id,
            append(REINSTATE, 0, ISSUER, OTHER_USE),
            abi.encodeWithSelector(Refusals.AnotherParty.selector, OTHER_USE, USE)
        );
        uint64 other = appendRaw(bytesOf(REINSTATE, 0, 1, batchId, INDEX + 1, 1, ISSUER, USE));
        refuseAnswer(id, other, abi.encodeWithSelector(Refusals.AnotherKey.selector, batchId, INDEX + 1, 1));
    }

    function testAReinstatementIsLawfulForTenDaysToTheMillisecond() public {
        (bytes32 id, uint64 index) = provenUsed();
        uint64 undone = uint64(NOW * 1000 + index);
        uint64 late = undone + 864_000_001;
        refuseAnswer(
            id,
            appendAt(REINSTATE, 0, ISSUER, USE, late),
            abi.encodeWithSelector(Refusals.NotInTime.selector, late, undone)
        );
        refuseAnswer(
            id,
            appendAt(REINSTATE, 0, ISSUER, USE, undone),
            abi.encodeWithSelector(Refusals.NotInTime.selector, undone, undone)
        );
        escrow.answer(id, show(appendAt(REINSTATE, 0, ISSUER, USE, late - 1)), nobody);
        inState(id, State.Delivered);
    }

    function testAnythingButAReinstatementIsNoAnswer() public {
        (bytes32 id,) = provenUsed();
        refuseAnswer(
            id,
            append(DELIVER, 0, ISSUER, USE),
            abi.encodeWithSelector(Refusals.WrongEntryType.selector, DELIVER, REINSTATE)
        );
    }

    function testAnAnswerAtTheDeadlineIsTooLate() public {
        (bytes32 id,) = provenUsed();
        uint64 reinstated = append(REINSTATE, 0, ISSUER, USE);
        vm.warp(NOW + 3 days);
        refuseAnswer(
            id, reinstated, abi.encodeWithSelector(Refusals.TooLate.selector, NOW + 3 days, NOW + 3 days)
        );
    }

    function testAnAnswerToNothingIsRefused() public {
        bytes32 id = delivered();
        Evidence memory evidence = show(append(REINSTATE, 0, ISSUER, USE));
        vm.expectRevert(abi.encodeWithSelector(Refusals.WrongState.selector, id, State.Delivered));
        escrow.answer(id, evidence, nobody);
    }

    function testWhatWasProvenCanBeLookedUp() public {
        (bytes32 id, uint64 index) = provenUsed();
        Fault memory fault = escrow.faultOf(id);
        equal(fault.index, index, "index");
        equal(fault.before, type(uint64).max, "before");
        equal(fault.actor, ISSUER, "actor");
        equal(fault.party, USE, "party");
        equal(fault.time, NOW * 1000 + index, "time");
        equal(fault.remaining, 30 days, "remaining");
        equal(uint256(fault.resume), uint256(State.Delivered), "resume");
        check(!fault.isOwnSale, "not the sale itself");
        check(!escrow.answered(id, index), "not answered");
    }

    // ---- successions

    function testAPartysSuccessorActsForIt() public {
        bytes32 id = pay(anOrder());
        uint64 succession = appendSuccession(SELLER, HEIR);
        uint64 index = append(DELIVER, 0, HEIR, USE);
        refuseDelivery(id, index, abi.encodeWithSelector(Refusals.AnotherActor.selector, HEIR, SELLER));
        escrow.deliver(id, show(index), showAll(succession));
        inState(id, State.Delivered);
    }

    function testASuccessionThroughTwoAddressesHolds() public {
        (bytes32 id,) = provenUsed();
        Evidence[] memory chain = new Evidence[](2);
        uint64 first = appendSuccession(ISSUER, STRANGER);
        uint64 second = appendSuccession(STRANGER, HEIR);
        uint64 reinstated = append(REINSTATE, 0, HEIR, USE);
        (chain[0], chain[1]) = (show(first), show(second));
        escrow.answer(id, show(reinstated), chain);
        inState(id, State.Delivered);
    }

    function testASuccessionOfAnotherOrTooLateOrOfAnotherKindIsNone() public {
        bytes32 id = delivered();
        uint64 another = appendSuccession(SELLER, HEIR);
        bytes32 subject = bytes32(uint256(uint160(ISSUER)));
        uint64 suspension = appendRaw(bytesOf(PARTY, 7, 1, subject, 0, 0, ISSUER, HEIR));
        uint64 index = append(REDEEM, 1, HEIR, USE);
        uint64 late = appendSuccession(ISSUER, HEIR);
        uint64[3] memory bad = [another, suspension, late];
        for (uint256 i = 0; i < bad.length; ++i) {
            (Evidence memory evidence, Evidence[] memory succession) = (show(index), showAll(bad[i]));
            vm.expectRevert(abi.encodeWithSelector(Refusals.NotASuccession.selector, 0));
            escrow.proveUsed(id, evidence, succession);
        }
    }
}
