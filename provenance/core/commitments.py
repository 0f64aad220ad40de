"""What stands in for a card key: blind tags, salted leaves, and the uses of its buyers.

Consensus-critical (FORMATS §1–5). A *tag* finds a key again for whoever holds ``K_tag`` and tells a
thief of the database nothing; a *leaf* commits to a key in public and tells nobody anything until it
is opened with its salt; a *use* lets a buyer prove a purchase without linking it to the next one.
No function or object here shows a key, a seed or a token in a message or a ``repr``.
"""

from __future__ import annotations

import hashlib
import hmac
from array import array
from collections.abc import Iterable, Sequence

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CTR

from provenance.core import lanes
from provenance.core.merkle import leaf_hash
from provenance.errors import InputRefused

SALT_SIZE = 16
MAX_BATCH = 10_000_000
"""Keys in a batch (DESIGN §5); far below 2^127, where the counters of the shuffle begin."""

_SHUFFLE_START = 2**127
_SHUFFLE_CHUNK = 65_536
_PERSON_TAG = b"prov-tag-v1"
_PERSON_SERIAL = b"prov-serial-v1"
_PERSON_ALIAS = b"prov-alias-v1"
_PERSON_FILE = b"prov-file-v1"
_NOT_ALNUM_BUT_LF = bytes(
    byte for byte in range(256) if byte != 10 and not (byte < 128 and chr(byte).isalnum())
)
_NOT_ALNUM = bytes(byte for byte in range(256) if not (byte < 128 and chr(byte).isalnum()))


def tag(k_tag: bytes, identity: bytes) -> bytes:
    """Return the 32-byte blind index of a key *identity*, unique in the registry (FORMATS §2).

    *k_tag* is 32 bytes. Raises ``InputRefused`` (``secret_size``). In bulk use ``Tagger``.
    """
    return Tagger(k_tag).tag(identity)


def serial_tag(k_tag: bytes, format_id: str, serial: str) -> bytes:
    """Return the 32-byte tag of a non-empty *serial* of a format (FORMATS §2).

    Raises ``InputRefused`` (``secret_size``, ``serial_missing``).
    """
    return Tagger(k_tag).serial_tag(format_id, serial)


def alias_tags(k_tag: bytes, serial: str, secret: str) -> tuple[tuple[bytes, int], ...]:
    """Return (32-byte tag, length of the compared string) across formats (FORMATS §2).

    First for serial ‖ secret, then for the secret alone; one pair where the two strings are equal,
    as with an empty serial. The length counts the ASCII letters and digits that are compared, and
    decides between a refused duplicate (16 or more) and an alert. A string without any is left out:
    every such key would be an alias of every other. Raises ``InputRefused`` (``secret_size``).
    """
    return Tagger(k_tag).alias_tags(serial, secret)


