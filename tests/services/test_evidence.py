"""Evidence: what is kept and how, what is refused and forgotten; and that one receipt serves one claim."""

from __future__ import annotations

import hashlib
import io
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from provenance.core.claims import Evidence, EvidenceType, Source
from provenance.errors import ProvenanceError
from provenance.services.context import Limits
from provenance.services.vault import SealBroken
from provenance.services.warranty import evidence as service
from provenance.services.warranty.media import ALLOWED, Media, MediaCheck, media_of
from provenance.services.warranty.sealedfiles import ORPHAN_MS, PIECE, UPLOAD_MS, Bounds
from provenance.store import evidence as store
from provenance.store.database import Database
from tests.services.evidence_world import (
    BUYER,
    DISGUISED,
    JPEG,
    MOV,
    MP4,
    PDF,
    PLATFORM,
    PNG,
    TEXT,
    WEBM,
    Evident,
    evident,
)

T = EvidenceType
ONE, OTHER = bytes([1]) * 32, bytes([2]) * 32


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[Evident]:
    made = evident(database_url, tmp_path)
    yield made
    made.database.dispose()


@pytest.fixture
def quick(sqlite_url: str, tmp_path: Path) -> Iterator[Evident]:
    """On SQLite alone, with videos of at most 1 MiB."""
    made = evident(sqlite_url, tmp_path, limits=Limits(evidence_video_bytes=1 << 20))
    yield made
    made.database.dispose()


def refusal(work: Callable[[], object]) -> str:
    with pytest.raises(ProvenanceError) as caught:
        work()
    return caught.value.code


def read(world: Evident, order: bytes, digest: bytes) -> bytes:
    return b"".join(world.service.open_(order, digest).pieces)


def of(world: Evident, order: bytes) -> tuple[Evidence, ...]:
    with world.database.read() as connection:
        return service.of_order(connection, order)


@pytest.mark.parametrize(
    ("content", "type", "media"),
    [
        (PNG, T.SCREENSHOT, Media.PNG), (JPEG, T.SCREENSHOT, Media.JPEG), (PDF, T.POLICE_REPORT, Media.PDF),
        (MP4, T.VIDEO, Media.MP4), (MOV, T.VIDEO, Media.QUICKTIME), (WEBM, T.VIDEO, Media.WEBM),
        (TEXT, T.CARRIER_RECEIPT, Media.TEXT),
    ],
)  # fmt: skip
def test_what_is_handed_in_comes_back_with_its_hash_and_what_it_is(
    world: Evident, content: bytes, type: EvidenceType, media: Media
) -> None:
    order = world.order()
    digest = world.put(order, content, type)
    assert digest == hashlib.sha256(content).digest()
    opened = world.service.open_(order, digest)
    assert (b"".join(opened.pieces), opened.media, opened.size) == (content, media, len(content))
    assert of(world, order) == (Evidence(type, digest, Source.BUYER, world.clock.now()),)


@pytest.mark.parametrize("size", [PIECE - 1, PIECE, PIECE + 1, 3 * PIECE, 3 * PIECE + 7])
def test_files_of_many_pieces_lie_encrypted_for_their_owner_alone(quick: Evident, size: int) -> None:
    order = quick.order()
    content = JPEG + b"plain words on a disk " * (size // 22 + 1)
    content = content[:size]
    digest = quick.put(order, content)
    (path,) = quick.on_disk()
    assert read(quick, order, digest) == content
    assert b"plain words" not in path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "damage",
    [
        lambda raw: raw[:-1],
        lambda raw: raw[: -PIECE - 16 - 7 - 16],
        lambda raw: raw + b"\0",
        lambda raw: raw[:100] + bytes([raw[100] ^ 1]) + raw[101:],
        lambda raw: raw[:35] + raw[35 + PIECE + 16 : 35 + 2 * (PIECE + 16)] + raw[35 + PIECE + 16 :],
        lambda raw: raw[:35] + raw[35 + PIECE + 16 :],
        lambda raw: raw[:35],
        lambda _: b"",
        None,
    ],
    ids=["a byte short", "a piece short", "a byte more", "a bit", "pieces swapped", "the first missing",
         "nothing behind the magic", "empty", "gone"],
)  # fmt: skip
def test_a_file_that_was_changed_on_the_disk_does_not_open(
    quick: Evident, damage: Callable[[bytes], bytes] | None
) -> None:
    order = quick.order()
    digest = quick.put(order, JPEG + bytes(3 * PIECE))
    (path,) = quick.on_disk()
    if damage is None:
        path.unlink()
    else:
        path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(SealBroken):
        read(quick, order, digest)


