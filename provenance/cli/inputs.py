"""Where secrets come from: files, standard input, a prompt or the environment; never the arguments.

``-`` names standard input everywhere. No message here repeats what it read.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final

import click

from provenance import durable
from provenance.cli.language import say
from provenance.errors import InputRefused, KeyMalformed

MAX_SECRET_BYTES: Final = 64 * 1024
MAX_KEYS_BYTES: Final = 8 << 20
_STDIN: Final = "-"
_HANDED_OVER: Final = ("/dev/fd/", "/proc/self/fd/", "/dev/stdin")


@contextmanager
def opened(path: str) -> Iterator[BinaryIO]:
    """A file to be read piece by piece; raises ``InputRefused`` (``file_missing``).

    Raises ``OSError`` for a pipe, a device or a folder, which nobody may wait for.
    """
    try:
        stream = _open(path)
    except FileNotFoundError:
        raise _missing(path) from None
    with stream:
        yield stream


def read_bytes(path: str, limit: int) -> bytes:
    """At most *limit* bytes of a file or of standard input; raises ``InputRefused`` (``file_too_large``)."""
    if path == _STDIN:
        return _bounded(sys.stdin.buffer, limit, say("standard input"))
    try:
        with _open(path) as stream:
            return _bounded(stream, limit, path)
    except FileNotFoundError:
        raise _missing(path) from None


def read_text(path: str, limit: int = MAX_SECRET_BYTES) -> str:
    """The same as UTF-8 text, a byte order mark dropped."""
    try:
        return read_bytes(path, limit).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputRefused(
            "the file is not UTF-8; save it as UTF-8", code="undecodable", file=_name(path)
        ) from None


def read_line(path: str, what: str) -> str:
    """The one line of a secret file; raises ``InputRefused`` (``secret_malformed``)."""
    lines = [line.strip() for line in read_text(path).splitlines() if line.strip()]
    if len(lines) != 1:
        raise InputRefused(
            f"expected one line that holds the {what}", code="secret_malformed", file=_name(path)
        )
    return lines[0]


def read_json(path: str) -> dict[str, Any]:
    """A JSON object from a file; raises ``InputRefused`` (``json_malformed``)."""
    try:
        found = json.loads(read_text(path))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise InputRefused("expected one JSON object", code="json_malformed", file=_name(path))
    return found


def password(path: str | None, *, confirm: bool = False) -> bytes:
    """A keystore's password: the line of a file, else asked for where there is a terminal."""
    if path is not None:
        return read_line(path, "password").encode()
    if not sys.stdin.isatty():
        raise InputRefused(
            "no password: name its file with --password-file, or - for standard input",
            code="password_missing",
        )
    asked: str = click.prompt(say("Password"), hide_input=True, confirmation_prompt=confirm, err=True)
    return asked.encode()


def token(path: str | None, *, required: bool = True) -> str | None:
    """The bearer token: of ``--token-file``, else ``PROVENANCE_TOKEN``, else ``PROVENANCE_TOKEN_FILE``."""
    chosen = path
    if chosen is None:
        if value := os.environ.get("PROVENANCE_TOKEN", "").strip():
            return _printable(value)
        chosen = os.environ.get("PROVENANCE_TOKEN_FILE")
    if chosen is None and not required:
        return None
    if chosen is None:
        raise click.UsageError(say("no credential: set PROVENANCE_TOKEN, or name a file with --token-file"))
    return _printable(read_line(chosen, "token"))


def card_keys(path: str, format_id: str) -> list[dict[str, str]]:
    """The keys of a file, one a line, as the API takes them; each is read here first.

    Raises :class:`KeyMalformed` naming file and line, never the key.
    """
    from provenance.core.keyformats import format_by_id, parse

    key_format = format_by_id(format_id)
    keys = []
    for number, raw in enumerate(read_text(path, MAX_KEYS_BYTES).splitlines(), 1):
        if not raw.strip():
            continue
        try:
            parse(key_format, raw)
        except KeyMalformed as error:
            raise KeyMalformed(error.message, code=error.code, file=_name(path), line=number) from None
        keys.append({"format": format_id, "text": raw})
    if not keys:
        raise InputRefused("no key in it; write one a line", code="file_blank", file=_name(path))
    return keys


def hash_text(text: str) -> str:
    """An id or hash as the API writes it; raises ``InputRefused`` (``hex_malformed``)."""
    told = text.lower().removeprefix("0x")
    if len(told) != 64 or not all(digit in "0123456789abcdef" for digit in told):
        raise InputRefused("an id or a hash has 64 hex digits", code="hex_malformed")
    return told


def write_secret(path: Path, content: bytes) -> None:
    """A new file that only its owner may read; raises ``InputRefused`` (``file_exists``) over an old one."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise InputRefused("exists already; name another file", code="file_exists", file=str(path)) from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _open(path: str) -> BinaryIO:
    # What a shell hands over as <(command) is a pipe too, but one that somebody is writing to.
    if path.startswith(_HANDED_OVER):
        return Path(path).open("rb")
    return durable.open_regular(Path(path))


def _missing(path: str) -> InputRefused:
    # Whoever puts the secret itself where its file is asked for must not find it in a log.
    is_path = "/" in path or "." in path
    message = "no such file; check the path (a secret goes into a file, never into an argument)"
    return InputRefused(message, code="file_missing", **({"file": path} if is_path else {}))


def _bounded(stream: BinaryIO, limit: int, name: str) -> bytes:
    content = stream.read(limit + 1)
    if len(content) > limit:
        message = f"larger than {limit} bytes; is it the right file?"
        raise InputRefused(message, code="file_too_large", file=name)
    return content


def _printable(value: str) -> str:
    # A line break or a foreign character in a header would be an error that quotes the token.
    if not value.isascii() or not value.isprintable() or " " in value:
        raise InputRefused("the token is malformed; copy it again whole", code="token_malformed")
    return value


def _name(path: str) -> str:
    return say("standard input") if path == _STDIN else path


def stdin_is_taken(*paths: str | None) -> bool:
    """Whether more than one of *paths* wants standard input."""
    return sum(path == _STDIN for path in paths) > 1


__all__ = [
    "card_keys", "opened", "password", "read_bytes", "read_json", "read_line", "read_text", "stdin_is_taken",
    "token", "write_secret",
]  # fmt: skip