class Tagger:
    """Makes tags in bulk: BLAKE2b keyed once with the 32 bytes of ``K_tag``, copied for each key."""

    __slots__ = ("_alias", "_serial", "_tag")

    def __init__(self, k_tag: bytes) -> None:
        _require_secret(k_tag, "the tag key")
        self._tag = _keyed(k_tag, _PERSON_TAG)
        self._serial = _keyed(k_tag, _PERSON_SERIAL)
        self._alias = _keyed(k_tag, _PERSON_ALIAS)

    def tag(self, identity: bytes) -> bytes:
        """Return ``tag`` of one identity, 32 bytes."""
        state = self._tag.copy()
        state.update(identity)
        return state.digest()

    def tags(self, identities: Iterable[bytes]) -> list[bytes]:
        """Return ``tag`` of each identity, in order."""
        return _digests(self._tag, identities)

    def serial_tag(self, format_id: str, serial: str) -> bytes:
        """Return ``serial_tag`` of a non-empty serial, 32 bytes; raises ``InputRefused``."""
        if not serial:  # all keys of the format would share it, and alert each other
            raise InputRefused("Only a key with a serial has a serial tag.", code="serial_missing")
        state = self._serial.copy()
        state.update(f"{format_id}\n{serial}".encode())
        return state.digest()

    def serial_tags(self, format_id: str, serials: Sequence[str]) -> list[bytes]:
        """Return ``serial_tag`` of each of *serials*, none of them empty; raises ``InputRefused``."""
        if not all(serials):
            raise InputRefused("Only a key with a serial has a serial tag.", code="serial_missing")
        return _digests(self._serial, [f"{format_id}\n{serial}".encode() for serial in serials])

    def alias_tags_of(self, texts: Sequence[str]) -> list[tuple[bytes, int]]:
        """Return what ``alias_tags`` says of each text: (32-byte tag, length compared), length 0 for none."""
        strings = _all_compared(texts)
        return list(zip(_digests(self._alias, strings), map(len, strings), strict=True))

    def alias_tags(self, serial: str, secret: str) -> tuple[tuple[bytes, int], ...]:
        """Return ``alias_tags`` of one key: up to two pairs (32-byte tag, length compared)."""
        strings = dict.fromkeys((_compared(serial + secret), _compared(secret)))
        made = []
        for string in filter(None, strings):
            state = self._alias.copy()
            state.update(string)
            made.append((state.digest(), len(string)))
        return tuple(made)


def salts(seed: bytes, first: int, count: int) -> bytes:
    """Return the 16-byte salts of keys *first* to *first + count - 1*, joined (FORMATS §3).

    ``salt_i = AES-256(key = seed, block = uint128(i))``, that is the CTR keystream from counter
    *first* (NIST SP 800-38A §6.5). *seed* is the 32 bytes of ``S_batch``. Raises ``InputRefused``.
    """
    _require_secret(seed, "the batch seed")
    if min(first, count) < 0 or first + count > MAX_BATCH:
        raise InputRefused("Ask for salts of keys inside a batch.", code="batch_range")
    return _keystream(seed, first, count)


def leaf_data(salt: bytes, identity: bytes) -> bytes:
    """Return the leaf data ``salt ‖ identity``, its salt 16 bytes; raises ``InputRefused`` (FORMATS §3)."""
    if len(salt) != SALT_SIZE:  # a shorter one would let a byte pass from the identity into the salt
        raise InputRefused("Give a salt of exactly 16 bytes.", code="salt_malformed")
    return salt + identity


def leaf(salt: bytes, identity: bytes) -> bytes:
    """Return the 32-byte salted commitment to a key, ``H(0x00 ‖ salt ‖ identity)`` (FORMATS §3).

    Raises ``InputRefused`` (``salt_malformed``). In bulk use ``leaves``.
    """
    return leaf_hash(leaf_data(salt, identity))


def leaves(seed: bytes, first: int, identities: Sequence[bytes]) -> bytes:
    """Return the 32-byte leaves of consecutive keys from index *first* on, joined (FORMATS §3).

    *seed* is the 32 bytes of ``S_batch``; call it chunk by chunk to keep memory flat. Raises
    ``InputRefused`` (``secret_size``, ``batch_range``).
    """
    return lanes.salted_leaves(salts(seed, first, len(identities)), identities)