def test_the_key_of_one_file_opens_no_other(quick: Evident) -> None:
    order = quick.order()
    digests = [quick.put(order, content) for content in (PNG, JPEG)]
    with quick.database.read() as connection:
        rows = [store.by_digest(connection, order, digest) for digest in digests]
    assert rows[0] and rows[1] and rows[0].file and rows[1].key
    with pytest.raises(SealBroken):
        list(quick.service.files.read(rows[0].file, rows[1].key, rows[1].digest))
    with pytest.raises(SealBroken):
        list(quick.service.files.read(rows[0].file, rows[1].key, rows[0].digest))
    assert rows[1].key.hex() not in repr(rows[1]) and repr(rows[1].key) not in repr(rows[1])


@pytest.mark.parametrize("name", DISGUISED)
def test_a_program_a_page_or_an_archive_is_refused_whatever_it_is_called(quick: Evident, name: str) -> None:
    order = quick.order()
    for type in (T.SCREENSHOT, T.CARRIER_RECEIPT, T.VIDEO):
        assert refusal(lambda t=type: quick.put(order, DISGUISED[name], t)) == "evidence_executable"
    assert quick.on_disk() == [] and of(quick, order) == ()


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xfe\x00a", "到账".encode("gbk"), b"text\0with a zero", b"\x1aE\xdf\xa3" + bytes(80),
        b"\x1b[2J", b"\0\0\0\x18ftypheic" + bytes(80), b"GIF89a" + bytes(80), b"RIFF" + bytes(80), b"\xc3",
    ],
)  # fmt: skip
def test_what_is_no_known_medium_is_refused(quick: Evident, content: bytes) -> None:
    assert refusal(lambda: quick.put(quick.order(), content, T.CARRIER_RECEIPT)) == "evidence_media_unknown"
    assert quick.on_disk() == []


def test_text_that_stops_being_text_far_behind_its_start_is_refused(quick: Evident) -> None:
    order = quick.order()
    good = "到账失败，".encode() * 40_000
    assert read(quick, order, quick.put(order, good, T.CARRIER_RECEIPT)) == good
    bad = good + b"\xff\xff" + good
    assert refusal(lambda: quick.put(order, bad, T.CARRIER_RECEIPT)) == "evidence_media_unknown"
    assert len(quick.on_disk()) == 1


@pytest.mark.parametrize(
    ("content", "type"), [(MP4, T.SCREENSHOT), (PNG, T.VIDEO), (TEXT, T.POLICE_REPORT), (PDF, T.VIDEO)]
)
def test_each_type_of_evidence_takes_its_media_alone(
    quick: Evident, content: bytes, type: EvidenceType
) -> None:
    assert refusal(lambda: quick.put(quick.order(), content, type)) == "evidence_media_wrong"
    assert quick.on_disk() == []


def test_every_type_but_those_of_the_service_itself_takes_something() -> None:
    assert set(T) - set(ALLOWED) == {T.LOG_ENTRY, T.EVIDENCE_REQUEST}
    assert all(ALLOWED.values())


@pytest.mark.parametrize("type", [T.LOG_ENTRY, T.EVIDENCE_REQUEST])
def test_nobody_hands_in_what_the_service_keeps_itself(quick: Evident, type: EvidenceType) -> None:
    assert refusal(lambda: quick.put(quick.order(), TEXT, type)) == "evidence_type_not_uploaded"


class Endless:
    """A stream that never ends, and counts what was taken from it."""

    def __init__(self, head: bytes) -> None:
        self._head = head
        self.taken = 0

    def read(self, size: int, /) -> bytes:
        piece, self._head = self._head[:size], self._head[size:]
        self.taken += size
        return piece + bytes(size - len(piece))


class Breaking(io.BytesIO):
    """A connection that dies behind its first bytes."""

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell() > 0:
            raise ConnectionResetError("gone")
        return super().read(10)


def test_a_video_of_five_gigabytes_is_refused_by_its_announcement_without_reading_a_byte(
    quick: Evident,
) -> None:
    order, stream = quick.order(), Endless(MP4)
    code = refusal(lambda: quick.service.put(order, BUYER, T.VIDEO, Source.BUYER, stream, 5 << 30))
    assert (code, stream.taken) == ("evidence_too_large", 0)


def test_a_video_that_goes_on_behind_its_announcement_is_refused_there(quick: Evident) -> None:
    order, stream = quick.order(), Endless(MP4)
    code = refusal(lambda: quick.service.put(order, BUYER, T.VIDEO, Source.BUYER, stream, 1 << 20))
    assert (code, stream.taken) == ("evidence_size_differs", (1 << 20) + 1)
    assert quick.on_disk() == [] and of(quick, order) == ()


