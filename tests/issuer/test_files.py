"""Issuer files: what is wrong with one is told by its line, and its secret never is."""

from __future__ import annotations

from pathlib import Path

import pytest

from provenance.errors import FileRefused, InputRefused
from provenance.issuer import load, load_folder
from provenance.issuer.files import MAX_FILE_BYTES, check
from tests.issuer import reference
from tests.issuer.reference import ReferenceIssuer


def written(folder: Path, **changes: str) -> Path:
    return reference.settings(ReferenceIssuer(port=4), folder, **changes)


def found(path: Path) -> list[tuple[str, str, str]]:
    """Findings as (the line's text, place, code)."""
    lines = path.read_text("utf-8", "replace").splitlines()
    return [(lines[one.line - 1], one.place, one.code) for one in check(path)]


def test_the_reference_file_has_nothing_to_remark_on(tmp_path: Path) -> None:
    assert check(written(tmp_path)) == []
    assert load(written(tmp_path)).formats == {"cmcc-national"}


@pytest.mark.parametrize(
    ("beginning", "line", "place", "code"),
    [
        ("party", 'party = "0x12"', "party", "value"),
        ("formats", 'formats = ["no-such"]', "", "format_unknown"),
        ("address", 'address = "ftp://issuer.example/"', "", "address"),
        ("address", 'address = "http://user name@host/"', "", "address"),
        ("private_network", "private_network = false", "", "address_plain"),
        ("timeout_ms", "timeout_ms = 0", "timeout_ms", "value"),
        ("timeout_ms", 'timeout_ms = "5000"', "timeout_ms", "value"),
        ("timeout_ms", "timeout_seconds = 5", "timeout_seconds", "unknown"),
        ("kind", 'kind = "basic"', "authentication.kind", "value"),
        ("serial", 'serial = "card.serial"', "request.serial", "value"),
        ("secret", 'secret = "/card/serial"', "request", "pointers_overlap"),
        ("secret", 'secret = "/card"', "request", "pointers_overlap"),
        ("secret", "# nothing", "request.secret", "missing"),
        ("fixed", 'fixed = { "/requestId" = "7" }', "request", "pointers_overlap"),
        ("idempotent", "idempotent = false", "retry", "retry_not_idempotent"),
        ("tries", "tries = 99", "retry.tries", "value"),
        ("per_minute", "per_minute = 0", "rate.per_minute", "value"),
        ("code", "code = []", "answer.code", "value"),
        ("used_at_form", "# nothing", "answer", "used_at_form"),
        ("used_at_form", 'used_at_form = "excel"', "answer.used_at_form", "value"),
        ("status_codes", 'status_codes = { "404" = "does_not_exist" }', "answer", "status_accuses"),
        ("status_codes", 'status_codes = { "200" = "processing" }', "answer", "status_twice"),
        ('"1013"', '"1013" = "icy"', "answer.codes.1013", "value"),
        ('"1008"', '"1008" = "good"', "answer", "codes_incomplete"),
        ("secret_file", 'secret_file = "nowhere"', "authentication.secret_file", "secret_missing"),
    ],
)
def test_a_wrong_setting_is_told_with_its_line_and_reason(
    tmp_path: Path, beginning: str, line: str, place: str, code: str
) -> None:
    path = written(tmp_path, **{beginning: line})
    told = found(path)
    assert (place, code) in [(at, why) for _, at, why in told]
    text = next(text for text, at, why in told if (at, why) == (place, code))
    last = place.rpartition(".")[2]
    # A whole table, or a missing member, is told by the line of the table.
    assert last in text or text in (path.read_text().splitlines()[0], f"[{place.rpartition('.')[0]}]")
    with pytest.raises(FileRefused) as caught:
        load(path)
    assert caught.value.code == "issuer_file"
    assert caught.value.facts["line"] >= 1


def test_what_the_file_leaves_open_is_a_remark_and_no_failure(tmp_path: Path) -> None:
    path = written(tmp_path, **{'"1013"': "# not told apart"})
    (remark,) = check(path)
    assert (remark.code, remark.about, remark.fails) == ("answers_uncovered", "frozen", False)
    text = path.read_text().replace('serial = "/data/serial"\n', "")
    path.write_text(
        text.replace('[answer]\ncode = ["/code"]\nnonce = "/requestId"', '[answer]\ncode = ["/code"]')
    )
    assert [one.code for one in check(path)] == ["no_echo", "answers_uncovered"]
    load(path)


