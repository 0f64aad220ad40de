"""The manifests that a log serves beside its entries: read once a batch, and what is wrong with each.

Without its manifest nobody can say how often a batch's keys may be sold, or until when. So a manifest that
is not there is a finding, and never a licence.
"""

from __future__ import annotations

from typing import Final

from provenance.audit.source import LogSource
from provenance.core.batchfile import SignedManifest, batch_path
from provenance.core.manifest import BatchManifest
from provenance.errors import InputRefused, SignatureInvalid, Unavailable

_WITHOUT: Final = "; how often its keys may be sold, and until when, is unknown"


class ManifestReader:
    """Gives a replay the manifest of a batch id from *source*; remembers what it has against it."""

    def __init__(self, source: LogSource) -> None:
        self._source = source
        self._said: dict[bytes, tuple[str, str]] = {}
        self.unsigned: set[bytes] = set()
        """Batches for which no manifest with a good signature was served."""

    def __call__(self, batch_id: bytes) -> BatchManifest | None:
        """The manifest whose hash is *batch_id*, ``None`` where it is not served."""
        path = batch_path(batch_id)
        try:
            raw = self._source.file(path)
            if raw is None:
                self._without(batch_id, "manifest_missing", f"the log serves no {path}")
                return None
            signed = SignedManifest.parse(raw)
        except (InputRefused, Unavailable) as error:
            if isinstance(error, Unavailable) and error.code != "source_too_large":
                raise
            self._without(batch_id, "manifest_malformed", f"{path}: {error.message}")
            return None
        if signed.manifest.batch_id != batch_id:
            said = f"{path} is the manifest of {signed.manifest.batch_id.hex()}"
            self._without(batch_id, "manifest_other", said)
            return None
        if signed.encode() != raw:
            self._said[batch_id] = ("manifest_malformed", f"{path} is not in canonical form")
        try:
            signed.verify()
        except SignatureInvalid as error:
            self.unsigned.add(batch_id)
            self._said[batch_id] = ("batch_not_signed", f"{path}: {error.message}")
        return signed.manifest

    def drain(self) -> dict[bytes, tuple[str, str]]:
        """Code and words by batch id, each said once."""
        said, self._said = self._said, {}
        return said

    def _without(self, batch_id: bytes, code: str, said: str) -> None:
        self.unsigned.add(batch_id)
        self._said[batch_id] = (code, said + _WITHOUT)
