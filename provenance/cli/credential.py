"""``provenance credential``: the bearer tokens by which parties speak to the API."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from provenance.cli.group import Group
from provenance.cli.inputs import write_secret
from provenance.cli.language import say
from provenance.cli.local import find_party, local_services
from provenance.cli.output import answer, hint, json_option, when
from provenance.errors import InputRefused

if TYPE_CHECKING:
    from provenance.store.parties import Credential, Party

_DAY_MS: Final = 86_400_000
_BY_ROLE: Final = {
    "supplier": {"register", "transfer", "verify", "prove", "read"},
    "platform": {"transfer", "verify", "sell", "redeem", "prove", "read", "warranty"},
    "issuer": {"verify", "redeem", "prove", "read"},
    "auditor": {"read", "prove"},
    "witness": {"read"},
    "operator": {"admin", "read", "prove", "verify"},
}


@click.group("credential", cls=Group)
def credential() -> None:
    """Issue, revoke and list API tokens. Only a keyed digest of a token is stored."""


@credential.command("issue")
@click.argument("who", metavar="NAME|0x…")
@click.option("--label", default="", help="What it is for, for your own list.")
@click.option("--scope", "scopes", multiple=True, help="May be repeated; by default what its roles need.")
@click.option("--days", type=click.IntRange(1, 3650), help="Days until it ends; never by default.")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="Write the token to a new file, mode 0600."
)
@json_option
def issue(who: str, label: str, scopes: tuple[str, ...], days: int | None, out: Path | None) -> None:
    """Issue a token to a party. It is shown this once: on standard output, or in the file of --out."""
    if out is not None and out.exists():
        raise InputRefused("exists already; name another file", code="file_exists", file=str(out))
    with local_services() as services:
        found = find_party(services, who)
        expires = services.context.clock.now() + days * _DAY_MS if days else None
        made, token = services.parties.issue(found.address, label, scopes or _scopes_for(found), expires)
    data = _json(made)
    if out is not None:
        write_secret(out, token.encode() + b"\n")
        answer(data | {"file": str(out)}, say("The token is in {file}.", file=out))
        return
    answer(data | {"token": token}, token)
    hint("Keep it in a file of mode 0600, or in PROVENANCE_TOKEN. It is not shown again.")


@credential.command("revoke")
@click.argument("who", metavar="NAME|0x…")
@click.argument("credential_id", metavar="ID")
@json_option
def revoke(who: str, credential_id: str) -> None:
    """End a token of a party, at once."""
    with local_services() as services:
        found = find_party(services, who)
        services.parties.revoke(found.address, credential_id)
    answer({"id": credential_id, "revoked": True}, say("Credential {id} is revoked.", id=credential_id))


@credential.command("list")
@click.argument("who", metavar="NAME|0x…")
@json_option
def list_credentials(who: str) -> None:
    """List the credentials of a party, newest first; never their tokens."""
    with local_services() as services:
        found = [_json(one) for one in services.parties.credentials(find_party(services, who).address)]
    answer(found, *([_line(one) for one in found] or [say("No credential yet.")]))


def _scopes_for(party: Party) -> set[str]:
    roles = (role.name.lower() for role in party.roles)
    return {scope for role in roles for scope in _BY_ROLE.get(role, set())}


def _json(one: Credential) -> dict[str, Any]:
    return {
        "id": one.id,
        "party": "0x" + one.party.hex(),
        "label": one.label,
        "scopes": sorted(one.scopes),
        "created_at": one.created_at,
        "expires_at": one.expires_at,
        "revoked_at": one.revoked_at,
    }


def _line(one: dict[str, Any]) -> str:
    ended = say("revoked {time}", time=when(one["revoked_at"])) if one["revoked_at"] else ""
    ends = say("ends {time}", time=when(one["expires_at"])) if one["expires_at"] else ""
    return "  ".join(part for part in (one["id"], one["label"], " ".join(one["scopes"]), ends, ended) if part)
