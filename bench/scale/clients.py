"""Whoever uses the service meanwhile: shops that sell and look, and one who keeps every checkpoint."""

from __future__ import annotations

import itertools
import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import requests

from bench.shop import ref_of
from provenance.core.notes import Checkpoint, Note, VerifierKey, verify

_SECONDS = 6.0
"""Patience with one request; another host is asked then."""
_PAUSE_SECONDS = 0.05
_AGAIN = frozenset({408, 429, 500, 502, 503, 504})


@dataclass(slots=True)
class Records:
    """What the clients were told: times are seconds of this machine's clock since 1970."""

    sales: dict[int, tuple[float, dict[str, Any]]] = field(default_factory=dict)
    verdicts: list[float] = field(default_factory=list)
    from_replica: int = 0
    heads: dict[int, bytes] = field(default_factory=dict)
    grown: list[tuple[float, int]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def say_wrong(self, what: str) -> None:
        with self.lock:
            self.wrong.append(what)

    def sold_after(self, moment: float) -> float | None:
        """Seconds from *moment* to the first sale that was answered since."""
        with self.lock:
            later = [at - moment for at, _ in self.sales.values() if at > moment]
        return min(later, default=None)

    def verified_after(self, moment: float) -> float | None:
        """The same for verdicts."""
        return min((at - moment for at in list(self.verdicts) if at > moment), default=None)

    def grown_after(self, moment: float) -> float | None:
        """Seconds from *moment* to the first larger checkpoint that was seen since."""
        return min((at - moment for at, _ in list(self.grown) if at > moment), default=None)


class Clients:
    """Threads over the APIs at *urls*, until :meth:`finish`."""

    def __init__(
        self,
        urls: Sequence[str],
        token: str,
        keys: int,
        log_key: VerifierKey,
        *,
        sellers: int = 4,
        readers: int = 2,
    ) -> None:
        self.records = Records()
        self._urls = list(urls)
        self._headers = {"Authorization": f"Bearer {token}"}
        self._keys = keys
        self._log_key = log_key
        self._next = itertools.count()
        self._stop = threading.Event()
        work = [self._sell] * sellers + [self._look] * readers + [self._watch]
        self._threads = [threading.Thread(target=one, name=one.__name__, daemon=True) for one in work]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def finish(self) -> None:
        """Let every order that was begun come to its end."""
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=90)
            if thread.is_alive():
                self.records.say_wrong(f"a client never got its answer: {thread.name}")

    def _sell(self) -> None:
        while not self._stop.is_set():
            number = next(self._next)
            if number >= self._keys:
                return
            self._sell_one(number)
            time.sleep(_PAUSE_SECONDS)

    def _sell_one(self, number: int) -> None:
        """One order, asked again under its number until there is an answer, whoever gives it."""
        body = {
            "key": ref_of(number),
            "order": f"S-{number}",
            "details": {"price": "1.00", "currency": "CNY"},
        }
        for url in self._turns():
            answer = self._post(f"{url}/v1/keys/sell", body)
            if answer is None or answer.status_code in _AGAIN:
                time.sleep(0.1)
                continue
            told = answer.json()
            if answer.status_code == 200:
                with self.records.lock:
                    self.records.sales[number] = time.time(), told
            elif told.get("code") not in ("contended", "request_in_flight"):
                self.records.say_wrong(
                    f"order S-{number} was refused: {answer.status_code} {told.get('code')}"
                )
            else:
                continue
            return

    def _look(self) -> None:
        pick = random.Random(7)
        turns = self._turns()
        while not self._stop.is_set():
            with self.records.lock:
                sold = len(self.records.sales)
            number = pick.randrange(max(1, min(self._keys, sold + 10)))
            answer = self._post(f"{next(turns)}/v1/keys/verify", {"key": ref_of(number)})
            if answer is not None and answer.status_code == 200:
                self._judge(number, answer.json()["verdicts"][0])
            time.sleep(_PAUSE_SECONDS)

    def _judge(self, number: int, told: dict[str, Any]) -> None:
        """A verdict may be old, but not older than it says."""
        with self.records.lock:
            sale = self.records.sales.get(number)
            self.records.verdicts.append(time.time())
            self.records.from_replica += "as_of" in told
        if sale is None or told["verdict"] == "SOLD" or "as_of" not in told:
            return
        if told["as_of"]["time"] >= sale[0] * 1000:
            self.records.say_wrong(
                f"key {number}: {told['verdict']} as of {told['as_of']}, sold at {sale[0]}"
            )

    def _watch(self) -> None:
        for url in self._turns(forever=False):
            try:
                answer = requests.get(f"{url}/v1/log/checkpoint", timeout=2)
            except requests.RequestException:
                continue
            if answer.status_code == 200:
                note = Note.parse(answer.content)
                verify(note, self._log_key)
                self._keep(Checkpoint.parse(note.text))
            time.sleep(0.1)

    def _keep(self, head: Checkpoint) -> None:
        records = self.records
        if records.heads.setdefault(head.size, head.root) != head.root:
            records.say_wrong(f"two roots were signed for size {head.size}")
        if not records.grown or head.size > records.grown[-1][1]:
            records.grown.append((time.time(), head.size))

    def _turns(self, *, forever: bool = True) -> Any:
        """The hosts in turn, each thread from another one on."""
        start = random.randrange(len(self._urls))
        for place in itertools.count(start):
            if not forever and self._stop.is_set():
                return
            yield self._urls[place % len(self._urls)]

    def _post(self, url: str, body: dict[str, Any]) -> requests.Response | None:
        try:
            return requests.post(url, json=body, headers=self._headers, timeout=(1.0, _SECONDS))
        except requests.RequestException:
            return None
