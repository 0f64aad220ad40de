"""A note is believed for the keys brought from outside, and for nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.core import notes
from provenance.core.canonical import encode_base64
from provenance.core.notes import COSIGNATURE, Checkpoint, Note, NoteSignature, VerifierKey
from provenance.errors import InputRefused, SignatureInvalid
from tests.core.proof_world import GOLDEN, LOG_KEY, LOG_SEED, ORIGIN

RAW = GOLDEN["checkpoint"].encode()
GOOD = Note.parse(RAW)
WITNESS_SEED = bytes(range(32))
WITNESS = notes.verifier_key("witness.example/w1", WITNESS_SEED, COSIGNATURE)
P = 2**255 - 19
D = -121665 * pow(121666, -1, P) % P
L = 2**252 + 27742317777372353535851937790883648493


def test_the_golden_checkpoint_is_reproduced() -> None:
    checkpoint = Checkpoint.parse(GOOD.text)
    assert (checkpoint.origin, checkpoint.size, checkpoint.root.hex()) == (ORIGIN, 14, GOLDEN["log_root"])
    assert notes.sign_checkpoint(checkpoint, LOG_SEED).encode() == RAW
    assert notes.verifier_key(ORIGIN, LOG_SEED) == LOG_KEY
    assert LOG_KEY.encode() == GOLDEN["bundle"]["log"]["key"]
    notes.verify(GOOD, LOG_KEY)


@given(st.integers(0, 2**53 - 1), st.binary(min_size=32, max_size=32))
def test_a_checkpoint_comes_back(size: int, root: bytes) -> None:
    checkpoint = Checkpoint(ORIGIN, size, root)
    note = notes.sign_checkpoint(checkpoint, LOG_SEED)
    assert Note.parse(note.encode()) == note
    assert Checkpoint.parse(note.text) == checkpoint


def test_every_flipped_bit_of_a_note_is_refused() -> None:
    for bit in range(len(RAW) * 8):
        forged = bytearray(RAW)
        forged[bit // 8] ^= 1 << bit % 8
        with pytest.raises((InputRefused, SignatureInvalid)):
            notes.verify(Note.parse(bytes(forged)), LOG_KEY)


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"\n", b"text\n", b"text\n\n", RAW[:-1], RAW + b"\n", RAW + b"x", RAW.replace(b"\n\n", b"\n"),
        RAW.replace("—".encode(), b"-"), RAW.replace("— ".encode(), "—".encode()),
        RAW.replace(b"14", b"1\t4"), RAW.replace(b"14", b"14\r"), b"\xff" + RAW,
        RAW.replace(b"=\n", b"\n"), RAW.replace(b"PAI=", b"PAJ="),
        "a\n\n— n AAAAAA==\n".encode(), "a\n\n— a+b AAAAAAA=\n".encode(), "a\n\n—  AAAAAAA=\n".encode(),
        "a\n\n— n\u2003m AAAAAAA=\n".encode(),
    ],
)  # fmt: skip
def test_what_is_no_note_is_refused(raw: bytes) -> None:
    with pytest.raises(InputRefused) as caught:
        Note.parse(raw)
    assert caught.value.code == "note_malformed"


def test_a_note_is_bounded_in_bytes_and_signatures() -> None:
    line = RAW.split(b"\n\n")[1]
    head = RAW.split(b"\n\n")[0] + b"\n\n"
    assert len(Note.parse(head + line * 16).signatures) == 16
    with pytest.raises(InputRefused, match="16"):
        Note.parse(head + line * 17)
    with pytest.raises(InputRefused, match="bytes"):
        Note.parse(head + line * 10_000)
    with pytest.raises(InputRefused, match="bytes"):
        Note.parse(b"a" * 65_536 + b"\n" + RAW)


@pytest.mark.parametrize(
    "text",
    [
        "keys.example/log\n014\nZOecdx12SpjEfiO7Iz9yUlAX69p6UpS1n0Nl4j+LMhE=\n",
        "keys.example/log\n+14\nZOecdx12SpjEfiO7Iz9yUlAX69p6UpS1n0Nl4j+LMhE=\n",
        "keys.example/log\n١٤\nZOecdx12SpjEfiO7Iz9yUlAX69p6UpS1n0Nl4j+LMhE=\n",
        "keys.example/log\n9007199254740992\nZOecdx12SpjEfiO7Iz9yUlAX69p6UpS1n0Nl4j+LMhE=\n",
        "keys.example/log\n14\nZOecdx12SpjEfiO7Iz9yUlAX69p6UpS1n0Nl4j+LMhE\n",
        "keys.example/log\n14\nZOecdx12SpjEfiO7Iz9yUlAX69p6UpS1n0Nl4j+LMh==\n",
        "keys.example/log\n14\nZOecdx12SpjEfiO7Iz9yUlAX69p6UpS1n0Nl4j+LMhE=\nextension\n",
        "keys.example/log\n14\nZOecdx12SpjEfiO7Iz9yUlAX69p6UpS1n0Nl4j+LMhE=",
        "keys example\n14\nZOecdx12SpjEfiO7Iz9yUlAX69p6UpS1n0Nl4j+LMhE=\n",
        "\n14\nZOecdx12SpjEfiO7Iz9yUlAX69p6UpS1n0Nl4j+LMhE=\n",
        "keys.example/log\n14\n",
    ],
)
def test_a_checkpoint_has_one_spelling_and_no_extensions(text: str) -> None:
    with pytest.raises(InputRefused) as caught:
        Checkpoint.parse(text)
    assert caught.value.code == "note_malformed"


def test_a_signature_by_an_unknown_key_is_ignored_but_never_enough() -> None:
    stranger = notes.sign(GOOD.text, "other.example", WITNESS_SEED)
    notes.verify(GOOD.with_signature(stranger), LOG_KEY)
    with pytest.raises(SignatureInvalid):
        notes.verify(Note(GOOD.text, (stranger,)), LOG_KEY)


def test_the_right_name_with_another_key_does_not_sign() -> None:
    impostor = notes.sign(GOOD.text, ORIGIN, WITNESS_SEED)
    with pytest.raises(SignatureInvalid):
        notes.verify(Note(GOOD.text, (impostor,)), LOG_KEY)
    mislabelled = NoteSignature(ORIGIN, LOG_KEY.key_id, impostor.signature)
    with pytest.raises(SignatureInvalid):
        notes.verify(Note(GOOD.text, (mislabelled,)), LOG_KEY)


def test_a_good_line_does_not_excuse_a_bad_one_by_the_same_key() -> None:
    bad = replace(GOOD.signatures[0], signature=bytes(64))
    with pytest.raises(SignatureInvalid):
        notes.verify(GOOD.with_signature(bad), LOG_KEY)


def test_an_unreduced_s_is_a_second_signature_and_refused() -> None:
    line = GOOD.signatures[0]
    s = int.from_bytes(line.signature[32:], "little") + L
    doubled = replace(line, signature=line.signature[:32] + s.to_bytes(32, "little"))
    with pytest.raises(SignatureInvalid, match="reduced"):
        notes.verify(Note(GOOD.text, (doubled,)), LOG_KEY)


@pytest.mark.parametrize("length", [0, 1, 63, 65, 72])
def test_a_signature_has_64_bytes(length: int) -> None:
    with pytest.raises(SignatureInvalid):
        notes.verify(Note(GOOD.text, (replace(GOOD.signatures[0], signature=bytes(length)),)), LOG_KEY)


def times_eight(y: int, odd: bool) -> tuple[int, int] | None:
    """[8]P of the point with that y, or None where there is no such point; affine, by the curve equation."""
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - square) % P:
        return None
    if x % 2 != odd:
        x = -x % P
    for _ in range(3):
        product = D * x * x * y * y
        x, y = 2 * x * y * pow(1 + product, -1, P) % P, (y * y + x * x) * pow(1 - product, -1, P) % P
    return x, y


SMALL = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]


@pytest.mark.parametrize("text", SMALL)
@pytest.mark.parametrize("sign", [0, 0x80])
def test_a_key_of_small_order_is_refused(text: str, sign: int) -> None:
    public = bytearray.fromhex(text)
    assert times_eight(int.from_bytes(public, "little"), bool(sign)) == (0, 1), "the vector is of small order"
    public[31] |= sign
    with pytest.raises(InputRefused, match="small order"):
        VerifierKey("a", bytes(public))


def test_a_key_of_large_order_is_none_of_those() -> None:
    y = int.from_bytes(LOG_KEY.public, "little") & (2**255 - 1)
    assert times_eight(y, bool(LOG_KEY.public[31] >> 7)) != (0, 1)


@pytest.mark.parametrize("y", [P, P + 1, P + 3, 2**255 - 1])
def test_a_key_that_is_not_canonically_encoded_is_refused(y: int) -> None:
    with pytest.raises(InputRefused, match="canonical"):
        VerifierKey("a", y.to_bytes(32, "little"))


def test_a_small_order_key_would_have_signed_anything() -> None:
    """Why they are refused: the zero signature fits such a key over messages without end."""
    identity = bytes.fromhex(SMALL[1])
    forged = identity + bytes(32)
    for message in (b"one", b"two", b"three"):
        notes.verify_ed25519(identity, message, forged)


@pytest.mark.parametrize(
    "text",
    [
        "", "a", "a+b", "+949d1c2e+ASLku1HiZzkaMlYRfZoPxHwLNHVAUWALol2TqSfAk5yl",
        LOG_KEY.encode().upper(), LOG_KEY.encode() + "\n", LOG_KEY.encode().replace("949d", "949e"),
        LOG_KEY.encode().replace("949d", "949D"), LOG_KEY.encode().replace("keys", "kays"),
        "a+00000000+", "a+00000000+=", f"a b+00000000+{encode_base64(bytes(33))}",
        f"a+00000000+{encode_base64(bytes([2]) + LOG_KEY.public)}",
        f"a+00000000+{encode_base64(bytes([1]) + LOG_KEY.public[:31])}",
    ],
)  # fmt: skip
def test_what_is_no_verifier_key_is_refused(text: str) -> None:
    with pytest.raises(InputRefused) as caught:
        VerifierKey.parse(text)
    assert caught.value.code == "note_key_malformed"


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""}, {"name": "a b"}, {"name": "a+b"}, {"name": "a\n"}, {"name": "a\u2003b"}, {"kind": 0},
        {"kind": 2}, {"kind": 255}, {"public": b""}, {"public": LOG_KEY.public[:31]}, {"public": bytes(33)},
    ],
    ids=str,
)  # fmt: skip
def test_a_verifier_key_out_of_bounds_does_not_exist(change: dict[str, Any]) -> None:
    with pytest.raises(InputRefused) as caught:
        replace(LOG_KEY, **change)
    assert caught.value.code == "note_key_malformed"


def test_a_note_takes_sixteen_signatures_and_never_none() -> None:
    note = GOOD
    for _ in range(15):
        note = note.with_signature(GOOD.signatures[0])
    with pytest.raises(InputRefused):
        note.with_signature(GOOD.signatures[0])
    with pytest.raises(InputRefused):
        Note(GOOD.text, ())


def test_a_witness_key_does_not_sign_as_a_log_even_over_the_plain_text() -> None:
    plain = notes.sign(GOOD.text, WITNESS.name, WITNESS_SEED).signature
    with pytest.raises(SignatureInvalid):
        notes.verify(Note(GOOD.text, (NoteSignature(WITNESS.name, WITNESS.key_id, plain),)), WITNESS)


def test_a_witness_cosigns_at_a_time() -> None:
    note = GOOD.with_signature(notes.cosign(GOOD.text, WITNESS.name, WITNESS_SEED, 1679315147))
    assert notes.verify_cosignature(Note.parse(note.encode()), WITNESS) == 1679315147
    notes.verify(note, LOG_KEY)


def test_of_several_cosignatures_the_newest_counts() -> None:
    note = GOOD
    for time in (5, 9, 7):
        note = note.with_signature(notes.cosign(GOOD.text, WITNESS.name, WITNESS_SEED, time))
    assert notes.verify_cosignature(note, WITNESS) == 9


@pytest.mark.parametrize("bit", range(0, 72 * 8, 5))
def test_a_flipped_bit_of_a_cosignature_or_its_time_is_refused(bit: int) -> None:
    line = notes.cosign(GOOD.text, WITNESS.name, WITNESS_SEED, 1679315147)
    forged = bytearray(line.signature)
    forged[bit // 8] ^= 1 << bit % 8
    with pytest.raises(SignatureInvalid):
        notes.verify_cosignature(GOOD.with_signature(replace(line, signature=bytes(forged))), WITNESS)


def test_a_cosignature_is_no_log_signature_and_the_other_way_round() -> None:
    with pytest.raises(SignatureInvalid):
        notes.verify(GOOD, WITNESS)
    with pytest.raises(SignatureInvalid):
        notes.verify_cosignature(GOOD, LOG_KEY)
    plain = notes.verifier_key(WITNESS.name, WITNESS_SEED)
    assert plain.key_id != WITNESS.key_id
    short = NoteSignature(WITNESS.name, WITNESS.key_id, GOOD.signatures[0].signature)
    with pytest.raises(SignatureInvalid, match="72"):
        notes.verify_cosignature(GOOD.with_signature(short), WITNESS)


def test_the_example_note_of_c2sp_splits_at_the_last_empty_line() -> None:
    raw = (
        "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n\n"
        "— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMc"
        "Xxj99ihAQwaqP3ZekRwNtIc=\n"
    ).encode()
    note = Note.parse(raw)
    assert note.text.endswith("ed è subito sera.\n")
    assert note.signatures[0].key_id.hex() == "367ba04b"
    assert note.encode() == raw
