"""What can replace what: a product by its 32-byte name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from provenance.core import canonical
from provenance.core.digests import sha256
from provenance.core.manifest import BatchDetails

NAMED: Final = ("product", "face_value", "currency")
"""The members of a batch's details that say what a key is worth to its buyer; the format is the fourth."""
_PREFIX: Final = b"provenance/product/v1\n"
_BROKEN_ZEROS: Final = re.compile(r"(\.[0-9]*?)0+$")


def product_of(format_id: str, details: BatchDetails | Mapping[str, Any]) -> bytes:
    """The 32-byte name of what a key is: format, product, face value and currency, hashed.

    Whoever supplied it is no part: the buyer gets the same thing. ``50`` and ``50.00`` are one value;
    the words of the product are compared as they stand. A missing member counts as empty.
    """
    members = details.to_json() if isinstance(details, BatchDetails) else details
    said = {name: str(members.get(name, "")) for name in NAMED}
    said["face_value"] = _BROKEN_ZEROS.sub(r"\1", said["face_value"]).rstrip(".")
    return sha256(_PREFIX + canonical.encode({"format": format_id, **said}))
