"""Ed25519 by the book, to make the keys and signatures that no honest signer makes (RFC 8032 §5.1).

For tests only: slow, and its secrets are worthless.
"""

from __future__ import annotations

from hashlib import sha512

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P

Point = tuple[int, int]
IDENTITY: Point = (0, 1)


def add(one: Point, other: Point) -> Point:
    (x1, y1), (x2, y2) = one, other
    product = D * x1 * x2 * y1 * y2
    x = (x1 * y2 + x2 * y1) * pow(1 + product, -1, P) % P
    y = (y1 * y2 + x1 * x2) * pow(1 - product, -1, P) % P
    return x, y


def multiply(scalar: int, point: Point) -> Point:
    result = IDENTITY
    while scalar:
        if scalar & 1:
            result = add(result, point)
        point = add(point, point)
        scalar >>= 1
    return result


def decode(raw: bytes) -> Point:
    """Raises ``ValueError`` where no point has that y."""
    number = int.from_bytes(raw, "little")
    y, sign = number & (2**255 - 1), number >> 255
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * pow(2, (P - 1) // 4, P) % P
    if x * x % P != square:
        raise ValueError("no point of the curve")
    return (P - x if x & 1 != sign else x), y


def encode(point: Point) -> bytes:
    x, y = point
    return (y | (x & 1) << 255).to_bytes(32, "little")


BASE = decode((4 * pow(5, -1, P) % P).to_bytes(32, "little"))
ORDER_8 = decode(bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"))


def secret_of(seed: bytes) -> int:
    digest = bytearray(sha512(seed).digest()[:32])
    digest[0] &= 248
    digest[31] = digest[31] & 127 | 64
    return int.from_bytes(digest, "little")


def sign(secret: int, public: bytes, message: bytes, nonce: int, commitment: bytes | None = None) -> bytes:
    """R ‖ s for any public key bytes and any R, lawful or not."""
    r = encode(multiply(nonce, BASE)) if commitment is None else commitment
    challenge = int.from_bytes(sha512(r + public + message).digest(), "little") % L
    return r + ((nonce + challenge * secret) % L).to_bytes(32, "little")


def challenge_of(signature: bytes, public: bytes, message: bytes) -> int:
    return int.from_bytes(sha512(signature[:32] + public + message).digest(), "little") % L


def not_on_the_curve() -> bytes:
    """A canonical y, not of small order, that belongs to no point."""
    y = 2
    while True:
        raw = y.to_bytes(32, "little")
        try:
            decode(raw)
        except ValueError:
            return raw
        y += 1
