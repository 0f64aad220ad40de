"""What is shown as evidence, before a sale and after it: the services of it, put together."""

from __future__ import annotations

from dataclasses import dataclass

from provenance.services.context import Context
from provenance.services.proofdesk import ProofDesk
from provenance.services.warranty.evidence import EvidenceService
from provenance.services.warranty.evidencedesk import EvidenceDesk
from provenance.services.warranty.pack import PackService
from provenance.services.warranty.presale import PresaleService
from provenance.services.warranty.presaledesk import PresaleDesk
from provenance.services.warranty.presalefiles import PresaleFiles
from provenance.services.warranty.reviewers import ReviewerService


@dataclass(frozen=True, slots=True)
class Showing:
    """``evidence`` of orders through its ``desk``; ``presale`` reviews, their ``files``, and ``looking``.

    ``packs``: all that a buyer can show, in one file.
    """

    evidence: EvidenceService
    desk: EvidenceDesk
    presale: PresaleService
    files: PresaleFiles
    looking: PresaleDesk
    packs: PackService

    @classmethod
    def over(
        cls, context: Context, evidence: EvidenceService, reviewers: ReviewerService, proofs: ProofDesk
    ) -> Showing:
        """All of them over one folder of files and one register of reviewers."""
        presale = PresaleService(context, reviewers)
        files = PresaleFiles(context, evidence, presale)
        desk = EvidenceDesk(context, evidence, files, reviewers)
        packs = PackService(context, evidence, proofs)
        return cls(evidence, desk, presale, files, PresaleDesk(context, files, reviewers), packs)
