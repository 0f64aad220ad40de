"""A scene of the warranty act: money in a contract, the platform's key gone, and a buyer who needs nobody."""

from __future__ import annotations

import json
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from provenance.chain.escrow_calls import Call, post_bond_call
from provenance.chain.escrow_order import ETHER, EscrowDomain, read_order
from provenance.chain.rpc import Chain
from provenance.chain.signer import Signer, create_keystore
from provenance.chain.wallet import Wallet
from provenance.core import terms as rules
from provenance.core.manifest import address_of, sign
from provenance.core.terms import Tier
from provenance.demo.caller import Caller
from provenance.demo.world import World

_KEY: Final = 23
"""The key of the second shop that is sold through the escrow."""
_PRICE: Final = 10**18
_ANSWER_S: Final = 3
_FRIEND: Final = 6
"""A test account that lends ether to whoever has none: a new chain has no other."""
_PASSWORD: Final = b"of the demo's buyer"


@dataclass(frozen=True, slots=True)
class _Deal:
    """What the buyer has after the sale: an order, an offer, a keystore, and a chain to send to."""

    sold: dict[str, Any]
    deposit: str
    keystore: Path
    buyer: bytes
    chain: Chain
    contract: bytes


def pay_without_the_platform(world: World) -> None:
    """Offered, paid, found to be used before, proven by the buyer alone, and paid back with compensation."""
    shop = world.shops[1]
    deal = offer(world, shop)
    pay(world, deal)
    prove(world, deal)
    withdraw(world, deal)


def offer(world: World, shop: Caller) -> _Deal:
    """The platform signs one offer; the key that signed it is never seen again."""
    chain = Chain(world.stage.testnet.url, chain_id=31337)
    seat = world.public.get("/escrow").ok()
    contract = bytes.fromhex(seat["contract"][2:])
    terms = shop.post("/terms", rules.to_json(rules.default_terms(Tier.ESCROW))).ok()["hash"]
    wish = {"key": world.files[1].key(_KEY), "number": "W-3", "price": "49.50", "currency": "CNY"}
    sold = shop.post("/orders", wish | {"terms": terms}).ok()
    keystore = world.stage.folder / "buyer.json"
    buyer = create_keystore(keystore, _PASSWORD)
    (world.stage.folder / "buyer.password").write_bytes(_PASSWORD + b"\n")
    key = secrets.token_bytes(32)
    with world.story.step("{shop} signs an offer for the escrow, and loses its key", shop=shop.name) as step:
        assert world.issuer is not None  # noqa: S101 - the cast is complete when the trade begins
        made = shop.post(
            "/escrow/offers",
            {
                "order": sold["order"], "buyer": "0x" + buyer.hex(), "issuer": world.issuer.address,
                "platform": "0x" + address_of(key).hex(), "amount": str(_PRICE),
                "valid_until": int(time.time()) + 3600, "windows": {"answer": _ANSWER_S},
            },
        ).ok()  # fmt: skip
        digest = read_order(made["offer"]).digest(EscrowDomain(31337, contract))
        step.expect(digest.hex() == made["digest"], "another digest")
        friend = Wallet(chain, Signer.test_account(_FRIEND))
        friend.send(contract, post_bond_call(address_of(key), ETHER, _PRICE))
        friend.send(buyer, Call(b"", 2 * _PRICE))
        signed = {"signature": "0x" + sign(key, digest).hex()}
        shop.post(f"/escrow/offers/{made['digest']}/signature", signed).ok()
        del key
        step.show(price_wei=made["offer"]["amount"], held_beside_wei=made["offer"]["compensation"])
    return _Deal(sold, made["deposit"], keystore, buyer, chain, contract)


