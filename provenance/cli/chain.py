"""``provenance chain``: the local testnet, and registry and escrow on whatever chain is configured."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from provenance.cli.group import Group
from provenance.cli.inputs import password
from provenance.cli.language import say
from provenance.cli.local import address
from provenance.cli.output import answer, hint, json_option
from provenance.errors import InputRefused, ProvenanceError

if TYPE_CHECKING:
    from provenance.chain.rpc import Chain
    from provenance.chain.signer import Signer
    from provenance.chain.testnet import LocalTestnet
    from provenance.config import Settings

_CHECKOUT = Path(__file__).resolve().parents[2]

_project = click.option(
    "--project",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=None,
    help="Checkout with hardhat.config.js; by default the one this command runs from.",
)


@click.group("chain", cls=Group)
def chain() -> None:
    """The local testnet and the registry contract."""


@chain.command("up")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8545, show_default=True, help="0 takes a free one."
)
@_project
@json_option
def up(port: int, project: Path | None) -> None:
    """Start the local testnet unless it runs. What it needs from npm is fetched once, by lock file."""
    folder = _checkout(project)
    _ensure_installed(folder)
    url = _testnet(folder, port).start()
    answer({"url": url, "running": True}, say("The testnet answers at {url}.", url=url))
    hint("Use it with PROVENANCE_CHAIN_URL={url} PROVENANCE_CONFIRMATIONS=1", url=url)


@chain.command("down")
@_project
@json_option
def down(project: Path | None) -> None:
    """Stop the local testnet; its chain is gone with it. Not running is no error."""
    _testnet(_checkout(project)).stop()
    answer({"running": False}, say("The testnet is stopped."))


@chain.command("wipe")
@_project
@json_option
def wipe(project: Path | None) -> None:
    """Start the local testnet over with an empty chain on the same port. The worker anchors again."""
    url = _testnet(_checkout(project)).wipe()
    answer({"url": url, "running": True}, say("An empty chain answers at {url}.", url=url))


@chain.command("deploy")
@click.option(
    "--deployer", type=click.Path(path_type=Path), help="Keystore of an account used for nothing else."
)
@click.option("--password-file", metavar="FILE", help="Its password, or - for standard input.")
@click.option("--anchorer", metavar="0x…", help="Address that may anchor checkpoints.")
@json_option
def deploy(deployer: Path | None, password_file: str | None, anchorer: str | None) -> None:
    """Deploy the registry, or find it deployed.

    By default with deployer.json and anchorer.json of the secrets folder; on the local testnet
    neither is needed.
    """
    from provenance.chain.deployment import deploy_registry

    settings = _settings()
    node = _node(settings)
    node.verify_network()
    signer, obeys = _accounts(settings, deployer, password_file, anchorer)
    made = deploy_registry(node, signer, anchorer=obeys)
    sent = made.transaction_hash
    data = {"registry": "0x" + made.address.hex(), "transaction": "0x" + sent.hex() if sent else None}
    answer(data, say("The registry is at {address}.", address=data["registry"]))
    if made.address != settings.registry_address:
        hint("Set PROVENANCE_REGISTRY={address}", address=data["registry"])


@chain.command("deploy-escrow")
@click.option("--deployer", type=click.Path(path_type=Path), help="Keystore that deployed the registry.")
@click.option("--password-file", metavar="FILE", help="Its password, or - for standard input.")
@click.option(
    "--shortest", type=click.IntRange(1), default=86_400, show_default=True,
    help="Shortest window of an order, in seconds.",
)  # fmt: skip
@click.option(
    "--longest", type=click.IntRange(1), default=34_560_000, show_default=True,
    help="Longest window of an order, in seconds.",
)  # fmt: skip
@json_option
def deploy_escrow(deployer: Path | None, password_file: str | None, shortest: int, longest: int) -> None:
    """Deploy the warranty escrow over the configured registry, or find it deployed.

    It is the second and last transaction of the registry's deployer, so that everybody knows its address.
    """
    from provenance.chain import deployment

    settings = _settings()
    node = _node(settings)
    node.verify_network()
    signer, _ = _accounts(settings, deployer, password_file, "0x" + "00" * 20)
    registry = settings.registry_address
    made = deployment.deploy_escrow(node, signer, registry, windows=(shortest, longest))
    sent = made.transaction_hash
    data = {"escrow": "0x" + made.address.hex(), "transaction": "0x" + sent.hex() if sent else None}
    answer(data, say("The escrow is at {address}.", address=data["escrow"]))
    if data["escrow"] != settings.escrow:
        hint("Set PROVENANCE_ESCROW={address}", address=data["escrow"])


@chain.command("status")
@_project
@json_option
def status(project: Path | None) -> None:
    """Say whether the testnet runs, and what the configured chain and registry answer."""
    settings = _settings()
    testnet = _testnet(_checkout(project))
    running = testnet.is_running
    data: dict[str, Any] = {"testnet": {"running": running, "url": testnet.url if running else None}}
    data["chain"] = _chain_status(settings) if settings.chain_url else None
    lines = [say("Testnet: {url}", url=data["testnet"]["url"]) if running else say("Testnet: not running")]
    lines.append(_chain_line(data["chain"]))
    answer(data, *lines)


def _settings() -> Settings:
    from provenance.config import load_settings

    return load_settings()


def _checkout(project: Path | None) -> Path:
    if project is not None:
        return project
    here = Path.cwd()
    return here if (here / "hardhat.config.js").is_file() else _CHECKOUT


def _testnet(project: Path, port: int = 0) -> LocalTestnet:
    from provenance.chain.testnet import LocalTestnet

    return LocalTestnet(project, port, _settings().home / "testnet")


def _ensure_installed(project: Path) -> None:
    from provenance.chain.toolchain import ensure_node_modules, is_installed

    if not is_installed(project):
        hint("Fetching Hardhat and the compiler, as the lock file names them; this takes a minute…")
    ensure_node_modules(project)


def _node(settings: Settings) -> Chain:
    from provenance.chain.rpc import Chain

    if settings.chain_url is None:
        raise InputRefused("no chain is configured; set PROVENANCE_CHAIN_URL", code="no_chain")
    return Chain(settings.chain_url, chain_id=settings.chain_id)


def _accounts(
    settings: Settings, deployer: Path | None, password_file: str | None, anchorer: str | None
) -> tuple[Signer, bytes]:
    """Who deploys and who anchors: those named, else the accounts of the secrets folder."""
    from provenance.bootstrap import chain_account
    from provenance.chain.signer import Signer

    obeys = address(anchorer) if anchorer else chain_account(settings, "anchorer").address
    if deployer is None:
        return chain_account(settings, "deployer"), obeys
    return Signer.from_keystore(deployer, password(password_file), chain_id=settings.chain_id), obeys


def _chain_status(settings: Settings) -> dict[str, Any]:
    from provenance.chain.registry import RegistryClient

    told: dict[str, Any] = {
        # The host alone: in the path or before it stands, with a hosted node, the access key.
        "host": urlsplit(settings.chain_url or "").hostname,
        "chain_id": settings.chain_id,
        "registry": settings.registry,
    }
    try:
        node = _node(settings)
        node.verify_network()
        told["block"] = node.newest_block().number
        found = RegistryClient(node, settings.registry_address).identify()
        told |= {"anchored_size": found.latest, "anchorer": "0x" + found.anchorer.hex()}
    except ProvenanceError as error:
        told["problem"] = {"code": error.code, "message": error.message}
    return told


def _chain_line(told: dict[str, Any] | None) -> str:
    if told is None:
        return say("Chain: none configured (PROVENANCE_CHAIN_URL)")
    if "problem" in told:
        return say("Chain: {code}: {message}", **told["problem"])
    return say("Chain {chain_id}: block {block}, registry {registry}, anchored size {anchored_size}", **told)
