"""Registration in one pass, for the file that is as it should be: nothing known, nothing to tell anybody.

The rows go straight into their tables while another thread reads, tags and hashes the next lines.
Whatever is not plain ends it: a key or an alias that is known, two lines with one serial or alias, a
rejected line that rolls back. Then nothing of it is left, and the careful way (:mod:`stage_reading`,
:mod:`stage_writing`) starts from the first line. A batch that stands is the same by either way.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from operator import lt
from typing import BinaryIO, Final

from provenance.core.commitments import Tagger, leaves
from provenance.core.tiles import TreeBuilder
from provenance.errors import FileRefused
from provenance.intake import Run, read_runs
from provenance.services import stage_reading, stage_writing
from provenance.services.context import Context
from provenance.services.identity import require_open_epoch
from provenance.services.recompute import FingerprintedStream
from provenance.services.spool import Spool
from provenance.services.stage_reading import REPORT_EVERY, STRONG_ALIAS, Progress, SerialRun
from provenance.services.stage_values import INLINE_REJECTS, Counts, Duplicates, Staged, StageOptions
from provenance.store import batches, bulk, bulk_express
from provenance.store.bulk_express import Express, NotPlain, Rows, Values
from provenance.store.database import Connection

_ALIAS_SIZE: Final = 16
_NONE: Final = Duplicates()


@dataclass(frozen=True, slots=True)
class File:
    """What is registered, by whom and how."""

    supplier: bytes
    upload: BinaryIO
    options: StageOptions
    seed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Ready:
    """Some thousand keys, laid out for the database; ``known`` is what must not stand there yet."""

    count: int
    keys: Rows
    aliases: Rows
    tiles: Rows
    known_aliases: Values | None
    known_tags: Values | None


def is_worth_trying(options: StageOptions) -> bool:
    """Whether indices can be given as the lines come: a shuffle needs all of them first."""
    return not options.shuffle


def attempt(
    context: Context,
    supplier: bytes,
    upload: BinaryIO,
    options: StageOptions,
    seed: bytes,
    progress: Progress | None,
) -> Staged | None:
    """Register the file in one pass; ``None``, and nothing stands, if it needs the careful way."""
    file = File(supplier, upload, options, seed)
    told = progress or (lambda _: None)
    # Whoever is told may want to write: with a single writer he would wait for the very transaction that he
    # is told from, so he hears of it when it is over. Nobody else writes meanwhile either.
    marks: list[int] = []
    within = marks.append if context.database.is_sqlite else told
    try:
        with Spool(context.entropy) as rejects, context.database.write() as connection:
            staged = _store(context, connection, file, rejects, within)
    except (NotPlain, FileRefused):
        # Refused by the careful way too, which names the line.
        return None
    for mark in marks:
        told(mark)
    return staged


def _store(
    context: Context, connection: Connection, file: File, rejects: Spool, progress: Progress
) -> Staged:
    require_open_epoch(context, connection)
    now = context.clock.now()
    number = stage_writing.new_number(context)
    layout = Express(number, context.vault.epoch, context.database.is_sqlite)
    pass_ = _Pass(context, file, layout, rejects, is_first=not bulk_express.has_aliases(connection))
    count = 0
    for ready in _ahead(pass_.run(), threaded=not layout.sqlite):
        _require_unknown(connection, number, ready)
        bulk_express.write(connection, ready.keys, ready.aliases, ready.tiles)
        following = count - count % REPORT_EVERY + REPORT_EVERY
        count += ready.count
        for mark in range(following, count + 1, REPORT_EVERY):
            progress(mark)
    if not count:
        raise NotPlain
    progress(count)
    grown = pass_.tree.finish()
    bulk_express.write_tiles(connection, layout.tiles(grown.tiles))
    counts = Counts(count, rejects.count, _NONE)
    sealed = stage_writing.Sealed(file.supplier, file.options, file.seed, pass_.source)
    to_sign = sealed.to_sign(context, grown, False, now)
    batches.insert_one(connection, stage_writing.batch_row(context, number, to_sign, counts, now))
    stage_writing.write_rejects(connection, number, stage_reading.kept_rejects(rejects))
    rejected = batches.rejected_lines(connection, number, 0, INLINE_REJECTS)
    return Staged(counts, tuple(rejected), 0, to_sign)


def _require_unknown(connection: Connection, number: int, ready: _Ready) -> None:
    aliases, tags = ready.known_aliases, ready.known_tags
    if aliases is not None and bulk_express.is_alias_known(connection, number, aliases):
        raise NotPlain
    if tags is not None and bulk_express.is_tag_known(connection, tags):
        raise NotPlain


def _ahead(pieces: Iterator[_Ready], *, threaded: bool) -> Iterator[_Ready]:
    """The same pieces, the next of them made while the caller is at one."""
    if not threaded:
        yield from pieces
        return
    with ThreadPoolExecutor(1, "registration") as pool:
        coming = pool.submit(next, pieces, None)
        while (piece := coming.result()) is not None:
            coming = pool.submit(next, pieces, None)
            yield piece


class _Pass:
    """One walk over the file: lines to rows, leaves and tiles. No database.

    *is_first*: no key is known by an alias yet, so that only the file itself can have one twice.
    """

    def __init__(
        self, context: Context, file: File, layout: Express, rejects: Spool, *, is_first: bool
    ) -> None:
        self._context = context
        self._is_first = is_first
        self._last_serial = ""
        self.tree = TreeBuilder()
        self._options = file.options
        self._format = file.options.key_format
        self._seed = file.seed
        self._stream = FingerprintedStream(file.upload, file.seed)
        self._limits = stage_reading.intake_limits(context)
        self._layout = layout
        self._rejects = rejects
        newest_first = sorted(context.vault.tag_keys.items(), reverse=True)
        self._newest, *self._older = [Tagger(key) for _, key in newest_first]
        is_open = file.options.shuffle is None and stage_reading.has_weak_serials(self._format)
        self._serials = SerialRun() if is_open else None

    @property
    def source(self) -> bytes:
        """The fingerprint of what was read."""
        return self._stream.source

    def run(self) -> Iterator[_Ready]:
        """All of the file, some thousand keys at a time; raises :class:`NotPlain` or as ``read_upload``."""
        runs = read_runs(
            self._stream,  # type: ignore[arg-type]  # read() is all that is asked of it
            format=self._format,
            filename=self._options.filename,
            content_type=self._options.content_type,
            limits=self._limits,
        )
        for run in runs:
            self._keep_rejects(run)
            if run.count:
                self._require_no_sequence(run)
                yield self._ready(run)

    def _keep_rejects(self, run: Run) -> None:
        if run.rejected and self._options.on_error == "rollback":
            raise NotPlain
        for row in run.rejected:
            stage_reading.keep_reject(self._context, self._rejects, row)

    def _require_no_sequence(self, run: Run) -> None:
        """Serials that follow one another are shuffled, and whether they do is seen at the end alone."""
        if self._serials is not None:
            for serial in run.serials:
                self._serials.add(serial)
            if self._serials.is_sequential:
                raise NotPlain

    def _ready(self, run: Run) -> _Ready:
        first = self.tree.size
        head = f"{self._format.id}\n"
        pairs = zip(run.serials, run.secrets, strict=True)
        identities = [f"{head}{serial}\n{secret}".encode() for serial, secret in pairs]
        aliases = self._aliases(self._newest, run, first)
        digests = [digest for digest, _, _ in aliases]
        if len(set(digests)) < len(digests):
            raise NotPlain
        tags = self._newest.tags(identities)
        older_tags = [tag for tagger in self._older for tag in tagger.tags(identities)]
        for tagger in self._older:
            digests += [digest for digest, _, _ in self._aliases(tagger, run, first)]
        layout = self._layout
        return _Ready(
            run.count,
            layout.keys(first, tags),
            layout.aliases(aliases),
            layout.tiles(self.tree.add_many(leaves(self._seed, first, identities))),
            None if self._is_first and self._is_ascending(run) else layout.values(digests),
            layout.values(older_tags) if older_tags else None,
        )

    def _is_ascending(self, run: Run) -> bool:
        """Whether every serial comes after the one before, as texts are ordered: then none is there twice."""
        if self._format.serial is None:
            return True
        texts = [self._last_serial, *run.serials]
        self._last_serial = texts[-1]
        # Once it is not so, all that follow are looked up, also among those before.
        self._is_first = all(map(lt, texts, run.serials))
        return self._is_first

    def _aliases(self, tagger: Tagger, run: Run, first: int) -> list[tuple[bytes, int, int]]:
        """(16-byte digest, kind, index) of every alias of the keys, as ``stage_reading`` has them."""
        found: list[tuple[bytes, int, int]] = []
        if self._format.serial is None:
            return _strings(tagger, run.secrets, bulk.SECRET, bulk.SHORT_SECRET, first)
        serials = tagger.serial_tags(self._format.id, run.serials)
        found += [(digest[:_ALIAS_SIZE], bulk.SERIAL, at) for at, digest in enumerate(serials, first)]
        wholes = [serial + secret for serial, secret in zip(run.serials, run.secrets, strict=True)]
        found += _strings(tagger, wholes, bulk.WHOLE, bulk.SHORT_WHOLE, first)
        found += _strings(tagger, run.secrets, bulk.SECRET, bulk.SHORT_SECRET, first)
        return found


def _strings(
    tagger: Tagger, texts: list[str], strong: int, short: int, first: int
) -> list[tuple[bytes, int, int]]:
    made = enumerate(tagger.alias_tags_of(texts), first)
    return [
        (digest[:_ALIAS_SIZE], strong if length >= STRONG_ALIAS else short, at)
        for at, (digest, length) in made
        if length
    ]
