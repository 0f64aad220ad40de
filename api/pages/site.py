"""The routes of the pages. No cookie, no script but ours, no key anywhere but in the body of one POST."""

from __future__ import annotations

import base64
import re
from functools import cache
from importlib.resources import files
from typing import Any, Final

import orjson
from flask import Blueprint, Response, render_template, request
from werkzeug.exceptions import NotFound

from api.access import public
from api.current import services
from api.pages.assets import assets, digest
from api.pages.words import catalogue, language_of, order_words, words
from provenance.services.verification import MIN_SECRET_BITS

blueprint = Blueprint(
    "site", __name__, template_folder=str(files("provenance") / "web" / "check" / "templates")
)

_POLICY: Final = (
    "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'"
)
_NONCE_BYTES: Final = 16
_FOR_EVER: Final = "public, max-age=31536000, immutable"
_ASK_AGAIN: Final = "no-cache"
_META_POLICY: Final = re.compile(r'<meta http-equiv="Content-Security-Policy" content="([^"]+)">')


@blueprint.get("/")
@public()
def index() -> Response:
    """What this is, and where to go."""
    return page("index.html")


@blueprint.get("/check")
@public()
def check() -> Response:
    """Paste a key and read what the registry knows of it; with the order token its whole journey."""
    language = language_of(request)
    domain = services().context.domain
    brought = {
        "words": words(language),
        "formats": catalogue(language),
        "min_bits": MIN_SECRET_BITS,
        "origin": services().context.origin,
        "network": {"chain_id": domain.chain_id, "registry": domain.registry.hex()},
    }
    return page("check.html", formats=catalogue(language), brought=_inline(brought))


@blueprint.get("/order")
@public()
def order() -> Response:
    """Paste an order token: days left, running clocks, what happened, claims and what to do next."""
    language = language_of(request)
    said = order_words(language) | {"language": language, "failures": words(language)["failures"]}
    return page("order.html", o=order_words(language), brought=_inline({"words": said}))


@blueprint.get("/verify")
@public()
def verify() -> Response:
    """The browser verifier: one file, to be saved and used without us."""
    text, policy = _verifier()
    response = Response(text, mimetype="text/html")
    response.headers["Content-Security-Policy"] = policy
    response.headers["Cache-Control"] = _ASK_AGAIN
    response.add_etag()
    response.make_conditional(request)
    return response


@blueprint.get("/assets/<version>/<path:name>")
@public()
def asset(version: str, name: str) -> Response:
    """A file of the pages; of another version than ours none."""
    found = assets().get(name)
    if found is None or version != digest():
        raise NotFound
    response = Response(found.content, content_type=found.content_type)
    response.headers["Cache-Control"] = _FOR_EVER
    return response


def page(template: str, **more: Any) -> Response:
    """A page in the reader's language, under a policy that lets in nothing but our own files."""
    language = language_of(request)
    nonce = base64.b64encode(services().context.entropy(_NONCE_BYTES)).decode()
    members = {"w": words(language), "nonce": nonce, "assets": f"/assets/{digest()}", **more}
    response = Response(render_template(template, **members), mimetype="text/html")
    # A nonce is used once: the page itself is never stored (no-store is every answer's default).
    response.headers["Content-Security-Policy"] = _POLICY.format(nonce=nonce)
    response.headers["Content-Language"] = language
    response.headers["Vary"] = "Accept-Language"
    return response


def _inline(value: Any) -> str:
    """JSON that cannot end the script element it stands in."""
    return orjson.dumps(value).decode().replace("<", "\\u003c")


@cache
def _verifier() -> tuple[bytes, str]:
    """The page, and the policy that it names itself, with what only a header can say."""
    text = (files("provenance") / "web" / "verify.html").read_text(encoding="utf-8")
    named = _META_POLICY.search(text)
    if named is None:
        raise RuntimeError("the verifier's page names no policy")
    return text.encode(), f"{named[1]}; frame-ancestors 'none'"
