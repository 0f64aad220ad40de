"""One error tree. Every leaf has a stable public ``code``; a message says what to do.

    ProvenanceError
    ├── InputRefused            what came from outside is not acceptable as it is
    │   ├── KeyMalformed        a raw card key that no rule of its format can read
    │   ├── FileRefused         a supplier file, with line and column where known
    │   ├── ManifestInvalid     a batch manifest out of its bounds
    │   ├── SignatureInvalid    not by that party, not for that network, or malleable
    │   └── ProofInvalid        a Merkle proof that does not lead to its root
    ├── ProofRejected           a proof failed; names the numbered step (FORMATS §10)
    ├── Refused                 well-formed, but the law or the state says no
    │   ├── CustodyRefused      the custody law (FORMATS §5), with the earlier event as evidence
    │   ├── ManyRefused         all or nothing was asked, and not all was possible
    │   ├── Conflict            another request was there first
    │   └── ChainRefused        the node or the contract answered, and said no
    ├── NotFound                no such thing, or not yours to see
    ├── AccessDenied            credential missing, unknown, expired, foreign or suspended
    ├── LimitReached            a budget or a queue is full; says when to come back
    └── Unavailable             a part is down; nothing was done
        ├── ChainUnavailable
        ├── ChainMismatch       another chain id, or no registry at that address
        ├── NetworkUnavailable  somebody's web server, within the bounds it was given
        └── StoreUnavailable

No message ever holds a card key, an order token, a seed or a credential.
"""

from __future__ import annotations

from typing import Any


class ProvenanceError(Exception):
    """Base of every error of this project.

    ``code`` is stable and public (snake_case); ``facts`` are JSON-ready values that a
    caller may show (ids, times, limits, positions), never secrets.
    """

    code: str = "internal_error"

    def __init__(self, message: str, *, code: str | None = None, **facts: Any) -> None:
        super().__init__(message)
        if code is not None:
            self.code = code
        self.facts = facts

    @property
    def message(self) -> str:
        return str(self.args[0])


class InputRefused(ProvenanceError):
    code = "invalid_input"


class KeyMalformed(InputRefused):
    """``facts``: ``position`` (0-based, in the raw text) where one character is to blame."""

    code = "key_malformed"


class FileRefused(InputRefused):
    """``facts``: ``line`` (1-based) and ``column`` where known."""

    code = "file_refused"


class ManifestInvalid(InputRefused):
    code = "manifest_invalid"


class SignatureInvalid(InputRefused):
    code = "signature_invalid"


class ProofInvalid(InputRefused):
    """A Merkle proof that does not hold; the bundle's verifier names its step as ``ProofRejected``."""

    code = "merkle_proof_invalid"


class ProofRejected(ProvenanceError):
    """A proof that fails. ``step`` is the number of the check in FORMATS §10."""

    code = "proof_rejected"

    def __init__(self, step: int, message: str, *, code: str | None = None, **facts: Any) -> None:
        super().__init__(message, code=code, step=step, **facts)
        self.step = step


class Refused(ProvenanceError):
    code = "refused"


class CustodyRefused(Refused):
    """The custody law says no.

    ``evidence`` is the earlier step that stands in the way, where there is one; a service turns
    it into the facts ``event``, ``time`` and ``index``.
    """

    code = "not_lawful"
    evidence: Any = None


class ManyRefused(Refused):
    """Nothing was done; ``errors`` says which of the things asked for stood in the way, by position."""

    code = "not_all_possible"

    def __init__(self, message: str, errors: list[tuple[int, ProvenanceError]]) -> None:
        super().__init__(message)
        self.errors = errors


class Conflict(Refused):
    code = "conflict"


class ChainRefused(Refused):
    """The node or a contract said no. ``facts``: ``reason``, the node's own words, shortened."""

    code = "chain_refused"


class NotFound(ProvenanceError):
    code = "not_found"


class AccessDenied(ProvenanceError):
    code = "access_denied"


class LimitReached(ProvenanceError):
    """``facts``: ``retry_after`` in seconds."""

    code = "rate_limited"


class Unavailable(ProvenanceError):
    code = "unavailable"


class ChainUnavailable(Unavailable):
    code = "chain_unavailable"


class ChainMismatch(Unavailable):
    code = "chain_mismatch"


class NetworkUnavailable(Unavailable):
    code = "host_unreachable"


class StoreUnavailable(Unavailable):
    code = "store_unavailable"
