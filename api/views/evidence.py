"""Evidence of orders: announced, then sent; read by the buyer, the platform and reviewers."""

from __future__ import annotations

from typing import Any, Final

from flask import Response
from flask_openapi.blueprint import APIBlueprint

from api import handing, repeats
from api.access import admitting, allow
from api.current import services
from api.documents import EVIDENCE_BODY, EVIDENCE_FILE, SECURED, TAG_EVIDENCE
from api.schemas.evidence import Announcement, Named, NamedPiece, Piece, UploadPath
from api.wire import answer
from provenance.core.entries import PartyReason

blueprint = APIBlueprint("evidence", __name__, url_prefix="/v1/evidence", abp_tags=[TAG_EVIDENCE])
_GIVERS: Final = ("sell", "register", "redeem")


@blueprint.post("/uploads", responses={201: {}})
@allow(*_GIVERS, strangers=True)
def announce(body: Announcement) -> Response:
    """Announce a file for an order: by the buyer with the order token, or by a party with the order's id."""
    text, ticket = handing.asking(
        body, lambda asker: services().showing.desk.announce(asker, body.order_id, body.type, body.size)
    )
    return answer(handing.ticket_told(text, ticket), 201)


@blueprint.put("/uploads/<upload_id>", request_body=EVIDENCE_BODY, responses={201: {}})
@allow(strangers=True)
@repeats.streams
@admitting(handing.admits)
def send(path: UploadPath) -> Response:
    """Send the announced bytes, with Content-Length; the same again are the same piece."""
    return answer(handing.told(handing.received(path.upload_id)), 201)


@blueprint.post("/list", responses={200: {}})
@allow(*_GIVERS, "review", "read", strangers=True)
@repeats.reads
def listed(body: Named) -> Response:
    """What was handed in to an order, the oldest first; to its supplier and issuers, their own pieces."""
    order, rows = handing.asking(body, lambda asker: services().showing.desk.listed(asker, body.order_id))
    pieces: list[dict[str, Any]] = [
        {
            "digest": row.digest.hex(), "type": row.type, "source": row.source, "at": row.at,
            "media": row.media, "size": row.size, "erased": row.file is None,
        }
        for row in rows
    ]  # fmt: skip
    return answer({"order": order.hex(), "evidence": pieces})


@blueprint.post("/download", responses=EVIDENCE_FILE)
@allow(*_GIVERS, "review", "read", strangers=True)
@repeats.reads
def download(body: NamedPiece) -> Response:
    """The bytes of one piece, as a file to be saved."""
    digest = bytes.fromhex(body.digest)
    return handing.download(
        handing.asking(body, lambda asker: services().showing.desk.open_(asker, body.order_id, digest))
    )


@blueprint.post("/erase", security=SECURED, responses={200: {}})
@allow("admin", roles=(PartyReason.OPERATOR,))
def erase(body: Piece) -> Response:
    """Forget the bytes of one piece for ever; its hash, type and time stay."""
    done = services().evidence.erase(bytes.fromhex(body.order), bytes.fromhex(body.digest))
    return answer({"digest": body.digest, "erased": True, "again": not done})
