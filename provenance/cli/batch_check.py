"""What a supplier checks before it signs: that the manifest says of its file what it itself finds in it.

Nothing that the service said is believed: the tree is computed again from the file and the seed,
and every member that was asked for is compared. Whoever signs without it signs the service's word.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NoReturn

from provenance import durable
from provenance.errors import FileRefused, Refused

if TYPE_CHECKING:
    from provenance.client import StagedBatch
    from provenance.core.manifest import Domain
    from provenance.services.recompute import Recomputed


def check(
    staged: StagedBatch,
    file: Path,
    options: Mapping[str, Any],
    *,
    supplier: bytes,
    network: Domain | None,
    rejected: frozenset[int],
    progress: Callable[[int], None],
) -> None:
    """Succeeds if *staged* may be signed; raises :class:`Refused` naming what differs.

    *rejected* are the lines that the service says it left out; *progress* is told bytes of the file.
    """
    _check_terms(staged, options, supplier, network)
    if rejected and options.get("on_error", "rollback") == "rollback":
        _differs("rejects", "all or nothing was asked, yet lines were left out")
    found = recompute(staged, file, options, rejected, progress)
    if found.size != staged.manifest.size:
        _differs("size", f"the file gives {found.size} keys, the manifest says {staged.manifest.size}")
    if found.root != staged.manifest.root:
        _differs("root", "the tree of the file has another root than the manifest")
    if found.source != staged.details.source:
        _differs("source", "the manifest's fingerprint is of another file")


def recompute(
    staged: StagedBatch,
    file: Path,
    options: Mapping[str, Any],
    rejected: frozenset[int],
    progress: Callable[[int], None],
) -> Recomputed:
    """Root, size and source from the file itself; raises :class:`FileRefused` naming the file."""
    from provenance.core.keyformats import format_by_id
    from provenance.services.recompute import recompute_root

    key_format = format_by_id(options["format"])
    if options.get("alphabet"):
        key_format = key_format.with_alphabet(options["alphabet"])
    try:
        with durable.open_regular(file) as stream:
            return recompute_root(
                _Told(stream, progress),  # type: ignore[arg-type]  # read() is all that is asked of it
                key_format,
                staged.seed,
                rejected,
                staged.shuffled,
                filename=options["filename"],
                content_type="application/octet-stream",
            )
    except FileRefused as error:
        error.facts["file"] = str(file)
        raise


class _Told:
    """A stream that tells how many bytes are read."""

    def __init__(self, stream: BinaryIO, progress: Callable[[int], None]) -> None:
        self._stream = stream
        self._progress = progress

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self._progress(len(data))
        return data


def _check_terms(
    staged: StagedBatch, options: Mapping[str, Any], supplier: bytes, network: Domain | None
) -> None:
    manifest, details = staged.manifest, staged.details
    if manifest.supplier != supplier:
        _differs("supplier", "the manifest names another supplier than your keystore")
    if manifest.details != details.hash:
        _differs("details", "the details shown are not those of the manifest")
    if network is not None and staged.domain != network:
        _differs("network", "the manifest is for another chain or registry than you named")
    asked = {"max_uses": (options.get("max_uses", 1), manifest.max_uses)}
    asked["expires_at"] = (options.get("expires_at", 0), manifest.expires_at)
    for name in ("format", "product", "face_value", "currency", "supplier_reference"):
        if name in options:
            asked[name] = (options[name], getattr(details, name))
    if options.get("shuffle") is not None:
        asked["shuffle"] = (options["shuffle"], staged.shuffled)
    for name, (wanted, told) in asked.items():
        if wanted != told:
            _differs(name, f"{name} of the manifest is not what you asked for")


def _differs(what: str, message: str) -> NoReturn:
    raise Refused(
        f"{message}: not signed; give the batch up, and ask the operator how this came about",
        code=f"{what}_differs",
    )
