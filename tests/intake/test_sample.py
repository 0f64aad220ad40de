"""The sample files: what the reader finds is what the generator knows, line by line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from provenance.cli.sample import sample
from provenance.core.keyformats import format_by_id, formats
from provenance.intake import Accepted, read_upload
from provenance.sample import FileSpec, SampleFile, Spec, default_spec, generate
from provenance.sample.spec import ENCODINGS, TABLE_LAYOUTS, TEXT_LAYOUTS

SPEC = default_spec(60, defects=0.3)


def found(path: Path, format_id: str) -> list[dict[str, object]]:
    with path.open("rb") as stream:
        return [
            {"line": row.line, "serial": row.key.serial, "secret": row.key.secret}
            if isinstance(row, Accepted)
            else {"line": row.line, "code": row.code}
            for row in read_upload(stream, format=format_by_id(format_id), filename=path.name)
        ]


def known(made: SampleFile) -> list[dict[str, object]]:
    rows = json.loads(made.truth.read_text("utf-8"))["rows"]
    return [{name: value for name, value in row.items() if name != "duplicate_of"} for row in rows]


@pytest.mark.parametrize("seed", range(4))
def test_the_reader_finds_in_every_sample_what_the_generator_knows(tmp_path, seed):
    for made in generate(tmp_path, seed, SPEC):
        assert found(made.path, made.format_id) == known(made), made.path.name


@pytest.mark.parametrize("layout", TEXT_LAYOUTS + TABLE_LAYOUTS)
@pytest.mark.parametrize("format_id", ["cmcc-national", "steam", "minted", "jd-ecard"])
def test_every_layout_and_encoding_is_read_with_all_noise_and_defects(tmp_path, layout, format_id):
    encodings = ENCODINGS if layout not in ("ndjson", "xlsx") else ("utf-8",)
    spec = Spec(tuple(
        FileSpec(f"a-{encoding}", format_id, 40, layout=layout, encoding=encoding, noise=1, defects=1)
        for encoding in encodings
    ))  # fmt: skip
    for made in generate(tmp_path, 7, spec):
        assert found(made.path, format_id) == known(made), made.path.name


def test_the_default_samples_have_every_format_layout_encoding_and_reject_code(tmp_path):
    files = default_spec().files
    assert {each.format_id for each in files} == set(formats())
    assert {each.layout for each in files} == {*TEXT_LAYOUTS, *TABLE_LAYOUTS}
    assert {each.encoding for each in files} == set(ENCODINGS)
    assert {each.is_packed for each in files} == {each.is_crlf for each in files} == {True, False}
    codes = {row["code"] for made in generate(tmp_path, 1, SPEC) for row in known(made) if "code" in row}
    assert codes == {
        "wrong_length", "homoglyph", "compatibility_character", "control_character", "line_too_long",
        "swapped_serial_and_secret", "serial_missing", "check_symbol", "cell_not_text",
    }  # fmt: skip


def test_one_seed_makes_one_set_of_files_and_another_seed_another(tmp_path):
    spec = default_spec(30)
    first, again, other = (
        generate(tmp_path / name, seed, spec) for name, seed in [("a", 5), ("b", 5), ("c", 6)]
    )
    for one, same, different in zip(first, again, other, strict=True):
        assert one.path.read_bytes() == same.path.read_bytes() != different.path.read_bytes()
        assert one.truth.read_bytes() == same.truth.read_bytes()


def test_duplicates_point_at_the_line_that_held_the_key_first(tmp_path):
    (made,) = generate(tmp_path, 3, Spec((FileSpec("a", "steam", 100, duplicates=0.2),)))
    rows = {row["line"]: row for row in json.loads(made.truth.read_text("utf-8"))["rows"]}
    repeated = [row for row in rows.values() if "duplicate_of" in row]
    assert len(repeated) == made.duplicates > 0
    for row in repeated:
        assert row["duplicate_of"] < row["line"]
        assert rows[row["duplicate_of"]]["secret"] == row["secret"]
    assert made.accepted == 100 + 20


def test_sequential_serials_follow_each_other(tmp_path):
    spec = FileSpec("a", "qq-coin", 50, is_sequential=True, defects=0, duplicates=0)
    (made,) = generate(tmp_path, 3, Spec((spec,)))
    serials = [int(str(row["serial"])) for row in known(made)]
    assert serials == list(range(serials[0], serials[0] + 50))


@pytest.mark.parametrize(
    "change",
    [
        {"layout": "pdf"},
        {"layout": "xlsx", "encoding": "gb18030"},
        {"layout": "xlsx", "format_id": "opaque"},
        {"keys": 0},
        {"noise": 2},
        {"name": "../x"},
    ],
)
def test_a_file_that_no_supplier_could_write_cannot_be_described(change):
    with pytest.raises(ValueError, match=r".+"):
        FileSpec(**{"name": "a", "format_id": "steam", "keys": 1} | change)


def test_the_command_makes_the_files_and_tells_of_them(tmp_path):
    run = CliRunner().invoke(
        sample, [str(tmp_path), "--keys", "20", "--format", "steam", "--seed", "9", "--json"]
    )
    assert run.exit_code == 0, run.output
    told = json.loads(run.output)
    assert {each["format"] for each in told} == {"steam"}
    for each in told:
        assert Path(each["file"]).is_file()
        assert Path(each["truth"]).is_file()
    plain = CliRunner().invoke(sample, [str(tmp_path), "--keys", "20", "--format", "steam"])
    assert plain.exit_code == 0
    assert "steam-dashes.txt" in plain.output
