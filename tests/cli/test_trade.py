"""A key changes hands, is sold once, refused the second time, and delivered, by the commands alone."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from provenance.cli import main
from tests.cli import files
from tests.cli.conftest import World, served_copy

Held = tuple[World, str]


@pytest.fixture
def held(shelved: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Held]:
    """Keys 0 to 4 of 6 are the shop's, and the shop speaks."""
    folder, batch = shelved
    with served_copy(folder, tmp_path, monkeypatch) as world:
        monkeypatch.setenv("PROVENANCE_TOKEN_FILE", str(world.token("Shop")))
        yield world, batch


def test_the_second_sale_is_refused_with_the_first_as_evidence(held: Held) -> None:
    world, batch = held
    first = world.shell.json("sell", "--handle", f"{batch}/0", "--order", "A-1")
    told = world.shell.run("sell", "--handle", f"{batch}/0", "--order", "A-2", code=1)
    assert "error[sold]" in told.stderr
    assert first["event"] in told.stderr
    again = world.shell.json("sell", "--handle", f"{batch}/0", "--order", "A-1")
    assert again["order_token"] == first["order_token"]


def test_another_shop_cannot_sell_it(held: Held) -> None:
    world, batch = held
    arguments = ("sell", "--handle", f"{batch}/0", "--order", "B", "--token-file", world.token("Other shop"))
    assert "error[not_holder]" in world.shell.run(*arguments, code=1).stderr


def test_keys_are_sold_from_a_file_or_standard_input(held: Held) -> None:
    world, _ = held
    shown = "\n".join(files.key_line(number) for number in (1, 2))
    told = world.shell.run(
        *("sell", "--key-file", "-", "--format", files.FORMAT, "--order", "A"), stdin=shown
    )
    assert told.stdout.count("SELL") == 2
    assert files.secret(1) not in told.output


def test_an_unreadable_key_is_named_by_its_line(held: Held) -> None:
    world, _ = held
    bad = files.key_line(1) + "9"
    told = world.shell.run(
        *("sell", "--key-file", "-", "--format", files.FORMAT, "--order", "A"),
        stdin=files.key_line(0) + "\n" + bad,
        code=1,
    )
    assert "standard input, line 2" in told.stderr
    assert bad not in told.output


def test_all_or_nothing_names_every_refusal(held: Held) -> None:
    world, batch = held
    world.shell.run("sell", "--handle", f"{batch}/0", "--order", "A-1")
    both = ("--handle", f"{batch}/1", "--handle", f"{batch}/0")
    told = world.shell.run("sell", *both, "--order", "A-2", code=1)
    assert "error[not_all_possible]" in told.stderr
    assert "/keys/1: [sold]" in told.stderr
    partly = world.shell.json("sell", *both, "--order", "A-2", "--proceed")
    assert [one["status"] for one in partly["results"]] == ["sold", "refused"]


def test_nothing_done_is_refused_even_when_each_may_fail_alone(held: Held) -> None:
    world, batch = held
    handles = ("--handle", f"{batch}/5", "--handle", f"{batch}/5")
    world.shell.run("sell", *handles, "--order", "A", "--proceed", code=1)


def test_receipts_can_go_to_a_file_of_their_owner(held: Held) -> None:
    world, batch = held
    out = world.folder / "receipt.json"
    told = world.shell.json("sell", "--handle", f"{batch}/0", "--order", "A", "--out", out)
    written = json.loads(out.read_text())
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert written["order_token"]
    assert "order_token" not in told
    assert told["receipt"] == written["receipt"]


def test_a_buyer_redeems_with_his_order_token_alone(held: Held, monkeypatch: pytest.MonkeyPatch) -> None:
    world, batch = held
    token = world.shell.json("sell", "--handle", f"{batch}/0", "--order", "A")["order_token"]
    world.shell.run("deliver", "--handle", f"{batch}/0")
    monkeypatch.delenv("PROVENANCE_TOKEN_FILE")
    shown = ("--key-file", "-", "--format", files.FORMAT)
    file = world.folder / "order-token"
    file.write_text(token)
    told = world.shell.run(*("redeem", *shown, "--order-token-file", file), stdin=files.key_line(0))
    assert "REDEEM" in told.stdout
    assert token not in told.output


def test_a_sale_can_be_taken_back_and_the_next_buyer_is_told(held: Held) -> None:
    world, batch = held
    world.shell.run("sell", "--handle", f"{batch}/0", "--order", "A")
    world.shell.run("reinstate", "--handle", f"{batch}/0")
    assert "SOLD_BEFORE" in world.shell.run("verify", "--handle", f"{batch}/0").stdout


def test_a_reservation_holds_extends_sells_and_ends(held: Held) -> None:
    world, batch = held
    made = world.shell.json("reserve", "--handle", f"{batch}/0", "--handle", f"{batch}/1", "--ttl", 60)
    told = world.shell.run("sell", "--handle", f"{batch}/0", "--order", "A", code=1)
    assert "error[reserved]" in told.stderr
    assert world.shell.json("extend", made["reservation"], "--ttl", 600)["until"] > made["until"]
    world.shell.run("sell", "--handle", f"{batch}/0", "--order", "A", "--reservation", made["reservation"])
    world.shell.run("release", made["reservation"])
    world.shell.run("sell", "--handle", f"{batch}/1", "--order", "B")


