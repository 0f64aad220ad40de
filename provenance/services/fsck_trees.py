"""Batches and the state tree, every stored hash of them, against what is below."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from provenance.audit.findings import Findings
from provenance.core.batchfile import SignedManifest
from provenance.core.entries import Entry
from provenance.core.statefold import BatchState, TreeTile, fold
from provenance.core.statereplay import MemoryShelf
from provenance.core.statetiles import Cells, unpack
from provenance.errors import InputRefused, ProvenanceError
from provenance.services.scrubbing import check_tree
from provenance.store import checking
from provenance.store import state as state_store
from provenance.store.database import Connection
from provenance.store.manifests import SignedBatch
from provenance.store.state import StateShelf


def check_batch(connection: Connection, batch_id: bytes, signed: SignedBatch, findings: Findings) -> None:
    """The manifest is that of the id, the supplier signed it, it has its keys, and its tree is whole."""
    manifest = signed.manifest
    if manifest.batch_id != batch_id:
        findings.add("batch_wrong", "its row is not the manifest that its id names", batch=batch_id)
    try:
        SignedManifest(manifest, signed.domain, signed.signature).verify()
    except ProvenanceError:
        findings.add("batch_wrong", "its signature is not the supplier's", batch=batch_id)
    if checking.keys_of(connection, signed.number) != (manifest.size, 0, manifest.size - 1):
        findings.add("batch_wrong", f"there are not {manifest.size} rows of its keys", batch=batch_id)
    check_tree(connection, signed.number, manifest.size, manifest.root, findings, batch_id)


class StateCheck:
    """Folds the log a second time, beside what the service keeps folded."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._progress = state_store.progress(connection)
        self._shelf = _Shelf()
        self._seen = 0

    def add(self, entries: list[Entry]) -> None:
        """Take the next entries of the log; those that the service has not folded are passed over."""
        room = max(0, self._progress.folded - self._seen)
        self._seen += len(entries)
        fold(self._shelf, entries[:room])

    def finish(self, findings: Findings) -> None:
        """Compare every tile in its newest version, and every batch."""
        if self._progress.folded > self._seen:
            findings.add("state_wrong", "the state tree claims entries that the log does not have")
        unseen = set(self._shelf.places)
        for level, place, cells in self._stored():
            unseen.discard((level, place))
            if self._shelf.tiles(level, [place]).get(place) != cells:
                said = f"tile {level}/{place[1]} of state tree {place[0]} is not that of the log"
                findings.add("state_wrong", said)
        for level, place in sorted(unseen):
            findings.add("state_wrong", f"tile {level}/{place[1]} of state tree {place[0]} is missing")
        ids = {*checking.state_batches(self._connection), *self._shelf.ids}
        stored = StateShelf(self._connection, self._progress.version).batches(ids)
        for batch_id in sorted(ids):
            if stored.get(batch_id) != self._shelf.batches([batch_id]).get(batch_id):
                findings.add(
                    "state_wrong", "its row in the state tree is not that of the log", batch=batch_id
                )

    def _stored(self) -> Iterator[tuple[int, TreeTile, Cells | None]]:
        for row in checking.state_cells(self._connection):
            try:
                cells: Cells | None = unpack(row.cells)
            except InputRefused:
                cells = None
            yield row.level, (row.tree, row.index), cells


class _Shelf(MemoryShelf):
    """Remembers where something was put."""

    def __init__(self) -> None:
        super().__init__()
        self.places: set[tuple[int, TreeTile]] = set()
        self.ids: set[bytes] = set()

    def put_tiles(self, level: int, changed: Mapping[TreeTile, Cells]) -> None:
        super().put_tiles(level, changed)
        self.places.update((level, place) for place in changed)

    def put_batches(self, changed: Collection[BatchState]) -> None:
        super().put_batches(changed)
        self.ids.update(one.batch_id for one in changed)
