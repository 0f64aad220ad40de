"""Step 9: sold, delivered, redeemed, taken back, voided, reissued, lawfully or not."""

from __future__ import annotations

from collections.abc import Iterator

from tests.verifier.corpus import Case
from tests.verifier.law import (
    ALL,
    SHARED,
    TEN_DAYS,
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
    OUTSIDER,
    SHOP,
    SHOP2,
    SUPPLIER,
    Batch,
    T,
)


def cases() -> Iterator[Case]:
    yield from _sales()
    yield from _redemptions()
    yield from _reinstatements()
    yield from _voids()
    yield from _reissues()


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
