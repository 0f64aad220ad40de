"""The complaint pack: opened with other people's readers, checked offline, and no stranger gets one."""

from __future__ import annotations

import hashlib
import io
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
import rfc8785
import zxingcpp
from pypdf import PdfReader

from provenance.core.policy import Policy
from provenance.core.proofs import ReaderContext, read_bundle, verify
from provenance.core.tlogproof import TlogProof
from provenance.core.tlogproof import verify as verify_proof
from provenance.print import complaint, readable, word
from provenance.print.compose import _PRINTED
from provenance.services.warranty.pack import PackService
from tests.api.desk import STRANGERS, digest
from tests.api.world import ref
from tests.pages.complaint import Complaint, claimed, unpacked
from tests.pages.reader import Reader
from tests.pages.site import Site
from tests.services.evidence_world import PNG, TEXT
from tests.support.databases import SqliteDatabases


@pytest.fixture(scope="module")
def case(sqlite_databases: SqliteDatabases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Complaint]:
    site = Site(sqlite_databases.migrated(), tmp_path_factory.mktemp("home"))
    yield claimed(site)
    site.close()


@pytest.fixture(scope="module")
def members(case: Complaint) -> dict[str, bytes]:
    return case.pack()


def text_of(pdf: bytes) -> str:
    """What the PDF says, without the breaks of its lines."""
    return re.sub(r"\s", "", "".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages))


def test_every_file_of_a_pack_has_the_hash_that_stands_in_it(
    members: dict[str, bytes], tmp_path: Path
) -> None:
    names = {"complaint.pdf", "README.txt", "verify.html", "key.provenance.json", "terms.json", "steps.json"}
    assert names < set(members)
    for name, content in members.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    listed = {line.split("  ")[1] for line in members["SHA256SUMS"].decode().splitlines()}
    assert listed == set(members) - {"SHA256SUMS"}
    command = ["sha256sum", "-c", "SHA256SUMS"]
    checked = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    assert checked.returncode == 0, checked.stdout


def test_the_same_state_gives_the_same_bytes_whenever_it_is_asked(case: Complaint) -> None:
    first = case.ask()
    case.site.world.clock.time += 60_000
    assert case.ask().data == first.data
    assert first.headers["Content-Disposition"].endswith('.zip"')
    assert first.headers["Cache-Control"] == "no-store"


def test_the_paper_says_in_chinese_what_happened_and_what_shows_it(
    case: Complaint, members: dict[str, bytes]
) -> None:
    said = text_of(members["complaint.pdf"])
    bundle = hashlib.sha256(members["key.provenance.json"]).hexdigest()
    held = [hashlib.sha256(content).hexdigest() for content in (TEXT, PNG)]
    (standing,) = case.desk.status(case.sold["order_token"]).json["orders"]
    claim = standing["claims"][0]
    clause = next(one["clause"] for one in standing["covered"] if one["cause"] == "invalid_key")
    wanted = [
        "虚拟商品（卡密）投诉材料", case.sold["order"], "49.50CNY", "Gift", "shop", bundle, case.desk.terms,
        claim["claim"], "卡密无效（invalid_key）", clause["number"] + clause["text"]["zh-CN"], *held,
        "不早于区块101", "不晚于锚定", "本包不含卡密原文", "买家申请",
    ]  # fmt: skip
    assert [one for one in wanted if re.sub(r"\s", "", one) not in said] == []
    assert hashlib.sha256(members["terms.json"]).hexdigest() == case.desk.terms


def test_every_letter_is_in_the_paper_and_none_comes_from_the_machine(members: dict[str, bytes]) -> None:
    fonts: dict[str, Any] = {}
    for page in PdfReader(io.BytesIO(members["complaint.pdf"])).pages:
        for font in page["/Resources"]["/Font"].values():
            descendant = font.get_object()["/DescendantFonts"][0].get_object()
            fonts[str(descendant["/BaseFont"])] = descendant["/FontDescriptor"].get_object()
    assert {name.partition("+")[2].partition("-")[0] for name in fonts} == {"NotoSerifSC"}
    assert all("/FontFile3" in one for one in fonts.values())


def test_whatever_is_said_to_be_printable_has_a_glyph() -> None:
    # Of the many thousand ideographs one in sixteen.
    steps = [16 if last - first > 1_000 else 1 for first, last in _PRINTED]
    codes = [range(first, last + 1, step) for (first, last), step in zip(_PRINTED, steps, strict=True)]
    every = "".join(chr(code) for one in codes for code in one)
    told: dict[str, Any] = {name: [] for name in ("platform", "papers", "product", "clauses", "timeline")}
    told |= {name: [] for name in ("claims", "owed", "evidence")}
    told |= {"order": "", "bundle": "", "terms": "", "secrets": "", "head": [["", every]]}
    assert complaint(told, "https://log.example", 0).startswith(b"%PDF-1.7"), "PDF/A lets no glyph be missing"


def test_the_qr_code_on_the_page_leads_to_the_proof_and_has_the_hash(
    case: Complaint, members: dict[str, bytes]
) -> None:
    with pypdfium2.PdfDocument(members["complaint.pdf"]) as paper:
        (found,) = zxingcpp.read_barcodes(paper[0].render(scale=2).to_numpy())
    address, _, said = found.text.partition("#sha256=")
    assert said == hashlib.sha256(members["key.provenance.json"]).hexdigest()
    assert address.startswith("https://log.example/v1/proofs/")
    path = address.removeprefix("https://log.example/v1")
    fetched = case.site.world.get(None, path)
    assert (fetched.json["batch"], fetched.json["key"]["use"]) == (
        json.loads(members["key.provenance.json"])["batch"],
        None,
    )


