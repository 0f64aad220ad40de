"""The closed vocabulary of the warranty: what is not a word here cannot be promised, claimed or refused.

The spellings stand in hashed terms and in entries: append-only, never changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Tier(StrEnum):
    """Who stands behind a sale: the platform itself, an escrow, or a reviewed valuable good."""

    SELF_OPERATED = "self_operated"
    ESCROW = "escrow"
    GRADED = "graded"


class Cause(StrEnum):
    """A fault that a warranty may cover."""

    LATE_DELIVERY = "late_delivery"
    DUPLICATE_SALE = "duplicate_sale"
    DUPLICATE_REDEMPTION = "duplicate_redemption"
    USED_BEFORE_DELIVERY = "used_before_delivery"
    INVALID_KEY = "invalid_key"
    VOID_AFTER_SALE = "void_after_sale"
    RECALLED = "recalled"
    CARRIER_DELAY = "carrier_delay"
    ARRIVAL_FAILED = "arrival_failed"
    STOLEN = "stolen"
    INSUFFICIENT_BALANCE = "insufficient_balance"
    NOT_ACTIVATED = "not_activated"
    FROZEN = "frozen"
    EXPIRED_BEFORE_DELIVERY = "expired_before_delivery"
    OWNERSHIP_RECLAIMED = "ownership_reclaimed"
    OWNERSHIP_UNPROVEN = "ownership_unproven"


TIMED: Final = frozenset({Cause.LATE_DELIVERY, Cause.CARRIER_DELAY})
"""Causes that are a clock run out; they need a threshold, the others have none."""
GRADED_ONLY: Final = frozenset({Cause.OWNERSHIP_RECLAIMED, Cause.OWNERSHIP_UNPROVEN})


class RemedyKind(StrEnum):
    """What the buyer gets. ``multiple`` pays more than the price; ``recovery`` gets an account back."""

    REISSUE = "reissue"
    RECOVERY = "recovery"
    REFUND = "refund"
    VOUCHER = "voucher"
    MULTIPLE = "multiple"


PAYMENTS: Final = frozenset({RemedyKind.REFUND, RemedyKind.VOUCHER, RemedyKind.MULTIPLE})
"""Remedies that need no stock and no helper: every ladder ends with one of them."""


class Liability(StrEnum):
    """Who answers for the fault in the end."""

    SUPPLIER = "supplier"
    PLATFORM = "platform"
    BUYER = "buyer"
    NOBODY = "nobody"


class EvidenceType(StrEnum):
    """What a piece of evidence is. Kept by hash; what is not listed is no evidence."""

    LOG_ENTRY = "log_entry"
    PAYMENT_RECORD = "payment_record"
    ISSUER_ANSWER = "issuer_answer"
    CARRIER_RECEIPT = "carrier_receipt"
    CARRIER_FAILURE_NOTICE = "carrier_failure_notice"
    CARRIER_ARREARS_NOTICE = "carrier_arrears_notice"
    ACCOUNT_CONFIRMATION = "account_confirmation"
    DISCLOSURE_BEFORE_SALE = "disclosure_before_sale"
    PUBLIC_NOTICE = "public_notice"
    POLICE_REPORT = "police_report"
    LEAK_RECORD = "leak_record"
    SCREENSHOT = "screenshot"
    VIDEO = "video"
    OWNERSHIP_REPORT = "ownership_report"
    RECLAIM_RECORD = "reclaim_record"
    EVIDENCE_REQUEST = "evidence_request"


SHARED_EVIDENCE: Final = frozenset({EvidenceType.LOG_ENTRY, EvidenceType.PUBLIC_NOTICE})
"""What may serve many claims; everything else serves one (one receipt, one claim)."""


class Source(StrEnum):
    """Where a piece of evidence came from."""

    LOG = "log"
    ISSUER = "issuer"
    CARRIER = "carrier"
    PAYMENT = "payment"
    BUYER = "buyer"
    PLATFORM = "platform"
    SUPPLIER = "supplier"
    PUBLIC = "public"


TRUSTED: Final = frozenset({Source.LOG, Source.ISSUER, Source.CARRIER, Source.PAYMENT})
"""Sources with no stake in the claim: only these decide without a person looking."""


class ExclusionCode(StrEnum):
    """A reason for which a claim may be refused, or a clock may stand still; there is no other."""

    BUYER_ACCOUNT_IN_ARREARS = "buyer_account_in_arrears"
    BUYER_WRONG_ACCOUNT = "buyer_wrong_account"
    BUYER_REDEEMED = "buyer_redeemed"
    BUYER_WRONG_SECRET = "buyer_wrong_secret"  # noqa: S105 - the name of a reason
    BUYER_TOO_MANY_TRIES = "buyer_too_many_tries"
    BUYER_DISCLOSED_KEY = "buyer_disclosed_key"
    EXPIRED_WITH_BUYER = "expired_with_buyer"
    LIMIT_STATED_BEFORE_SALE = "limit_stated_before_sale"
    ISSUER_MAINTENANCE = "issuer_maintenance"
    ANNOUNCED_CARRIER_OUTAGE = "announced_carrier_outage"
    DECLARED_DISASTER = "declared_disaster"
    SHUTDOWN_BY_AUTHORITY = "shutdown_by_authority"


PAUSES: Final = frozenset(
    {
        ExclusionCode.ISSUER_MAINTENANCE,
        ExclusionCode.ANNOUNCED_CARRIER_OUTAGE,
        ExclusionCode.DECLARED_DISASTER,
        ExclusionCode.SHUTDOWN_BY_AUTHORITY,
    }
)
"""Nobody's fault: these stop a clock and take no right away. All that 不可抗力 may mean here."""

