"""The only place that knows every concrete class: settings in, a working service out."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from typing import Final

from provenance import issuer, keyfiles
from provenance.chain import clients
from provenance.chain.escrow import EscrowClient
from provenance.chain.registry import RegistryClient
from provenance.chain.signer import Signer
from provenance.config import LOCAL_CHAIN_ID, Settings
from provenance.core.manifest import Domain
from provenance.core.policy import Policy
from provenance.services.alarm import Alarm
from provenance.services.anchoring import AnchoringService
from provenance.services.asking import KnownWitness
from provenance.services.budgets import BudgetService
from provenance.services.chainprobe import ChainProbe
from provenance.services.chainview import RegistryView
from provenance.services.context import Clock, Context, SystemClock
from provenance.services.custody import CustodyService
from provenance.services.disclosures import DisclosureService
from provenance.services.erasure import ErasureService
from provenance.services.escrow.desk import EscrowDesk
from provenance.services.escrow.keeper import Keeper
from provenance.services.events import EventService
from provenance.services.headfile import HeadFile
from provenance.services.health import HealthService
from provenance.services.idempotency import IdempotencyService
from provenance.services.identity import verify_identity
from provenance.services.issuer_reports import IssuerReportService
from provenance.services.ledger import Sequencer
from provenance.services.logreader import LogReader
from provenance.services.parties import PartyService
from provenance.services.proofdesk import ProofDesk, proving_over
from provenance.services.proving import ProvingService
from provenance.services.publiclog import PublicLog
from provenance.services.recalling import RecallService
from provenance.services.receipts import BacklogGuard
from provenance.services.registration import RegistrationService
from provenance.services.replica import verification_over
from provenance.services.reserving import ReservingService
from provenance.services.selling import SellingService
from provenance.services.transfers import TransferService
from provenance.services.vault import Vault
from provenance.services.verification import VerificationService
from provenance.services.warranty.evidence import EvidenceService
from provenance.services.warranty.issuer_desk import IssuerDesk
from provenance.services.warranty.issuers import Issuers
from provenance.services.warranty.recourses import RecourseService
from provenance.services.warranty.reserves import ReserveService
from provenance.services.warranty.reviewers import ReviewerService
from provenance.services.warranty.showing import Showing
from provenance.services.warranty.warranting import Warranting
from provenance.services.warranty.watch import Watch
from provenance.services.webhook_delivery import WebhookDelivery
from provenance.services.webhook_endpoints import WebhookService
from provenance.services.witnessing import WitnessingService
from provenance.store.database import Database

_TEST_ACCOUNTS: Final = {"deployer": 0, "anchorer": 1, "keeper": 4}


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that the API and the commands call. ``registry`` is None where no chain is configured."""

    settings: Settings
    context: Context
    registry: RegistryClient | None
    parties: PartyService
    registration: RegistrationService
    transfers: TransferService
    selling: SellingService
    reserving: ReservingService
    custody: CustodyService
    recalls: RecallService
    verification: VerificationService
    newest: VerificationService
    proving: ProvingService
    proofs: ProofDesk
    events: EventService
    erasure: ErasureService
    escrow: EscrowDesk
    evidence: EvidenceService
    reserves: ReserveService
    recourses: RecourseService
    reviewers: ReviewerService
    showing: Showing
    warranty: Warranting
    log: LogReader
    public_log: PublicLog
    health: HealthService
    backlog: BacklogGuard
    idempotency: IdempotencyService
    budgets: BudgetService
    issuer_reports: IssuerReportService
    disclosures: DisclosureService
    issuers: Issuers
    issuer_desk: IssuerDesk
    webhooks: WebhookService


def build_context(settings: Settings) -> Context:
    """The surroundings of the services: database, clock, randomness, key files.

    Raises :class:`provenance.errors.Unavailable` (``key_file_missing``, ``key_file_broken``).
    """
    secrets = settings.secrets_folder
    vault = Vault(keyfiles.load_tag_keys(secrets), keyfiles.load(secrets, "master.key"), os.urandom)
    clock = SystemClock()
    return Context(
        database=Database(settings.url, pool_size=settings.database_pool),
        clock=clock,
        entropy=os.urandom,
        vault=vault,
        origin=settings.origin,
        domain=Domain(settings.chain_id, settings.registry_address),
        receipt_key=keyfiles.load_signing_key(secrets, "receipt.key"),
        limits=settings.limits(),
        askable=build_issuers(settings, clock).formats,
    )


def build_registry(settings: Settings) -> RegistryClient | None:
    """The registry behind the configured node; nothing is asked yet."""
    if settings.chain_url is None:
        return None
    return clients.connect(settings.chain_url, chain_id=settings.chain_id, registry=settings.registry_address)


def build_issuers(settings: Settings, clock: Clock) -> Issuers:
    """Whom to ask about keys; raises :class:`provenance.errors.FileRefused` (``issuer_file``)."""
    if settings.issuers is None:
        return Issuers()
    return Issuers(issuer.load_folder(settings.issuers, issuer.Timing(now=clock.now)))


