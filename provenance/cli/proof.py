"""``provenance proof``: ask the service for a proof; verify one with nothing but the file.

Verification imports no service, no store and no API: whoever reads a proof needs neither us nor
our word.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from provenance.cli import believing, failures
from provenance.cli.group import Group
from provenance.cli.inputs import read_bytes, read_line, stdin_is_taken
from provenance.cli.language import say
from provenance.cli.output import answer, hint, is_json, json_option
from provenance.cli.remote import key_options, one_reference, service, service_options
from provenance.errors import InputRefused, KeyMalformed, ProofRejected, Refused

if TYPE_CHECKING:
    from provenance.client import ProvenanceClient
    from provenance.core.keyformats import CardKey
    from provenance.core.manifest import Domain
    from provenance.core.proofs import Evidence, NodeReader, ReaderContext, Witness

_NOT_YET: Final = frozenset({"not_sequenced_yet", "not_anchored_yet"})
_POLL_SECONDS: Final = 0.5


@click.group("proof", cls=Group)
def proof() -> None:
    """Make a proof of a key's life; verify one offline."""


@proof.command("make")
@click.option("--order-token-file", metavar="FILE", help="As the buyer: your order token, no credential.")
@click.option("--opening", is_flag=True, help="Put the key itself into the file: who has it, has the key.")
@click.option("--details", is_flag=True, help="Open the sealed details that you may see.")
@click.option("--anchored", is_flag=True, help="Only a proof that leads to an anchored checkpoint.")
@click.option("--state-proof", is_flag=True, help="Add what leads to a block hash, without a node.")
@click.option("--wait", type=click.IntRange(1), metavar="SECONDS", help="Wait for the log or the anchor.")
@click.option("--out", type=click.Path(path_type=Path), help="File to write; BATCH-INDEX.provenance.json.")
@click.option("--force", is_flag=True, help="Replace the file if it is there.")
@key_options
@service_options
def make(
    order_token_file: str | None,
    key_file: str | None,
    format_id: str | None,
    handles: tuple[str, ...],
    wait: int | None,
    out: Path | None,
    force: bool,
    **wish: bool,
) -> None:
    """Ask the service for the proof of one key's life, check it, and write it to a file."""
    body: dict[str, Any] = {"key": one_reference(key_file, format_id, handles), **wish}
    if order_token_file:
        body["order_token"] = read_line(order_token_file, "order token")
    with service(needs_token=order_token_file is None) as client:
        told = _asked_until_ready(client, body, wait)
    raw, evidence = _checked_bundle(told["bundle"])
    # By what the bundle proves, not by what the service says of it: its name could lead anywhere.
    batch, index = evidence.batch_id.hex(), evidence.key_index
    place = {"batch": batch, "index": index}
    if handles and place != body["key"]:
        raise Refused(
            "the service sent the proof of another key; ask its operator", code="proof_of_another_key"
        )
    path = out or Path(f"{batch[:16]}-{index}.provenance.json")
    is_secret = bool(wish["opening"] or order_token_file)
    _write_proof(path, raw, is_secret=is_secret, force=force)
    data = {"file": str(path), "id": told["id"], "key": place, "anchoring": evidence.anchoring}
    answer(
        data,
        say("{file}: {state}, {anchoring}", file=path, state=evidence.state, anchoring=evidence.anchoring),
    )
    if wish["opening"]:
        hint("The file holds the key itself: whoever has the file has the key.")


@proof.command("verify")
@click.argument("file", metavar="FILE|-")
@click.option("--chain-id", type=click.IntRange(1), help="The chain you mean.")
@click.option("--registry", metavar="0x…", help="The registry contract you mean.")
@click.option("--log-key", metavar="NAME+HASH+KEY", help="The public key you know the log by.")
@click.option("--node", metavar="URL", help="Ask this Ethereum node, which you trust.")
@click.option(
    "--block-hash", metavar="HEX", help="Trust this block instead; the state proof in the bundle leads to it."
)
@click.option("--key-file", metavar="FILE", help="The card key in your hand, one line; - for standard input.")
@click.option(
    "--witness",
    "witnesses",
    multiple=True,
    metavar="NAME+HASH+KEY",
    help="A witness you know; may be repeated.",
)
@click.option(
    "--threshold", type=click.IntRange(0), default=0, help="How many of the witnesses must have signed."
)
@click.option("--policy", metavar="FILE", help="A C2SP policy: logs, witnesses, quorum.")
@click.option("--replaying", multiple=True, metavar="NAME", help="A witness of the policy that replays.")
@click.option("--successions", metavar="FILE", help="How the log changed its key; served beside the log.")
@json_option
def verify(
    file: str,
    key_file: str | None,
    policy: str | None,
    replaying: tuple[str, ...],
    successions: str | None,
    **reader: Any,
) -> None:
    """Verify a proof file, offline, step by step.

    What you do not bring (a network, a log key, a node or block hash, the key) is reported as not
    checked, never as passed.

    Exit codes: 0 the proof holds; 1 it is rejected, and the step that failed is named; 2 called wrongly;
    3 the node did not answer; 4 it is consistent but its origin was not checked.

    It holds only by what you bring: the network (--chain-id and --registry), and who signed the checkpoint
    (--log-key or --policy) or the chain that anchored it (--node or --block-hash). Without these anybody
    can make a file that agrees with itself.
    """
    from provenance.core import proofs

    if stdin_is_taken(file, key_file):
        raise click.UsageError(say("only one file can come from standard input"))
    try:
        raw = read_bytes(file, proofs.MAX_BUNDLE_SIZE)
    except InputRefused as error:
        if error.code != "file_too_large":
            raise
        raise ProofRejected(0, error.message, code="bundle_too_large", file=file) from None
    context = _reader(raw, key_file, **reader)
    if policy is not None:
        context = believing.with_policy(context, policy, replaying)
    if successions is not None:
        context = believing.following(context, successions, raw)
    evidence = proofs.verify(raw, context)
    if is_json():
        answer({**_verdict(evidence), "file": file, **evidence.to_json()})
    else:
        from provenance.cli.evidence_view import draw

        draw(evidence)
    if not evidence.origin_checked:
        click.get_current_context().exit(failures.CONSISTENT)


