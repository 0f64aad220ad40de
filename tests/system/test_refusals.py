"""What the demo and the server refuse before they touch anything."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from api.serve import serve
from provenance.config import Settings
from provenance.demo.stage import MARKER, Stage
from provenance.errors import InputRefused, Unavailable
from provenance.services.chainprobe import ChainProbe
from tests.support.ports import free_port


def test_the_demo_leaves_a_folder_alone_that_no_demo_made(tmp_path: Path) -> None:
    precious = tmp_path / "precious.txt"
    precious.write_text("the only copy")
    with pytest.raises(InputRefused) as refused:
        Stage(tmp_path)
    assert refused.value.code == "folder_not_empty"
    assert precious.read_text() == "the only copy"


def test_the_demo_empties_what_an_earlier_demo_made(tmp_path: Path) -> None:
    Stage(tmp_path / "stage").close()
    (tmp_path / "stage" / "old").touch()
    Stage(tmp_path / "stage").close()
    assert {path.name for path in (tmp_path / "stage").iterdir()} == {MARKER, "logs"}


def test_a_port_in_use_is_refused_and_not_shared(tmp_path: Path) -> None:
    port = free_port()
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", port))
        other.listen()
        with pytest.raises(Unavailable) as refused:
            serve(Settings(home=tmp_path, port=port))
    assert refused.value.code == "port_in_use"


def test_a_chain_that_is_away_is_told_by_its_code() -> None:
    def away() -> None:
        raise Unavailable("the node does not answer", code="chain_unavailable")

    assert ChainProbe(away).status() == "chain_unavailable"
    assert ChainProbe(lambda: None).status() == "ok"
