"""Orders made by hand, and small files that are what they say, or lie."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from pathlib import Path

from sqlalchemy import insert

from provenance.core.claims import EvidenceType, Source
from provenance.services.warranty.evidence import EvidenceService
from provenance.store.database import Database
from provenance.store.schema_warranty import warranty_order
from tests.services.ledger_world import World

PLATFORM, SELLER, SUPPLIER, BUYER = (bytes([n]) * 20 for n in (0x51, 0x52, 0x53, 0x54))
TERMS = bytes([7]) * 32
PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + bytes(13) + b"\xae\x42\x60\x82" * 20
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(100)
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n%%EOF\n"
MP4 = struct.pack(">I", 24) + b"ftypisom" + bytes(4) + b"isomavc1" + bytes(200)
MOV = struct.pack(">I", 20) + b"ftypqt  " + bytes(4) + b"qt  " + bytes(200)
WEBM = b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\xf7\x81\x01B\xf2\x81\x04B\xf3\x81\x08B\x82\x84webm" + bytes(200)
TEXT = json.dumps({"status": "到账失败", "code": 7}, ensure_ascii=False).encode()


def archive() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        file.writestr("word/document.xml", "<x/>")
    return made.getvalue()


DISGUISED = {
    "a Windows program": b"MZ\x90\x00" + bytes(200),
    "an ELF program": b"\x7fELF\x02\x01\x01" + bytes(200),
    "a shell script": b"#!/bin/sh\nrm -rf ~\n",
    "a batch file": b"@ECHO off\r\ndel *.*\r\n",
    "a page": b"\xef\xbb\xbf \n<!DOCTYPE html><script>alert(1)</script>",
    "a vector picture": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "an Office document": archive(),
    "an old Office document": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(200),
    "a class file": b"\xca\xfe\xba\xbe\x00\x00\x00\x41",
    "a compressed file": b"\x1f\x8b\x08" + bytes(60),
}


class Evident(World):
    """A log's world with an evidence folder, and orders 1, 2, 3 …"""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.evidence_folder = self.folder / "evidence"
        self.service = EvidenceService(self.context, self.evidence_folder)

    def order(self, number: int = 1, **columns: object) -> bytes:
        """The id of a new order; *columns* stand instead of those made up here."""
        values = {
            "id": number.to_bytes(32), "platform": PLATFORM, "seller": SELLER, "supplier": SUPPLIER,
            "batch": 1000 + number, "idx": 0, "party": BUYER, "sell": number.to_bytes(16),
            "token": bytes([number]) * 32, "price": 9_900, "currency": "CNY", "terms": TERMS,
            "product": bytes(32), "created_at": self.clock.now(),
        }  # fmt: skip
        with self.database.write() as connection:
            connection.execute(insert(warranty_order), values | columns)
        return number.to_bytes(32)

    def put(
        self, order: bytes, content: bytes, type: EvidenceType = EvidenceType.SCREENSHOT, **more: object
    ) -> bytes:
        """Hand *content* in as the buyer; its digest."""
        stream = io.BytesIO(content)
        kept = self.service.put(order, BUYER, type, Source.BUYER, stream, len(content), **more)  # type: ignore[arg-type]
        return kept.digest

    def on_disk(self) -> list[Path]:
        """Every file in the evidence folder."""
        return sorted(path for path in self.evidence_folder.rglob("*") if path.is_file())


def evident(url: str, folder: Path, **more: object) -> Evident:
    return Evident(Database(url), folder, **more)  # type: ignore[arg-type]