def services_over(context: Context, settings: Settings, registry: RegistryClient | None = None) -> Services:
    """The services over surroundings that exist."""
    proving, proofs = proving_over(context, registry, settings.confirmations)
    issuers = build_issuers(settings, context.clock)
    evidence, reviewers = EvidenceService(context, settings.evidence_path), ReviewerService(context)
    selling = SellingService(context, pooled=settings.pooled_sales)
    replica = Database.beside(settings.replica_url, settings.database_pool)
    newest = VerificationService(context)
    return Services(
        settings=settings, context=context, registry=registry,
        parties=PartyService(context, replica),
        registration=RegistrationService(context),
        transfers=TransferService(context),
        selling=selling,
        reserving=ReservingService(context),
        custody=CustodyService(context),
        recalls=RecallService(context),
        verification=verification_over(newest, context, replica, settings.replica_lag_seconds),
        newest=newest,
        proving=proving, proofs=proofs,
        events=EventService(context),
        erasure=ErasureService(context),
        escrow=EscrowDesk(context, settings.escrow_seat()),
        reserves=ReserveService(context),
        recourses=RecourseService(context),
        evidence=evidence,
        reviewers=reviewers,
        showing=Showing.over(context, evidence, reviewers, proofs),
        warranty=Warranting.over(context, selling),
        log=LogReader(context),
        public_log=PublicLog(context),
        health=HealthService(context, None if registry is None else ChainProbe(registry.identify)),
        backlog=BacklogGuard(context),
        idempotency=IdempotencyService(context),
        budgets=BudgetService(context),
        issuer_reports=IssuerReportService(context),
        disclosures=DisclosureService(context),
        issuers=issuers,
        issuer_desk=IssuerDesk(context, issuers),
        webhooks=WebhookService(context, private_networks=settings.webhook_private_networks),
    )  # fmt: skip


def build_services(settings: Settings) -> Services:
    """The services of one API process or command. Loads no log key and no chain account."""
    context = build_context(settings)
    verify_identity(context)
    return services_over(context, settings, build_registry(settings))


@dataclass(frozen=True, slots=True)
class WorkerParts:
    """What a worker runs; ``anchoring`` is None where no chain is configured."""

    context: Context
    sequencer: Sequencer
    anchoring: AnchoringService | None
    registration: RegistrationService
    idempotency: IdempotencyService
    budgets: BudgetService
    alarm: Alarm
    witnessing: WitnessingService | None
    evidence: EvidenceService
    webhooks: WebhookService
    delivery: WebhookDelivery
    reserves: ReserveService
    recourses: RecourseService
    watch: Watch
    keeper: Keeper | None

    def purge_expired(self) -> int:
        """Forget what has had its time: unsigned batches, answers, spent budgets, messages; how many."""
        purging = (self.registration.purge_expired, self.idempotency.purge, self.budgets.purge)
        return sum(purge() for purge in (*purging, self.webhooks.purge))


def build_worker_parts(settings: Settings) -> WorkerParts:
    """The parts of the worker, with the log key and the chain accounts that only it may have.

    Raises :class:`provenance.errors.Unavailable` (``key_file_missing``, ``key_file_broken``).
    """
    context = build_context(settings)
    verify_identity(context)
    registry = build_registry(settings)
    log_key = keyfiles.load_signing_key(settings.secrets_folder, "log.key")
    holder = f"{socket.gethostname()}/{os.getpid()}/{os.urandom(4).hex()}"
    chain = None if registry is None else RegistryView(registry, depth=settings.confirmations)
    alarm = Alarm.beside(settings.head_path)
    sequencer = Sequencer(context, log_key, HeadFile(settings.head_path), holder, chain=chain, alarm=alarm)
    anchoring = None if registry is None else _anchoring(settings, context, registry, holder)
    return WorkerParts(
        context, sequencer, anchoring,
        RegistrationService(context), IdempotencyService(context), BudgetService(context),
        alarm, _witnessing(settings, context), EvidenceService(context, settings.evidence_path),
        WebhookService(context, private_networks=settings.webhook_private_networks),
        WebhookDelivery(context, private_networks=settings.webhook_private_networks),
        ReserveService(context), RecourseService(context),
        Watch(context, build_issuers(settings, context.clock)),
        None if registry is None else _keeper(settings, context, registry, holder),
    )  # fmt: skip


def _keeper(settings: Settings, context: Context, registry: RegistryClient, holder: str) -> Keeper | None:
    """Who keeps the escrow that is configured, if one is."""
    seat = settings.escrow_seat()
    if seat is None:
        return None
    return Keeper(
        context, EscrowClient(registry.chain, seat.domain.escrow), registry,
        chain_account(settings, "keeper"), holder, depth=settings.confirmations,
        first_block=settings.escrow_first_block, deployer=_deployer(settings),
    )  # fmt: skip


def _witnessing(settings: Settings, context: Context) -> WitnessingService | None:
    """The witnesses of the policy file that have an address in it."""
    if settings.witness_policy is None:
        return None
    policy = Policy.parse(settings.witness_policy.read_bytes())
    return WitnessingService(context, [KnownWitness(w.key, w.url) for w in policy.witnesses if w.url])


def _anchoring(
    settings: Settings, context: Context, registry: RegistryClient, holder: str
) -> AnchoringService:
    return AnchoringService(
        context,
        registry,
        chain_account(settings, "anchorer"),
        holder,
        deployer=_deployer(settings),
        depth=settings.confirmations,
        stuck_ms=int(settings.replace_after_seconds * 1000),
    )


def chain_account(settings: Settings, name: str) -> Signer:
    """The chain account *name* from its keystore in the secrets folder.

    On the local chain id, and there alone, a missing keystore means the well-known test account.
    Raises :class:`provenance.errors.NotFound` (``keystore_missing``).
    """
    keystore = settings.secrets_folder / f"{name}.json"
    if not keystore.exists() and settings.chain_id == LOCAL_CHAIN_ID:
        return Signer.test_account(_TEST_ACCOUNTS[name], chain_id=settings.chain_id)
    password = keyfiles.load_password(settings.secrets_folder, f"{name}.password")
    return Signer.from_keystore(keystore, password, chain_id=settings.chain_id)


def _deployer(settings: Settings) -> Signer | None:
    """Elsewhere than on the local chain the deployer's key stays offline: a deployment is an act by hand."""
    return chain_account(settings, "deployer") if settings.chain_id == LOCAL_CHAIN_ID else None
