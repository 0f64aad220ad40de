"""The escrow by command: a platform offers and signs, and a buyer pays nothing but what he was shown."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from provenance.cli import escrow_money
from provenance.cli.escrow_money import Seat
from provenance.core import terms as rules
from provenance.core.terms import Tier
from provenance.errors import NotFound, ProvenanceError, Refused
from tests.cli.conftest import World, served_copy

CONTRACT, OTHER = "0x" + "ec" * 20, "0x" + "ed" * 20
NODE = "http://127.0.0.1:9"
"""Nobody listens there: whatever is refused below is refused before a node is asked."""


@pytest.fixture
def world(shelved: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("PROVENANCE_ESCROW", CONTRACT)
    with served_copy(shelved[0], tmp_path, monkeypatch) as made:
        monkeypatch.delenv("PROVENANCE_ESCROW")
        yield made


@pytest.fixture
def offered(world: World, shelved: tuple[Path, str]) -> dict[str, Any]:
    """An order and its signed offer, whose buyer and platform are the account of the one keystore here."""
    shell, shop = world.shell, ("--token-file", world.token("Shop"))
    issuer = shell.json("party", "admit", "Carrier", "--role", "issuer", "--id", "carrier")["address"]
    terms = world.folder / "terms.json"
    terms.write_bytes(rules.encode(rules.default_terms(Tier.ESCROW)))
    pinned = shell.json("terms", "publish", terms, *shop)["hash"]
    asked = ("--number", "E-1", "--price", "49.50", "--terms", pinned, "--handle", f"{shelved[1]}/1")
    order = shell.json("order", "open", *asked, *shop)
    (world.folder / "order.token").write_text(order["order_token"] + "\n")
    own = ("--keystore", world.keystore, "--password-file", world.password_file)
    offer = ("--buyer", world.supplier, "--issuer", issuer, "--amount", 1_000, "--answer-seconds", 60)
    made: dict[str, Any] = shell.json("escrow", "offer", order["order"], *offer, *own, *shop)
    return made


def token(world: World) -> tuple[object, ...]:
    return ("--order-token-file", world.folder / "order.token")


def seat(contract: str = CONTRACT, chain_id: int = 31337) -> Seat:
    return Seat.of(NODE, chain_id, contract)


def test_a_platform_offers_and_signs_and_the_buyer_sees_it(world: World, offered: dict[str, Any]) -> None:
    assert offered["signature"] is not None
    assert offered["offer"]["answer_window"] == 60
    (order,) = world.shell.json("escrow", "status", *token(world))["orders"]
    assert [one["digest"] for one in order["offers"]] == [offered["digest"]]
    told = world.shell.run("--lang", "zh-CN", "escrow", "status", *token(world)).stdout
    assert f"报价 {offered['digest']}：1000 单位" in told


def test_an_offer_is_paid_only_as_it_is_shown(offered: dict[str, Any]) -> None:
    payer = bytes.fromhex(offered["offer"]["buyer"][2:])
    struct, call = escrow_money.payable([offered], seat(), payer)
    assert (struct.amount, call.value) == (1_000, 1_000)
    sent = offered["transaction"]
    other = sent["data"][:-2] + ("00" if sent["data"][-2:] != "00" else "01")
    at = 10 + 64 * 6 + 63  # last digit of the amount, the seventh word behind the selector
    dearer = sent["data"][:at] + "9" + sent["data"][at + 1 :]
    for changed in (
        offered | {"transaction": sent | {"value": "1001"}},
        offered | {"transaction": sent | {"data": dearer}},
        offered | {"offer": offered["offer"] | {"amount": "999"}},
        offered | {"digest": "00" * 32},
    ):
        with pytest.raises(Refused) as refused:
            escrow_money.payable([changed], seat(), payer)
        assert refused.value.code == "offer_digest"
    # The signature at the end is the platform's affair: the contract refuses a wrong one.
    escrow_money.payable([offered | {"transaction": sent | {"data": other}}], seat(), payer)


def test_an_offer_for_another_contract_chain_or_account_is_not_paid(offered: dict[str, Any]) -> None:
    payer = bytes.fromhex(offered["offer"]["buyer"][2:])
    tries: tuple[tuple[Seat, bytes, list[dict[str, Any]], str], ...] = (
        (seat(OTHER), payer, [offered], "offer_digest"),
        (seat(chain_id=1), payer, [offered], "offer_digest"),
        (seat(), b"\x01" * 20, [offered], "not_buyer"),
        (seat(), payer, [], "unknown_offer"),
        (seat(), payer, [offered | {"transaction": None}], "unknown_offer"),
    )
    for place, who, found, code in tries:
        with pytest.raises(ProvenanceError) as refused:
            escrow_money.payable(found, place, who)
        assert refused.value.code == code
        assert isinstance(refused.value, Refused | NotFound)


def test_a_platform_signs_nothing_but_what_it_is_shown(offered: dict[str, Any]) -> None:
    at = {"chain_id": 31337, "contract": CONTRACT}
    assert escrow_money.checked_digest(offered, at).hex() == offered["digest"]
    with pytest.raises(Refused) as refused:
        escrow_money.checked_digest(offered | {"offer": offered["offer"] | {"compensation": "9"}}, at)
    assert refused.value.code == "offer_digest"


def test_a_node_that_is_not_there_is_said_with_its_own_exit_code(
    world: World, offered: dict[str, Any]
) -> None:
    own = ("--keystore", world.keystore, "--password-file", world.password_file)
    node = ("--node", NODE, "--chain-id", 31337, "--escrow", CONTRACT)
    refused = world.shell.json("escrow", "pay", offered["digest"], *token(world), *node, *own, code=3)
    assert refused["error"]["code"] == "chain_unavailable"
