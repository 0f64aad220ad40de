"""Which tests one worker runs, one after another, since they share something that is expensive to make.

xdist writes the group of a mark into a test's name, and since pytest 9.2 a name cannot be changed: the mark
``xdist_group`` then groups nothing, and says nothing. So the groups stand here, by where their tests are.
"""

from __future__ import annotations

from typing import Final

from xdist.scheduler import LoadScopeScheduling

TOGETHER: Final = {
    "tests/system/": "system",
    "tests/contracts/test_artifact.py": "built",
    "tests/contracts/test_escrow_artifact.py": "built",
    "tests/verifier/test_corpus.py::test_javascript": "corpus",
    "tests/verifier/test_corpus.py::test_both": "corpus",
    "tests/interop/test_go.py": "go",
    "tests/store/test_postgres.py": "server",
    "tests/api/test_serving.py": "serving",
    "tests/api/test_serving_load.py": "load",
    "tests/api/test_order_stream_live.py": "live",
}
"""Beginnings of names, and the group of what begins so. The largest groups are handed out first."""


class Together(LoadScopeScheduling):
    """Groups as above; every other test goes to whoever is free."""

    def _split_scope(self, nodeid: str) -> str:
        return next((group for start, group in TOGETHER.items() if nodeid.startswith(start)), nodeid)
