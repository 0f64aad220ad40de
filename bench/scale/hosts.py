"""Machines: network namespaces with an address of their own on one bridge, or this machine's loopback.

Namespaces need root and ``ip`` (iproute2); :func:`missing` says what of it is not there. On loopback every
process has a port of its own instead, and nothing can be cut.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass, field

from provenance.store.processes import free_port

_BRIDGE = "prov-br"
_NET = "10.87.0"


@dataclass(slots=True)
class Host:
    """A machine by name: the *address* it listens on, and its namespace if it has one of its own."""

    name: str
    address: str = "127.0.0.1"
    namespace: str | None = None
    _ports: dict[str, int] = field(default_factory=dict)

    def port(self, service: str, usual: int) -> int:
        """The usual port where the address is the host's own, else a free one that stays."""
        if self.namespace is not None:
            return usual
        if service not in self._ports:
            self._ports[service] = free_port()
        return self._ports[service]

    def command(self, *words: str) -> list[str]:
        """*words* as they are run on this machine."""
        return [*(["ip", "netns", "exec", self.namespace] if self.namespace else []), *words]


def missing() -> str | None:
    """Why there can be no namespaces here, ``None`` if there can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    if shutil.which("ip") is None:
        return "network namespaces need the program ip (Debian: apt-get install iproute2)"
    return None


class Network:
    """Namespaces joined by a bridge; the caller's own namespace has the first address."""

    def __init__(self) -> None:
        self.hosts: dict[str, Host] = {}
        self.close()
        _ip("link", "add", _BRIDGE, "type", "bridge")
        _ip("addr", "add", f"{_NET}.1/24", "dev", _BRIDGE)
        _ip("link", "set", _BRIDGE, "up")

    def host(self, name: str) -> Host:
        """A new machine."""
        space, wire = f"prov-{name}", f"pv-{name}"
        address = f"{_NET}.{10 + len(self.hosts)}"
        _ip("netns", "add", space)
        _ip("link", "add", wire, "type", "veth", "peer", "name", "eth0", "netns", space)
        _ip("link", "set", wire, "master", _BRIDGE, "up")
        for words in (("link", "set", "lo", "up"), ("addr", "add", f"{address}/24", "dev", "eth0")):
            _ip("-n", space, *words)
        _ip("-n", space, "link", "set", "eth0", "up")
        self.hosts[name] = Host(name, address, space)
        return self.hosts[name]

    def cut(self, name: str) -> None:
        """Pull the plug: packets to and from that machine vanish, and no end is told."""
        _ip("link", "set", f"pv-{name}", "nomaster")

    def mend(self, name: str) -> None:
        """Plug it in again."""
        _ip("link", "set", f"pv-{name}", "master", _BRIDGE)

    def slow(self, name: str, *, delay_ms: int = 40, loss_percent: float = 1.0) -> str:
        """Make the way to that machine long and lossy; what was done, for kernels without netem are slowed
        by a narrow pipe that queues and drops instead."""
        wire = ("dev", f"pv-{name}", "root")
        netem = ("netem", "delay", f"{delay_ms}ms", "loss", f"{loss_percent}%")
        if _tc("replace", *wire, *netem):
            return f"netem, {delay_ms} ms and {loss_percent} % loss"
        narrow = ("tbf", "rate", "2mbit", "burst", "4kb", "latency", "100ms")
        if not _tc("replace", *wire, *narrow):
            raise RuntimeError("this kernel has neither netem nor tbf")
        return "tbf, 2 Mbit/s, up to 100 ms of queue, the rest dropped (no netem in this kernel)"

    def hurry(self, name: str) -> None:
        """As fast as before."""
        _tc("del", "dev", f"pv-{name}", "root")

    def close(self) -> None:
        """Take everything down, also what a run before left."""
        listed = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True).stdout
        for space in (line.split()[0] for line in listed.splitlines() if line.startswith("prov-")):
            subprocess.run(["ip", "link", "del", f"pv-{space[5:]}"], capture_output=True, check=False)
            _ip("netns", "del", space)
        subprocess.run(["ip", "link", "del", _BRIDGE], capture_output=True, check=False)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


def _tc(what: str, *words: str) -> bool:
    return subprocess.run(["tc", "qdisc", what, *words], capture_output=True, check=False).returncode == 0
