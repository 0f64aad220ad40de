"""A shop has itself told of things, by the commands alone."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import World, served_copy


@pytest.fixture
def shop(admitted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with served_copy(admitted, tmp_path, monkeypatch) as world:
        token = tmp_path / "admin.token"
        world.shell.run("credential", "issue", "Shop", "--scope", "admin", "--scope", "read", "--out", token)
        monkeypatch.setenv("PROVENANCE_TOKEN_FILE", str(token))
        yield world


def test_a_webhook_is_made_tried_out_rotated_and_deleted(shop: World, tmp_path: Path) -> None:
    run, json = shop.shell.run, shop.shell.json
    url = "https://hooks.example/in"
    made = json("webhook", "create", url, "--type", "alert.*", "--type", "claim.closed")
    assert made["secret"].startswith("whsec_")
    assert made["types"] == ["alert.*", "claim.closed"]
    assert "on its way" in run("webhook", "test", made["id"]).stdout
    listed = run("webhook", "list").stdout
    assert url in listed and "1 waiting" in listed and "whsec_" not in listed
    file = tmp_path / "secret"
    told = run("webhook", "rotate", made["id"], "--out", file)
    assert "whsec_" not in told.output
    assert file.read_text().startswith("whsec_") and file.read_text().strip() != made["secret"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "error[file_exists]" in run("webhook", "rotate", made["id"], "--out", file, code=1).stderr
    assert "owner" in run("webhook", "disable", made["id"]).stdout
    assert "error[webhook_disabled]" in run("webhook", "test", made["id"], code=1).stderr
    assert "owner" not in run("webhook", "enable", made["id"]).stdout
    assert json("webhook", "replay", made["id"], "--since", "2026-01-01") == {"messages": 0}
    assert json("webhook", "attempts", made["id"]) == {"attempts": []}
    run("webhook", "delete", made["id"])
    assert "No webhook yet." in run("webhook", "list").stdout


@pytest.mark.parametrize(
    ("url", "code"),
    [("https://127.0.0.1/", "url_private"), ("file:///etc/passwd", "url_malformed")],
)
def test_a_private_address_is_refused(shop: World, url: str, code: str) -> None:
    assert f"error[{code}]" in shop.shell.run("webhook", "create", url, code=1).stderr


def test_a_replay_says_of_what(shop: World) -> None:
    for wrong in ([], ["--message", "00" * 16, "--since", "2026-01-01"], ["--until", "2026-01-01"]):
        shop.shell.run("webhook", "replay", "00" * 16, *wrong, code=2)


def test_without_the_scope_nothing_is_made(shop: World) -> None:
    token = ("--token-file", shop.token("Shop"))
    assert (
        "error[scope_missing]"
        in shop.shell.run("webhook", "create", "https://hooks.example/", *token, code=1).stderr
    )
