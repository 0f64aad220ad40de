"""Whether the key files and settings at hand are those that the database was made with.

A wrong ``K_tag`` would find nothing and register everything twice, silently; a wrong origin or
chain would be signed into proofs for ever. So every process asks at its start.
"""

from __future__ import annotations

from provenance.errors import Unavailable
from provenance.services.context import Context
from provenance.store import identity
from provenance.store.database import Connection

_EPOCH = "tag_epoch"


def verify_identity(context: Context) -> None:
    """Compare origin, chain and key files with what the database belongs to; the first start writes them.

    A newer epoch of ``K_tag`` is taken up here and closes the older ones to inserts. Raises
    :class:`Unavailable`: ``other_service``, ``wrong_key_file``, ``tag_key_missing``.
    """
    with context.database.write() as connection:
        for name, value in (("origin", context.origin), ("chain_id", str(context.domain.chain_id))):
            stands = identity.remember(connection, name, value)
            if stands != value:
                raise Unavailable(
                    f"this database belongs to {name} {stands}, the settings say {value}; set "
                    f"PROVENANCE_{name.upper()} to {stands}, or use another database",
                    code="other_service",
                )
        for epoch, key in context.vault.tag_keys.items():
            _verify_tag_key(context, connection, epoch, key)
        _take_up_epoch(context, connection)


def require_open_epoch(context: Context, connection: Connection) -> None:
    """Refuse to register under an epoch of ``K_tag`` that a newer one has closed meanwhile.

    Raises :class:`Unavailable` (``tag_epoch_closed``): the process has to be started again.
    """
    stands = identity.recall(connection, _EPOCH)
    if stands is not None and int(stands) != context.vault.epoch:
        raise Unavailable(
            "this process has an old tag key; give it the newest and start it again", code="tag_epoch_closed"
        )


def _verify_tag_key(context: Context, connection: Connection, epoch: int, key: bytes) -> None:
    # Under the master key: this finds a wrong master key as well, and tells a thief nothing.
    fingerprint = context.vault.fingerprint("tag key", key).hex()
    if identity.remember(connection, f"tag_key.{epoch}", fingerprint) != fingerprint:
        raise Unavailable(
            f"tag-{epoch}.key or master.key is not the one this database was made with; restore it",
            code="wrong_key_file",
        )


def _take_up_epoch(context: Context, connection: Connection) -> None:
    newest = context.vault.epoch
    stands = int(identity.remember(connection, _EPOCH, str(newest)))
    known = [epoch for epoch in range(stands + 1) if identity.recall(connection, f"tag_key.{epoch}")]
    missing = [epoch for epoch in known if epoch not in context.vault.tag_keys]
    if missing:
        raise Unavailable(
            f"tag-{missing[0]}.key is missing; without it keys of that epoch are not found: restore it",
            code="tag_key_missing",
        )
    if newest > stands:
        identity.replace(connection, _EPOCH, str(newest))