def test_a_record_under_a_type_that_may_be_a_video_keeps_the_bound_of_records(quick: Evident) -> None:
    bounds = Bounds(record=100, video=1 << 20)
    content = JPEG + bytes(100)
    written = refusal(
        lambda: quick.service.files.write(
            io.BytesIO(content), len(content), MediaCheck(T.OWNERSHIP_REPORT), Bounds(50, 1 << 20)
        )
    )
    assert written == "evidence_too_large"
    video = quick.service.files.write(
        io.BytesIO(MP4 + bytes(200)), len(MP4) + 200, MediaCheck(T.OWNERSHIP_REPORT), bounds
    )
    assert video.media is Media.MP4
    assert len(quick.on_disk()) == 1


@pytest.mark.parametrize(
    ("stream", "size", "code"),
    [
        (io.BytesIO(PNG), len(PNG) + 1, "evidence_size_differs"),
        (io.BytesIO(PNG), len(PNG) - 1, "evidence_size_differs"),
        (io.BytesIO(b""), 0, "evidence_empty"),
        (io.BytesIO(PNG), -5, "evidence_empty"),
        (io.BytesIO(PNG), (20 << 20) + 1, "evidence_too_large"),
        (Breaking(PNG), len(PNG), "upload_broken_off"),
    ],
    ids=["too short", "too long", "empty", "negative", "too large", "broken off"],
)
def test_a_size_that_is_not_true_or_not_possible_leaves_nothing(
    quick: Evident, stream: io.BytesIO, size: int, code: str
) -> None:
    order = quick.order()
    assert refusal(lambda: quick.service.put(order, BUYER, T.SCREENSHOT, Source.BUYER, stream, size)) == code
    assert quick.on_disk() == [] and of(quick, order) == ()


def test_an_order_that_does_not_exist_takes_no_evidence(world: Evident) -> None:
    assert refusal(lambda: world.put(bytes(32), PNG)) == "unknown_order"
    assert world.on_disk() == []


def test_an_order_takes_sixty_four_pieces(quick: Evident) -> None:
    order = quick.order()
    for number in range(64):
        quick.put(order, PNG + bytes([number]))
    assert refusal(lambda: quick.put(order, PNG + b"more")) == "evidence_too_much"
    assert refusal(lambda: quick.put(order, PNG + b"more", T.CARRIER_RECEIPT)) == "evidence_too_much"
    assert len(quick.on_disk()) == 64
    assert quick.put(quick.order(2), PNG + b"more")


def test_an_order_takes_no_more_bytes_than_two_videos_have(quick: Evident) -> None:
    order = quick.order()
    for number in range(2):
        quick.put(order, MP4 + bytes([number]) + bytes((1 << 20) - len(MP4) - 1), T.VIDEO)
    assert refusal(lambda: quick.put(order, PNG)) == "evidence_too_much"


