"""Act two: supplier files become anchored batches, and every bad line comes back with its reason."""

from __future__ import annotations

import io
from typing import Any, Final

from provenance.core.commitments import shuffled_order
from provenance.core.keyformats import format_by_id
from provenance.demo.caller import Answer
from provenance.demo.story import Step
from provenance.demo.world import RegisteredFile, Supplier, World, truth_of
from provenance.sample import SampleFile
from provenance.services.recompute import recompute_root

_ANY_TYPE: Final = "application/octet-stream"


def register(world: World) -> None:
    """Both suppliers register their files; then one tries to register a key of the other."""
    story = world.story
    story.act("Registration: keys become salted leaves of batches that their suppliers sign")
    for number, sample in enumerate(world.samples):
        supplier = world.suppliers[number % 2]
        with story.step(
            "{supplier} registers {file}", supplier=supplier.caller.name, file=sample.path.name
        ) as step:
            world.files.append(_register(supplier, sample, step))
    with story.step("every batch is anchored on the chain") as step:
        for file in world.files:
            world.operator.wait_for(f"/batches/{file.batch}", "an anchored batch", _is_anchored)
        step.show(batches=len(world.files), keys=sum(len(file.keys) for file in world.files))
    _refuse_the_others_key(world)


def _register(supplier: Supplier, sample: SampleFile, step: Step) -> RegisteredFile:
    data = sample.path.read_bytes()
    staged = _upload(supplier, sample, data).ok()
    rows = truth_of(sample)
    good = [row for row in rows if "code" not in row and "duplicate_of" not in row]
    bad = {row["line"] for row in rows} - {row["line"] for row in good}
    rejected = {row["line"] for row in staged["rejects"]}
    step.expect(rejected == bad, f"rejected lines {sorted(rejected ^ bad)[:5]} differ from the ground truth")
    counts = staged["counts"]
    step.expect(counts["accepted"] == len(good), "accepted keys differ from the ground truth")
    order = _sign(supplier, sample, staged, data, step)
    step.show(accepted=counts["accepted"], rejected=counts["rejected"], batch=staged["batch"])
    keys = tuple((good[rank]["serial"], good[rank]["secret"]) for rank in order(len(good)))
    return RegisteredFile(sample, staged["batch"], keys)


def _upload(supplier: Supplier, sample: SampleFile, data: bytes) -> Answer:
    return supplier.caller.upload(
        "/batches", data, _ANY_TYPE,
        format=sample.format_id, filename=sample.path.name, on_error="proceed",
        product=f"demo {sample.format_id}", face_value="50.00", supplier_reference=sample.path.stem,
    )  # fmt: skip


def _sign(supplier: Supplier, sample: SampleFile, staged: dict[str, Any], data: bytes, step: Step) -> Any:
    """Recompute the root from the file, sign, and hand the signature in; how indices follow from ranks."""
    seed = bytes.fromhex(staged["seed"])
    own = recompute_root(
        io.BytesIO(data), format_by_id(sample.format_id), seed,
        [row["line"] for row in staged["rejects"]], staged["shuffled"],
        filename=sample.path.name, content_type=_ANY_TYPE,
    )  # fmt: skip
    step.expect(own.root.hex() == staged["manifest"]["root"], "the supplier recomputes another root")
    signature = supplier.signer.sign_manifest_digest(bytes.fromhex(staged["digest"]))
    supplier.caller.put(f"/batches/{staged['batch']}/signature", {"signature": "0x" + signature.hex()}).ok()
    return (lambda n: shuffled_order(seed, n)) if staged["shuffled"] else range


def _is_anchored(batch: dict[str, Any]) -> bool:
    return batch["anchor"] in ("anchored", "final")


def _refuse_the_others_key(world: World) -> None:
    file = world.files[0]
    serial, secret = file.keys[0]
    thief, owner = world.suppliers[1].caller, world.suppliers[0].caller
    with world.story.step("a key that another supplier registered is refused, and both are told") as step:
        line = f"{serial}----{secret}" if serial else secret
        thief.post("/batches", {"format": file.format, "keys": [line]}).refused(422, "lines_rejected")
        alerts = [caller.get("/me/alerts").ok()["alerts"] for caller in (owner, thief)]
        step.expect(all(alerts), "an alert is missing")
        step.show(owner=alerts[0][-1]["kind"], other=alerts[1][-1]["kind"])
