"""Small papers that are whole, for what is published and shown."""

from __future__ import annotations

import zlib


def pdf(text: str = "licence") -> bytes:
    """A PDF of a few lines; *text* makes it another one."""
    return f"%PDF-1.7\n1 0 obj <</Type/Catalog>> endobj % {text}\ntrailer <</Root 1 0 R>>\n%%EOF\n".encode()


def png(pixel: int = 0) -> bytes:
    """A PNG of one grey pixel."""
    header = (1).to_bytes(4) + (1).to_bytes(4) + bytes([8, 0, 0, 0, 0])
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(bytes([0, pixel]))), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        len(data).to_bytes(4) + name + data + zlib.crc32(name + data).to_bytes(4) for name, data in chunks
    )


def jpeg(filling: bytes = b"\x00" * 20) -> bytes:
    """What begins and ends as a JPEG does."""
    return b"\xff\xd8\xff\xe0" + filling + b"\xff\xd9"


EXECUTABLE = b"MZ\x90\x00\x03" + b"\x00" * 300
"""How a Windows program begins, whatever it is called."""
