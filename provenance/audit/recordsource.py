"""Where an outsider gets a platform's reports and their openings: files by name, bounded and decoded."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from provenance.audit.source import Fetcher
from provenance.core.digests import sha256
from provenance.core.reportfile import MAX_LINE_BYTES, MAX_REPORT_BYTES, Opening, Report
from provenance.errors import InputRefused

MAX_PAGE: Final = 500 * MAX_LINE_BYTES
"""What one answer of openings may have."""
MAX_LIST: Final = 1 << 20
MAX_REPORTS: Final = 1_200
"""Of one platform: a hundred years."""


class RecordSource:
    """The reports behind *fetcher*, whose root is that of the API (``…/v1``)."""

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher

    def hashes(self, platform: bytes) -> list[tuple[int, bytes]]:
        """First ms of the month and hash of each report of *platform*, as the service lists them.

        Raises :class:`InputRefused` (``report_malformed``), and what a fetch raises.
        """
        raw = self._fetcher.fetch(f"platforms/0x{platform.hex()}/reports", MAX_LIST)
        try:
            told = json.loads(raw)["reports"]
            found = [(int(one["start"]), bytes.fromhex(one["hash"])) for one in told]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise _malformed("the list of reports has another form") from error
        if len(found) > MAX_REPORTS or any(len(digest) != 32 for _, digest in found):
            raise _malformed("the list of reports has another form")
        return found

    def report(self, digest: bytes) -> Report:
        """The report of that hash; raises :class:`InputRefused` (``report_malformed``)."""
        raw = self._fetcher.fetch(f"reports/{digest.hex()}", MAX_REPORT_BYTES)
        if sha256(raw) != digest:
            raise _malformed("the report served has another hash than the one asked for")
        return Report.parse(raw)

    def openings(self, report: Report) -> dict[int, Opening]:
        """The openings of *report* by log index; raises :class:`InputRefused` (``openings_malformed``)."""
        span = report.span
        asked = f"start={span.start}&end={span.end}&size={span.size}"
        found: dict[int, Opening] = {}
        after = -1
        while True:
            path = f"platforms/0x{report.platform.hex()}/openings?{asked}&after={after}"
            page = list(read_openings(self._fetcher.fetch(path, MAX_PAGE)))
            if not page:
                return found
            for one in page:
                # Upwards and below the size: a server that repeats itself comes to an end.
                if not after < one.index < span.size:
                    raise InputRefused("openings come in the order of the log", code="openings_malformed")
                after = one.index
                found[after] = one


def read_openings(raw: bytes) -> Iterator[Opening]:
    """The openings of a file, one a line; raises :class:`InputRefused` (``openings_malformed``)."""
    for line in raw.split(b"\n"):
        if line:
            yield Opening.parse(line)


def _malformed(said: str) -> InputRefused:
    return InputRefused(said, code="report_malformed")
