"""Opening what was sealed beside an entry, for those entitled."""

from __future__ import annotations

import json

from provenance.core.entries import DETAIL_SALT_SIZE
from provenance.services.context import Context, Recorded
from provenance.store.entries import StoredEntry


def recorded_from(context: Context, stored: StoredEntry) -> Recorded:
    """The entry as it was recorded, salt and details unsealed (absent once erased).

    Raises :class:`provenance.services.vault.SealBroken`.
    """
    if stored.sealed is None:
        return Recorded(stored.event, stored.entry)
    plain = context.vault.unseal(stored.sealed, stored.event)
    details = json.loads(plain[DETAIL_SALT_SIZE:])
    return Recorded(stored.event, stored.entry, plain[:DETAIL_SALT_SIZE], details)
