"""``provenance audit``: of a log, which need not be said, or of a platform's reports."""

from __future__ import annotations

import click

from provenance.cli.audit import audit_log
from provenance.cli.audit_report import audit_report
from provenance.cli.group import DefaultGroup


@click.group("audit", cls=DefaultGroup, default="log")
def audit() -> None:
    """Check a public log, or what a platform reports of itself, without trusting who runs it.

    `provenance audit URL` is `provenance audit log URL`.
    """


audit.add_command(audit_log)
audit.add_command(audit_report)
