"""The key files of a service: made once, readable by their owner alone, loaded at start.

``secrets/`` holds ``tag-<epoch>.key`` and ``master.key`` (32 bytes in hex), ``receipt.key`` and
``log.key`` (Ed25519 seeds in hex), and the keystores of the chain accounts. The API needs neither
``log.key`` nor the keystores: keep those where only the worker runs.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from provenance import durable
from provenance.errors import Unavailable

_SIZE: Final = 32
_LARGEST: Final = 1024
"""Bytes that are read of a key file: one line of hex, and room for white space."""


def create(folder: Path, entropy: bytes, name: str) -> bool:
    """Write 32 random bytes as *name*, never over an existing file; whether it was new.

    Created with mode 0600 from the first moment, flushed to disk before anybody relies on it.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / name
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "w") as file:
        file.write(entropy.hex() + "\n")
        file.flush()
        os.fsync(file.fileno())
    durable.sync_folder(folder)
    return True


def stage(folder: Path, entropy: bytes, name: str) -> Callable[[], None]:
    """Write 32 bytes durably as ``<name>.next``; what is returned puts them in the place of *name*.

    An earlier ``.next`` that nothing was announced for is written over.
    """
    waiting = folder / f"{name}.next"
    waiting.unlink(missing_ok=True)
    create(folder, entropy, waiting.name)

    return lambda: durable.move(waiting, folder / name)


def load(folder: Path, name: str) -> bytes:
    """The 32 bytes of a key file; raises :class:`Unavailable` (``key_file_missing``, ``key_file_broken``)."""
    path = folder / name
    try:
        with durable.open_regular(path) as file:
            text = file.read(_LARGEST).strip()
    except OSError as error:
        raise Unavailable(
            f"the key file {name} cannot be read in the secrets folder; run `provenance init`, or restore it",
            code="key_file_missing",
        ) from error
    try:
        secret = bytes.fromhex(text.decode("ascii"))
    except ValueError:  # what is no ASCII among it
        secret = b""
    if len(secret) != _SIZE:
        raise Unavailable(f"the key file {name} is not 32 bytes in hex; restore it", code="key_file_broken")
    return secret


def load_tag_keys(folder: Path) -> dict[int, bytes]:
    """``K_tag`` by epoch."""
    epochs = sorted(
        int(path.stem.removeprefix("tag-"))
        for path in folder.glob("tag-*.key")
        if path.stem.removeprefix("tag-").isdigit()
    )
    if not epochs:
        raise Unavailable("no tag key in the secrets folder; run `provenance init`", code="key_file_missing")
    return {epoch: load(folder, f"tag-{epoch}.key") for epoch in epochs}


def load_signing_key(folder: Path, name: str) -> Ed25519PrivateKey:
    """An Ed25519 private key from its 32-byte seed."""
    return Ed25519PrivateKey.from_private_bytes(load(folder, name))


def load_password(folder: Path, name: str) -> bytes:
    """The password of a keystore, without a newline at its end; raises :class:`Unavailable`."""
    try:
        return (folder / name).read_bytes().rstrip(b"\r\n")
    except OSError as error:
        raise Unavailable(
            f"the password file {name} cannot be read in the secrets folder; put it beside its keystore",
            code="key_file_missing",
        ) from error
