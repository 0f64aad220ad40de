"""A home of the test's own, the command line in this process, and a real service on loopback."""

from __future__ import annotations

import io
import json
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from werkzeug.serving import make_server

from api.app import create_app
from api.tracing import make_logger
from provenance.bootstrap import build_services
from provenance.chain.ethereum import Account
from provenance.cli import main
from provenance.config import load_settings
from provenance.core.manifest import address_of
from tests.cli import files

PASSWORD = "correct horse battery staple"
PRIVATE_KEY = bytes(range(1, 33))


@dataclass(frozen=True)
class Shell:
    """Runs ``provenance`` as a user would, and says what it answered."""

    home: Path

    def run(self, *arguments: object, stdin: str | None = None, code: int = 0) -> Result:
        """The result of a command that ends with exit *code*."""
        result = CliRunner().invoke(main, [str(one) for one in arguments], input=stdin)
        assert result.exit_code == code, (arguments, result.exit_code, result.output, result.exception)
        assert "Traceback" not in result.output
        return result

    def json(self, *arguments: object, stdin: str | None = None, code: int = 0) -> Any:
        """The one JSON document on standard output."""
        return json.loads(self.run(*arguments, "--json", stdin=stdin, code=code).stdout)


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """The command line in a home of its own, speaking English."""
    for name in ("PROVENANCE_TOKEN", "PROVENANCE_TOKEN_FILE", "PROVENANCE_LANG", "LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.setenv("PROVENANCE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return Shell(tmp_path / "home")


@dataclass(frozen=True)
class Keystore:
    """An encrypted key and its address."""

    path: Path
    address: str


@dataclass(frozen=True)
class World:
    """A service that runs, a supplier with a keystore, a shop, and where their tokens lie."""

    shell: Shell
    folder: Path
    service: Serving
    supplier: str
    shop: str

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.service.port}"

    @property
    def password_file(self) -> Path:
        return self.folder / "password"

    @property
    def keystore(self) -> Path:
        return self.folder / "keystore.json"

    def token(self, name: str) -> Path:
        return self.folder / f"{name}.token"

    def register_arguments(self, file: Path, *more: object) -> list[object]:
        return [
            *("register", file, "--format", files.FORMAT, "--keystore", self.keystore),
            *("--password-file", self.password_file, "--token-file", self.token("Acme"), *more),
        ]


@pytest.fixture(scope="session")
def keystore(tmp_path_factory: pytest.TempPathFactory) -> Keystore:
    """A keystore whose password is derived quickly: slowness is for keys that are worth something."""
    path = tmp_path_factory.mktemp("keystore") / "keystore.json"
    content = Account.encrypt(PRIVATE_KEY, PASSWORD, kdf="scrypt", iterations=2)
    path.write_text(json.dumps(content))
    path.chmod(0o600)
    return Keystore(path, "0x" + address_of(PRIVATE_KEY).hex())


@pytest.fixture
def world(
    shell: Shell, keystore: Keystore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    """A service behind a real socket, made with the operator's own commands."""
    shell.run("init")
    (tmp_path / "password").write_text(PASSWORD + "\n")
    shutil.copy(keystore.path, tmp_path / "keystore.json")
    shell.run("party", "admit", "Acme", "--role", "supplier", "--address", keystore.address)
    shop = shell.json("party", "admit", "Shop", "--role", "platform", "--id", "shop")["address"]
    other = shell.json("party", "admit", "Other shop", "--role", "platform", "--id", "other")
    assert other["address"] != shop
    for name in ("Acme", "Shop", "Other shop"):
        shell.run("credential", "issue", name, "--out", tmp_path / f"{name}.token")
    with Serving() as service:
        monkeypatch.setenv("PROVENANCE_URL", f"http://127.0.0.1:{service.port}")
        yield World(shell, tmp_path, service, keystore.address, shop)


class Serving:
    """The API over the settings of the environment, on a free port of loopback."""

    def __enter__(self) -> Serving:
        self._services = build_services(load_settings())
        self.log = io.StringIO()
        app = create_app(self._services, logger=make_logger(self.log))
        self._server = make_server("127.0.0.1", 0, app, threaded=True)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.port = int(self._server.server_port)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join(timeout=10)
        self._server.server_close()
        self._services.context.database.dispose()


@pytest.fixture
def registered(world: World) -> Callable[[int], str]:
    """Registers so many keys and gives the batch id."""

    def register(count: int) -> str:
        told = world.shell.json(
            *world.register_arguments(files.write(world.folder / "keys.txt", count), "--no-shuffle")
        )
        assert told["status"] == "live"
        batch: str = told["batch"]
        return batch

    return register