def pay(world: World, deal: _Deal) -> None:
    """The buyer's own transaction; the service reads of it in the chain's log."""
    asked = {"order_token": deal.sold["order_token"]}
    with world.story.step("the buyer pays into the contract, and the order is paid") as step:
        (standing,) = world.public.post("/escrow/status", asked).ok()["orders"]
        sent = standing["offers"][0]["transaction"]
        wallet = Wallet(deal.chain, Signer.from_keystore(deal.keystore, _PASSWORD, chain_id=31337))
        call = Call(bytes.fromhex(sent["data"][2:]), int(sent["value"]))
        transaction = wallet.send(deal.contract, call)
        held = _until(world, deal, "the deposit", lambda told: told["deposit"])
        step.expect(held["deposit"]["is_offered"], "it is not the offer's")
        step.show(state=held["deposit"]["state"], transaction="0x" + transaction.hex())


def prove(world: World, deal: _Deal) -> None:
    """The issuer says in the log that the key had been used; the buyer shows it with a file."""
    shop, issuer, file = world.shops[1], world.issuer, world.files[1]
    assert issuer is not None  # noqa: S101 - as above
    shop.post("/keys/deliver", {"key": file.key(_KEY)}).ok()
    issuer.post("/keys/redeem", {"key": file.key(_KEY), "use": deal.sold["use"], "reason": 1}).ok()
    with world.story.step(
        "the buyer proves to the contract that the key had been used: nobody rules"
    ) as step:
        world.stage.run("anchor")
        wish = {"key": deal.sold["key"], "order_token": deal.sold["order_token"], "anchored": True}
        bundle = world.public.post("/proofs", wish).ok()["bundle"]
        path = world.proof_folder / "escrow.provenance.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(bundle, ensure_ascii=False, sort_keys=True, separators=(",", ":")))
        _command(world, deal, "prove", deal.deposit, "--bundle", str(path))
        held = _until(world, deal, "the proof", lambda told: told["deposit"]["state"] in ("proven", "closed"))
        step.show(state=held["deposit"]["state"], answer_window_seconds=_ANSWER_S)


def withdraw(world: World, deal: _Deal) -> None:
    """Nobody answered: price and compensation are the buyer's, and the order's ledger says so."""
    with world.story.step("an escrow paid with the platform's key gone: price and compensation") as step:
        time.sleep(_ANSWER_S + 1)
        # A local chain makes a block, and so lets time pass, only when it is asked to.
        deal.chain.request("evm_mine")
        held = _until(world, deal, "the pay-out", lambda told: told["deposit"]["state"] == "closed")
        before = deal.chain.balance(_purse(deal))
        _command(world, deal, "withdraw", "--to", "0x" + _purse(deal).hex())
        paid = deal.chain.balance(_purse(deal)) - before
        step.expect(paid == 2 * _PRICE, f"{paid} wei were paid")
        step.show(paid_wei=paid, of_the_price=held["deposit"]["refund"])
    with world.story.step("the order's own ledger says what the chain paid") as step:
        asked = {"order_token": deal.sold["order_token"]}
        order = world.public.wait_by(
            "/orders/status", asked, "a settled claim",
            lambda body: next((one for one in body["orders"] if _is_settled(one)), None),
        )  # fmt: skip
        claim = order["claims"][0]
        step.show(claim=claim["state"], paid=claim["remedy"]["paid"])


def _is_settled(order: dict[str, Any]) -> bool:
    return bool(order["claims"]) and order["claims"][0]["state"] == "remedied"


def _purse(deal: _Deal) -> bytes:
    """Where the buyer wants his money: an address that pays no gas, so that it gets the whole sum."""
    return deal.buyer[::-1]


def _command(world: World, deal: _Deal, name: str, *arguments: str) -> None:
    """``provenance escrow NAME`` as the buyer runs it."""
    world.stage.run(
        "escrow", name, *arguments, "--keystore", str(deal.keystore),
        "--password-file", str(deal.keystore.with_suffix(".password")), "--json",
    )  # fmt: skip


def _until(world: World, deal: _Deal, what: str, holds: Any) -> Any:
    """The buyer's view of the deposit, looked at until *holds*."""
    asked = {"order_token": deal.sold["order_token"]}
    return world.public.wait_by(
        "/escrow/status", asked, what, lambda body: next(filter(holds, body["orders"]), None)
    )
