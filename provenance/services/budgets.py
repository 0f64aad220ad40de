"""Budgets of those who ask about keys that are not theirs: guessing must not pay (DESIGN §4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from provenance.errors import LimitReached
from provenance.services.context import Context
from provenance.store import budgets

_HOUR_MS: Final = 3_600_000


@dataclass(frozen=True, slots=True)
class Allowance:
    """``count`` of a thing an hour, all of them at once if need be; ``name`` keeps budgets apart."""

    name: str
    count: int

    @property
    def each_ms(self) -> int:
        return max(1, _HOUR_MS // self.count)


def public_checks(an_hour: int) -> Allowance:
    """How often an address without an account may ask."""
    return Allowance("public-check", an_hour)


def public_misses(an_hour: int) -> Allowance:
    """How many of those checks may hit nothing: a buyer holds a key, a guesser does not."""
    return Allowance("public-miss", max(3, an_hour // 6))


CREDENTIAL_MISSES: Final = Allowance("credential-miss", 300)
"""Answers about keys that are not a party's business, by checks and by acts together: a shop's mistakes
fit into it, and whoever tries eight digits gets nowhere with it."""


class BudgetService:
    """Budgets by whom they belong to: any text, kept as a keyed fingerprint only."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def spend(self, allowance: Allowance, whose: str, cost: int = 1) -> None:
        """Take *cost*; raises :class:`LimitReached` and takes nothing when that is too much."""
        key, now = self._key(allowance, whose), self._context.clock.now()
        whole = allowance.each_ms * allowance.count
        with self._context.database.write() as connection:
            taken = budgets.take(connection, key, now, cost * allowance.each_ms, whole)
            full_at = None if taken is not None else budgets.full_at(connection, key)
        if taken is None:
            raise _spent((full_at or now) + cost * allowance.each_ms - whole - now)

    def grant(self, allowance: Allowance, whose: str, wanted: int) -> int:
        """Take *wanted* or, if that is too much, what is left; how many that is."""
        key, now = self._key(allowance, whose), self._context.clock.now()
        whole = allowance.each_ms * allowance.count
        with self._context.database.write() as connection:
            spent = max(0, (budgets.full_at(connection, key) or now) - now)
            granted = min(wanted, max(0, whole - spent) // allowance.each_ms)
            taken = budgets.take(connection, key, now, granted * allowance.each_ms, whole) if granted else 0
        # Where another request was between the two, it has it; this one gets nothing.
        return 0 if taken is None else granted

    def require(self, allowance: Allowance, whose: str) -> None:
        """Return if something is left of a budget; raises :class:`LimitReached`."""
        key, now = self._key(allowance, whose), self._context.clock.now()
        with self._context.database.read() as connection:
            full_at = budgets.full_at(connection, key)
        wait = (full_at or now) + allowance.each_ms - allowance.each_ms * allowance.count - now
        if wait > 0:
            raise _spent(wait)

    def debit(self, allowance: Allowance, whose: str, cost: int) -> int:
        """Take *cost* whatever is left, for it was learnt only afterwards; seconds until something is left.

        A cost of 0 is written like any other, so that the time taken does not tell a hit from a miss.
        """
        key, now = self._key(allowance, whose), self._context.clock.now()
        with self._context.database.write() as connection:
            full_at = budgets.take(connection, key, now, cost * allowance.each_ms, None) or now
        wait_ms = full_at + allowance.each_ms - allowance.each_ms * allowance.count - now
        return max(0, -(-wait_ms // 1000))

    def purge(self) -> int:
        """Forget the budgets that are whole again; how many."""
        with self._context.database.write() as connection:
            return budgets.purge(connection, self._context.clock.now())

    def _key(self, allowance: Allowance, whose: str) -> bytes:
        return self._context.vault.fingerprint("budget", allowance.name.encode(), whose.encode())


def _spent(wait_ms: int) -> LimitReached:
    return LimitReached(
        "the budget for such questions is spent; come back later",
        code="budget_spent",
        retry_after=max(1, -(-wait_ms // 1000)),
    )
