"""What a registration leaves behind: never a key in clear, and nothing at all when it is cut short."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from io import BytesIO
from pathlib import Path

import pytest

from provenance.errors import FileRefused
from provenance.services.registration import StageOptions
from tests.services.registration_world import FIRST, lines, numbered, sqlite_bytes, world

ROOT = Path(__file__).resolve().parents[2]


def test_no_key_stands_in_clear_in_the_database(sqlite_url: str) -> None:
    serials = [f"{number * 104_729:017d}" for number in range(1, 400)]
    secrets = [f"{number * 7_919_919_919:018d}" for number in range(1, 400)]
    file = "".join(f"{serial}----{secret}\n" for serial, secret in zip(serials, secrets, strict=True))
    with world(sqlite_url) as here:
        staged = here.stage(
            FIRST, file + file[:38] + "not a key 77777\n", "cmcc-national", on_error="proceed"
        )
        assert staged.to_sign is not None and staged.counts.accepted == 399
        here.commission(FIRST, staged)
        seed = staged.to_sign.seed
        held = sqlite_bytes(sqlite_url)
    assert staged.to_sign.batch_id in held
    for text in (*serials, *secrets, "77777"):
        assert text.encode() not in held
    assert seed not in held and seed.hex().encode() not in held


class _Watched:
    """A file that looks into the temporary folder whenever it is read."""

    def __init__(self, data: bytes, folder: Path) -> None:
        self._stream = BytesIO(data)
        self._folder = folder
        self.seen: list[bytes] = []

    def read(self, size: int = -1) -> bytes:
        self.seen += [each.read_bytes() for each in self._folder.rglob("*") if each.is_file()]
        return self._stream.read(size)


def test_no_temporary_file_has_a_name_while_a_file_is_read(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    watched = _Watched(lines(*numbered(0, 40_000)).encode(), tmp_path)
    with world(sqlite_url) as here:
        here.service.stage(FIRST.address, watched, StageOptions("google-play"))  # type: ignore[arg-type]
    assert watched.seen == []
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_refused_half_way_leaves_no_temporary_file(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = set(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").exists() else set()
    with world(sqlite_url) as here:
        with pytest.raises(FileRefused):
            here.stage(FIRST, lines(*numbered(0, 30_000)).encode() + b"\xff\xff\xff\n", "google-play")
        assert here.count("card_key") == 0
    after = set(os.listdir("/proc/self/fd")) if before else set()
    assert list(tmp_path.iterdir()) == []
    assert len(after) <= len(before) + 1


CHILD = """
import sys
from io import BytesIO
from tests.services.registration_world import FIRST, World, lines, numbered
from provenance.services.registration import StageOptions

here = World(sys.argv[1], seed=int(sys.argv[2]))
data = BytesIO(lines(*numbered(0, 20_000)).encode())
def told(count):
    print(count, flush=True)
here.service.stage(FIRST.address, data, StageOptions("google-play"), told)
print("staged", flush=True)
"""


@pytest.mark.crash
@pytest.mark.slow
def test_a_process_killed_while_it_stages_leaves_a_whole_batch_or_nothing(
    database_url: str, tmp_path: Path
) -> None:
    with world(database_url) as here:
        whole = 0
        for attempt, (wait_for, delay) in enumerate(
            [("4096", 0.0), ("20000", 0.0), ("20000", 0.05), ("20000", 0.2), ("20000", 0.5), ("staged", 0.0)]
        ):
            _kill_while_staging(database_url, tmp_path, attempt + 100, wait_for, delay)
            for table in ("card_key", "alias"):
                assert here.count(table) in (0, 20_000)
            assert here.count("batch") == (here.count("card_key") > 0)
            assert list(tmp_path.iterdir()) == []
            if here.count("batch"):
                whole += 1
                here.clock.time += 25 * 3_600_000
                assert here.service.purge_expired() == 1
                with here.context.database.write() as connection:
                    connection.exec_driver_sql("DELETE FROM batch")
                here.clock.time -= 25 * 3_600_000
        assert whole >= 1
        staged = here.stage(FIRST, lines(*numbered(0, 20_000)), "google-play")
        assert staged.counts.accepted == 20_000


def _kill_while_staging(url: str, folder: Path, seed: int, wait_for: str, delay: float) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, url, str(seed)],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(folder), "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    with child.stdout:
        for said in child.stdout:
            if said.strip() == wait_for:
                break
        time.sleep(delay)
        child.send_signal(signal.SIGKILL)
        child.wait()


MEASURE = """
import resource, sys
from tests.services.registration_world import FIRST, world
from provenance.services.registration import StageOptions

class Made:
    def __init__(self, count):
        self.lines = (f"GP{number * 7919:014d}\\n".encode() for number in range(count))
        self.rest = b""
    def read(self, size):
        while len(self.rest) < size:
            line = next(self.lines, None)
            if line is None:
                break
            self.rest += line
        data, self.rest = self.rest[:size], self.rest[size:]
        return data

with world(sys.argv[1]) as here:
    options = StageOptions("google-play", shuffle=sys.argv[3] == "True")
    staged = here.service.stage(FIRST.address, Made(int(sys.argv[2])), options)
    assert staged.counts.accepted == int(sys.argv[2])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.slow
@pytest.mark.parametrize("shuffle", [False, True])
def test_three_times_the_keys_take_no_more_memory(sqlite_databases, shuffle: bool) -> None:  # type: ignore[no-untyped-def]
    peaks = []
    for count in (50_000, 150_000):
        ran = subprocess.run(
            [
                sys.executable,
                "-c",
                textwrap.dedent(MEASURE),
                sqlite_databases.migrated(),
                str(count),
                str(shuffle),
            ],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            check=True,
            capture_output=True,
            text=True,
        )
        peaks.append(int(ran.stdout) / 1024)
    assert peaks[1] - peaks[0] < 20, peaks
