"""The command line: ``provenance``, one small function a command, one module a subject.

Exit codes: 0 done; 1 refused (by the law, the state, a check or the input); 2 called wrongly;
3 a part is unavailable, nothing was done; 4 a proof is consistent, but its origin was not checked.
"""

from __future__ import annotations

from provenance.cli.group import main

__all__ = ["main"]
