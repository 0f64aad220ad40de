"""``provenance bench``: what each job costs here, beside what this machine can do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

import click

from provenance.cli.group import TranslatedCommand
from provenance.errors import Unavailable

_CHECKOUT: Final = Path(__file__).resolve().parents[2]


@click.command("bench", cls=TranslatedCommand)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@click.option("--quick", is_flag=True, help="A tenth of the sizes, to see that it works.")
@click.option("--full", is_flag=True, help="The longest sizes too: an hour and more.")
@click.option("--growth", is_flag=True, help="How the cost of each job grows, instead of what it is.")
@click.option("--only", "jobs", multiple=True, metavar="JOB", help="This job alone; may be repeated.")
@click.option("--runs", type=click.IntRange(1, 99), help="Runs of each job and its reference; 5 by default.")
@click.pass_context
def bench(
    context: click.Context,
    as_json: bool,
    quick: bool,
    full: bool,
    growth: bool,
    jobs: tuple[str, ...],
    runs: int | None,
) -> None:
    """Measure each job beside its reference, in turn, on this machine: medians and ratios.

    Takes under twenty minutes on two cores and works on databases of its own. Needs a checkout of the
    project with its development packages: the measurements are not part of the service.
    """
    if not (_CHECKOUT / "bench" / "__main__.py").is_file():
        raise Unavailable(
            "the measurements are not installed with the service: call this in a checkout after `make setup`",
            code="bench_missing",
        )
    flags = {"--json": as_json, "--quick": quick, "--full": full, "--growth": growth}
    command = [sys.executable, "-m", "bench", *(flag for flag, given in flags.items() if given)]
    for job in jobs:
        command += ["--only", job]
    if runs is not None:
        command += ["--runs", str(runs)]
    # A process of its own: its working folder is the checkout, and nothing of the command line is measured.
    context.exit(subprocess.run(command, cwd=_CHECKOUT, check=False).returncode)
