"""The HTTP API: :func:`create_app` makes it over the services that ``provenance.bootstrap`` builds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from api.app import create_app

__all__ = ["create_app"]


def __getattr__(name: str) -> Any:
    # Only when asked for: ``api.serve`` has to say where metrics are counted before their library is loaded.
    if name == "create_app":
        from api.app import create_app

        return create_app
    raise AttributeError(name)
