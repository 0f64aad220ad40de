"""The HTTP API: :func:`create_app` makes it over the services that ``provenance.bootstrap`` builds."""

from __future__ import annotations

from api.app import create_app

__all__ = ["create_app"]