def _verdict(evidence: Evidence) -> dict[str, Any]:
    """``holds`` or ``consistent``; and the steps that rest on a checkpoint whose signer is unknown."""
    return {
        "verdict": "holds" if evidence.origin_checked else "consistent",
        "verified": evidence.origin_checked,
        "resting_on_unchecked_checkpoint": list(evidence.resting_steps),
    }


def _asked_until_ready(client: ProvenanceClient, wish: dict[str, Any], seconds: int | None) -> dict[str, Any]:
    deadline = time.monotonic() + (seconds or 0)
    while True:
        try:
            return client.make_proof(wish)
        except Refused as error:
            if error.code not in _NOT_YET or time.monotonic() > deadline:
                raise
        time.sleep(_POLL_SECONDS)


def _checked_bundle(members: Any) -> tuple[bytes, Evidence]:
    """The bytes of the file, and what they prove by themselves."""
    from provenance.core import canonical, proofs

    raw = canonical.encode(members)
    return raw, proofs.verify(raw, proofs.ReaderContext())


def _write_proof(path: Path, raw: bytes, *, is_secret: bool, force: bool) -> None:
    if path.exists() and not force:
        raise InputRefused("exists already; name another with --out", code="file_exists", file=str(path))
    temporary = path.with_name(path.name + ".new")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if is_secret else 0o644)
    with os.fdopen(descriptor, "wb") as file:
        file.write(raw)
    temporary.replace(path)


def _reader(
    raw: bytes,
    key_file: str | None,
    *,
    chain_id: int | None,
    registry: str | None,
    log_key: str | None,
    node: str | None,
    block_hash: str | None,
    witnesses: tuple[str, ...],
    threshold: int,
) -> ReaderContext:
    """What the reader brought, as the verifier takes it."""
    from provenance.core.notes import VerifierKey
    from provenance.core.proofs import ReaderContext

    network = network_of(chain_id, registry)
    return ReaderContext(
        network=network,
        log_key=None if log_key is None else VerifierKey.parse(log_key),
        witnesses=tuple(_witness(text) for text in witnesses),
        witness_threshold=threshold,
        card_key=None if key_file is None else _card_key(raw, key_file),
        node=None if node is None else _node(node, network),
        trusted_block_hash=None if block_hash is None else _hash(block_hash),
    )


def network_of(chain_id: int | None, registry: str | None) -> Domain | None:
    """The chain and registry that the options name, if any."""
    from provenance.cli.local import address
    from provenance.core.manifest import Domain

    if (chain_id is None) != (registry is None):
        raise click.UsageError(say("--chain-id and --registry go together"))
    return None if chain_id is None or registry is None else Domain(chain_id, address(registry))


def _witness(text: str) -> Witness:
    from provenance.core.notes import VerifierKey
    from provenance.core.proofs import Witness

    return Witness(VerifierKey.parse(text))


def _node(url: str, network: Domain | None) -> NodeReader:
    if network is None:
        raise click.UsageError(say("to ask a node, name the network with --chain-id and --registry"))
    # Only here is a chain library needed, and only by who brings a node.
    from provenance.chain.clients import NodeReader, connect

    return NodeReader(connect(url, chain_id=network.chain_id, registry=network.registry))


def _hash(text: str) -> bytes:
    with suppress(ValueError):
        return bytes.fromhex(text.removeprefix("0x"))
    raise InputRefused("a block hash is 64 hex digits", code="block_hash_malformed")


def _card_key(raw: bytes, path: str) -> CardKey | None:
    """The key in the reader's hand, read by the format that the bundle names."""
    from provenance.core.keyformats import format_by_id, parse
    from provenance.core.proofs import read_bundle

    text = read_line(path, "card key")
    try:
        format_id = read_bundle(raw).batch.details.format
    except InputRefused:
        return None  # step 0 will say what is wrong with it
    try:
        return parse(format_by_id(format_id), text).key
    except KeyMalformed as error:
        raise KeyMalformed(f"not a key of {format_id}: {error.message}", code=error.code, file=path) from None
