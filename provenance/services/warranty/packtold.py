"""What a complaint says of an order, as the printer takes it: short texts, nobody's secrets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final

from provenance.core.claims import Claim
from provenance.core.digests import sha256
from provenance.core.money import Money
from provenance.core.proofs import Bound
from provenance.core.proofs import Evidence as Verified
from provenance.core.terms import Clause, terms_hash
from provenance.print import readable, word
from provenance.services.disclosure_view import Shown
from provenance.services.warranty.keeping import price_of
from provenance.services.warranty.status import OrderStatus
from provenance.services.warranty.timeline import Happening
from provenance.store.entries import StoredEntry
from provenance.store.evidence import EvidenceRow
from provenance.store.parties import Party

MAX_ROWS: Final = 300
"""Rows of one printed table, the newest; the files beside the paper have what a shared key has beyond."""
_CHINA: Final = timezone(timedelta(hours=8))


@dataclass(frozen=True, slots=True)
class Material:
    """All that a pack is made from, as of *as_of* (ms), the time of the newest thing in it.

    ``enclosed`` are the pieces of ``evidence`` whose files go into it. ``is_open``: ``bundle`` has the key.
    """

    status: OrderStatus
    platform: Party
    papers: Sequence[Shown]
    happened: Sequence[Happening]
    bounds: dict[int, tuple[Bound | None, Bound | None]]
    steps: Sequence[StoredEntry]
    evidence: Sequence[EvidenceRow]
    enclosed: Sequence[EvidenceRow]
    bundle: bytes = field(repr=False)
    proven: Verified
    link: str = field(repr=False)
    as_of: int
    is_open: bool


def told(material: Material) -> dict[str, Any]:
    """Everything that ``complaint.typ`` prints."""
    status = material.status
    # Of what the proof shows, the proof's own: there the chain may have been asked.
    proven = {event.index: (event.after, event.before) for event in material.proven.timeline}
    return {
        "order": status.order.id.hex(),
        "bundle": sha256(material.bundle).hex(),
        "secrets": word("secrets", "open" if material.is_open else "closed"),
        "head": head(material),
        **platform(material.platform, material.papers),
        "product": product(status),
        **clauses(status),
        "timeline": happenings(material.happened, material.bounds | proven),
        "claims": claims(status, material.happened),
        "owed": owed(status),
        "evidence": evidence(material.evidence, material.enclosed, status),
    }


def head(material: Material) -> list[tuple[str, str]]:
    """Which order, whose pseudonym, and up to when this tells."""
    order = material.status.order
    return [
        ("订单编号", order.id.hex()),
        ("买家（化名）", "0x" + order.party.hex()),
        ("材料截至", f"{when(material.as_of)}（北京时间）"),
        ("公开日志", f"{material.proven.origin}，共 {material.proven.checkpoint_size} 条"),
    ]


def platform(party: Party, papers: Sequence[Shown]) -> dict[str, Any]:
    """The platform by name and address, and every paper that it disclosed and that still stands."""
    shown = [one for one in papers if one.is_current and one.disclosure is not None]
    return {
        "platform": [("名称", readable(party.name)), ("地址", "0x" + party.address.hex())],
        "papers": [
            (
                word("paper", one.disclosure.type.value),
                readable(one.disclosure.number),
                str(one.disclosure.credit_code),
                "" if one.status is None else word("standing", one.status.value),
            )
            for one in shown
            if one.disclosure is not None
        ],
    }


def product(status: OrderStatus) -> list[tuple[str, str]]:
    """What was bought, for how much, and when."""
    said, order = status.product, status.order
    paid, delivered = status.known.paid, status.known.delivered
    return [
        ("商品", readable(said.get("product", ""))),
        ("面值", readable(f"{said.get('face_value', '')} {said.get('currency', '')}")),
        ("成交价", _amount(price_of(order))),
        ("下单时间", when(order.created_at)),
        ("付款时间", "未记录" if paid is None else when(paid.at)),
        ("交付时间", "未交付" if delivered is None else when(delivered.at)),
        ("供应商地址", "0x" + order.supplier.hex()),
        ("卡密位置", f"批次 {status.key.batch.batch_id.hex()} 第 {status.key.index} 张（从 0 起）"),
        *([] if order.replaces is None else [("由本订单补发", order.replaces.hex())]),
        *([] if status.replacement is None else [("补发订单", status.replacement.id.hex())]),
    ]


def clauses(status: OrderStatus) -> dict[str, Any]:
    """The clauses that a claim rests on or a decision cites, in full; without a claim, all of them."""
    terms = status.terms
    rules = [terms.cause(cause) for claim in status.claims for cause in claim.causes]
    cited = {rule.clause.number for rule in rules if rule is not None}
    cited |= {claim.rejection.clause for claim in status.claims if claim.rejection is not None}
    general = {terms.cover.clause.number, terms.clocks.clause.number, terms.limits.clause.number}
    shown = [one for one in terms.clauses if not cited or one.number in cited | general]
    return {"terms": terms_hash(terms).hex(), "clauses": [_clause(one) for one in shown]}


def happenings(
    found: Sequence[Happening], bounds: Mapping[int, tuple[Bound | None, Bound | None]]
) -> list[tuple[str, ...]]:
    """The timeline, each entry of the log with its bracket."""
    lines = []
    for one in found:
        after, before = (None, None) if one.index is None else bounds.get(one.index, (None, None))
        said = [] if after is None else [f"不早于{_bound(after)}"]
        said += [] if before is None else [f"不晚于{_bound(before)}"]
        lines.append((when(one.time), word("step", one.what), _place(one), "\n".join(said)))
    return _newest(lines)


def claims(status: OrderStatus, found: Sequence[Happening]) -> list[dict[str, Any]]:
    """Every claim with its steps: codes and clauses as they stand in the entries."""
    return [
        {
            "head": _claim_head(claim),
            "steps": _newest(
                [
                    (when(one.time), word("step", one.what), _place(one), _content(one.said))
                    for one in found
                    if one.said.get("claim") == claim.claim_id.hex()
                ]
            ),
        }
        for claim in status.claims
    ]


def owed(status: OrderStatus) -> list[tuple[str, str, str]]:
    """Every payment that a claim asked for, and whether it was made."""
    return [
        (
            word("payment", one.kind),
            _amount(Money(one.amount, one.currency)),
            word("paid", one.state.name.lower()),
        )
        for one in status.payments
    ]


def evidence(
    rows: Sequence[EvidenceRow], enclosed: Sequence[EvidenceRow], status: OrderStatus
) -> list[dict[str, str]]:
    """Each piece by its hash: in the pack, too large for it, erased, or somebody else's."""
    inside = {row.digest for row in enclosed}
    listed = [_piece(row, row.digest in inside) for row in rows]
    known = {row.digest for row in rows}
    cited = (one for claim in status.claims for one in claim.evidence)
    for one in (*status.known.evidence, *cited):
        if one.digest not in known:
            known.add(one.digest)
            kind = f"{word('evidence', one.type.value)}（来源：{word('source', one.source.value)}）"
            listed.append({"what": f"{kind}，{when(one.at)}，仅存哈希", "digest": one.digest.hex()})
    return listed


