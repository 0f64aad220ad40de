"""How a log changes its key: both keys sign, both lead to each other, and a retired key signs nothing new."""

from __future__ import annotations

from dataclasses import replace

import pytest

from provenance.core import notes, succession
from provenance.core.notes import Checkpoint, Note, sign_checkpoint, verifier_key
from provenance.core.succession import Succession
from provenance.errors import InputRefused, SignatureInvalid

ORIGIN = "log.example/succession"
SEEDS = [bytes([n]) * 32 for n in range(4)]
KEYS = [verifier_key(ORIGIN, seed) for seed in SEEDS]
ENDS = [10, 20, 30]


def head(size: int) -> Checkpoint:
    return Checkpoint(ORIGIN, size, bytes([size]) * 32)


LINKS = [succession.make(head(end), old, new) for end, old, new in zip(ENDS, SEEDS, SEEDS[1:], strict=False)]


@pytest.mark.parametrize("known", range(4))
def test_from_any_key_every_key_is_found_whatever_the_order_of_the_links(known: int) -> None:
    chain = succession.follow(KEYS[known], [LINKS[2], LINKS[0], LINKS[1], LINKS[0]])
    assert (chain.keys, chain.ends) == (tuple(KEYS), tuple(ENDS))
    assert [KEYS.index(chain.key_for(size)) for size in (1, 10, 11, 20, 21, 30, 31)] == [0, 0, 1, 1, 2, 2, 3]


def test_a_retired_key_is_good_for_what_it_signed_and_for_nothing_larger() -> None:
    chain = succession.follow(KEYS[3], LINKS)
    chain.verify(sign_checkpoint(head(10), SEEDS[0]))
    with pytest.raises(SignatureInvalid):
        chain.verify(sign_checkpoint(head(11), SEEDS[0]))
    with pytest.raises(SignatureInvalid):
        chain.verify(sign_checkpoint(head(10), SEEDS[1]))


def test_a_succession_that_one_of_the_keys_did_not_sign_is_refused() -> None:
    whole = LINKS[0]
    for signatures in (whole.signatures[:1], whole.signatures[1:]):
        with pytest.raises(SignatureInvalid):
            Succession.parse(Note(whole.text, signatures))
    longer = whole.text.replace("\n10\n", "\n11\n")
    with pytest.raises(SignatureInvalid):
        Succession.parse(Note(longer, whole.signatures))


def test_two_successors_of_one_key_are_a_theft_and_not_followed() -> None:
    stolen = succession.make(head(10), SEEDS[0], SEEDS[3])
    with pytest.raises(InputRefused) as refused:
        succession.follow(KEYS[0], [LINKS[0], stolen])
    assert refused.value.code == "succession_malformed"


def test_reigns_that_do_not_follow_one_another_are_refused() -> None:
    back = succession.make(head(5), SEEDS[1], SEEDS[2])
    with pytest.raises(InputRefused):
        succession.follow(KEYS[0], [LINKS[0], back])


@pytest.mark.parametrize("known", range(3))
def test_a_key_that_never_signed_before_it_was_followed_vouches_for_nothing(known: int) -> None:
    links = [succession.make(head(10), SEEDS[0], SEEDS[1]), succession.make(head(10), SEEDS[1], SEEDS[2])]
    chain = succession.follow(KEYS[known], links[::-1])
    assert (chain.keys, chain.ends) == (tuple(KEYS[:3]), (10, 10))
    assert [KEYS.index(chain.key_for(size)) for size in (1, 9, 10, 11, 12)] == [0, 0, 0, 2, 2]
    for size in (9, 10, 11):
        with pytest.raises(SignatureInvalid):
            chain.verify(sign_checkpoint(head(size), SEEDS[1]))


@pytest.mark.parametrize("known", range(3))
@pytest.mark.parametrize("length", [2, 3])
def test_keys_that_follow_each_other_in_a_ring_are_refused(known: int, length: int) -> None:
    ring = [succession.make(head(10), SEEDS[place], SEEDS[(place + 1) % length]) for place in range(length)]
    with pytest.raises(InputRefused) as refused:
        succession.follow(KEYS[known % length], ring)
    assert refused.value.code == "succession_malformed"


def test_successions_of_another_log_are_passed_over_and_too_many_refused() -> None:
    other = succession.make(Checkpoint("log.example/other", 3, bytes(32)), SEEDS[0], SEEDS[1])
    assert succession.follow(KEYS[0], [other]).keys == (KEYS[0],)
    with pytest.raises(InputRefused):
        succession.follow(KEYS[0], [other] * 257)


@pytest.mark.parametrize("line", range(7))
def test_a_text_of_another_form_is_no_succession(line: int) -> None:
    lines = LINKS[0].text.split("\n")
    lines[line] = "x"
    text = "\n".join([*lines, *([""] if line == 6 else [])])
    signed = tuple(notes.sign(text, ORIGIN, seed) for seed in SEEDS[:2])
    with pytest.raises((InputRefused, SignatureInvalid)):
        Succession.parse(Note(text, signed))


def test_the_same_key_twice_or_two_names_are_no_succession() -> None:
    made = Succession.parse(LINKS[0])
    with pytest.raises(InputRefused):
        replace(made, new=made.old)
    with pytest.raises(InputRefused):
        replace(made, new=verifier_key("log.example/other", SEEDS[1]))
