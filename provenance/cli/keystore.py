"""``provenance keys``: the supplier's signing key, in an encrypted keystore."""

from __future__ import annotations

from pathlib import Path

import click

from provenance.cli.group import Group
from provenance.cli.inputs import password, read_line
from provenance.cli.output import answer, hint, json_option
from provenance.errors import InputRefused


@click.group("keys", cls=Group)
def keys() -> None:
    """The key that signs your batches, in an encrypted keystore (version 3)."""


@keys.command("new")
@click.argument("keystore", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--password-file", metavar="FILE", help="The password's file, or - for standard input; else asked for."
)
@click.option(
    "--import", "private_key", metavar="FILE", help="Take this private key (hex) instead of a new one."
)
@json_option
def new(keystore: Path, password_file: str | None, private_key: str | None) -> None:
    """Make a new keystore file and print its address. An old file is never overwritten."""
    from provenance.chain.signer import create_keystore

    if keystore.exists():
        raise InputRefused("exists already; name another file", code="keystore_exists", file=str(keystore))
    given = None if private_key is None else _private_key(private_key)
    made = create_keystore(keystore, password(password_file, confirm=True), private_key=given)
    data = {"address": "0x" + made.hex(), "keystore": str(keystore)}
    answer(data, data["address"])
    hint("Tell the operator this address. Back up {file} and its password, apart.", file=keystore)


@keys.command("address")
@click.argument("keystore", type=click.Path(dir_okay=False, path_type=Path))
@json_option
def show(keystore: Path) -> None:
    """Print the address that a keystore names. It is not opened, so nothing is proven."""
    from provenance.cli.inputs import read_json

    found = str(read_json(str(keystore)).get("address", "")).lower().removeprefix("0x")
    if len(found) != 40 or not all(digit in "0123456789abcdef" for digit in found):
        raise InputRefused("is not a version 3 keystore", code="keystore_invalid", file=str(keystore))
    answer({"address": "0x" + found}, "0x" + found)


def _private_key(path: str) -> bytes:
    text = read_line(path, "private key").removeprefix("0x")
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != 32:
        raise InputRefused("a private key is 64 hex digits", code="private_key_invalid", file=path)
    return key
