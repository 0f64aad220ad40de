"""The secrets that sign: 32 random bytes each, shown once, kept sealed, two of them while one is rotated."""

from __future__ import annotations

import base64
from typing import Final

from provenance.services.context import Context
from provenance.store.webhooks import Endpoint

SIZE: Final = 32
PREFIX: Final = "whsec_"
OVERLAP_MS: Final = 24 * 3_600_000
"""The old secret signs beside the new one for this long, so that a receiver changes without a gap."""


def fresh(context: Context, endpoint: bytes) -> tuple[str, bytes]:
    """A new secret as its owner sees it, and sealed."""
    secret = context.entropy(SIZE)
    return PREFIX + base64.b64encode(secret).decode(), context.vault.seal(secret, _bound_to(endpoint))


def unsealed(context: Context, endpoint: Endpoint) -> list[bytes]:
    """The secrets that sign now, the newest first."""
    sealed = [endpoint.secret]
    until = endpoint.old_until
    if endpoint.old_secret is not None and until is not None and context.clock.now() < until:
        sealed.append(endpoint.old_secret)
    return [context.vault.unseal(one, _bound_to(endpoint.id)) for one in sealed]


def _bound_to(endpoint: bytes) -> bytes:
    return b"webhook secret\n" + endpoint
