"""The one place where an alert is written: for the party's own list, and for its webhooks."""

from __future__ import annotations

import json
from typing import Any

from provenance.services.context import Context
from provenance.services.webhooks import publish
from provenance.store import parties
from provenance.store.database import Connection
from provenance.store.parties import Alert


def tell(
    context: Context, connection: Connection, party: bytes, kind: str, now: int, facts: dict[str, Any]
) -> None:
    """Tell *party* of *kind* at *now* (ms); *facts* are JSON-ready and hold no secrets."""
    alert = Alert(context.event_id(now), party, kind, now, json.dumps(facts))
    parties.insert_alert(connection, alert)
    publish(context, connection, party, f"alert.{kind}", {"id": alert.id.hex(), "facts": facts})
