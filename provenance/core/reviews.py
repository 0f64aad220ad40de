"""A buyer's review: stars for an order that the log shows was delivered to him.

Consensus-critical: the hash of the document is the subject of a QUALIFICATION entry whose actor is the
buyer's use; the document is its details. No words: they would be the place for advertising and for slander.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from provenance.core import canonical
from provenance.core.digests import sha256
from provenance.core.entries import Entry, EntryType
from provenance.errors import InputRefused

TYPE: Final = "card-key-provenance/review/v1"
STARS: Final = (1, 2, 3, 4, 5)
NONCE_SIZE: Final = 16
"""Random bytes, so that nobody finds the stars by trying five hashes."""


@dataclass(frozen=True, slots=True)
class Review:
    """*stars* for what was delivered by the entry at log index *delivery*, sold by *platform* (20 bytes).

    Raises :class:`InputRefused` (``buyer_review_malformed``).
    """

    platform: bytes
    delivery: int
    stars: int
    nonce: bytes

    def __post_init__(self) -> None:
        is_whole = type(self.stars) is int and type(self.delivery) is int
        fits = is_whole and self.stars in STARS and 0 <= self.delivery <= canonical.MAX_INTEGER
        if not (fits and len(self.platform) == 20 and len(self.nonce) == NONCE_SIZE):
            raise InputRefused(
                "a review gives one to five stars to one delivery", code="buyer_review_malformed"
            )

    @property
    def hash(self) -> bytes:
        """The subject of its entry."""
        return sha256(canonical.encode(self.to_json()))

    def to_json(self) -> dict[str, Any]:
        """The document, and the details of its entry."""
        return {
            "type": TYPE,
            "platform": "0x" + self.platform.hex(),
            "delivery": self.delivery,
            "stars": self.stars,
            "nonce": self.nonce.hex(),
        }

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Review:
        """Read what :meth:`to_json` wrote and nothing else; raises :class:`InputRefused`."""
        try:
            platform = canonical.decode_hex(said["platform"], 20, prefix="0x")
            found = cls(platform, said["delivery"], said["stars"], canonical.decode_hex(said["nonce"], 16))
        except (KeyError, TypeError, AttributeError) as error:
            raise InputRefused("not the document of a review", code="buyer_review_malformed") from error
        if found.to_json() != said:
            raise InputRefused("not the document of a review", code="buyer_review_malformed")
        return found


class Counted:
    """The reviews of a platform, each held against its delivery receipt in the log."""

    def __init__(self, openings: Mapping[int, Mapping[str, Any]], has: Callable[[int], bool]) -> None:
        self._openings = openings
        self._has = has
        named = [said.get("delivery") for said in openings.values() if said.get("type") == TYPE]
        self.wanted = frozenset(index for index in named if isinstance(index, int))
        """The log indices of the receipts that reviews name."""
        self._receipts: dict[int, Entry] = {}
        self._buyers: set[bytes] = set()
        self._stars = dict.fromkeys((str(one) for one in STARS), 0)
        self._refused = 0

    def take_receipt(self, index: int, entry: Entry) -> None:
        """Keep *entry* if a review names it."""
        if entry.type is EntryType.DELIVER and index in self.wanted:
            self._receipts[index] = entry

    def take(self, index: int, entry: Entry) -> None:
        """Count the review entry at *index*, opened if its time is in the span."""
        is_first = entry.actor not in self._buyers
        self._buyers.add(entry.actor)
        if not self._has(entry.time):
            return
        if is_first and self._is_good(index, entry):
            self._stars[str(self._openings[index]["stars"])] += 1
        else:
            self._refused += 1

    def to_json(self) -> dict[str, Any]:
        """How many, their stars, and how many do not count: without a receipt, or a buyer's second."""
        return {"count": sum(self._stars.values()), "stars": self._stars, "refused": self._refused}

    def _is_good(self, index: int, entry: Entry) -> bool:
        try:
            review = Review.from_json(self._openings[index])
        except InputRefused:
            return False
        receipt = self._receipts.get(review.delivery)
        return (
            receipt is not None
            and review.delivery < index
            and receipt.party == entry.actor
            and review.hash == entry.subject
            and review.platform == entry.party
        )
