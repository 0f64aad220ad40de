"""An outsider who has nothing but the public addresses of the API."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from flask.testing import FlaskClient

from api import create_app
from provenance.audit.record import Published, RecordAudit, Verdict
from provenance.audit.recordsource import RecordSource
from provenance.audit.report import AuditReport
from provenance.audit.run import Auditor
from provenance.audit.source import LogSource
from provenance.bootstrap import services_over
from provenance.config import Settings
from provenance.errors import NotFound, Unavailable
from provenance.services.context import Context

__all__ = ["ClientFetcher", "Published", "audited", "client_over", "published"]


@dataclass
class ClientFetcher:
    """Files below *root* by GET."""

    client: FlaskClient
    root: str

    def fetch(self, path: str, limit: int) -> bytes:
        answered = self.client.get(self.root + path)
        if answered.status_code == 404:
            raise NotFound(path, code="file_not_found")
        if answered.status_code != 200 or len(answered.data) > limit:
            raise Unavailable(f"{path}: {answered.status_code}", code="source_refuses")
        return answered.data


def client_over(context: Context, folder: Path) -> FlaskClient:
    """A client of the API over services that exist."""
    return create_app(services_over(context, Settings(home=folder))).test_client()


def published(client: FlaskClient, platform: bytes) -> list[Published]:
    """Every report that the service lists, with the openings that it gives."""
    records = RecordSource(ClientFetcher(client, "/v1/"))
    reports = [records.report(digest) for _, digest in records.hashes(platform)]
    return [Published(report, records.openings(report)) for report in reports]


def audited(
    client: FlaskClient, reports: list[Published], all_of: bytes | None = None
) -> tuple[AuditReport, list[Verdict]]:
    """What the outsider says of *reports*."""
    return RecordAudit(LogSource(ClientFetcher(client, "/v1/log/")), Auditor()).run(reports, all_of=all_of)
