"""What goes into a registration and what comes out of it, as values."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal

from provenance.core.canonical import MAX_INTEGER
from provenance.core.keyformats import KeyFormat, format_by_id
from provenance.core.manifest import BatchDetails, BatchManifest, Domain
from provenance.errors import InputRefused
from provenance.store.batches import RejectedLine, Status

MAX_USES: Final = 1_000
INLINE_REJECTS: Final = 1_000
"""Rejected lines in the answer itself; all of them wait at the batch."""
INLINE_REJECTS_ROLLED_BACK: Final = 100_000
"""After a rollback there is no batch to ask: the answer lists them, up to what fits into one."""

AnchorState = Literal["pending", "anchored", "final"]


@dataclass(frozen=True, slots=True)
class StageOptions:
    """What a supplier says about its file.

    ``format`` is a format id, ``alphabet`` one of its named alternatives; ``expires_at`` is unix seconds, 0
    for never; ``shuffle`` None lets the design choose. ``on_error``: ``rollback`` stores nothing if one line
    is rejected, ``proceed`` registers the others. Raises :class:`InputRefused`.
    """

    format: str
    filename: str | None = None
    content_type: str | None = None
    max_uses: int = 1
    expires_at: int = 0
    shuffle: bool | None = None
    on_error: Literal["rollback", "proceed"] = "rollback"
    product: str = ""
    face_value: str = "0"
    currency: str = "CNY"
    supplier_reference: str = ""
    alphabet: str | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.max_uses <= MAX_USES:
            raise InputRefused(
                f"max_uses is from 1 to {MAX_USES}", code="max_uses_out_of_range", limit=MAX_USES
            )
        if not 0 <= self.expires_at <= MAX_INTEGER:
            raise InputRefused("expires_at is unix seconds, or 0 for never", code="expires_at_out_of_range")
        if self.on_error not in ("rollback", "proceed"):
            raise InputRefused("on_error is rollback or proceed", code="unknown_on_error")
        self.details(bytes(32))

    @property
    def key_format(self) -> KeyFormat:
        """The format with the chosen alphabet; raises :class:`InputRefused`."""
        found = format_by_id(self.format)
        return found if self.alphabet is None else found.with_alphabet(self.alphabet)

    def details(self, source: bytes) -> BatchDetails:
        """The details of the manifest, given the fingerprint of the file; raises ``ManifestInvalid``."""
        return BatchDetails(
            self.format,
            self.key_format.version,
            self.product,
            self.face_value,
            self.currency,
            self.supplier_reference,
            source,
        )


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Well-formed lines that are refused because the key is known, each counted once, by first reason."""

    in_file: int = 0
    own: int = 0
    other_party: int = 0
    other_format: int = 0

    @property
    def total(self) -> int:
        return self.in_file + self.own + self.other_party + self.other_format


@dataclass(frozen=True, slots=True)
class Counts:
    """Lines of a file: ``accepted`` became keys (none after a rollback), ``rejected`` could not be read."""

    accepted: int
    rejected: int
    duplicates: Duplicates

    @property
    def refused(self) -> int:
        """Lines that are not in the batch, for either reason."""
        return self.rejected + self.duplicates.total

    def to_json(self) -> dict[str, Any]:
        """The members of the answer."""
        return asdict(self)

    @classmethod
    def from_json(cls, members: dict[str, Any]) -> Counts:
        """Read what :meth:`to_json` gave."""
        return cls(members["accepted"], members["rejected"], Duplicates(**members["duplicates"]))


@dataclass(frozen=True, slots=True)
class ToSign:
    """What the supplier checks and signs: it recomputes ``manifest.root`` from its file and ``seed``.

    ``seed`` is the 32 bytes of S_batch, a secret of the supplier; ``staged_until`` is ms.
    """

    manifest: BatchManifest
    details: BatchDetails
    domain: Domain
    shuffled: bool
    staged_until: int
    seed: bytes = field(repr=False)

    @property
    def batch_id(self) -> bytes:
        return self.manifest.batch_id

    @property
    def digest(self) -> bytes:
        """The 32 bytes that are signed (EIP-712)."""
        return self.manifest.digest(self.domain)


@dataclass(frozen=True, slots=True)
class Staged:
    """The answer to a file. ``to_sign`` is None when nothing was stored.

    ``rejects`` are the first of ``counts.refused`` rejected lines, in order; ``guesses`` is how many lines
    told the supplier something about another party's keys.
    """

    counts: Counts
    rejects: tuple[RejectedLine, ...]
    guesses: int
    to_sign: ToSign | None = None

    @property
    def batch_id(self) -> bytes | None:
        return None if self.to_sign is None else self.to_sign.batch_id


@dataclass(frozen=True, slots=True)
class BatchView:
    """A batch as it stands now. Times in ms; ``domain`` is the one signed for, or to be signed for.

    ``anchor`` is None until the batch is live. ``details`` are those of the manifest.
    """

    batch_id: bytes
    manifest: BatchManifest
    details: BatchDetails
    domain: Domain
    shuffled: bool
    status: Status
    counts: Counts
    staged_until: int
    created_at: int
    commissioned_at: int | None
    signature: bytes | None
    anchor: AnchorState | None
    anchor_tx: bytes | None = None
    anchor_block: int | None = None

    @property
    def digest(self) -> bytes:
        """The 32 bytes that are signed (EIP-712)."""
        return self.manifest.digest(self.domain)
