"""The complaint pack: all that a buyer can show of one order, in one ZIP that opens offline.

Made from what is stored and kept nowhere; the same state of order and log gives the same bytes. It is
built in memory, bounded: what lies encrypted here is never written to a disk in plain.
"""

from __future__ import annotations

import io
import json
import threading
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any, Final

from provenance import print as printing
from provenance.core import terms as rules
from provenance.core.canonical import encode_base64
from provenance.core.digests import sha256
from provenance.core.keyformats import CardKey
from provenance.core.proofs import read_bundle
from provenance.errors import InputRefused, LimitReached, NotFound
from provenance.services import bracketing
from provenance.services.context import Context
from provenance.services.disclosures import DisclosureService
from provenance.services.lawbook import Handle
from provenance.services.opening import recorded_from
from provenance.services.proofdesk import ProofDesk, Wish
from provenance.services.publiclog import PublicLog
from provenance.services.receipts import receipt_of
from provenance.services.verification import Viewer
from provenance.services.warranty import packtold, reissuing, timeline
from provenance.services.warranty.evidence import EvidenceService
from provenance.services.warranty.media import SUFFIXES, Media
from provenance.services.warranty.packtold import Material
from provenance.services.warranty.status import OrderStatus, StatusService, unknown_order
from provenance.store import claims as claim_store
from provenance.store import evidence as evidence_store
from provenance.store import parties
from provenance.store.database import Connection
from provenance.store.entries import StoredEntry
from provenance.store.evidence import EvidenceRow

MAX_FILES: Final = 32 << 20
"""Bytes of evidence in a pack; what does not fit is named in it by hash, and its buyer has it."""
MAX_STEPS: Final = 300
"""Steps of claims in a pack, the newest; a claim that is filed and withdrawn for ever makes any number."""
LINK_MS: Final = 180 * 86_400_000
"""How long the printed address answers: longer than a consumer association takes."""
_AT_ONCE: Final = 2
_PATIENCE_S: Final = 5.0
_MIDNIGHT: Final = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Pack:
    """A ZIP, and what it is called. Its content is the buyer's alone."""

    name: str
    content: bytes = field(repr=False)


