"""The signed batch and the log of the golden vectors, as the chain's clients take them."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from provenance.core.manifest import BatchManifest

_PATH = Path(__file__).resolve().parents[1] / "vectors" / "golden.json"
GOLDEN: dict[str, Any] = json.loads(_PATH.read_text("utf-8"))

REGISTRY = bytes.fromhex(GOLDEN["registry"][2:])
BATCH_ID = bytes.fromhex(GOLDEN["batch_id"])
ROOT = bytes.fromhex(GOLDEN["root"])
SIGNATURE = bytes.fromhex(GOLDEN["signature"][2:])
DIGEST = bytes.fromhex(GOLDEN["eip712_digest"])
SUPPLIER_KEY = bytes.fromhex(GOLDEN["supplier_private_key"])
ENTRIES = [base64.b64decode(each["entry"]) for each in GOLDEN["entries"]]

_MANIFEST = GOLDEN["bundle"]["batch"]["manifest"]
MANIFEST = BatchManifest(
    supplier=bytes.fromhex(_MANIFEST["supplier"][2:]),
    root=bytes.fromhex(_MANIFEST["root"]),
    size=_MANIFEST["size"],
    max_uses=_MANIFEST["max_uses"],
    expires_at=_MANIFEST["expires_at"],
    details=bytes.fromhex(_MANIFEST["details"]),
)
