"""Terms, orders and claims by the command line: published, sold under, claimed, decided, paid."""

from __future__ import annotations

import json
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from provenance.core import terms as rules
from provenance.core.terms import Tier
from tests.cli import files
from tests.cli.conftest import World, served_copy


@pytest.fixture
def world(shelved: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A service with a batch of 6 keys, of which 0 to 4 are the shop's."""
    with served_copy(shelved[0], tmp_path, monkeypatch) as made:
        yield made


def shop(world: World) -> tuple[object, ...]:
    return ("--token-file", world.token("Shop"))


def published(world: World) -> str:
    file = world.folder / "terms.json"
    file.write_bytes(rules.encode(rules.default_terms(Tier.SELF_OPERATED)))
    digest: str = world.shell.json("terms", "publish", file, *shop(world))["hash"]
    return digest


def opened(world: World, batch: str, terms: str, *more: object) -> Any:
    record = world.folder / "payment.txt"
    record.write_text("paid 49.50")
    paid = ("--paid-at", time.time_ns() // 1_000_000, "--record", record)
    asked = ("--number", "A-1", "--price", "49.50", "--terms", terms, "--handle", f"{batch}/0")
    return world.shell.json("order", "open", *asked, *paid, *shop(world), *more)


@pytest.fixture
def sold(world: World, shelved: tuple[Path, str]) -> dict[str, Any]:
    """An order that is delivered and stands in the log; its token lies in ``order.token``."""
    order: dict[str, Any] = opened(world, shelved[1], published(world))
    (world.folder / "order.token").write_text(order["order_token"] + "\n")
    use = world.folder / "use"
    use.write_text(order["use"] + "\n")
    world.shell.json("deliver", "--handle", f"{shelved[1]}/0", "--use-file", use, *shop(world))
    world.shell.run("worker", "--once")
    return order


def token(world: World) -> tuple[object, ...]:
    return ("--order-token-file", world.folder / "order.token")


def test_terms_are_published_listed_and_checked_by_their_hash(world: World) -> None:
    digest = published(world)
    assert published(world) == digest
    assert digest in world.shell.run("terms", "list", world.shop).stdout
    shown = world.shell.run("terms", "show", digest).stdout
    assert rules.default_terms(Tier.SELF_OPERATED).title.en in shown
    vague = rules.to_json(rules.default_terms(Tier.SELF_OPERATED))
    vague["causes"][0]["text"]["zh-CN"] += "最终解释权归本平台。"
    (world.folder / "vague.json").write_text(json.dumps(vague))
    refused = world.shell.run("terms", "publish", world.folder / "vague.json", *shop(world), code=1)
    assert "error[terms_vague]" in refused.stderr


def test_an_order_is_opened_into_a_file_that_keeps_its_token(world: World, shelved: tuple[Path, str]) -> None:
    out = world.folder / "sold.json"
    told = opened(world, shelved[1], published(world), "--out", out)
    assert "order_token" not in told
    assert out.stat().st_mode & 0o777 == 0o600
    assert json.loads(out.read_text())["order"] == told["order"]
    assert told["order"] in world.shell.run("order", "list", *shop(world)).stdout


def test_a_buyer_sees_days_left_and_files_and_withdraws_a_claim(world: World, sold: dict[str, Any]) -> None:
    said = world.shell.run("order", "status", *token(world)).stdout
    assert sold["order"] in said and "29 days left" in said and "deliver" in said
    assert sold["order_token"] not in said
    filed = world.shell.json("claim", "file", sold["order"], "--cause", "invalid_key", *token(world))
    listed = world.shell.run("claim", "list", *shop(world)).stdout
    assert filed["claim"] in listed and "invalid_key" in listed
    shown = world.shell.run("claim", "show", filed["claim"], *shop(world)).stdout
    assert "claim.filed" in shown and "clause" in shown
    ended = world.shell.json("claim", "withdraw", filed["claim"], *token(world))
    assert ended["outcome"] == "withdrawn"
    refused = world.shell.run("claim", "appeal", filed["claim"], *token(world), code=1)
    assert "error[claim_closed]" in refused.stderr


def test_a_buyer_saves_the_pack_for_a_complaint_by_command(
    world: World, shelved: tuple[Path, str], sold: dict[str, Any]
) -> None:
    file = world.folder / "pack.zip"
    world.shell.json("order", "pack", sold["order"], *token(world), "--out", file)
    assert file.stat().st_mode & 0o777 == 0o600
    with zipfile.ZipFile(file) as packed:
        packed.extractall(world.folder / "pack")
    proof = world.folder / "pack" / "key.provenance.json"
    checked = world.shell.json("proof", "verify", proof, code=4)
    assert [one["type"] for one in checked["timeline"]][-2:] == ["SELL", "DELIVER"]
    refused = world.shell.run("order", "pack", sold["order"], *token(world), "--out", file, code=1)
    assert "exists already" in refused.output


def test_a_rejection_by_command_has_no_place_for_words(world: World, sold: dict[str, Any]) -> None:
    filed = world.shell.json("claim", "file", sold["order"], "--cause", "invalid_key", *token(world))
    refusing = ("claim", "reject", filed["claim"], "--clause", "5.1", "--evidence", "00" * 32)
    world.shell.run(*refusing, "--code", "because", *shop(world), code=2)
    world.shell.run(*refusing, "--code", "fault_not_found", "--note", "no", *shop(world), code=2)
    denied = world.shell.run(*refusing, "--code", "fault_not_found", *shop(world), code=1)
    assert "error[scope_missing]" in denied.stderr


def test_a_report_is_the_hash_of_a_record_that_stays_here(world: World, sold: dict[str, Any]) -> None:
    receipt = world.folder / "receipt.txt"
    receipt.write_text("a carrier's receipt")
    at = ("--at", time.time_ns() // 1_000_000, "--record", receipt, *shop(world))
    told = world.shell.json("order", "events", sold["order"], "submitted", *at)
    assert told["kind"] == "submitted"
    assert "a carrier's receipt" not in world.service.log.getvalue()
    refused = world.shell.run("order", "events", "not an id", "arrived", *at, code=1)
    assert "error[hex_malformed]" in refused.stderr


def test_an_order_without_its_payment_says_what_is_missing(world: World) -> None:
    asked = ("--number", "A-1", "--price", "49.50", "--terms", "00" * 32, "--handle", "00" * 32 + "/0")
    said = world.shell.run("order", "open", *asked, "--paid-at", 1, *shop(world), code=2)
    assert "--paid-at and --record go together" in said.stderr
    assert files.secret(0) not in said.output
