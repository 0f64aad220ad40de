"""Files that lie encrypted on disk, each under a key of its own that the vault seals.

The form is STREAM, as in age: pieces of 256 KiB under AES-256-GCM, the nonce an 11-byte counter and one byte
that is 1 on the last piece. So a piece that is missing, moved, or cut off at the end does not open. A key is
used for one file, so the counter may start at zero; without the key the file is noise, and erasing the key
erases the file, wherever copies of it lie.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol, TypeVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from provenance import durable
from provenance.core.claims import EvidenceType
from provenance.errors import FileRefused, InputRefused, ProvenanceError, Unavailable
from provenance.services.context import Context
from provenance.services.vault import SealBroken
from provenance.services.warranty.media import ALLOWED, VIDEOS, Media, MediaCheck
from provenance.store.database import Connection

PIECE: Final = 256 << 10
UPLOAD_MS: Final = 6 * 3_600_000
"""An upload that took longer is not kept: what is older and has no row must surely be an orphan."""
ORPHAN_MS: Final = 24 * 3_600_000
_MAGIC: Final = b"card-key-provenance/sealed-file/v1\n"
_TAG: Final = 16
_KEY_SIZE: Final = 32
_NAME: Final = re.compile(r"[0-9a-f]{32}")


class Kept(Protocol):
    """A row that names its file."""

    @property
    def file(self) -> str | None: ...


Row = TypeVar("Row", bound=Kept)


class Stream(Protocol):
    """Bytes that come from outside; ``read`` gives fewer than asked for only near the end, or b""."""

    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Bounds:
    """Bytes that a file may have, by what it turns out to be."""

    record: int
    video: int

    def of(self, media: Media) -> int:
        return self.video if media in VIDEOS else self.record

    def check(self, type: EvidenceType, size: int) -> None:
        """Whether a file of *size* bytes may be handed in as *type*, before its first byte is read.

        Raises :class:`InputRefused`: ``evidence_type_not_uploaded``, ``evidence_empty``,
        ``evidence_too_large``.
        """
        allowed = ALLOWED.get(type)
        if allowed is None:
            raise InputRefused(
                "log entries and requests for evidence are kept by the service itself",
                code="evidence_type_not_uploaded",
            )
        if size < 1:
            raise InputRefused("an empty file shows nothing", code="evidence_empty")
        limit = max(self.of(media) for media in allowed)
        if size > limit:
            raise too_large(limit)


@dataclass(frozen=True, slots=True)
class SealedFile:
    """A file on disk: *digest* is the SHA-256 of its plain bytes, *key* the sealed key bound to it."""

    name: str
    key: bytes = field(repr=False)
    digest: bytes
    size: int
    media: Media


class SealedFiles:
    """The files of one folder. Names are made here and sort by time; 256 sub-folders keep listings short."""

    def __init__(self, context: Context, folder: Path) -> None:
        self._context = context
        self._folder = folder

    def write(self, stream: Stream, declared: int, check: MediaCheck, bounds: Bounds) -> SealedFile:
        """Keep the *declared* bytes of *stream*, durably; nothing plain ever lies on the disk.

        Raises :class:`InputRefused` (``evidence_size_differs``, ``evidence_too_large`` and those of *check*),
        :class:`FileRefused` (``upload_broken_off``), :class:`Unavailable` (``evidence_store_unwritable``);
        after each of them there is no file.
        """
        name = self._context.event_id(self._context.clock.now()).hex()
        key = self._context.entropy(_KEY_SIZE)
        intake = _Intake(stream, declared, check, bounds)
        try:
            durable.replace(self._path(name), _sealed(intake, key), 0o600)
        except OSError as error:
            raise Unavailable(
                "the evidence cannot be written down just now; nothing was kept, try again later",
                code="evidence_store_unwritable",
            ) from error
        digest = intake.digest
        return SealedFile(
            name, self._context.vault.seal(key, _bound(digest)), digest, declared, intake.media()
        )

    def settle(self, written: SealedFile, started: int, store: Callable[[Connection], Row]) -> Row:
        """Let *store* give a written file its row in a transaction; without a row the file goes.

        *started* (ms) is when the upload began. The row may be an older one: then this file is one too many.
        """
        if self._context.clock.now() - started > UPLOAD_MS:
            self.remove(written.name)
            raise InputRefused("the upload took too long; send it again", code="upload_broken_off")
        try:
            row = self._context.database.retrying(store)
        except Unavailable:
            # Whether the row was committed is not known: the file stays, and the sweep finds out.
            raise
        except ProvenanceError:
            self.remove(written.name)
            raise
        if row.file != written.name:
            self.remove(written.name)
        return row

    def read(self, name: str, sealed_key: bytes, digest: bytes) -> Iterator[bytes]:
        """The plain bytes, piece by piece; the first is opened before this returns.

        Raises :class:`SealBroken` for whatever is not the file that was written, also in the middle of it.
        """
        key = self._context.vault.unseal(sealed_key, _bound(digest))
        pieces = _opened(self._path(name), key)
        first = next(pieces)
        return _behind(first, pieces)

    def remove(self, name: str) -> None:
        """Take a file away; one that is not there is taken away already."""
        self._path(name).unlink(missing_ok=True)

    def older_than(self, moment: int) -> Iterator[tuple[str, Path]]:
        """Name and path of every file that was begun before *moment* (ms), unfinished ones included."""
        for folder in sorted(self._folder.glob("[0-9a-f][0-9a-f]")):
            for path in folder.iterdir():
                name = path.name.removesuffix(".new")
                if _NAME.fullmatch(name) and int(name[:12], 16) < moment:
                    yield name, path

    def _path(self, name: str) -> Path:
        # The last digits are random, the first ones time.
        return self._folder / name[-2:] / name


class _Intake:
    """The plain bytes on their way in: counted, hashed and looked at."""

    def __init__(self, stream: Stream, declared: int, check: MediaCheck, bounds: Bounds) -> None:
        self._stream = stream
        self._declared = declared
        self._check = check
        self._bounds = bounds
        self._hash = hashlib.sha256()
        self._media: Media | None = None

    @property
    def digest(self) -> bytes:
        return self._hash.digest()

    def media(self) -> Media:
        assert self._media is not None  # noqa: S101 - a file has at least one piece
        return self._media

    def pieces(self) -> Iterator[tuple[bytes, bool]]:
        """Whole pieces, and whether each is the last."""
        rest = self._declared
        while rest > 0:
            piece = self._next(min(PIECE, rest))
            rest -= len(piece)
            self._look(piece, rest == 0)
            if rest == 0 and self._read(1):
                raise _differs(self._declared)
            yield piece, rest == 0

    def _look(self, piece: bytes, is_last: bool) -> None:
        self._hash.update(piece)
        self._media = self._check.look(piece, is_last)
        limit = self._bounds.of(self._media)
        if self._declared > limit:
            raise too_large(limit)

    def _next(self, size: int) -> bytes:
        piece = b""
        while len(piece) < size:
            more = self._read(size - len(piece))
            if not more:
                raise _differs(self._declared)
            piece += more
        return piece

    def _read(self, size: int) -> bytes:
        try:
            return self._stream.read(size)
        except OSError as error:
            raise FileRefused(
                "the upload broke off; send the file again", code="upload_broken_off"
            ) from error


def too_large(limit: int) -> InputRefused:
    """The refusal of a file beyond *limit* bytes."""
    return InputRefused(
        f"such a file has at most {limit} bytes; send a shorter one", code="evidence_too_large", limit=limit
    )


def _differs(declared: int) -> InputRefused:
    return InputRefused(
        "the file has another size than was announced; announce what you send",
        code="evidence_size_differs",
        announced=declared,
    )


def _sealed(intake: _Intake, key: bytes) -> Iterator[bytes]:
    cipher = AESGCM(key)
    yield _MAGIC
    for counter, (piece, is_last) in enumerate(intake.pieces()):
        yield cipher.encrypt(_nonce(counter, is_last), piece, _MAGIC)


def _opened(path: Path, key: bytes) -> Iterator[bytes]:
    cipher = AESGCM(key)
    try:
        with path.open("rb") as file:
            if file.read(len(_MAGIC)) != _MAGIC:
                raise _broken()
            counter, sealed = 0, file.read(PIECE + _TAG)
            while True:
                after = file.read(PIECE + _TAG)
                yield cipher.decrypt(_nonce(counter, not after), sealed, _MAGIC)
                if not after:
                    return
                counter, sealed = counter + 1, after
    except (InvalidTag, FileNotFoundError) as error:
        raise _broken() from error


def _behind(first: bytes, pieces: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from pieces


def _broken() -> SealBroken:
    return SealBroken("a kept file is damaged or missing; restore it from a backup")


def _nonce(counter: int, is_last: bool) -> bytes:
    return counter.to_bytes(11) + bytes([is_last])


def _bound(digest: bytes) -> bytes:
    return b"sealed file\0" + digest
