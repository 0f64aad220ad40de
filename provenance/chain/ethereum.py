"""The one door to web3 and eth-account, which change more than themselves when they are imported.

A library beneath them, py_ecc, raises the recursion limit of the whole process to 100,000, far past
what the C stack holds: from then on a few hundred kilobytes of ``[[[[…`` end the process with a
segmentation fault in ``json.loads`` where they used to be a ``RecursionError``. So the limit cannot be set
while they are imported: put back afterwards, it would be missing meanwhile in a server's other threads.

They take a second to import, and most processes deal with no chain: import this module inside the function
that needs it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def _recursion_limit_kept() -> Iterator[None]:
    setter = sys.setrecursionlimit
    sys.setrecursionlimit = lambda limit, /: None
    try:
        yield
    finally:
        sys.setrecursionlimit = setter


with _recursion_limit_kept():
    from eth_abi.exceptions import DecodingError
    from eth_account import Account
    from eth_account.signers.local import LocalAccount
    from web3 import Web3

__all__ = ["Account", "DecodingError", "LocalAccount", "Web3"]
