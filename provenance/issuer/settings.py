"""An issuer as its file describes it: where it is, how it wants to be asked, what its codes mean."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from provenance.core.claimrules.issuer import IssuerAnswer
from provenance.core.keyformats import format_by_id
from provenance.errors import InputRefused
from provenance.net.urls import Url, require_public

MAX_DELAY_MS: Final = 60_000
_STATUS: Final = Field(ge=200, le=599)
Pointer = Annotated[str, StringConstraints(pattern=r"^(/[A-Za-z0-9_.-]{1,64}){1,8}$")]
"""A place in a JSON object (RFC 6901), through members only."""
Header = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,64}$")]
Status = Annotated[int, _STATUS]
Code = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,100}$")]
Answer = Annotated[IssuerAnswer, Field(strict=False)]

STATUS_ANSWERS: Final = frozenset({IssuerAnswer.OPERATOR_MAINTENANCE, IssuerAnswer.PROCESSING})
"""What a bare HTTP status may mean: any proxy on the way can send one, so it accuses nobody."""

REASONS: Final = {
    "address": "not an http(s) address",
    "address_plain": "a key is not sent over plain http to the Internet; use https",
    "address_private": "an address in a private network needs private_network = true",
    "format_unknown": "no such key format",
    "serial_missing": "a key of these formats has a serial; say where it goes with request.serial",
    "pointers_overlap": "two values would stand in the same place of the request",
    "nonce_missing": "answer.nonce repeats request.nonce; say where that goes",
    "retry_not_idempotent": "asking again needs idempotent = true: some issuers count each question as a try",
    "used_at_form": "used_at and used_at_form go together",
    "codes_incomplete": "the codes for good and already_used are missing",
    "status_accuses": "a bare status may mean operator_maintenance or processing only: a proxy can send it",
    "status_twice": "one status has two meanings",
    "hmac_headers": "hmac needs key_id, and the names of its three headers differ",
}
"""Everything that a file can get wrong beyond its form; the words of a finding, by its code."""


class Part(BaseModel):
    """A table of the file: closed, without conversions."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


class Authentication(Part):
    """``bearer`` shows the secret; ``hmac`` signs each request with it (see :mod:`.signing`)."""

    kind: Literal["none", "bearer", "hmac"]
    secret_file: Annotated[str, StringConstraints(min_length=1, max_length=1_000)] | None = None
    key_id: Code | None = None
    key_id_header: Header = "X-Key-Id"
    timestamp_header: Header = "X-Timestamp"
    signature_header: Header = "X-Signature"

    @model_validator(mode="after")
    def _whole(self) -> Authentication:
        names = {self.key_id_header.lower(), self.timestamp_header.lower(), self.signature_header.lower()}
        if self.kind == "hmac" and (self.key_id is None or len(names) != 3):
            raise wrong("hmac_headers")
        return self


class Request(Part):
    """Where serial, secret and a nonce go in the body; ``fixed`` is what always stands there."""

    serial: Pointer | None = None
    secret: Pointer
    nonce: Pointer | None = None
    fixed: dict[Pointer, str | int | bool] = Field(default_factory=dict, max_length=32)

    @model_validator(mode="after")
    def _apart(self) -> Request:
        places = [one for one in (self.serial, self.secret, self.nonce, *self.fixed) if one is not None]
        for number, one in enumerate(places):
            for other in places[number + 1 :]:
                if f"{one}/".startswith(f"{other}/") or f"{other}/".startswith(f"{one}/"):
                    raise wrong("pointers_overlap")
        return self


class Retry(Part):
    """``idempotent``: asking twice is the same as asking once, so it may be tried again."""

    idempotent: bool = False
    tries: Annotated[int, Field(ge=1, le=5)] = 1
    wait_ms: Annotated[int, Field(ge=1, le=10_000)] = 200
    statuses: frozenset[Status] = Field(frozenset({429, 502, 503, 504}), strict=False)

    @model_validator(mode="after")
    def _harmless(self) -> Retry:
        if self.tries > 1 and not self.idempotent:
            raise wrong("retry_not_idempotent")
        return self


class Rate(Part):
    """How many questions a minute one process sends; a tenth of them may come at once."""

    per_minute: Annotated[int, Field(ge=1, le=60_000)] = 600


class Reading(Part):
    """Where the answer says what. Several places of ``code`` are joined by ``|``, absent ones empty."""

    statuses: frozenset[Status] = Field(frozenset({200}), strict=False)
    code: Annotated[list[Pointer], Field(min_length=1, max_length=4)]
    codes: Annotated[dict[Code, Answer], Field(min_length=1, max_length=1_000)]
    status_codes: dict[Annotated[str, StringConstraints(pattern=r"^[2-5][0-9]{2}$")], Answer] = Field(
        default_factory=dict
    )
    serial: Pointer | None = None
    nonce: Pointer | None = None
    used_at: Pointer | None = None
    used_at_form: Literal["unix_s", "unix_ms", "rfc3339", "china"] | None = None

    @model_validator(mode="after")
    def _sensible(self) -> Reading:
        if (self.used_at is None) != (self.used_at_form is None):
            raise wrong("used_at_form")
        if not {IssuerAnswer.GOOD, IssuerAnswer.ALREADY_USED} <= set(self.codes.values()):
            raise wrong("codes_incomplete")
        if not set(self.status_codes.values()) <= STATUS_ANSWERS:
            raise wrong("status_accuses")
        if {int(one) for one in self.status_codes} & self.statuses:
            raise wrong("status_twice")
        return self


class IssuerSettings(Part):
    """The whole file. ``party`` is the address under which the issuer was admitted."""

    party: Annotated[str, StringConstraints(pattern=r"^0x[0-9a-f]{40}$")]
    name: Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]{1,200}$")]
    formats: Annotated[list[str], Field(min_length=1, max_length=32)]
    address: Annotated[str, StringConstraints(min_length=1, max_length=2_048)]
    private_network: bool = False
    timeout_ms: Annotated[int, Field(ge=50, le=MAX_DELAY_MS)] = 5_000
    max_answer_bytes: Annotated[int, Field(ge=256, le=1 << 20)] = 1 << 16
    authentication: Authentication
    request: Request
    retry: Retry = Retry()
    rate: Rate = Rate()
    answer: Reading

    @model_validator(mode="after")
    def _reachable(self) -> IssuerSettings:
        try:
            url = Url.parse(self.address)
        except InputRefused:
            raise wrong("address") from None
        if self.private_network:
            return self
        if not url.secure:
            raise wrong("address_plain")
        try:
            require_public(url)
        except InputRefused:
            raise wrong("address_private") from None
        return self

    @model_validator(mode="after")
    def _fits_its_formats(self) -> IssuerSettings:
        try:
            known = [format_by_id(one) for one in self.formats]
        except InputRefused:
            raise wrong("format_unknown") from None
        if any(one.serial is not None for one in known) and self.request.serial is None:
            raise wrong("serial_missing")
        if self.answer.nonce is not None and self.request.nonce is None:
            raise wrong("nonce_missing")
        return self


def wrong(code: str) -> PydanticCustomError:
    """The finding with that code."""
    return PydanticCustomError(code, REASONS[code])


_PRINTABLE: Final = re.compile(r"[\x21-\x7e]{8,512}")


def is_secret(text: str) -> bool:
    """Whether *text* may be an issuer's secret: 8 to 512 printable ASCII characters without a space."""
    return _PRINTABLE.fullmatch(text) is not None


def place_of(location: tuple[Any, ...]) -> tuple[str, ...]:
    """A pydantic location as the names that lead to it in the file."""
    return tuple(str(one) for one in location if one != "[key]")
