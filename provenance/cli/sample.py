"""``provenance sample``: worthless supplier files to try the service with."""

from __future__ import annotations

import json
from pathlib import Path

import click

from provenance.cli.group import TranslatedCommand
from provenance.core.keyformats import formats
from provenance.sample import default_spec, generate


@click.command("sample", cls=TranslatedCommand)
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed makes the same files.")
@click.option(
    "--keys", type=click.IntRange(1, 1_000_000), default=200, show_default=True, help="Keys a file."
)
@click.option(
    "--format",
    "format_ids",
    multiple=True,
    type=click.Choice(sorted(formats())),
    help="Only this key format; may be repeated. Default: all.",
)
@click.option(
    "--defects", type=click.FloatRange(0, 1), default=0.02, show_default=True, help="Bad lines, as a share."
)
@click.option("--json", "as_json", is_flag=True, help="Print what was made as JSON.")
def sample(
    folder: Path, seed: int, keys: int, format_ids: tuple[str, ...], defects: float, as_json: bool
) -> None:
    """Write supplier files into FOLDER: all formats, renderings, encodings, noise and defects.

    Beside each NAME stands NAME.truth.json, which says of every line what key it holds or why it holds none.
    """
    made = generate(folder, seed, default_spec(keys, format_ids=format_ids, defects=defects))
    told = [
        {
            "file": str(each.path),
            "truth": str(each.truth),
            "format": each.format_id,
            "accepted": each.accepted,
            "rejected": each.rejected,
            "duplicates": each.duplicates,
        }
        for each in made
    ]
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    for row in told:
        click.echo(
            f"{row['file']}  {row['format']}: {row['accepted']} keys"
            f" ({row['duplicates']} repeated), {row['rejected']} bad lines"
        )
