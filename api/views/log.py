"""The public log: checkpoint, tiles, entries, as C2SP tlog-tiles has them; and how the service is."""

from __future__ import annotations

from typing import Any, Final

from flask import Response, current_app
from flask_openapi.blueprint import APIBlueprint

from api import feeds, metrics
from api.access import client_address, public
from api.current import services
from api.documents import TAG_LOG, TAG_SYSTEM
from api.front import live
from api.schemas.trade import EntryPath, ManifestPath
from api.schemas.trade import TilePath as TileName
from api.wire import answer
from provenance.core.tilepaths import TilePath, parse_tile_path

blueprint = APIBlueprint("log", __name__, url_prefix="/v1")

METRICS_FOLDER: Final = "provenance-metrics-folder"
_JSON: Final[dict[str, Any]] = {"content": {"application/json": {}}}
_FOR_EVER: Final = "public, max-age=31536000, immutable"
_A_MOMENT: Final = "public, max-age=1, must-revalidate"
_TILE: Final[dict[str, Any]] = {"content": {"application/octet-stream": {}}}


@blueprint.get("/log/checkpoint", tags=[TAG_LOG], responses={200: {"content": {"text/plain": {}}}})
@public()
def checkpoint() -> Response:
    """The newest signed checkpoint (C2SP tlog-checkpoint)."""
    return _cached(services().log.checkpoint(), "text/plain; charset=utf-8", _A_MOMENT)


@blueprint.get("/log/watch", tags=[TAG_LOG], responses={200: {"content": {live.MEDIA_TYPE: {}}}})
@public()
def watch() -> Response:
    """Every newer checkpoint as it is signed, as server-sent events; `id` is the size."""
    response = live.stream(feeds.CHECKPOINTS, "", client_address())
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


@blueprint.get("/log/tile/<path:tile>", tags=[TAG_LOG], responses={200: _TILE})
@public()
def tile(path: TileName) -> Response:
    """A tile of hashes, `0/x001/234.p/5`, or a bundle of entries, `entries/x001/234.p/5`."""
    found = _read(parse_tile_path("tile/" + path.tile))
    return _cached(found, "application/octet-stream", _FOR_EVER)


def _read(named: TilePath) -> bytes:
    if named.level is None:
        return services().log.entry_bundle(named.index, named.width)
    return services().log.tile(named.level, named.index, named.width)


@blueprint.get("/log/entries/<index>", tags=[TAG_LOG], responses={200: _TILE})
@public()
def entry(path: EntryPath) -> Response:
    """The 124 bytes of one entry."""
    return _cached(services().log.entry(path.index), "application/octet-stream", _FOR_EVER)


@blueprint.get("/log/batch/<batch_id>", tags=[TAG_LOG], responses={200: _JSON})
@public()
def batch_manifest(path: ManifestPath) -> Response:
    """A batch's manifest with its supplier's signature, for auditors; its hash is the batch id."""
    found = services().public_log.batch(bytes.fromhex(path.batch_id))
    return _cached(found, "application/json", _FOR_EVER)


@blueprint.get("/log/successions", tags=[TAG_LOG], responses={200: _JSON})
@public()
def successions() -> Response:
    """How the log changed its key: a list of notes, each signed by the old key and the new."""
    return _cached(services().public_log.successions(), "application/json", _A_MOMENT)


@blueprint.get("/anchors/latest", tags=[TAG_LOG], responses={200: {}})
@public()
def latest_anchor() -> Response:
    """The newest checkpoint that the chain holds."""
    return answer(services().health.latest_anchor())


@blueprint.get("/health", tags=[TAG_SYSTEM], responses={200: {}})
@public()
def health() -> Response:
    """Database, log, chain and warranty; 503 when the database does not answer."""
    found = services().health.health()
    return answer(found, 503 if found["status"] == "down" else 200)


@blueprint.get("/metrics", tags=[TAG_SYSTEM], responses={200: {"content": {"text/plain": {}}}})
@public()
def prometheus() -> Response:
    """Prometheus metrics."""
    return metrics.exposition(current_app.extensions[METRICS_FOLDER], services().health.overdue())


def _cached(data: bytes, content_type: str, how_long: str) -> Response:
    response = Response(data, content_type=content_type)
    response.headers["Cache-Control"] = how_long
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response
