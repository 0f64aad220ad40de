"""``provenance reviewer``: registered, listed, removed; kept in the list for ever."""

from __future__ import annotations

from tests.cli.conftest import Shell

SIGNER = "0x" + "0a" * 20


def credential(shell: Shell) -> str:
    made: str = shell.json("credential", "issue", "operator", "--scope", "review")["id"]
    return made


def test_a_reviewer_is_registered_listed_and_removed(shell: Shell) -> None:
    shell.run("init")
    acme = shell.json("party", "admit", "Acme", "--role", "supplier", "--id", "acme-1")["address"]
    one = credential(shell)
    assert "No reviewer yet" in shell.run("reviewer", "list").stdout
    made = shell.json("reviewer", "add", one, "p-1", "--party", "Acme", "--signer", SIGNER)
    assert (made["person"], made["parties"], made["signer"]) == ("p-1", [acme], SIGNER)
    assert shell.json("reviewer", "list") == [made]
    assert "error[reviewer_exists]" in shell.run("reviewer", "add", one, "p-1", code=1).stderr
    shell.run("reviewer", "remove", one)
    assert "error[unknown_reviewer]" in shell.run("reviewer", "remove", one, code=1).stderr
    assert "removed" in shell.run("reviewer", "list").stdout
    assert shell.json("reviewer", "list")[0]["removed_at"] > made["added_at"] - 1


def test_a_reviewer_without_the_scope_or_with_a_name_for_an_id_is_refused_in_both_languages(
    shell: Shell,
) -> None:
    shell.run("init")
    plain = shell.json("credential", "issue", "operator")["id"]
    assert "error[reviewer_scope_missing]" in shell.run("reviewer", "add", plain, "p-1", code=1).stderr
    told = shell.run("--lang", "zh-CN", "reviewer", "add", credential(shell), "王经理", code=1)
    assert "reviewer_malformed" in told.stderr and "编号会公开" in told.stderr
    assert (
        "error[unknown_party]"
        in shell.run("reviewer", "add", credential(shell), "p-1", "--party", "Nobody", code=1).stderr
    )
