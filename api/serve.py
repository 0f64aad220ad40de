"""Serving: granian, several processes, each the front with a few threads, counting their metrics together."""

from __future__ import annotations

import copy
import errno
import os
import shutil
import socket
from typing import Any, Final

from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LOGGING_CONFIG

from provenance.config import Settings
from provenance.errors import Unavailable

_CONNECTIONS: Final = 8_192
"""Connections of a process: many more than are at work, for those that only wait cost little."""
_HEADER_MS: Final = 15_000
_STOP_SECONDS: Final = 30
"""How long requests under way may take to end when the server is told to stop."""


def serve(settings: Settings) -> None:
    """Serve until stopped (SIGINT, SIGTERM). Workers read the settings from the environment again.

    Raises :class:`Unavailable` (``port_in_use``, ``address_unusable``).
    """
    _require_free(settings.host, settings.port)
    _share_metrics(settings)
    server = Granian(
        "api.asgi:make",
        factory=True,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        # No HTTP/2: in one connection a client could open hundreds of requests that no bound here counts.
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=_HEADER_MS),
        workers=settings.api_workers,
        backpressure=_CONNECTIONS,
        respawn_failed_workers=True,
        workers_kill_timeout=_STOP_SECONDS,
        websockets=False,
        log_access=False,
        log_dictconfig=_logs_to_standard_error(),
    )
    server.serve()


def _require_free(host: str, port: int) -> None:
    # The server shares its port between processes, and so would with a stranger: half the calls go astray.
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise Unavailable(
                f"somebody listens on port {port} of {host} already; stop that, or set PROVENANCE_PORT",
                code="port_in_use",
            ) from error
        raise Unavailable(
            f"nobody can listen on port {port} of {host}; correct PROVENANCE_HOST or PROVENANCE_PORT",
            code="address_unusable",
        ) from error


def _logs_to_standard_error() -> dict[str, Any]:
    config: dict[str, Any] = copy.deepcopy(LOGGING_CONFIG)
    for handler in config["handlers"].values():
        handler["stream"] = "ext://sys.stderr"
    return config


def _share_metrics(settings: Settings) -> None:
    # Files of processes that are gone would be counted for ever: begin with an empty folder.
    folder = settings.home / "metrics"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder.absolute())
