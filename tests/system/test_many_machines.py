"""Several APIs and workers over a primary and its standby: what is killed takes no promise with it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.scale import checks, story
from bench.scale.cluster import Plan, running
from bench.scale.hosts import Host

pytestmark = [
    pytest.mark.postgres, pytest.mark.crash, pytest.mark.timeout(300),
]  # fmt: skip


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where the databases' own user can enter, too."""
    made = Path(tempfile.mkdtemp(prefix="provenance-machines-"))
    yield made
    shutil.rmtree(made, ignore_errors=True)


def test_nothing_promised_is_lost_when_an_api_the_leader_and_the_primary_are_killed(folder: Path) -> None:
    with running(folder, Host, Plan(keys=2_000, sellers=3, durable=False)) as cluster:
        cluster.clients.start()
        try:
            cluster.goes()
            told = [act(cluster) for act in (story.kill_api, story.kill_leader, story.promote)]
        finally:
            cluster.clients.finish()
        records = cluster.clients.records
        log = checks.the_log(cluster.apis[-1].url, records)
        counted = checks.require_kept(records, log)
    assert counted["sales"] >= 50, "too few sales to mean anything"
    assert counted["checkpoints"] >= 5, "too few checkpoints to mean anything"
    assert records.from_replica >= 10, "the replica answered nobody"
    assert all(one.sale < 60 for one in told)
