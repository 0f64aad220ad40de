"""The app factory: services in, a WSGI application out. Reads no environment."""

from __future__ import annotations

from importlib.metadata import version
from typing import Final

from flask import Flask, Response
from flask_openapi.models.info import Info
from flask_openapi.openapi import OpenAPI
from werkzeug.middleware.proxy_fix import ProxyFix

from api import (
    access,
    documents,
    feeds,
    guessing,
    headers,
    members,
    pages,
    problems,
    repeats,
    scanning,
    tracing,
)
from api.current import EXTENSION
from api.limits import RateLimiter
from api.tracing import Logger
from api.views import (
    batches,
    buyers,
    claims,
    disclosures,
    escrow,
    evidence,
    issuers,
    keys,
    log,
    orders,
    parties,
    platforms,
    presale,
    proofs,
    recourses,
    reserve,
    terms,
    transfers,
    verify,
    webhooks,
)
from api.wire import ApiRequest
from provenance.bootstrap import Services
from provenance.services.neighbours import NeighbourWatch

_SUBJECTS: Final = (
    batches, keys, verify, terms, orders, buyers, claims, reserve, recourses, issuers, disclosures,
    transfers, proofs, parties, log, webhooks, evidence, presale, escrow, platforms,
)  # fmt: skip


class Api(OpenAPI):
    """The application, with requests of our own."""

    request_class = ApiRequest


def create_app(
    services: Services, *, logger: Logger | None = None, metrics_folder: str | None = None
) -> Flask:
    """The API over *services*. *logger* takes JSON lines, by default to standard error.

    *metrics_folder* is where several processes count together; without one each counts for itself.
    """
    app = Api(
        "api",
        info=Info(title=documents.TITLE, version=version("card-key-provenance")),
        security_schemes=documents.SCHEMES,
        validation_error_callback=problems.of_validation,
        doc_ui=False,
        static_folder=None,
    )
    app.openapi_version = "3.1.0"
    app.extensions[EXTENSION] = services
    app.extensions[log.METRICS_FOLDER] = metrics_folder
    app.extensions[feeds.FEEDS] = feeds.made(services)
    app.url_map.strict_slashes = False
    # A path with two slashes is no path of ours; to correct it would be a redirect to whatever Host it named.
    app.url_map.merge_slashes = False
    for subject in _SUBJECTS:
        app.register_api(subject.blueprint)
    app.register_blueprint(documents.pages)
    app.register_blueprint(pages.blueprint)
    _guard(app, services, logger or tracing.make_logger())
    return app


def _guard(app: Flask, services: Services, logger: Logger) -> None:
    """What stands around every view. First registered is first before it, and last after it."""
    settings = services.settings
    tracing.register(app, logger)
    app.after_request(_secured)
    access.register(app, RateLimiter(max(1, settings.requests_per_minute // settings.api_workers)))
    members.register(app)
    scanning.register(app, NeighbourWatch(services.context, services.budgets))
    repeats.register(app)
    # After an answer this comes before it is kept: what is withheld is not told by a repetition either.
    guessing.register(app)
    problems.register(app)
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops)  # type: ignore[method-assign]


def _secured(response: Response) -> Response:
    for name, value in headers.SECURITY.items():
        response.headers.setdefault(name, value)
    if response.headers.get("Access-Control-Allow-Origin") == "*":
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response
