"""The reasons that the API takes, by the table of docs/formats.md.

The law reads any reason, for a reason permits nothing; but one that the table does not name would
stand in the log for ever and say nothing to anybody.
"""

from __future__ import annotations

from typing import Final

from provenance.core.entries import EntryType
from provenance.errors import InputRefused

NAMED: Final = {
    EntryType.REDEEM: ("used before the sale",),
    EntryType.VOID: ("recalled by the supplier", "stolen", "mistaken", "destroyed"),
    EntryType.REINSTATE: ("sale cancelled", "mistaken"),
    EntryType.REISSUE: ("replacement of a faulty key",),
    EntryType.CORRECTION: ("did not occur", "incorrect data"),
}
"""Of each act the reasons from 1 on; 0 is none. Append-only."""


def named(kind: EntryType, reason: int) -> int:
    """*reason*, if *kind* may have it; raises :class:`InputRefused` (``unknown_reason``)."""
    known = NAMED.get(kind, ())
    if not 0 <= reason <= len(known):
        meanings = ", ".join(["0 none", *(f"{number} {word}" for number, word in enumerate(known, 1))])
        raise InputRefused(
            f"{kind.name} has no such reason; give one of: {meanings}",
            code="unknown_reason",
            reasons=list(range(len(known) + 1)),
        )
    return reason