def test_the_first_free_key_of_several_is_sold(held: Held) -> None:
    world, batch = held
    world.shell.run("sell", "--handle", f"{batch}/0", "--order", "A")
    offered = ("--any", "--handle", f"{batch}/0", "--handle", f"{batch}/1")
    assert world.shell.json("sell", *offered, "--order", "B")["key"]["index"] == 1


def test_a_supplier_recalls_a_range(held: Held) -> None:
    world, batch = held
    acme = ("--token-file", world.token("Acme"))
    assert "VOID" in world.shell.run("void", "--range", f"{batch}/0-2", *acme).stdout
    assert "error[void]" in world.shell.run("sell", "--handle", f"{batch}/0", "--order", "A", code=1).stderr


def test_a_void_key_is_reissued_with_its_replacement(held: Held) -> None:
    world, batch = held
    world.shell.run("sell", "--handle", f"{batch}/0", "--order", "A")
    world.shell.run("void", "--handle", f"{batch}/0")
    told = world.shell.run("reissue", "--handle", f"{batch}/0", "--replacement", f"{batch}/1")
    assert "REISSUE" in told.stdout


@pytest.mark.parametrize("step", ["refuse", "withdraw"])
def test_an_offer_can_be_refused_and_withdrawn(held: Held, step: str) -> None:
    world, batch = held
    acme = ("--token-file", world.token("Acme"))
    offer = world.shell.json("transfer", "offer", world.shop, "--handle", f"{batch}/5", *acme)
    done = world.shell.json("transfer", step, offer["id"], *(acme if step == "withdraw" else ()))
    assert done["id"] == offer["id"]
    assert offer["id"] in world.shell.run("transfer", "list").stdout


def test_custody_and_events_tell_what_happened(held: Held) -> None:
    world, batch = held
    world.shell.run("sell", "--handle", f"{batch}/0", "--order", "A")
    world.shell.run("worker", "--once")
    told = world.shell.run("custody", f"{batch}/0").stdout
    assert [word for word in ("COMMISSION", "TRANSFER", "RECEIVE", "SELL") if word not in told] == []
    events = world.shell.json("events")["events"]
    assert {one["type"] for one in events} >= {"RECEIVE", "SELL"}
    last = events[-1]
    assert world.shell.json("events", "--after", f"{last['time']}/{last['event']}")["events"] == []
    assert world.shell.json("alerts") == {"alerts": []}


def test_a_foreign_key_has_no_custody_to_see(held: Held) -> None:
    world, batch = held
    other = ("--token-file", world.token("Other shop"))
    assert "error[unknown]" in world.shell.run("custody", f"{batch}/0", *other, code=1).stderr


@pytest.mark.parametrize("handle", ["nonsense", "ab/1", "0" * 64, "0" * 64 + "/x"])
def test_what_may_be_a_key_is_not_repeated(world: World, handle: str) -> None:
    told = world.shell.run(
        "sell", "--handle", handle, "--order", "A", "--token-file", world.token("Shop"), code=2
    )
    assert handle not in told.stderr.partition("Error:")[2]


@pytest.mark.parametrize(
    "arguments",
    [
        ("verify", files.key_line(0)),
        ("custody", files.key_line(0)),
        ("sell", "--order", "A", files.secret(0)),
        ("sell", "--order", "A", "--unit", files.secret(0) + "x"),
        ("sell", "--order", "A", "--format", files.FORMAT, "--key-file", files.key_line(0)),
        ("redeem", "--handle", "0" * 64 + "/1", "--order-token-file", "ab" * 32),
        ("proof", "verify", files.key_line(0)),
        ("register", files.key_line(0), "--format", files.FORMAT, "--keystore", "x"),
        ("alerts", "--token-file", "ckp_" + "a" * 43),
        ("batch", "show", files.key_line(0)),
    ],
)
def test_a_secret_put_into_an_argument_by_mistake_is_not_repeated(
    world: World, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROVENANCE_TOKEN", "ckp_unknown")
    told = CliRunner().invoke(main, list(arguments))
    assert told.exit_code in (1, 2)
    for secret in (files.secret(0), "ab" * 32, "a" * 43):
        assert secret not in told.output


def test_without_a_credential_it_says_where_to_put_one(world: World) -> None:
    told = world.shell.run("alerts", code=2)
    assert "PROVENANCE_TOKEN" in told.stderr


@pytest.mark.parametrize("token", ["ckp_unknown", "nonsense"])
def test_a_foreign_credential_is_refused_without_being_repeated(
    world: World, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROVENANCE_TOKEN", token)
    told = world.shell.run("alerts", code=1)
    assert "error[credential_invalid]" in told.stderr
    assert token not in told.output


def test_a_malformed_token_never_reaches_the_wire(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROVENANCE_TOKEN", "ckp_a\nX-Other: 1")
    assert "error[token_malformed]" in world.shell.run("alerts", code=1).stderr


def test_a_refusal_comes_in_chinese(held: Held) -> None:
    world, batch = held
    world.shell.run("sell", "--handle", f"{batch}/0", "--order", "A")
    told = world.shell.run("--lang", "zh-CN", "sell", "--handle", f"{batch}/0", "--order", "B", code=1)
    assert "在先事件" in told.stderr
    assert "售" in told.stderr
