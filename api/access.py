"""Who may call what: every route says so, and one that does not is refused when the app is made."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from flask import Flask, Response, current_app, g, request
from werkzeug.exceptions import HTTPException

from api import limits
from api.current import EXTENSION, services
from api.limits import LIMITER, RateLimiter, Share
from provenance.bootstrap import Services
from provenance.core.entries import PartyReason
from provenance.errors import AccessDenied
from provenance.services.parties import Principal

View = TypeVar("View", bound=Callable[..., Any])

ADMITTED: Final = "provenance.admitted"
"""In an environ: whom the front knew already, and counted."""
Admitted = tuple[Principal, Share]

_SCHEME: Final = "bearer "
_MAX_TOKEN: Final = 200
_MARK: Final = "__access__"
_ADMITS: Final = "__admits__"


@dataclass(frozen=True, slots=True)
class Access:
    """``scopes`` and ``roles``: one of each is needed, if any is named.

    ``is_open``: strangers too; ``is_public``: nobody is even asked who he is. ``writes``: refused
    while the log stands still.
    """

    scopes: tuple[str, ...] = ()
    roles: tuple[PartyReason, ...] = ()
    is_open: bool = False
    is_public: bool = False
    writes: bool = False


def allow(
    *scopes: str, roles: tuple[PartyReason, ...] = (), strangers: bool = False, writes: bool = False
) -> Callable[[View], View]:
    """Mark a view for credentials with one of *scopes* and parties with one of *roles*."""
    return _marked(Access(scopes, roles, is_open=strangers, writes=writes))


def admitting(admits: Callable[[Services, dict[str, Any], str], bool]) -> Callable[[View], View]:
    """Mark a view of files: *admits(services, arguments of the path, Content-Length)* lets a body in."""

    def mark(view: View) -> View:
        setattr(view, _ADMITS, admits)
        return view

    return mark


def public() -> Callable[[View], View]:
    """Mark a view that everybody may call."""
    return _marked(Access(is_open=True, is_public=True))


def _marked(access: Access) -> Callable[[View], View]:
    def mark(view: View) -> View:
        setattr(view, _MARK, access)
        return view

    return mark


def register(app: Flask, limiter: RateLimiter) -> None:
    """Check every request of *app* before its view; raises RuntimeError for a route without a mark."""
    unmarked = [name for name, view in app.view_functions.items() if not hasattr(view, _MARK)]
    if unmarked:
        raise RuntimeError(f"routes that do not say who may call them: {unmarked}")
    app.extensions[LIMITER] = limiter
    app.before_request(_check)
    app.after_request(_show_limits)


def _check() -> None:
    if request.endpoint is None:
        return
    access: Access = getattr(current_app.view_functions[request.endpoint], _MARK)
    if access.is_public:
        return
    _identify(access)
    if access.writes:
        services().backlog.check()


def _identify(access: Access) -> None:
    token = bearer(request.headers.get("Authorization"))
    if token is None:
        if access.is_open:
            return
        raise AccessDenied(
            "this needs a credential; send it as `Authorization: Bearer …`", code="credential_missing"
        )
    known: Admitted | None = request.environ.get(ADMITTED)
    if known is not None:
        g.principal, g.share = known
    else:
        g.principal = services().parties.authenticate(token)
        g.share = current_app.extensions[LIMITER].take(g.principal.credential)
    _require(access, g.principal)


def _require(access: Access, someone: Principal) -> None:
    if access.scopes and not someone.scopes & set(access.scopes):
        someone.require(access.scopes[0])
    if access.roles and not any(someone.party.has(role) for role in access.roles):
        someone.require_role(access.roles[0])


def of(app: Flask, endpoint: str) -> Access:
    """What a view of *app* is marked with."""
    found: Access = getattr(app.view_functions[endpoint], _MARK)
    return found


def is_admitted(app: Flask, environ: dict[str, Any]) -> bool:
    """Whether the view of this request would be reached: asked before its body is taken in.

    Costs nothing of a rate; the request itself does.
    """
    adapter = app.url_map.bind("", path_info=environ["PATH_INFO"], default_method=environ["REQUEST_METHOD"])
    try:
        token = bearer(environ.get("HTTP_AUTHORIZATION"))
        endpoint, arguments = adapter.match()
        access, given = of(app, endpoint), app.extensions[EXTENSION]
        if token is not None:
            _require(access, given.parties.authenticate(token))
        elif not access.is_open:
            return False
        admits = getattr(app.view_functions[endpoint], _ADMITS, None)
        return admits is None or admits(given, arguments, environ.get("CONTENT_LENGTH", ""))
    except (HTTPException, AccessDenied):
        return False


def bearer(header: str | None) -> str | None:
    """The token of an ``Authorization`` header; raises :class:`AccessDenied` for any other."""
    if header is None:
        return None
    token = header[len(_SCHEME) :].strip()
    if not header.lower().startswith(_SCHEME) or not 1 <= len(token) <= _MAX_TOKEN:
        raise AccessDenied("the credential is unknown, expired or revoked", code="credential_invalid")
    return token


def _show_limits(response: Response) -> Response:
    if "share" in g:
        response.headers.update(limits.shown(g.share))
    return response


def client_address() -> str:
    """Whose budget a stranger uses: his address, of IPv6 the /64 that one subscriber has."""
    try:
        address = ipaddress.ip_address(request.remote_addr or "")
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.IPv6Network((int(address) >> 64 << 64, 64)))
    return str(address)
