"""Tags, salts, leaves and uses: byte for byte as FORMATS §1-5, and silent about what they hide."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given
from hypothesis import strategies as st

from provenance.core import commitments, merkle
from provenance.core.commitments import Tagger
from provenance.errors import InputRefused

GOLDEN = json.loads((Path(__file__).parents[1] / "vectors" / "golden.json").read_text())
K_TAG = bytes.fromhex(GOLDEN["k_tag"])
SEED = bytes.fromhex(GOLDEN["batch_seed"])
TOKEN = bytes.fromhex(GOLDEN["order_token"])
BATCH_ID = bytes.fromhex(GOLDEN["batch_id"])
KEYS = list(enumerate(GOLDEN["keys"]))
IDENTITIES = [bytes.fromhex(key["identity"]) for key in GOLDEN["keys"]]
FORMAT = GOLDEN["details"]["format"]


def aes_block(seed: bytes, counter: int) -> bytes:
    """One block of AES-256 on its own, without any mode to lean on."""
    encryptor = Cipher(algorithms.AES(seed), modes.ECB()).encryptor()
    return encryptor.update(counter.to_bytes(16, "big"))


# --- golden.json -------------------------------------------------------------------------------


@pytest.mark.parametrize(("index", "key"), KEYS, ids=lambda value: str(value) if type(value) is int else "")
def test_every_value_of_a_golden_key_is_reproduced(index: int, key: dict[str, Any]) -> None:
    identity = IDENTITIES[index]
    use = commitments.order_use(TOKEN, BATCH_ID, index)
    salt = commitments.salts(SEED, index, 1)
    aliases = commitments.alias_tags(K_TAG, key["serial"], key["secret"])
    assert {
        "tag": commitments.tag(K_TAG, identity).hex(),
        "serial_tag": commitments.serial_tag(K_TAG, FORMAT, key["serial"]).hex(),
        "alias_tags": [alias.hex() for alias, _ in aliases],
        "salt": salt.hex(),
        "leaf": commitments.leaf(salt, identity).hex(),
        "use": use.hex(),
        "use_party": commitments.use_party(use).hex(),
    } == {name: key[name] for name in key if name not in ("serial", "secret", "identity")}
    assert [length for _, length in aliases] == [len(key["serial"] + key["secret"]), len(key["secret"])]


def test_the_golden_batch_made_in_bulk_has_the_golden_root() -> None:
    made = commitments.leaves(SEED, 0, IDENTITIES)
    assert made.hex() == "".join(key["leaf"] for key in GOLDEN["keys"])
    assert merkle.root_of_joined(made).hex() == GOLDEN["root"]
    assert [made.hex() for made in Tagger(K_TAG).tags(IDENTITIES)] == [key["tag"] for key in GOLDEN["keys"]]


@pytest.mark.parametrize("chunk", [1, 5, 1_000])
def test_the_golden_source_is_the_fingerprint_of_the_file_in_any_chunks(chunk: int) -> None:
    file = bytes.fromhex(GOLDEN["file"])
    fingerprint = commitments.source_fingerprint(SEED)
    for at in range(0, len(file), chunk):
        fingerprint.update(file[at : at + chunk])
    assert fingerprint.hexdigest() == GOLDEN["details"]["source"]


@given(st.lists(st.tuples(st.text(min_size=1, max_size=20), st.text(max_size=20)), max_size=12))
def test_tags_made_in_bulk_are_those_made_one_by_one(keys: list[tuple[str, str]]) -> None:
    tagger = Tagger(K_TAG)
    serials = [serial for serial, _ in keys]
    assert tagger.serial_tags(FORMAT, serials) == [tagger.serial_tag(FORMAT, serial) for serial in serials]
    wholes = tagger.alias_tags_of([serial + secret for serial, secret in keys])
    secrets = tagger.alias_tags_of([secret for _, secret in keys])
    for (serial, secret), *pairs in zip(keys, wholes, secrets, strict=True):
        said = [pair for pair in dict.fromkeys(pairs) if pair[1]]
        assert tuple(said) == tagger.alias_tags(serial, secret)


def test_a_serial_that_is_missing_among_many_is_refused() -> None:
    with pytest.raises(InputRefused, match="serial"):
        Tagger(K_TAG).serial_tags(FORMAT, ["1", "", "2"])


# --- tags --------------------------------------------------------------------------------------


@given(st.binary(max_size=200), st.text(min_size=1, max_size=40), st.text(max_size=40))
def test_a_tagger_gives_the_plain_keyed_hash_every_time(identity: bytes, serial: str, secret: str) -> None:
    def plain(person: bytes, data: bytes) -> bytes:
        return hashlib.blake2b(data, digest_size=32, key=K_TAG, person=person).digest()

    tagger = Tagger(K_TAG)
    for _ in range(2):  # the second time from a state that must not have moved
        assert tagger.tag(identity) == plain(b"prov-tag-v1", identity)
        assert tagger.tags([identity, identity]) == [plain(b"prov-tag-v1", identity)] * 2
        assert tagger.serial_tag("opaque", serial) == plain(b"prov-serial-v1", b"opaque\n" + serial.encode())
        for made, length in tagger.alias_tags(serial, secret):
            texts = {
                "".join(c for c in text.upper() if c.isascii() and c.isalnum())
                for text in (ascii_upper(serial + secret), ascii_upper(secret))
            }
            assert made in {plain(b"prov-alias-v1", text.encode()) for text in texts if len(text) == length}


def ascii_upper(text: str) -> str:
    """Only ASCII letters have an upper case here: 'ß' must not become 'SS'."""
    return "".join(c if c.isascii() else " " for c in text)


def test_aliases_ignore_case_separators_and_everything_not_ascii() -> None:
    plain = commitments.alias_tags(K_TAG, "", "ABCD1234EFGH5678")
    assert commitments.alias_tags(K_TAG, "", "abcd-1234 efgh_5678") == plain
    assert commitments.alias_tags(K_TAG, "", "ABCDß1234卡EFGH5678") == plain
    assert [length for _, length in plain] == [16]
    assert commitments.alias_tags(K_TAG, "", "ABCD1234EFGH5679") != plain


def test_a_key_without_a_serial_has_one_alias_and_one_with_a_serial_two() -> None:
    alone = commitments.alias_tags(K_TAG, "", "12345678")
    both = commitments.alias_tags(K_TAG, "77", "12345678")
    assert [length for _, length in both] == [10, 8]
    assert alone == both[1:]
    assert commitments.alias_tags(K_TAG, "--", "12345678") == alone


def test_the_same_characters_split_elsewhere_meet_in_their_alias() -> None:
    first = commitments.alias_tags(K_TAG, "1111", "2222")[0]
    assert first == commitments.alias_tags(K_TAG, "", "11112222")[0]
    assert first == commitments.alias_tags(K_TAG, "11", "112222")[0]


def test_a_key_with_nothing_to_compare_is_nobody_s_alias() -> None:
    assert commitments.alias_tags(K_TAG, "", "充值卡") == ()
    assert [length for _, length in commitments.alias_tags(K_TAG, "77", "充值卡")] == [2]


def test_no_two_kinds_of_tag_and_no_two_tag_keys_agree() -> None:
    identity = b"opaque\n\nX"
    assert commitments.tag(K_TAG, identity) != commitments.tag(bytes(32), identity)
    alias = commitments.alias_tags(K_TAG, "", "X")[0][0]
    serial = commitments.serial_tag(K_TAG, "opaque", "X")
    assert len({alias, serial, commitments.tag(K_TAG, b"X"), commitments.tag(K_TAG, b"opaque\nX")}) == 4


def test_a_serial_tag_is_of_a_serial() -> None:
    with pytest.raises(InputRefused) as caught:
        commitments.serial_tag(K_TAG, "opaque", "")
    assert caught.value.code == "serial_missing"


# --- salts, leaves, the shuffle ----------------------------------------------------------------


@given(first=st.integers(0, 9_000_000), count=st.integers(0, 50))
def test_salts_are_aes_blocks_of_the_key_s_index(first: int, count: int) -> None:
    blocks = [aes_block(SEED, index) for index in range(first, first + count)]
    assert commitments.salts(SEED, first, count) == b"".join(blocks)


@given(cut=st.integers(0, 7))
def test_leaves_made_in_chunks_are_the_leaves_made_at_once(cut: int) -> None:
    chunks = commitments.leaves(SEED, 0, IDENTITIES[:cut]) + commitments.leaves(SEED, cut, IDENTITIES[cut:])
    assert chunks == commitments.leaves(SEED, 0, IDENTITIES)


def test_a_leaf_is_the_rfc_s_leaf_over_salt_and_identity() -> None:
    salt = bytes(range(16))
    assert commitments.leaf_data(salt, b"a\n\nb") == salt + b"a\n\nb"
    assert commitments.leaf(salt, b"a\n\nb") == hashlib.sha256(b"\x00" + salt + b"a\n\nb").digest()


@pytest.mark.parametrize("size", [0, 15, 17])
def test_a_salt_of_another_length_is_refused(size: int) -> None:
    with pytest.raises(InputRefused) as caught:
        commitments.leaf(bytes(size), b"a\n\nb")
    assert caught.value.code == "salt_malformed"


@pytest.mark.parametrize(("first", "count"), [(-1, 1), (0, -1), (5, -2), (10_000_000, 1), (0, 10_000_001)])
def test_salts_of_keys_outside_a_batch_are_refused(first: int, count: int) -> None:
    with pytest.raises(InputRefused) as caught:
        commitments.salts(SEED, first, count)
    assert caught.value.code == "batch_range"


@given(st.integers(0, 600))
def test_the_shuffle_sorts_ranks_by_their_block_beyond_the_salts(count: int) -> None:
    expected = sorted(range(count), key=lambda rank: (aes_block(SEED, 2**127 + rank), rank))
    assert list(commitments.shuffled_order(SEED, count)) == expected


def test_the_shuffle_of_a_seed_is_frozen() -> None:
    assert list(commitments.shuffled_order(SEED, 16)) == FROZEN_SHUFFLE
    assert list(commitments.shuffled_order(bytes(32), 16)) != FROZEN_SHUFFLE


FROZEN_SHUFFLE = [9, 12, 5, 14, 0, 6, 10, 1, 3, 4, 15, 7, 13, 8, 2, 11]


def test_a_long_shuffle_has_every_rank_once() -> None:
    order = commitments.shuffled_order(SEED, 70_000)  # more than one stretch of keystream
    assert sorted(order) == list(range(70_000))
    blocks = [aes_block(SEED, 2**127 + rank) for rank in order[:200]]
    assert blocks == sorted(blocks)


@pytest.mark.parametrize("count", [-1, 10_000_001])
def test_a_shuffle_longer_than_a_batch_is_refused(count: int) -> None:
    with pytest.raises(InputRefused):
        commitments.shuffled_order(SEED, count)


# --- uses and parties --------------------------------------------------------------------------


def test_uses_of_one_token_share_nothing_between_keys_and_batches() -> None:
    uses = {
        commitments.order_use(TOKEN, batch, index) for batch in (BATCH_ID, bytes(32)) for index in range(50)
    }
    assert len(uses) == 100
    assert len({commitments.use_party(use) for use in uses}) == 100


def test_a_party_without_a_key_has_the_address_of_its_id() -> None:
    expected = hashlib.sha256("provenance/party/v1\n演示".encode()).digest()[:20]
    assert commitments.keyless_party("演示") == expected
    assert len(commitments.keyless_party("")) == 20


@pytest.mark.parametrize(
    ("batch", "index"), [(bytes(31), 0), (bytes(33), 0), (bytes(32), -1), (bytes(32), 2**32)]
)
def test_a_use_names_a_key_by_batch_id_and_uint32_index(batch: bytes, index: int) -> None:
    with pytest.raises(InputRefused):
        commitments.order_use(TOKEN, batch, index)


# --- secrets -----------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", [b"", bytes(31), bytes(33), "k" * 32])
def test_a_secret_of_another_size_is_refused_without_showing_it(wrong: bytes) -> None:
    for call in (
        lambda: Tagger(wrong),
        lambda: commitments.salts(wrong, 0, 1),
        lambda: commitments.shuffled_order(wrong, 1),
        lambda: commitments.source_fingerprint(wrong),
        lambda: commitments.order_use(wrong, BATCH_ID, 0),
        lambda: commitments.use_party(wrong),
    ):
        with pytest.raises(InputRefused) as caught:
            call()
        assert caught.value.code == "secret_size"
        assert "kk" not in caught.value.message


def test_a_tagger_shows_nothing_of_its_key() -> None:
    shown = repr(Tagger(K_TAG)) + repr(commitments.source_fingerprint(K_TAG))
    assert K_TAG.hex() not in shown
    assert repr(K_TAG) not in shown
