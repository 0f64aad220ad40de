"""``provenance disclosure`` against a service on loopback."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import World
from tests.support.papers import EXECUTABLE, pdf

LICENCE = [
    "--type",
    "business_licence",
    "--number",
    "91350100M000100Y43",
    "--credit-code",
    "91350100M000100Y43",
]
DAYS = ["--issued-on", "2020-01-01", "--attested-on", "2024-01-01"]


def paper(folder: Path, content: bytes, name: str = "licence.pdf") -> Path:
    file = folder / name
    file.write_bytes(content)
    return file


def test_a_supplier_publishes_its_licence_and_a_stranger_sees_how_it_stands(world: World) -> None:
    file = paper(world.folder, pdf())
    acme = ("--token-file", world.token("Acme"))
    missing = world.shell.json("disclosure", "list", world.supplier, code=1)
    assert missing["badge"] == {"earned": False, "papers": {"business_licence": None}}
    made = world.shell.json("disclosure", "publish", file, *LICENCE, *DAYS, *acme)
    shown = world.shell.json("disclosure", "list", world.supplier)
    assert shown["badge"]["earned"] is True
    (one,) = shown["disclosures"]
    assert one["document"] == {"media_type": "application/pdf", "size": len(pdf())}
    assert one["details"]["document"] == world.shell.json("disclosure", "hash", file)["document"]
    renewal = paper(world.folder, pdf("renewed"), "renewed.pdf")
    world.shell.run(
        "disclosure", "publish", renewal, *LICENCE, *DAYS, "--supersedes", made["disclosure"], *acme
    )
    told = world.shell.run("disclosure", "list", world.supplier).stdout
    assert "superseded" in told
    assert "every paper it has to show holds" in told
    newest = world.shell.json("disclosure", "list", world.supplier)["disclosures"][0]["disclosure"]
    world.shell.run("disclosure", "withdraw", newest, "--why", "ended", *acme)
    assert "withdrawn" in world.shell.run("disclosure", "list", world.supplier, code=1).stdout


def test_a_program_and_a_wrong_code_are_refused_before_anything_is_sent(world: World) -> None:
    program = paper(world.folder, EXECUTABLE)
    acme = ("--token-file", world.token("Acme"))
    refused = world.shell.run("disclosure", "publish", program, *LICENCE, *DAYS, *acme, code=1)
    assert "paper_type" in refused.stderr
    wrong = [*LICENCE[:-1], "91350100M000100Y44"]
    refused = world.shell.run(
        "disclosure", "publish", paper(world.folder, pdf()), *wrong, *DAYS, *acme, code=1
    )
    assert "credit_code_check_failed" in refused.stderr
    assert world.shell.json("disclosure", "list", world.supplier, code=1)["disclosures"] == []
