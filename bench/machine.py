"""The machine a run was on, as one more line: without it no figure of a run means anything."""

from __future__ import annotations

import os
import platform
import re
from datetime import UTC, datetime
from pathlib import Path

from bench.harness import Result


class Watched:
    """The load average before a benchmark began, and those while it ran, its own work included."""

    def __init__(self) -> None:
        self._before = os.getloadavg()[0]
        self._loads: list[float] = []
        self._began = datetime.now(UTC)

    def look(self) -> None:
        """Note the load of this moment."""
        self._loads.append(os.getloadavg()[0])

    def told(self) -> Result:
        """The line ``machine``: its cores, and in ``facts`` what a table names."""
        self.look()
        cores = len(os.sched_getaffinity(0))
        facts = {
            "cpu": _cpu(),
            "cores": cores,
            "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
            "python": platform.python_version(),
            "day": self._began.date().isoformat(),
            "minutes": round((datetime.now(UTC) - self._began).total_seconds() / 60, 1),
            "load_before": round(self._before, 1),
            "load_least": round(min(self._loads), 1),
            "load_most": round(max(self._loads), 1),
        }
        note = f"{facts['cpu']}, {facts['memory_gib']} GiB; load {facts['load_before']} before"
        return Result("machine", cores, None, None, "cores", 1, 1, note, facts=facts)


def _cpu() -> str:
    """The model as the system names it, with what decides how fast it hashes."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.machine()
    model = re.search(r"^model name\s*: (.+)$", text, re.MULTILINE)
    flags = re.search(r"^flags\s*: (.+)$", text, re.MULTILINE)
    has = set(flags[1].split()) if flags else set()
    extra = [name for flag, name in (("sha_ni", "SHA-NI"), ("avx512f", "AVX-512")) if flag in has]
    clock = re.search(r"^cpu MHz\s*: (.+)$", text, re.MULTILINE)
    told = model[1].strip() if model else platform.machine()
    if clock and "GHz" not in told:
        told += f" {float(clock[1]) / 1_000:.1f} GHz"
    return told + (f" with {' and '.join(extra)}" if extra else "")