_E, _X = EvidenceType, ExclusionCode
LEAST_EVIDENCE: Final[Mapping[ExclusionCode, frozenset[EvidenceType]]] = MappingProxyType(
    {
        _X.BUYER_ACCOUNT_IN_ARREARS: frozenset({_E.CARRIER_ARREARS_NOTICE}),
        _X.BUYER_WRONG_ACCOUNT: frozenset({_E.ACCOUNT_CONFIRMATION, _E.CARRIER_RECEIPT}),
        _X.BUYER_REDEEMED: frozenset({_E.LOG_ENTRY}),
        _X.BUYER_WRONG_SECRET: frozenset({_E.ISSUER_ANSWER}),
        _X.BUYER_TOO_MANY_TRIES: frozenset({_E.ISSUER_ANSWER}),
        _X.BUYER_DISCLOSED_KEY: frozenset({_E.LEAK_RECORD}),
        _X.EXPIRED_WITH_BUYER: frozenset({_E.ISSUER_ANSWER}),
        _X.LIMIT_STATED_BEFORE_SALE: frozenset({_E.DISCLOSURE_BEFORE_SALE}),
        _X.ISSUER_MAINTENANCE: frozenset({_E.ISSUER_ANSWER}),
        _X.ANNOUNCED_CARRIER_OUTAGE: frozenset({_E.PUBLIC_NOTICE}),
        _X.DECLARED_DISASTER: frozenset({_E.PUBLIC_NOTICE}),
        _X.SHUTDOWN_BY_AUTHORITY: frozenset({_E.PUBLIC_NOTICE}),
    }
)
"""Terms may ask more evidence of whoever refuses, never less."""


class RejectionCode(StrEnum):
    """Why a claim was refused: an exclusion that refuses, or one of two findings. No free text."""

    BUYER_ACCOUNT_IN_ARREARS = "buyer_account_in_arrears"
    BUYER_WRONG_ACCOUNT = "buyer_wrong_account"
    BUYER_REDEEMED = "buyer_redeemed"
    BUYER_WRONG_SECRET = "buyer_wrong_secret"  # noqa: S105 - the name of a reason
    BUYER_TOO_MANY_TRIES = "buyer_too_many_tries"
    BUYER_DISCLOSED_KEY = "buyer_disclosed_key"
    EXPIRED_WITH_BUYER = "expired_with_buyer"
    LIMIT_STATED_BEFORE_SALE = "limit_stated_before_sale"
    FAULT_NOT_FOUND = "fault_not_found"
    EVIDENCE_MISSING = "evidence_missing"


class State(StrEnum):
    """Where a claim stands. All but ``closed`` have a deadline and a default outcome."""

    OPENED = "opened"
    EVIDENCE = "evidence"
    REVIEW = "review"
    SECOND_REVIEW = "second_review"
    ESCALATED = "escalated"
    REISSUING = "reissuing"
    RECOVERING = "recovering"
    PAYING = "paying"
    UNPAID = "unpaid"
    REMEDIED = "remedied"
    REJECTED = "rejected"
    APPEALED = "appealed"
    CLOSED = "closed"


class Default(StrEnum):
    """What happens by itself when a deadline passes."""

    REVIEW = "review"
    DECIDE = "decide"
    ESCALATE = "escalate"
    APPROVE = "approve"
    REFUND = "refund"
    UPHOLD = "uphold"
    NEXT_REMEDY = "next_remedy"
    DRAW_BOND = "draw_bond"
    PUBLISH_DEBT = "publish_debt"
    CLOSE = "close"


DEFAULTS: Final[Mapping[State, frozenset[Default]]] = MappingProxyType(
    {
        State.OPENED: frozenset({Default.REVIEW}),
        State.EVIDENCE: frozenset({Default.DECIDE}),
        State.REVIEW: frozenset({Default.ESCALATE}),
        State.SECOND_REVIEW: frozenset({Default.ESCALATE}),
        State.ESCALATED: frozenset({Default.APPROVE, Default.REFUND}),
        State.REISSUING: frozenset({Default.NEXT_REMEDY}),
        State.RECOVERING: frozenset({Default.NEXT_REMEDY}),
        State.PAYING: frozenset({Default.DRAW_BOND}),
        State.UNPAID: frozenset({Default.PUBLISH_DEBT}),
        State.REMEDIED: frozenset({Default.CLOSE}),
        State.REJECTED: frozenset({Default.CLOSE}),
        State.APPEALED: frozenset({Default.APPROVE, Default.UPHOLD}),
    }
)
"""Which defaults terms may choose. Silence past a decision deadline is consent: no refusal among them."""
