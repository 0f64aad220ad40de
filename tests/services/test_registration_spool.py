"""The spool: what goes in comes out, in any order asked for, and the disk says nothing."""

from __future__ import annotations

import os
import secrets
from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from provenance.services.spool import Spool

records = st.lists(st.binary(max_size=300), max_size=40)


@given(records)
def test_records_come_back_in_order_as_often_as_wanted(wanted: list[bytes]) -> None:
    with Spool(secrets.token_bytes) as spool:
        for record in wanted:
            spool.append(record)
        assert list(spool) == wanted == list(spool)
        assert len(spool) == len(wanted)


@given(records, st.randoms())
def test_records_come_back_by_position_in_any_order(wanted: list[bytes], shuffler) -> None:  # type: ignore[no-untyped-def]
    with Spool(secrets.token_bytes) as spool:
        places = [(spool.append(record), record) for record in wanted]
        shuffler.shuffle(places)
        assert list(spool.at(position for position, _ in places)) == [record for _, record in places]


def test_positions_are_where_length_prefixes_put_them() -> None:
    with Spool(secrets.token_bytes) as spool:
        sizes = [0, 5, 700, 3]
        positions = [spool.append(bytes(size)) for size in sizes]
    assert positions == [0, *accumulate(size + 4 for size in sizes[:-1])]


def test_records_beyond_one_buffer_come_back() -> None:
    wanted = [bytes([number % 251]) * (number % 97) for number in range(20_000)]
    with Spool(secrets.token_bytes) as spool:
        positions = [spool.append(record) for record in wanted]
        assert list(spool) == wanted
        spool.append(b"one more after reading")
        assert list(spool)[-1] == b"one more after reading"
        assert list(spool.at(positions[::-1])) == wanted[::-1]


def test_the_disk_shows_nothing_of_the_records() -> None:
    with Spool(secrets.token_bytes) as spool:
        for _ in range(5_000):
            spool.append(b"4111-1111-1111-1111 is a secret of 64 bytes, repeated many times")
        list(spool)
        on_disk = os.pread(spool._file.fileno(), 1 << 20, 0)
    assert len(on_disk) > 300_000 and b"secret" not in on_disk and b"1111" not in on_disk
    assert "secret" not in repr(spool)
