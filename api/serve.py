"""Serving: granian, several processes with a few threads each, counting their metrics together."""

from __future__ import annotations

import os
import shutil
from typing import Final

from granian import Granian
from granian.constants import Interfaces

from provenance.config import Settings

_STOP_SECONDS: Final = 30
"""How long requests under way may take to end when the server is told to stop."""


def serve(settings: Settings) -> None:
    """Serve until stopped (SIGINT, SIGTERM). Workers read the settings from the environment again."""
    _share_metrics(settings)
    server = Granian(
        "api.wsgi:make",
        factory=True,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=settings.api_workers,
        blocking_threads=settings.api_threads,
        respawn_failed_workers=True,
        workers_kill_timeout=_STOP_SECONDS,
        websockets=False,
        log_access=False,
    )
    server.serve()


def _share_metrics(settings: Settings) -> None:
    # Files of processes that are gone would be counted for ever: begin with an empty folder.
    folder = settings.home / "metrics"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder.absolute())
