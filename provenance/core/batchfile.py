"""A batch's manifest as a file beside the log: whose it is can be checked, so it may come from anybody.

Its hash is the batch id that the log names, and it bears the supplier's signature. It says nothing of
what the keys are: the manifest holds only the hash of that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from provenance.core import canonical
from provenance.core.manifest import BatchManifest, Domain, verify_signature
from provenance.errors import InputRefused

MAX_FILE = 4096
_MEMBERS = {"manifest", "domain", "signature"}
_MANIFEST = {"supplier", "root", "size", "max_uses", "expires_at", "details"}
_DOMAIN = {"chain_id", "registry"}


@dataclass(frozen=True, slots=True)
class SignedManifest:
    """A manifest with the domain it was signed for and the supplier's signature, not yet verified."""

    manifest: BatchManifest
    domain: Domain
    signature: bytes

    def verify(self) -> None:
        """Return if the supplier signed it; raises :class:`SignatureInvalid`."""
        verify_signature(self.manifest, self.domain, self.signature)

    def encode(self) -> bytes:
        """The file: RFC 8785."""
        manifest = self.manifest
        return canonical.encode(
            {
                "manifest": {
                    "supplier": "0x" + manifest.supplier.hex(),
                    "root": manifest.root.hex(),
                    "size": manifest.size,
                    "max_uses": manifest.max_uses,
                    "expires_at": manifest.expires_at,
                    "details": manifest.details.hex(),
                },
                "domain": {"chain_id": self.domain.chain_id, "registry": "0x" + self.domain.registry.hex()},
                "signature": "0x" + self.signature.hex(),
            }
        )

    @classmethod
    def parse(cls, raw: bytes) -> SignedManifest:
        """Read the file; raises :class:`InputRefused` (``manifest_file_malformed``)."""
        try:
            told = _members(canonical.parse_canonical(raw, max_bytes=MAX_FILE), _MEMBERS)
            manifest, domain = _members(told["manifest"], _MANIFEST), _members(told["domain"], _DOMAIN)
            return cls(
                BatchManifest(
                    bytes.fromhex(manifest["supplier"][2:]),
                    bytes.fromhex(manifest["root"]),
                    manifest["size"],
                    manifest["max_uses"],
                    manifest["expires_at"],
                    bytes.fromhex(manifest["details"]),
                ),
                Domain(domain["chain_id"], bytes.fromhex(domain["registry"][2:])),
                bytes.fromhex(told["signature"][2:]),
            )
        except (InputRefused, TypeError, ValueError, KeyError) as error:
            raise InputRefused(
                "a batch file holds a manifest, its domain and a signature", code="manifest_file_malformed"
            ) from error


def batch_path(batch_id: bytes) -> str:
    """Where the file of a batch lies below the root of the log: ``batch/<64 hex digits>``."""
    return f"batch/{batch_id.hex()}"


def _members(value: object, names: set[str]) -> dict[str, Any]:
    if not isinstance(value, dict) or set(value) != names:
        raise ValueError(f"exactly the members {sorted(names)}")
    return value
