"""What a WSGI server loads: ``granian --interface wsgi --factory api.wsgi:make``."""

from __future__ import annotations

import os

from flask import Flask

from api.app import create_app
from provenance.bootstrap import build_services
from provenance.config import load_settings


def make() -> Flask:
    """The app by the settings of the environment."""
    services = build_services(load_settings())
    return create_app(services, metrics_folder=os.environ.get("PROMETHEUS_MULTIPROC_DIR"))
