"""``python -m bench.served APP PORT``: granian as ``api.serve`` runs it, over an app of the benchmarks."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Flask, Response
from granian import Granian
from granian.constants import HTTPModes, Interfaces

from api.app import create_app
from api.asgi import front_over
from api.front import Front
from provenance.bootstrap import Services, services_over
from provenance.config import Settings
from provenance.core.manifest import Domain
from provenance.services.context import Context, SystemClock
from provenance.services.vault import Vault
from provenance.store.database import Database

WORKERS = 2
THREADS = int(os.environ.get("BENCH_THREADS", "4"))
_NO_LIMIT = 10**9
_CONSTANT = b'{"verdict":"REGISTERED"}'


def context_over(url: str) -> Context:
    """Surroundings with secrets that everybody knows; for benchmarks alone."""
    return Context(
        database=Database(url),
        clock=SystemClock(),
        entropy=os.urandom,
        vault=Vault({0: b"T" * 32}, b"M" * 32, os.urandom),
        origin="bench.example/log",
        domain=Domain(31337, bytes(20)),
        receipt_key=Ed25519PrivateKey.from_private_bytes(b"R" * 32),
    )


def make() -> Front:
    """The API as ``api.serve`` runs it, over the database of ``BENCH_URL``; no credential runs out."""
    return front_over(_services())


def make_wsgi() -> Flask:
    """The same without the front, under the server's own threads."""
    return create_app(_services())


def make_constant() -> Flask:
    """A bare Flask app with one constant JSON answer: what server and framework can do."""
    app = Flask("constant")

    @app.post("/constant")
    def constant() -> Response:
        return Response(_CONSTANT, mimetype="application/json")

    return app


def make_bare() -> Callable[..., Iterable[bytes]]:
    """The same answer without a framework: what the server alone can do."""

    def bare(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        environ["wsgi.input"].read()
        start_response(
            "200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(_CONSTANT)))]
        )
        return [_CONSTANT]

    return bare


def _services() -> Services:
    url = os.environ["BENCH_URL"]
    settings = Settings(home=Path("."), database_url=url, requests_per_minute=_NO_LIMIT, api_threads=THREADS)
    return services_over(context_over(url), settings)


def main() -> None:
    """Serve until stopped."""
    name = sys.argv[1]
    is_front = name == "make"
    Granian(
        f"bench.served:{name}",
        factory=True,
        address="127.0.0.1",
        port=int(sys.argv[2]),
        interface=Interfaces.ASGI if is_front else Interfaces.WSGI,
        http=HTTPModes.http1,
        workers=WORKERS,
        blocking_threads=None if is_front else THREADS,
        backpressure=8_192 if is_front else None,
        websockets=False,
        log_access=False,
    ).serve()


if __name__ == "__main__":
    main()
