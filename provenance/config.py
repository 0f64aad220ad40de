"""Settings: one frozen value, read once from the environment (``PROVENANCE_*``).

Every setting has its unit in its name or description, and a default that suits one machine. Secrets
are files in ``secrets``; only their folder is named here, so that no environment dump shows one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from provenance.errors import InputRefused
from provenance.services.context import Limits
from provenance.services.escrow.seat import EscrowDomain, EscrowSeat

LOCAL_CHAIN_ID: Final = 31337
LOCAL_ARBITER: Final = "0x15d34aaf54267db7d7c367839aaf71a00a2c6a65"
"""Test account 4, of the local chain alone."""
Address = Annotated[str, Field(pattern=r"^0x[0-9a-f]{40}$")]


class Settings(BaseSettings):
    """Everything an operator can set. Times in the unit of their name; addresses lower-case hex."""

    model_config = SettingsConfigDict(
        env_prefix="PROVENANCE_", frozen=True, extra="ignore", hide_input_in_errors=True
    )

    home: Path = Field(Path("var/provenance"), description="folder of database, secrets and head file")
    database_url: str | None = Field(None, description="SQLAlchemy URL; SQLite in the home by default")
    secrets: Path | None = Field(None, description="folder of the key files; <home>/secrets by default")
    head_file: Path | None = Field(
        None, description="the newest signed head, on another disk than the database if you can"
    )
    origin: str = Field("localhost/log", description="name of the log; part of every signature, for ever")
    host: str = Field("127.0.0.1", description="address the API listens on")
    port: int = Field(8080, ge=0, le=65535, description="port the API listens on")
    api_workers: int = Field(2, ge=1, le=64, description="API processes")
    api_threads: int = Field(4, ge=1, le=64, description="threads of an API process")
    api_queue: int = Field(128, ge=0, le=10_000, description="requests waiting for a thread of a process")
    pooled_sales: bool = Field(True, description="sales that come at the same time share a transaction")
    replica_url: str | None = Field(
        None, description="a streaming replica of the database that verifies are asked of"
    )
    replica_lag_seconds: float = Field(
        5, ge=0, le=3_600, description="a replica further behind is passed over while the primary answers"
    )
    database_pool: int = Field(8, ge=1, le=200, description="connections of a process to PostgreSQL")

    chain_url: str | None = Field(None, description="JSON-RPC address of an Ethereum node; none: no anchors")
    chain_id: int = Field(LOCAL_CHAIN_ID, ge=1, description="chain the registry lives on")
    registry: Address = Field(
        "0x5fbdb2315678afecb367f032d93f642f64180aa3", description="address of the registry contract"
    )
    confirmations: int = Field(12, ge=1, le=10_000, description="blocks until an anchor is final; local 1")
    anchor_seconds: float = Field(600, gt=0, description="an anchor every so often, if there is news")
    checkpoint_seconds: float = Field(1, gt=0, description="a checkpoint every so often, if there is news")
    beacon_seconds: float = Field(60, ge=0, description="two beacons are at least this far apart")
    witness_policy: Path | None = Field(
        None, description="C2SP policy file whose witnesses, those with an address, are asked to cosign"
    )
    issuers: Path | None = Field(
        None, description="folder of issuer files (*.toml): who can be asked about keys, and how"
    )
    replace_after_seconds: float = Field(180, gt=0, description="a transaction this old gets a higher fee")

    staged_hours: float = Field(24, gt=0, le=720, description="an unsigned batch is kept this long")
    offer_days: float = Field(7, gt=0, le=90, description="an offer stands this long")
    reservation_seconds: int = Field(900, ge=60, le=86_400, description="default length of a reservation")
    batch_keys: int = Field(10_000_000, ge=1, le=10_000_000, description="keys of a batch at the most")
    upload_bytes: int = Field(2 << 30, ge=1, description="bytes of a supplier file, unpacked too")
    requests_per_minute: int = Field(6_000, ge=1, description="budget of a credential")
    public_checks_per_hour: int = Field(60, ge=1, description="budget of a network address without account")
    webhook_private_networks: bool = Field(
        False, description="webhooks may be http and lead into private networks: for tests and demos only"
    )
    trusted_proxies: int = Field(0, ge=0, le=8, description="proxies before us whose X-Forwarded-For counts")

    evidence_folder: Path | None = Field(
        None, description="folder of the encrypted evidence files; <home>/evidence by default"
    )
    evidence_video_bytes: int = Field(512 << 20, ge=1, le=4 << 30, description="bytes of one video")
    escrow: Address | None = Field(None, description="address of the warranty escrow; none: no escrow")
    escrow_arbiter: Address | None = Field(
        None,
        description="account that rules on deposits, that of keeper.json; needless on the local chain",
    )
    escrow_first_block: int = Field(0, ge=0, description="block in which the escrow was deployed, or before")
    presale_days: float = Field(30, gt=0, le=365, description="a review before a sale is good this long")

    @property
    def secrets_folder(self) -> Path:
        return self.secrets or self.home / "secrets"

    @property
    def head_path(self) -> Path:
        return self.head_file or self.home / "head" / "head.json"

    @property
    def evidence_path(self) -> Path:
        return self.evidence_folder or self.home / "evidence"

    @property
    def url(self) -> str:
        """The database's URL."""
        return self.database_url or f"sqlite:///{(self.home / 'provenance.sqlite').absolute()}"

    @property
    def registry_address(self) -> bytes:
        return bytes.fromhex(self.registry[2:])

    def escrow_seat(self) -> EscrowSeat | None:
        """The escrow that is dealt with; raises :class:`InputRefused` (``invalid_setting``)."""
        if self.escrow is None:
            return None
        arbiter = self.escrow_arbiter
        if arbiter is None and self.chain_id == LOCAL_CHAIN_ID:
            arbiter = LOCAL_ARBITER
        if arbiter is None:
            raise InputRefused("PROVENANCE_ESCROW_ARBITER: name who rules", code="invalid_setting")
        domain = EscrowDomain(self.chain_id, bytes.fromhex(self.escrow[2:]))
        return EscrowSeat(domain, bytes.fromhex(arbiter[2:]))

    def limits(self) -> Limits:
        """The bounds the services keep."""
        return Limits(
            batch_size=self.batch_keys,
            upload_bytes=self.upload_bytes,
            staged_ms=int(self.staged_hours * 3_600_000),
            offer_ms=int(self.offer_days * 86_400_000),
            reservation_ms=self.reservation_seconds * 1000,
            beacon_apart_ms=int(self.beacon_seconds * 1000),
            evidence_video_bytes=self.evidence_video_bytes,
            presale_ms=int(self.presale_days * 86_400_000),
        )


def load_settings() -> Settings:
    """The settings of the environment; raises :class:`InputRefused` (``invalid_setting``) naming each."""
    try:
        return Settings()
    except ValidationError as error:
        named = ", ".join(f"PROVENANCE_{str(one['loc'][0]).upper()}: {one['msg']}" for one in error.errors())
        raise InputRefused(
            f"settings of the environment are wrong: {named}", code="invalid_setting"
        ) from None
