"""A sequencer as a process of its own, which stops dead at a named point and waits to be killed.

``python -m tests.services.sequencer_process DATABASE_URL FOLDER POINT``
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from provenance.store.database import Database
from tests.services.ledger_world import World


def main(url: str, folder: str, fatal: str) -> None:
    def hook(point: str) -> None:
        if point == fatal:
            print(point, flush=True)
            time.sleep(600)

    World(Database(url), Path(folder)).sequencer(hook=hook).sequence()


if __name__ == "__main__":
    main(*sys.argv[1:])
