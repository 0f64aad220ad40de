"""What a platform or supplier discloses of itself."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field, StringConstraints

from api.schemas.common import NOT_BLANK, Address, Body, Hash, Id, Text
from provenance.core import creditcode
from provenance.core.disclosure import MAX_NUMBER, Disclosure, DisclosureType, Withdrawal, read_day

_DAY: Final = Field(description="YYYY-MM-DD, a day in China", min_length=10, max_length=10)
_CODE: Final = Field(description="unified social credit code (GB 32100)", min_length=1, max_length=40)


class NewDisclosure(Body):
    """``document`` is the SHA-256 of the paper; the paper itself may follow by ``PUT …/document``.

    ``credit_code`` is that of the entity on the paper: of an upstream contract the supplier.
    """

    type: Annotated[DisclosureType, Field(strict=False)]
    number: Annotated[str, StringConstraints(pattern=NOT_BLANK, min_length=1, max_length=MAX_NUMBER)]
    credit_code: Annotated[str, _CODE]
    document: Hash
    issued_on: Annotated[str, _DAY]
    attested_on: Annotated[str, _DAY]
    expires_on: Annotated[str, _DAY] | None = None
    supersedes: Id | None = None
    address: Address | None = Field(None, description="whose it is: the caller's own, said to be sure")

    def read(self) -> Disclosure:
        """As the core has it; raises :class:`provenance.errors.InputRefused`."""
        return Disclosure(
            self.type,
            self.number,
            creditcode.parse(self.credit_code),
            bytes.fromhex(self.document),
            read_day(self.issued_on),
            read_day(self.attested_on),
            None if self.expires_on is None else read_day(self.expires_on),
        )


class Withdraw(Body):
    why: Annotated[Withdrawal, Field(strict=False)]


class DisclosurePath(Text):
    disclosure_id: Id
