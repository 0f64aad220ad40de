"""``provenance terms``: lint and hash, in both languages, for people and for machines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from provenance.cli.language import CHINESE
from provenance.cli.terms import terms as command
from provenance.core import terms


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROVENANCE_LANG", "en")


def run(*arguments: object, stdin: str | None = None) -> Result:
    return CliRunner().invoke(command, [str(each) for each in arguments], input=stdin)


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    file = tmp_path / "terms.json"
    file.write_text(json.dumps(terms.to_json(terms.default_terms(terms.Tier.ESCROW)), indent=3), "utf-8")
    return file


def test_our_terms_pass_and_have_the_hash_of_their_entry(ours: Path) -> None:
    told = run("lint", ours)
    assert told.exit_code == 0
    assert "score 100 of 100" in told.stdout
    told = run("hash", ours)
    assert told.stdout.strip() == terms.terms_hash(terms.default_terms(terms.Tier.ESCROW)).hex()


@pytest.mark.parametrize(("language", "word"), [("en", "write: "), (CHINESE, "卡密在交付之前已被使用的")])
def test_a_vague_policy_fails_with_the_sentence_to_write(
    language: str, word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROVENANCE_LANG", language)
    told = run("lint", "-", stdin="质量问题全包，最终解释权归本平台。")
    assert told.exit_code == 1
    assert "1:1: " in told.stdout and "[quality_all_covered]" in told.stdout
    assert "1:8: " in told.stdout and "[final_interpretation]" in told.stdout
    assert word in told.stdout


def test_the_same_as_data(ours: Path) -> None:
    told = json.loads(run("lint", "-", "--json", stdin="No refunds.").stdout)
    assert told["passes"] is False
    assert told["flaws"][0]["code"] == "blanket_refusal"
    assert told["flaws"][0]["write"]
    assert json.loads(run("lint", ours, "--json").stdout) == {
        "score": 100,
        "passes": True,
        "machine_readable": True,
        "flaws": [],
    }
    assert set(json.loads(run("hash", ours, "--json").stdout)) == {"id", "version", "tier", "hash"}


def test_terms_that_contradict_themselves_are_refused_by_code(ours: Path) -> None:
    said = json.loads(ours.read_text("utf-8"))
    said["causes"][0]["window_s"] = said["cover"]["seconds"] + 1
    for name in ("lint", "hash"):
        told = run(name, "-", stdin=json.dumps(said))
        assert getattr(told.exception, "code", None) == "terms_windows"
