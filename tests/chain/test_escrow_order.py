"""The order that a platform signs, without a chain."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from provenance.chain import escrow as escrow_module
from provenance.chain.escrow_artifact import escrow_artifact
from provenance.chain.escrow_calls import (
    Evidence,
    escrow_interface,
    file_claim_call,
    post_bond_call,
    rule_call,
    withdraw_call,
)
from provenance.chain.escrow_events import read_event
from provenance.chain.escrow_order import ETHER, EscrowDomain, WarrantyOrder
from provenance.chain.ethereum import Web3
from provenance.core.digests import keccak256
from provenance.errors import ChainUnavailable, InputRefused

ORDER = WarrantyOrder(
    *(bytes([n]) * 20 for n in range(1, 6)), ETHER, 10, 20, b"\x07" * 32, 3, b"\x08" * 20, b"\x09" * 32,
    1_800_000_000, 100, 200, 300, 400,
)  # fmt: skip
DOMAIN = EscrowDomain(31337, b"\x0e" * 20)


def test_the_digest_is_that_of_another_implementation_of_eip_712() -> None:
    from eth_account.messages import encode_typed_data

    names = [field["name"] for field in struct_members()]
    typed = {
        "types": {"WarrantyOrder": [{"name": f["name"], "type": f["type"]} for f in struct_members()]},
        "domain": {
            "name": "Card Key Warranty Escrow",
            "version": "1",
            "chainId": DOMAIN.chain_id,
            "verifyingContract": "0x" + DOMAIN.escrow.hex(),
        },
        "message": {
            name: "0x" + value.hex() if isinstance(value, bytes) and len(value) == 20 else value
            for name, value in zip(names, ORDER.members, strict=True)
        },
    }
    signable = encode_typed_data(typed["domain"], typed["types"], typed["message"])
    whole = b"\x19" + signable.version + signable.header + signable.body
    assert ORDER.digest(DOMAIN) == keccak256(whole)


def struct_members() -> list[dict[str, str]]:
    (deposit,) = (item for item in escrow_artifact().abi if item.get("name") == "deposit")
    members: list[dict[str, str]] = deposit["inputs"][0]["components"]
    return members


def test_every_member_changes_the_digest() -> None:
    digests = {ORDER.digest(DOMAIN), ORDER.digest(EscrowDomain(1, DOMAIN.escrow))}
    digests.add(ORDER.digest(EscrowDomain(DOMAIN.chain_id, b"\x0d" * 20)))
    for field in fields(ORDER):
        value = getattr(ORDER, field.name)
        other = value + 1 if isinstance(value, int) else bytes([value[0] ^ 1]) + value[1:]
        digests.add(replace(ORDER, **{field.name: other}).digest(DOMAIN))
    assert len(digests) == 3 + len(fields(ORDER))


def test_only_key_use_and_platform_name_the_deposit() -> None:
    named = {"batch_id", "index", "party", "platform"}
    for field in fields(ORDER):
        value = getattr(ORDER, field.name)
        other = value + 1 if isinstance(value, int) else bytes([value[0] ^ 1]) + value[1:]
        changed = replace(ORDER, **{field.name: other})
        assert (changed.id != ORDER.id) is (field.name in named)


@pytest.mark.parametrize(
    "change",
    [
        {"buyer": bytes(19)},
        {"batch_id": bytes(20)},
        {"terms": bytes(33)},
        {"amount": 0},
        {"amount": 2**128},
        {"compensation": -1},
        {"index": 2**32},
        {"valid_until": 2**64},
        {"answer_window": 0},
        {"ruling_window": 2**32},
        {"amount": b"\x01" * 20},
        {"buyer": 1},
    ],
    ids=str,
)
def test_an_order_that_does_not_fit_cannot_be_made(change: dict[str, object]) -> None:
    with pytest.raises(InputRefused) as refused:
        replace(ORDER, **change)  # type: ignore[arg-type]
    assert refused.value.code == "order_malformed"


@pytest.mark.parametrize(("chain_id", "escrow"), [(0, bytes(20)), (2**256, bytes(20)), (1, bytes(19))])
def test_a_domain_is_a_chain_and_an_address(chain_id: int, escrow: bytes) -> None:
    with pytest.raises(InputRefused):
        EscrowDomain(chain_id, escrow)


@pytest.mark.parametrize(
    ("size", "index", "entry", "path"),
    [
        (3, 3, bytes(124), ()),
        (3, -1, bytes(124), ()),
        (2**64, 0, bytes(124), ()),
        (3, 0, bytes(123), ()),
        (3, 0, bytes(124), (bytes(31),)),
    ],
)
def test_evidence_of_the_wrong_shape_is_never_sent(
    size: int, index: int, entry: bytes, path: tuple[bytes, ...]
) -> None:
    with pytest.raises(InputRefused) as refused:
        Evidence(size, index, entry, path)
    assert refused.value.code == "evidence_malformed"


def test_names_and_amounts_of_the_wrong_shape_are_never_encoded() -> None:
    wrong = [
        lambda: file_claim_call(bytes(31), bytes(32)),
        lambda: withdraw_call(ETHER, bytes(19)),
        lambda: post_bond_call(bytes(20), ETHER, -1),
        lambda: rule_call(bytes(32), refund=2**128, compensation=0, grounds=bytes(32)),
        lambda: rule_call(bytes(32), refund=0, compensation=0, grounds=bytes(3)),
    ]
    for call in wrong:
        with pytest.raises(InputRefused):
            call()


def test_ether_goes_with_the_call_and_tokens_do_not() -> None:
    assert post_bond_call(bytes(20), ETHER, 7).value == 7
    assert post_bond_call(bytes(20), b"\x01" * 20, 7).value == 0


def test_every_custom_error_of_the_escrow_has_a_code() -> None:
    assert escrow_interface().error_names == set(escrow_module._REFUSALS)


def test_logs_of_other_contracts_are_not_the_escrows_events() -> None:
    assert read_event({"topics": [], "data": "0x"}) is None
    assert read_event({"topics": ["0x" + "11" * 32], "data": "0x"}) is None


def test_a_log_cut_short_is_the_nodes_fault() -> None:
    topic = Web3.keccak(text="BondPosted(address,address,uint256)").to_0x_hex()
    party = "0x" + "00" * 32
    for topics, data in (([topic], "0x" + "00" * 32), ([topic, party, party], "0x00")):
        with pytest.raises(ChainUnavailable) as refused:
            read_event({"topics": topics, "data": data})
        assert refused.value.code == "chain_answer_malformed"
