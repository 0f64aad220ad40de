"""Deploying the registry where everyone expects it.

A supplier's signature names the registry's address, which follows from the deployer and its
nonce. So the deployer is an account used for nothing else and the registry its transaction 0:
on a chain that was wiped it comes back at the same address, and old signatures stay good.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from provenance.chain.escrow import EscrowClient
from provenance.chain.escrow_calls import escrow_deployment_data
from provenance.chain.registry import RegistryClient, deployment_data, expected_address
from provenance.chain.rpc import Chain
from provenance.chain.sender import Sender
from provenance.chain.signer import Signer
from provenance.errors import ChainMismatch, ChainRefused, ChainUnavailable, Refused

POLL_SECONDS = 0.2
DEFAULT_WAIT_SECONDS = 120.0
DAY_SECONDS = 86_400
LONGEST_WINDOW_SECONDS = 400 * DAY_SECONDS


@dataclass(frozen=True, slots=True)
class Deployment:
    """Where the contract is; ``transaction_hash`` is None if it was there before."""

    address: bytes
    transaction_hash: bytes | None


def deploy_registry(
    chain: Chain, signer: Signer, *, anchorer: bytes, wait_seconds: float = DEFAULT_WAIT_SECONDS
) -> Deployment:
    """Deploy the registry from nonce 0 of *signer*, or find it there; returns when it answers.

    Refused ``deployer_used`` if the account has sent something else before; ChainMismatch
    ``registry_foreign`` or ``registry_anchorer`` if what stands there is not ours or obeys another
    anchorer; ChainUnavailable ``deployment_timeout`` if it is not mined in time (call again).
    Several callers at once are harmless: one transaction 0 is mined, all find the same registry.
    """
    registry = RegistryClient(chain, expected_address(signer.address))
    transaction_hash = None
    if not chain.code(registry.address):
        if chain.mined_nonce(signer.address) != 0 and not chain.code(registry.address):
            raise _deployer_used(signer, "registry")
        transaction_hash = _send(chain, signer, deployment_data(anchorer), nonce=0)
        _wait_for_code(chain, registry.address, wait_seconds)
    if registry.identify().anchorer != anchorer:
        raise ChainMismatch(
            "The registry there obeys another anchorer; use that account, or deploy with a fresh deployer.",
            code="registry_anchorer",
        )
    return Deployment(registry.address, transaction_hash)


def deploy_escrow(
    chain: Chain,
    signer: Signer,
    registry: bytes,
    *,
    windows: tuple[int, int] = (DAY_SECONDS, LONGEST_WINDOW_SECONDS),
    wait_seconds: float = DEFAULT_WAIT_SECONDS,
) -> Deployment:
    """Deploy an escrow over *registry* as transaction 1 of *signer*, or find it there.

    Transaction 1 of the registry's deployer has one address on every chain, a wiped one among them.
    *windows* bound those of an order, in seconds. Refused ``deployer_used`` if the account's next
    transaction is another one; ChainMismatch ``escrow_foreign`` if what stands there obeys another registry.
    """
    escrow = EscrowClient(chain, expected_address(signer.address, 1))
    transaction_hash = None
    if not chain.code(escrow.address):
        if chain.mined_nonce(signer.address) != 1 and not chain.code(escrow.address):
            raise _deployer_used(signer, "escrow")
        data = escrow_deployment_data(registry, minimum_window=windows[0], maximum_window=windows[1])
        transaction_hash = _send(chain, signer, data, nonce=1)
        _wait_for_code(chain, escrow.address, wait_seconds)
    if escrow.registry() != registry:
        raise ChainMismatch("The escrow there obeys another registry; correct either.", code="escrow_foreign")
    return Deployment(escrow.address, transaction_hash)


def _deployer_used(signer: Signer, what: str) -> Refused:
    return Refused(
        f"The deployer has sent other transactions, its {what} would come to another address; "
        "use a fresh account for the deployment and for nothing else.",
        code="deployer_used",
        deployer="0x" + signer.address.hex(),
    )


def _send(chain: Chain, signer: Signer, data: bytes, *, nonce: int) -> bytes | None:
    sender = Sender(chain, signer)
    transaction = sender.prepare(None, data, nonce=nonce)
    try:
        return sender.broadcast(transaction.raw)
    except ChainRefused as error:
        # Somebody else's transaction of this account, with other fees: its contract will do.
        if error.code in ("nonce_too_low", "fee_too_low"):
            return None
        raise


def _wait_for_code(chain: Chain, address: bytes, wait_seconds: float) -> None:
    deadline = time.monotonic() + wait_seconds
    while not chain.code(address):
        if time.monotonic() > deadline:
            raise ChainUnavailable(
                f"The deployment is not mined after {wait_seconds:g} s; run it again to go on waiting.",
                code="deployment_timeout",
            )
        time.sleep(POLL_SECONDS)
