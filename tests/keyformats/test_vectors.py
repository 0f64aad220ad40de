"""The shared cases: Python and the browser read each as the file says, and agree on whatever else comes."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provenance.chain.toolchain import node_executable
from provenance.core.keyformats import describe, formats, parse
from provenance.core.normaliser import NOTES
from provenance.errors import ChainUnavailable
from tests.keyformats.keys import READ_BY_RULE, keys, reading, renderings
from tests.support.parts import missing_part

HERE = Path(__file__).parent
CASES = json.loads((HERE.parent / "vectors" / "keys.json").read_text("utf-8"))["cases"]
GOLDEN = json.loads((HERE.parent / "vectors" / "golden.json").read_text("utf-8"))

# Characters whose folding is younger than the oldest Python that we run on would only test the calendar.
ASSIGNED = st.characters(exclude_categories=["Cn"])
Ask = Callable[[dict[str, Any]], dict[str, Any]]


@pytest.fixture(scope="module")
def twin() -> Iterator[Ask]:
    """Ask the browser's reading, in one Node.js process."""
    try:
        node = node_executable()
    except ChainUnavailable as error:
        missing_part("Node.js", error.message)
    command = [str(node), str(HERE / "twin.mjs")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        send, receive = process.stdin, process.stdout

        def ask(case: dict[str, Any]) -> dict[str, Any]:
            send.write(json.dumps(case) + "\n")
            send.flush()
            answer: dict[str, Any] = json.loads(receive.readline())
            return answer

        send.write(json.dumps({each.id: describe(each) for each in formats().values()}) + "\n")
        yield ask
        send.close()


def question(case: dict[str, Any]) -> dict[str, Any]:
    return case["ask"] | {"format": case["format"]}


def test_python_reads_every_case_as_the_file_says():
    wrong = [case for case in CASES if reading(formats()[case["format"]], case["ask"]) != case["answer"]]
    assert wrong == []


@pytest.mark.node
def test_the_browser_reads_every_case_as_the_file_says(twin):
    wrong = [case for case in CASES if twin(question(case)) != case["answer"]]
    assert wrong == []


def test_the_cases_cover_every_format_with_good_and_bad_ones_and_every_note():
    seen = Counter((case["format"], "error" in case["answer"]) for case in CASES)
    assert {format_id for format_id, _ in seen} == set(formats())
    assert min(seen[format_id, is_bad] for format_id in formats() for is_bad in (True, False)) >= 5
    assert {note for case in CASES for note in case["answer"].get("notes", ())} == set(NOTES)
    codes = {case["answer"]["error"]["code"] for case in CASES if "error" in case["answer"]}
    assert codes == {
        "ambiguous_character", "bad_character", "check_symbol", "compatibility_character",
        "control_character",
        "empty", "homoglyph", "secret_missing", "serial_missing", "serial_unexpected",
        "swapped_serial_and_secret", "too_long", "too_many_fields", "wrong_length", "wrong_pattern",
    }  # fmt: skip


@pytest.mark.node
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), key_format=st.sampled_from(list(formats().values())))
def test_python_and_the_browser_agree_on_any_text(twin, data, key_format):
    hard = st.text(alphabet="0123456789OIlAB-—|║\t ,:：卡号密码piPIncodeserial\u200b１①٣\x00😀\ud800")
    texts = st.text(ASSIGNED) | hard
    case: dict[str, Any] = data.draw(
        st.builds(lambda text: {"text": text}, texts)
        | st.builds(lambda one, two: {"serial": one, "secret": two}, st.none() | texts, texts)
    )
    assert twin({"format": key_format.id, **case}) == reading(key_format, case)


@pytest.mark.node
@given(data=st.data(), key_format=st.sampled_from(READ_BY_RULE))
def test_python_and_the_browser_agree_on_a_line_with_one_character_changed(twin, data, key_format):
    line = data.draw(renderings(key_format, data.draw(keys(key_format))))
    place = data.draw(st.integers(0, len(line)))
    odd = data.draw(ASSIGNED | st.sampled_from("OIlАı①-|, ：\u200b"))
    case = {"text": line[:place] + odd + line[place + data.draw(st.integers(0, 1)) :]}
    assert twin({"format": key_format.id, **case}) == reading(key_format, case)


def test_the_golden_keys_are_read_from_their_lines():
    national = formats()["cmcc-national"]
    assert national.version == 1
    for key in GOLDEN["keys"]:
        parsed = parse(national, f"{key['serial']}----{key['secret']}").key
        assert (parsed.serial, parsed.secret) == (key["serial"], key["secret"])
        assert parsed.identity == f"cmcc-national\n{key['serial']}\n{key['secret']}".encode()
