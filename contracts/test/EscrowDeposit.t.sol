// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {WarrantyEscrow} from "../WarrantyEscrow.sol";
import {BatchManifest, IProvenanceRegistry} from "../interfaces/IProvenanceRegistry.sol";
import {IEscrowRefusals as Refusals} from "../interfaces/IEscrowRefusals.sol";
import {IWarrantyEscrow} from "../interfaces/IWarrantyEscrow.sol";
import {Deposit, State, WarrantyOrder} from "../interfaces/WarrantyTypes.sol";
import {EscrowFixture} from "./EscrowFixture.sol";
import {purse} from "./EscrowVm.sol";
import {vm} from "./Vm.sol";

contract EscrowDepositTest is EscrowFixture {
    function refuse(WarrantyOrder memory order, bytes memory reason) private {
        refuseSigned(order, offered(PLATFORM_KEY, order), reason);
    }

    function refuseSigned(WarrantyOrder memory order, bytes memory signature, bytes memory reason) private {
        uint256 before = BUYER.balance;
        vm.expectRevert(reason);
        vm.prank(BUYER);
        escrow.deposit{value: order.amount}(order, manifest, signature);
        equal(BUYER.balance, before, "nothing moved");
        equal(escrow.bonds(platform, ETHER), 10 ether, "nothing was held back");
    }

    function testAnEscrowWithoutARegistryIsNotDeployed() public {
        vm.expectRevert(abi.encodeWithSelector(Refusals.InvalidRegistry.selector, STRANGER));
        new WarrantyEscrow(IProvenanceRegistry(STRANGER), 1, 2);
    }

    function testWindowBoundsThatAreNoneAreNotDeployed() public {
        uint32[2][3] memory bad = [[uint32(0), 1], [uint32(2), 1], [uint32(1), 400 days + 1]];
        for (uint256 i = 0; i < bad.length; ++i) {
            vm.expectRevert(
                abi.encodeWithSelector(Refusals.InvalidWindowBounds.selector, bad[i][0], bad[i][1])
            );
            new WarrantyEscrow(registry, bad[i][0], bad[i][1]);
        }
    }

    function testADepositHoldsThePriceAndTheCompensation() public {
        WarrantyOrder memory order = anOrder();
        (bytes32 expected,) = escrow.hashOrder(order);
        bytes memory signature = offered(PLATFORM_KEY, order);
        vm.expectEmit(true, true, true, true, address(escrow));
        emit IWarrantyEscrow.Deposited(expected, BUYER, platform, order, uint64(NOW + 1 days));
        vm.prank(BUYER);
        bytes32 id = escrow.deposit{value: PRICE}(order, manifest, signature);

        equal(id, expected, "id");
        equal(id, keccak256(abi.encode(batchId, INDEX, USE, platform)), "one sale, one name");
        equal(address(escrow).balance, 10 ether + PRICE, "balance");
        equal(escrow.bonds(platform, ETHER), 10 ether - EXTRA, "free bond");
        Deposit memory held = escrow.depositOf(id);
        equal(uint256(held.state), uint256(State.Funded), "state");
        equal(held.deadline, NOW + 1 days, "deadline");
        equal(held.amount, PRICE, "amount");
        equal(held.compensation, EXTRA, "compensation");
        equal(held.maxUses, 1, "maxUses");
        equal(held.buyer, BUYER, "buyer");
        equal(held.arbiter, ARBITER, "arbiter");
        equal(held.issuer, ISSUER, "issuer");
        equal(held.seller, SELLER, "seller");
        equal(held.party, USE, "party");
        equal(held.batchId, batchId, "batch");
        equal(held.index, INDEX, "index");
    }

    function testOnlyTheBuyerOfTheOrderPaysIt() public {
        WarrantyOrder memory order = anOrder();
        order.buyer = STRANGER;
        refuse(order, abi.encodeWithSelector(Refusals.NotBuyer.selector, BUYER, STRANGER));
    }

    function testAnOfferIsGoodUpToItsLastSecondAndNotLonger() public {
        WarrantyOrder memory order = anOrder();
        order.validUntil = uint64(NOW - 1);
        refuse(order, abi.encodeWithSelector(Refusals.OfferLapsed.selector, NOW - 1, NOW));
        order.validUntil = uint64(NOW);
        pay(order);
    }

    function testARoleLeftEmptyIsRefused() public {
        WarrantyOrder memory order = anOrder();
        order.seller = address(0);
        refuse(order, abi.encodeWithSelector(Refusals.RoleMissing.selector, bytes32("seller")));
        order = anOrder();
        order.arbiter = address(0);
        refuse(order, abi.encodeWithSelector(Refusals.RoleMissing.selector, bytes32("arbiter")));
        order = anOrder();
        order.issuer = address(0);
        refuse(order, abi.encodeWithSelector(Refusals.RoleMissing.selector, bytes32("issuer")));
        order = anOrder();
        order.party = address(0);
        refuse(order, abi.encodeWithSelector(Refusals.RoleMissing.selector, bytes32("party")));
    }

    function testAnArbiterInHisOwnCauseIsRefused() public {
        address[3] memory parties = [BUYER, platform, SELLER];
        for (uint256 i = 0; i < parties.length; ++i) {
            WarrantyOrder memory order = anOrder();
            order.arbiter = parties[i];
            refuse(order, abi.encodeWithSelector(Refusals.ArbiterIsParty.selector, parties[i]));
        }
    }

    function testAFreeOrderIsRefused() public {
        WarrantyOrder memory order = anOrder();
        order.amount = 0;
        refuse(order, abi.encodeWithSelector(Refusals.InvalidAmount.selector, 0));
    }

    function testEachWindowHasItsBounds() public {
        uint32[2] memory bad = [uint32(1 hours - 1), 90 days + 1];
        for (uint256 i = 0; i < bad.length; ++i) {
            bytes memory reason =
                abi.encodeWithSelector(Refusals.WindowOutOfBounds.selector, bad[i], 1 hours, 90 days);
            WarrantyOrder memory order = anOrder();
            order.deliveryWindow = bad[i];
            refuse(order, reason);
            order = anOrder();
            order.acceptanceWindow = bad[i];
            refuse(order, reason);
            order = anOrder();
            order.rulingWindow = bad[i];
            refuse(order, reason);
            order = anOrder();
            order.answerWindow = bad[i];
            refuse(order, reason);
        }
    }

    function testAManifestThatClaimsMoreUsesIsAnotherBatch() public {
        WarrantyOrder memory order = anOrder();
        bytes memory signature = offered(PLATFORM_KEY, order);
        manifest.maxUses = 5;
        (bytes32 found,) = registry.hashManifest(manifest);
        refuseSigned(
            order, signature, abi.encodeWithSelector(Refusals.ManifestOfAnotherBatch.selector, found, batchId)
        );
    }

    function testABatchThatNobodyRegisteredIsRefused() public {
        manifest.details = "never registered";
        (bytes32 unknown,) = registry.hashManifest(manifest);
        WarrantyOrder memory order = anOrder();
        order.batchId = unknown;
        refuse(order, abi.encodeWithSelector(Refusals.BatchNotRegistered.selector, unknown));
    }

    function testAKeyPastTheEndOfItsBatchIsRefused() public {
        WarrantyOrder memory order = anOrder();
        order.index = SIZE;
        refuse(order, abi.encodeWithSelector(Refusals.IndexOutsideBatch.selector, SIZE, SIZE));
    }

    function testAnOrderThatThePlatformDidNotSignIsRefused() public {
        WarrantyOrder memory order = anOrder();
        bytes memory signature = offered(PLATFORM_KEY + 1, order);
        refuseSigned(
            order,
            signature,
            abi.encodeWithSelector(Refusals.SignerIsNotPlatform.selector, vm.addr(PLATFORM_KEY + 1), platform)
        );
    }

    function testAnOrderSignedForAnotherEscrowOrChangedAfterwardsIsRefused() public {
        WarrantyOrder memory order = anOrder();
        bytes memory signature = offered(PLATFORM_KEY, order);
        order.compensation += 1;
        vm.prank(BUYER);
        (bool taken,) = address(escrow).call{value: PRICE}(
            abi.encodeCall(IWarrantyEscrow.deposit, (order, manifest, signature))
        );
        check(!taken, "a changed order");
        order.compensation -= 1;
        WarrantyEscrow other = new WarrantyEscrow(registry, 1 hours, 90 days);
        vm.prank(BUYER);
        (taken,) = address(other).call{value: PRICE}(
            abi.encodeCall(IWarrantyEscrow.deposit, (order, manifest, signature))
        );
        check(!taken, "another escrow");
    }

    function testASignatureCutShortOrMalleableIsRefused() public {
        WarrantyOrder memory order = anOrder();
        (, bytes32 digest) = escrow.hashOrder(order);
        bytes memory reason = abi.encodeWithSelector(Refusals.InvalidSignature.selector, digest);
        refuseSigned(order, new bytes(64), reason);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(PLATFORM_KEY, digest);
        uint256 n = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;
        refuseSigned(order, abi.encodePacked(r, n - uint256(s), v == 27 ? uint8(28) : uint8(27)), reason);
    }

    function testOneSaleHasOneDepositEvenAfterItIsClosed() public {
        WarrantyOrder memory order = anOrder();
        bytes32 id = pay(order);
        bytes memory signature = offered(PLATFORM_KEY, order);
        bytes memory reason = abi.encodeWithSelector(Refusals.AlreadyDeposited.selector, id);
        vm.expectRevert(reason);
        vm.prank(BUYER);
        escrow.deposit{value: PRICE}(order, manifest, signature);

        order.terms = "other terms for the same sale";
        signature = offered(PLATFORM_KEY, order);
        vm.prank(platform);
        escrow.refund(id);
        vm.expectRevert(reason);
        vm.prank(BUYER);
        escrow.deposit{value: PRICE}(order, manifest, signature);
    }

    function testAStrangersDepositOnTheSaleDoesNotStandInTheBuyersWay() public {
        WarrantyOrder memory order = anOrder();
        WarrantyOrder memory foreign = anOrder();
        foreign.platform = vm.addr(0x51);
        foreign.buyer = STRANGER;
        foreign.amount = 1;
        foreign.compensation = 0;
        bytes memory signature = offered(0x51, foreign);
        purse.deal(STRANGER, 1);
        vm.prank(STRANGER);
        bytes32 taken = escrow.deposit{value: 1}(foreign, manifest, signature);
        bytes32 id = pay(order);
        check(id != taken, "two deposits of one name");
        inState(id, State.Funded);
    }

    function testCompensationThatTheBondDoesNotCoverIsRefused() public {
        WarrantyOrder memory order = anOrder();
        order.compensation = 10 ether + 1;
        refuse(order, abi.encodeWithSelector(Refusals.BondTooSmall.selector, 10 ether, 10 ether + 1));
        order.compensation = 10 ether;
        pay(order);
        equal(escrow.bonds(platform, ETHER), 0, "all of it is held");
    }

    function testTheEtherSentMustBeThePrice() public {
        WarrantyOrder memory order = anOrder();
        bytes memory signature = offered(PLATFORM_KEY, order);
        for (uint256 i = 0; i < 2; ++i) {
            uint256 value = PRICE - 1 + 2 * i;
            vm.expectRevert(abi.encodeWithSelector(Refusals.ValueMismatch.selector, value, PRICE));
            vm.prank(BUYER);
            escrow.deposit{value: value}(order, manifest, signature);
        }
    }

    function testEtherThatIsForNothingIsNotTaken() public {
        vm.prank(BUYER);
        (bool taken,) = address(escrow).call{value: 1}("");
        check(!taken, "ether for nothing");
    }
}
