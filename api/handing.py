"""Files of evidence in and out: streamed, and shown as downloads only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from flask import Response, request

from api.buying import as_buyer
from api.current import services, visitor
from api.schemas.evidence import Named
from api.uploads import Fingerprinted
from provenance.core.claims import Evidence
from provenance.errors import InputRefused
from provenance.services.warranty.evidence import Opened
from provenance.services.warranty.evidencedesk import Asker, Ticket
from provenance.services.warranty.media import SUFFIXES, Media
from provenance.services.warranty.pack import Pack
from provenance.services.warranty.sealedfiles import Stream

T = TypeVar("T")


def asking(body: Named, do: Callable[[Asker], T]) -> T:
    """What *do* gives to who is speaking: the buyer who shows the order's token, else a party."""
    if body.order_token is not None:
        return as_buyer(body.order_token, lambda token: do(Asker(token)))
    return do(Asker(principal=visitor()))


def received(upload_id: str) -> Evidence:
    """The file in the request's body, kept."""
    ticket = services().showing.desk.ticket(upload_id)
    length = request.content_length
    if length is None:
        # The server shows a chunked body that broke off as one that ended: half a file would look whole.
        raise InputRefused("announce the file's size: send Content-Length", code="length_required")
    # The file itself may be far larger than any JSON; one that announces too much is refused unread.
    request.max_content_length = max(length, 1)
    stream = Fingerprinted(request.stream, length)
    return services().showing.desk.receive(ticket, cast(Stream, stream), length)


def admits(given: Any, arguments: dict[str, Any], length: str) -> bool:
    """Whether a body would be taken: asked before a byte of it is read."""
    return bool(given.showing.desk.admits(arguments["upload_id"], length))


def ticket_told(text: str, ticket: Ticket) -> dict[str, Any]:
    return {
        "upload": text,
        "until": ticket.until,
        "type": ticket.type.value,
        "size": ticket.size,
        "review" if ticket.is_review else "order": ticket.about.hex(),
    }


def told(piece: Evidence) -> dict[str, Any]:
    return {
        "digest": piece.digest.hex(),
        "type": piece.type.value,
        "source": piece.source.value,
        "at": piece.at,
    }


def download(opened: Opened) -> Response:
    """The file, to be saved: never shown as a page of ours, whatever it turns out to be."""
    response = Response(opened.pieces, content_type=opened.media)
    response.content_length = opened.size
    return _as_download(response, f"{opened.evidence.digest.hex()[:16]}.{SUFFIXES[Media(opened.media)]}")


def saved(pack: Pack) -> Response:
    """A pack, to be saved."""
    return _as_download(Response(pack.content, content_type="application/zip"), pack.name)


def _as_download(response: Response, name: str) -> Response:
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'; sandbox"
    return response
