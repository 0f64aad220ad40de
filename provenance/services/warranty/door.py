"""The services of the warranty, made together."""

from __future__ import annotations

from dataclasses import dataclass

from provenance.services.context import Context
from provenance.services.selling import SellingService
from provenance.services.warranty.claims import ClaimService
from provenance.services.warranty.desks import DeskService
from provenance.services.warranty.orders import OrderService
from provenance.services.warranty.status import StatusService
from provenance.services.warranty.terms import TermsService


@dataclass(frozen=True, slots=True)
class WarrantyServices:
    """``status`` is for buyers, ``desks`` for parties; the others do what their names say."""

    terms: TermsService
    orders: OrderService
    claims: ClaimService
    status: StatusService
    desks: DeskService

    @staticmethod
    def over(context: Context, selling: SellingService) -> WarrantyServices:
        """All of them over one context."""
        return WarrantyServices(
            TermsService(context),
            OrderService(context, selling),
            ClaimService(context),
            StatusService(context),
            DeskService(context),
        )
