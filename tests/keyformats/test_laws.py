"""The laws of the normaliser, over every format."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.core.keyformats import CardKey, Parsed, canonical_text, formats, parse, parse_parts
from provenance.core.keyrules import CROCKFORD, check_symbol
from provenance.errors import InputRefused, KeyMalformed
from tests.keyformats.keys import READ_BY_RULE, keys, parts, renderings

ALL = list(formats().values())
HARD_TEXT = st.text() | st.text(
    alphabet="0123456789OIlABХ１①٣\u200b\ufeff-—|║\t ,:：卡号密码pincodeserial\x00\ud800"
)


@given(st.data(), st.sampled_from(READ_BY_RULE))
def test_every_rendering_of_one_key_meets_in_one_identity(data, key_format):
    key = data.draw(keys(key_format))
    assert parse(key_format, data.draw(renderings(key_format, key))).key.identity == key.identity


@given(st.data(), st.sampled_from(READ_BY_RULE))
def test_reading_is_idempotent(data, key_format):
    key = parse(key_format, data.draw(renderings(key_format, data.draw(keys(key_format))))).key
    again = parse(key_format, canonical_text(key))
    assert (again.key, again.notes) == (key, ())


@given(st.data(), st.sampled_from(READ_BY_RULE), st.sampled_from(["--", "----", "|", "\t", ","]))
def test_a_canonical_line_is_read_at_once_as_it_is_read_step_by_step(data, key_format, separator):
    key = data.draw(keys(key_format))
    line = f"{key.serial}{separator}{key.secret}" if key.serial else key.secret
    # A space before it says nothing and sends the line through every step.
    assert parse(key_format, line) == parse(key_format, " " + line) == Parsed(key, ())


@given(st.data(), st.sampled_from(READ_BY_RULE))
def test_two_canonical_keys_never_share_an_identity(data, key_format):
    one, other = data.draw(keys(key_format)), data.draw(keys(key_format))
    first, second = parse(key_format, canonical_text(one)), parse(key_format, canonical_text(other))
    assert (first.key.identity == second.key.identity) == (one == other)


@given(st.data(), st.sampled_from(READ_BY_RULE))
def test_one_changed_symbol_is_another_key_or_an_error(data, key_format):
    key = data.draw(keys(key_format))
    place = data.draw(st.integers(0, len(key.secret) - 1))
    symbol = data.draw(
        st.sampled_from(key_format.secret.alphabet).filter(lambda each: each != key.secret[place])
    )
    secret = key.secret[:place] + symbol + key.secret[place + 1 :]
    try:
        changed = parse_parts(key_format, key.serial, secret).key
    except KeyMalformed:
        return
    assert changed.secret == secret != key.secret


@given(HARD_TEXT, st.sampled_from(ALL))
def test_reading_any_text_gives_a_canonical_key_or_its_own_error(text, key_format):
    try:
        key = parse(key_format, text).key
    except KeyMalformed as error:
        assert 0 <= error.facts.get("position", 0) <= len(text)
        return
    assert parse(key_format, canonical_text(key)).key == key


@given(HARD_TEXT | st.none(), HARD_TEXT, st.sampled_from(ALL))
def test_reading_any_two_parts_gives_a_canonical_key_or_its_own_error(serial, secret, key_format):
    try:
        key = parse_parts(key_format, serial, secret).key
    except KeyMalformed:
        return
    assert parse_parts(key_format, key.serial, key.secret).key == key


@given(st.binary(), st.sampled_from(ALL))
def test_reading_any_bytes_as_text_gives_a_key_or_its_own_error(raw, key_format):
    for text in (
        raw.decode("latin-1"),
        raw.decode("utf-8", "surrogateescape"),
        raw.decode("gb18030", "replace"),
    ):
        try:
            assert parse(key_format, text).key.identity
        except KeyMalformed as error:
            assert error.code != "key_malformed"


@given(st.data(), st.sampled_from(READ_BY_RULE), st.sampled_from("АВ٣ı①Ⅹ中\x00😀"))
def test_an_error_names_the_place_and_tells_nothing_of_the_key(data, key_format, intruder):
    key = data.draw(keys(key_format))
    place = data.draw(st.integers(0, len(key.secret) - 1))
    line = canonical_text(key)
    place += len(line) - len(key.secret)
    with pytest.raises(KeyMalformed) as refused:
        parse(key_format, line[:place] + intruder + line[place + 1 :])
    assert refused.value.facts["position"] == place
    assert intruder not in refused.value.message
    words = [refused.value.message, repr(refused.value), repr(refused.value.facts)]
    assert not [word for word in words for part in (key.serial, key.secret) if part and part in word]
    # Nothing of it in pieces either: no digits but a position, a code point or a bound.
    assert not any(piece in word for word in words for piece in (key.secret[:6], key.secret[-6:]))


@given(st.data(), st.sampled_from([each for each in READ_BY_RULE if each.serial and each.id != "junnet"]))
def test_swapped_serial_and_secret_are_told_from_a_wrong_key(data, key_format):
    key = data.draw(keys(key_format))
    with pytest.raises(KeyMalformed) as refused:
        parse(key_format, f"{key.secret}----{key.serial}")
    assert refused.value.code == "swapped_serial_and_secret"
    with pytest.raises(KeyMalformed) as refused:
        parse_parts(key_format, key.secret, key.serial)
    assert refused.value.code == "swapped_serial_and_secret"


@given(st.data())
def test_the_check_symbol_finds_every_wrong_symbol_and_every_swap_of_neighbours(data):
    body = data.draw(st.text(CROCKFORD, min_size=25, max_size=25))
    place = data.draw(st.integers(0, 23))
    other = data.draw(st.sampled_from(CROCKFORD))
    typed = body[:place] + other + body[place + 1 :]
    assert (check_symbol(typed) == check_symbol(body)) == (typed == body)
    swapped = body[:place] + body[place + 1] + body[place] + body[place + 2 :]
    assert (check_symbol(swapped) == check_symbol(body)) == (swapped == body)


@given(st.data(), st.sampled_from(READ_BY_RULE))
def test_a_key_shows_nothing_of_itself(data, key_format):
    key = data.draw(keys(key_format))
    assert repr(key) == str(key) == f"{key}" == "CardKey(hidden)"
    assert key.secret not in repr(parse(key_format, canonical_text(key)))
    assert pickle.loads(pickle.dumps(key)) == key


@given(st.data(), st.sampled_from(READ_BY_RULE))
def test_a_card_key_that_is_not_canonical_cannot_exist(data, key_format):
    key = data.draw(keys(key_format))
    wrong = [key.secret[:-3], key.secret + "\n", " " + key.secret, "!" + key.secret[1:], ""]
    for secret in wrong:
        with pytest.raises(KeyMalformed):
            CardKey(key_format.id, key.serial, secret)
    with pytest.raises(KeyMalformed):
        CardKey(key_format.id, key.serial + "0", key.secret)


def test_a_card_key_of_an_unknown_format_cannot_exist():
    with pytest.raises(InputRefused) as refused:
        CardKey("no-such-format", "", "0" * 16)
    assert refused.value.code == "unknown_format"


@given(st.data())
def test_the_wider_alphabet_of_a_format_keeps_every_identity(data):
    narrow = formats()["jd-ecard"]
    key = data.draw(keys(narrow))
    line = data.draw(renderings(narrow, key))
    assert parse(narrow.with_alphabet("alnum"), line).key == parse(narrow, line).key == key
    wide = data.draw(parts(narrow.with_alphabet("alnum").secret))
    assert parse(narrow.with_alphabet("alnum"), wide).key.secret == wide


def test_an_unknown_alphabet_is_refused():
    with pytest.raises(InputRefused) as refused:
        formats()["steam"].with_alphabet("hex")
    assert refused.value.code == "unknown_alphabet"
