"""The check page in real Chromium: plain answers, journeys in their brackets, nothing behind one's back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import expect

from provenance.core.notes import verifier_key
from tests.pages.reader import CONTRAST, PHONE, Reader
from tests.pages.site import Site

pytestmark = pytest.mark.browser


def test_each_answer_says_what_it_means_and_what_to_do_next(site: Site, reader: Reader) -> None:
    free, sold = site.world.held_keys(2)
    site.sell(sold)
    stranger = site.world.fresh_keys(1)[0]
    answers = []
    for key in (free, sold, stranger):
        reader.ask(key, format="google-play")
        reader.status("查询完成")
        answers.append(reader.answer())
        assert reader.says("#result h3:nth-of-type(1)") == "这表示什么"
        assert reader.says("#result h3:nth-of-type(2)") == "接下来怎么做"
        assert reader.page.locator("#result ul li").count() >= 2
        assert reader.focus == "result"
        reader.page.click("#reset")
    assert answers == ["CLEAN", "NOT_CLEAN", "UNKNOWN"]


def test_english_is_spoken_to_who_asks_for_it(browser: Any, site: Site) -> None:
    key = site.world.held_keys(2)[0]
    english = Reader(browser, site.url, "en-GB")
    english.open("/check")
    assert english.page.get_attribute("html", "lang") == "en"
    english.ask(key, format="google-play")
    assert english.answer() == "CLEAN"
    assert "no sale or use on record" in english.says("#answer")
    english.page.click("#language")
    english.page.wait_for_selector("html[lang=zh-CN]")
    assert english.says("h1") == "查询卡密"
    english.leave()


def test_the_buyer_sees_the_whole_journey_between_its_blocks(site: Site, reader: Reader) -> None:
    key, token = site.bought()
    reader.ask(key, format="google-play", token=token)
    assert reader.answer() == "SOLD_TO_YOU"
    assert "售给了你" in reader.says("#answer")
    reader.page.wait_for_selector("ol.journey li")
    events = reader.page.locator("ol.journey > li").all()
    assert [one.get_attribute("data-event") for one in events] == [
        "COMMISSION", "TRANSFER", "RECEIVE", "SELL", "DELIVER",
    ]  # fmt: skip
    told = [one.inner_text() for one in events]
    assert "之前没有信标区块" in told[0]
    assert all("晚于区块 10" in one for one in told[1:])
    assert all("早于锚点" in one and "2027" in one for one in told)
    assert "逐步核验" in reader.says("#journey")
    assert reader.says("#status") == "经过已核验。"
    assert reader.page.get_attribute("#journey", "aria-labelledby") == "journey-title"
    reader.page.click("#journey details:last-of-type > summary")
    steps = [one.get_attribute("class") for one in reader.page.locator("ol.steps > li").all()]
    assert steps[:6] == ["partly", *["established"] * 4, "unchecked"], "nobody vouched for the log's key"
    assert "failed" not in steps
    assert "一面之词" in reader.says("#log-word")


def test_who_brings_the_logs_key_need_not_believe_the_page_about_it(site: Site, reader: Reader) -> None:
    key, token = site.bought()
    known = verifier_key("log.example/test", b"L" * 32).encode()
    stranger = verifier_key("log.example/test", bytes(32)).encode()
    reader.ask(key, format="google-play", token=token)
    reader.page.wait_for_selector("ol.journey li")
    reader.page.fill("#log", known)
    reader.page.click("#submit")
    expect(reader.page.locator("#log-word")).to_contain_text("正是你给的公钥")
    reader.page.click("#journey details:last-of-type > summary")
    steps = [one.get_attribute("class") for one in reader.page.locator("ol.steps > li").all()]
    assert (steps[0], steps[5]) == ("established", "partly")
    reader.page.fill("#log", stranger)
    reader.page.click("#submit")
    reader.page.wait_for_selector("#journey .rejected")
    assert reader.says("#proof-step") == "第 0 步未通过"


@pytest.mark.parametrize("log", ["nobody", "log.example/test+00000000+" + "A" * 44, "a+b+c"])
def test_a_log_key_that_is_none_is_marked(site: Site, reader: Reader, log: str) -> None:
    key, token = site.bought()
    reader.page.locator("#token-part").evaluate("element => { element.open = true; }")
    reader.page.fill("#log", log)
    reader.ask(key, format="google-play", token=token)
    reader.page.wait_for_selector("#log[aria-invalid=true]")
    assert "不是日志公钥" in reader.says("#log-problem")
    assert reader.page.locator("ol.journey").count() == 0


def test_the_file_to_keep_is_a_proof_without_the_key(site: Site, reader: Reader) -> None:
    key, token = site.bought()
    reader.ask(key, format="google-play", token=token)
    with reader.page.expect_download() as saved:
        reader.page.click("#journey a.button")
    with open(saved.value.path(), encoding="utf-8") as file:
        text = file.read()
    assert key not in text
    assert json.loads(text)["key"]["opening"] is None
    assert saved.value.suggested_filename.endswith(".provenance.json")


def test_a_journey_on_its_way_into_the_log_is_waited_for(site: Site, reader: Reader) -> None:
    key = site.world.held_keys(1)[0]
    token = site.sell(key)
    reader.ask(key, format="google-play", token=token)
    assert reader.answer() == "SOLD_TO_YOU"
    reader.status("公开日志")
    reader.excused.append("409")
    site.sequence()
    reader.page.wait_for_selector("ol.journey li[data-event=SELL]")
    assert "等待锚定上链" in reader.says("ol.journey")


def test_a_lying_proof_is_called_out(site: Site, reader: Reader) -> None:
    key, token = site.bought()

    def back_dated(route: Any) -> None:
        members = route.fetch().json()
        entry = members["bundle"]["custody"][3]["entry"]
        members["bundle"]["custody"][3]["entry"] = entry[:-2] + ("00" if entry[-2:] != "00" else "01")
        route.fulfill(json=members)

    reader.page.route("**/v1/proofs", back_dated)
    reader.ask(key, format="google-play", token=token)
    reader.page.wait_for_selector("#journey .rejected")
    assert reader.says("#journey-title") == "凭证没有通过核验"
    assert "步未通过" in reader.says("#proof-step")
    assert reader.page.locator("ol.journey").count() == 0


def test_a_token_of_another_order_opens_nothing(site: Site, reader: Reader) -> None:
    key, _ = site.bought()
    reader.ask(key, format="google-play", token="ab" * 32)
    assert reader.answer() == "NOT_CLEAN"
    assert "对不上" in reader.says("#result")
    assert reader.page.locator("#journey").is_hidden()


def test_a_short_secret_asks_for_the_order_token_before_anything_is_sent(site: Site, reader: Reader) -> None:
    weak = site.weak_key()
    token = site.world.post(site.world.shop, "/keys/sell", {"key": weak, "order": "W"}).json["order_token"]
    site.sequence()
    reader.ask(weak["text"])
    assert "只有同时出示订单凭据才能查询" in reader.says("#token-problem")
    assert reader.focus == "token"
    assert [one.method for one in reader.requests].count("POST") == 0
    reader.page.keyboard.insert_text(token)
    reader.page.keyboard.press("Enter")
    assert reader.answer() == "SOLD_TO_YOU"
    reader.page.wait_for_selector("ol.journey li[data-event=SELL]")


@pytest.mark.parametrize(
    ("given", "format_id", "told"),
    [
        ("", None, "请先粘贴"),
        ("АBCDEFGHJKLMNPQR", None, "第 1 个字符 “А” (U+0410)"),
        ("ABCDEFGH①KLMNPQR", None, "第 9 个字符 “①” (U+2460)"),
        ("ABCDE\u0007", None, "第 6 个字符 (U+0007)"),
        ("ABCD-EFGH！", None, "第 10 个字符 “！” (U+FF01)"),
        ("ABCD", None, "没有一种已知的种类"),
        ("ABCD", "google-play", "密码长度不对：应为 16 / 20 位"),
        ("1200000000000042", "zhengtu", "只有卡号，没有密码"),
        ("13572468----1200000000000042", "zhengtu", "写反了"),
        ("卡号：1200000000000042\n密码：1357246", "zhengtu", "密码长度不对：应为 8 位"),
        ("0123456789ABCDEG", "jd-ecard", "第 16 个字符 “G”"),
    ],
)
def test_what_cannot_be_read_is_shown_with_its_place_and_stays_here(
    reader: Reader, given: str, format_id: str | None, told: str
) -> None:
    reader.ask(given, format=format_id)
    assert told in reader.says("#key-problem")
    assert reader.page.get_attribute("#key", "aria-invalid") == "true"
    assert reader.focus == "key"
    assert reader.page.locator("#result").is_hidden()
    assert [one.method for one in reader.requests].count("POST") == 0


def test_the_place_of_a_fault_is_selected(reader: Reader) -> None:
    reader.ask("😀 ABC①", format="google-play")
    selected = "(k => k.value.slice(k.selectionStart, k.selectionEnd))(document.querySelector('#key'))"
    assert reader.page.evaluate(selected) == "①"
    assert reader.says("#key-problem mark") == "①"


def test_a_key_of_several_kinds_has_to_be_chosen(site: Site, reader: Reader) -> None:
    key = "4821903377561204"
    site.world.batch([key, *site.world.fresh_keys(1)], site.world.shop)
    reader.ask(key)
    assert "不止一种" in reader.says("#format-hint")
    assert reader.focus == "format"
    fitting = reader.page.locator("#format optgroup").first.locator("option").all_inner_texts()
    assert "Google Play 礼品卡" in fitting
    reader.page.select_option("#format", "google-play")
    reader.page.click("#submit")
    assert reader.answer() == "CLEAN"


def test_the_kind_is_guessed_while_one_writes(reader: Reader) -> None:
    reader.page.fill("#key", "卡号：1200000000000042\n密码：13572468")
    assert reader.says("#format-hint") == "看起来是：征途游戏卡"


def test_the_whole_way_by_keyboard_alone(site: Site, reader: Reader) -> None:
    key, token = site.bought()
    press = reader.page.keyboard.press
    press("Tab")
    assert reader.page.evaluate("document.activeElement.className") == "skip"
    press("Tab")
    assert reader.focus == "language"
    press("Tab")
    assert reader.focus == "key"
    reader.page.keyboard.insert_text(key)
    press("Tab")
    assert reader.focus == "format"
    reader.page.keyboard.type("Google")
    press("Tab")
    press("Enter")
    press("Tab")
    assert reader.focus == "token"
    reader.page.keyboard.insert_text(token)
    press("Enter")
    assert reader.answer() == "SOLD_TO_YOU"
    assert reader.focus == "result"
    reader.page.wait_for_selector("ol.journey li")
    press("Tab")
    press("Enter")
    assert reader.page.get_attribute("#result details", "open") is not None


def test_a_screen_reader_finds_names_for_everything(reader: Reader) -> None:
    fields = "[...document.querySelectorAll('input, textarea, select')]"
    bare = f"{fields}.filter(e => !e.labels.length).map(e => e.id)"
    assert reader.page.evaluate(bare) == []
    assert reader.page.get_attribute("#status", "aria-live") == "polite"
    described = reader.page.get_attribute("#key", "aria-describedby")
    assert described is not None
    assert all(reader.page.locator(f"#{name}").count() == 1 for name in described.split())
    assert reader.page.locator("h1").count() == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_and_nothing_is_wider_than_a_phone(
    site: Site, reader: Reader, scheme: str
) -> None:
    key, token = site.bought()
    reader.page.emulate_media(color_scheme=scheme)
    reader.ask("①", format="google-play")
    assert reader.page.evaluate(CONTRAST) == []
    reader.ask(key, format="google-play", token=token)
    reader.page.wait_for_selector("ol.journey li")
    reader.page.click("#journey details:last-of-type > summary")
    assert reader.page.evaluate(CONTRAST) == []
    assert reader.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_a_key_leaves_no_trace_but_the_body_of_its_request(site: Site, reader: Reader) -> None:
    key, token = site.bought()
    reader.ask(key, format="google-play", token=token)
    reader.page.wait_for_selector("ol.journey li")
    assert [one for one in reader.requests if key in one.url or token in one.url] == []
    assert not any(one.headers.get("referer") for one in reader.requests)
    assert reader.page.url == f"{reader.url}/check"
    assert reader.page.evaluate("history.length") <= 2
    assert key not in site.world.log.getvalue()
    reader.page.goto(f"{reader.url}/")
    reader.page.go_back()
    assert reader.page.input_value("#key") == ""
    assert reader.page.input_value("#token") == ""
    assert reader.page.locator("#result").is_hidden()


def test_without_script_the_form_sends_nothing(browser: Any, site: Site) -> None:
    context = browser.new_context(java_script_enabled=False, viewport=PHONE)
    page = context.new_page()
    requests: list[str] = []
    page.goto(f"{site.url}/check")
    page.on("request", lambda request: requests.append(request.url))
    page.fill("#key", "ABCDEFGHJKLMNPQR")
    page.focus("#submit")
    page.keyboard.press("Enter")
    page.wait_for_timeout(300)
    assert [url for url in requests if "/assets/" not in url] == []
    assert page.locator("noscript").count() == 1
    context.close()


def test_a_spent_budget_and_a_silent_server_are_told_calmly(site: Site, reader: Reader) -> None:
    key = site.world.held_keys(1)[0]
    reader.excused += ["429", "ERR_FAILED"]
    said = {"code": "budget_spent", "detail": "…"}
    answer = {"status": 429, "headers": {"Retry-After": "600"}, "json": said}
    reader.page.route("**/v1/public/check", lambda route: route.fulfill(**answer))
    reader.ask(key, format="google-play")
    reader.status("10 分钟后")
    reader.page.unroute("**/v1/public/check")
    reader.page.route("**/v1/public/check", lambda route: route.abort())
    reader.page.click("#submit")
    reader.status("没有连上")
    assert reader.page.input_value("#key") == key


def test_what_the_issuer_said_is_told_in_words_and_is_not_the_registrys_answer(
    site: Site, reader: Reader
) -> None:
    facts = {"supplier": "0x", "holder": "0x", "max_uses": 1, "uses": 1, "expires_at": 0}
    said = {"status": "frozen", "source": "0x", "time": 1_800_000_000_000, "contradicted": True}
    answer = {"verdict": "SOLD", "registry_status": "SOLD", "issuer_status": said, "facts": facts}
    reader.page.route("**/v1/public/check", lambda route: route.fulfill(json=answer))
    reader.page.route("**/v1/proofs", lambda route: route.fulfill(status=404, json={"code": "unknown"}))
    reader.excused.append("404")
    reader.ask(site.world.fresh_keys(1)[0], format="google-play", token="ab" * 32)
    reader.page.wait_for_selector("#journey:not([hidden])")
    told = reader.page.text_content("#result")
    assert "已冻结（" in told
    assert "互相矛盾" in told
    assert "已使用（" not in told


def test_markup_in_what_the_service_says_stays_text(site: Site, reader: Reader) -> None:
    markup = "<img src=x onerror=alert(1)>"
    facts = {"supplier": markup, "holder": markup, "max_uses": 1, "uses": 1, "expires_at": 0}
    answer = {"verdict": "SOLD", "registry_status": "SOLD", "issuer_status": None, "facts": facts}
    reader.page.route("**/v1/public/check", lambda route: route.fulfill(json=answer))
    reader.page.route("**/v1/proofs", lambda route: route.fulfill(status=404, json={"code": "unknown"}))
    reader.excused.append("404")
    reader.ask(site.world.fresh_keys(1)[0], format="google-play", token="ab" * 32)
    reader.page.wait_for_selector("#journey:not([hidden])")
    assert reader.page.locator("#result img").count() == 0
    assert markup in reader.page.text_content("#result")
