"""What terms promise in numbers, and whether their words say the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from provenance.core.termsrules.vague import fold
from provenance.core.termsrules.values import Clause, Terms, Text
from provenance.core.termsrules.words import Cause, Default, RemedyKind, State, Tier

_DAY_S: Final = 86_400
_UNITS: Final = (
    (_DAY_S, "天|日", "days?"),
    (3_600, "小时|个小时", "hours?"),
    (60, "分钟|分", "minutes?"),
    (1, "秒", "seconds?"),
)
_EXPECTED: Final = (
    Cause.LATE_DELIVERY,
    Cause.DUPLICATE_SALE,
    Cause.USED_BEFORE_DELIVERY,
    Cause.INVALID_KEY,
    Cause.VOID_AFTER_SALE,
)
"""What can go wrong with any card key; leaving one out is allowed, and costs points."""


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing to better: where, why, and the sentence to write instead.

    ``fails`` ends the matter whatever the score; ``subject`` tells flaws of one code apart.
    """

    code: str
    fails: bool
    points: int
    place: str
    why: Text
    write: Text
    excerpt: str = ""
    language: str = ""
    subject: str = ""


def weak_promises(terms: Terms) -> Iterator[Flaw]:
    """Where machine-readable terms promise less than a warranty of one month should."""
    if terms.cover.seconds < 30 * _DAY_S:
        yield _flaw("cover_short", 15, terms.cover.clause, "质保不足 30 天。", "The cover is under 30 days.",
                    "质保自交付起 30 天。", "The warranty runs for 30 days from delivery.")  # fmt: skip
    if terms.tier is not Tier.GRADED:
        for cause in _EXPECTED:
            if terms.cause(cause) is None:
                yield Flaw(
                    "cause_left_out", False, 5, "causes",
                    Text(f"没有覆盖 {cause}。", f"{cause} is not covered."),
                    Text(f"在 causes 中加入 {cause}，补发或全额退款。",
                         f"Add {cause} to the causes, with a replacement or a full refund."),
                    subject=cause,
                )  # fmt: skip
    for each in terms.causes:
        for remedy in each.remedies:
            if remedy.kind is RemedyKind.REFUND and (remedy.percent or 0) < 100:
                yield _flaw("refund_partial", 10, each.clause, "只退一部分。", "Only a part is refunded.",
                            "全额退款。", "A full refund.", each.cause)  # fmt: skip
    yield from _slow(terms)


def _slow(terms: Terms) -> Iterator[Flaw]:
    clause = terms.clocks.clause
    if terms.deadline(State.REVIEW).within_s > 7_200:
        yield _flaw("decision_slow", 10, clause, "决定超过 2 小时。", "The decision takes over 2 hours.",
                    "2 小时内作出决定。", "A decision within 2 hours.")  # fmt: skip
    if terms.clocks.remedy_s > 1_800:
        yield _flaw("remedy_slow", 5, clause, "权益重置超过 30 分钟。", "The remedy takes over 30 minutes.",
                    "30 分钟内完成补发或退款。", "Replacement or refund within 30 minutes.")  # fmt: skip
    if terms.deadline(State.APPEALED).default is Default.UPHOLD:
        yield _flaw("silence_upholds", 10, clause, "申诉逾期等于驳回。", "A late appeal is lost.",
                    "申诉 24 小时内未决定的，视为同意。",
                    "An appeal that is not decided within 24 hours is granted.")  # fmt: skip
    if terms.deadline(State.REJECTED).within_s < _DAY_S:
        yield _flaw("appeal_short", 10, clause, "申诉期不足 1 天。", "Less than a day to appeal.",
                    "被拒后 7 天内可申诉一次。", "A rejection can be appealed within 7 days.")  # fmt: skip


def differing_text(terms: Terms) -> Iterator[Flaw]:
    """Where the words for people leave out or change a number that the machine will hold them to."""
    cover = terms.cover
    yield from _spans(cover.clause, cover.seconds)
    yield from _spans(terms.clocks.clause, terms.clocks.remedy_s, terms.deadline(State.REVIEW).within_s)
    limits = terms.limits
    yield from _amounts(limits.clause, str(limits.two_person_over))
    for each in terms.causes:
        own = () if each.window_s == cover.seconds else (each.window_s,)
        optional = tuple(span for span in (each.threshold_s, each.reissue_s) if span is not None)
        yield from _spans(each.clause, *own, *optional)
        said = [str(remedy.amount) for remedy in each.remedies if remedy.amount is not None]
        said += [f"{remedy.percent}%" for remedy in each.remedies if remedy.percent not in (None, 100)]
        yield from _amounts(each.clause, *dict.fromkeys(said))


