"""Problem documents (RFC 9457) back into the one error tree, so that a caller sees no difference."""

from __future__ import annotations

from typing import Any, Final

from provenance.errors import (
    AccessDenied,
    InputRefused,
    LimitReached,
    NotFound,
    ProvenanceError,
    Refused,
    Unavailable,
)

_BY_STATUS: Final[dict[int, type[ProvenanceError]]] = {
    401: AccessDenied,
    403: AccessDenied,
    404: NotFound,
    409: Refused,
    410: NotFound,
    429: LimitReached,
}
_OURS: Final = frozenset({"type", "title", "status", "detail", "code", "facts", "evidence"})
_MAX_TEXT: Final = 1_000


def error_of(status: int, problem: Any, retry_after: str | None) -> ProvenanceError:
    """The error behind an answer that is no success; *problem* is its JSON, if it was any.

    Evidence and facts become ``facts``; ``errors`` stays a list of ``{pointer, code, detail}``.
    """
    kind = _BY_STATUS.get(status, Unavailable if status >= 500 else InputRefused)
    if not isinstance(problem, dict) or not isinstance(problem.get("code"), str):
        return kind(f"the service answered with status {status}", code=_code_of(kind), status=status)
    facts: dict[str, Any] = {}
    for member in (problem.get("facts"), problem.get("evidence")):
        facts |= _named(member)
    facts |= {name: value for name, value in problem.items() if name not in _OURS and value is not None}
    if retry_after is not None and retry_after.isdecimal():
        facts["retry_after"] = int(retry_after)
    facts.pop("code", None)
    message = str(problem.get("detail") or problem.get("title") or "")[:_MAX_TEXT]
    error = kind(message, code=problem["code"])
    error.facts = facts
    return error


def _named(member: Any) -> dict[str, Any]:
    return {str(name): value for name, value in member.items()} if isinstance(member, dict) else {}


def _code_of(kind: type[ProvenanceError]) -> str:
    return kind.code