def test_a_nonce_that_is_not_sent_cannot_come_back(tmp_path: Path) -> None:
    path = written(tmp_path)
    path.write_text(path.read_text().replace('nonce = "/requestId"\n', "", 1))
    assert [one.code for one in check(path)] == ["nonce_missing"]


def test_keys_with_a_serial_need_a_place_for_it(tmp_path: Path) -> None:
    path = written(tmp_path)
    path.write_text(path.read_text().replace('serial = "/card/serial"\n', "", 1))
    assert [one.code for one in check(path)] == ["serial_missing"]


@pytest.mark.parametrize(
    "address", ["https://10.0.0.7/q", "https://localhost/q", "https://[::1]/q", "https://intra/q"]
)
def test_a_private_address_has_to_be_said_out_loud(tmp_path: Path, address: str) -> None:
    path = written(tmp_path, address=f'address = "{address}"', private_network="private_network = false")
    assert [one.code for one in check(path)] == ["address_private"]
    assert check(written(tmp_path, address=f'address = "{address}"')) == []


def test_hmac_needs_a_key_id_and_three_headers(tmp_path: Path) -> None:
    path = written(tmp_path, kind='kind = "hmac"', key_id="# nothing")
    assert [one.code for one in check(path)] == ["hmac_headers"]
    path = written(tmp_path, kind='kind = "hmac"', key_id='key_id = "a"\nkey_id_header = "X-timestamp"')
    assert [one.code for one in check(path)] == ["hmac_headers"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"short\n", "secret_malformed"), (b"two lines\nof it here", "secret_malformed"),
        (b"", "secret_malformed"),
        ("密钥密钥密钥密钥".encode(), "secret_malformed"),
    ],
)  # fmt: skip
def test_a_secret_that_is_none_is_refused_and_not_repeated(tmp_path: Path, content: bytes, code: str) -> None:
    path = written(tmp_path)
    (tmp_path / "issuer.secret").write_bytes(content)
    assert [one.code for one in check(path)] == [code]
    with pytest.raises(FileRefused) as caught:
        load(path)
    assert not content.strip() or content.decode().strip() not in str(caught.value) + repr(caught.value.facts)


def test_a_secret_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path)
    (tmp_path / "issuer.secret").chmod(0o644)
    assert [(one.place, one.code) for one in check(path)] == [("authentication.secret_file", "secret_open")]


def test_files_that_cannot_be_read_are_told_by_their_line_without_their_words(tmp_path: Path) -> None:
    path = written(tmp_path)
    whole = path.read_text()
    path.write_text(whole.replace("timeout_ms = 2000", "timeout_ms = my-secret-word"))
    (finding,) = check(path)
    assert (finding.code, finding.line) == ("toml", 6)
    assert "my-secret-word" not in finding.reason
    path.write_bytes(whole.encode() + b"# \xff\n")
    assert [(one.code, one.line) for one in check(path)] == [("undecodable", len(whole.splitlines()) + 1)]
    path.write_text(whole + "#" * MAX_FILE_BYTES)
    assert [one.code for one in check(path)] == ["too_large"]
    path.write_text("[" * 5_000)
    assert [one.code for one in check(path)] == ["toml"]


def test_a_folder_of_issuers_is_loaded_whole_or_not_at_all(tmp_path: Path) -> None:
    path = written(tmp_path)
    assert [one.formats for one in load_folder(tmp_path)] == [{"cmcc-national"}]
    other = tmp_path / "other.toml"
    other.write_text(path.read_text())
    with pytest.raises(InputRefused) as caught:
        load_folder(tmp_path)
    assert caught.value.code == "issuer_twice"
    other.write_text("party = 7\n")
    with pytest.raises(FileRefused):
        load_folder(tmp_path)
    with pytest.raises(InputRefused) as caught:
        load_folder(tmp_path / "nowhere")
    assert caught.value.code == "issuer_folder"
