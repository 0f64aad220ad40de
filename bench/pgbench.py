"""PostgreSQL's own load generator on the same guarded update and insert, as the reference of a sale."""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path

import psycopg

from provenance.store.postgres_install import find_install, unprivileged

_TABLES = """
    CREATE TABLE ref_key (LIKE card_key INCLUDING ALL);
    CREATE TABLE ref_entry (LIKE entry INCLUDING ALL);
    INSERT INTO ref_key (tag, epoch, batch, idx)
        SELECT sha256(int8send(i)), 0, 1, i FROM generate_series(1, {keys}) i;
    ANALYZE ref_key;"""
_SALE = """\\set n :n + 1
\\set i :base + :client_id * :each + :n
BEGIN;
UPDATE ref_key SET state = 1, entries = entries + 1, last_time = 1800000000000, reserved_until = NULL,
    reserved_by = NULL, reservation = NULL
    WHERE tag = sha256(int8send(:i)) AND state = 0 AND entries = 0
    AND (reserved_until IS NULL OR reserved_until <= 1800000000000);
INSERT INTO ref_entry (event, time, type, subject, first, is_range, actor, party, raw, details)
    VALUES (substr(sha256(int8send(:i)), 1, 16), 1800000000000, 4, sha256('b'), :i, false,
            substr(sha256('a'), 1, 20), substr(sha256('p'), 1, 20), repeat('r', 124)::bytea,
            repeat('d', 120)::bytea);
COMMIT;
"""


class PgBench:
    """Sales by pgbench on tables of its own beside ours; every key is sold once."""

    def __init__(self, url: str, keys: int) -> None:
        self._url, self._keys, self._next = url, keys, 0
        install = find_install(unprivileged())
        self.program, self._environment = Path(install.program("pgbench")), install.environment()
        if not self.program.exists():
            raise FileNotFoundError("this PostgreSQL ships no pgbench")
        with psycopg.connect(url) as connection:
            connection.execute(_TABLES.format(keys=keys).encode())

    def rate(self, clients: int, seconds: float) -> float:
        """Transactions a second of that many connections."""
        each = 5_000
        base, self._next = self._next, self._next + clients * each
        if self._next > self._keys:
            raise ValueError("no keys left for another run of pgbench")
        with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
            script.write(_SALE)
            script.flush()
            made = subprocess.run(
                [
                    str(self.program), "-n", "-M", "prepared", "-c", str(clients), "-j", "2",
                    "-T", str(max(1, round(seconds))), "-f", script.name, "-D", "n=0",
                    "-D", f"base={base}", "-D", f"each={each}", self._url,
                ],
                capture_output=True, text=True, check=True, env=self._environment,
            )  # fmt: skip
        found = re.search(r"tps = ([0-9.]+)", made.stdout)
        if found is None:
            raise ValueError("pgbench named no rate")
        return float(found[1])
