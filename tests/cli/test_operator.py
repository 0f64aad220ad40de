"""The operator's commands on the machine of the database."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from provenance.cli.init import KEY_FILES
from tests.cli.conftest import Shell

ADDRESS = "0x0f75ac750bd08e44d5368f27b6e78ffe6ccaccf0"


def test_init_makes_everything_once(shell: Shell) -> None:
    first = shell.json("init")
    assert first["created"] == list(KEY_FILES)
    before = {name: (shell.home / "secrets" / name).read_bytes() for name in KEY_FILES}
    second = shell.json("init")
    assert second["created"] == []
    assert second["operator"] == first["operator"]
    assert {name: (shell.home / "secrets" / name).read_bytes() for name in KEY_FILES} == before
    assert [one["name"] for one in shell.json("party", "list")] == ["operator"]


def test_key_files_are_for_their_owner_alone_and_differ(shell: Shell) -> None:
    shell.run("init")
    paths = [shell.home / "secrets" / name for name in KEY_FILES]
    assert {stat.S_IMODE(path.stat().st_mode) for path in paths} == {0o600}
    assert len({path.read_text() for path in paths}) == len(paths)


def test_init_says_what_to_back_up_and_shows_no_key(shell: Shell) -> None:
    result = shell.run("init")
    assert "Back up" in result.stderr
    for name in KEY_FILES:
        assert (shell.home / "secrets" / name).read_text().strip() not in result.output


def test_init_makes_no_new_keys_beside_old_data(shell: Shell) -> None:
    shell.run("init")
    (shell.home / "secrets" / "tag-1.key").unlink()
    assert "error[key_file_missing]" in shell.run("init", code=3).stderr
    assert not (shell.home / "secrets" / "tag-1.key").exists()


def test_init_refuses_the_database_of_another_log(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    shell.run("init")
    monkeypatch.setenv("PROVENANCE_ORIGIN", "other.example/log")
    told = shell.run("init", code=3)
    assert "error[other_service]" in told.stderr
    assert "PROVENANCE_ORIGIN" in told.stderr


def test_a_wrong_setting_is_named(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROVENANCE_PORT", "many")
    told = shell.run("init", code=1)
    assert "error[invalid_setting]" in told.stderr
    assert "PROVENANCE_PORT" in told.stderr


def test_commands_before_init_say_to_run_it(shell: Shell) -> None:
    assert "provenance init" in shell.run("party", "list", code=3).stderr


def test_a_party_is_admitted_once_in_a_role(shell: Shell) -> None:
    shell.run("init")
    first = shell.json("party", "admit", "Acme", "--role", "supplier", "--address", ADDRESS)
    again = shell.json("party", "admit", "Acme", "--role", "supplier", "--address", ADDRESS)
    assert first["event"]
    assert again["event"] is None
    assert [one["roles"] for one in shell.json("party", "list") if one["name"] == "Acme"] == [["supplier"]]


def test_a_suspended_party_is_shown_so(shell: Shell) -> None:
    shell.run("init")
    shell.run("party", "admit", "Acme", "--role", "supplier", "--address", ADDRESS)
    shell.run("party", "suspend", "Acme", "--reason", "unpaid")
    assert "suspended" in shell.run("party", "list").stdout
    assert "error[already_suspended]" in shell.run("party", "suspend", "Acme", "--reason", "x", code=1).stderr


def test_a_successor_takes_the_place_of_a_lost_key(shell: Shell) -> None:
    shell.run("init")
    shell.run("party", "admit", "Acme", "--role", "supplier", "--address", ADDRESS)
    heir = "0x" + "ab" * 20
    assert shell.json("party", "succeed", "Acme", heir)["new"] == heir
    told = {one["address"]: one["successor"] for one in shell.json("party", "list")}
    assert told[ADDRESS] == heir


@pytest.mark.parametrize("address", ["0x12", "not an address", "0x" + "zz" * 20])
def test_a_malformed_address_is_refused(shell: Shell, address: str) -> None:
    shell.run("init")
    told = shell.run("party", "admit", "Acme", "--role", "supplier", "--address", address, code=1)
    assert "error[invalid_address]" in told.stderr


def test_an_unknown_party_is_refused(shell: Shell) -> None:
    shell.run("init")
    assert "error[unknown_party]" in shell.run("credential", "issue", "Nobody", code=1).stderr


def test_a_token_is_shown_once_and_never_listed(shell: Shell) -> None:
    shell.run("init")
    shell.run("party", "admit", "Acme", "--role", "supplier", "--address", ADDRESS)
    token = shell.json("credential", "issue", "Acme", "--label", "till")["token"]
    assert token.startswith("ckp_")
    listed = shell.run("credential", "list", "Acme")
    assert "till" in listed.stdout
    assert token not in listed.output


def test_a_token_can_go_to_a_file_of_its_owner(shell: Shell, tmp_path: Path) -> None:
    shell.run("init")
    shell.run("party", "admit", "Acme", "--role", "supplier", "--address", ADDRESS)
    file = tmp_path / "token"
    told = shell.run("credential", "issue", "Acme", "--out", file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text().strip() not in told.output
    assert "error[file_exists]" in shell.run("credential", "issue", "Acme", "--out", file, code=1).stderr
    assert len(shell.json("credential", "list", "Acme")) == 1


def test_a_revoked_credential_is_shown_so(shell: Shell) -> None:
    shell.run("init")
    shell.run("party", "admit", "Acme", "--role", "supplier", "--address", ADDRESS)
    made = shell.json("credential", "issue", "Acme")
    shell.run("credential", "revoke", "Acme", made["id"])
    assert "revoked" in shell.run("credential", "list", "Acme").stdout
    assert "error[unknown_credential]" in shell.run("credential", "revoke", "Acme", "0" * 16, code=1).stderr


def test_the_worker_does_every_chore_once(shell: Shell) -> None:
    shell.run("init")
    assert "sequence" in shell.json("worker", "--once")["done"]
    assert (shell.home / "head" / "head.json").exists()


def test_anchoring_without_a_chain_says_what_to_set(shell: Shell) -> None:
    shell.run("init")
    told = shell.run("anchor", code=1)
    assert "error[no_chain]" in told.stderr
    assert "PROVENANCE_CHAIN_URL" in told.stderr


def test_the_doctor_finds_what_is_missing_and_then_nothing(shell: Shell) -> None:
    before = shell.json("doctor", code=3)
    assert not before["ok"]
    shell.run("init")
    after = shell.json("doctor")
    assert after["ok"]
    assert {one["name"] for one in before["findings"]} == {one["name"] for one in after["findings"]}


def test_the_doctor_sees_a_key_file_open_to_others(shell: Shell) -> None:
    shell.run("init")
    (shell.home / "secrets" / "log.key").chmod(0o644)
    assert "key_file_exposed" in shell.run("doctor", code=3).stdout


def test_a_stopped_testnet_is_no_error(shell: Shell) -> None:
    assert shell.json("chain", "down") == {"running": False}
    told = shell.json("chain", "status")
    assert told == {"testnet": {"running": False, "url": None}, "chain": None}


def test_a_chain_that_does_not_answer_is_told_of(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROVENANCE_CHAIN_URL", "http://127.0.0.1:9")
    assert shell.json("chain", "status")["chain"]["problem"]["code"] == "chain_unavailable"
    assert "error[chain_unavailable]" in shell.run("chain", "deploy", code=3).stderr


def test_the_state_of_the_chain_is_told_without_the_nodes_access_key(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROVENANCE_CHAIN_URL", "http://name:hidden1@127.0.0.1:1/v3/hidden2?key=hidden3")
    told = shell.run("chain", "status", "--json")
    assert json.loads(told.stdout)["chain"]["host"] == "127.0.0.1"
    assert "hidden" not in told.output


def test_the_operator_erases_details_only_after_saying_yes(shell: Shell) -> None:
    shell.run("init")
    shell.run("party", "admit", "Acme", "--role", "supplier", "--address", ADDRESS)
    event = shell.json("party", "suspend", "Acme", "--reason", "a person's name")["event"]
    kept = shell.run("erase", event, stdin="n\n", code=1)
    assert "error[not_confirmed]" in kept.stderr
    assert event in kept.stderr
    assert shell.json("erase", event, stdin="y\n") | {"detail": ""} == {
        "event": event,
        "erased": True,
        "again": False,
        "detail": "",
    }
    assert shell.json("erase", event, "--yes")["again"] is True
    assert "抹除" in shell.run("--lang", "zh-CN", "erase", event, "--yes").stdout


def test_what_cannot_be_erased_is_refused_before_anybody_is_asked(shell: Shell) -> None:
    shell.run("init")
    assert "error[unknown_event]" in shell.run("erase", "00" * 16, code=1).stderr
    assert "error[event_malformed]" in shell.run("erase", "sale", "--yes", code=1).stderr


def test_the_database_file_is_for_its_owner_alone(shell: Shell) -> None:
    shell.run("init")
    assert (shell.home / "provenance.sqlite").stat().st_mode & 0o777 == 0o600


def test_serving_without_init_is_one_coded_line(shell: Shell) -> None:
    done = shell.run("serve", code=3)
    assert "key_file_missing" in done.stderr
    assert "Traceback" not in done.stderr
