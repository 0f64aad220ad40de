"""How long PostgreSQL and our end of a connection wait for one another."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Patience:
    """How long PostgreSQL waits for us, in ms: one process that hangs must not stop all the others.

    ``lock``: until another transaction gives up what this one needs. ``idle``: a transaction without a
    statement; shuffling ten million keys lies between two. ``statement``: placing those keys is one.
    ``silence``: a machine at the other end that answers nothing, not even that it lives; whoever is cut off
    with a lease or a row in hand must not keep it.
    Options in the URL (``?options=-c%20lock_timeout%3D5s``) come before these.
    """

    lock: int = 20_000
    idle: int = 300_000
    statement: int = 1_800_000
    silence: int = 10_000

    def options(self, more: str = "") -> str:
        """As the server is told at connecting, *more* last and so above ours."""
        ours = {
            "lock_timeout": self.lock,
            "idle_in_transaction_session_timeout": self.idle,
            "statement_timeout": self.statement,
            "tcp_user_timeout": self.silence,
            **{f"tcp_keepalives_{name}": value for name, value in self._probes().items()},
        }
        said = " ".join(f"-c {name}={value}" for name, value in ours.items())
        return f"{said} {more}".rstrip()

    def keepalives(self) -> dict[str, int]:
        """The same patience of our end of a connection, as libpq is told it."""
        ours = {f"keepalives_{name}": value for name, value in self._probes().items()}
        return {"tcp_user_timeout": self.silence, **ours}

    def _probes(self) -> dict[str, int]:
        each = max(1, self.silence // 5_000)
        return {"idle": each, "interval": each, "count": 4}
