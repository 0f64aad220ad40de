"""Claims: filed by buyers, decided by people in the words of the terms. No reason here is free text."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from api.schemas.common import MAX_SAFE, Body, Hash, Text
from api.schemas.orders import ShownOrder, ShownToken, example
from api.schemas.reserve import Amount, Currency
from provenance.core.claims import Liability
from provenance.core.money import Money, parse
from provenance.core.terms import Cause, EvidenceType, ExclusionCode, RejectionCode, State
from provenance.core.termsrules.words import PAUSES

MAX_EVIDENCE = 64
Digests = Annotated[list[Hash], Field(max_length=MAX_EVIDENCE)]
SomeDigests = Annotated[list[Hash], Field(min_length=1, max_length=MAX_EVIDENCE)]
Clause = Annotated[
    str, StringConstraints(pattern=r"^[1-9][0-9]{0,2}(\.[1-9][0-9]{0,2}){0,3}$", max_length=15)
]
CauseWord = Annotated[Cause, Field(strict=False)]


def raw(digests: list[str]) -> list[bytes]:
    """Digests as bytes."""
    return [bytes.fromhex(one) for one in digests]


class ClaimPath(Text):
    claim_id: Hash


class NewClaim(ShownOrder):
    """What is wrong, by the causes of the terms, the most important first; evidence by its SHA-256."""

    model_config = example(
        order_token="33" * 32, order="44" * 32, causes=["invalid_key"], evidence=["55" * 32]
    )

    causes: Annotated[list[CauseWord], Field(min_length=1, max_length=len(Cause))]
    evidence: Digests = Field(default_factory=list)


class MoreEvidence(ShownToken):
    """Evidence that was handed in to the order before, by its SHA-256."""

    model_config = example(order_token="33" * 32, evidence=["55" * 32])

    evidence: SomeDigests


class Appeal(ShownToken):
    model_config = example(order_token="33" * 32, evidence=[])

    evidence: Digests = Field(default_factory=list)


class Approve(Body):
    """Who answers for the fault in the end."""

    model_config = example(liability="supplier")

    liability: Annotated[Liability, Field(strict=False)]


class Reject(Body):
    """A code of the terms, the clause that it rests on, and what shows it: all that a refusal can say."""

    model_config = example(**{"code": "fault_not_found", "clause": "5.1", "evidence": ["55" * 32]})

    code: Annotated[RejectionCode, Field(strict=False)]
    clause: Clause
    evidence: SomeDigests


class AskEvidence(Body):
    """What the buyer is asked for; once a claim."""

    model_config = example(types=["screenshot"])

    types: Annotated[
        list[Annotated[EvidenceType, Field(strict=False)]], Field(min_length=1, max_length=len(EvidenceType))
    ]


class PauseClock(Body):
    """Nobody's fault, by a code of the terms that stops a clock, with what shows it."""

    model_config = example(**{"code": "issuer_maintenance", "evidence": ["55" * 32]})

    code: Annotated[ExclusionCode, Field(strict=False)]
    evidence: SomeDigests

    @model_validator(mode="after")
    def _pauses(self) -> PauseClock:
        if self.code not in PAUSES:
            raise ValueError("this reason stops no clock")
        return self


class Recovered(Body):
    """The SHA-256 of what shows that the buyer has the account back."""

    model_config = example(evidence="55" * 32)

    evidence: Hash


class PaidClaim(Body):
    """Exactly what is owed, and the SHA-256 of the payment service's record, which pays one claim."""

    model_config = example(amount="49.50", currency="CNY", record="66" * 32)

    amount: Amount
    currency: Currency
    record: Hash

    @property
    def money(self) -> Money:
        return parse(self.amount, self.currency)


class ClaimsQuery(Text):
    """Oldest first; for the next ones give ``opened_at`` and id of the last one seen."""

    side: Literal["platform", "supplier", "all"] = "platform"
    state: State | None = None
    after_time: Annotated[int, Field(ge=0, le=MAX_SAFE)] = 0
    after_id: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{64})?$")] = ""
    limit: Annotated[int, Field(ge=1, le=1_000)] = 100

    @property
    def after(self) -> tuple[int, bytes]:
        return self.after_time, bytes.fromhex(self.after_id)
