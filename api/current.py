"""What a request is served with: the services of its app, and who is speaking."""

from __future__ import annotations

from typing import Final, cast

from flask import current_app, g

from provenance.bootstrap import Services
from provenance.errors import AccessDenied
from provenance.services.parties import Principal

EXTENSION: Final = "provenance"


def services() -> Services:
    """The services of the running app."""
    return cast(Services, current_app.extensions[EXTENSION])


def visitor() -> Principal | None:
    """Who is speaking, if he said so."""
    return cast("Principal | None", g.get("principal"))


def principal() -> Principal:
    """Who is speaking; raises :class:`AccessDenied` (``credential_missing``)."""
    found = visitor()
    if found is None:
        raise AccessDenied(
            "this needs a credential; send it as `Authorization: Bearer …`", code="credential_missing"
        )
    return found
