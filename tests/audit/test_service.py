"""The operator's side: the log as files, a new key, and a check of every stored bit."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from provenance import keyfiles
from provenance.audit.fetch import FolderFetcher
from provenance.audit.report import AuditReport
from provenance.audit.run import Audit, Auditor
from provenance.audit.source import LogSource
from provenance.core import succession, tlogproof
from provenance.core.addcheckpoint import AddCheckpoint
from provenance.core.notes import Checkpoint, Note, VerifierKey
from provenance.core.policy import Policy
from provenance.core.tiles import consistency_at
from provenance.errors import Conflict, NotFound, SignatureInvalid, Unavailable
from provenance.services.alarm import Alarm
from provenance.services.fsck import Fsck
from provenance.services.ledger import Sequencer
from provenance.services.logexport import LogExport
from provenance.services.publiclog import PublicLog
from provenance.services.rotation import rotate
from provenance.services.scrubbing import Cursor, scrub_step
from provenance.store import tiles as tile_store
from provenance.witness.witness import Witness, WitnessKey
from tests.audit.service_world import ServedFetcher, Service, service
from tests.services.ledger_world import LOG_SEED


@pytest.fixture
def running(sqlite_url: str, tmp_path: Path) -> Iterator[Service]:
    made = service(sqlite_url, tmp_path)
    yield made
    made.trade.database.dispose()


def audit_folder(folder: Path, key: VerifierKey) -> AuditReport:
    return Audit(LogSource(FolderFetcher(folder)), Auditor(log_key=key)).run()


def spoil(running: Service, statement: str) -> None:
    with running.trade.database.write() as connection:
        assert connection.exec_driver_sql(statement).rowcount == 1


def test_the_log_of_a_real_service_is_lawful_and_its_database_whole(running: Service) -> None:
    report = running.audit()
    assert (report.findings, report.batches) == ((), 1)
    assert Fsck(running.trade.context).run().found == []


def test_states_made_by_the_service_are_those_that_the_auditor_recomputes(running: Service) -> None:
    for index in (3, 4):
        running.sell(index)
        running.sequence(with_state=True)
    report = running.audit()
    assert report.findings == ()
    assert report.states == 2


def test_an_exported_folder_is_audited_like_the_service_and_grows(running: Service, tmp_path: Path) -> None:
    folder, export = tmp_path / "site", LogExport(running.trade.context)
    first = export.write(folder)
    assert audit_folder(folder, running.trade.log_key).is_clean
    assert export.write(folder).files == 0
    running.trade.enter_many(300)
    running.sequence()
    second = export.write(folder)
    assert second.size > 256 > first.size
    report = audit_folder(folder, running.trade.log_key)
    assert (report.findings, report.size) == ((), second.size)
    assert not list((folder / "tile/0/000.p").glob("*")), "the full tile has taken the place of its partial"


def test_an_export_never_goes_back(running: Service, tmp_path: Path) -> None:
    running.trade.enter()
    running.sequence()
    folder = tmp_path / "site"
    LogExport(running.trade.context).write(folder)
    ahead = Note.parse((folder / "checkpoint").read_bytes())
    lines = ahead.text.split("\n")
    lines[1] = str(int(lines[1]) + 1)
    (folder / "checkpoint").write_bytes(Note("\n".join(lines), ahead.signatures).encode())
    with pytest.raises(Conflict) as refused:
        LogExport(running.trade.context).write(folder)
    assert refused.value.code == "export_ahead"


def test_an_event_is_proven_by_a_tlog_proof_that_carries_it(running: Service) -> None:
    event = running.trade.enter().event
    with pytest.raises(NotFound) as refused:
        PublicLog(running.trade.context).proof(event)
    assert refused.value.code == "not_sequenced"
    running.sequence()
    proof = tlogproof.TlogProof.parse(PublicLog(running.trade.context).proof(event).encode())
    assert proof.extra is not None
    tlogproof.verify(proof, proof.extra, Policy.flat(running.trade.log_key))


@pytest.mark.parametrize(
    ("statement", "rule"),
    [
        ("UPDATE entry SET actor = zeroblob(20) WHERE log_index = 12", "row_wrong"),
        ("UPDATE entry SET time = time + 1 WHERE log_index = 12", "row_wrong"),
        (
            "UPDATE entry SET raw = CAST(substr(raw, 1, 123) || x'01' AS BLOB) WHERE log_index = 12",
            "entry_wrong",
        ),
        ("UPDATE entry SET log_index = 900 WHERE log_index = 12", "entry_missing"),
        ("UPDATE tile SET hashes = CAST(x'00' || substr(hashes, 2) AS BLOB) WHERE tree = 0", "entry_wrong"),
        ("UPDATE checkpoint SET root = zeroblob(32)", "root_wrong"),
        ("UPDATE card_key SET state = 0 WHERE idx = 0 AND entries = 3", "key_row_wrong"),
        ("UPDATE card_key SET state = 3 WHERE idx = 7", "key_row_wrong"),
        ("UPDATE card_key SET entries = 0, state = 0 WHERE idx = 1", "key_row_wrong"),
        ("UPDATE holding SET holder = zeroblob(20) WHERE first = 0", "holding_wrong"),
        ("UPDATE holding SET count = count - 1 WHERE first = 0", "holding_wrong"),
        (
            "UPDATE tile SET hashes = CAST(x'00' || substr(hashes, 2) AS BLOB) WHERE tree > 0",
            "batch_tile_wrong",
        ),
    ],
)  # fmt: skip
def test_fsck_finds_a_stored_bit_wherever_it_was_turned(running: Service, statement: str, rule: str) -> None:
    spoil(running, statement)
    assert rule in {finding.rule for finding in Fsck(running.trade.context).run().found}


def test_the_slow_walk_finds_a_turned_bit_and_nothing_is_signed_until_somebody_looked(
    running: Service, tmp_path: Path
) -> None:
    alarm = Alarm(tmp_path / "alarm.json")
    watched = running.trade.sequencer("two", alarm=alarm)
    running.sequencer.stop()
    running.trade.enter_many(300)
    watched.sequence()
    cursor = Cursor()
    for _ in range(2):
        cursor = scrub_step(running.trade.context, alarm, cursor)
    assert (cursor.bundle, cursor.rounds, alarm.told()) == (0, 1, None)
    spoil(running, "UPDATE entry SET time = time + 1 WHERE log_index = 270")
    cursor = scrub_step(running.trade.context, alarm, cursor)
    assert alarm.told() is None
    scrub_step(running.trade.context, alarm, cursor)
    told = alarm.told()
    assert told is not None
    assert [(one["rule"], one["index"]) for one in told["findings"]] == [("row_wrong", 270)]
    running.trade.enter()
    with pytest.raises(Unavailable) as refused:
        watched.sequence()
    assert refused.value.code == "stored_bit_wrong"
    alarm.silence()
    assert watched.sequence() is not None


def test_a_new_log_key_follows_the_old_and_readers_of_either_go_on(running: Service, tmp_path: Path) -> None:
    trade = running.trade
    old_note = Note.parse(PublicLog(trade.context).proof(trade_event(running)).note.encode())
    secrets = tmp_path / "secrets"
    keyfiles.create(secrets, LOG_SEED, "log.key")
    running.sequencer.stop()
    name = WitnessKey("witness.example/one", bytes(range(32)))
    served = LogSource(ServedFetcher(trade))
    witness = Witness(name, trade.log_key, served, tmp_path / "witness", lambda: 1_800_000_000)
    old = Checkpoint.parse(old_note.text)
    assert witness.add_checkpoint(AddCheckpoint(0, (), old_note).encode()).status == 200
    made = rotate(trade.context, LOG_SEED, lambda seed: keyfiles.stage(secrets, seed, "log.key"))
    new_seed = keyfiles.load(secrets, "log.key")
    assert new_seed != LOG_SEED
    with pytest.raises(Unavailable) as refused:
        running.sequencer.sequence()
    assert refused.value.code == "log_key_retired"
    running.sequencer.stop()
    key = Ed25519PrivateKey.from_private_bytes(new_seed)
    Sequencer(trade.context, key, trade.head_file, "new").sequence()

    successions = [Note.parse(text.encode()) for text in json.loads(PublicLog(trade.context).successions())]
    new_note = Note.parse(PublicLog(trade.context).proof(trade_event(running)).note.encode())
    for trusted in (made.old, made.new):
        chain = succession.follow(trusted, successions)
        assert chain.keys == (made.old, made.new)
        chain.verify(old_note)
        chain.verify(new_note)
        assert Audit(LogSource(ServedFetcher(trade)), Auditor(log_key=trusted)).run().findings == ()
    with pytest.raises(SignatureInvalid):
        succession.follow(made.old, []).verify(new_note)
    with trade.database.read() as connection:
        grown = consistency_at(
            tile_store.reader(connection, 0), old.size, Checkpoint.parse(new_note.text).size
        )
    assert witness.add_checkpoint(AddCheckpoint(old.size, grown, new_note).encode()).status == 200
    assert Fsck(trade.context).run().found == []


def test_a_key_is_not_changed_under_a_running_worker(running: Service, tmp_path: Path) -> None:
    with pytest.raises(Conflict) as refused:
        rotate(running.trade.context, LOG_SEED, lambda seed: keyfiles.stage(tmp_path, seed, "log.key"))
    assert refused.value.code == "sequencer_running"
    assert not (tmp_path / "log.key").exists()


def trade_event(running: Service) -> bytes:
    with running.trade.database.read() as connection:
        found = connection.exec_driver_sql("SELECT event FROM entry WHERE log_index = 3").scalar()
    return bytes(found)
