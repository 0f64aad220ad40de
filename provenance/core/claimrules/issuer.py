"""What an issuer may answer about a key: one canonical enumeration, and what follows from each answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from provenance.core.termsrules.words import Cause, ExclusionCode, Liability


class IssuerAnswer(StrEnum):
    """Every official code of every issuer is mapped to one of these; ``good`` finds no fault."""

    GOOD = "good"
    MALFORMED = "malformed"
    TOO_MANY_TRIES = "too_many_tries"
    UNSUPPORTED_TYPE = "unsupported_type"
    WRONG_SECRET = "wrong_secret"  # noqa: S105 - an answer, not a secret
    INVALID = "invalid"
    INSUFFICIENT_BALANCE = "insufficient_balance"
    PROCESSING = "processing"
    ALREADY_USED = "already_used"
    COUNTERFEIT = "counterfeit"
    OPERATOR_MAINTENANCE = "operator_maintenance"
    DOES_NOT_EXIST = "does_not_exist"
    VOIDED = "voided"
    FROZEN = "frozen"
    NOT_ACTIVATED = "not_activated"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an answer says by itself, before the order's times are looked at.

    ``cause`` is the fault it shows, ``exclusion`` what it makes the buyer's affair or stops the clock for;
    an answer that is not ``final`` is asked for again.
    """

    liability: Liability
    cause: Cause | None = None
    exclusion: ExclusionCode | None = None
    is_final: bool = True


_S, _B, _N = Liability.SUPPLIER, Liability.BUYER, Liability.NOBODY
_A, _X = IssuerAnswer, ExclusionCode

MEANINGS: Final[Mapping[IssuerAnswer, Meaning]] = MappingProxyType(
    {
        _A.GOOD: Meaning(_N),
        _A.MALFORMED: Meaning(_S, Cause.INVALID_KEY),
        _A.TOO_MANY_TRIES: Meaning(_B, exclusion=_X.BUYER_TOO_MANY_TRIES, is_final=False),
        _A.UNSUPPORTED_TYPE: Meaning(_S, Cause.INVALID_KEY),
        _A.WRONG_SECRET: Meaning(_B, exclusion=_X.BUYER_WRONG_SECRET, is_final=False),
        _A.INVALID: Meaning(_S, Cause.INVALID_KEY),
        _A.INSUFFICIENT_BALANCE: Meaning(_S, Cause.INSUFFICIENT_BALANCE),
        _A.PROCESSING: Meaning(_N, is_final=False),
        _A.ALREADY_USED: Meaning(_S, Cause.USED_BEFORE_DELIVERY),
        _A.COUNTERFEIT: Meaning(_S, Cause.INVALID_KEY),
        _A.OPERATOR_MAINTENANCE: Meaning(_N, exclusion=_X.ISSUER_MAINTENANCE, is_final=False),
        _A.DOES_NOT_EXIST: Meaning(_S, Cause.INVALID_KEY),
        _A.VOIDED: Meaning(_S, Cause.VOID_AFTER_SALE),
        _A.FROZEN: Meaning(_S, Cause.FROZEN),
        _A.NOT_ACTIVATED: Meaning(_S, Cause.NOT_ACTIVATED),
        _A.EXPIRED: Meaning(_S, Cause.EXPIRED_BEFORE_DELIVERY),
    }
)
"""``already_used`` and ``expired`` accuse the supplier only if it was so before the delivery."""
