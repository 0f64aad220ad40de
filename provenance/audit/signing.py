"""Who signed the checkpoint: the key the auditor knows, its lawful successors, and witnesses by policy."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from provenance.audit.findings import Findings
from provenance.audit.report import AuditReport
from provenance.audit.source import LogSource
from provenance.core import succession
from provenance.core.entries import KeyReason
from provenance.core.notes import Checkpoint, Note, VerifierKey
from provenance.core.succession import KeyChain, Succession
from provenance.errors import InputRefused, SignatureInvalid

if TYPE_CHECKING:
    from provenance.audit.run import Auditor

SUCCESSIONS: Final = "successions"
"""The file of the log's successions, a JSON list of notes, below the root of the log."""

AnnouncedKey = tuple[int, int, bytes]
"""Log index, reason and public key of a KEY entry."""


def check_signatures(
    source: LogSource,
    auditor: Auditor,
    note: Note,
    announced: list[AnnouncedKey],
    findings: Findings,
    report: AuditReport,
) -> None:
    """The checkpoint *note* is the log's, and its key is one that the log announced."""
    head = Checkpoint.parse(note.text)
    notes_of_keys = read_successions(source)
    key = _known_key(auditor, note, head, announced, notes_of_keys, findings, report)
    if key is not None:
        report.signed_by = key.encode()
        _check_announced(key, head, announced, findings)
    _check_successions(notes_of_keys, announced, head, findings)
    if auditor.policy is None:
        report.not_checked.append("witnesses: no policy was brought")
        return
    try:
        report.cosigned_by = auditor.policy.verify(note)
        report.established.append(
            f"the policy is satisfied; cosigned by {', '.join(report.cosigned_by) or 'nobody'}"
        )
    except SignatureInvalid as error:
        findings.add("policy_not_met", error.message)


def read_successions(source: LogSource) -> list[Note]:
    """The successions that the log serves; raises :class:`InputRefused` (``succession_malformed``)."""
    raw = source.file(SUCCESSIONS)
    return [] if raw is None else parse_successions(raw)


def parse_successions(raw: bytes) -> list[Note]:
    """A JSON list of notes; raises :class:`InputRefused` (``succession_malformed``)."""
    try:
        texts = json.loads(raw)
        if not isinstance(texts, list) or len(texts) > succession.MAX_SUCCESSIONS:
            raise ValueError
        return [Note.parse(text.encode()) for text in texts]
    except (ValueError, AttributeError, RecursionError, InputRefused) as error:
        raise InputRefused("the successions are a JSON list of notes", code="succession_malformed") from error


def seen_checkpoints(auditor: Auditor, head: Checkpoint, findings: Findings) -> list[Checkpoint]:
    """The checkpoints of this log that others were given; one of another log is left out."""
    seen = [Checkpoint.parse(note.text) for note in auditor.seen]
    return [one for one in seen if one.origin == head.origin and one.size > 0]


def _known_key(
    auditor: Auditor,
    note: Note,
    head: Checkpoint,
    announced: list[AnnouncedKey],
    successions: list[Note],
    findings: Findings,
    report: AuditReport,
) -> VerifierKey | None:
    """The key that signed, found by way of what the auditor trusts or, failing that, of the log itself."""
    trusted = auditor.log_key
    if trusted is None:
        report.not_checked.append("the log's key: none was brought; the one that the log announces is taken")
        chain = _announced_chain(note, head, announced)
    else:
        chain = _chain(trusted, successions, findings)
    if chain is None:
        findings.add("signature_unknown", "no key that the log ever announced signed its checkpoint")
        return None
    try:
        chain.verify(note)
    except SignatureInvalid as error:
        findings.add("signature_invalid", f"the checkpoint: {error.message}")
        return None
    key = chain.key_for(head.size)
    if trusted is not None:
        report.established.append(f"the checkpoint is signed by {key.name}+{key.key_id.hex()}")
    return key


def _chain(trusted: VerifierKey, successions: list[Note], findings: Findings) -> KeyChain | None:
    try:
        return succession.follow(trusted, successions)
    except (SignatureInvalid, InputRefused) as error:
        findings.add("succession_invalid", error.message)
        return KeyChain((trusted,), ())


def _announced_chain(note: Note, head: Checkpoint, announced: list[AnnouncedKey]) -> KeyChain | None:
    for _, reason, public in reversed(announced):
        try:
            key = VerifierKey(head.origin, public)
        except InputRefused:
            continue
        if reason == KeyReason.LOG and any(line.is_by(key) for line in note.signatures):
            return KeyChain((key,), ())
    return None


def _check_announced(
    key: VerifierKey, head: Checkpoint, announced: list[AnnouncedKey], findings: Findings
) -> None:
    """A key that signs a log stands in it, and is not retired there."""
    reasons = [reason for _, reason, public in announced if public == key.public]
    if KeyReason.LOG not in reasons:
        findings.add("key_not_announced", "the log does not announce the key that signs it")
    if KeyReason.RETIRED in reasons:
        findings.add("key_retired", "the key that signs the checkpoint was retired before")


def _check_successions(
    successions: list[Note], announced: list[AnnouncedKey], head: Checkpoint, findings: Findings
) -> None:
    """Every log key after the first follows an earlier one by a succession signed by both."""
    followed = set()
    for note in successions:
        try:
            followed.add(Succession.parse(note).new.public)
        except (SignatureInvalid, InputRefused) as error:
            findings.add("succession_invalid", error.message)
    log_keys = [(index, public) for index, reason, public in announced if reason == KeyReason.LOG]
    for index, public in log_keys[1:]:
        if public not in followed:
            said = "a new log key without a succession signed by the old one and the new"
            findings.add("key_without_succession", said, index)
