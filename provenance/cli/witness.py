"""``provenance witness``: a witness that replays before it cosigns, for suppliers, platforms, anyone."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from typing import Final, NoReturn

import click

from provenance.cli.group import Group
from provenance.cli.language import say
from provenance.cli.output import answer, hint, json_option

_KEY_FILE: Final = "witness.key"
_folder = click.option(
    "--folder", required=True, type=click.Path(file_okay=False, path_type=Path), help="Its key and memory."
)
_name = click.option("--name", required=True, help="The witness's name, such as witness.example.com/one.")


@click.group("witness", cls=Group)
def witness() -> None:
    """Witness a log: replay every entry and every STATE, then cosign its checkpoints."""


@witness.command("init")
@_folder
@_name
@json_option
def init(folder: Path, name: str) -> None:
    """Make the witness's key; prints the public key that belongs into policies."""
    import os

    from provenance import keyfiles
    from provenance.witness.witness import WitnessKey

    keyfiles.create(folder, os.urandom(32), _KEY_FILE)
    key = WitnessKey(name, keyfiles.load(folder, _KEY_FILE)).verifier.encode()
    answer({"key": key}, key)


@witness.command("run")
@_folder
@_name
@click.option("--log", "log", required=True, metavar="URL|DIR", help="Where the log is served.")
@click.option("--log-key", required=True, metavar="NAME+HASH+KEY", help="The public key you know the log by.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8765, show_default=True, help="Port.")
@json_option
def run(folder: Path, name: str, log: str, log_key: str, host: str, port: int) -> None:
    """Answer POST /add-checkpoint until stopped (C2SP tlog-witness).

    Keep the folder: a witness that forgot what it signed could be talked into another history.
    """
    from provenance import keyfiles
    from provenance.cli.audit import source_of
    from provenance.core.notes import VerifierKey
    from provenance.witness.server import WitnessServer
    from provenance.witness.state import held
    from provenance.witness.witness import Witness, WitnessKey

    key = WitnessKey(name, keyfiles.load(folder, _KEY_FILE))
    signal.signal(signal.SIGTERM, _as_ctrl_c)  # a service manager stops it like a person, and it saves
    with held(folder):  # before the memory is read
        source = source_of(log, folder / "cache")
        watching = Witness(key, VerifierKey.parse(log_key), source, folder, lambda: int(time.time()))
        server = WitnessServer((host, port), watching, key.verifier.encode())
        hint("The witness listens on {host}:{port}; stop it with Ctrl-C.", host=host, port=server.server_port)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            hint("The witness stops.")
        finally:
            server.server_close()
            watching.save()
    answer({"stopped": True}, say("Stopped."))


def _as_ctrl_c(*_: object) -> NoReturn:
    raise KeyboardInterrupt
