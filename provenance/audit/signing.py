"""Who signed the checkpoint: the key the auditor knows, its lawful successors, and witnesses by policy."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from provenance.audit.findings import Findings
from provenance.audit.report import AuditReport
from provenance.audit.source import LogSource
from provenance.core import notes, succession
from provenance.core.entries import KeyReason
from provenance.core.notes import Checkpoint, Note, VerifierKey
from provenance.core.succession import KeyChain, Succession
from provenance.errors import InputRefused, SignatureInvalid, Unavailable

if TYPE_CHECKING:
    from provenance.audit.run import Auditor

SUCCESSIONS: Final = "successions"
"""The file of the log's successions, a JSON list of notes, below the root of the log."""

AnnouncedKey = tuple[int, int, bytes]
"""Log index, reason and public key of a KEY entry."""


def check_signatures(
    successions: list[Note] | None,
    auditor: Auditor,
    note: Note,
    announced: list[AnnouncedKey],
    findings: Findings,
    report: AuditReport,
) -> None:
    """The checkpoint *note* is the log's, and its key is one that the log announced.

    *successions* are ``None`` where those served could not be read.
    """
    head = Checkpoint.parse(note.text)
    key = _known_key(auditor, note, head, announced, successions or [], findings, report)
    if key is not None:
        report.signed_by = key.encode()
        _check_announced(key, head, announced, findings)
    if successions is None:
        report.not_checked.append("how the log changed its key: its successions cannot be read")
    else:
        _check_successions(successions, announced, head, findings)
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


def served_successions(source: LogSource, findings: Findings) -> list[Note] | None:
    """The successions that the log serves, ``None`` and a finding where they have no form."""
    try:
        return read_successions(source)
    except (InputRefused, Unavailable) as error:
        if isinstance(error, Unavailable) and error.code != "source_too_large":
            raise
        findings.add("successions_malformed", f"{SUCCESSIONS}: {error.message}")
        return None


def believed_seen(
    auditor: Auditor,
    head: Checkpoint,
    announced: list[AnnouncedKey],
    successions: list[Note],
    report: AuditReport,
) -> list[Checkpoint]:
    """The checkpoints that others were given and that this log signed: no others are evidence against it.

    One signed by the very key that the auditor brought counts whatever the log serves of its reign.
    """
    chain = _chain_of_seen(auditor, successions)
    believed = []
    for number, note in enumerate(auditor.seen, 1):
        one = Checkpoint.parse(note.text)
        named = f"seen checkpoint {number}, of {one.size} entries"
        if one.origin != head.origin:
            report.not_checked.append(f"{named}: it is of another log, {one.origin}")
            continue
        keys = _log_keys(head, announced) if chain is None else [auditor.log_key, chain.key_for(one.size)]
        if not any(key is not None and _is_signed(note, key) for key in keys):
            report.not_checked.append(f"{named}: it is not signed by the key of this log")
        elif one.size:
            believed.append(one)
    return believed


def _chain_of_seen(auditor: Auditor, successions: list[Note]) -> KeyChain | None:
    if auditor.log_key is None:
        return None
    return _chain(auditor.log_key, successions, Findings())  # what is wrong with it is said elsewhere


def _is_signed(note: Note, key: VerifierKey) -> bool:
    try:
        notes.verify(note, key)
    except SignatureInvalid:
        return False
    return True


def _log_keys(head: Checkpoint, announced: list[AnnouncedKey]) -> list[VerifierKey]:
    """Every key that the log announced for itself, the newest first."""
    found = []
    for _, reason, public in reversed(announced):
        if reason == KeyReason.LOG:
            with suppress(InputRefused):
                found.append(VerifierKey(head.origin, public))
    return found


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
    for key in _log_keys(head, announced):
        if any(line.is_by(key) for line in note.signatures):
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
