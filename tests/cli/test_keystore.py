"""The supplier's keystore: made once, for its owner alone, its password never an argument."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from tests.cli.conftest import PASSWORD, PRIVATE_KEY, Keystore, Shell

PASSWORD_FROM_STDIN = ("--password-file", "-")


def test_a_new_keystore_opens_with_its_password_only(shell: Shell, tmp_path: Path) -> None:
    from provenance.chain.signer import Signer
    from provenance.errors import InputRefused

    file = tmp_path / "new.json"
    made = shell.json("keys", "new", file, *PASSWORD_FROM_STDIN, stdin=PASSWORD + "\n")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    opened = Signer.from_keystore(file, PASSWORD.encode(), chain_id=1)
    assert "0x" + opened.address.hex() == made["address"]
    with pytest.raises(InputRefused):
        Signer.from_keystore(file, b"another", chain_id=1)


def test_the_password_is_never_shown(shell: Shell, tmp_path: Path) -> None:
    told = shell.run("keys", "new", tmp_path / "new.json", *PASSWORD_FROM_STDIN, stdin=PASSWORD)
    assert PASSWORD not in told.output


def test_an_old_keystore_is_never_overwritten(shell: Shell, keystore: Keystore) -> None:
    before = keystore.path.read_bytes()
    told = shell.run("keys", "new", keystore.path, *PASSWORD_FROM_STDIN, stdin=PASSWORD, code=1)
    assert "error[keystore_exists]" in told.stderr
    assert keystore.path.read_bytes() == before


def test_without_a_terminal_a_password_has_to_be_named(shell: Shell, tmp_path: Path) -> None:
    told = shell.run("keys", "new", tmp_path / "new.json", code=1)
    assert "error[password_missing]" in told.stderr
    assert not (tmp_path / "new.json").exists()


@pytest.mark.parametrize("text", ["", "\n\n", "two\nlines\n"])
def test_a_password_is_one_line(shell: Shell, tmp_path: Path, text: str) -> None:
    told = shell.run("keys", "new", tmp_path / "new.json", *PASSWORD_FROM_STDIN, stdin=text, code=1)
    assert "error[secret_malformed]: standard input" in told.stderr


def test_a_private_key_can_be_taken_from_a_file(shell: Shell, keystore: Keystore, tmp_path: Path) -> None:
    file = tmp_path / "raw"
    file.write_text("0x" + PRIVATE_KEY.hex() + "\n")
    made = shell.json(
        "keys", "new", tmp_path / "new.json", "--import", file, *PASSWORD_FROM_STDIN, stdin=PASSWORD
    )
    assert made["address"] == keystore.address


@pytest.mark.parametrize("text", ["12", "zz" * 32, "ab" * 33])
def test_what_is_no_private_key_is_refused_without_being_repeated(
    shell: Shell, tmp_path: Path, text: str
) -> None:
    file = tmp_path / "raw"
    file.write_text(text)
    told = shell.run(
        "keys", "new", tmp_path / "new.json", "--import", file, *PASSWORD_FROM_STDIN, stdin=PASSWORD, code=1
    )
    assert "error[private_key_invalid]" in told.stderr
    assert text not in told.stderr.replace(str(file), "")


def test_the_address_of_a_keystore_can_be_asked(shell: Shell, keystore: Keystore) -> None:
    assert shell.run("keys", "address", keystore.path).stdout.strip() == keystore.address


@pytest.mark.parametrize("content", ["", "[]", "{}", json.dumps({"address": "12"}), "[" * 9000])
def test_what_is_no_keystore_has_no_address(shell: Shell, tmp_path: Path, content: str) -> None:
    file = tmp_path / "no.json"
    file.write_text(content)
    assert str(file) in shell.run("keys", "address", file, code=1).stderr
