"""One account that pays and acts for itself: a transaction is sent, and waited for until it is mined.

For people with their own key. The service keeps an outbox instead; nothing here is stored.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from provenance.chain.escrow import explained
from provenance.chain.escrow_calls import Call
from provenance.chain.rpc import Chain
from provenance.chain.sender import Sender
from provenance.chain.signer import Signer
from provenance.errors import ChainRefused, ChainUnavailable

POLL_SECONDS: Final = 0.5
WAIT_SECONDS: Final = 300.0
_APPROVE: Final = bytes.fromhex("095ea7b3")


class Wallet:
    """*signer*'s account on *chain*. Refusals carry the escrow's own codes."""

    def __init__(self, chain: Chain, signer: Signer, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._chain = chain
        self._sender = Sender(chain, signer, explain=explained)
        self._sleep = sleep
        self.address = signer.address

    def send(self, to: bytes, call: Call) -> bytes:
        """Send *call* to the contract at *to*; the transaction's hash once it is mined.

        Raises ChainRefused with the contract's code, and before anything is sent if it would revert now;
        ChainUnavailable ``transaction_timeout`` while it still may be mined: look before sending again.
        """
        nonce = self._chain.mined_nonce(self.address)
        signed = self._sender.prepare(to, call.data, nonce=nonce, value=call.value)
        sent = self._sender.broadcast(signed.raw)
        deadline = time.monotonic() + WAIT_SECONDS
        while (receipt := self._chain.receipt(sent)) is None:
            if time.monotonic() > deadline:
                raise ChainUnavailable(
                    f"0x{sent.hex()} is not mined yet; look it up before you send it again.",
                    code="transaction_timeout",
                )
            self._sleep(POLL_SECONDS)
        if not receipt.succeeded:
            raise ChainRefused(
                "the transaction was mined and undone; look up why", code="transaction_reverted"
            )
        return sent


def approve_call(spender: bytes, amount: int) -> Call:
    """An ERC-20 token's owner lets the 20-byte *spender* take *amount* of it."""
    return Call(_APPROVE + spender.rjust(32, b"\0") + amount.to_bytes(32))
