"""``python -m bench.served APP PORT``: granian as ``api.serve`` runs it, over an app of the benchmarks."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Flask, Response
from granian import Granian
from granian.constants import Interfaces

from api.app import create_app
from provenance.bootstrap import SystemClock, services_over
from provenance.config import Settings
from provenance.core.manifest import Domain
from provenance.services.context import Context
from provenance.services.vault import Vault
from provenance.store.database import Database

WORKERS = 2
THREADS = int(os.environ.get("BENCH_THREADS", "4"))
_NO_LIMIT = 10**9


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


def make() -> Flask:
    """The API over the database of ``BENCH_URL``; no credential runs out of requests."""
    url = os.environ["BENCH_URL"]
    pooled = bool(os.environ.get("BENCH_POOLED"))
    settings = Settings(home=Path("."), database_url=url, requests_per_minute=_NO_LIMIT, pooled_sales=pooled)
    return create_app(services_over(context_over(url), settings))


def make_constant() -> Flask:
    """A bare app with one constant JSON answer: what server and framework can do."""
    app = Flask("constant")

    @app.post("/constant")
    def constant() -> Response:
        return Response(b'{"verdict":"REGISTERED"}', mimetype="application/json")

    return app


def main() -> None:
    """Serve until stopped."""
    Granian(
        f"bench.served:{sys.argv[1]}",
        factory=True,
        address="127.0.0.1",
        port=int(sys.argv[2]),
        interface=Interfaces.WSGI,
        workers=WORKERS,
        blocking_threads=THREADS,
        websockets=False,
        log_access=False,
    ).serve()


if __name__ == "__main__":
    main()
