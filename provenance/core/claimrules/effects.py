"""What a transition asks of the world: values that a service carries out, each at most once a claim."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Any, TypeAlias

from provenance.core.money import Money
from provenance.core.termsrules.words import EvidenceType, Liability


class ClaimReason(IntEnum):
    """``reason`` of a CLAIM entry (FORMATS §5); append-only, listed in the project's docs."""

    DETECTED = 1
    FILED = 2
    DECIDED = 3
    EVIDENCE_ASKED = 4
    EVIDENCE_GIVEN = 5
    APPROVED = 6
    REJECTED = 7
    APPEALED = 8
    WITHDRAWN = 9
    PAUSED = 10
    RESUMED = 11
    DEFAULTED = 12
    CONFIRMED = 13


class RemedyReason(IntEnum):
    """``reason`` of a REMEDY entry (FORMATS §5); append-only, listed in the project's docs."""

    REISSUED = 1
    RECOVERED = 2
    REFUNDED = 3
    VOUCHER = 4
    MULTIPLE = 5
    NOT_POSSIBLE = 6


class Notice(StrEnum):
    """What someone is told."""

    CLAIM_OPENED = "claim_opened"
    EVIDENCE_ASKED = "evidence_asked"
    REVIEW_WANTED = "review_wanted"
    SECOND_REVIEW_WANTED = "second_review_wanted"
    ESCALATED = "escalated"
    APPROVED = "approved"
    REJECTED = "rejected"
    APPEALED = "appealed"
    CLOCK_PAUSED = "clock_paused"
    CLOCK_RESUMED = "clock_resumed"
    REMEDIED = "remedied"
    PAYMENT_OVERDUE = "payment_overdue"
    DEBT_PUBLISHED = "debt_published"
    CLOSED = "closed"


class Who(StrEnum):
    """Who is told."""

    BUYER = "buyer"
    PLATFORM = "platform"
    SUPPLIER = "supplier"
    REVIEWERS = "reviewers"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class WriteClaim:
    """Append a CLAIM entry; *details* are its JSON."""

    reason: ClaimReason
    details: Mapping[str, Any] = field(hash=False)


@dataclass(frozen=True, slots=True)
class WriteRemedy:
    """Append a REMEDY entry; *details* are its JSON."""

    reason: RemedyReason
    details: Mapping[str, Any] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Decide:
    """Gather the facts, run the automatic decision, and bring it back as ``Decided``."""


@dataclass(frozen=True, slots=True)
class AskEvidence:
    """Ask the buyer for evidence of these types."""

    types: tuple[EvidenceType, ...]


@dataclass(frozen=True, slots=True)
class FreezeEscrow:
    """Hold the order's deposit, if it has one, until the claim is closed."""


@dataclass(frozen=True, slots=True)
class ReleaseEscrow:
    """The claim is closed: what was not paid to the buyer is no longer held for it."""


@dataclass(frozen=True, slots=True)
class BlockKey:
    """Bar the order's key from further use (VOID, where the law still lets)."""


@dataclass(frozen=True, slots=True)
class Reissue:
    """Deliver a replacement from the sealed reserve, in one transaction with the event ``Reissued``."""


@dataclass(frozen=True, slots=True)
class StopReissue:
    """The replacement came too late: it must not be delivered any more."""


@dataclass(frozen=True, slots=True)
class StartRecovery:
    """Help the buyer to get the account back."""


@dataclass(frozen=True, slots=True)
class PayRefund:
    """Pay this to the buyer."""

    amount: Money


@dataclass(frozen=True, slots=True)
class IssueVoucher:
    """Give the buyer a voucher of this face."""

    amount: Money


@dataclass(frozen=True, slots=True)
class DrawBond:
    """The platform did not pay: stop its payment and take this from its bond or the escrow."""

    amount: Money


@dataclass(frozen=True, slots=True)
class OpenRecourse:
    """The supplier answers for the fault: open his recourse over this amount, beside the claim."""

    amount: Money
    liability: Liability


@dataclass(frozen=True, slots=True)
class Notify:
    """Tell someone."""

    who: Who
    what: Notice


Effect: TypeAlias = (
    WriteClaim
    | WriteRemedy
    | Decide
    | AskEvidence
    | FreezeEscrow
    | ReleaseEscrow
    | BlockKey
    | Reissue
    | StopReissue
    | StartRecovery
    | PayRefund
    | IssueVoucher
    | DrawBond
    | OpenRecourse
    | Notify
)
