"""Publishing terms: only such as a machine can read and a buyer can rely on, each a TERMS entry."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from provenance.core import terms as rules
from provenance.core.entries import Entry, EntryType
from provenance.core.terms import Terms
from provenance.core.termsrules.lint import Report, lint_terms
from provenance.errors import InputRefused, NotFound
from provenance.services import acts
from provenance.services.context import Context, record
from provenance.store import parties
from provenance.store import warranty_terms as store
from provenance.store.database import Connection
from provenance.store.warranty_terms import PublishedTerms

_SHOWN_FLAWS = 20


class TermsTooVague(InputRefused):
    """The linter fails these terms; ``facts`` has its score and what to write instead."""

    code = "terms_vague"


@dataclass(frozen=True, slots=True)
class Published:
    """Terms in force: the row, and what it says as a value."""

    row: PublishedTerms
    terms: Terms


class TermsService:
    """Terms by hash. What is published stays; a change is a new document with a hash of its own."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def publish(self, platform: bytes, raw: bytes) -> Published:
        """Publish the JSON *raw* in the name of *platform*; the same terms again change nothing.

        Raises :class:`InputRefused` with a code that begins with ``terms_``; :class:`TermsTooVague`.
        """
        terms = rules.parse(raw)
        report = lint_terms(terms)
        if not report.passes:
            raise _too_vague(report)
        return self._context.database.retrying(lambda connection: self._publish(connection, platform, terms))

    def _publish(self, connection: Connection, platform: bytes, terms: Terms) -> Published:
        since = acts.acting_party(connection, platform).since
        document, digest = rules.encode(terms).decode(), rules.terms_hash(terms)
        known = store.published(connection, [platform], digest)
        if known is not None:
            return Published(known, terms)
        draft = Entry(EntryType.TERMS, self._context.time_after(since), digest, platform)
        said = {"id": terms.id, "version": terms.version, "tier": terms.tier.value}
        recorded = record(self._context, connection, draft, said)
        row = PublishedTerms(
            platform, digest, document, terms.tier.value, recorded.entry.time, recorded.event
        )
        store.add(connection, row)
        return Published(row, terms)

    def get(self, digest: bytes) -> Published:
        """The terms of that hash; raises :class:`NotFound` (``unknown_terms``)."""
        with self._context.database.read() as connection:
            row = store.by_hash(connection, digest)
        if row is None:
            raise NotFound("no terms of this hash are published", code="unknown_terms")
        return Published(row, read(row.document))

    def of_platform(self, platform: bytes) -> list[Published]:
        """Everything that a platform ever published, the newest first."""
        with self._context.database.read() as connection:
            rows = store.of_platform(connection, parties.names_of(connection, platform))
        return [Published(row, read(row.document)) for row in rows]


def pinned(connection: Connection, digest: bytes) -> Terms:
    """The terms that an order pinned; raises :class:`NotFound` (``unknown_terms``)."""
    row = store.by_hash(connection, digest)
    if row is None:
        raise NotFound("no terms of this hash are published", code="unknown_terms")
    return read(row.document)


@lru_cache(maxsize=256)
def read(document: str) -> Terms:
    """Terms from their stored JSON; a handful of documents serve every order."""
    return rules.parse(document.encode())


def _too_vague(report: Report) -> TermsTooVague:
    flaws = [
        {
            "code": flaw.code,
            "place": flaw.place,
            "excerpt": flaw.excerpt,
            "why": {"zh-CN": flaw.why.zh, "en": flaw.why.en},
            "write": {"zh-CN": flaw.write.zh, "en": flaw.write.en},
        }
        for flaw in report.flaws[:_SHOWN_FLAWS]
    ]
    return TermsTooVague(
        "buyers cannot rely on these terms; flaws names each vague clause and what to write instead",
        score=report.score,
        flaws=flaws,
    )
