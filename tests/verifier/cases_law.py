"""Steps 9 and 10: what may follow what in the life of a key, by whom, and whether that is all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from provenance.core import merkle
from provenance.core.entries import PartyReason, address_subject, number_party
from tests.verifier.cases_log import bundled
from tests.verifier.corpus import Case
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

TEN_DAYS = 864_000_000
SHARED = Batch(max_uses=2)
Script = Callable[[World], Any]


def law(id: str, about: str, script: Script, code: str | None = None, batch: Batch | None = None) -> Case:
    """A key in the shop, then *script*; refused at step 9 by the rule *code*, or accepted without one."""
    world = in_shop(batch)
    script(world)
    step = None if code is None else 9
    return bundled(f"law-{id}", about, world.bundle(), step, code)


def use(world: World, buyer: int = 0) -> bytes:
    return world.batch.party(world.index, buyer)


def sell(world: World, seller: bytes = SHOP, buyer: int = 0, **more: Any) -> None:
    world.on_key(T.SELL, seller, use(world, buyer), **more)


def deliver(world: World, seller: bytes = SHOP, buyer: int = 0) -> None:
    world.on_key(T.DELIVER, seller, use(world, buyer))


def delivered(world: World, buyer: int = 0) -> None:
    sell(world, buyer=buyer)
    deliver(world, buyer=buyer)


def redeem(world: World, actor: bytes | None = None, buyer: int = 0, **more: Any) -> None:
    world.on_key(T.REDEEM, actor or use(world, buyer), use(world, buyer), **more)


def reinstate(world: World, actor: bytes, buyer: int = 0, **more: Any) -> None:
    world.on_key(T.REINSTATE, actor, use(world, buyer), **more)


def void(world: World, actor: bytes, party: bytes = bytes(20), **more: Any) -> None:
    world.on_key(T.VOID, actor, party, **more)


def then(*scripts: Script) -> Script:
    def run(world: World) -> None:
        for script in scripts:
            script(world)

    return run


ALL = {"first": 0, "count": 7}


def cases() -> Iterator[Case]:
    yield from _sales()
    yield from _redemptions()
    yield from _reinstatements()
    yield from _voids()
    yield from _reissues()
    yield from _hand_overs()
    yield from _corrections()
    yield from _shared()
    yield from _order()
    yield from _parties()
    yield from _buyers()
    yield from _completeness()


def _sales() -> Iterator[Case]:
    yield law("sell", "sold and delivered", delivered)
    yield law("sell-twice", "sold twice", then(sell, lambda w: sell(w, buyer=1)), "sold")
    yield law(
        "sell-redeemed",
        "sold after it was redeemed",
        then(delivered, redeem, lambda w: sell(w, buyer=1)),
        "redeemed",
    )
    yield law("sell-void", "sold after a VOID", then(lambda w: void(w, SHOP), sell), "void")
    yield law(
        "sell-not-holder", "sold by a shop that does not hold it", lambda w: sell(w, SHOP2), "not_holder"
    )
    yield law(
        "sell-supplier", "sold by the supplier who gave it away", lambda w: sell(w, SUPPLIER), "not_holder"
    )
    yield law("sell-no-use", "sold to nobody", lambda w: w.on_key(T.SELL, SHOP), "no_use")
    expiring = Batch(expires_at=1_795_000_030)
    yield law(
        "sell-expired",
        "sold at the second of expiry",
        lambda w: sell(w, after_ms=22_000),
        "expired",
        expiring,
    )
    yield law(
        "sell-in-time", "sold a millisecond before expiry", lambda w: sell(w, after_ms=21_999), None, expiring
    )
    yield law("deliver-unsold", "delivered without a sale", deliver, "no_such_use")
    yield law("deliver-twice", "delivered twice", then(delivered, deliver), "delivered")
    yield law(
        "deliver-other", "delivered by another shop", then(sell, lambda w: deliver(w, SHOP2)), "not_seller"
    )
    yield law(
        "deliver-other-use",
        "delivered to another use",
        then(sell, lambda w: deliver(w, buyer=1)),
        "no_such_use",
    )


def _redemptions() -> Iterator[Case]:
    yield law("redeem-buyer", "redeemed by the buyer's use", then(delivered, redeem))
    yield law("redeem-seller", "redeemed by the seller", then(delivered, lambda w: redeem(w, SHOP)))
    yield law(
        "redeem-issuer", "redeemed by the issuer after delivery", then(delivered, lambda w: redeem(w, ISSUER))
    )
    yield law(
        "redeem-issuer-sold",
        "redeemed by the issuer before delivery",
        then(sell, lambda w: redeem(w, ISSUER)),
    )
    yield law("redeem-issuer-unsold", "used before any sale", lambda w: w.on_key(T.REDEEM, ISSUER, reason=1))
    yield law("redeem-undelivered", "redeemed by the buyer before delivery", then(sell, redeem), "sold")
    yield law(
        "redeem-seller-undelivered",
        "redeemed by the seller before delivery",
        then(sell, lambda w: redeem(w, SHOP)),
        "sold",
    )
    yield law(
        "redeem-outsider",
        "redeemed by an outsider",
        then(delivered, lambda w: redeem(w, OUTSIDER)),
        "not_entitled",
    )
    yield law(
        "redeem-other-buyer",
        "redeemed by another buyer's use",
        then(delivered, lambda w: redeem(w, use(w, 1))),
        "not_entitled",
    )
    yield law("redeem-twice", "redeemed twice", then(delivered, redeem, redeem), "redeemed")
    yield law(
        "redeem-void", "redeemed after a VOID", then(delivered, lambda w: void(w, SUPPLIER), redeem), "void"
    )
    yield law(
        "redeem-unsold-shop",
        "an unsold key redeemed by the shop",
        lambda w: w.on_key(T.REDEEM, SHOP),
        "not_sold",
    )
    yield law(
        "redeem-unsold-shared",
        "an unsold shared key redeemed by the issuer",
        lambda w: w.on_key(T.REDEEM, ISSUER),
        "not_sold",
        SHARED,
    )
    yield law(
        "redeem-unsold-void",
        "a void unsold key redeemed by the issuer",
        then(lambda w: void(w, SHOP), lambda w: w.on_key(T.REDEEM, ISSUER)),
        "void",
    )
    yield law(
        "redeem-unsold-sold",
        "sold after the issuer redeemed it",
        then(lambda w: w.on_key(T.REDEEM, ISSUER), sell),
        "redeemed",
    )


def _reinstatements() -> Iterator[Case]:
    back = lambda w: reinstate(w, SHOP)  # noqa: E731
    yield law(
        "reinstate-sale",
        "a sale taken back, and the key sold again",
        then(sell, back, lambda w: sell(w, buyer=1)),
    )
    yield law("reinstate-delivered", "a delivered key taken back", then(delivered, back), "delivered")
    yield law(
        "reinstate-redeemed",
        "a redemption taken back to delivered, then redeemed",
        then(delivered, redeem, lambda w: reinstate(w, use(w)), redeem),
    )
    yield law(
        "reinstate-issuer",
        "the issuer takes its redemption of an unsold key back",
        then(lambda w: w.on_key(T.REDEEM, ISSUER), lambda w: w.on_key(T.REINSTATE, ISSUER), sell),
    )
    yield law(
        "reinstate-other",
        "another takes the sale back",
        then(sell, lambda w: reinstate(w, SHOP2)),
        "not_actor",
    )
    yield law(
        "reinstate-seller-of-buyer",
        "the seller takes the buyer's redemption back",
        then(delivered, redeem, back),
        "not_actor",
    )
    yield law(
        "reinstate-ten-days",
        "taken back after exactly ten days",
        then(sell, lambda w: reinstate(w, SHOP, after_ms=TEN_DAYS)),
    )
    yield law(
        "reinstate-late",
        "taken back a millisecond later",
        then(sell, lambda w: reinstate(w, SHOP, after_ms=TEN_DAYS + 1)),
        "too_late",
    )
    yield law("reinstate-unsold", "nothing to take back", back, "no_such_use")
    yield law("reinstate-twice", "one sale taken back twice", then(sell, back, back), "no_such_use")
    yield law(
        "reinstate-other-use",
        "taken back for another use",
        then(sell, lambda w: reinstate(w, SHOP, 1)),
        "no_such_use",
    )
    reissued = then(delivered, redeem, lambda w: w.on_key(T.REISSUE, SHOP, use(w)))
    yield law(
        "reinstate-reissued",
        "taken back after a replacement went out",
        then(reissued, lambda w: reinstate(w, use(w))),
        "reissued",
    )
    recalled = then(delivered, redeem, lambda w: void(w, SUPPLIER, **ALL), lambda w: reinstate(w, use(w)))
    yield law("reinstate-recalled", "redeemed, recalled, taken back: void now", recalled)
    yield law("reinstate-recalled-redeem", "and a void key is not redeemed", then(recalled, redeem), "void")
    void_one = then(lambda w: sell(w), lambda w: void(w, SHOP), back)
    yield law("reinstate-void", "a void sale taken back", void_one, "void")


def _voids() -> Iterator[Case]:
    yield law("void-supplier", "the supplier voids an unsold key", lambda w: void(w, SUPPLIER))
    yield law("void-holder", "the holder voids an unsold key", lambda w: void(w, SHOP))
    yield law("void-outsider", "a shop voids what it does not hold", lambda w: void(w, SHOP2), "not_entitled")
    yield law("void-seller", "the seller voids a sold key", then(sell, lambda w: void(w, SHOP)))
    yield law("void-use", "the seller voids one use", then(sell, lambda w: void(w, SHOP, use(w))))
    yield law(
        "void-redeemed",
        "a redeemed key voided",
        then(delivered, redeem, lambda w: void(w, SUPPLIER)),
        "redeemed",
    )
    yield law("void-twice", "voided twice", then(lambda w: void(w, SHOP), lambda w: void(w, SHOP)), "void")
    yield law("void-range", "a recall of the whole batch", then(sell, lambda w: void(w, SUPPLIER, **ALL)))
    yield law(
        "void-range-twice",
        "a recall of what is void already",
        then(lambda w: void(w, SHOP), lambda w: void(w, SUPPLIER, **ALL)),
    )
    yield law(
        "void-range-redeemed",
        "a recall passes over a redeemed key",
        then(delivered, redeem, lambda w: void(w, SUPPLIER, **ALL)),
    )
    yield law(
        "void-range-shop", "the holder recalls what it holds", lambda w: void(w, SHOP, first=3, count=2)
    )
    yield law("void-range-outsider", "an outsider recalls", lambda w: void(w, SHOP2, **ALL), "not_entitled")
    yield law("void-issuer", "the issuer voids", lambda w: void(w, ISSUER), "not_entitled")


def _reissues() -> Iterator[Case]:
    again = lambda w: w.on_key(T.REISSUE, SHOP, use(w))  # noqa: E731
    yield law("reissue-void", "a void sale reissued", then(sell, lambda w: void(w, SHOP), again))
    yield law(
        "reissue-redeemed",
        "a redeemed key reissued by the supplier",
        then(delivered, redeem, lambda w: w.on_key(T.REISSUE, SUPPLIER, use(w))),
    )
    yield law(
        "reissue-twice", "reissued twice", then(sell, lambda w: void(w, SHOP), again, again), "reissued"
    )
    yield law("reissue-sold", "a sold key reissued", then(sell, again), "sold")
    yield law(
        "reissue-other",
        "reissued by another shop",
        then(delivered, redeem, lambda w: w.on_key(T.REISSUE, SHOP2, use(w))),
        "not_entitled",
    )
    unsold = lambda w: w.on_key(T.REISSUE, SUPPLIER)  # noqa: E731
    yield law(
        "reissue-unsold", "a void unsold key reissued by its supplier", then(lambda w: void(w, SHOP), unsold)
    )
    yield law("reissue-unsold-good", "a good unsold key reissued", unsold, "not_void")
    yield law(
        "reissue-unsold-twice",
        "a void unsold key reissued twice",
        then(lambda w: void(w, SHOP), unsold, unsold),
        "reissued",
    )
    yield law(
        "reissue-unsold-shop",
        "a void unsold key reissued by the shop",
        then(lambda w: void(w, SHOP), lambda w: w.on_key(T.REISSUE, SHOP)),
        "not_entitled",
    )


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


def bundle_of(world: World, index: int) -> Any:
    kept, world.index = world.index, index
    bundle = world.bundle()
    world.index = kept
    return bundle


def _placed(world: World, index: int) -> dict[str, Any]:
    path = merkle.inclusion_path(world.leaves, index)
    return {"index": index, "entry": world.entries[index], "path": path, "details": None}


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


def _completeness() -> Iterator[Case]:
    world = in_shop()
    delivered(world)
    size = len(world.entries)
    world.seal()
    bundle = world.bundle(anchors=((size + 1, 1_795_000_060),))
    state = bundle.state
    assert state is not None
    merkle_code = "merkle_proof_invalid"

    def bad(id: str, about: str, code: str | None = None, **changes: Any) -> Case:
        return bundled(f"state-{id}", about, replace(bundle, state=replace(state, **changes)), 10, code)

    yield bundled("state", "complete by STATE", bundle)
    short = replace(bundle, custody=bundle.custody[:-1])
    yield bundled("state-hidden", "the last entry hidden", short, 10, merkle_code)
    ranges = state.ranges
    hidden = tuple(
        entry for entry in bundle.custody if not (entry.entry.is_range and entry.entry.type is T.RECEIVE)
    )
    yield bundled(
        "state-hidden-offer",
        "a hidden RECEIVE fails the law",
        replace(bundle, custody=hidden),
        9,
        "not_holder",
    )
    yield bad("ranges-fewer", "a range entry left out", None, ranges=ranges[:-1])
    yield bad(
        "ranges-order", "range entries in another order", None, ranges=(ranges[0], ranges[2], ranges[1])
    )
    sale = bundle.custody[-1].entry
    yield bad("ranges-single", "a single entry among the ranges", None, ranges=(*ranges, sale))
    elsewhere = replace(ranges[1], first=5, count=2)
    yield bad("ranges-more", "a range entry that never was", merkle_code, ranges=(*ranges, elsewhere))
    yield bad("record-short", "one hash too few", merkle_code, record_path=state.record_path[:-1])
    yield bad(
        "record-swapped",
        "two hashes swapped",
        merkle_code,
        record_path=(state.record_path[1], state.record_path[0], *state.record_path[2:]),
    )
    yield bad("batch-path", "a batch path where none belongs", merkle_code, batch_path=(bytes(32),))
    yield bad("batches", "another number of batches", None, batches=2, batch_path=(bytes(32),))
    yield bad("position", "a position past the batches", merkle_code, batch_position=1)
    yield from _lying_states()
    yield from _two_batches()


def _lying_states() -> Iterator[Case]:
    def sealed(id: str, about: str, spoil: Script, step: int | None = 10, code: str | None = None) -> Case:
        world = in_shop()
        delivered(world)
        spoil(world)
        return bundled(f"state-{id}", about, world.bundle(), step, code)

    def renamed(**changes: Any) -> Script:
        def spoil(world: World) -> None:
            world.seal()
            world.entries[-1] = replace(world.entries[-1], **changes)

        return spoil

    yield sealed(
        "root", "a STATE of another root", lambda w: w.seal(root=b"\x11" * 32), code="merkle_proof_invalid"
    )
    yield sealed("index", "a STATE that names another index", renamed(count=9))
    yield sealed("count", "a STATE that names two batches", renamed(party=number_party(2)))
    yield sealed(
        "count-form", "a STATE whose number of batches is none", renamed(party=SHOP), code="entry_malformed"
    )
    none = sealed("none", "no STATE: completeness is not checked", lambda w: None, None)
    yield none
    world = in_shop()
    delivered(world)
    place = world.seal()
    kept = world.bundle().state
    world.on_key(T.REDEEM, use(world), use(world))
    assert kept is not None
    old = replace(kept, path=merkle.inclusion_path(world.leaves, place))
    shown = replace(world.bundle(), state=old)
    yield bundled("state-old", "an older STATE, not the last entry", shown, 10)


def _two_batches() -> Iterator[Case]:
    first, second = Batch(), Batch(size=5, reference="PO-2")
    world = started(second)
    world.index = 4
    world.commission(first)
    world.on_key(T.SELL, SUPPLIER, second.party(4))
    order = (second, first)
    world.seal(*order)
    bundle = world.bundle(batches=order)
    yield bundled("state-two", "the first of two batches", bundle)
    world.batch, world.index = first, 0
    other = world.bundle(batches=order)
    yield bundled("state-second", "an untouched key of the second batch", other)
    assert bundle.state is not None
    wrong = replace(bundle.state, batch_position=1)
    yield bundled(
        "state-place",
        "the batch in the other's place",
        replace(bundle, state=wrong),
        10,
        "merkle_proof_invalid",
    )
    single = Batch(size=1)
    tiny = started(single, 0)
    tiny.seal()
    yield bundled(
        "state-single", "a batch of one key", tiny.bundle(anchors=((len(tiny.entries), 1_795_000_060),))
    )
