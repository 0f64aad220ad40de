"""Whoever shows an order token is its buyer; to all others, unknown orders and those of others look alike."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Final, TypeVar

from api.access import client_address
from api.current import services, visitor
from provenance.errors import NotFound
from provenance.services.budgets import CREDENTIAL_MISSES, Allowance, public_checks

T = TypeVar("T")

_LOOKS: Final = Allowance("order-token", 1_200)
"""How often an hour one token is answered: a page that looks every three seconds."""
_GUESSED: Final = frozenset({"unknown_order", "unknown_claim"})


def as_buyer(token: str, do: Callable[[bytes], T]) -> T:
    """What *do* gives to whoever shows *token* (64 hex digits).

    A token that buys nothing costs what a check costs a stranger, from the same budget, before it is
    told; a right one is answered whatever others of that address have asked. Raises what *do* raises,
    :class:`LimitReached`.
    """
    raw = bytes.fromhex(token)
    try:
        done = do(raw)
    except NotFound as error:
        if error.code in _GUESSED:
            _pay_for_a_miss()
        raise
    services().budgets.spend(_LOOKS, sha256(raw).hexdigest())
    return done


def _pay_for_a_miss() -> None:
    someone = visitor()
    if someone is not None:
        services().budgets.spend(CREDENTIAL_MISSES, someone.address.hex())
    else:
        allowance = public_checks(services().settings.public_checks_per_hour)
        services().budgets.spend(allowance, client_address())
