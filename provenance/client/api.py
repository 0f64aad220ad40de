"""The routes of ``/v1`` as methods. Answers are the API's own JSON; what is checked has a type."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO, Final
from uuid import uuid4

from provenance.client.transport import UPLOAD_SECONDS, Transport

Json = dict[str, Any]
"""A JSON object as the API's page documents it."""

_REJECTS_PAGE: Final = 10_000


class ProvenanceClient:
    """The service as one party sees it. Every method raises the error that the answer stands for.

    ``key`` of a POST is its Idempotency-Key, a fresh one by default: give the same to repeat it safely.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def get(self, path: str, query: Mapping[str, Any] | None = None) -> Any:
        """GET a JSON document below ``/v1``."""
        return self._transport.json("GET", f"/v1{path}", query=query)

    def post(self, path: str, body: Mapping[str, Any] | None = None, *, key: str | None = None) -> Any:
        """POST a JSON document below ``/v1``."""
        headers = {"Idempotency-Key": key or str(uuid4())}
        return self._transport.json("POST", f"/v1{path}", body=body or {}, headers=headers)

    def file(self, path: str, body: Mapping[str, Any]) -> bytes:
        """POST a JSON document below ``/v1``; the file of the answer."""
        return self._transport.content("POST", f"/v1{path}", body=body)

    def delete(self, path: str) -> None:
        """DELETE something below ``/v1``."""
        self._transport.content("DELETE", f"/v1{path}")

    def upload_batch(self, file: BinaryIO, options: Mapping[str, Any], *, key: str) -> Json:
        """Stage a supplier file; *options* are those of ``POST /batches``."""
        answer: Json = self._transport.json(
            "POST",
            "/v1/batches",
            data=file,
            query=options,
            headers={"Idempotency-Key": key, "Content-Type": "application/octet-stream"},
            answer_seconds=UPLOAD_SECONDS,
        )
        return answer

    def batch(self, batch_id: str) -> Json:
        """A batch as it stands."""
        answer: Json = self.get(f"/batches/{batch_id}")
        return answer

    def sign_batch(self, batch_id: str, signature: bytes) -> Json:
        """Make a staged batch live; the same signature again gives the same answer."""
        answer: Json = self._transport.json(
            "PUT", f"/v1/batches/{batch_id}/signature", body={"signature": "0x" + signature.hex()}
        )
        return answer

    def abandon_batch(self, batch_id: str) -> None:
        """Give a staged batch up."""
        self.delete(f"/batches/{batch_id}")

    def rejects(self, batch_id: str) -> Iterator[Json]:
        """Every rejected line of a batch's file, in order."""
        after = 0
        while True:
            page = self._ndjson(f"/v1/batches/{batch_id}/rejects", {"after": after, "limit": _REJECTS_PAGE})
            yield from page
            if len(page) < _REJECTS_PAGE:
                return
            after = page[-1]["line"]

    def verify(self, keys: Sequence[Json], order_token: str | None = None) -> Any:
        """Verdicts on up to 1,000 keys, in their order."""
        body: Json = {"keys": list(keys)}
        return self.post("/keys/verify", body | ({"order_token": order_token} if order_token else {}))

    def act(self, name: str, body: Json, *, key: str | None = None) -> Any:
        """``POST /keys/<name>``: reserve, sell, deliver, redeem and the others."""
        return self.post(f"/keys/{name}", body, key=key)

    def custody(self, batch_id: str, index: int) -> Any:
        """The entries on a key, oldest first."""
        return self.get(f"/keys/{batch_id}/{index}")

    def settle_transfer(self, transfer_id: str, step: str, *, key: str | None = None) -> Any:
        """``accept``, ``refuse`` or ``withdraw`` an offer."""
        return self.post(f"/transfers/{transfer_id}/{step}", key=key)

    def make_proof(self, wish: Json) -> Json:
        """A proof: its ``id``, the ``key``'s place, and the ``bundle`` as an object."""
        answer: Json = self.post("/proofs", wish)
        return answer

    def put_document(self, disclosure: str, content: bytes, media: str) -> None:
        """Hand in the document of a disclosure."""
        path = f"/v1/disclosures/{disclosure}/document"
        self._transport.content("PUT", path, data=content, headers={"Content-Type": media})

    def health(self) -> Json:
        """What the service says of itself."""
        answer: Json = self.get("/health")
        return answer

    def _ndjson(self, path: str, query: Mapping[str, Any]) -> list[Json]:
        content = self._transport.content("GET", path, query=query)
        return [json.loads(line) for line in content.splitlines() if line.strip()]
