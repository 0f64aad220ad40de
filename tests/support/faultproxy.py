"""A loopback TCP proxy that misbehaves on demand: the network as it is on a bad day."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator
from enum import Enum


class Fault(Enum):
    """What happens to a connection."""

    NONE = "forward everything"
    HANG = "accept, then never answer"
    RESET = "accept, then reset"
    CUT = "forward the answer's first bytes, then close"
    DRIP = "answer a byte now and then, for ever"
    LOSE_ANSWER = "let the request through, then reset instead of answering"


CUT_AFTER = 600
"""Bytes: past the headers, in the middle of a block."""
DRIP_SECONDS = 0.05


class FaultProxy:
    """Forwards to a port of this machine, each new connection suffering the current ``fault``."""

    def __init__(self, target_port: int) -> None:
        self.fault = Fault.NONE
        self._target = target_port
        self._stop = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def close(self) -> None:
        self._stop.set()
        # Closing alone would not wake the thread that is waiting in accept.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(timeout=5)

    def _accept(self) -> None:
        while not self._stop.is_set():
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(client, self.fault), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, client: socket.socket, fault: Fault) -> None:
        with client, contextlib.suppress(OSError):
            if fault is Fault.HANG:
                self._stop.wait()
            elif fault is Fault.RESET:
                _reset(client)
            elif fault is Fault.DRIP:
                self._drip(client)
            else:
                self._forward(client, fault)

    def _drip(self, client: socket.socket) -> None:
        client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        while not self._stop.wait(DRIP_SECONDS):
            client.sendall(b" ")

    def _forward(self, client: socket.socket, fault: Fault) -> None:
        with socket.create_connection(("127.0.0.1", self._target)) as node:
            upward = threading.Thread(target=_pump, args=(client, node), daemon=True)
            upward.start()
            answer = node.recv(65536)
            if fault is Fault.LOSE_ANSWER:
                # A socket that another thread is reading from would not be closed by closing it.
                client.shutdown(socket.SHUT_RD)
                upward.join(timeout=5)
                _reset(client)
            elif fault is Fault.CUT:
                client.sendall(answer[:CUT_AFTER])
                client.shutdown(socket.SHUT_RDWR)
            else:
                while answer:
                    client.sendall(answer)
                    answer = node.recv(65536)
                client.shutdown(socket.SHUT_RDWR)
            upward.join(timeout=5)


@contextlib.contextmanager
def fault_proxy(target_port: int) -> Iterator[FaultProxy]:
    """A proxy to *target_port* that ends with the block."""
    proxy = FaultProxy(target_port)
    try:
        yield proxy
    finally:
        proxy.close()


def _reset(client: socket.socket) -> None:
    # Lingering for 0 seconds makes close send RST instead of FIN.
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while piece := source.recv(65536):
            sink.sendall(piece)
