"""Every row of the catalogue of formats, and what a data file may not say."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from provenance.core.keyformats import describe, format_by_id, formats, parse
from provenance.core.keyrules import PartRule
from provenance.errors import InputRefused, KeyMalformed

# format → (symbols of the serial, symbols of the secret with its check symbol, size of the secret's alphabet)
CATALOGUE = {
    "cmcc-national": (17, (18,), 10),
    "cmcc-zhejiang": (10, (8,), 10),
    "cmcc-jiangsu": (16, (17,), 10),
    "cmcc-fujian": (16, (17,), 10),
    "cmcc-liaoning": (16, (21,), 10),
    "cucc-national": (15, (19,), 10),
    "ctcc-national": (19, (18,), 10),
    "ctcc-guangdong": (19, (18,), 10),
    "qq-coin": (9, (12,), 10),
    "junnet": (16, (16,), 10),
    "shanda": (15, (8, 9), 10),
    "wanmei": (10, (15,), 10),
    "zhengtu": (16, (8,), 10),
    "netease": (13, (9,), 10),
    "sohu": (20, (12,), 10),
    "steam": (0, (15, 25), 36),
    "xbox": (0, (25,), 24),
    "apple": (0, (16,), 36),
    "google-play": (0, (16, 20), 36),
    "psn": (0, (12,), 36),
    "razer-gold": (0, (16,), 10),
    "jd-ecard": (0, (16,), 16),
    "jd-ecard-numbered": (20, (16,), 16),
    "amazon": (0, (14,), 36),
    "minted": (0, (26,), 32),
}


def code_of(format_id: str, text: str) -> str:
    with pytest.raises(KeyMalformed) as refused:
        parse(format_by_id(format_id), text)
    return refused.value.code


def test_every_row_of_the_catalogue_is_a_format_and_no_other():
    shapes = {}
    for each in formats().values():
        if each.secret is not None:
            serial = each.serial.lengths[0] if each.serial else 0
            secret = tuple(length + each.secret.check for length in each.secret.lengths)
            shapes[each.id] = (serial, secret, len(each.secret.alphabet))
    assert shapes == CATALOGUE
    assert set(formats()) - set(shapes) == {"opaque"}


def test_ids_versions_and_names_are_well_formed():
    for format_id, each in formats().items():
        assert re.fullmatch(r"[a-z0-9][a-z0-9-]{0,31}", format_id)
        assert each.version == 1
        assert all(each.names[language].strip() for language in ("zh", "en"))
        assert json.loads(json.dumps(describe(each)))["id"] == format_id


def test_an_unknown_format_is_refused_by_name_of_its_code():
    with pytest.raises(InputRefused) as refused:
        format_by_id("nokia-card")
    assert refused.value.code == "unknown_format"
    assert "cmcc-national" in refused.value.facts["known"]


def test_the_entropy_of_a_secret_is_counted_from_below():
    bits = {each.id: each.secret_bits for each in formats().values()}
    assert (bits["cmcc-zhejiang"], bits["cmcc-national"], bits["cucc-national"]) == (26, 59, 63)
    assert (bits["shanda"], bits["apple"], bits["minted"], bits["opaque"]) == (26, 77, 125, 0)


@pytest.mark.parametrize("format_id", ["steam", "apple", "psn", "amazon", "google-play"])
def test_where_both_look_alikes_are_symbols_nothing_is_folded(format_id):
    secret = format_by_id(format_id).secret
    assert secret.fold == ()
    assert {"0", "O", "1", "I"} <= set(secret.alphabet)


def test_where_neither_look_alike_is_a_symbol_both_are_errors():
    assert [code_of("xbox", odd + "2" * 24) for odd in "0O1IL"] == ["ambiguous_character"] * 5


def test_where_only_digits_are_symbols_the_look_alikes_are_folded():
    assert parse(format_by_id("razer-gold"), "OoIl" * 4).key.secret == "0011" * 4


def test_the_fourth_digit_tells_the_two_telecom_cards_apart():
    for digit, mine, other in (
        ("1", "ctcc-national", "ctcc-guangdong"),
        ("2", "ctcc-guangdong", "ctcc-national"),
    ):
        line = f"123{digit}567890123456789----123456789012345678"
        assert parse(format_by_id(mine), line).key.serial[3] == digit
        assert code_of(other, line) == "wrong_pattern"


def test_a_card_number_is_dropped_or_required_as_the_format_says():
    line = "JDV12345678901234567----AB12-CD34-EF56-7890"
    dropped, kept = parse(format_by_id("jd-ecard"), line), parse(format_by_id("jd-ecard-numbered"), line)
    assert dropped.key.identity == b"jd-ecard\n\nAB12CD34EF567890"
    assert dropped.notes[-1] == "serial_dropped"
    assert kept.key.identity == b"jd-ecard-numbered\nJDV12345678901234567\nAB12CD34EF567890"
    assert code_of("jd-ecard-numbered", "AB12-CD34-EF56-7890") == "serial_missing"


def test_opaque_text_is_kept_exactly_but_for_its_ends():
    assert parse(format_by_id("opaque"), "\t user----Pass word　\r\n").key.secret == "user----Pass word"
    assert code_of("opaque", "two\tcolumns") == "control_character"


def test_a_fold_that_would_merge_two_keys_cannot_be_written():
    with pytest.raises(ValueError, match="merge"):
        PartRule(alphabet="0123456789O", lengths=(4,), fold=(("O", "0"),))
    with pytest.raises(ValueError, match="lower-case"):
        PartRule(alphabet="abc", lengths=(4,), upper=True)


@pytest.mark.parametrize(
    "change", [{"id": "Has Space"}, {"version": 0}, {"names": {"en": "only"}}, {"secret": None}], ids=str
)
def test_a_format_out_of_its_bounds_cannot_be_written(change):
    with pytest.raises(ValueError, match="format"):
        replace(format_by_id("cmcc-national"), **change)
