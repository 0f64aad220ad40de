"""Graded goods: no sale before people have signed; two above the limit; nobody in his own cause."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from provenance.core import money, terms
from provenance.core.claims import EvidenceType
from provenance.core.entries import EntryType, PartyReason, QualificationReason
from provenance.core.lives import State
from provenance.core.manifest import address_of, sign
from provenance.core.presale import Check
from provenance.core.terms import Tier
from provenance.errors import ProvenanceError
from provenance.services.lawbook import Handle
from provenance.services.opening import recorded_from
from provenance.services.parties import Principal
from provenance.services.warranty.evidence import EvidenceService
from provenance.services.warranty.orders import OrderService, Reported, Warranty
from provenance.services.warranty.presale import PresaleService, must_be_reviewed, record_of
from provenance.services.warranty.presalefiles import PresaleFiles
from provenance.services.warranty.reviewers import ReviewerService
from provenance.services.warranty.sealedfiles import ORPHAN_MS
from provenance.store import entries as entry_store
from provenance.store import presale as store
from provenance.store.presale import ReviewRow, ReviewState
from provenance.store.schema_warranty import published_terms
from provenance.store.warranty_orders import EventKind
from tests.services.auditing import audit
from tests.services.custody_world import OPERATOR, OTHER_SHOP, SHOP, SUPPLIER, Trade, order, trade
from tests.services.evidence_world import DISGUISED, MP4, PDF, PNG

GRADED = terms.default_terms(Tier.GRADED)
ESCROW = terms.default_terms(Tier.ESCROW)
HASH = terms.terms_hash(GRADED)
CHEAP, DEAR = money.parse("2000.00", "CNY"), money.parse("2000.01", "CNY")
VIDEO = EvidenceType.VIDEO


@dataclass
class Person:
    """A reviewer with a credential and a signing key."""

    name: str
    principal: Principal
    key: bytes


class Desk:
    """The services of the review, over a trade."""

    def __init__(self, world: Trade, folder: Path) -> None:
        self.world = world
        self.reviewers = ReviewerService(world.context)
        self.presale = PresaleService(world.context, self.reviewers)
        self.evidence = EvidenceService(world.context, folder)
        self.files = PresaleFiles(world.context, self.evidence, self.presale)
        self.folder = folder
        for one in (GRADED, ESCROW):
            self.publish(SHOP, one)
        self.batch = world.batch(holder=SHOP)
        self.people = 0

    def publish(self, platform: bytes, one: terms.Terms) -> None:
        row = {
            "platform": platform, "hash": terms.terms_hash(one), "document": terms.encode(one).decode(),
            "tier": one.tier.value, "published_at": 1, "event": bytes(16),
        }  # fmt: skip
        with self.world.database.write() as connection:
            connection.execute(insert(published_terms), row)

    def person(self, party: bytes = OPERATOR, *, works_for: tuple[bytes, ...] = ()) -> Person:
        self.people += 1
        key = bytes(31) + bytes([100 + self.people])
        _, token = self.world.parties.issue(party, "a person", ["review"])
        principal = self.world.parties.authenticate(token)
        name = f"p-{self.people}"
        self.reviewers.add(principal.credential, name, works_for, address_of(key))
        return Person(name, principal, key)

    def requested(self, price: money.Money = CHEAP, index: int = 0) -> ReviewRow:
        """A request with its video."""
        self.world.clock.pass_ms(10)
        made = self.presale.request(SHOP, Handle(self.batch, index), HASH, price)
        self.hand_in(made, MP4 + made.id)
        with self.world.database.read() as connection:
            return self.presale.own(connection, SHOP, made.id)

    def hand_in(
        self, review: ReviewRow, content: bytes, type: EvidenceType = VIDEO, by: bytes = SHOP
    ) -> bytes:
        return self.files.put(by, review.id, type, io.BytesIO(content), len(content)).digest

    def sign(self, who: Person, review: ReviewRow, *failed: Check) -> bytes:
        return sign(who.key, record_of(review, frozenset(failed)).digest(self.world.context.domain))

    def decide(self, who: Person, review: ReviewRow, *failed: Check, signature: bytes | None = None) -> Any:
        self.world.clock.pass_ms(10)
        signed = signature or self.sign(who, review, *failed)
        return self.presale.decide(who.principal, review.id, failed, signed)

    def ask(self, price: money.Money = CHEAP, index: int = 0, **more: Any) -> None:
        """What a sale asks, in a transaction of its own."""
        number = int.from_bytes(self.batch)
        with self.world.database.write() as connection:
            must_be_reviewed(connection, number, index, HASH, price, self.world.clock.now(), **more)

    def sell(self, price: money.Money = CHEAP) -> bytes:
        """A sale under graded terms; the id of its order."""
        paid = Reported(EventKind.PAID, self.world.clock.now(), b"\x99" * 32)
        orders = OrderService(self.world.context, self.world.selling)
        place = Handle(self.batch, 0)
        return orders.open(SHOP, [place], order(), Warranty(HASH, price, paid)).order.id


@pytest.fixture
def desk(database_url: str, tmp_path: Path) -> Iterator[Desk]:
    world = trade(database_url, tmp_path)
    yield Desk(world, tmp_path / "evidence")
    audit(world.database)
    world.database.dispose()


def refusal(work: Callable[[], object]) -> str:
    with pytest.raises(ProvenanceError) as caught:
        work()
    return caught.value.code


def test_a_sale_is_blocked_until_a_reviewer_has_signed(desk: Desk) -> None:
    review = desk.requested()
    assert refusal(desk.sell) == "review_missing"
    assert desk.world.replay(desk.batch, 0).state is State.REGISTERED
    done = desk.decide(desk.person(), review)
    assert done.review.state is ReviewState.APPROVED
    sold = desk.sell()
    desk.world.clock.time = review.valid_until + 1
    assert desk.sell() == sold


def test_above_the_limit_two_different_people_sign(desk: Desk) -> None:
    review, first = desk.requested(DEAR), desk.person()
    assert desk.decide(first, review).recorded is None
    assert refusal(lambda: desk.ask(DEAR)) == refusal(desk.ask) == "review_missing"
    assert refusal(lambda: desk.decide(first, review)) == "reviewer_decided_before"
    done = desk.decide(desk.person(), review)
    assert (done.review.state, done.review.approvals) == (ReviewState.APPROVED, 2)
    desk.ask(DEAR)
    desk.ask(CHEAP)


def test_one_signature_for_a_low_price_does_not_carry_a_high_one(desk: Desk) -> None:
    desk.decide(desk.person(), desk.requested(CHEAP))
    desk.ask(CHEAP)
    assert refusal(lambda: desk.ask(DEAR)) == "review_missing"
    assert refusal(lambda: desk.ask(money.parse("1", "JPY"))) == "currency_mismatch"


def test_the_verdict_is_an_entry_that_names_record_and_signatures(desk: Desk) -> None:
    review = desk.requested(DEAR)
    people = [desk.person(), desk.person()]
    signatures = [desk.sign(one, review) for one in people]
    for one in people:
        done = desk.decide(one, review)
    recorded = done.recorded
    said = record_of(review)
    assert recorded.entry.type is EntryType.QUALIFICATION
    assert (recorded.entry.subject, recorded.entry.party) == (said.hash, SHOP)
    assert recorded.entry.reason == QualificationReason.REVIEW_APPROVED
    with desk.world.database.read() as connection:
        stored = entry_store.by_event(connection, recorded.event)
        assert stored is not None
        details = recorded_from(desk.world.context, stored).details
    assert details is not None
    assert {name: details[name] for name in said.to_json()} == said.to_json()
    assert [(one["reviewer"], one["signature"]) for one in details["signatures"]] == [
        (one.name, "0x" + signature.hex()) for one, signature in zip(people, signatures, strict=True)
    ]


def test_a_rejection_names_what_failed_and_stands_until_a_new_review(desk: Desk) -> None:
    desk.decide(desk.person(), desk.requested())
    desk.ask()
    again = desk.requested()
    desk.ask()
    done = desk.decide(desk.person(), again, Check.NOT_RECLAIMABLE, Check.UNUSED)
    assert done.review.state is ReviewState.REJECTED
    assert done.recorded.entry.reason == QualificationReason.REVIEW_REJECTED
    assert done.recorded.details["failed"] == ["not_reclaimable", "unused"]
    assert refusal(desk.sell) == "review_rejected"
    desk.decide(desk.person(), desk.requested())
    desk.sell()


def test_the_second_person_may_still_reject(desk: Desk) -> None:
    review = desk.requested(DEAR)
    desk.decide(desk.person(), review)
    done = desk.decide(desk.person(), review, Check.OWNERSHIP_SHOWN)
    assert done.review.state is ReviewState.REJECTED
    assert [one["verdict"] for one in done.recorded.details["signatures"]] == [1, 2]
    assert refusal(lambda: desk.ask(DEAR)) == "review_rejected"


def test_an_approval_expires_to_the_millisecond(desk: Desk) -> None:
    review = desk.requested()
    late = desk.requested(index=1)
    desk.decide(desk.person(), review)
    desk.world.clock.time = review.valid_until
    desk.ask()
    desk.world.clock.time = late.valid_until + 1
    assert refusal(desk.sell) == "review_expired"
    assert refusal(lambda: desk.decide(desk.person(), late)) == "review_expired"


@pytest.mark.parametrize("whose", [SHOP, SUPPLIER])
def test_nobody_decides_in_the_cause_of_his_own_platform_or_supplier(desk: Desk, whose: bytes) -> None:
    review = desk.requested()
    inside, hidden = desk.person(whose), desk.person(OPERATOR, works_for=(whose,))
    for one in (inside, hidden):
        assert refusal(lambda o=one: desk.decide(o, review)) == "reviewer_conflict"
        assert refusal(lambda o=one: desk.decide(o, review, Check.UNUSED)) == "reviewer_conflict"
        assert desk.presale.waiting(one.principal, 10) == []
    assert refusal(desk.ask) == "review_missing"
    assert desk.presale.waiting(desk.person().principal, 10) == [review]


def test_a_signature_of_another_over_something_else_or_with_no_registered_key_is_refused(desk: Desk) -> None:
    review, other = desk.requested(), desk.requested(index=1)
    one, two = desk.person(), desk.person()
    for wrong in (
        desk.sign(two, review), desk.sign(one, other), desk.sign(one, review, Check.UNUSED), bytes(65),
    ):  # fmt: skip
        code = refusal(lambda w=wrong: desk.decide(one, review, signature=w))
        assert code in ("review_signature", "signature_invalid")
    _, token = desk.world.parties.issue(OPERATOR, "no key", ["review"])
    keyless = Person("p-9", desk.world.parties.authenticate(token), one.key)
    assert refusal(lambda: desk.decide(keyless, review)) == "not_reviewer"
    desk.reviewers.add(keyless.principal.credential, "p-9")
    assert refusal(lambda: desk.decide(keyless, review)) == "review_signature"
    assert refusal(desk.ask) == "review_missing"


def test_a_closed_review_takes_neither_verdict_nor_file(desk: Desk) -> None:
    approved, withdrawn = desk.requested(), desk.requested(index=1)
    desk.decide(desk.person(), approved)
    desk.presale.withdraw(SHOP, withdrawn.id)
    for review in (approved, withdrawn):
        assert refusal(lambda r=review: desk.decide(desk.person(), r)) == "review_closed"
        assert refusal(lambda r=review: desk.hand_in(r, PNG, EvidenceType.SCREENSHOT)) == "review_closed"
        assert refusal(lambda r=review: desk.presale.withdraw(SHOP, r.id)) == "review_closed"


def test_what_the_first_person_saw_is_what_the_second_one_sees(desk: Desk) -> None:
    review = desk.requested(DEAR)
    desk.hand_in(review, PDF, EvidenceType.OWNERSHIP_REPORT)
    assert refusal(lambda: desk.hand_in(review, MP4 + b"another")) == "review_video_there"
    desk.decide(desk.person(), review)
    assert refusal(lambda: desk.hand_in(review, PNG, EvidenceType.SCREENSHOT)) == "review_closed"


def test_without_a_video_nothing_is_signed(desk: Desk) -> None:
    made = desk.presale.request(SHOP, Handle(desk.batch, 0), HASH, CHEAP)
    assert refusal(lambda: desk.presale.decide(desk.person().principal, made.id, (), bytes(65))) == (
        "review_video_missing"
    )
    assert desk.presale.waiting(desk.person().principal, 10) == []


def test_videos_are_kept_by_hash_and_encrypted_and_survive_the_sweep(desk: Desk) -> None:
    review = desk.requested()
    content = MP4 + review.id
    assert review.video is not None
    opened = desk.files.open_(review.id, review.video)
    assert (b"".join(opened.pieces), opened.media) == (content, "video/mp4")
    desk.world.clock.pass_ms(ORPHAN_MS + 1)
    assert desk.evidence.sweep() == 0
    (path,) = [path for path in desk.folder.rglob("*") if path.is_file()]
    assert b"ftyp" not in path.read_bytes()
    assert desk.files.erase(review.id, review.video)
    assert not desk.files.erase(review.id, review.video)
    assert refusal(lambda: desk.files.open_(review.id, review.video or b"")) == "evidence_gone"
    assert refusal(lambda: desk.hand_in(review, content)) == "evidence_erased"
    assert [path for path in desk.folder.rglob("*") if path.is_file()] == []


def test_the_same_file_again_is_the_same_and_bad_files_are_refused(desk: Desk) -> None:
    review = desk.requested()
    assert desk.hand_in(review, MP4 + review.id) == review.video
    screenshot = EvidenceType.SCREENSHOT
    assert (
        refusal(lambda: desk.hand_in(review, DISGUISED["an ELF program"], screenshot))
        == "evidence_executable"
    )
    assert refusal(lambda: desk.hand_in(review, MP4 + review.id, EvidenceType.OWNERSHIP_REPORT)) == (
        "evidence_repeated"
    )
    assert refusal(lambda: desk.hand_in(review, PDF, EvidenceType.POLICE_REPORT)) == "evidence_type_not_taken"
    assert refusal(lambda: desk.hand_in(review, PNG, screenshot, by=OTHER_SHOP)) == "unknown_review"
    for number in range(15):
        desk.hand_in(review, PNG + bytes([number]), screenshot)
    assert refusal(lambda: desk.hand_in(review, PNG, screenshot)) == "evidence_too_much"


def test_a_review_is_asked_for_by_the_platform_that_holds_the_key_under_graded_terms_of_its_own(
    desk: Desk,
) -> None:
    place, asks = Handle(desk.batch, 0), desk.presale.request
    assert refusal(lambda: asks(OTHER_SHOP, place, HASH, CHEAP)) == "not_entitled"
    assert refusal(lambda: asks(SUPPLIER, place, HASH, CHEAP)) == "role_missing"
    assert refusal(lambda: asks(SHOP, Handle(bytes(32), 0), HASH, CHEAP)) == "unknown"
    assert refusal(lambda: asks(SHOP, place, bytes(32), CHEAP)) == "unknown_terms"
    assert refusal(lambda: asks(SHOP, place, terms.terms_hash(ESCROW), CHEAP)) == "terms_not_graded"
    assert refusal(lambda: asks(SHOP, place, HASH, money.parse("1", "JPY"))) == "currency_mismatch"
    asks(SHOP, place, HASH, CHEAP)
    assert refusal(lambda: asks(SHOP, place, HASH, DEAR)) == "review_open"
    assert [one.idx for one in desk.presale.listed(SHOP, 10)] == [0]


def test_another_shops_review_says_nothing_and_the_heirs_does(desk: Desk) -> None:
    desk.decide(desk.person(), desk.requested())
    desk.ask(platform=SHOP)
    assert refusal(lambda: desk.ask(platform=OTHER_SHOP)) == "review_missing"
    heir = b"\x22" * 20
    desk.world.parties.succeed(OPERATOR, SHOP, heir)
    desk.ask(platform=heir)


def plainly(desk: Desk, *indices: int, by: bytes = SHOP) -> None:
    """A sale without any terms, as of any key."""
    refs = [Handle(desk.batch, index) for index in indices]
    if len(refs) == 1:
        desk.world.selling.sell(by, refs[0], order(f"plain-{indices}"))
    else:
        desk.world.selling.sell_many(by, refs, order(f"plain-{indices}"))


def test_a_key_that_is_being_reviewed_is_sold_under_no_other_terms_and_without_any_neither(
    desk: Desk,
) -> None:
    review = desk.requested()
    paid = Reported(EventKind.PAID, desk.world.clock.now(), b"\x99" * 32)
    under_others = Warranty(terms.terms_hash(ESCROW), CHEAP, paid)
    orders = OrderService(desk.world.context, desk.world.selling)
    place = Handle(desk.batch, 0)
    assert refusal(lambda: plainly(desk, 0)) == "review_missing"
    assert refusal(lambda: plainly(desk, 0, 1)) == "not_all_possible"
    assert refusal(lambda: orders.open(SHOP, [place], order(), under_others)) == "review_missing"
    plainly(desk, 1)
    desk.decide(desk.person(), review)
    plainly(desk, 0)


def test_what_a_review_rejected_cannot_be_sold_around_it(desk: Desk) -> None:
    desk.decide(desk.person(), desk.requested(), Check.UNUSED)
    assert refusal(lambda: plainly(desk, 0)) == "review_rejected"
    again = desk.requested()
    assert refusal(lambda: plainly(desk, 0)) == "review_rejected"
    desk.decide(desk.person(), again)
    desk.world.clock.time = again.valid_until + 1
    assert refusal(lambda: plainly(desk, 0)) == "review_expired"


def test_a_request_that_was_taken_back_binds_nobody_and_a_review_binds_who_asked_and_his_heir(
    desk: Desk,
) -> None:
    desk.presale.withdraw(SHOP, desk.requested().id)
    plainly(desk, 0)
    desk.decide(desk.person(), desk.requested(index=1), Check.UNUSED)
    desk.decide(desk.person(), desk.requested(index=2), Check.UNUSED)
    made = desk.world.transfers.offer(SHOP, OTHER_SHOP, desk.batch, [(1, 1)])
    desk.world.transfers.accept(OTHER_SHOP, made.transfer.id)
    plainly(desk, 1, by=OTHER_SHOP)
    heir = b"\x22" * 20
    desk.world.parties.succeed(OPERATOR, SHOP, heir)
    assert refusal(lambda: plainly(desk, 2, by=heir)) == "review_rejected"


def test_of_two_verdicts_at_once_both_count_or_one_is_refused(desk: Desk) -> None:
    review = desk.requested(DEAR)
    people = [desk.person() for _ in range(6)]
    signatures = [desk.sign(one, review) for one in people]
    codes: list[str] = []

    def decide(number: int) -> None:
        try:
            desk.presale.decide(people[number].principal, review.id, (), signatures[number])
            codes.append("signed")
        except ProvenanceError as error:
            codes.append(error.code)

    threads = [threading.Thread(target=decide, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == ["review_closed"] * 4 + ["signed"] * 2
    with desk.world.database.read() as connection:
        assert len(store.decisions_of(connection, review.id)) == 2
        entered = entry_store.of_type(connection, EntryType.QUALIFICATION)
    assert len(entered) == 1


def test_a_suspended_party_s_reviewer_signs_nothing(desk: Desk) -> None:
    world, outsider = desk.world, b"\x31" * 20
    world.parties.admit(OPERATOR, "assessors", PartyReason.AUDITOR, address=outsider)
    one, review = desk.person(outsider), desk.requested()
    signature = desk.sign(one, review)
    world.parties.suspend(OPERATOR, outsider, "gone")
    assert refusal(lambda: desk.decide(one, review, signature=signature)) == "party_suspended"
    assert refusal(desk.ask) == "review_missing"
