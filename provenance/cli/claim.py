"""``provenance claim``: claims as their buyer files them, as reviewers decide, and as platforms pay."""

from __future__ import annotations

from typing import Any

import click

from provenance.cli.group import Group
from provenance.cli.inputs import hash_text
from provenance.cli.language import say
from provenance.cli.order import claim_line, hash_of, order_token, record_option, token_option
from provenance.cli.output import answer, when
from provenance.cli.remote import service, service_options
from provenance.core.terms import Cause, EvidenceType, RejectionCode, State
from provenance.core.termsrules.words import PAUSES, Liability

_evidence = click.option(
    "--evidence", "digests", multiple=True, metavar="SHA256", help="Evidence by its hash; may be repeated."
)
_shown = click.option(
    "--evidence", "digests", multiple=True, required=True, metavar="SHA256",
    help="What shows it, by its hash; may be repeated.",
)  # fmt: skip


def _words(kinds: Any) -> click.Choice[str]:
    return click.Choice(sorted(kind.value for kind in kinds))


@click.group("claim", cls=Group)
def claim() -> None:
    """File claims, decide them in codes, clauses and evidence, and pay them."""


@claim.command("list")
@click.option("--supplier", "side", flag_value="supplier", help="Claims on keys that you supplied.")
@click.option("--all", "side", flag_value="all", help="Claims of everybody: for reviewers and the operator.")
@click.option("--state", type=_words(State), help="Only claims in this state.")
@service_options
def list_(side: str | None, state: str | None) -> None:
    """List claims of your orders, the oldest first."""
    query = {"side": side or "platform"} | ({} if state is None else {"state": state})
    with service() as client:
        told = client.get("/claims", query)
    answer(told, *([claim_line(one) for one in told["claims"]] or [say("No claim.")]))


@claim.command("show")
@click.argument("claim_id", metavar="ID")
@service_options
def show(claim_id: str) -> None:
    """Show a claim, its steps, and what a decision on it can cite."""
    with service() as client:
        told = client.get(f"/claims/{hash_text(claim_id)}")
    steps = [f"  {when(one['time'])}  {one['what']}" for one in told.get("steps", ())]
    cites = [
        say(
            "  {code}: clause {clause}, needs {evidence}",
            code=one["code"], clause=one["clause"]["number"], evidence=", ".join(one["evidence"]),
        )
        for one in told.get("exclusions", ())
    ]  # fmt: skip
    answer(told, claim_line(told), *steps, *cites)


@claim.command("file")
@click.argument("order_id", metavar="ORDER")
@click.option("--cause", "causes", type=_words(Cause), multiple=True, required=True, help="What is wrong.")
@_evidence
@token_option
@service_options
def file(order_id: str, causes: tuple[str, ...], digests: tuple[str, ...], order_token_file: str) -> None:
    """As the buyer: file a claim. It is decided at once where the log or the issuer has spoken."""
    body = {"order": hash_text(order_id), "causes": list(causes), "evidence": list(digests)}
    _as_buyer("/claims", order_token_file, body)


@claim.command("evidence")
@click.argument("claim_id", metavar="ID")
@_shown
@token_option
@service_options
def evidence(claim_id: str, digests: tuple[str, ...], order_token_file: str) -> None:
    """As the buyer: add evidence that was handed in to the order."""
    _as_buyer(f"/claims/{hash_text(claim_id)}/evidence", order_token_file, {"evidence": list(digests)})


@claim.command("appeal")
@click.argument("claim_id", metavar="ID")
@_evidence
@token_option
@service_options
def appeal(claim_id: str, digests: tuple[str, ...], order_token_file: str) -> None:
    """As the buyer: appeal a rejection, once. Somebody else decides."""
    _as_buyer(f"/claims/{hash_text(claim_id)}/appeal", order_token_file, {"evidence": list(digests)})


