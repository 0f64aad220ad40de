"""The service's processes on their hosts: APIs and workers with homes of their own and the same secrets."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import requests

from bench.scale.hosts import Host
from provenance import keyfiles
from provenance.cli.init import KEY_FILES
from provenance.config import Settings
from provenance.store.database import create_schema

PROJECT = Path(__file__).resolve().parents[2]
ORIGIN = "scale.example/log"
_PATIENCE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Common:
    """What every process is told: *settings* by the names of the environment without their prefix."""

    folder: Path
    settings: dict[str, str]

    @property
    def secrets(self) -> Path:
        return self.folder / "secrets"

    def environment(self, name: str, **more: str) -> dict[str, str]:
        """The environment of a process of the machine *name*; secrets are copied there once."""
        home = self.folder / name
        if self.secrets.exists() and not (home / "secrets").exists():
            shutil.copytree(self.secrets, home / "secrets")
        told = {"HOME": str(home), "ORIGIN": ORIGIN, "CHECKPOINT_SECONDS": "0.2", **self.settings, **more}
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("PROVENANCE_")}
        return inherited | {f"PROVENANCE_{key}": value for key, value in told.items()}


class Process:
    """``provenance serve`` or ``provenance worker`` on *host*."""

    def __init__(self, host: Host, common: Common, command: str) -> None:
        self.host = host
        self._command = command
        self._common = common
        self.port = host.port("api", 8080)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def name(self) -> str:
        return self.host.name

    @property
    def url(self) -> str:
        return f"http://{self.host.address}:{self.port}"

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start it; nothing is waited for."""
        more = {"HOST": self.host.address, "PORT": str(self.port), "API_WORKERS": "1"}
        environment = self._common.environment(self.name, **more)
        with (self._common.folder / f"{self.name}.log").open("ab") as log:
            self._process = subprocess.Popen(
                self.host.command(sys.executable, "-m", "provenance", self._command),
                env=environment, cwd=PROJECT, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip

    def wait(self) -> None:
        """Until the API answers; raises ``TimeoutError``."""
        end = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < end:
            with contextlib.suppress(requests.RequestException):
                if requests.get(f"{self.url}/v1/health", timeout=2).status_code < 500:
                    return
            time.sleep(0.1)
        raise TimeoutError(f"{self.name} does not answer; see {self._common.folder / self.name}.log")

    def kill(self) -> None:
        """SIGKILL to it and its children."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None


def initialised(common: Common) -> Settings:
    """Key files and schema as ``provenance init`` makes them, for the machine *first* whose keys all get."""
    home = common.folder / "first"
    for name in KEY_FILES:
        keyfiles.create(home / "secrets", os.urandom(32), name)
    shutil.copytree(home / "secrets", common.secrets)
    settings = Settings(home=home, database_url=common.settings["DATABASE_URL"], origin=ORIGIN)
    create_schema(settings.url)
    return settings
