"""What an ASGI server loads: ``granian --interface asgi --factory api.asgi:make``."""

from __future__ import annotations

import os

from api import feeds, tracing
from api.app import create_app
from api.front import Front
from api.front.asgi import Size
from provenance.bootstrap import Services, build_services
from provenance.config import load_settings


def make() -> Front:
    """The front and its app by the settings of the environment."""
    services = build_services(load_settings())
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    return front_over(services, metrics_folder=folder, heeds_signals=True)


def front_over(
    services: Services,
    *,
    logger: tracing.Logger | None = None,
    metrics_folder: str | None = None,
    heeds_signals: bool = False,
) -> Front:
    """The front over *services*, sized by their settings."""
    log = logger or tracing.make_logger()
    app = create_app(services, logger=log, metrics_folder=metrics_folder)
    settings = services.settings
    size = Size(settings.api_threads, settings.api_queue, settings.upload_bytes)
    return Front(app, logger=log, feeds=app.extensions[feeds.FEEDS], size=size, heeds_signals=heeds_signals)
