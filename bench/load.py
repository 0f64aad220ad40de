"""A load generator that costs little: a fixed number of keep-alive connections in one loop.

Requests are whole byte strings made beforehand; of an answer only its status and length are read.
"""

from __future__ import annotations

import json
import selectors
import socket
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

_TIMEOUT_SECONDS = 60.0


@dataclass(slots=True)
class Load:
    """What came back: answers by status, seconds each took, seconds in all."""

    statuses: Counter[int] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.seconds

    def percentile(self, share: float) -> float:
        """The latency in ms that *share* of the answers stayed under."""
        return sorted(self.latencies)[int(share * (len(self.latencies) - 1))] * 1e3


def post(path: str, body: object, token: str | None = None) -> bytes:
    """One POST of JSON as bytes on the wire."""
    content = json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
    if token is not None:
        head += f"Authorization: Bearer {token}\r\n"
    return f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content


class _Line:
    """One connection and the answer that it waits for."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=_TIMEOUT_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.since = 0.0
        self._got = b""
        self._whole: int | None = None

    def send(self, request: bytes, since: float) -> None:
        self.since, self._got, self._whole = since, b"", None
        self.socket.sendall(request)

    def receive(self) -> int | None:
        """The status once the answer is whole."""
        piece = self.socket.recv(1 << 18)
        if not piece:
            raise ConnectionError("the server closed a connection that it should keep")
        self._got += piece
        if self._whole is None:
            end = self._got.find(b"\r\n\r\n")
            if end < 0:
                return None
            head = self._got[:end].lower()
            place = head.index(b"content-length:") + len(b"content-length:")
            self._whole = end + 4 + int(head[place:].split(b"\r", 1)[0])
        return int(self._got[9:12]) if len(self._got) >= self._whole else None


def drive(
    port: int, requests: Sequence[bytes], *, connections: int, seconds: float, rate: float | None = None
) -> Load:
    """Send *requests* in their order until they or *seconds* are over.

    With *rate* (requests a second) they come at fixed times, and a latency counts from the time at
    which its request was due: a server that falls behind cannot hide it.
    """
    lines = [_Line(port) for _ in range(connections)]
    load = Load()
    with selectors.DefaultSelector() as selector:
        for line in lines:
            selector.register(line.socket, selectors.EVENT_READ, line)
        start = time.perf_counter()
        _run(selector, lines, iter(requests), load, start, start + seconds, rate)
        load.seconds = time.perf_counter() - start
    for line in lines:
        line.socket.close()
    return load


def _run(
    selector: selectors.BaseSelector,
    lines: list[_Line],
    requests: Iterator[bytes],
    load: Load,
    start: float,
    end: float,
    rate: float | None,
) -> None:
    idle, sent, done = list(lines), 0, 0
    is_open = True
    while is_open or done < sent:
        now = time.perf_counter()
        while is_open and idle and (rate is None or start + sent / rate <= now):
            request = next(requests, None) if now < end else None
            if request is None:
                is_open = False
                break
            idle.pop().send(request, now if rate is None else start + sent / rate)
            sent += 1
        wait = None if rate is None or not is_open or not idle else max(0.0, start + sent / rate - now)
        for key, _ in selector.select(wait if done < sent or wait is not None else 0):
            line: _Line = key.data
            status = line.receive()
            if status is not None:
                load.statuses[status] += 1
                load.latencies.append(time.perf_counter() - line.since)
                idle.append(line)
                done += 1
