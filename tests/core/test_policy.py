"""Policies of logs and witnesses (C2SP tlog-policy), and files of single-entry proofs (C2SP tlog-proof)."""

from __future__ import annotations

import itertools

import pytest

from provenance.core import merkle, notes, tlogproof
from provenance.core.notes import COSIGNATURE, Checkpoint, Note, sign_checkpoint, verifier_key
from provenance.core.policy import Policy
from provenance.core.tlogproof import TlogProof
from provenance.errors import InputRefused, ProofInvalid, SignatureInvalid

ORIGIN = "log.example/policy"
LOG = verifier_key(ORIGIN, bytes(32)).encode()
SEEDS = {name: bytes([number]) * 32 for number, name in enumerate(("X1", "X2", "X3", "Y1", "Y2", "Y3"), 1)}
LEAVES = [merkle.leaf_hash(bytes([n])) for n in range(5)]
NOTE = sign_checkpoint(Checkpoint(ORIGIN, 5, merkle.root(LEAVES)), bytes(32))
WITNESSES = "".join(
    f"witness {name} {verifier_key('w.example/' + name, seed, COSIGNATURE).encode()}\n"
    for name, seed in SEEDS.items()
)
NESTED = (
    f"# two of X and one of Y\nlog {LOG} https://log.example/\n\n{WITNESSES}"
    "\tgroup X 2 X1 X2 X3\ngroup Y any Y1 Y2 Y3\ngroup both all X Y\nquorum both\n"
)


def cosigned_by(*names: str) -> Note:
    note = NOTE
    for name in names:
        note = note.with_signature(notes.cosign(note.text, "w.example/" + name, SEEDS[name], 1))
    return note


def test_a_nested_quorum_is_reached_by_exactly_the_sets_that_satisfy_every_group() -> None:
    policy = Policy.parse(NESTED.encode())
    for size in range(7):
        for names in itertools.combinations(SEEDS, size):
            enough = sum(n[0] == "X" for n in names) >= 2 and any(n[0] == "Y" for n in names)
            if enough:
                assert policy.verify(cosigned_by(*names)) == names
            else:
                with pytest.raises(SignatureInvalid):
                    policy.verify(cosigned_by(*names))


def test_a_bad_line_by_a_known_witness_is_not_excused_by_good_ones() -> None:
    good = cosigned_by("X1", "X2", "Y1")
    spoilt = notes.cosign("other\n", "w.example/X3", SEEDS["X3"], 1)
    with pytest.raises(SignatureInvalid):
        Policy.parse(NESTED.encode()).verify(good.with_signature(spoilt))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "quorum none",
        f"log {LOG}\n",
        f"log {LOG}\nquorum none\nquorum none\n",
        f"log {LOG}\nlog {LOG}\nquorum none\n",
        f"{WITNESSES}quorum X9\n",
        f"{WITNESSES}group none any X1\nquorum X1\n",
        f"{WITNESSES}group X1 any X2\nquorum X1\n",
        f"{WITNESSES}group g 0 X1\nquorum g\n",
        f"{WITNESSES}group g 2 X1\nquorum g\n",
        f"{WITNESSES}group g 01 X1\nquorum g\n",
        f"{WITNESSES}group g any\nquorum g\n",
        f"{WITNESSES}group g any X1 X1\nquorum g\n",
        f"{WITNESSES}group g any X1\ngroup h any X1\nquorum g\n",
        f"quorum g\n{WITNESSES}group g any X1\n",
        f"witness a {LOG}\nquorum a\n",
        f"{WITNESSES}{WITNESSES.replace('witness X', 'witness Z')}quorum none\n",
        "observer X1\nquorum none\n",
        "quorum none\x00\n",
        "quorum none\r\n",
        f"log {LOG}\nwitness w {verifier_key('w', bytes(32), COSIGNATURE).encode()}\nquorum w\n",
    ],
)
def test_a_policy_that_breaks_a_rule_is_refused(text: str) -> None:
    with pytest.raises(InputRefused) as refused:
        Policy.parse(text.encode())
    assert refused.value.code == "policy_malformed"


def test_a_flat_quorum_is_handed_to_the_reader_of_bundles_and_a_nested_one_is_not() -> None:
    witnesses, threshold = Policy.parse(f"{WITNESSES}group g 2 X1 X2 Y1\nquorum g\n".encode()).reader({"X2"})
    assert (threshold, [one.replays for one in witnesses]) == (2, [False, True, False])
    assert Policy.parse(f"{WITNESSES}quorum X1\n".encode()).reader()[1] == 1
    assert Policy.parse(f"{WITNESSES}quorum none\n".encode()).reader()[1] == 0
    with pytest.raises(InputRefused) as refused:
        Policy.parse(NESTED.encode()).reader()
    assert refused.value.code == "policy_nested"


def proof(index: int = 2, **changes: object) -> TlogProof:
    made = {"index": index, "path": merkle.inclusion_path(LEAVES, index), "note": NOTE, **changes}
    return TlogProof(**made)  # type: ignore[arg-type]


@pytest.mark.parametrize("extra", [None, b"\x02"])
@pytest.mark.parametrize("index", range(5))
def test_a_proof_file_is_read_back_as_it_was_written_and_holds(index: int, extra: bytes | None) -> None:
    made = proof(index, extra=extra)
    assert TlogProof.parse(made.encode()) == made
    policy = Policy.flat(verifier_key(ORIGIN, bytes(32)))
    assert tlogproof.verify(made, bytes([index]), policy).size == 5
    with pytest.raises(ProofInvalid):
        tlogproof.verify(made, b"\x09", policy)


@pytest.mark.parametrize(
    "bend",
    [
        lambda raw: raw.replace(b"@v1", b"@v2"), lambda raw: raw.replace(b"index 2", b"index 02"),
        lambda raw: raw.replace(b"index 2", b"index -2"), lambda raw: raw.replace(b"index 2", b"index 9"),
        lambda raw: raw.replace(b"\n\n", b"\n", 1), lambda raw: raw.replace(b"index 2\n", b""),
        lambda raw: raw.replace(b"index 2\n", b"index 2\nAAAA\n"), lambda raw: b"", lambda raw: raw + b"x",
        lambda raw: raw.replace(b"index 2", b"index 2\xff"), lambda raw: b"A" * 10_000_000,
        lambda raw: raw.replace(b"index 2\n", b"extra ====\nindex 2\n"),
        lambda raw: raw.replace(b"index 2\n", b"extra \nindex 2\n"),
    ],
)  # fmt: skip
def test_a_malformed_proof_file_is_refused(bend: object) -> None:
    assert callable(bend)
    with pytest.raises(InputRefused):
        TlogProof.parse(bend(proof().encode()))


def test_a_proof_of_a_log_that_the_policy_does_not_name_is_refused() -> None:
    stranger = Policy.flat(verifier_key("log.example/other", bytes(32)))
    with pytest.raises(SignatureInvalid):
        tlogproof.verify(proof(), b"\x02", stranger)
