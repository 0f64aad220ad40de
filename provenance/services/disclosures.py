"""Disclosures: papers that a platform or supplier shows of itself, each an entry of the public log.

Nothing is ever taken away: what is superseded or withdrawn stays to be seen, with what ended it. How a
disclosure stands is computed from the clock, so that a licence expires without anybody doing anything.
"""

from __future__ import annotations

from typing import Any, Final

from provenance.core.digests import sha256
from provenance.core.disclosure import Disclosure, Withdrawal, day_in_china
from provenance.core.entries import Entry, EntryType, PartyReason, QualificationReason
from provenance.core.papers import media_type
from provenance.errors import AccessDenied, Conflict, InputRefused, NotFound, ProvenanceError
from provenance.services import acts
from provenance.services.context import Context, Recorded, record
from provenance.services.disclosure_view import Shown, one, shown
from provenance.store import disclosures as store
from provenance.store import parties
from provenance.store.database import Connection
from provenance.store.disclosures import Paper
from provenance.store.parties import Party

MAX_DISCLOSURES: Final = 500
"""Of one party for ever, withdrawals included: a platform shows a dozen papers and renews them yearly."""


class DisclosureService:
    """Publishing and showing. Addresses have 20 bytes, events 16."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def publish(self, actor: bytes, disclosure: Disclosure, supersedes: bytes | None = None) -> Recorded:
        """Publish a paper of one's own, in the place of an earlier one if *supersedes* names it.

        Raises :class:`InputRefused` (``attested_in_future``, ``disclosure_expired``),
        :class:`Conflict` (``disclosure_stands``, ``disclosure_ended``, ``disclosures_full``), and for
        *supersedes* as :meth:`withdraw`; :class:`InputRefused` (``disclosure_other_type``).
        """
        today = day_in_china(self._context.clock.now())
        if disclosure.attested_on > today:
            raise InputRefused(
                "the day of attestation lies in the future; correct it", code="attested_in_future"
            )
        if disclosure.expires_on is not None and disclosure.expires_on < today:
            raise InputRefused(
                "this paper has expired already; renew it, and publish the new one", code="disclosure_expired"
            )

        def work(connection: Connection) -> Recorded:
            party = self._publisher(connection, actor)
            if supersedes is not None:
                ended = self._own(connection, actor, supersedes)
                if ended.disclosure is None or ended.disclosure.type is not disclosure.type:
                    raise InputRefused(
                        "a disclosure supersedes one of its own type", code="disclosure_other_type"
                    )
            self._must_not_stand(connection, actor, disclosure, supersedes)
            named = {} if supersedes is None else {"supersedes": supersedes.hex()}
            details = disclosure.to_json() | named
            return self._enter(
                connection, party, disclosure.document, QualificationReason.PUBLISHED, details, supersedes
            )

        return self._context.database.retrying(work)

    def withdraw(self, actor: bytes, event: bytes, why: Withdrawal) -> Recorded:
        """Say that an own disclosure no longer holds; it stays to be seen.

        Raises :class:`NotFound` (``unknown_disclosure``), :class:`AccessDenied` (``not_your_disclosure``),
        :class:`Conflict` (``disclosure_ended``).
        """

        def work(connection: Connection) -> Recorded:
            party = self._publisher(connection, actor)
            ended = self._own(connection, actor, event)
            details = {"withdraws": event.hex(), "why": why.value}
            subject = ended.stored.entry.subject
            return self._enter(connection, party, subject, QualificationReason.WITHDRAWN, details, event)

        return self._context.database.retrying(work)

    def attach(self, actor: bytes, event: bytes, content: bytes) -> str:
        """Keep the document of an own disclosure for everybody to read; its media type.

        Raises as :meth:`withdraw`, :class:`InputRefused` (``paper_too_large``, ``paper_type``,
        ``paper_differs``).
        """
        media = media_type(content)
        paper = Paper(sha256(content), media, content)

        def work(connection: Connection) -> str:
            self._publisher(connection, actor)
            published = self._own(connection, actor, event, must_stand=False)
            if published.stored.entry.subject != paper.digest:
                raise InputRefused(
                    "this is not the document that was published: its SHA-256 is another; send the same "
                    "bytes, or publish the new document as a new disclosure",
                    code="paper_differs",
                )
            store.put_paper(connection, paper)
            return media

        return self._context.database.retrying(work)

    def of(self, address: bytes, now: int) -> list[Shown]:
        """Everything that the party at *address* (or whom it stands for) disclosed, as of *now* (ms), newest
        first, superseded and withdrawn ones included."""
        with self._context.database.snapshot() as connection:
            filed = store.of_parties(connection, parties.names_of(connection, address))
            return list(reversed(shown(self._context, connection, filed, now)))

    def one(self, event: bytes, now: int) -> Shown:
        """One disclosure as of *now*; raises :class:`NotFound` (``unknown_disclosure``)."""
        with self._context.database.snapshot() as connection:
            return one(self._context, connection, event, now)

    def paper(self, event: bytes) -> Paper:
        """The document of a disclosure, its bytes held against the log.

        Raises :class:`NotFound` (``unknown_disclosure``, ``no_paper``) and ``paper_damaged`` for bytes that
        are no longer those published.
        """
        with self._context.database.snapshot() as connection:
            subject = one(self._context, connection, event, self._context.clock.now()).stored.entry.subject
            found = store.paper(connection, subject)
        if found is None:
            raise NotFound("the document of this disclosure is not kept here", code="no_paper")
        if sha256(found.content) != subject:
            raise ProvenanceError(
                "the stored document is not the one that was published; tell the operator",
                code="paper_damaged",
            )
        return found

    def _own(self, connection: Connection, actor: bytes, event: bytes, *, must_stand: bool = True) -> Shown:
        found = one(self._context, connection, event, self._context.clock.now())
        if found.party not in parties.names_of(connection, actor):
            raise AccessDenied("this disclosure is another party's", code="not_your_disclosure")
        ended = found.superseded_by or found.withdrawn_by
        if must_stand and ended is not None:
            raise Conflict(
                "this disclosure was superseded or withdrawn already",
                code="disclosure_ended",
                event=ended.hex(),
            )
        return found

    def _must_not_stand(
        self, connection: Connection, actor: bytes, disclosure: Disclosure, supersedes: bytes | None
    ) -> None:
        """Two papers of one type and number at once would leave open which of them holds."""
        names = parties.names_of(connection, actor)
        filed = store.of_parties(connection, names)
        if len(filed) >= MAX_DISCLOSURES:
            raise Conflict(
                f"a party has at most {MAX_DISCLOSURES} disclosures",
                code="disclosures_full",
                limit=MAX_DISCLOSURES,
            )
        for standing in shown(self._context, connection, filed, self._context.clock.now()):
            paper = standing.disclosure
            same = paper is not None and (paper.type, paper.number) == (disclosure.type, disclosure.number)
            if same and standing.is_current and standing.stored.event != supersedes:
                raise Conflict(
                    "a disclosure of this type and number stands already; supersede or withdraw it",
                    code="disclosure_stands",
                    event=standing.stored.event.hex(),
                )

    def _publisher(self, connection: Connection, actor: bytes) -> Party:
        # One change of a party's disclosures at a time: what is looked up here stays true.
        parties.by_address(connection, actor, lock="update")
        party = acts.acting_party(connection, actor)
        if not (party.has(PartyReason.PLATFORM) or party.has(PartyReason.SUPPLIER)):
            raise AccessDenied(
                "only a party admitted as platform or supplier may do this",
                code="role_missing",
                role="platform",
            )
        return party

    def _enter(
        self,
        connection: Connection,
        party: Party,
        document: bytes,
        reason: QualificationReason,
        details: dict[str, Any],
        follows: bytes | None,
    ) -> Recorded:
        time = self._context.time_after(party.since, store.newest_time(connection, party.address))
        draft = Entry(EntryType.QUALIFICATION, time, document, party.address, reason=int(reason))
        recorded = record(self._context, connection, draft, details)
        store.add(connection, recorded.event, party.address, time, follows)
        return recorded
