"""The warranty of orders: its services, put together."""

from __future__ import annotations

from dataclasses import dataclass

from provenance.services.context import Context
from provenance.services.selling import SellingService
from provenance.services.warranty.buyer_reviews import BuyerReviewService
from provenance.services.warranty.claims import ClaimService
from provenance.services.warranty.desks import DeskService
from provenance.services.warranty.figures import FiguresService
from provenance.services.warranty.orders import OrderService
from provenance.services.warranty.reports import ReportService
from provenance.services.warranty.risk import RiskService
from provenance.services.warranty.status import StatusService
from provenance.services.warranty.terms import TermsService
from provenance.services.warranty.watching import WatchingService


@dataclass(frozen=True, slots=True)
class Warranting:
    """``terms`` and ``orders`` that pin them, ``claims``; what a buyer sees (``status``), and parties do."""

    terms: TermsService
    orders: OrderService
    claims: ClaimService
    status: StatusService
    desks: DeskService
    risk: RiskService
    watching: WatchingService
    figures: FiguresService
    reports: ReportService
    reviews: BuyerReviewService

    @classmethod
    def over(cls, context: Context, selling: SellingService) -> Warranting:
        """All of them; orders are sold by *selling*."""
        return cls(
            TermsService(context),
            OrderService(context, selling),
            ClaimService(context),
            StatusService(context),
            DeskService(context),
            RiskService(context),
            WatchingService(context),
            FiguresService(context),
            ReportService(context),
            BuyerReviewService(context),
        )