class PackService:
    """Makes packs for buyers. *most* is how many bytes of evidence go into one."""

    def __init__(
        self, context: Context, evidence: EvidenceService, proofs: ProofDesk, most: int = MAX_FILES
    ) -> None:
        self._context = context
        self._evidence = evidence
        self._proofs = proofs
        self._disclosures = DisclosureService(context)
        self._log = PublicLog(context)
        self._status = StatusService(context)
        self._most = most
        self._room = threading.BoundedSemaphore(_AT_ONCE)

    def find(self, token: bytes, order_id: bytes) -> OrderStatus:
        """The order that *token* (32 bytes) bought, or a replacement of it.

        Raises :class:`NotFound` (``unknown_order``) to everybody else.
        """
        for status in self._status.of_token(token):
            if status.order.id == order_id:
                return status
        raise unknown_order()

    def make(self, status: OrderStatus, opening: CardKey | None = None) -> Pack:
        """The pack of an order that :meth:`find` gave to its buyer.

        With *opening*, the key itself, the proof in it opens the key, and the cover says so. Raises what
        :meth:`ProofDesk.make` does, such as :class:`Conflict` (``not_sequenced_yet``), and
        :class:`LimitReached` (``server_busy``).
        """
        with self._turn():
            bundle = self._bundle(status, opening)
            material = self._material(status, bundle, opening is not None)
            return Pack(f"complaint-{status.order.id.hex()[:16]}.zip", self._zipped(material))

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._room.acquire(timeout=_PATIENCE_S):
            raise LimitReached("too many packs are being made; come back", code="server_busy", retry_after=5)
        try:
            yield
        finally:
            self._room.release()

    def _bundle(self, status: OrderStatus, opening: CardKey | None) -> bytes:
        """With the use under which this very key was sold: a replacement has one of its own."""
        with self._context.database.read() as connection:
            token = reissuing.sale_token(self._context, connection, status.order)
        place = _place(status)
        wish = Wish(opening=opening is not None, details=True)
        made = self._proofs.make(Viewer(None, token), place if opening is None else opening, wish)
        if made.handle != place:
            raise InputRefused("the key shown is not the one of this order", code="key_mismatch")
        return made.bundle

    def _material(self, status: OrderStatus, bundle: bytes, is_open: bool) -> Material:
        order = status.order
        with self._context.database.snapshot() as connection:
            rows = evidence_store.of_order(connection, order.id)
            platform = parties.by_address(connection, order.platform)
            steps = self._steps(connection, order.id)
            # The log may stand a step ahead of what the caller found: whatever is told, is told in time.
            happened = timeline.of_order(self._context, connection, order)
            bounds = bracketing.bounds(connection, {one.index for one in happened if one.index is not None})
        if platform is None:
            raise NotFound("the platform of the order is not in the database; run fsck", code="unknown_order")
        times = [one.time for one in happened] + [row.at for row in rows] + _times(bundle)
        as_of = max(times)
        address = self._proofs.lasting_id(_place(status), as_of + LINK_MS)
        host = self._context.origin.partition("/")[0]
        return Material(
            status=status,
            platform=platform,
            papers=self._disclosures.of(order.platform, as_of),
            happened=happened,
            bounds=bounds,
            steps=steps,
            evidence=rows,
            enclosed=_fitting(rows, order.party, self._most),
            bundle=bundle,
            proven=self._proofs.check(bundle),
            link=f"https://{host}/v1/proofs/{address}.json#sha256={sha256(bundle).hex()}",
            as_of=as_of,
            is_open=is_open,
        )

    def _steps(self, connection: Connection, order_id: bytes) -> list[StoredEntry]:
        claims = claim_store.of_order(connection, order_id)
        return [step for row in claims for step in timeline.steps_of(connection, row.id)][-MAX_STEPS:]

    def _zipped(self, material: Material) -> bytes:
        members = self._members(material)
        sums = "".join(f"{sha256(content).hex()}  {name}\n" for name, content in sorted(members.items()))
        members["SHA256SUMS"] = sums.encode()
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
            for name, content in members.items():
                # No time of its own: the same contents make the same pack.
                member = zipfile.ZipInfo(name, _MIDNIGHT)
                member.external_attr = 0o644 << 16
                packed.writestr(member, content, _compression(name))
        return made.getvalue()

    def _members(self, material: Material) -> dict[str, bytes]:
        proofs = {step.event: self._proof(step) for step in material.steps}
        told = [self._step(step, proofs[step.event] is not None) for step in material.steps]
        members = {
            "complaint.pdf": printing.complaint(packtold.told(material), material.link, material.as_of),
            "README.txt": printing.readme(is_open=material.is_open).encode(),
            "verify.html": (files("provenance") / "web" / "verify.html").read_bytes(),
            "key.provenance.json": material.bundle,
            "terms.json": rules.encode(material.status.terms),
            "steps.json": json.dumps(told, ensure_ascii=False, indent=1).encode() + b"\n",
        }
        members |= {
            f"steps/{event.hex()}.tlog-proof": proof for event, proof in proofs.items() if proof is not None
        }
        for row in material.enclosed:
            pieces = self._evidence.open_(row.order, row.digest).pieces
            members[f"evidence/{row.digest.hex()}.{SUFFIXES[Media(row.media)]}"] = b"".join(pieces)
        return members

    def _proof(self, step: StoredEntry) -> bytes | None:
        """That a step is in the log, for other people's tools; ``None`` while it waits for its place."""
        try:
            return self._log.proof(step.event).encode()
        except NotFound:
            return None

    def _step(self, step: StoredEntry, has_proof: bool) -> dict[str, Any]:
        recorded = recorded_from(self._context, step)
        return {
            "event": step.event.hex(),
            "index": step.index,
            "type": step.entry.type.name,
            "reason": step.entry.reason,
            "time": step.entry.time,
            "entry": encode_base64(step.entry.encode()),
            "salt": None if recorded.salt is None else recorded.salt.hex(),
            "details": recorded.details,
            "receipt": receipt_of(self._context, step),
            "proof": f"steps/{step.event.hex()}.tlog-proof" if has_proof else None,
        }


def _place(status: OrderStatus) -> Handle:
    return Handle(status.key.batch.batch_id, status.key.index)


def _times(raw: bytes) -> list[int]:
    """The times (ms) of everything that a proof shows."""
    bundle = read_bundle(raw)
    entries = [one.entry for one in (*bundle.custody, *bundle.parties, *bundle.beacons)]
    return [one.time for one in (entries if bundle.state is None else [*entries, bundle.state.entry])]


def _fitting(rows: Sequence[EvidenceRow], buyer: bytes, most: int) -> list[EvidenceRow]:
    """The pieces by *buyer* that are still kept, the oldest first, as far as there is room."""
    left, fitting = most, []
    for row in rows:
        if row.file is not None and row.by == buyer and row.size <= left:
            fitting.append(row)
            left -= row.size
    return fitting


def _compression(name: str) -> int:
    """Pictures, videos and the PDF are compressed already."""
    return (
        zipfile.ZIP_STORED if name.startswith("evidence/") or name.endswith(".pdf") else zipfile.ZIP_DEFLATED
    )
