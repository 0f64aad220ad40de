"""A real service with a registered batch, real sales and a signed log; and what it serves, without HTTP."""

from __future__ import annotations

from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

from provenance.audit.report import AuditReport
from provenance.audit.run import Audit, Auditor
from provenance.audit.source import LogSource
from provenance.core.entries import EntryType, PartyReason
from provenance.core.tilepaths import parse_tile_path
from provenance.errors import NotFound
from provenance.services.acts import Act
from provenance.services.anchoring import want_checkpoint
from provenance.services.lawbook import Handle
from provenance.services.ledger import Sequencer
from provenance.services.logreader import LogReader
from provenance.services.publiclog import PublicLog
from provenance.services.registration import RegistrationService, StageOptions
from provenance.store.database import Database
from tests.services.custody_world import OPERATOR, SHOP, Trade, order, trade
from tests.services.registration_world import FIRST

SUPPLIER = FIRST.address


@dataclass
class ServedFetcher:
    """The public log as the API serves it, path by path."""

    trade: Trade
    asked: list[str] = field(default_factory=list)

    def fetch(self, path: str, limit: int) -> bytes:
        self.asked.append(path)
        log, public = LogReader(self.trade.context), PublicLog(self.trade.context)
        try:
            if path == "checkpoint":
                return log.checkpoint()
            if path == "successions":
                return public.successions()
            if path.startswith("batch/"):
                return public.batch(bytes.fromhex(path.removeprefix("batch/")))
            tile = parse_tile_path(path)
            if tile.level is None:
                return log.entry_bundle(tile.index, tile.width)
            return log.tile(tile.level, tile.index, tile.width)
        except NotFound as error:
            raise NotFound(path, code="file_not_found") from error


@dataclass
class Service:
    """The service, its sequencer and its one batch."""

    trade: Trade
    sequencer: Sequencer
    batch_id: bytes

    def sell(self, index: int) -> None:
        self.trade.clock.pass_ms(10)
        self.trade.selling.sell(SHOP, Handle(self.batch_id, index), order(f"O-{index}"))

    def sequence(self, *, with_state: bool = False) -> None:
        self.trade.clock.pass_ms(10)
        if with_state:
            want_checkpoint(self.trade.context)
        self.sequencer.sequence()

    def audit(self) -> AuditReport:
        source = LogSource(ServedFetcher(self.trade))
        return Audit(source, Auditor(log_key=self.trade.log_key)).run()


def service(url: str, folder: Path, keys: int = 40) -> Service:
    """A batch of *keys* registered, half of it handed to the shop, three keys in three states."""
    made: Trade = trade(url, folder)
    made.parties.admit(OPERATOR, "maker", PartyReason.SUPPLIER, address=SUPPLIER)
    made.clock.pass_ms(10)
    registration = RegistrationService(made.context)
    text = "".join(f"CARD-{number:06}-SECRET-{number * 7919:09}\n" for number in range(keys))
    staged = registration.stage(SUPPLIER, BytesIO(text.encode()), StageOptions("opaque"))
    assert staged.to_sign is not None
    batch_id = staged.to_sign.batch_id
    registration.commission(SUPPLIER, batch_id, FIRST.sign(staged.to_sign.digest))
    made.clock.pass_ms(10)
    settled = made.transfers.offer(SUPPLIER, SHOP, batch_id, [(0, keys // 2)])
    made.clock.pass_ms(10)
    made.transfers.accept(SHOP, settled.transfer.id)
    running = Service(made, made.sequencer(), batch_id)
    for index in (0, 1, 2):
        running.sell(index)
    made.clock.pass_ms(10)
    made.custody.act(Handle(batch_id, 0), Act(EntryType.DELIVER, SHOP))
    made.clock.pass_ms(10)
    made.custody.act(Handle(batch_id, 0), Act(EntryType.REDEEM, SHOP))
    made.clock.pass_ms(10)
    running.sequence()
    return running


__all__ = ["Database", "ServedFetcher", "Service", "service"]
