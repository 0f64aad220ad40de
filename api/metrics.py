"""Prometheus metrics by route template, never by path: paths are endless, and not for everybody.

Each process counts for itself. Under several workers ``api.serve`` names a folder by
``PROMETHEUS_MULTIPROC_DIR`` before they start; then any of them answers for all.
"""

from __future__ import annotations

from functools import cache

from flask import Response
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

_REQUESTS = Counter("provenance_http_requests", "Answered requests.", ["method", "route", "status"])
_SECONDS = Histogram(
    "provenance_http_seconds",
    "Time to answer.",
    ["route"],
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 30),
)


def count(method: str, route: str, status: int, seconds: float) -> None:
    """Count one answered request."""
    known = method if method in ("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS") else "other"
    requests, times = _of(known, route, status)
    requests.inc()
    times.observe(seconds)


# Methods, routes and statuses are few; to look them up by name takes as long as to count.
@cache
def _of(method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    return _REQUESTS.labels(method, route, str(status)), _SECONDS.labels(route)


def exposition(folder: str | None, overdue: dict[str, dict[str, int]]) -> Response:
    """All metrics, in the text format; of every process that counts in *folder*, if there is one.

    *overdue* is what is late of the warranty now, by what it is: read from the database, the same for all.
    """
    registry = REGISTRY
    if folder is not None:
        registry = CollectorRegistry()
        MultiProcessCollector(registry, path=folder)  # type: ignore[no-untyped-call]
    told = generate_latest(registry) + generate_latest(_warranty(overdue))
    return Response(told, content_type=CONTENT_TYPE_LATEST)


def _warranty(overdue: dict[str, dict[str, int]]) -> CollectorRegistry:
    registry = CollectorRegistry()
    count = Gauge("provenance_warranty_overdue", "Deadlines passed, not happened.", ["of"], registry=registry)
    lag = Gauge(
        "provenance_warranty_lag_seconds", "How late the oldest of them is.", ["of"], registry=registry
    )
    for what, found in overdue.items():
        count.labels(what).set(found["overdue"])
        lag.labels(what).set(found["lag_ms"] / 1000)
    return registry
