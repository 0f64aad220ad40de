"""One party at its till: HTTP calls with its credential, answers as status and JSON."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import requests

from provenance.demo.story import PromiseBroken

_TIMEOUT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and JSON body; ``replayed`` says that it was given before."""

    status: int
    body: Any
    replayed: bool = False

    @property
    def code(self) -> str | None:
        """The stable code of a problem."""
        return self.body.get("code") if isinstance(self.body, dict) else None

    def ok(self) -> Any:
        """The body of a success; raises :class:`PromiseBroken` for a problem."""
        if self.status >= 400:
            raise PromiseBroken(f"the API answered {self.status} {self.code}: {self._detail()}")
        return self.body

    def refused(self, status: int, *codes: str) -> Any:
        """The problem document of the refusal that was expected; raises :class:`PromiseBroken`."""
        if self.status != status or self.code not in codes:
            raise PromiseBroken(f"expected {status} {'/'.join(codes)}, got {self.status} {self.code}")
        return self.body

    def _detail(self) -> str:
        return str(self.body.get("detail", "")) if isinstance(self.body, dict) else ""


@dataclass(frozen=True, slots=True, repr=False)
class Caller:
    """A party (or, without a token, the public) in front of the API at *url*."""

    url: str
    name: str
    address: str = ""
    token: str | None = None

    def get(self, path: str, **query: Any) -> Answer:
        return self.call("GET", path, params=query)

    def post(self, path: str, body: Any, *, key: str | None = None) -> Answer:
        """POST of a JSON document; *key* is an Idempotency-Key."""
        return self.call("POST", path, json=body, headers={"Idempotency-Key": key} if key else {})

    def put(self, path: str, body: Any) -> Answer:
        return self.call("PUT", path, json=body)

    def upload(self, path: str, data: bytes, content_type: str, **query: Any) -> Answer:
        """POST of a file as it is."""
        return self.call("POST", path, data=data, params=query, headers={"Content-Type": content_type})

    def call(self, method: str, path: str, **options: Any) -> Answer:
        headers = {**options.pop("headers", {})}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        answer = requests.request(
            method, f"{self.url}/v1{path}", headers=headers, timeout=_TIMEOUT_SECONDS, **options
        )
        is_json = "json" in answer.headers.get("Content-Type", "")
        replayed = answer.headers.get("Idempotent-Replayed") == "true"
        return Answer(answer.status_code, answer.json() if is_json else answer.content, replayed)

    def wait_for(self, path: str, what: str, holds: Any, seconds: float = 60.0) -> Any:
        """GET *path* until *holds* says yes to the body; raises :class:`PromiseBroken` after *seconds*."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            answer = self.get(path)
            if answer.status == 200 and holds(answer.body):
                return answer.body
            time.sleep(0.1)
        raise PromiseBroken(f"waited {seconds:.0f} s in vain for {what}")

    def wait_by(self, path: str, body: Any, what: str, find: Any, seconds: float = 60.0) -> Any:
        """POST *body* until *find* finds something in the answer; that, or :class:`PromiseBroken`."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = find(self.post(path, body).ok())
            if found:
                return found
            time.sleep(0.2)
        raise PromiseBroken(f"waited {seconds:.0f} s in vain for {what}")
