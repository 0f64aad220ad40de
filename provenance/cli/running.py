"""``provenance serve``, ``worker`` and ``anchor``: the processes of a service."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import click

from provenance.cli.group import TranslatedCommand
from provenance.cli.language import say
from provenance.cli.local import local_services
from provenance.cli.output import answer, hint, json_option
from provenance.errors import ChainMismatch, InputRefused, Unavailable

if TYPE_CHECKING:
    from provenance.bootstrap import Services
    from provenance.services.context import Context
    from provenance.worker import Worker

_POLL_SECONDS: Final = 0.25


@click.command("serve", cls=TranslatedCommand)
@json_option
def serve() -> None:
    """Run the HTTP API until stopped. Address, port and processes come from PROVENANCE_* settings."""
    from api.serve import serve as run
    from provenance.config import load_settings

    settings = load_settings()
    with local_services():
        # What is amiss is said once, here, and not by every process that starts and dies of it.
        pass
    hint("The API listens on {host}:{port}; stop it with Ctrl-C.", host=settings.host, port=settings.port)
    run(settings)


@click.command("worker", cls=TranslatedCommand)
@click.option("--once", is_flag=True, help="Do every chore once, then stop.")
@json_option
def worker(once: bool) -> None:
    """Sequence, sign checkpoints, anchor and purge, until stopped. Any number may run; one leads."""
    from provenance.worker import stop_on_signals

    work = _worker()
    if once:
        troubles = work.tick()
        for farewell in work.farewells:
            farewell()
        if troubles:
            raise _not_done(troubles)
        answer({"done": [chore.name for chore in work.chores]}, say("Every chore was done once."))
        return
    stop_on_signals(work.stop)  # type: ignore[arg-type]  # the worker's own default is an Event
    hint("The worker runs; stop it with Ctrl-C.")
    work.run()


@click.command("anchor", cls=TranslatedCommand)
@click.option(
    "--timeout", type=click.IntRange(1, 86_400), default=120, show_default=True, help="Seconds to wait."
)
@click.option("--here", is_flag=True, help="Do the worker's chores in this process meanwhile.")
@json_option
def anchor(timeout: int, here: bool) -> None:
    """Ask for the newest checkpoint to be anchored, and wait until the chain holds it.

    Anchoring is the worker's work: let one run, or use --here.
    """
    from provenance.services.anchoring import want_checkpoint

    with local_services() as services:
        if services.settings.chain_url is None:
            raise InputRefused("no chain is configured; set PROVENANCE_CHAIN_URL", code="no_chain")
        work = _worker() if here else None
        try:
            _require_registry(services, work)
            size = want_checkpoint(services.context)
            if size is None:
                raise Unavailable("no checkpoint is signed yet; is a worker running?", code="no_checkpoint")
            _wait(services.context, size, timeout, work)
        finally:
            for farewell in work.farewells if work else ():
                farewell()
    answer({"size": size, "anchored": True}, say("Checkpoint {size} is anchored.", size=size))


def _not_done(troubles: Mapping[str, Sequence[str]]) -> Unavailable:
    told = "; ".join(f"{name}: {', '.join(codes)}" for name, codes in troubles.items())
    first = next(iter(troubles.values()))[0]
    return Unavailable(
        f"not every chore could be done ({told})", code=first if _is_code(first) else "chore_in_trouble",
        chores={name: list(codes) for name, codes in troubles.items()},
    )  # fmt: skip


def _is_code(text: str) -> bool:
    """Of a foreign error the worker tells the class, which is no code of ours."""
    return text == text.lower()


def _require_registry(services: Services, work: Worker | None) -> None:
    """Refuse to wait for what cannot come; raises ``ChainMismatch``, ``ChainUnavailable``."""
    if work is not None:
        _tick(work)
    elif services.registry is not None:
        services.registry.identify()


def _tick(work: Worker) -> None:
    # A worker with the deployer's key makes a missing registry itself; what is left then is for a person.
    for code in work.tick().get("anchor", ()):
        if code.startswith("registry_"):
            raise ChainMismatch(
                "the registry contract is not at its address and could not be put there; run "
                "`provenance chain deploy`, or correct PROVENANCE_REGISTRY",
                code=code,
            )


def _worker() -> Worker:
    from provenance.cli import logs
    from provenance.config import load_settings
    from provenance.worker import build_worker

    logs.configure()
    return build_worker(load_settings())


def _wait(context: Context, size: int, timeout: int, work: Worker | None) -> None:
    deadline = time.monotonic() + timeout
    while not _is_anchored(context, size):
        if time.monotonic() > deadline:
            raise Unavailable(
                f"checkpoint {size} is not on the chain after {timeout} s; is a worker running?",
                code="anchor_timeout",
            )
        if work:
            _tick(work)
        time.sleep(_POLL_SECONDS)


def _is_anchored(context: Context, size: int) -> bool:
    """On the chain at this size, or, where a later one overtook it, at that."""
    from provenance.store import anchors
    from provenance.store.anchors import AnchorStatus

    with context.database.read() as connection:
        newest = anchors.newest_on_chain(connection, least=AnchorStatus.CONFIRMED)
    return newest is not None and newest.size >= size
