"""A home of the test's own, the command line in this process, and a real service on loopback."""

from __future__ import annotations

import io
import json
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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


def shell_in(folder: Path, environment: pytest.MonkeyPatch) -> Shell:
    """The command line with *folder* as its place in the world, speaking English."""
    for name in ("PROVENANCE_TOKEN", "PROVENANCE_TOKEN_FILE", "PROVENANCE_LANG", "LC_ALL", "LC_MESSAGES"):
        environment.delenv(name, raising=False)
    environment.setenv("LANG", "C.UTF-8")
    environment.setenv("PROVENANCE_HOME", str(folder / "home"))
    environment.chdir(folder)
    return Shell(folder / "home")


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """The command line in a home of its own."""
    return shell_in(tmp_path, monkeypatch)


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


@pytest.fixture(scope="session")
def admitted(tmp_path_factory: pytest.TempPathFactory, keystore: Keystore) -> Path:
    """A home after the operator's own commands: a supplier, two shops, their tokens. Tests take a copy."""
    folder = tmp_path_factory.mktemp("admitted")
    with pytest.MonkeyPatch.context() as environment:
        shell = shell_in(folder, environment)
        shell.run("init")
        (folder / "password").write_text(PASSWORD + "\n")
        shutil.copy(keystore.path, folder / "keystore.json")
        shell.run("party", "admit", "Acme", "--role", "supplier", "--address", keystore.address)
        for name in ("Shop", "Other shop"):
            shell.run("party", "admit", name, "--role", "platform", "--id", name)
        for name in ("Acme", "Shop", "Other shop"):
            shell.run("credential", "issue", name, "--out", folder / f"{name}.token")
    return folder


@pytest.fixture(scope="session")
def shelved(tmp_path_factory: pytest.TempPathFactory, admitted: Path) -> tuple[Path, str]:
    """The same after a batch of 6 keys, of which 0 to 4 are the shop's; and the batch's id."""
    folder = tmp_path_factory.mktemp("shelved")
    with pytest.MonkeyPatch.context() as environment, served_copy(admitted, folder, environment) as world:
        batch = registered_in(world, 6)
        acme = ("--token-file", world.token("Acme"))
        offer = world.shell.json("transfer", "offer", world.shop, "--range", f"{batch}/0-4", *acme)
        assert offer["status"] == "open"
        taken = world.shell.json("transfer", "accept", offer["id"], "--token-file", world.token("Shop"))
        assert taken["status"] == "accepted"
    return folder, batch


@pytest.fixture
def world(admitted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A service behind a real socket, its parties admitted."""
    with served_copy(admitted, tmp_path, monkeypatch) as made:
        yield made


@contextmanager
def served_copy(made: Path, folder: Path, environment: pytest.MonkeyPatch) -> Iterator[World]:
    """A copy of a prepared home in *folder*, served."""
    shutil.copytree(made, folder, dirs_exist_ok=True)
    shell = shell_in(folder, environment)
    with Serving() as service:
        environment.setenv("PROVENANCE_URL", f"http://127.0.0.1:{service.port}")
        parties = {one["name"]: one["address"] for one in shell.json("party", "list")}
        yield World(shell, folder, service, parties["Acme"], parties["Shop"])


def registered_in(world: World, count: int) -> str:
    """Registers so many keys, in the order of the file, and gives the batch id."""
    file = files.write(world.folder / "keys.txt", count)
    told = world.shell.json(*world.register_arguments(file, "--no-shuffle"))
    assert told["status"] == "live"
    batch: str = told["batch"]
    return batch


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
    return lambda count: registered_in(world, count)
