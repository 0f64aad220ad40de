"""A key file is 32 bytes in hex, or the service says which one is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from provenance import keyfiles
from provenance.errors import Unavailable
from tests.support.pipes import held_pipe


@pytest.mark.parametrize(
    "content", [b"", b"00" * 31, b"00" * 33, b"zz" * 32, b"\xff\xfe" * 32, b"00" * 1_000_000]
)
def test_a_key_file_that_holds_something_else_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "log.key").write_bytes(content)
    with pytest.raises(Unavailable, match=r"log\.key") as refused:
        keyfiles.load(tmp_path, "log.key")
    assert refused.value.code == "key_file_broken"


def test_a_pipe_in_its_place_keeps_nobody_waiting(tmp_path: Path) -> None:
    with held_pipe(tmp_path / "log.key"), pytest.raises(Unavailable) as refused:
        keyfiles.load(tmp_path, "log.key")
    assert refused.value.code == "key_file_missing"
