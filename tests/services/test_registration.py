"""Files become batches: what is registered, what is refused, and who is told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import BytesIO

import pytest

from provenance.core import merkle
from provenance.core.commitments import SALT_SIZE, Tagger, leaf, salts
from provenance.core.keyformats import format_by_id
from provenance.core.tiles import root_at
from provenance.errors import AccessDenied, FileRefused, InputRefused, ManifestInvalid, NotFound
from provenance.services.context import Limits
from provenance.services.recompute import recompute_root
from provenance.services.registration import Duplicates, Staged, StageOptions, Status
from provenance.store import tiles
from tests.services.registration_world import FIRST, SECOND, START, World, lines, numbered, world


@pytest.fixture
def here(database_url: str) -> Iterator[World]:
    with world(database_url) as made:
        yield made


def test_a_file_becomes_a_staged_batch_with_a_manifest_to_sign(here: World) -> None:
    staged = here.stage(FIRST, lines(*numbered(0, 5)), "google-play", product="Gift", face_value="50.00")
    assert staged.to_sign is not None and staged.counts.accepted == 5 and staged.counts.refused == 0
    assert staged.to_sign.manifest.supplier == FIRST.address and staged.to_sign.manifest.size == 5
    assert staged.to_sign.digest == staged.to_sign.manifest.digest(here.context.domain)
    view = here.service.batch(staged.to_sign.batch_id)
    assert view.status is Status.STAGED and view.anchor is None
    assert view.manifest == staged.to_sign.manifest and view.digest == staged.to_sign.digest
    assert view.details.product == "Gift" and view.staged_until == START + 24 * 3_600_000
    assert here.count("holding") == 0 and here.count("entry") == 0


def test_the_root_is_that_of_an_independent_tree_over_the_salted_identities(here: World) -> None:
    keys = numbered(7, 600)
    staged = here.stage(FIRST, lines(*keys), "google-play")
    assert staged.to_sign is not None
    stream = salts(staged.to_sign.seed, 0, len(keys))
    hashes = [
        leaf(stream[SALT_SIZE * at : SALT_SIZE * (at + 1)], f"google-play\n\n{key}".encode())
        for at, key in enumerate(keys)
    ]
    assert staged.to_sign.manifest.root == merkle.root(hashes)
    number = here.rows("SELECT number FROM batch")[0][0]
    with here.context.database.read() as connection:
        assert root_at(tiles.reader(connection, number), 600) == staged.to_sign.manifest.root


@pytest.mark.parametrize("shuffle", [False, True])
def test_the_supplier_recomputes_root_size_and_source_from_its_own_file(here: World, shuffle: bool) -> None:
    here.stage(FIRST, lines(*numbered(50, 3)), "google-play")
    text = lines(*numbered(0, 60), "not a key at all", "", *numbered(10, 2)).encode()
    staged = here.stage(FIRST, text, "google-play", on_error="proceed", shuffle=shuffle)
    assert staged.to_sign is not None
    again = recompute_root(
        BytesIO(text),
        format_by_id("google-play"),
        staged.to_sign.seed,
        [reject.line for reject in staged.rejects],
        staged.to_sign.shuffled,
    )
    assert staged.to_sign.shuffled is shuffle
    assert again.root == staged.to_sign.manifest.root
    assert again.size == staged.to_sign.manifest.size == 57
    assert again.source == staged.to_sign.details.source


def test_a_shuffled_batch_finds_each_key_at_the_index_its_leaf_has(here: World) -> None:
    keys = numbered(0, 300)
    staged = here.stage(FIRST, lines(*keys), "google-play", shuffle=True)
    assert staged.to_sign is not None
    number = here.rows("SELECT number FROM batch")[0][0]
    with here.context.database.read() as connection:
        hashes = tiles.hashes(connection, number, 0, 0)
    stream = salts(staged.to_sign.seed, 0, 300)
    tags = {bytes(tag): index for tag, index in here.rows("SELECT tag, idx FROM card_key WHERE idx < 256")}
    tagger = Tagger(here.context.vault.tag_key)
    found = 0
    for key in keys:
        identity = f"google-play\n\n{key}".encode()
        index = tags.get(tagger.tag(identity))
        if index is not None:
            found += 1
            salt = stream[SALT_SIZE * index : SALT_SIZE * (index + 1)]
            assert hashes[32 * index : 32 * index + 32] == leaf(salt, identity)
    assert found == 256


def test_serials_that_follow_one_another_with_weak_secrets_are_shuffled_by_default(here: World) -> None:
    sequential = lines(*(f"{serial:017d}----{serial * 7919:018d}" for serial in range(1, 40)))
    scattered = lines(*(f"{serial * 104_729:017d}----{serial * 31:018d}" for serial in range(50, 90)))
    assert _to_sign(here.stage(FIRST, sequential, "cmcc-national")).shuffled
    assert not _to_sign(here.stage(FIRST, scattered, "cmcc-national")).shuffled
    again = lines(*(f"{serial:017d}----{serial * 7919:018d}" for serial in range(1_001, 1_040)))
    assert not _to_sign(here.stage(FIRST, again, "cmcc-national", shuffle=False)).shuffled


def test_every_kind_of_duplicate_is_counted_apart(here: World) -> None:
    here.commission(FIRST, here.stage(FIRST, lines("AAAA000000000001", "AAAA000000000002"), "google-play"))
    here.stage(SECOND, lines("BBBB000000000001", "BBBB000000000002"), "google-play")
    here.stage(SECOND, lines("cccc-0000-0000-0001"), "opaque")
    file = lines(
        "AAAA000000000001",
        "BBBB000000000001",
        "CCCC000000000001",
        "DDDD000000000001",
        "DDDD-0000-0000-0001",
        "AAAA000000000001",
        "short",
    )
    staged = here.stage(FIRST, file, "google-play", on_error="proceed")
    assert staged.counts.accepted == 1 and staged.counts.rejected == 1
    assert staged.counts.duplicates == Duplicates(in_file=2, own=1, other_party=1, other_format=1)
    assert [(reject.line, reject.code) for reject in staged.rejects] == [
        (1, "duplicate_own"),
        (2, "duplicate_other_party"),
        (3, "duplicate_other_format"),
        (5, "duplicate_in_file"),
        (6, "duplicate_in_file"),
        (7, "wrong_length"),
    ]
    assert "line 4" in staged.rejects[3].message
    assert staged.guesses == 2


def test_a_rejected_line_says_where_and_why_and_never_what(here: World) -> None:
    here.stage(SECOND, lines("BBBB000000000001"), "google-play")
    staged = here.stage(
        FIRST, lines("GOOD000000000001", "BBBB000000000001", "BADÉ000000000009"), "google-play"
    )
    assert staged.to_sign is None and staged.counts.accepted == 0
    assert [(reject.line, reject.column) for reject in staged.rejects] == [(2, None), (3, 4)]
    said = repr(staged)
    assert "BBBB0000" not in said and "BAD" not in said and "0000009" not in said


def test_rollback_stores_nothing_and_proceed_stores_the_rest(here: World) -> None:
    file = lines(*numbered(0, 20), "broken", *numbered(5, 1))
    refused = here.stage(FIRST, file, "google-play", on_error="rollback")
    assert refused.to_sign is None and refused.batch_id is None and refused.counts.refused == 2
    for table in ("batch", "card_key", "alias", "tile", "reject", "alert"):
        assert here.count(table) == 0
    kept = here.stage(FIRST, file, "google-play", on_error="proceed")
    assert kept.counts.accepted == 20 == here.count("card_key") == here.count("alias")
    assert here.count("reject") == 2


def test_a_file_whose_every_line_is_refused_gives_no_batch(here: World) -> None:
    here.stage(FIRST, lines(*numbered(0, 3)), "google-play")
    staged = here.stage(FIRST, lines(*numbered(0, 3)), "google-play", on_error="proceed")
    assert staged.to_sign is None and staged.counts.duplicates.own == 3
    assert here.count("batch") == 1


def test_both_parties_are_told_of_a_duplicate_and_neither_learns_the_key(here: World) -> None:
    theirs = here.stage(SECOND, lines(*numbered(0, 10)), "google-play")
    staged = here.stage(FIRST, lines(*numbered(4, 10)), "google-play", on_error="proceed")
    assert theirs.batch_id is not None and staged.batch_id is not None
    [(kind, facts)] = here.alerts(SECOND)
    assert kind == "duplicate_other_party"
    assert facts["batch"] == theirs.batch_id.hex() and facts["by"] == "0x" + FIRST.address.hex()
    assert facts["indices"] == [4, 5, 6, 7, 8, 9] and facts["count"] == 6 and facts["refused"] is True
    [(kind, facts)] = here.alerts(FIRST)
    assert kind == "duplicate_other_party" and facts["lines"] == [1, 2, 3, 4, 5, 6]
    assert facts["batch"] == staged.batch_id.hex()
    assert SECOND.address.hex() not in json.dumps(facts)
    suspects = here.rows("SELECT count(*) FROM card_key WHERE suspect")
    assert suspects == [(6,)]


def test_a_rolled_back_duplicate_is_told_as_well(here: World) -> None:
    here.stage(SECOND, lines(*numbered(0, 10)), "google-play")
    staged = here.stage(FIRST, lines(*numbered(9, 3)), "google-play")
    assert staged.to_sign is None and staged.guesses == 1
    assert here.alerts(SECOND)[0][1]["indices"] == [9]
    assert here.alerts(FIRST)[0][1]["batch"] is None


def test_an_alert_names_a_hundred_keys_and_counts_them_all(here: World) -> None:
    here.stage(SECOND, lines(*numbered(0, 150)), "google-play")
    here.stage(FIRST, lines(*numbered(0, 150)), "google-play", on_error="proceed")
    facts = here.alerts(SECOND)[0][1]
    assert len(facts["indices"]) == 100 and facts["count"] == 150


def test_a_short_alias_under_another_format_stands_and_alerts_both(here: World) -> None:
    here.stage(SECOND, lines("AB12CD34EF56"), "psn")
    staged = here.stage(FIRST, lines("ab12-cd34-ef56", "something else"), "opaque")
    assert staged.counts.accepted == 2 and staged.guesses == 1
    assert [kind for kind, _ in here.alerts(SECOND)] == ["similar_other_format"]
    [(kind, facts)] = here.alerts(FIRST)
    assert kind == "similar_other_format" and facts["lines"] == [1] and facts["refused"] is False
    assert here.rows("SELECT count(*) FROM card_key WHERE suspect") == [(2,)]


def test_the_same_serial_with_another_secret_stands_and_alerts_both(here: World) -> None:
    serial = "12345678901234567"
    here.stage(SECOND, f"{serial}----{1:018d}\n", "cmcc-national")
    staged = here.stage(FIRST, f"{serial}----{2:018d}\n", "cmcc-national")
    assert staged.counts.accepted == 1
    assert [kind for kind, _ in here.alerts(SECOND)] == ["same_serial"]
    assert [kind for kind, _ in here.alerts(FIRST)] == ["same_serial"]


def test_one_serial_with_two_secrets_in_one_file_alerts_its_supplier(here: World) -> None:
    serial = "12345678901234567"
    staged = here.stage(FIRST, f"{serial}----{1:018d}\n{serial}----{2:018d}\n", "cmcc-national")
    assert staged.counts.accepted == 2 and staged.guesses == 0
    assert [(kind, facts["lines"]) for kind, facts in here.alerts(FIRST)] == [("same_serial_in_file", [2])]


def test_the_same_alias_within_one_format_is_no_duplicate(here: World) -> None:
    here.stage(SECOND, lines("abcd-1234-efgh-5678"), "opaque")
    staged = here.stage(FIRST, lines("ABCD1234EFGH5678"), "opaque")
    assert staged.counts.accepted == 1 and here.alerts(SECOND) == []


def test_a_key_of_an_older_epoch_is_found_again(database_url: str) -> None:
    with world(database_url) as before:
        before.stage(SECOND, lines("AAAA000000000001", "AAAA000000000002"), "google-play")
    with world(database_url, epochs=2) as here:
        file = lines("AAAA000000000001", "BBBB000000000001")
        staged = here.stage(FIRST, file, "google-play", on_error="proceed")
        assert staged.counts.duplicates.other_party == 1 and staged.counts.accepted == 1
        crossing = here.stage(FIRST, lines("aaaa-0000-0000-0002"), "opaque")
        assert crossing.counts.duplicates.other_format == 1
        assert here.rows("SELECT epoch, count(*) FROM card_key GROUP BY epoch ORDER BY epoch") == [
            (1, 2),
            (2, 1),
        ]
        assert here.rows("SELECT count(*) FROM alias") == [(3,)]


def test_keys_of_a_succeeded_address_are_its_successors_own(here: World) -> None:
    here.stage(FIRST, lines(*numbered(0, 2)), "google-play")
    here.change(FIRST, successor=SECOND.address)
    staged = here.stage(SECOND, lines(*numbered(0, 2)), "google-play")
    assert staged.counts.duplicates == Duplicates(own=2) and here.alerts(SECOND) == []


def test_alerts_about_a_succeeded_address_reach_its_successor(here: World) -> None:
    here.stage(FIRST, lines(*numbered(0, 2)), "google-play")
    heir = FIRST.__class__(9)
    here.admit(heir)
    here.change(FIRST, successor=heir.address)
    here.stage(SECOND, lines(*numbered(0, 2)), "google-play")
    assert [kind for kind, _ in here.alerts(heir)] == ["duplicate_other_party"]


def test_rejects_come_in_pages_in_the_order_of_lines(here: World) -> None:
    file = "".join(f"bad {number}\n" for number in range(1_500)) + lines(*numbered(0, 1))
    staged = here.stage(FIRST, file, "google-play", on_error="proceed")
    assert staged.batch_id is not None and len(staged.rejects) == 1_000
    pages = [here.service.rejects(staged.batch_id, after, 600) for after in (0, 600, 1_200, 1_500)]
    assert [len(page) for page in pages] == [600, 600, 300, 0]
    assert [reject.line for page in pages for reject in page] == list(range(1, 1_501))


def test_rejects_of_an_unknown_batch_are_not_found(here: World) -> None:
    with pytest.raises(NotFound) as caught:
        here.service.rejects(bytes(32))
    assert caught.value.code == "unknown_batch"


def test_the_seed_comes_back_for_its_supplier_alone(here: World) -> None:
    staged = here.stage(FIRST, lines(*numbered(0, 2)), "google-play")
    assert staged.to_sign is not None
    assert here.service.restore_secrets(staged.to_sign.batch_id, FIRST.address) == staged.to_sign.seed
    with pytest.raises(NotFound):
        here.service.restore_secrets(staged.to_sign.batch_id, SECOND.address)
    assert staged.to_sign.seed.hex() not in repr(staged) and repr(staged.to_sign.seed) not in repr(staged)


def test_progress_counts_up_to_the_number_of_keys(here: World) -> None:
    told: list[int] = []
    data = BytesIO(lines(*numbered(0, 5_000)).encode())
    here.service.stage(FIRST.address, data, StageOptions("google-play"), told.append)
    assert told == [4_096, 5_000]


def test_who_is_no_supplier_stages_nothing(here: World) -> None:
    stranger = FIRST.__class__(7)
    with pytest.raises(AccessDenied) as caught:
        here.stage(stranger, lines(*numbered(0, 1)), "google-play")
    assert caught.value.code == "not_admitted"
    here.change(FIRST, suspended=True)
    with pytest.raises(AccessDenied) as caught:
        here.stage(FIRST, lines(*numbered(0, 1)), "google-play")
    assert caught.value.code == "suspended"
    here.change(SECOND, successor=stranger.address)
    with pytest.raises(AccessDenied) as caught:
        here.stage(SECOND, lines(*numbered(0, 1)), "google-play")
    assert caught.value.code == "succeeded"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "file_empty"),
        (b"\n \n\n", "file_blank"),
        (b"GP00000000000001\n\xff\xfe\xff\n", "undecodable"),
        (lines(*numbered(0, 60)).encode(), "too_many_keys"),
        (b"x" * 9_000, "file_too_large"),
    ],
)
def test_a_refused_file_leaves_nothing(database_url: str, data: bytes, code: str) -> None:
    with world(database_url, limits=Limits(batch_size=50, upload_bytes=8_000)) as here:
        with pytest.raises(FileRefused) as caught:
            here.stage(FIRST, data, "google-play")
        assert caught.value.code == code
        for table in ("batch", "card_key", "alias", "tile", "reject"):
            assert here.count(table) == 0


def test_options_out_of_their_bounds_are_refused_before_anything_is_read(here: World) -> None:
    for options, code in (
        ({"max_uses": 0}, "max_uses_out_of_range"),
        ({"max_uses": 1_001}, "max_uses_out_of_range"),
        ({"on_error": "ignore"}, "unknown_on_error"),
        ({"alphabet": "klingon"}, "unknown_alphabet"),
        ({"expires_at": -1}, "expires_at_out_of_range"),
        ({"expires_at": 2**60}, "expires_at_out_of_range"),
        ({"expires_at": START // 1_000 - 1}, "already_expired"),
    ):
        with pytest.raises(InputRefused) as caught:
            here.stage(FIRST, lines(*numbered(0, 1)), "google-play", **options)
        assert caught.value.code == code
    with pytest.raises(InputRefused) as caught:
        here.stage(FIRST, lines(*numbered(0, 1)), "no-such-format")
    assert caught.value.code == "unknown_format"
    with pytest.raises(ManifestInvalid):
        here.stage(FIRST, lines(*numbered(0, 1)), "google-play", currency="yuan")


def test_the_connection_serves_one_registration_after_another(here: World) -> None:
    for round_ in range(5):
        staged = here.stage(FIRST, lines(*numbered(10 * round_, 10)), "google-play")
        assert staged.counts.accepted == 10


def _to_sign(staged: Staged):  # type: ignore[no-untyped-def]
    assert staged.to_sign is not None
    return staged.to_sign
