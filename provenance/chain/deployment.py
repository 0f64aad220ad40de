"""Deploying the registry where everyone expects it.

A supplier's signature names the registry's address, which follows from the deployer and its
nonce. So the deployer is an account used for nothing else and the registry its transaction 0:
on a chain that was wiped it comes back at the same address, and old signatures stay good.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from provenance.chain.registry import RegistryClient, deployment_data, expected_address
from provenance.chain.rpc import Chain
from provenance.chain.sender import Sender
from provenance.chain.signer import Signer
from provenance.errors import ChainMismatch, ChainRefused, ChainUnavailable, Refused

POLL_SECONDS = 0.2
DEFAULT_WAIT_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Deployment:
    """Where the registry is; ``transaction_hash`` is None if it was there before."""

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
            raise Refused(
                "The deployer has sent transactions before, its registry would come to another address; "
                "use a fresh account for the deployment and for nothing else.",
                code="deployer_used",
                deployer="0x" + signer.address.hex(),
            )
        transaction_hash = _send(chain, signer, anchorer)
        _wait_for_code(registry, wait_seconds)
    if registry.identify().anchorer != anchorer:
        raise ChainMismatch(
            "The registry there obeys another anchorer; use that account, or deploy with a fresh deployer.",
            code="registry_anchorer",
        )
    return Deployment(registry.address, transaction_hash)


def _send(chain: Chain, signer: Signer, anchorer: bytes) -> bytes | None:
    sender = Sender(chain, signer)
    transaction = sender.prepare(None, deployment_data(anchorer), nonce=0)
    try:
        return sender.broadcast(transaction.raw)
    except ChainRefused as error:
        # Somebody else's transaction 0 of this account, with other fees: its registry will do.
        if error.code in ("nonce_too_low", "fee_too_low"):
            return None
        raise


def _wait_for_code(registry: RegistryClient, wait_seconds: float) -> None:
    deadline = time.monotonic() + wait_seconds
    while not registry.chain.code(registry.address):
        if time.monotonic() > deadline:
            raise ChainUnavailable(
                f"The deployment is not mined after {wait_seconds:g} s; run it again to go on waiting.",
                code="deployment_timeout",
            )
        time.sleep(POLL_SECONDS)