def test_the_last_place_of_an_order_goes_to_one_of_many(world: Evident) -> None:
    order = world.order()
    for number in range(60):
        world.put(order, PNG + bytes([number]))
    codes: list[str] = []

    def hand_in(number: int) -> None:
        try:
            world.put(order, JPEG + bytes([number]))
        except ProvenanceError as error:
            codes.append(error.code)

    threads = [threading.Thread(target=hand_in, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == ["evidence_too_much"] * 4
    assert len(of(world, order)) == len(world.on_disk()) == 64


def test_the_same_bytes_again_are_the_same_piece_and_as_something_else_are_refused(world: Evident) -> None:
    order = world.order()
    first = world.put(order, PNG)
    world.clock.pass_ms(5_000)
    assert world.put(order, PNG) == first
    assert len(of(world, order)) == 1 and len(world.on_disk()) == 1
    assert refusal(lambda: world.put(order, PNG, T.CARRIER_RECEIPT)) == "evidence_repeated"
    by_shop = refusal(
        lambda: world.service.put(order, PLATFORM, T.SCREENSHOT, Source.PLATFORM, io.BytesIO(PNG), len(PNG))
    )
    assert by_shop == "evidence_repeated"
    assert len(world.on_disk()) == 1
    assert world.put(world.order(2), PNG) == first


def test_erased_evidence_leaves_its_hash_and_comes_back_never(world: Evident) -> None:
    order = world.order()
    digest, other = world.put(order, PNG), world.put(order, JPEG)
    before = of(world, order)
    assert world.service.erase(order, digest)
    assert not world.service.erase(order, digest)
    assert of(world, order) == before
    assert refusal(lambda: world.service.open_(order, digest)) == "evidence_gone"
    assert refusal(lambda: world.put(order, PNG)) == "evidence_erased"
    assert len(world.on_disk()) == 1 and read(world, order, other) == JPEG
    with world.database.read() as connection:
        row = store.by_digest(connection, order, digest)
    assert row is not None and (row.file, row.key, row.size) == (None, None, len(PNG))
    assert refusal(lambda: world.service.erase(order, ONE)) == "unknown_evidence"
    assert refusal(lambda: world.service.open_(order, ONE)) == "unknown_evidence"


def test_a_file_without_a_row_is_removed_a_day_later_and_no_other(world: Evident) -> None:
    order = world.order()
    kept = world.put(order, PNG)
    # What a crash leaves between the file and its row, and one in the middle of a file.
    bounds = Bounds(1 << 20, 1 << 20)
    orphan = world.service.files.write(io.BytesIO(JPEG), len(JPEG), MediaCheck(T.SCREENSHOT), bounds)
    half = world.evidence_folder / "00" / (world.context.event_id(world.clock.now()).hex() + ".new")
    half.parent.mkdir(exist_ok=True)
    half.write_bytes(b"half a file")
    world.clock.pass_ms(ORPHAN_MS)
    young = world.service.files.write(io.BytesIO(JPEG), len(JPEG), MediaCheck(T.SCREENSHOT), bounds)
    assert world.service.sweep() == 0
    world.clock.pass_ms(1)
    assert world.service.sweep() == 2
    assert [path.name for path in world.on_disk() if path.name in (orphan.name, half.name)] == []
    assert len(world.on_disk()) == 2 and any(path.name == young.name for path in world.on_disk())
    assert read(world, order, kept) == PNG


def test_an_upload_that_took_hours_is_not_kept(quick: Evident) -> None:
    order = quick.order()

    class Slow(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            quick.clock.pass_ms(UPLOAD_MS)
            return super().read(size)

    code = refusal(lambda: quick.service.put(order, BUYER, T.SCREENSHOT, Source.BUYER, Slow(PNG), len(PNG)))
    assert code == "upload_broken_off" and quick.on_disk() == []


def test_a_folder_that_cannot_be_written_is_said_and_nothing_is_kept(sqlite_url: str, tmp_path: Path) -> None:
    (tmp_path / "evidence").write_text("a file where the folder should be")
    made = evident(sqlite_url, tmp_path)
    order = made.order()
    assert refusal(lambda: made.put(order, PNG)) == "evidence_store_unwritable"
    assert of(made, order) == ()
    made.database.dispose()


def piece(number: int, type: EvidenceType = T.CARRIER_RECEIPT) -> Evidence:
    return Evidence(type, bytes([number]) * 32, Source.CARRIER, 1)


def test_one_receipt_serves_one_claim_and_public_notices_serve_many(world: Evident) -> None:
    receipt, notice = piece(3), piece(4, T.PUBLIC_NOTICE)
    with world.database.write() as connection:
        service.use(connection, [receipt, notice], ONE, 5)
        service.use(connection, [receipt], ONE, 6)
    with world.database.read() as connection:
        digests = [receipt.digest, notice.digest]
        assert store.used_elsewhere(connection, digests, OTHER) == {receipt.digest}
        assert store.used_elsewhere(connection, digests, ONE) == frozenset()

    def again() -> None:
        with world.database.write() as connection:
            service.use(connection, [notice, piece(9), receipt], OTHER, 7)

    assert refusal(again) == "evidence_already_used"
    with world.database.read() as connection:
        assert store.used_elsewhere(connection, [piece(9).digest], ONE) == frozenset()


def test_of_many_claims_at_once_one_gets_the_receipt(database_url: str, tmp_path: Path) -> None:
    made = evident(database_url, tmp_path)
    won: list[bytes] = []
    codes: list[str] = []

    def claim(number: int) -> None:
        database = Database(database_url)
        try:
            with database.write() as connection:
                service.use(connection, [piece(1), piece(2)], bytes([number]) * 32, number)
            won.append(bytes([number]) * 32)
        except ProvenanceError as error:
            codes.append(error.code)
        finally:
            database.dispose()

    threads = [threading.Thread(target=claim, args=(number,)) for number in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1 and codes == ["evidence_already_used"] * 7
    with made.database.read() as connection:
        assert store.used_elsewhere(connection, [piece(1).digest, piece(2).digest], won[0]) == frozenset()
    made.database.dispose()


def test_words_in_front_of_a_byte_order_mark_do_not_hide_a_page() -> None:
    assert refusal(lambda: media_of(b"\xef\xbb\xbf\n\t <HTML>")) == "evidence_executable"
    assert media_of("收据 < 100 元".encode()) is Media.TEXT
