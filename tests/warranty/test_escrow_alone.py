"""The buyer alone: the platform's key is gone, and the service too. A file, a node, an account are enough."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from provenance.chain.answers import hex_data
from provenance.chain.escrow import DepositState, EscrowClient
from provenance.chain.escrow_calls import post_bond_call
from provenance.chain.escrow_order import ETHER
from provenance.chain.ethereum import Account
from provenance.chain.rpc import Chain
from provenance.cli import escrow_money, main
from provenance.cli.escrow_money import Seat
from provenance.cli.inputs import write_secret
from provenance.core.claims import PostingKind
from provenance.core.commitments import order_use
from provenance.core.manifest import address_of
from provenance.services.escrow import telling
from provenance.services.proving import ProvingService
from provenance.services.warranty.orders import Opened
from tests.chain.conftest import LocalChain, bare_chain, local, node_url
from tests.chain.escrow_world import BUYER, DAY, FRIEND, PRICE, STRANGER
from tests.warranty.escrow_shop import BOND, PLATFORM, EscrowShop, escrow_shop

__all__ = ["bare_chain", "local", "node_url"]

KEY = b"\xb7" * 32
TOKEN = b"\x70" * 20
PLAIN_TOKEN = bytes.fromhex(
    "60003560e01c806370a0823114602f578063a9059cbb14603c57806323b872dd146047575b600160005260206000f3"
    "5b6004355460005260206000f35b336004356024356051565b600435602435604435"
    "5b808254019091558154039055602456"
)
"""An ERC-20 in a few bytes: balances in storage under the account, every allowance given."""


@dataclass
class Buyer:
    """Somebody with a proof file and a keystore; *run* is ``provenance escrow …`` in his name."""

    shop: EscrowShop
    folder: Path
    url: str

    def run(self, name: str, *arguments: str, keystore: str = "buyer.json", code: int = 0) -> Any:
        node = ["--node", self.url, "--chain-id", "31337", "--escrow", hex_data(self.shop.seat.domain.escrow)]
        own = ["--keystore", str(self.folder / keystore), "--password-file", str(self.folder / "password")]
        called = ["--lang", "en", "escrow", name, *arguments, *node, *(own if keystore else []), "--json"]
        result = CliRunner().invoke(main, called)
        assert result.exit_code == code, result.output
        return json.loads(result.stdout) if code == 0 else result.output


@pytest.fixture
def buyer(sqlite_url: str, tmp_path: Path, local: LocalChain, node_url: str) -> Iterator[Buyer]:
    shop = escrow_shop(sqlite_url, tmp_path, local)
    (tmp_path / "password").write_text("correct horse\n")
    # With one round instead of hundreds of thousands: nobody guesses at this password.
    keystore = Account.encrypt(KEY, "correct horse", kdf="pbkdf2", iterations=1)
    write_secret(tmp_path / "buyer.json", json.dumps(keystore).encode())
    local.chain.request("hardhat_setBalance", hex_data(address_of(KEY)), hex(10 * PRICE))
    yield Buyer(shop, tmp_path, node_url)
    shop.database.dispose()


def proof_file(shop: EscrowShop, opened: Opened, path: Path) -> str:
    """What the service gave its buyer while it was there."""
    handle = opened.sold.handle
    use = order_use(opened.sold.token, handle.batch_id, handle.index)
    path.write_bytes(
        ProvingService(shop.context).bundle(handle.batch_id, handle.index, use=use, want_anchored=True)
    )
    return str(path)


def test_the_buyer_is_paid_with_the_platforms_key_and_the_service_gone(buyer: Buyer) -> None:
    shop = buyer.shop
    batch = shop.registered()
    shop.anchor()
    opened = shop.order(batch)
    shop.offer(opened, buyer=address_of(KEY), arbiter=STRANGER)
    buyer.run("bond", "--platform", hex_data(PLATFORM), "--amount", str(BOND))
    (payable,) = shop.offers.payable(opened.sold.token, opened.order.id)
    seat = Seat.of(buyer.url, 31337, hex_data(shop.seat.domain.escrow))
    struct, call = escrow_money.payable([telling.offer(payable, shop.seat)], seat, address_of(KEY))
    keystore, word = str(buyer.folder / "buyer.json"), str(buyer.folder / "password")
    escrow_money.paid(seat, seat.wallet(keystore, word), struct, call)
    shop.deliver(opened)
    shop.used_before(opened)
    shop.anchor()
    file = proof_file(shop, opened, buyer.folder / "key.provenance.json")
    shop.database.dispose()

    name = struct.id.hex()
    assert buyer.run("show", name, keystore="")["state"] == "funded"
    buyer.run("deliver", name, "--bundle", file)
    buyer.run("prove", name, "--bundle", file)
    assert "escrow_deadline_ahead" in buyer.run("time-out", name, code=1)
    shop.chain.pass_time(3600)
    buyer.run("time-out", name)
    purse = b"\xb1" * 20
    buyer.run("withdraw", "--to", hex_data(purse))
    assert shop.chain.local.chain.balance(purse) == 2 * PRICE
    assert shop.chain.state(struct.id) is DepositState.CLOSED


def test_a_token_is_approved_for_exactly_the_price_paid_and_paid_back(buyer: Buyer) -> None:
    shop, own = buyer.shop, address_of(KEY)
    chain = shop.chain.local.chain
    chain.request("hardhat_setCode", hex_data(TOKEN), hex_data(PLAIN_TOKEN))
    chain.request(
        "hardhat_setStorageAt",
        hex_data(TOKEN),
        hex_data(own.rjust(32, b"\0")),
        hex_data((10**6).to_bytes(32)),
    )
    batch = shop.registered()
    shop.anchor()
    opened = shop.order(batch)
    asset = ("--asset", hex_data(TOKEN))
    buyer.run("bond", "--platform", hex_data(PLATFORM), "--amount", "5000", *asset)
    shop.offer(opened, buyer=own, token=TOKEN, amount=4_950, arbiter=STRANGER)
    (payable,) = shop.offers.payable(opened.sold.token, opened.order.id)
    seat = Seat.of(buyer.url, 31337, hex_data(shop.seat.domain.escrow))
    struct, call = escrow_money.payable([telling.offer(payable, shop.seat)], seat, own)
    assert call.value == 0
    wallet = seat.wallet(str(buyer.folder / "buyer.json"), str(buyer.folder / "password"))
    escrow_money.paid(seat, wallet, struct, call)
    assert held_of(chain, TOKEN, own) == 10**6 - 5_000 - 4_950
    assert shop.round(shop.keeper(), 1) == []
    assert [one.kind for one in shop.ledger(opened).postings] == [PostingKind.PAID]
    shop.chain.pass_time(DAY)
    buyer.run("time-out", struct.id.hex())
    buyer.run("withdraw", *asset)
    assert held_of(chain, TOKEN, own) == 10**6 - 5_000


def held_of(chain: Chain, token: bytes, account: bytes) -> int:
    """``balanceOf``."""
    return int.from_bytes(chain.call(token, bytes.fromhex("70a08231") + account.rjust(32, b"\0")))


def test_what_a_stranger_sends_is_refused_by_code_and_moves_nothing(buyer: Buyer) -> None:
    shop = buyer.shop
    batch = shop.registered()
    shop.anchor()
    opened = shop.order(batch)
    shop.chain.send(FRIEND, post_bond_call(PLATFORM, ETHER, BOND))
    shop.chain.send(BUYER, shop.offer(opened))
    shop.deliver(opened)
    shop.anchor()
    file = proof_file(shop, opened, buyer.folder / "key.provenance.json")
    name = shop.offers.payable(opened.sold.token, opened.order.id)[0].row.deposit.hex()
    for command, arguments, refused in (
        ("confirm", (name,), "not_buyer"),
        ("refund", (name,), "not_platform"),
        ("freeze", (name, "--claim", "11" * 32), "wrong_escrow_state"),
        ("rule", (name, "--refund", "0", "--grounds", "11" * 32), "wrong_escrow_state"),
        ("time-out", (name,), "escrow_deadline_ahead"),
        ("prove", (name, "--bundle", file), "no_fault_in_bundle"),
        ("answer", (name, "--bundle", file), "no_answer_in_bundle"),
        ("prove", ("22" * 32, "--bundle", file), "unknown_deposit"),
        ("withdraw", (), "nothing_owed"),
    ):
        assert refused in buyer.run(command, *arguments, code=1), command
    buyer.run("deliver", name, "--bundle", file)
    assert "wrong_escrow_state" in buyer.run("deliver", name, "--bundle", file, code=1)
    assert "not_arbiter" not in buyer.run("show", name, keystore="")["state"]
    assert shop.chain.is_solvent([bytes.fromhex(name)], [PLATFORM, BUYER])


def test_an_operator_deploys_the_escrow_by_command_and_finds_it_again(
    buyer: Buyer, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = buyer.shop.chain.local.registry.address
    monkeypatch.setenv("PROVENANCE_CHAIN_URL", buyer.url)
    monkeypatch.setenv("PROVENANCE_HOME", str(buyer.folder / "home"))
    first, again = (
        json.loads(CliRunner().invoke(main, ["chain", "deploy-escrow", "--shortest", "60", "--json"]).stdout)
        for _ in range(2)
    )
    client = EscrowClient(buyer.shop.chain.local.chain, bytes.fromhex(first["escrow"][2:]))
    assert (client.registry(), client.windows()) == (registry, (60, 400 * 86_400))
    assert first["transaction"] is not None
    assert again == {"escrow": first["escrow"], "transaction": None}