@claim.command("withdraw")
@click.argument("claim_id", metavar="ID")
@token_option
@service_options
def withdraw(claim_id: str, order_token_file: str) -> None:
    """As the buyer: take a claim back."""
    _as_buyer(f"/claims/{hash_text(claim_id)}/withdraw", order_token_file, {})


@claim.command("confirm")
@click.argument("claim_id", metavar="ID")
@token_option
@service_options
def confirm(claim_id: str, order_token_file: str) -> None:
    """As the buyer: say that all is well."""
    _as_buyer(f"/claims/{hash_text(claim_id)}/confirm", order_token_file, {})


@claim.command("approve")
@click.argument("claim_id", metavar="ID")
@click.option("--liability", type=_words(Liability), required=True, help="Who answers for the fault.")
@service_options
def approve(claim_id: str, liability: str) -> None:
    """As a reviewer: grant a claim. Above the limit of its terms a second reviewer has to agree."""
    _decide(claim_id, "approve", {"liability": liability})


@claim.command("reject")
@click.argument("claim_id", metavar="ID")
@click.option("--code", type=_words(RejectionCode), required=True, help="The reason; there is no other.")
@click.option("--clause", required=True, metavar="NUMBER", help="The clause of the terms that it rests on.")
@_shown
@service_options
def reject(claim_id: str, code: str, clause: str, digests: tuple[str, ...]) -> None:
    """As a reviewer: refuse a claim, by code, clause and evidence. Words of your own have no place."""
    _decide(claim_id, "reject", {"code": code, "clause": clause, "evidence": list(digests)})


@claim.command("ask-evidence")
@click.argument("claim_id", metavar="ID")
@click.option("--type", "types", type=_words(EvidenceType), multiple=True, required=True, help="What for.")
@service_options
def ask_evidence(claim_id: str, types: tuple[str, ...]) -> None:
    """As a reviewer: ask the buyer for evidence, once a claim."""
    _decide(claim_id, "ask-evidence", {"types": list(types)})


@claim.command("pause")
@click.argument("claim_id", metavar="ID")
@click.option("--code", type=_words(PAUSES), required=True, help="What is nobody's fault.")
@_shown
@service_options
def pause(claim_id: str, code: str, digests: tuple[str, ...]) -> None:
    """As a reviewer: stop the clock, for a reason of the terms and with its evidence."""
    _decide(claim_id, "pause", {"code": code, "evidence": list(digests)})


@claim.command("resume")
@click.argument("claim_id", metavar="ID")
@service_options
def resume(claim_id: str) -> None:
    """As a reviewer: let the clock run on."""
    _decide(claim_id, "resume", {})


@claim.command("recovered")
@click.argument("claim_id", metavar="ID")
@click.option("--evidence", "digest", required=True, metavar="SHA256", help="What shows it, by its hash.")
@service_options
def recovered(claim_id: str, digest: str) -> None:
    """As a reviewer: note that the buyer has the account back."""
    _decide(claim_id, "recovered", {"evidence": digest})


@claim.command("paid")
@click.argument("claim_id", metavar="ID")
@click.option("--amount", required=True, help="Exactly what is owed, such as 49.50.")
@click.option("--currency", default="CNY", show_default=True, help="Currency of the amount.")
@record_option
@service_options
def paid(claim_id: str, amount: str, currency: str, record: str) -> None:
    """As the platform: say that the buyer was paid. A record pays one claim."""
    _decide(claim_id, "paid", {"amount": amount, "currency": currency, "record": hash_of(record)})


def _as_buyer(path: str, token_file: str, body: dict[str, Any]) -> None:
    with service(needs_token=False) as client:
        told = client.post(path, body | {"order_token": order_token(token_file)})
    answer(told, claim_line(told))


def _decide(claim_id: str, what: str, body: dict[str, Any]) -> None:
    with service() as client:
        told = client.post(f"/claims/{hash_text(claim_id)}/{what}", body)
    answer(told, claim_line(told))
