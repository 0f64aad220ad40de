"""Transfers, parties, proofs and the public check."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints, model_validator

from api.schemas.common import (
    MAX_KEYS,
    MAX_SAFE,
    Address,
    Body,
    Hash,
    Id,
    LogIndex,
    Name,
    OrderToken,
    Text,
)
from api.schemas.keys import KeyRange, Reference, References, ShownKey
from provenance.core.entries import PartyReason

Role = Literal["supplier", "platform", "issuer", "auditor", "witness", "operator"]
_EXPIRES: Final = "UTC milliseconds since 1970, in the future; without it the credential does not expire"
Scope = Annotated[str, StringConstraints(pattern=r"^[a-z]{1,20}$")]


class Offer(Body):
    """Keys of one batch for ``recipient``: by ``batch`` and ``ranges``, or by a list of ``keys``."""

    recipient: Address
    batch: Hash | None = None
    ranges: Annotated[list[KeyRange], Field(min_length=1, max_length=MAX_KEYS)] | None = None
    keys: References | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Offer:
        by_range = self.batch is not None and self.ranges is not None
        if by_range == (self.keys is not None) or (self.batch is None) != (self.ranges is None):
            raise ValueError("give batch and ranges, or keys")
        return self


class TransferPath(Text):
    transfer_id: Id


class Admission(Body):
    """A party by ``address``, or by ``party_id`` if it has no key of its own."""

    name: Name
    role: Role
    address: Address | None = None
    party_id: Name | None = None

    @property
    def reason(self) -> PartyReason:
        return PartyReason[self.role.upper()]


class Suspension(Body):
    reason: Name


class Succession(Body):
    successor: Address


class NewCredential(Body):
    """``party`` is the caller itself unless an operator names another."""

    label: Name
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=20)]
    expires_at: Annotated[int, Field(ge=1, le=MAX_SAFE, description=_EXPIRES)] | None = None
    party: Address | None = None


class CredentialPath(Text):
    credential_id: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]


class CredentialQuery(Text):
    party: Address | None = None


class ProofWish(Body):
    """``opening`` puts the key itself into the file: who has the file then has the key."""

    key: Reference
    order_token: OrderToken | None = Field(None, repr=False)
    opening: bool = False
    details: bool = False
    anchored: bool = False
    state_proof: bool = False


class ProofPath(Text):
    proof_id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{40,200}$")]


class PublicCheck(Body):
    """One key, as it stands on the card; formats with short secrets need the order's token too."""

    key: ShownKey
    order_token: OrderToken | None = Field(None, repr=False)


class EntryPath(Text):
    index: LogIndex


class ManifestPath(Text):
    batch_id: Hash


class TilePath(Text):
    """A tile's name as in C2SP tlog-tiles, without the leading ``tile/``."""

    tile: Annotated[str, StringConstraints(pattern=r"^[a-z0-9./]{1,60}$", max_length=60)]
