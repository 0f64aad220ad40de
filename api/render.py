"""Values of the services as JSON members: hex at the edges, times in ms, secrets where they are due."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

from api.bracketing import bracket
from api.current import services
from api.problems import told_briefly
from provenance.errors import ProvenanceError
from provenance.services.context import Context, Recorded
from provenance.services.custody import Outcome
from provenance.services.lawbook import Handle
from provenance.services.receipts import receipt_for
from provenance.services.registration import BatchView, RejectedLine, Staged, ToSign
from provenance.services.reserving import Reservation
from provenance.services.selling import SaleOutcome, Sold
from provenance.services.transfers import Settled
from provenance.services.verification import Verdict, VerdictCode

_COARSE_WIDTH: Final = max(len(code) for code in VerdictCode)


def address(raw: bytes) -> str:
    return "0x" + raw.hex()


def handle(place: Handle) -> dict[str, Any]:
    return {"batch": place.batch_id.hex(), "index": place.index}


def event(recorded: Recorded) -> dict[str, Any]:
    """An accepted event and its receipt; its transaction is committed."""
    return _event_by(services().context, recorded)


def _event_by(context: Context, recorded: Recorded) -> dict[str, Any]:
    return {"event": recorded.event.hex(), "receipt": receipt_for(context, recorded)}


def sold(one: Sold) -> dict[str, Any]:
    return sold_by(services().context, one)


def sold_by(context: Context, one: Sold) -> dict[str, Any]:
    """The same outside of a request of the framework."""
    return _event_by(context, one.recorded) | {
        "key": handle(one.handle),
        "order_token": one.token.hex(),
        "use": one.use.hex(),
    }


def sales(outcomes: list[SaleOutcome]) -> dict[str, Any]:
    bracket(one.refusal for one in outcomes)
    return {
        "results": [
            {"status": "sold", **sold(one.sold)} if one.sold else _refused(one.refusal) for one in outcomes
        ]
    }


def outcomes(found: list[Outcome]) -> dict[str, Any]:
    bracket(one.refusal for one in found)
    return {
        "results": [
            {"status": "done", **event(one.recorded)} if one.recorded else _refused(one.refusal)
            for one in found
        ]
    }


def _refused(refusal: ProvenanceError | None) -> dict[str, Any]:
    return {"status": "refused", "error": refusal and told_briefly(refusal)}


def verdict(one: Verdict) -> dict[str, Any]:
    """A full verdict; or a coarse one, every one of them of the same size."""
    as_of = {} if one.as_of is None else {"as_of": asdict(one.as_of)}
    if one.registry_status is None:
        return {"verdict": one.code.value, "pad": " " * (_COARSE_WIDTH - len(one.code.value)), **as_of}
    return {
        **as_of,
        "verdict": one.code.value,
        "registry_status": one.registry_status,
        "issuer_status": one.issuer_status,
        "facts": one.facts,
    }


def reservation(one: Reservation) -> dict[str, Any]:
    return {
        "reservation": one.id.hex(),
        "until": one.until,
        "keys": [handle(place) for place in one.handles],
    }


def transfer(one: Any) -> dict[str, Any]:
    return {
        "id": one.id.hex(),
        "batch": one.batch_id.hex(),
        "sender": address(one.sender),
        "recipient": address(one.recipient),
        "status": one.status.name.lower(),
        "created_at": one.created_at,
        "until": one.until,
        "ranges": [{"first": first, "count": count} for first, count in one.ranges],
    }


def settled(step: Settled) -> dict[str, Any]:
    return transfer(step.transfer) | {"events": [event(recorded) for recorded in step.recorded]}


def party(one: Any) -> dict[str, Any]:
    return {
        "address": address(one.address),
        "name": one.name,
        "roles": sorted(role.name.lower() for role in one.roles),
        "suspended": one.suspended,
        "successor": None if one.successor is None else address(one.successor),
    }


def credential(one: Any) -> dict[str, Any]:
    return {
        "id": one.id,
        "label": one.label,
        "scopes": sorted(one.scopes),
        "created_at": one.created_at,
        "expires_at": one.expires_at,
        "revoked_at": one.revoked_at,
    }


def reject(line: RejectedLine) -> dict[str, Any]:
    return {"line": line.line, "column": line.column, "code": line.code, "message": line.message}


def staged(one: Staged, to_sign: ToSign) -> dict[str, Any]:
    """What the supplier checks against its own file, and signs."""
    return {
        "batch": to_sign.batch_id.hex(),
        "status": "staged",
        "counts": one.counts.to_json(),
        "rejects": [reject(line) for line in one.rejects],
        "staged_until": to_sign.staged_until,
        "shuffled": to_sign.shuffled,
        "seed": to_sign.seed.hex(),
        **_signable(to_sign),
    }


def batch(one: BatchView, is_own: bool) -> dict[str, Any]:
    """A batch as it stands; what its supplier alone should know only to him."""
    public = {
        "batch": one.batch_id.hex(),
        "status": one.status.name.lower(),
        "commissioned_at": one.commissioned_at,
        "signature": None if one.signature is None else "0x" + one.signature.hex(),
        "anchor": one.anchor,
        "anchor_transaction": None if one.anchor_tx is None else "0x" + one.anchor_tx.hex(),
        "anchor_block": one.anchor_block,
        **_signable(one),
    }
    if not is_own:
        return public
    return public | {
        "counts": one.counts.to_json(),
        "shuffled": one.shuffled,
        "created_at": one.created_at,
        "staged_until": one.staged_until,
    }


def _signable(one: ToSign | BatchView) -> dict[str, Any]:
    manifest = one.manifest
    return {
        "manifest": {
            "supplier": address(manifest.supplier),
            "root": manifest.root.hex(),
            "size": manifest.size,
            "max_uses": manifest.max_uses,
            "expires_at": manifest.expires_at,
            "details": manifest.details.hex(),
        },
        "details": one.details.to_json(),
        "domain": {"chain_id": one.domain.chain_id, "registry": address(one.domain.registry)},
        "digest": one.digest.hex(),
    }
