"""The acts: what is killed, cut, slowed and promoted while clients go on, and how long it took each time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

from bench.scale.cluster import Cluster, until
from bench.scale.hosts import Network

Act = Callable[[Cluster], "Told"]


@dataclass(frozen=True, slots=True)
class Told:
    """One act: seconds until the first sale, verdict and larger checkpoint after it."""

    act: str
    sale: float
    verdict: float
    checkpoint: float

    def to_json(self) -> dict[str, object]:
        """The same as data, seconds rounded."""
        return {name: round(value, 2) if name != "act" else value for name, value in asdict(self).items()}


def settled(cluster: Cluster, act: str, moment: float, *, led_from: float | None = None) -> Told:
    """Wait until sales, verdicts and checkpoints go on after *moment*; raises ``TimeoutError``.

    *led_from*: a checkpoint counts from then only. One that was on its way when a leader died is no recovery.
    """
    records = cluster.clients.records
    led = moment if led_from is None else led_from
    wanted = ((records.sold_after, moment), (records.verified_after, moment), (records.grown_after, led))
    until(lambda: all(one(since) is not None for one, since in wanted), f"{act}: something never went on", 90)
    sale, verdict, checkpoint = (since - moment + (one(since) or 0.0) for one, since in wanted)
    return Told(act, sale, verdict, checkpoint)


def kill_api(cluster: Cluster) -> Told:
    """An API host loses power, and comes back."""
    victim = cluster.apis[0]
    victim.kill()
    told = settled(cluster, "an API host is killed", time.time())
    victim.start()
    return told


def kill_follower(cluster: Cluster) -> Told:
    """A worker that does not lead loses power, and comes back."""
    leader = cluster.leader()
    victim = next(worker for worker in cluster.workers if worker is not leader)
    victim.kill()
    told = settled(cluster, "a worker that does not lead is killed", time.time())
    victim.start()
    return told


def kill_leader(cluster: Cluster) -> Told:
    """The leading worker loses power; another leads once the lease has run out."""
    until(lambda: cluster.leader() is not None, "nobody leads", 60)
    victim = cluster.leader()
    if victim is None:
        raise TimeoutError("nobody leads")
    victim.kill()
    moment = time.time()
    cluster.lead_taken_after(victim)
    told = settled(cluster, "the leader is killed (its lease is 10 s)", moment, led_from=time.time())
    victim.start()
    return told


def promote(cluster: Cluster) -> Told:
    """The primary loses power; the standby, which has every commit that was promised, takes its place."""
    cluster.primary.kill()
    moment = time.time()
    cluster.standby.promote()
    cluster.primary, cluster.standby = cluster.standby, cluster.primary
    return settled(cluster, "the primary is killed, the standby promoted", moment)


def rebuild_standby(cluster: Cluster) -> Told:
    """Who was the primary comes back as a copy of its successor, and is waited for again."""
    cluster.standby.follow(cluster.primary)
    cluster.standby.start()
    cluster.primary.require_copy(cluster.standby)
    moment = time.time()
    cluster.replica_serves()
    return settled(cluster, "the old primary follows the new one", moment)


def acts(network: Network | None) -> list[Act]:
    """The whole story; what needs a network that can be cut is left out where there is none."""
    return [kill_api, kill_follower, kill_leader, promote, rebuild_standby]
