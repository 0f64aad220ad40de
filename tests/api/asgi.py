"""A client of an ASGI application, without a server between: what it sends is a list of messages."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

Message = dict[str, Any]


@dataclass
class Answered:
    """What came back so far."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    is_whole: bool = False

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


class Caller:
    """One request. Of *pieces* each is one message of the body; after the last it is whole, or stalls."""

    def __init__(
        self,
        method: str,
        path: str,
        headers: dict[str, str],
        pieces: Sequence[bytes] = (),
        *,
        stalls: bool = False,
        breaks: bool = False,
    ) -> None:
        path, _, query = path.partition("?")
        self.scope: Message = {
            "type": "http", "http_version": "1.1", "method": method, "path": path, "scheme": "http",
            "query_string": query.encode(), "server": ("127.0.0.1", 80), "client": ("127.0.0.1", 999),
            "headers": [(name.lower().encode(), text.encode("latin-1")) for name, text in headers.items()],
        }  # fmt: skip
        self.answered = Answered()
        self.asked = 0
        self.gone = asyncio.Event()
        self._pieces, self._stalls, self._breaks = list(pieces), stalls, breaks

    async def receive(self) -> Message:
        self.asked += 1
        if self._pieces:
            more = len(self._pieces) > 1 or self._stalls or self._breaks
            return {"type": "http.request", "body": self._pieces.pop(0), "more_body": more}
        if self._breaks:
            return {"type": "http.disconnect"}
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.answered.status = message["status"]
            self.answered.headers = {name.decode(): text.decode() for name, text in message["headers"]}
        else:
            self.answered.body += message.get("body", b"")
            self.answered.is_whole = not message.get("more_body", False)

    async def call(self, app: Any) -> Answered:
        await app(self.scope, self.receive, self.send)
        return self.answered


def posted(path: str, body: bytes, token: str | None = None, **headers: str) -> Caller:
    """A POST of JSON whose body comes in one piece."""
    said = {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}
    if token is not None:
        said["Authorization"] = f"Bearer {token}"
    return Caller("POST", path, said, [body])


async def until(true: Any, seconds: float = 10.0) -> None:
    """Let others run until *true* says so."""
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.001)
