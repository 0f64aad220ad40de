"""The adapter against a real issuer over HTTP: every code, every bad day, and no word believed too much."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from provenance.core.claimrules.answering import CLOCK_LEAD_MS, IssuerAnswerReport, NoAnswer
from provenance.core.claimrules.answers import contradict
from provenance.core.claimrules.issuer import IssuerAnswer
from provenance.core.keyformats import CardKey
from provenance.errors import InputRefused
from provenance.issuer import HttpIssuer, load
from provenance.issuer.adapter import Timing
from tests.issuer import reference
from tests.issuer.reference import (
    CODES,
    ReferenceIssuer,
    hangs,
    hangs_up,
    lies,
    raw,
    running,
    settings,
    truncates,
)

KEY = CardKey("cmcc-national", "10000000000000017", "123456789012345678")
OTHER = "10000000000000018"
WITHIN_MS = 10_000


@pytest.fixture
def issuer() -> Iterator[ReferenceIssuer]:
    with running(ReferenceIssuer({KEY.serial: ("good", None)})) as made:
        yield made


def now() -> int:
    return time.time_ns() // 1_000_000


def adapter(issuer: ReferenceIssuer, folder: Path, **changes: str) -> HttpIssuer:
    return load(settings(issuer, folder, **changes))


def ask(
    issuer: ReferenceIssuer, folder: Path, within_ms: int = WITHIN_MS, **changes: str
) -> IssuerAnswerReport:
    return adapter(issuer, folder, **changes).ask(KEY, now() + within_ms)


@pytest.mark.parametrize("answer", sorted(CODES.values()))
def test_every_official_code_becomes_its_answer(issuer: ReferenceIssuer, tmp_path: Path, answer: str) -> None:
    used = now() - 60_000 if answer == "already_used" else None
    issuer.cards[KEY.serial] = (answer, used)
    began = now()
    report = ask(issuer, tmp_path)
    assert (report.answer, report.why, report.used_at) == (IssuerAnswer(answer), None, used)
    assert began <= report.asked_at <= report.answered_at <= now()
    assert report.issuer == bytes([4]) * 20
    question = json.loads(issuer.asked[0][2])
    assert report.evidence == sha256(json.dumps(issuer.reply(question)).encode()).digest()
    assert (report.tries, len(issuer.asked)) == (1, 1)


def test_the_reference_has_all_sixteen_answers() -> None:
    assert set(CODES.values()) == {one.value for one in IssuerAnswer}


@pytest.mark.parametrize("scheme", ["bearer", "hmac"])
def test_the_key_goes_in_the_body_of_a_post_that_shows_who_asks(tmp_path: Path, scheme: str) -> None:
    with running(ReferenceIssuer({KEY.serial: ("good", None)}, scheme=scheme)) as issuer:
        assert ask(issuer, tmp_path).answer is IssuerAnswer.GOOD
        path, headers, body = issuer.asked[0]
    assert path == "/v2/cards/query?v=2"
    question = json.loads(body)
    assert question["card"] == {"serial": KEY.serial, "secret": KEY.secret}
    assert question["merchant"] == "7"
    assert not any(KEY.secret in value or KEY.serial in value for value in headers.values())


@pytest.mark.parametrize("scheme", ["bearer", "hmac"])
def test_a_wrong_secret_of_ours_is_no_answer_about_the_key(tmp_path: Path, scheme: str) -> None:
    with running(ReferenceIssuer(scheme=scheme)) as issuer:
        made = settings(issuer, tmp_path)
        (tmp_path / "issuer.secret").write_text("another-secret")
        report = load(made).ask(KEY, now() + WITHIN_MS)
    assert (report.answer, report.why, report.tries) == (None, NoAnswer.REFUSED_US, 1)


GARBAGE = [
    b"", b"OK", b"null", b"[]", b'"0000"', b"<html>busy</html>", b'{"code":', b'{"code":"0000"}{}',
    b"\xff\xfe{}", b'{"code":"0000","code":"1008"}', b'{"code":["0000"]}', b'{"code":true}',
    b'{"code":0.0}', b'{"code":null}', b'{"data":{"code":"0000"}}', b'{"code":NaN}', b"[" * 30_000,
    b'{"code":' + b"9" * 5_000 + b"}",
]  # fmt: skip


@pytest.mark.parametrize("body", GARBAGE, ids=range(len(GARBAGE)))
def test_garbage_is_no_answer_and_is_not_asked_for_again(
    issuer: ReferenceIssuer, tmp_path: Path, body: bytes
) -> None:
    issuer.moods.append(raw(body))
    report = ask(issuer, tmp_path)
    assert (report.answer, report.why, report.tries) == (None, NoAnswer.GARBAGE, 1)
    assert report.evidence == sha256(body).digest()
    assert report.fact() is None


@pytest.mark.parametrize("code", ["0", "00000", "1016", "9999", "good", "already_used", " 0000", 0, 1008.5])
def test_a_code_that_the_file_does_not_know_is_never_guessed(
    issuer: ReferenceIssuer, tmp_path: Path, code: Any
) -> None:
    issuer.moods.append(lies(code=code))
    report = ask(issuer, tmp_path)
    assert report.answer is None
    assert report.why is (NoAnswer.GARBAGE if isinstance(code, float) else NoAnswer.UNMAPPED)


def test_a_number_is_read_as_its_digits(issuer: ReferenceIssuer, tmp_path: Path) -> None:
    issuer.moods.append(lies(code=1013))
    assert ask(issuer, tmp_path).answer is IssuerAnswer.FROZEN


def test_another_keys_answer_is_noticed(issuer: ReferenceIssuer, tmp_path: Path) -> None:
    issuer.moods += [
        lies(code="1008", data={"serial": OTHER}),
        lies(code="1008", requestId="00" * 16),
        lies(code="1008", data={"serial": None}),
        lies(code="1008", data={"serial": int(KEY.serial)}),
    ]
    asked = adapter(issuer, tmp_path)
    reports = [asked.ask(KEY, now() + WITHIN_MS) for _ in range(4)]
    assert {one.why for one in reports} == {NoAnswer.OTHER_KEY}
    assert asked.ask(KEY, now() + WITHIN_MS).answer is IssuerAnswer.GOOD


@pytest.mark.parametrize(
    ("used_at", "why"),
    [
        (CLOCK_LEAD_MS + 60_000, NoAnswer.IMPOSSIBLE_TIME),
        (10**12, NoAnswer.IMPOSSIBLE_TIME),
        ("1800000000", NoAnswer.IMPOSSIBLE_TIME),
        (-5, NoAnswer.GARBAGE),
        ("yesterday", NoAnswer.GARBAGE),
        (True, NoAnswer.GARBAGE),
        ({}, NoAnswer.GARBAGE),
        ("9" * 40, NoAnswer.GARBAGE),
    ],
)
def test_a_use_at_an_impossible_time_is_no_answer(
    issuer: ReferenceIssuer, tmp_path: Path, used_at: Any, why: NoAnswer
) -> None:
    ahead = now() + used_at if isinstance(used_at, int) and used_at > 0 and used_at is not True else used_at
    issuer.moods.append(lies(code="1008", data={"usedAt": ahead}))
    report = ask(issuer, tmp_path)
    assert (report.answer, report.why, report.used_at) == (None, why, None)


def test_a_clock_a_little_ahead_is_forgiven_and_a_use_without_a_time_is_a_use(
    issuer: ReferenceIssuer, tmp_path: Path
) -> None:
    issuer.moods += [
        lies(code="1008", data={"usedAt": now() + CLOCK_LEAD_MS - 5_000}),
        lies(code="1008", data={"usedAt": None}),
    ]
    asked = adapter(issuer, tmp_path)
    ahead = asked.ask(KEY, now() + WITHIN_MS)
    assert ahead.answer is IssuerAnswer.ALREADY_USED
    assert ahead.used_at is not None
    assert ahead.used_at <= ahead.answered_at
    untimed = asked.ask(KEY, now() + WITHIN_MS)
    assert (untimed.answer, untimed.used_at) == (IssuerAnswer.ALREADY_USED, None)


def test_good_and_then_used_are_two_reports_and_used_and_then_good_contradict(
    issuer: ReferenceIssuer, tmp_path: Path
) -> None:
    asked = adapter(issuer, tmp_path)
    reports = []
    for answer in ("good", "already_used", "good"):
        issuer.cards[KEY.serial] = (answer, None)
        reports.append(asked.ask(KEY, now() + WITHIN_MS))
        time.sleep(0.002)
    facts = [one.fact() for one in reports]
    assert [one.answer.value for one in reports if one.answer] == ["good", "already_used", "good"]
    assert len({one.evidence for one in reports}) == 3
    assert not contradict(one for one in facts[:2] if one)
    assert contradict(one for one in facts if one)


def test_an_answer_of_ten_megabytes_is_cut_off(issuer: ReferenceIssuer, tmp_path: Path) -> None:
    issuer.moods.append(raw(b'{"code":"1008","pad":"' + b"x" * 10_000_000 + b'"}'))
    began = time.monotonic()
    report = ask(issuer, tmp_path)
    assert (report.answer, report.why, report.tries) == (None, NoAnswer.TOO_LARGE, 1)
    assert time.monotonic() - began < 5


def test_a_truncated_answer_is_none_even_if_it_reads_well(issuer: ReferenceIssuer, tmp_path: Path) -> None:
    issuer.moods += [truncates] * 3
    report = ask(issuer, tmp_path)
    assert (report.answer, report.why, report.tries) == (None, NoAnswer.BROKEN_OFF, 3)


def test_a_silent_issuer_times_out_within_the_deadline(issuer: ReferenceIssuer, tmp_path: Path) -> None:
    issuer.moods += [hangs] * 3
    began = time.monotonic()
    report = ask(issuer, tmp_path, within_ms=400)
    assert (report.answer, report.why) == (None, NoAnswer.TIMED_OUT)
    assert time.monotonic() - began < 1.5


def test_a_deadline_that_is_over_asks_nobody(issuer: ReferenceIssuer, tmp_path: Path) -> None:
    report = ask(issuer, tmp_path, within_ms=-1)
    assert (report.answer, report.why, report.tries) == (None, NoAnswer.NOT_ASKED, 0)
    assert issuer.asked == []


def test_an_issuer_that_is_away_is_unreachable(tmp_path: Path) -> None:
    with running(ReferenceIssuer()) as issuer:
        made = settings(issuer, tmp_path)
    report = load(made).ask(KEY, now() + WITHIN_MS)
    assert (report.answer, report.why, report.tries) == (None, NoAnswer.UNREACHABLE, 3)


@pytest.mark.parametrize("mood", [raw(b"", 500), raw(b"", 502), raw(b"", 429), hangs_up, truncates])
def test_an_issuer_that_flaps_is_asked_again_and_then_answers(
    issuer: ReferenceIssuer, tmp_path: Path, mood: reference.Mood
) -> None:
    issuer.moods += [mood, mood]
    report = ask(issuer, tmp_path, idempotent="idempotent = true\nstatuses = [429, 500, 502]")
    assert (report.answer, report.tries) == (IssuerAnswer.GOOD, 3)


def test_an_issuer_that_counts_tries_is_asked_once(issuer: ReferenceIssuer, tmp_path: Path) -> None:
    issuer.moods += [raw(b"", 502), raw(b"", 502)]
    report = ask(issuer, tmp_path, tries="tries = 1", idempotent="idempotent = false")
    assert (report.answer, report.why, report.tries) == (None, NoAnswer.FAILED, 1)
    assert len(issuer.asked) == 1


@pytest.mark.parametrize(
    ("status", "why"),
    [(500, NoAnswer.FAILED), (404, NoAnswer.FAILED), (302, NoAnswer.FAILED), (403, NoAnswer.REFUSED_US),
     (429, NoAnswer.THROTTLED)],
)  # fmt: skip
def test_a_bare_status_says_nothing_of_the_key_even_with_a_code_in_it(
    issuer: ReferenceIssuer, tmp_path: Path, status: int, why: NoAnswer
) -> None:
    issuer.moods += [raw(b'{"code":"1008"}', status, Location="http://127.0.0.1:1/")] * 3
    report = ask(issuer, tmp_path)
    assert (report.answer, report.why) == (None, why)


def test_a_status_may_mean_maintenance_once_the_tries_are_over(
    issuer: ReferenceIssuer, tmp_path: Path
) -> None:
    issuer.moods += [raw(b"", 503)] * 3
    report = ask(issuer, tmp_path)
    assert (report.answer, report.tries) == (IssuerAnswer.OPERATOR_MAINTENANCE, 3)


def test_retry_after_is_kept_and_never_past_the_deadline(issuer: ReferenceIssuer, tmp_path: Path) -> None:
    slept: list[float] = []
    timing = Timing(sleep=slept.append)
    made = settings(issuer, tmp_path)
    issuer.moods.append(raw(b"", 429, Retry_After="3"))
    assert load(made, timing=timing).ask(KEY, now() + WITHIN_MS).answer is IssuerAnswer.GOOD
    assert slept == [3.0]
    issuer.moods.append(raw(b"", 429, Retry_After="9999"))
    report = load(made, timing=timing).ask(KEY, now() + WITHIN_MS)
    assert (report.why, report.tries, slept) == (NoAnswer.THROTTLED, 1, [3.0])


def test_questions_are_spread_over_the_minute(issuer: ReferenceIssuer, tmp_path: Path) -> None:
    clock = [1_000.0]
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        clock[0] += seconds

    timing = Timing(monotonic=lambda: clock[0], sleep=sleep)
    asked = load(settings(issuer, tmp_path, per_minute="per_minute = 20"), timing=timing)
    for _ in range(4):
        assert asked.ask(KEY, now() + WITHIN_MS).answer is IssuerAnswer.GOOD
    assert [round(one) for one in slept] == [3, 3]
    report = asked.ask(KEY, now() + 1_000)
    assert (report.why, report.tries) == (NoAnswer.NOT_ASKED, 0)


def test_a_key_of_another_format_is_not_shown_to_the_issuer(issuer: ReferenceIssuer, tmp_path: Path) -> None:
    with pytest.raises(InputRefused) as caught:
        adapter(issuer, tmp_path).ask(CardKey("google-play", "", "A" * 16), now() + WITHIN_MS)
    assert caught.value.code == "issuer_format"
    assert issuer.asked == []


def test_neither_key_nor_secret_reaches_a_log_a_repr_or_a_report(
    issuer: ReferenceIssuer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    asked = adapter(issuer, tmp_path)
    issuer.moods += [raw(b"", 502), raw(KEY.secret.encode()), hangs_up, truncates, hangs_up]
    told = [repr(asked)] + [repr(asked.ask(KEY, now() + WITHIN_MS)) for _ in range(2)]
    for hidden in (KEY.secret, KEY.serial, reference.SECRET):
        assert hidden not in caplog.text + "".join(told)


def test_codes_may_be_told_by_several_members(issuer: ReferenceIssuer, tmp_path: Path) -> None:
    made = settings(issuer, tmp_path, code='code = ["/data/state", "/code"]')
    made.write_text(made.read_text().replace('"0000" =', '"3|0000" = "frozen"\n"|0000" ='))
    issuer.moods.append(lies(data={"state": 3}))
    assert load(made).ask(KEY, now() + WITHIN_MS).answer is IssuerAnswer.FROZEN
    assert load(made).ask(KEY, now() + WITHIN_MS).answer is IssuerAnswer.GOOD


@pytest.mark.parametrize(
    ("form", "said", "ms"),
    [
        ("unix_s", 1_700_000_000, 1_700_000_000_000), ("unix_s", "1700000000", 1_700_000_000_000),
        ("rfc3339", "2023-11-14T22:13:20Z", 1_700_000_000_000),
        ("rfc3339", "2023-11-15 06:13:20.5+08:00", 1_700_000_000_500),
        ("china", "2023-11-15 06:13:20", 1_700_000_000_000), ("china", "20231115061320", 1_700_000_000_000),
        ("china", "2023-02-30 06:13:20", None), ("rfc3339", "2023-11-14 22:13:20", None),
        ("rfc3339", 1_700_000_000, None), ("rfc3339", "9999-12-31T23:59:60Z", None),
    ],
)  # fmt: skip
def test_times_are_read_in_the_form_that_the_file_names(
    issuer: ReferenceIssuer, tmp_path: Path, form: str, said: Any, ms: int | None
) -> None:
    issuer.moods.append(lies(code="1008", data={"usedAt": said}))
    report = ask(issuer, tmp_path, used_at_form=f'used_at_form = "{form}"')
    assert report.used_at == ms
    assert report.why is (NoAnswer.GARBAGE if ms is None else None)
