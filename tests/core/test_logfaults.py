"""What the log alone shows of one sale: as the contract judges it, and as fair as a REINSTATE makes it."""

from __future__ import annotations

from provenance.core.entries import Entry, EntryType
from provenance.core.logfaults import LogFault, Placed, delivery, faults

OURS, THEIRS = b"\x01" * 20, b"\x02" * 20
SELL, DELIVER, REDEEM, REINSTATE = (
    EntryType.SELL, EntryType.DELIVER, EntryType.REDEEM, EntryType.REINSTATE,
)  # fmt: skip


def log(*acts: tuple[EntryType, bytes] | tuple[EntryType, bytes, int]) -> list[Placed]:
    """Entries on one key at the log indices 10, 20, …"""
    made = []
    for place, (kind, party, *reason) in enumerate(acts, 1):
        entry = Entry(kind, place, b"\x0b" * 32, b"\x5e" * 20, 3, 1, party, reason[0] if reason else 0)
        made.append(Placed(place * 10, entry))
    return made


def found(*acts: tuple[EntryType, bytes] | tuple[EntryType, bytes, int], max_uses: int = 1) -> list[LogFault]:
    return list(faults(log(*acts), OURS, max_uses=max_uses))


def test_a_key_used_before_its_sale_is_a_fault_whoever_used_it() -> None:
    assert found((SELL, OURS), (REDEEM, THEIRS, 1)) == [LogFault(20)]
    assert found((SELL, OURS), (REDEEM, OURS, 1)) == [LogFault(20)]


def test_an_ordinary_use_is_none() -> None:
    assert found((SELL, OURS), (DELIVER, OURS), (REDEEM, OURS)) == []


def test_of_a_shared_key_only_the_use_of_this_sale_counts() -> None:
    acts = ((SELL, OURS), (SELL, THEIRS), (REDEEM, THEIRS, 1))
    assert found(*acts, max_uses=2) == []
    assert found((SELL, OURS), (REDEEM, OURS, 1), max_uses=2) == [LogFault(20)]


def test_what_was_taken_back_is_no_fault() -> None:
    assert found((SELL, OURS), (REDEEM, OURS, 1), (REINSTATE, OURS)) == []
    assert found((SELL, OURS), (REDEEM, OURS, 1), (REINSTATE, THEIRS)) == [LogFault(20)]
    assert found((SELL, THEIRS), (REINSTATE, THEIRS), (SELL, OURS)) == []


def test_two_sales_of_a_single_use_key_are_a_fault_to_either_buyer_and_to_no_third() -> None:
    assert found((SELL, THEIRS), (SELL, OURS)) == [LogFault(10, 20)]
    assert found((SELL, OURS), (SELL, THEIRS)) == [LogFault(10, 20)]
    assert found((SELL, THEIRS), (SELL, b"\x03" * 20)) == []


def test_a_sale_taken_back_after_the_second_does_not_mend_it() -> None:
    assert found((SELL, THEIRS), (SELL, OURS), (REINSTATE, THEIRS)) == [LogFault(10, 20)]


def test_the_delivery_is_the_one_of_this_sale() -> None:
    known = log((SELL, OURS), (DELIVER, THEIRS), (DELIVER, OURS))
    assert delivery(known, OURS) == known[2]
    assert delivery(known[:2], OURS) is None
