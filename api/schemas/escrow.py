"""The escrow: what a platform offers, and the signature on it."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field, StringConstraints

from api.schemas.common import MAX_SAFE, MAX_U32, Address, Body, Hash, Signature, Text
from api.schemas.orders import example
from provenance.services.escrow.offers import Asked, Windows

NOBODY: Final = "0x" + "00" * 20
Units = Annotated[
    str,
    StringConstraints(pattern=r"^(0|[1-9][0-9]{0,38})$", min_length=1),
    Field(description="in the smallest unit of the token, as decimal text"),
]
Window = Annotated[int, Field(ge=1, le=MAX_U32, description="seconds")]


class OfferPath(Text):
    digest: Hash


class NewWindows(Body):
    """How long the clocks of the deposit run; how long the buyer may claim, the terms say."""

    delivery: Window = Windows().delivery
    ruling: Window = Windows().ruling
    answer: Window | None = None

    def read(self) -> Windows:
        return Windows(self.delivery, self.ruling, self.answer)


class NewOffer(Body):
    """An order's deposit, as its platform would sign it; ``amount`` units stand for the order's price.

    ``buyer`` and ``platform`` are accounts of the chain; ``token`` all zeros for ether.
    """

    model_config = example(
        order="44" * 32,
        buyer="0x" + "b1" * 20,
        platform="0x" + "a1" * 20,
        issuer="0x" + "15" * 20,
        amount="1000000",
        token="0x" + "70" * 20,
        valid_until=1_800_000_600,
    )

    order: Hash
    buyer: Address
    platform: Address
    issuer: Address
    amount: Units
    token: Address = NOBODY
    arbiter: Address | None = None
    valid_until: Annotated[int, Field(ge=0, le=MAX_SAFE, description="unix seconds")]
    windows: NewWindows = NewWindows()

    def read(self) -> Asked:
        return Asked(
            bytes.fromhex(self.order), _address(self.buyer), _address(self.platform), _address(self.issuer),
            int(self.amount), self.valid_until, _address(self.token),
            None if self.arbiter is None else _address(self.arbiter), self.windows.read(),
        )  # fmt: skip


class SignedOffer(Body):
    """The platform's signature: r ‖ s ‖ v over the offer's digest, low s, v 27 or 28."""

    model_config = example(signature="0x" + "5a" * 64 + "1b")

    signature: Signature


def _address(text: str) -> bytes:
    return bytes.fromhex(text[2:])