def shuffled_order(seed: bytes, count: int) -> Sequence[int]:
    """Return the secret permutation of a shuffled batch: at position *index*, the rank of its key.

    The ranks 0 … count - 1 of the accepted lines are sorted by the block ``AES-256(key = seed,
    block = uint128(2^127 + rank))``, as 16 unsigned bytes, ties by rank; the position in that order
    is the key's index (FORMATS §4). The counters never meet those of the salts. Raises ``InputRefused``.
    """
    _require_secret(seed, "the batch seed")
    if not 0 <= count <= MAX_BATCH:
        raise InputRefused("A batch has at most 10,000,000 keys.", code="batch_range")
    # Spread over 256 packed buckets first: ten million blocks as Python objects would need a gigabyte.
    buckets = [bytearray() for _ in range(256)]
    for start in range(0, count, _SHUFFLE_CHUNK):
        length = min(_SHUFFLE_CHUNK, count - start)
        stream = _keystream(seed, _SHUFFLE_START + start, length)
        for rank, at in enumerate(range(0, len(stream), 16), start):
            buckets[stream[at]] += stream[at : at + 16] + rank.to_bytes(4, "big")
    order = array("I")
    for bucket in buckets:
        records = sorted(bytes(bucket[at : at + 20]) for at in range(0, len(bucket), 20))
        order.extend(int.from_bytes(record[16:], "big") for record in records)
    return order


def order_use(token: bytes, batch_id: bytes, index: int) -> bytes:
    """Return the 32-byte use by which the holder of an order token shows that he bought this key.

    ``HMAC-SHA-256(token, batch_id ‖ uint32 index)``; *token* and *batch_id* are 32 bytes. Raises
    ``InputRefused`` (``secret_size``, ``batch_range``). Source: FORMATS §5.
    """
    _require_secret(token, "the order token")
    if len(batch_id) != 32 or not 0 <= index < 2**32:
        raise InputRefused("Name a key by a 32-byte batch id and an index in it.", code="batch_range")
    return hmac.digest(token, batch_id + index.to_bytes(4, "big"), "sha256")


def use_party(use: bytes) -> bytes:
    """Return the 20 bytes that stand for a buyer's 32-byte *use* in an entry (FORMATS §5)."""
    _require_secret(use, "the use")
    return hashlib.sha256(b"provenance/use/v1\n" + use).digest()[:20]


def keyless_party(party_id: str) -> bytes:
    """Return the 20-byte address of a party that has no key of its own (FORMATS §5)."""
    return hashlib.sha256(b"provenance/party/v1\n" + party_id.encode()).digest()[:20]


def source_fingerprint(seed: bytes) -> hashlib.blake2b:
    """Return a hash to feed the uploaded file into, chunk by chunk; its digest is ``source``.

    BLAKE2b-256 keyed with the 32 bytes of ``S_batch``, so that nobody without the seed can test a
    guess of the file (FORMATS §4). Raises ``InputRefused`` (``secret_size``).
    """
    _require_secret(seed, "the batch seed")
    return _keyed(seed, _PERSON_FILE)


def _keyed(key: bytes, person: bytes) -> hashlib.blake2b:
    return hashlib.blake2b(digest_size=32, key=key, person=person)


def _compared(text: str) -> bytes:
    """Return the upper-cased ASCII letters and digits of *text*."""
    return text.encode().upper().translate(None, _NOT_ALNUM)


def _all_compared(texts: Sequence[str]) -> list[bytes]:
    """Return ``_compared`` of each of *texts*, in one pass where none of them has a line feed."""
    joined = "\n".join(texts)
    if not texts or joined.count("\n") != len(texts) - 1:
        return [_compared(text) for text in texts]
    return joined.encode().upper().translate(None, _NOT_ALNUM_BUT_LF).split(b"\n")


def _digests(keyed: hashlib.blake2b, strings: Iterable[bytes]) -> list[bytes]:
    """Return the digest of each string under a keyed state."""
    fresh = keyed.copy
    made = []
    for string in strings:
        state = fresh()
        state.update(string)
        made.append(state.digest())
    return made


def _keystream(seed: bytes, first: int, count: int) -> bytes:
    encryptor = Cipher(AES256(seed), CTR(first.to_bytes(16, "big"))).encryptor()
    return encryptor.update(bytes(16 * count))


def _require_secret(value: bytes, name: str) -> None:
    if type(value) is not bytes or len(value) != 32:
        raise InputRefused(f"Give {name} as exactly 32 bytes.", code="secret_size")
