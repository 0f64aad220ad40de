"""How the disclosures of a party stand at a moment: computed, never stored."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from provenance.core.disclosure import (
    PLATFORM_SHOWS,
    SUPPLIER_SHOWS,
    Disclosure,
    DisclosureStatus,
    DisclosureType,
    Withdrawal,
)
from provenance.core.entries import Entry, PartyReason, QualificationReason, commit_details
from provenance.errors import NotFound
from provenance.services.context import Context, Recorded
from provenance.services.opening import recorded_from
from provenance.services.vault import SealBroken
from provenance.store import disclosures as store
from provenance.store.database import Connection
from provenance.store.disclosures import Filed
from provenance.store.entries import StoredEntry


@dataclass(frozen=True, slots=True)
class Shown:
    """A disclosure as everybody sees it. Times in ms.

    ``disclosure`` is ``None`` where the stored details no longer are those of the entry: then it counts for
    nothing. ``superseded_by`` and ``withdrawn_by`` are the events that ended it. ``paper`` is media type
    and size of the document, if it is kept here.
    """

    party: bytes
    stored: StoredEntry
    salt: bytes | None
    details: dict[str, Any] | None
    disclosure: Disclosure | None
    status: DisclosureStatus | None
    superseded_by: bytes | None = None
    withdrawn_by: bytes | None = None
    withdrawn_why: Withdrawal | None = None
    paper: tuple[str, int] | None = None

    @property
    def is_current(self) -> bool:
        """Whether it is whole and nothing has ended it; it may have expired all the same."""
        ended = self.superseded_by is not None or self.withdrawn_by is not None
        return self.disclosure is not None and not ended

    @property
    def counts(self) -> bool:
        """Whether it holds now."""
        return self.is_current and self.status in (DisclosureStatus.VALID, DisclosureStatus.EXPIRES_SOON)


def badge(
    roles: Iterable[PartyReason], found: Iterable[Shown]
) -> dict[DisclosureType, DisclosureStatus | None]:
    """Of each paper that a party in these roles has to show, how the best one stands; ``None`` for none.

    The badge is earned while every one of them is valid, or soon to expire.
    """
    is_platform = PartyReason.PLATFORM in set(roles)
    standing: dict[DisclosureType, DisclosureStatus | None] = dict.fromkeys(
        PLATFORM_SHOWS if is_platform else SUPPLIER_SHOWS
    )
    order = list(DisclosureStatus)
    for each in found:
        if each.disclosure is None or each.status is None or each.superseded_by is not None:
            continue
        kind = each.disclosure.type
        if kind in standing:
            earlier = standing[kind]
            standing[kind] = each.status if earlier is None else min(earlier, each.status, key=order.index)
    return standing


def one(context: Context, connection: Connection, event: bytes, now: int) -> Shown:
    """One disclosure as of *now*; raises :class:`NotFound` (``unknown_disclosure``)."""
    for found in shown(context, connection, store.with_follower(connection, event), now):
        if found.stored.event == event:
            return found
    raise NotFound("no such disclosure", code="unknown_disclosure")


def shown(context: Context, connection: Connection, filed: Sequence[Filed], now: int) -> list[Shown]:
    """What is to be seen of *filed* at *now* (ms), in its order."""
    followers = {one.follows: one for one in filed if one.follows is not None}
    published = [one for one in filed if one.stored.entry.reason == QualificationReason.PUBLISHED]
    papers = store.known_papers(connection, {one.stored.entry.subject for one in published})
    return [
        _judged(context, one, followers.get(one.stored.event), papers.get(one.stored.entry.subject), now)
        for one in published
    ]


def _judged(
    context: Context, one: Filed, after: Filed | None, paper: tuple[str, int] | None, now: int
) -> Shown:
    opened = _opened(context, one.stored)
    disclosure = None if opened is None else _read(opened, one.stored.entry)
    status = None if disclosure is None else disclosure.status(now)
    superseded = withdrawn = why = None
    if after is not None and after.stored.entry.reason == QualificationReason.WITHDRAWN:
        status, withdrawn = DisclosureStatus.WITHDRAWN, after.stored.event
        said = _opened(context, after.stored)
        why = None if said is None or said.details is None else Withdrawal(said.details["why"])
    elif after is not None:
        superseded = after.stored.event
    salt, details = (None, None) if opened is None else (opened.salt, opened.details)
    return Shown(one.party, one.stored, salt, details, disclosure, status, superseded, withdrawn, why, paper)


def _opened(context: Context, stored: StoredEntry) -> Recorded | None:
    """What was sealed beside the entry, if it still is what the entry commits to."""
    try:
        opened = recorded_from(context, stored)
    except SealBroken:
        return None
    if opened.salt is None or opened.details is None:
        return None
    return opened if commit_details(opened.salt, opened.details) == stored.entry.detail else None


def _read(opened: Recorded, entry: Entry) -> Disclosure | None:
    disclosure = Disclosure.from_json(opened.details or {})
    return disclosure if disclosure.document == entry.subject else None
