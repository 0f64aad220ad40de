"""The one door to web3 and eth-account, which change more than themselves when they are imported.

A library beneath them, py_ecc, raises the recursion limit of the whole process to 100,000, far past
what the C stack holds: from then on a few hundred kilobytes of ``[[[[…`` end the process with a
segmentation fault in ``json.loads`` where they used to be a ``RecursionError``. The limit is put back.
"""

from __future__ import annotations

import sys

_limit = sys.getrecursionlimit()

from eth_abi.exceptions import DecodingError  # noqa: E402  (the limit is read before, put back after)
from eth_account import Account  # noqa: E402
from eth_account.signers.local import LocalAccount  # noqa: E402
from web3 import Web3  # noqa: E402

sys.setrecursionlimit(_limit)

__all__ = ["Account", "DecodingError", "LocalAccount", "Web3"]
