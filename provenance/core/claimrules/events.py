"""What can happen to a claim. Each is a typed value; whoever lets it in has checked who sent it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from provenance.core.claimrules.deciding import Decision, Rejection
from provenance.core.claimrules.facts import Evidence, Pause, malformed
from provenance.core.money import Money
from provenance.core.termsrules.words import EvidenceType, Liability


@dataclass(frozen=True, slots=True)
class Reviewer:
    """A person who decides. ``parties`` are the addresses (20 bytes) of all whom he works for or owns."""

    id: str
    parties: frozenset[bytes] = frozenset()

    def __post_init__(self) -> None:
        if not 0 < len(self.id) <= 64 or any(len(party) != 20 for party in self.parties):
            raise malformed("a reviewer has an id of at most 64 characters and addresses of 20 bytes")


class Impossible(StrEnum):
    """Why a rung of the ladder cannot be given."""

    RESERVE_EMPTY = "reserve_empty"
    NO_RESERVE = "no_reserve"
    ALREADY_REISSUED = "already_reissued"
    NOT_RECOVERED = "not_recovered"


@dataclass(frozen=True, slots=True)
class Decided:
    """The automatic decision came back; *record* is the kept record of the facts it was made from."""

    decision: Decision
    record: Evidence


@dataclass(frozen=True, slots=True)
class EvidenceAsked:
    """A reviewer asks the buyer for evidence; once a claim. *request* is the kept request itself."""

    reviewer: Reviewer
    types: tuple[EvidenceType, ...]
    request: Evidence

    def __post_init__(self) -> None:
        is_request = self.request.type is EvidenceType.EVIDENCE_REQUEST
        if not self.types or not is_request or EvidenceType.EVIDENCE_REQUEST in self.types:
            raise malformed("a request names what is asked for and is kept as evidence itself")


@dataclass(frozen=True, slots=True)
class EvidenceGiven:
    """Evidence was handed in; *used_elsewhere* are the digests among it that other claims already use."""

    evidence: tuple[Evidence, ...]
    used_elsewhere: frozenset[bytes] = frozenset()

    def __post_init__(self) -> None:
        if not self.evidence:
            raise malformed("no evidence was handed in")


@dataclass(frozen=True, slots=True)
class Approved:
    """A reviewer grants the claim, and says who answers for the fault."""

    reviewer: Reviewer
    liability: Liability


@dataclass(frozen=True, slots=True)
class Rejected:
    """A reviewer refuses the claim: by code, clause and evidence."""

    reviewer: Reviewer
    rejection: Rejection


@dataclass(frozen=True, slots=True)
class Appealed:
    """The buyer appeals, once, with new evidence or without."""

    evidence: tuple[Evidence, ...] = ()
    used_elsewhere: frozenset[bytes] = frozenset()


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """The buyer takes the claim back."""


@dataclass(frozen=True, slots=True)
class ClockPaused:
    """Something that is nobody's fault stops the clock; a reason of the terms, with its evidence."""

    pause: Pause


@dataclass(frozen=True, slots=True)
class ClockResumed:
    """The clock runs on."""


@dataclass(frozen=True, slots=True)
class Reissued:
    """The replacement was delivered; *event* is the event id of its SELL (16 bytes)."""

    event: bytes


@dataclass(frozen=True, slots=True)
class Recovered:
    """The buyer has the account back, as *evidence* shows."""

    evidence: Evidence


@dataclass(frozen=True, slots=True)
class RemedyImpossible:
    """This rung cannot be given; the next one is."""

    why: Impossible


@dataclass(frozen=True, slots=True)
class Paid:
    """The buyer was paid exactly what is owed, as *evidence* shows."""

    amount: Money
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The buyer says that all is well."""


@dataclass(frozen=True, slots=True)
class DeadlinePassed:
    """The deadline of the state passed: the default outcome of the terms happens."""


Event: TypeAlias = (
    Decided
    | EvidenceAsked
    | EvidenceGiven
    | Approved
    | Rejected
    | Appealed
    | Withdrawn
    | ClockPaused
    | ClockResumed
    | Reissued
    | Recovered
    | RemedyImpossible
    | Paid
    | Confirmed
    | DeadlinePassed
)