def missing_in_text(folded: str) -> Iterator[Flaw]:
    """What a plain text should say and nowhere does; *folded* as the vague rules read it."""
    for code, pattern, why, write in _MISSING:
        if not pattern.search(folded):
            yield Flaw(code, False, 15, "text", why, write)


def _spans(clause: Clause, *spans: int) -> Iterator[Flaw]:
    for seconds in spans:
        chinese, english = _spellings(seconds)
        for language, text, pattern in (("zh-CN", clause.text.zh, chinese), ("en", clause.text.en, english)):
            if not re.search(pattern, fold(text)[0]):
                yield _differs(clause, language, *_in_words(seconds))


def _amounts(clause: Clause, *amounts: str) -> Iterator[Flaw]:
    for amount in amounts:
        for language, text in (("zh-CN", clause.text.zh), ("en", clause.text.en)):
            if not re.search(rf"(?<![\d.]){re.escape(amount)}(?!\d)", fold(text)[0]):
                yield _differs(clause, language, amount, amount)


def _differs(clause: Clause, language: str, chinese: str, english: str) -> Flaw:
    return Flaw(
        "text_differs", True, 40, clause.number,
        Text(f"条文没有写明机器条款的 {chinese}。", f"The text does not say {english}, as the machine does."),
        Text(f"在第 {clause.number} 条写明：{chinese}。", f"Say in clause {clause.number}: {english}."),
        language=language,
        subject=f"{clause.number} {english}",
    )  # fmt: skip


def _spellings(seconds: int) -> tuple[str, str]:
    counts = [(seconds // unit, zh, en) for unit, zh, en in _UNITS if seconds % unit == 0 and seconds >= unit]
    chinese = "|".join(rf"(?<!\d){count} ?(?:{zh})" for count, zh, _ in counts)
    english = "|".join(rf"(?<!\d){count}[ -]?(?:{en})\b" for count, _, en in counts)
    return chinese, english


def _in_words(seconds: int) -> tuple[str, str]:
    unit, chinese, english = next(each for each in _UNITS if seconds % each[0] == 0)
    count = seconds // unit
    return f"{count} {chinese.split('|')[0]}", f"{count} {english.rstrip('?') if count > 1 else english[:-2]}"


def _flaw(
    code: str, points: int, clause: Clause, zh: str, en: str, write_zh: str, write_en: str, subject: str = ""
) -> Flaw:
    return Flaw(code, False, points, clause.number, Text(zh, en), Text(write_zh, write_en), subject=subject)


_MISSING: Final = (
    (
        "window_missing",
        re.compile(r"\d+ ?(?:天|日|个月|年)|\b\d+[ -](?:day|month|year)s?\b"),
        Text("没有写明质保多少天、从何时起算。", "It does not say for how many days, and from when."),
        Text("质保自交付起 30 天。", "The warranty runs for 30 days from delivery."),
    ),
    (
        "clock_missing",
        re.compile(r"\d+ ?(?:个?小时|分钟)|\b\d+[ -](?:hour|minute)s?\b"),
        Text("没有写明多久作出决定、多久给付。", "It does not say by when one decides and pays."),
        Text("2 小时内作出决定，30 分钟内补发或退款。",
             "A decision within 2 hours, a replacement or refund within 30 minutes."),
    ),
    (
        "remedy_missing",
        re.compile(r"补发|退款|补偿|赔付|replace|refund|compensat|reissue"),
        Text("没有写明给买家什么。", "It does not say what the buyer gets."),
        Text("补发一张卡密；备货不足时全额退款。", "A replacement key; with no stock left, a full refund."),
    ),
    (
        "default_missing",
        re.compile(r"视为同意|自动(?:补发|退款|通过|立案|决定)|逾期|by itself|automatic|granted"),
        Text("没有写明平台不答复时怎么办。", "It does not say what happens if nobody answers."),
        Text("逾期未决定的，视为同意买家的申请。", "No decision in time means that the claim is granted."),
    ),
    (
        "evidence_missing",
        re.compile(r"证据|回执|日志|记录|答复|evidence|receipt|\blog\b|record|answer"),
        Text("没有写明以什么为证据。", "It does not say what counts as evidence."),
        Text("以有签名的日志、发行方答复和运营商回执为证据。",
             "Evidence is the signed log, the issuer's answer and the carrier's receipt."),
    ),
)  # fmt: skip
"""What plain terms must say somewhere."""
