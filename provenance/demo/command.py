"""``provenance demo``: the whole story over real HTTP and a real local chain."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from pathlib import Path

import click

from provenance.chain.signer import Signer
from provenance.cli.group import TranslatedCommand
from provenance.demo import escrow, proving, record, registering, secrecy, trading, warranty
from provenance.demo.caller import Caller
from provenance.demo.stage import Stage
from provenance.demo.story import PromiseBroken, Story
from provenance.demo.world import Supplier, World
from provenance.errors import ProvenanceError
from provenance.sample import default_spec, generate

_FORMATS = (
    "cmcc-national", "cucc-national", "ctcc-national", "junnet", "steam",
    "xbox", "google-play", "jd-ecard", "razer-gold", "minted",
)  # fmt: skip


@click.command("demo", cls=TranslatedCommand)
@click.option("--json", "as_json", is_flag=True, help="The steps and their evidence as one JSON document.")
@click.option("--keep-running", is_flag=True, help="Leave the services up until Ctrl-C, and say where.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    default=Path("var/demo"),
    show_default=True,
    help="Everything the demo makes; emptied first if an earlier demo made it.",
)
@click.option(
    "--keys", type=click.IntRange(1_000, 1_000_000), default=10_000, show_default=True, help="Keys in all."
)
@click.option("--seed", type=int, default=20_260_801, show_default=True, help="Seed of the sample files.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="Port of the API; any free one by default."
)
def demo(as_json: bool, keep_running: bool, folder: Path, keys: int, seed: int, port: int) -> None:
    """Run the whole story on sample supplier files and check every promise on the way.

    Two suppliers, two shops, an issuer, ten formats. Everything it makes lies below
    --folder; what an earlier demo left there is deleted first, any other folder that is not empty is
    refused. Exit status 0 says that every promise was kept.
    """
    signal.signal(signal.SIGTERM, _as_ctrl_c)
    story = Story(quiet=as_json)
    stage = Stage(folder, port=port or (8080 if keep_running else 0))
    try:
        _run(story, stage, keys, seed, keep_running)
    except (PromiseBroken, ProvenanceError) as broken:
        story.tell("\n✘ {broken}\n  Logs are in {logs}.", broken=broken, logs=stage.logs)
        if as_json:
            click.echo(json.dumps(story.as_data() | {"broken": str(broken)}, ensure_ascii=False))
        sys.exit(1)
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        stage.close()
    if as_json:
        click.echo(json.dumps(story.as_data(), ensure_ascii=False))
    story.tell(
        "\n{kept} promises kept. What was made lies in {folder}.", kept=len(story.steps), folder=stage.folder
    )


def _as_ctrl_c(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _run(story: Story, stage: Stage, keys: int, seed: int, keep_running: bool) -> None:
    world = set_the_stage(story, stage, keys, seed)
    registering.register(world)
    trading.trade(world)
    warranty.warrant(world)
    escrow.pay_without_the_platform(world)
    record.recompute(world)
    if keep_running:
        _wait(world)
        return
    proving.prove(world)
    secrecy.look_for_keys(world)


def set_the_stage(story: Story, stage: Stage, keys: int, seed: int) -> World:
    """Sample files, testnet, registry, worker and API; and everybody admitted."""
    story.act("The stage: sample files, a local Ethereum node, the service")
    with story.step("sample supplier files, each with the truth about every line beside it") as step:
        spec = default_spec(keys // len(_FORMATS), format_ids=_FORMATS)
        samples = generate(stage.folder / "samples", seed, spec)[: len(_FORMATS)]
        step.show(files=len(samples), keys=sum(sample.accepted for sample in samples))
    with story.step("a local testnet (Hardhat)") as step:
        step.show(url=stage.raise_chain())
    with story.step("key files, database, the first operator") as step:
        token = stage.initialise()
        step.show(home=stage.home.name)
    with story.step("the registry contract at its address") as step:
        step.show(**json.loads(stage.run("chain", "deploy", "--json")))
    with story.step("worker and API, as processes of their own") as step:
        stage.raise_worker()
        stage.raise_api()
        step.show(api=stage.url)
    world = World(story, stage, Caller(stage.url, "operator", token=token), Caller(stage.url, "the public"))
    world.samples = samples
    _admit(world)
    return world


def _admit(world: World) -> None:
    with world.story.step("two suppliers, two shops and an issuer are admitted") as step:
        for name in ("supplier-north", "supplier-south"):
            signer = Signer(os.urandom(32), chain_id=31337)
            caller = _party(world, name, "supplier", {"address": "0x" + signer.address.hex()})
            world.suppliers.append(Supplier(caller, signer))
        world.shops = [
            _party(world, name, "platform", {"party_id": name}) for name in ("shop-one", "shop-two")
        ]
        world.issuer = _party(world, "issuer", "issuer", {"party_id": "issuer"})
        step.show(parties=5)


_SCOPES = {
    "supplier": ["register", "transfer", "verify", "prove", "read", "redeem", "sell"],
    "platform": ["transfer", "verify", "sell", "redeem", "prove", "read", "warranty"],
    "issuer": ["verify", "redeem", "read"],
}


def _party(world: World, name: str, role: str, identity: dict[str, str]) -> Caller:
    party = world.operator.post("/parties", {"name": name, "role": role, **identity}).ok()
    wish = {"label": "demo", "scopes": _SCOPES[role], "party": party["address"]}
    credential = world.operator.post("/credentials", wish).ok()
    return Caller(world.stage.url, name, party["address"], credential["token"])


def _wait(world: World) -> None:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    stage, file = world.stage, world.files[0]
    tokens = _write_tokens(world)
    # The last one: neither sold nor recalled on the way, however few keys there are.
    key = json.dumps({"key": file.key(len(file.keys) - 1), "order": "T-1"}, ensure_ascii=False)
    world.story.tell(
        "\nRunning. API {url} (documentation at {url}/docs), node {node}.\n"
        "Credentials of everybody are in {tokens}. Sell a key of shop-one, then try it again:",
        url=stage.url, node=stage.testnet.url, tokens=tokens,
    )  # fmt: skip
    world.story.show(
        f"\n  . {tokens}\n"
        f'  curl -s {stage.url}/v1/keys/sell -H "Authorization: Bearer $SHOP_ONE_TOKEN" \\\n'
        f"    -H 'Content-Type: application/json' -d '{key}'\n"
    )
    world.story.tell("Ctrl-C ends it.")
    stop.wait()


def _write_tokens(world: World) -> Path:
    """The credentials as shell variables, readable by their owner alone."""
    callers = [world.operator, *(one.caller for one in world.suppliers), *world.shops]
    callers += [world.issuer] if world.issuer else []
    lines = [f"{one.name.upper().replace('-', '_')}_TOKEN={one.token}\n" for one in callers]
    path = world.stage.folder / "tokens.env"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.writelines(lines)
    return path