def when(milliseconds: int) -> str:
    """A moment in China's time."""
    moment = datetime.fromtimestamp(milliseconds / 1_000, UTC).astimezone(_CHINA)
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def _newest(lines: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    left_out = len(lines) - MAX_ROWS
    if left_out <= 0:
        return list(lines)
    return [("……", f"此前还有 {left_out} 项", "", "见附件"), *lines[left_out:]]


def _bound(bound: Bound) -> str:
    kind = "区块" if bound.kind == "block" else "锚定"
    moment = "时间未知" if bound.time is None else when(bound.time * 1_000)
    return f"{kind} {bound.number}（{moment}{'' if bound.is_checked else '，未向链核对'}）"


def _piece(row: EvidenceRow, is_enclosed: bool) -> dict[str, str]:
    place = "文件不在本包内，可向服务另行下载"
    if row.file is None:
        place = "文件已删除，仅存哈希"
    elif is_enclosed:
        place = "文件在本包 evidence 文件夹内"
    kind = f"{word('evidence', row.type)}（来源：{word('source', row.source)}）"
    return {"what": f"{kind}，{when(row.at)}，{row.size} 字节，{place}", "digest": row.digest.hex()}


def _claim_head(claim: Claim) -> list[tuple[str, str]]:
    causes = "、".join(f"{word('cause', one.value)}（{one.value}）" for one in claim.causes)
    said = [("理赔编号", claim.claim_id.hex()), ("原因", causes), ("状态", word("state", claim.state.value))]
    if claim.outcome is not None:
        said.append(("结果", word("outcome", claim.outcome.value)))
    if claim.rejection is not None:
        code = claim.rejection.code.value
        said.append(("拒绝理由", f"{word('reason', code)}（{code}），条款 {claim.rejection.clause}"))
    return said


def _content(said: dict[str, Any]) -> str:
    """The codes of one step; a clause number and enumerated words, which is all that an entry holds."""
    parts = []
    if finding := said.get("finding"):
        parts.append(f"{word('finding', finding)}（{finding}）")
    if clause := said.get("clause"):
        parts.append(f"条款 {clause}")
    if rejection := said.get("rejection"):
        code = rejection["code"]
        parts.append(f"{word('reason', code)}（{code}），条款 {rejection['clause']}")
    if remedy := said.get("remedy"):
        parts.append(f"{remedy['kind']}：{remedy['paid']} {remedy['currency']}，优惠券 {remedy['voucher']}")
    if reviewer := said.get("reviewer"):
        parts.append(f"审核人 {readable(reviewer)}")
    return "；".join(parts)


def _place(one: Happening) -> str:
    return "—" if one.index is None else str(one.index)


def _clause(clause: Clause) -> dict[str, str]:
    most = 2_000
    return {
        "number": clause.number,
        "zh": readable(clause.text.zh, most),
        "en": readable(clause.text.en, most),
    }


def _amount(money: Money) -> str:
    return f"{money} {money.currency}"
