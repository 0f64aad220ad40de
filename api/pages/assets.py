"""The pages' files, under a digest of them all: cached for ever, and never an old one beside a new one."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

_TYPES: Final = {
    "normaliser.js": "text/javascript; charset=utf-8",
    "check/check.js": "text/javascript; charset=utf-8",
    "check/answer.js": "text/javascript; charset=utf-8",
    "check/asking.js": "text/javascript; charset=utf-8",
    "check/dom.js": "text/javascript; charset=utf-8",
    "check/reading.js": "text/javascript; charset=utf-8",
    "check/built/journey.js": "text/javascript; charset=utf-8",
    "check/order.js": "text/javascript; charset=utf-8",
    "check/orderview.js": "text/javascript; charset=utf-8",
    "check/order.css": "text/css; charset=utf-8",
    "check/platform.css": "text/css; charset=utf-8",
    "check/check.css": "text/css; charset=utf-8",
    "check/icon.svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is sent."""

    content: bytes
    content_type: str


@cache
def assets() -> dict[str, Asset]:
    """Every file by its name below the digest. Nothing else of the folder is ever sent."""
    folder = files("provenance") / "web"
    return {name: Asset(folder.joinpath(name).read_bytes(), kind) for name, kind in _TYPES.items()}


@cache
def digest() -> str:
    """What all the files are, in 16 hex digits."""
    whole = hashlib.sha256()
    for name, asset in sorted(assets().items()):
        whole.update(f"{name}\n{len(asset.content)}\n".encode() + asset.content)
    return whole.hexdigest()[:16]
