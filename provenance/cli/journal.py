"""The journal beside a supplier file: how far its registration came, so that it can be taken up again.

It holds no key, no seed and no credential: a batch id, a stage, and a keyed fingerprint of file and
options, by which a changed file is noticed.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal

from provenance import durable
from provenance.errors import InputRefused

Stage = Literal["uploading", "staged", "live"]

SUFFIX: Final = ".provenance-journal"
_STAGES: Final = ("uploading", "staged", "live")
_CHUNK: Final = 1 << 20
_MAX_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Journal:
    """How far a registration came: ``uploading`` (answer not seen), ``staged`` (not signed), ``live``.

    ``attempt`` counts the stagings that were given up or lapsed: their answers are of no more use.
    """

    fingerprint: str
    stage: Stage
    batch: str | None = None
    attempt: int = 0

    @property
    def key(self) -> str:
        """The Idempotency-Key of the upload."""
        return f"{self.fingerprint}-{self.attempt}"

    @property
    def is_staged(self) -> bool:
        return self.stage == "staged" and self.batch is not None


def path_of(file: Path) -> Path:
    """Where the journal of a file lies."""
    return file.with_name(file.name + SUFFIX)


def read(file: Path) -> Journal | None:
    """The journal of *file*; raises ``InputRefused`` (``journal_malformed``)."""
    path = path_of(file)
    try:
        with path.open("rb") as stream:
            return _journal(json.loads(stream.read(_MAX_BYTES)))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError, RecursionError):
        raise _malformed(path) from None


def write(file: Path, journal: Journal) -> None:
    """Replace the journal of *file*, whole and durably."""
    durable.replace(path_of(file), json.dumps(asdict(journal)).encode(), mode=0o600)


def fingerprint(file: Path, options: Mapping[str, Any], token: str, progress: Callable[[int], None]) -> str:
    """What this file with these options is known by: the stem of the registration's Idempotency-Key.

    Keyed by the credential: a plain hash of a short file of weak keys could be tried out by whoever
    sees the header. *progress* is told the bytes of every step.
    """
    mac = hmac.new(token.encode(), json.dumps(dict(options), sort_keys=True).encode(), hashlib.sha256)
    with durable.open_regular(file) as stream:
        while chunk := stream.read(_CHUNK):
            mac.update(chunk)
            progress(len(chunk))
    return "register-" + mac.hexdigest()


def _malformed(path: Path) -> InputRefused:
    return InputRefused(
        "the journal is damaged; remove it to start over, nothing is lost by that",
        code="journal_malformed",
        file=str(path),
    )


def _journal(members: Any) -> Journal:
    fingerprint, stage, batch = members["fingerprint"], members["stage"], members["batch"]
    attempt = members["attempt"]
    is_form = isinstance(fingerprint, str) and stage in _STAGES and type(attempt) is int
    if not is_form or not (batch is None or isinstance(batch, str)):
        raise ValueError("not a journal")
    return Journal(fingerprint, stage, batch, attempt)
