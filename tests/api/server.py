"""The real server on loopback, as its own processes."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import requests

from provenance import keyfiles
from provenance.bootstrap import build_services
from provenance.config import Settings
from provenance.core.entries import PartyReason
from provenance.store.database import create_schema

STARTER = "from api.serve import serve; from provenance.config import load_settings; serve(load_settings())"


class Server:
    """A server process with a supplier's token, and its log on disk."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.url = f"http://127.0.0.1:{port}"
        self.settings = Settings(home=folder, port=port, api_workers=2, api_threads=2)
        for name in ("tag-1.key", "master.key", "receipt.key"):
            keyfiles.create(self.settings.secrets_folder, os.urandom(32), name)
        create_schema(self.settings.url)
        services = build_services(self.settings)
        address = bytes(19) + b"\x01"
        services.parties.admit(address, "supplier", PartyReason.SUPPLIER, address=address)
        _, self.token = services.parties.issue(address, "test", ["register", "verify", "read"])
        services.context.database.dispose()
        self.log = folder / "api.log"

    def start(self) -> None:
        environment = {
            **os.environ, "PROVENANCE_HOME": str(self.folder), "PROVENANCE_PORT": str(self.settings.port),
            "PROVENANCE_API_WORKERS": "2", "PROVENANCE_API_THREADS": "2",
        }  # fmt: skip
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", STARTER], env=environment, stdout=log, stderr=log
            )
        until = time.monotonic() + 150
        while time.monotonic() < until:
            try:
                requests.get(self.url + "/v1/health", timeout=5)
                # A process that is told to stop while it starts is only killed, after half a minute.
                if self.log.read_bytes().count(b"Started worker-") >= self.settings.api_workers:
                    return
            except requests.RequestException:
                assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.1)
        raise AssertionError("the server did not come up")

    def raw(self) -> socket.socket:
        """A connection without manners."""
        return socket.create_connection(("127.0.0.1", self.settings.port), timeout=30)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    def call(self, method: str, path: str, **more: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token}", **more.pop("headers", {})}
        return requests.request(method, self.url + "/v1" + path, headers=headers, timeout=60, **more)
