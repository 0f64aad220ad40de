"""A reader who believes a policy of log and witnesses, or follows the log from one key to the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from provenance.cli.inputs import read_bytes
from provenance.cli.language import say

if TYPE_CHECKING:
    from provenance.core.proofs import ReaderContext

_MAX_SUCCESSIONS_BYTES = 1 << 20


def with_policy(reader: ReaderContext, path: str, replaying: Sequence[str]) -> ReaderContext:
    """*reader* with the witnesses of a policy file and, where it names but one log, that log's key.

    Raises :class:`InputRefused` (``policy_malformed``, ``policy_nested``).
    """
    from provenance.core.policy import MAX_POLICY_SIZE, Policy

    policy = Policy.parse(read_bytes(path, MAX_POLICY_SIZE))
    if reader.witnesses:
        raise click.UsageError(say("--policy names the witnesses; leave --witness out"))
    witnesses, threshold = policy.reader(frozenset(replaying))
    log_key = reader.log_key
    if log_key is None and len(policy.logs) == 1:
        log_key = policy.logs[0].key
    return replace(reader, witnesses=witnesses, witness_threshold=threshold, log_key=log_key)


def following(reader: ReaderContext, path: str, raw: bytes) -> ReaderContext:
    """*reader* with the key that, by the successions in a file, signs checkpoints of the bundle's size.

    Raises :class:`SignatureInvalid`, :class:`InputRefused` (``succession_malformed``).
    """
    from provenance.audit.signing import parse_successions
    from provenance.core import succession
    from provenance.core.proofs import read_bundle

    if reader.log_key is None:
        raise click.UsageError(say("--successions starts from a key: bring --log-key or --policy"))
    chain = succession.follow(reader.log_key, parse_successions(read_bytes(path, _MAX_SUCCESSIONS_BYTES)))
    return replace(reader, log_key=chain.key_for(read_bundle(raw).head.size))
