"""Step 9: who holds a key and who may act, in what order; keys for several uses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from provenance.core import merkle
from provenance.core.entries import PartyReason, address_subject, number_party
from tests.verifier.corpus import Case
from tests.verifier.golden_cases import bundled
from tests.verifier.law import (
    ALL,
    SHARED,
    Script,
    deliver,
    delivered,
    law,
    redeem,
    reinstate,
    sell,
    then,
    use,
    void,
)
from tests.verifier.world import (
    ISSUER,
    NEWCOMER,
    OPERATOR,
    OUTSIDER,
    SHOP,
    SHOP2,
    SUPPLIER,
    Batch,
    T,
    World,
    in_shop,
    started,
)


def cases() -> Iterator[Case]:
    yield from _hand_overs()
    yield from _corrections()
    yield from _shared()
    yield from _order()
    yield from _parties()
    yield from _buyers()


def _hand_overs() -> Iterator[Case]:
    offer = lambda w: w.on_key(T.TRANSFER, SHOP, SHOP2)  # noqa: E731
    taken = lambda w: w.on_key(T.RECEIVE, SHOP2, SHOP)  # noqa: E731
    yield law("transfer", "handed on and sold by the taker", then(offer, taken, lambda w: sell(w, SHOP2)))
    yield law("transfer-sold", "a sold key handed over", then(sell, offer), "sold")
    yield law("transfer-void", "a void key handed over", then(lambda w: void(w, SHOP), offer), "void")
    yield law("transfer-redeemed", "a redeemed key handed over", then(delivered, redeem, offer), "redeemed")
    yield law(
        "transfer-self", "handed over to oneself", lambda w: w.on_key(T.TRANSFER, SHOP, SHOP), "no_recipient"
    )
    yield law(
        "transfer-nobody", "handed over to nobody", lambda w: w.on_key(T.TRANSFER, SHOP), "no_recipient"
    )
    yield law(
        "transfer-not-holder",
        "handed over by another",
        lambda w: w.on_key(T.TRANSFER, SHOP2, SUPPLIER),
        "not_holder",
    )
    yield law("receive-unoffered", "taken without an offer", taken, "no_offer")
    yield law(
        "receive-other",
        "taken by another than offered to",
        then(offer, lambda w: w.on_key(T.RECEIVE, SUPPLIER, SHOP)),
        "no_offer",
    )
    yield law(
        "receive-range",
        "another range taken than offered",
        then(offer, lambda w: w.on_key(T.RECEIVE, SHOP2, SHOP, first=3, count=2)),
        "no_offer",
    )
    yield law("receive-twice", "one offer taken twice", then(offer, taken, taken), "no_offer")
    yield law("receive-sold", "taken after the giver sold it", then(offer, sell, taken), "no_offer")
    yield law(
        "receive-lapsed",
        "an offer of the old holder",
        then(
            offer,
            lambda w: w.on_key(T.TRANSFER, SHOP, SUPPLIER),
            lambda w: w.on_key(T.RECEIVE, SUPPLIER, SHOP),
            taken,
        ),
        "no_offer",
    )
    yield law("receive-void", "taken though voided meanwhile", then(offer, lambda w: void(w, SHOP), taken))
    yield law("transfer-open-sells", "the giver still holds until it is taken", then(offer, sell))


def _corrections() -> Iterator[Case]:
    def correct(actor: bytes, index: int) -> Script:
        return lambda w: w.on_key(T.CORRECTION, actor, number_party(index))

    # Entries 0 to 4 admit, 5 commissions, 6 and 7 hand over, 8 sells.
    yield law("correct-own", "the actor corrects its own sale", then(sell, correct(SHOP, 8)))
    yield law("correct-operator", "the operator corrects", then(sell, correct(OPERATOR, 8)))
    yield law("correct-range", "a COMMISSION is on this key too", correct(SUPPLIER, 5))
    yield law("correct-other", "another corrects", then(sell, correct(SHOP2, 8)), "not_entitled")
    yield law(
        "correct-buyer",
        "the buyer corrects the seller",
        then(sell, lambda w: w.on_key(T.CORRECTION, use(w), number_party(8))),
        "not_entitled",
    )
    yield law(
        "correct-buyer-own",
        "the buyer corrects his redemption",
        then(delivered, redeem, lambda w: w.on_key(T.CORRECTION, use(w), number_party(10))),
    )
    yield law("correct-party", "an entry that is not on the key", correct(OPERATOR, 2), "no_such_entry")
    yield law("correct-itself", "an entry that comes later", correct(SHOP, 8), "no_such_entry")
    yield law(
        "correct-form",
        "a party that is no number",
        lambda w: w.on_key(T.CORRECTION, SHOP, SHOP2),
        "no_such_entry",
    )


def _shared() -> Iterator[Case]:
    one, two, three = (lambda w: sell(w, buyer=0)), (lambda w: sell(w, buyer=1)), (lambda w: sell(w, buyer=2))
    yield law("shared", "a key for two, sold to two", then(one, two), None, SHARED)
    yield law("shared-third", "a third sale", then(one, two, three), "sold", SHARED)
    yield law("shared-same-use", "one use twice", then(one, one), "sold", SHARED)
    yield law(
        "shared-void-counts",
        "a voided sale counts",
        then(one, lambda w: void(w, SHOP, use(w)), two, three),
        "sold",
        SHARED,
    )
    yield law(
        "shared-reinstated",
        "a sale taken back does not count",
        then(one, two, lambda w: reinstate(w, SHOP), three),
        None,
        SHARED,
    )
    yield law(
        "shared-void-all", "a VOID bars new sales", then(one, lambda w: void(w, SHOP), two), "void", SHARED
    )
    yield law(
        "shared-void-one",
        "a VOID of one use leaves the other",
        then(one, two, lambda w: void(w, SHOP, use(w)), lambda w: deliver(w, buyer=1)),
        None,
        SHARED,
    )
    yield law(
        "shared-transfer-sold",
        "handed over while a sale stands",
        then(one, lambda w: w.on_key(T.TRANSFER, SHOP, SHOP2)),
        "sold",
        SHARED,
    )
    yield law(
        "shared-lives",
        "two lives apart",
        then(
            one,
            two,
            lambda w: deliver(w, buyer=1),
            lambda w: redeem(w, buyer=1),
            lambda w: deliver(w, buyer=0),
        ),
        None,
        SHARED,
    )
    yield law(
        "shared-redeem-other",
        "one buyer redeems the other's use",
        then(one, two, deliver, lambda w: redeem(w, use(w, 1), 0)),
        "not_entitled",
        SHARED,
    )
    yield law(
        "shared-void-redeemed",
        "a VOID passes over a redeemed use",
        then(delivered, redeem, two, lambda w: void(w, SHOP)),
        None,
        SHARED,
    )
    yield law(
        "shared-reissue-twice",
        "one life reissued twice",
        then(
            one,
            lambda w: void(w, SHOP, use(w)),
            lambda w: w.on_key(T.REISSUE, SHOP, use(w)),
            lambda w: w.on_key(T.REISSUE, SHOP, use(w)),
        ),
        "reissued",
        SHARED,
    )


def _order() -> Iterator[Case]:
    yield law("time-equal", "two entries at one time", lambda w: sell(w, after_ms=0), "time_not_increasing")
    yield law("time-back", "an entry before the last", lambda w: sell(w, after_ms=-1), "time_not_increasing")
    yield law("commission-twice", "commissioned twice", lambda w: w.commission(), "commission_first")
    unborn = World()
    unborn.admit((SUPPLIER, PartyReason.SUPPLIER))
    yield bundled("law-no-commission", "no entry at all", unborn.bundle(), 9)
    unborn.on_key(T.SELL, SUPPLIER, use(unborn))
    yield bundled("law-sell-first", "a SELL before the COMMISSION", unborn.bundle(), 9, "commission_first")
    forged = World()
    forged.admit((SHOP, PartyReason.SUPPLIER))
    forged.commission(actor=SHOP)
    yield bundled("law-commission-other", "commissioned by another", forged.bundle(), 9, "not_supplier")
    part = World()
    part.admit((SUPPLIER, PartyReason.SUPPLIER))
    part.on_key(T.COMMISSION, SUPPLIER, first=0, count=6)
    yield bundled("law-commission-part", "six of seven keys commissioned", part.bundle(), 9, "out_of_range")
    wide = World()
    wide.admit((SUPPLIER, PartyReason.SUPPLIER))
    wide.on_key(T.COMMISSION, SUPPLIER, first=0, count=8)
    yield bundled("law-commission-wide", "eight of seven keys commissioned", wide.bundle(), 9, "out_of_range")
    world = in_shop()
    sell(world)
    bundle = world.bundle()
    swapped = (*bundle.custody[:-2], bundle.custody[-1], bundle.custody[-2])
    yield bundled("law-order", "custody out of order", replace(bundle, custody=swapped), 9, "not_holder")
    twice = (*bundle.custody, bundle.custody[-1])
    yield bundled("law-repeated", "one entry shown twice", replace(bundle, custody=twice), 9, "out_of_order")
    world.index = 4
    sell(world)
    foreign = (*bundle_of(world, 3).custody, bundle_of(world, 4).custody[-1])
    shown = replace(bundle_of(world, 3), custody=foreign)
    yield bundled("law-other-key", "an entry on another key", shown, 9, "out_of_range")
    party = replace(bundle.custody[0], **_placed(world, 0))
    shown = replace(bundle_of(world, 3), custody=(*bundle_of(world, 3).custody[:0], party))
    yield bundled("law-party-in-custody", "a PARTY entry in custody", shown, 9, "wrong_subject")
    other = Batch(reference="PO-2")
    world = in_shop()
    world.batch = other
    world.commission()
    alien = world.bundle().custody[0]
    world.batch = Batch()
    shown = world.bundle()
    yield bundled(
        "law-other-batch",
        "an entry on another batch",
        replace(shown, custody=(*shown.custody, alien)),
        9,
        "wrong_subject",
    )


def _parties() -> Iterator[Case]:
    admit = lambda who, reason: lambda w: w.admit((who, reason))  # noqa: E731
    platform, supplier = PartyReason.PLATFORM, PartyReason.SUPPLIER
    suspend = lambda who: admit(who, PartyReason.SUSPENDED)  # noqa: E731
    moved = lambda w: w.succeed(SHOP, NEWCOMER)  # noqa: E731
    yield law("party-suspended", "sold by a suspended shop", then(suspend(SHOP), sell), "proof_rejected")
    yield law(
        "party-readmitted",
        "suspended, admitted again, sold",
        then(suspend(SHOP), admit(SHOP, platform), sell),
    )
    yield law("party-unknown-reason", "a PARTY reason not known here", then(admit(SHOP, 99), sell))
    yield law("party-suspended-later", "suspended after the sale", then(sell, suspend(SHOP)))
    yield law("party-succeeded", "the successor sells", then(moved, lambda w: sell(w, NEWCOMER)))
    yield law("party-old", "the old address sells after the succession", then(moved, sell), "not_holder")
    yield law(
        "party-chain",
        "the successor's successor delivers",
        then(sell, moved, lambda w: w.succeed(NEWCOMER, OUTSIDER), lambda w: deliver(w, OUTSIDER)),
    )
    yield law(
        "party-reinstate",
        "the successor takes the sale back",
        then(sell, moved, lambda w: reinstate(w, NEWCOMER)),
    )
    yield law(
        "party-suspended-old",
        "the old address was suspended first",
        then(suspend(SHOP), moved, lambda w: sell(w, NEWCOMER)),
        "proof_rejected",
    )
    yield law(
        "party-suspended-new",
        "the successor is suspended",
        then(moved, suspend(NEWCOMER), lambda w: sell(w, NEWCOMER)),
        "proof_rejected",
    )
    yield law(
        "party-suspended-gone",
        "the old address is suspended after the succession",
        then(moved, suspend(SHOP), lambda w: sell(w, NEWCOMER)),
    )
    heir = lambda w: w.succeed(ISSUER, NEWCOMER)  # noqa: E731
    yield law(
        "party-issuer-heir",
        "the issuer's successor redeems an unsold key",
        then(heir, lambda w: w.on_key(T.REDEEM, NEWCOMER)),
    )
    yield law(
        "party-issuer-old",
        "the old issuer redeems after the succession",
        then(heir, lambda w: w.on_key(T.REDEEM, ISSUER)),
        "not_sold",
    )
    yield law(
        "party-issuer-back",
        "the successor takes the old issuer's redemption back",
        then(lambda w: w.on_key(T.REDEEM, ISSUER), heir, lambda w: w.on_key(T.REINSTATE, NEWCOMER), sell),
    )
    yield law(
        "party-heir-unadmitted",
        "the successor of an address that nobody admitted",
        then(
            lambda w: w.on_key(T.TRANSFER, SHOP, OUTSIDER),
            lambda w: w.succeed(OUTSIDER, NEWCOMER),
            lambda w: w.on_key(T.RECEIVE, NEWCOMER, SHOP),
        ),
        "proof_rejected",
    )
    yield law(
        "party-returns", "a succession back and forth", then(moved, lambda w: w.succeed(NEWCOMER, SHOP), sell)
    )
    yield law(
        "party-supplier",
        "the supplier's successor recalls",
        then(lambda w: w.succeed(SUPPLIER, NEWCOMER), lambda w: void(w, NEWCOMER, **ALL)),
    )
    yield law(
        "party-early",
        "a succession counts from its place on",
        then(lambda w: sell(w, NEWCOMER), moved),
        "not_holder",
    )
    yield law(
        "party-issuer-suspended",
        "redeemed by a suspended issuer",
        then(suspend(ISSUER), lambda w: w.on_key(T.REDEEM, ISSUER)),
        "not_sold",
    )
    yield law("party-no-issuer", "a platform is no issuer", lambda w: w.on_key(T.REDEEM, SHOP2), "not_sold")
    yield law(
        "party-receives",
        "the offer's addressee was succeeded",
        then(
            lambda w: w.on_key(T.TRANSFER, SHOP, SHOP2),
            lambda w: w.succeed(SHOP2, NEWCOMER),
            lambda w: w.on_key(T.RECEIVE, NEWCOMER, SHOP),
        ),
    )
    yield law(
        "party-suspended-redeems",
        "redeemed by a suspended seller, though buyers need no admission",
        then(delivered, suspend(SHOP), lambda w: redeem(w, SHOP)),
        "proof_rejected",
    )
    yield law(
        "party-suspended-reinstates",
        "a suspended seller takes its sale back",
        then(sell, suspend(SHOP), lambda w: reinstate(w, SHOP)),
        "proof_rejected",
    )
    late = World()
    late.commission()
    late.admit((SUPPLIER, supplier))
    yield bundled("law-party-late", "admitted after it acted", late.bundle(), 9)
    world = started()
    hidden = world.bundle(omit=(0,))
    yield bundled("law-party-missing", "the supplier's admission left out", hidden, 9)
    odd = started()
    odd.add(T.PARTY, b"\1" + address_subject(OUTSIDER)[1:], OPERATOR, reason=2)
    yield bundled("law-party-subject", "a PARTY entry that is about no address", odd.bundle(), 9)
    bundle = started().bundle()
    wrong = replace(bundle, parties=(*bundle.parties, bundle.custody[0]))
    yield bundled("law-party-type", "a custody entry among the parties", wrong, 9)
    twice = replace(bundle, parties=(*bundle.parties, bundle.parties[0]))
    yield bundled("law-party-twice", "an admission listed twice", twice)


def _buyers() -> Iterator[Case]:
    world = in_shop()
    delivered(world)
    redeem(world)
    yield bundled("use-shown", "the buyer shows his use", world.bundle(use=world.batch.use(3)))
    yield bundled("use-other-buyer", "another buyer shows his", world.bundle(use=world.batch.use(3, 1)), 1)
    yield bundled("use-closed", "a bundle without opening", world.bundle(opened=False))


def bundle_of(world: World, index: int) -> Any:
    kept, world.index = world.index, index
    bundle = world.bundle()
    world.index = kept
    return bundle


def _placed(world: World, index: int) -> dict[str, Any]:
    path = merkle.inclusion_path(world.leaves, index)
    return {"index": index, "entry": world.entries[index], "path": path, "details": None}
