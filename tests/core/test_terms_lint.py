"""The linter: vague clauses fail in Chinese and English, however they are dressed up; ours pass."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.core import money, terms
from provenance.core.terms import Cause, Clause, Remedy, RemedyKind, Terms, Text, Tier
from provenance.core.termsrules import vague
from provenance.core.termsrules.lint import PASS_MARK, Report, lint_terms, lint_text
from tests.core.claim_world import ESCROW, GRADED, SELF, with_deadline

each_tier = pytest.mark.parametrize("tier", Tier)

VAGUE = {
    "quality_all_covered": [
        "质量问题全包",
        "所有质量问题一律保",
        "包您满意",
        "终身质保",
        "All quality issues are covered",
        "Satisfaction guaranteed!",
        "lifetime warranty",
    ],
    "final_interpretation": [
        "最终解释权归本平台",
        "本店拥有一切解释权",
        "at our sole discretion",
        "The right of final interpretation belongs to the seller",
    ],
    "force_majeure_open": [
        "不可抗力除外",
        "因不可控因素造成的不赔",
        "except in cases of force majeure",
        "for reasons beyond our control",
    ],
    "support_decides": [
        "以客服为准",
        "以客服答复为准",
        "由平台判定",
        "具体以实际页面为准",
        "as determined by our support team",
        "Our decision is final",
    ],
    "buyer_fault_open": [
        "用户操作不当不在保障范围",
        "人为因素除外",
        "因买家原因不退",
        "damage by improper use",
        "user error",
    ],
    "open_ended_list": [
        "包括但不限于充值失败",
        "网络等原因",
        "including but not limited to delays",
        "delays etc.",
    ],
    "no_deadline": [
        "我们会尽快处理",
        "视情况补偿",
        "we reply as soon as possible",
        "within a reasonable time",
    ],
    "changes_at_will": [
        "本店可随时修改本条款",
        "恕不另行通知",
        "subject to change without notice",
        "We may amend these terms at any time",
    ],
    "blanket_refusal": [
        "一经售出概不退换",
        "售后请自行联系卖家",
        "后果自负",
        "All sales are final",
        "no refunds",
        "use at your own risk",
    ],
    "burden_on_buyer": [
        "买家须自行举证",
        "需用户证明",
        "无法提供录屏的视为已使用",
        "The buyer must prove that the key was unused",
    ],
}
EACH = [(code, text) for code, texts in VAGUE.items() for text in texts]


def codes(report: Report) -> set[str]:
    return {flaw.code for flaw in report.flaws}


@pytest.mark.parametrize(("code", "text"), EACH, ids=[text for _, text in EACH])
def test_a_vague_sentence_is_named_and_comes_with_the_one_to_write(code: str, text: str) -> None:
    report = lint_text(text)
    assert code in codes(report)
    assert not report.passes
    flaw = next(each for each in report.flaws if each.code == code)
    assert flaw.excerpt and flaw.excerpt in text
    assert flaw.write.zh and flaw.write.en and flaw.why.zh and flaw.why.en


@pytest.mark.parametrize("rule", vague.rules(), ids=lambda rule: rule.code)
def test_the_sentence_to_write_instead_is_not_vague_itself(rule: vague.Rule) -> None:
    for text in (rule.write.zh, rule.write.en):
        assert [hit.rule.code for hit in vague.find(text)] == []


def test_every_rule_has_examples_here() -> None:
    assert set(VAGUE) == {rule.code for rule in vague.rules()}


GOOD_ZH = """质保自交付起 30 天。
卡密在交付之前已被使用的，补发一张卡密；备货不足时全额退款。以有签名的日志和发行方答复为证据。
2 小时内作出决定，30 分钟内补发或退款；逾期未决定的，视为同意买家的申请。
不可抗力仅指：政府公告的自然灾害、运营商公告的故障、主管部门书面要求的停机。
"""
GOOD_EN = """The warranty runs for 30 days from delivery.
If the key was used before delivery: a replacement key; with no stock left, a full refund.
Evidence is the signed log.
A decision within 2 hours, the remedy within 30 minutes; no decision in time means that the claim is granted.
Force majeure means only: a disaster declared by the government, an outage announced by the carrier.
"""


@pytest.mark.parametrize("text", [GOOD_ZH, GOOD_EN], ids=["zh-CN", "en"])
def test_plain_terms_that_say_what_when_and_how_pass(text: str) -> None:
    report = lint_text(text)
    assert report.flaws == ()
    assert (report.score, report.passes) == (100, True)


@pytest.mark.parametrize("text", [GOOD_ZH, GOOD_EN], ids=["zh-CN", "en"])
@pytest.mark.parametrize("code", [code for code in VAGUE if code != "no_deadline"])
def test_one_vague_clause_spoils_good_terms(text: str, code: str) -> None:
    assert lint_text(text).passes
    assert not lint_text(f"{text}{VAGUE[code][0]}。").passes


def test_plain_terms_that_leave_something_out_are_told_what() -> None:
    told = codes(lint_text("我们卖卡密。"))
    missing = {"window_missing", "clock_missing", "remedy_missing", "default_missing", "evidence_missing"}
    assert told == missing
    assert not lint_text("").passes


DISGUISES = [
    "最 终 解 释 权 归本平台",
    "最終解釋權歸本平台",
    "最\u200b终\u200b解释权归本平台",
    "**最终**解释权归本平台",
    "最终　解释权归本平台",
]


@pytest.mark.parametrize("text", DISGUISES)
def test_a_disguise_does_not_help(text: str) -> None:
    assert "final_interpretation" in codes(lint_text(text))


def test_full_width_english_is_english() -> None:
    assert "blanket_refusal" in codes(lint_text("ＮＯ ＲＥＦＵＮＤＳ"))


def test_a_place_is_told_by_line_and_column() -> None:
    flaw = lint_text("第一条\n本店  最终解释权归我").flaws[0]
    assert (flaw.place, flaw.excerpt) == ("2:5", "最终解释权")


@given(st.text(max_size=200))
def test_any_text_gets_a_report_and_places_that_exist(text: str) -> None:
    report = lint_text(text)
    assert 0 <= report.score <= 100
    for hit in vague.find(text):
        assert 0 <= hit.start < hit.end <= len(text)


def test_a_long_text_of_spaces_and_vague_words_is_still_read() -> None:
    assert not lint_text("不可抗力 " * 20_000 + " " * 100_000).passes


# ---- machine-readable terms ----


@each_tier
def test_our_own_terms_are_flawless(tier: Tier) -> None:
    report = lint_terms(terms.default_terms(tier))
    assert report.flaws == ()
    assert (report.score, report.passes) == (100, True)


def with_text(of: Terms, zh: str | None = None, en: str | None = None) -> Terms:
    old = of.cover.clause
    text = Text(zh or old.text.zh, en or old.text.en)
    return replace(of, cover=replace(of.cover, clause=Clause(old.number, text)))


def test_machine_terms_with_a_vague_text_fail_at_that_clause() -> None:
    report = lint_terms(with_text(SELF, zh="质保 30 天，最终解释权归本平台。"))
    assert [(flaw.code, flaw.place) for flaw in report.flaws] == [("final_interpretation", "1")]
    assert not report.passes


@pytest.mark.parametrize(
    ("zh", "en"), [("质保 90 天。", None), (None, "Covered for 130 days."), ("质保一月。", None)]
)
def test_words_that_promise_another_number_than_the_machine_fail(zh: str | None, en: str | None) -> None:
    report = lint_terms(with_text(SELF, zh, en))
    assert codes(report) == {"text_differs"}
    assert not report.passes


def test_the_same_span_in_another_unit_is_the_same_promise() -> None:
    assert lint_terms(with_text(SELF, zh="质保 720 小时。", en="Covered for 720 hours.")).passes


def changed(of: Terms, cause: Cause, **parts: object) -> Terms:
    causes = tuple(replace(each, **parts) if each.cause is cause else each for each in of.causes)  # type: ignore[arg-type]
    return replace(of, causes=causes)


def test_a_threshold_or_amount_that_the_words_do_not_say_fails() -> None:
    assert "text_differs" in codes(lint_terms(changed(SELF, Cause.LATE_DELIVERY, threshold_s=3600)))
    triple = (Remedy(RemedyKind.MULTIPLE, 300),)
    assert "text_differs" in codes(lint_terms(changed(SELF, Cause.CARRIER_DELAY, remedies=triple)))
    limits = replace(SELF.limits, two_person_over=money.parse("2000.00", "CNY"))
    assert "text_differs" in codes(lint_terms(replace(SELF, limits=limits)))


def test_weak_promises_cost_points_and_say_what_to_write() -> None:
    half = changed(SELF, Cause.ARRIVAL_FAILED, remedies=(Remedy(RemedyKind.REFUND, 50),))
    assert "refund_partial" in codes(lint_terms(half))
    upheld = with_deadline(SELF, "appealed", default=terms.Default.UPHOLD)
    assert "silence_upholds" in codes(lint_terms(upheld))
    short = with_deadline(SELF, "rejected", within_s=3600)
    assert "appeal_short" in codes(lint_terms(short))
    slow = with_deadline(with_deadline(SELF, "second_review", within_s=90_000), "review", within_s=90_000)
    assert "decision_slow" in codes(lint_terms(slow))
    without = replace(ESCROW, causes=tuple(c for c in ESCROW.causes if c.cause is not Cause.DUPLICATE_SALE))
    report = lint_terms(without)
    assert (codes(report), report.score, report.passes) == ({"cause_left_out"}, 95, True)


def test_a_week_of_cover_is_weak() -> None:
    week = 7 * 86400
    short = with_text(GRADED, zh="质保 7 天。", en="Covered for 7 days.")
    short = replace(
        short,
        causes=tuple(replace(each, window_s=week) for each in short.causes),
        cover=replace(short.cover, seconds=week),
    )
    assert "cover_short" in codes(lint_terms(short))
    assert lint_terms(short).score < 100


def test_the_mark_lets_two_weaknesses_pass_and_no_vague_clause() -> None:
    assert PASS_MARK == 80
    weak = with_deadline(SELF, "appealed", default=terms.Default.UPHOLD)
    assert lint_terms(weak).passes
    weak = with_deadline(weak, "rejected", within_s=7200)
    assert lint_terms(weak).score == 80
    assert lint_terms(weak).passes
    weak = changed(weak, Cause.ARRIVAL_FAILED, remedies=(Remedy(RemedyKind.REFUND, 99),))
    assert not lint_terms(weak).passes