def test_the_proof_in_the_pack_verifies_shows_the_buyer_and_hides_the_key(
    case: Complaint, members: dict[str, bytes]
) -> None:
    proof = members["key.provenance.json"]
    shown = verify(proof, ReaderContext())
    assert shown.timeline[-1].entry.type.name == "DELIVER"
    assert shown.timeline[-1].before is not None
    bundle = read_bundle(proof)
    assert bundle.key.opening is None
    assert bundle.key.use is not None
    whole = b"".join(members.values())
    assert case.desk.keys[0].encode() not in whole
    assert case.sold["order_token"].encode() not in whole


def test_each_step_of_the_claim_is_shown_to_be_in_the_log(members: dict[str, bytes]) -> None:
    key = read_bundle(members["key.provenance.json"]).log.key
    policy = Policy.parse(f"log {key.encode()}\nquorum none\n".encode())
    steps = json.loads(members["steps.json"])
    assert [one["type"] for one in steps][:1] == ["CLAIM"]
    for step in steps:
        proof = TlogProof.parse(members[step["proof"]])
        assert proof.index == step["index"]
        assert proof.extra is not None
        verify_proof(proof, proof.extra, policy)
        details = bytes.fromhex(step["salt"]) + rfc8785.dumps(step["details"])
        assert hashlib.sha256(details).digest() == proof.extra[92:124]


def test_with_the_key_shown_the_pack_holds_it_and_says_so(case: Complaint) -> None:
    members = case.pack(key=ref(case.desk.keys[0]))
    opening = read_bundle(members["key.provenance.json"]).key.opening
    assert opening is not None
    assert opening.serial + opening.secret == case.desk.keys[0]
    assert "本包含有卡密原文" in text_of(members["complaint.pdf"])
    assert "本包含有卡密原文" in members["README.txt"].decode()
    assert case.desk.keys[0] not in case.site.world.log.getvalue()


def test_another_key_than_the_orders_is_refused(case: Complaint) -> None:
    for number in (1, 2):
        refused = case.ask(key=ref(case.desk.keys[number]))
        assert (refused.status_code, refused.json["code"]) == (404, "unknown")
    assert case.ask(key={"batch": case.sold["key"]["batch"], "index": 0}).status_code == 422


def test_a_token_that_did_not_buy_the_order_gets_nothing(case: Complaint) -> None:
    for changes in ({"order_token": STRANGERS}, {"order": digest()}):
        refused = case.ask(**changes)
        assert (refused.status_code, refused.json["code"]) == (404, "unknown_order")
    assert case.ask(order_token="x").status_code == 422


def test_evidence_beyond_the_room_of_a_pack_is_named_and_left_out(case: Complaint) -> None:
    services = case.site.world.services
    packs = PackService(services.context, services.evidence, services.proofs, most=len(TEXT))
    found = packs.find(bytes.fromhex(case.sold["order_token"]), bytes.fromhex(case.sold["order"]))
    members = unpacked(packs.make(found).content)
    kept = [name for name in members if name.startswith("evidence/")]
    assert kept == [f"evidence/{hashlib.sha256(TEXT).hexdigest()}.txt"]
    said = text_of(members["complaint.pdf"])
    assert hashlib.sha256(PNG).hexdigest() in said
    assert "文件不在本包内" in said


def test_what_users_wrote_is_set_as_text_and_cut_where_it_has_no_end() -> None:
    assert readable('#image("x") $a$ *b* \\ 名') == '#image("x") $a$ *b* \\ 名'
    assert readable("a\n\tb\u202e😀") == "a  b□□"
    assert readable("长" * 700).endswith("……（共 700 字，以下略）")
    assert word("cause", "no such") == "no such"


@pytest.mark.browser
def test_the_verifier_of_the_pack_checks_its_proof_from_disk_without_any_network(
    browser: Any, members: dict[str, bytes], tmp_path: Path
) -> None:
    for name in ("verify.html", "key.provenance.json"):
        (tmp_path / name).write_bytes(members[name])
    page = (tmp_path / "verify.html").as_uri()
    context = browser.new_context(locale="zh-CN", offline=True)
    opened = context.new_page()
    requests: list[str] = []
    opened.on("request", lambda request: requests.append(request.url))
    opened.goto(page)
    opened.set_input_files("#file", tmp_path / "key.provenance.json")
    opened.wait_for_selector("#result[aria-busy=false] .verdict")
    # Nobody brought the log's key: the page says so, and rejects nothing.
    assert "来源未核对" in opened.inner_text("#verdict")
    changed = members["key.provenance.json"].replace(b'"index":13', b'"index":12')
    assert changed != members["key.provenance.json"]
    file = {"name": "x.provenance.json", "mimeType": "application/json", "buffer": changed}
    opened.set_input_files("#file", file)
    opened.wait_for_function("document.querySelector('#verdict').textContent.includes('未通过')")
    context.close()
    assert requests == [page]


@pytest.mark.browser
def test_the_buyer_saves_the_pack_from_his_page(browser: Any, case: Complaint) -> None:
    reader = Reader(browser, case.site.url, "zh-CN")
    reader.excused.append("404 (NOT FOUND)")
    reader.open("/order")
    reader.page.fill("#token", case.sold["order_token"])
    reader.page.click("#submit")
    with reader.page.expect_download() as waiting:
        reader.page.click("[data-pack]")
    assert waiting.value.suggested_filename == f"complaint-{case.sold['order'][:16]}.zip"
    assert "complaint.pdf" in unpacked(Path(waiting.value.path()).read_bytes())
    reader.status("投诉材料包已生成")
    reader.leave()
