// Steps 1 to 6 and 8 of FORMATS §10: this key, this batch, this supplier, this log.
import { concat, equal, fromHex, toHex, utf8, ZERO_HASH } from "./bytes.js";
import { commitDetails, useParty } from "./entries.js";
import { Refused, rejecting } from "./errors.js";
import { leafHash } from "./hashes.js";
import { batchId, detailsHash, verifySupplier } from "./manifest.js";
import { verifyConsistency, verifyEntry, verifyInclusion } from "./merkle.js";
import { isBy, verifyCosignature, verifyNote } from "./notes.js";
import { reject } from "./run.js";

const AT_A_TIME = 64;

/** Step 1: the leaf is rebuilt from the key; the use is that of a sale in custody. */
export async function checkLeaf(run) {
  const { key, batch } = run.bundle;
  if (key.opening) {
    const identity = `${batch.details.format}\n${key.opening.serial}\n${key.opening.secret}`;
    if (!equal(await leafOf(key.opening.salt, identity), key.leaf)) {
      throw reject(1, "the key opened in the bundle does not give its leaf");
    }
    run.established(1, "opening");
  }
  await checkCardKey(run);
  await checkUse(run);
}

async function checkCardKey(run) {
  const { key } = run.bundle;
  const { cardKey, salt = key.opening?.salt } = run.reader;
  if (!cardKey) return run.notChecked(1, "card_key", "no_card_key");
  if (!salt) return run.notChecked(1, "card_key", "no_salt");
  const identity = `${cardKey.format_id}\n${cardKey.serial}\n${cardKey.secret}`;
  if (!equal(await leafOf(salt, identity), key.leaf)) {
    throw reject(1, "the leaf is not that of the key the reader holds");
  }
  run.established(1, "card_key");
}

async function checkUse(run) {
  const { custody, key } = run.bundle;
  if (!key.use) return run.notChecked(1, "use", "no_use");
  const party = await useParty(key.use);
  if (!custody.some(({ entry }) => entry.type === "SELL" && entry.party === party)) {
    throw reject(1, "the buyer's use belongs to no sale in custody");
  }
  run.established(1, "use");
}

const leafOf = (salt, identity) => leafHash(concat(salt, utf8(identity)));

/** Step 2: the leaf stands at its index under the batch root. */
export async function checkInclusion(run) {
  const { key, batch } = run.bundle;
  const { root, size } = batch.manifest;
  await rejecting(2, "the leaf is not in the batch", () =>
    verifyInclusion(key.leaf, key.index, size, key.path, fromHex(root)),
  );
  run.established(2, "inclusion", { index: key.index, size });
}

/** Step 3: the details hash into the manifest, and the supplier signed it for `batch.domain`. */
export async function checkManifest(run) {
  const { manifest, details, domain, signature } = run.bundle.batch;
  if (toHex(await detailsHash(details)) !== manifest.details) {
    throw reject(3, "the batch's details are not those of its manifest");
  }
  await rejecting(3, "the supplier's signature", () => verifySupplier(manifest, domain, signature));
  run.batchId = toHex(batchId(manifest));
  run.established(3, "supplier", { batch: run.batchId, supplier: manifest.supplier });
}

/** Step 4: every entry stands at its index under the checkpoint's root. */
export async function checkEntries(run) {
  const { size, root } = run.bundle.head;
  const checks = run.sections().flatMap(([name, section]) =>
    section.map(({ entry, index, path }, position) => () =>
      rejecting(4, `${name}[${position}] is not in the log`, () =>
        verifyEntry(entry.raw, index, size, path, root),
      ),
    ),
  );
  await inOrder(checks);
  run.established(4, "entries", { count: checks.length, size });
}

/** Some checks at a time, since the platform hashes beside us; the first in order that fails is the answer. */
async function inOrder(checks) {
  for (let at = 0; at < checks.length; at += AT_A_TIME) {
    const outcomes = await Promise.allSettled(checks.slice(at, at + AT_A_TIME).map((check) => check()));
    const failed = outcomes.find((outcome) => outcome.status === "rejected");
    if (failed) throw failed.reason;
  }
}

/** Step 5: the log signed the checkpoint, and enough witnesses cosigned it. */
export async function checkSignatures(run) {
  const { head, log, note } = run.bundle;
  if (head.origin !== log.origin) throw reject(5, "the checkpoint is of another log");
  await rejecting(5, "the checkpoint", () => verifyNote(note, log.key, run.reader.ed25519));
  if (run.reader.logKey) run.established(5, "checkpoint", { size: head.size, origin: log.origin });
  else run.notChecked(5, "log_key", "bundle_log_key");
  await checkWitnesses(run);
}

async function checkWitnesses(run) {
  const { witnesses = [], witnessThreshold = 0 } = run.reader;
  const { note } = run.bundle;
  const signed = [];
  for (const witness of witnesses) {
    if (!note.signatures.some((line) => isBy(line, witness.key))) continue;
    await rejecting(5, `the cosignature of ${witness.key.name}`, () =>
      verifyCosignature(note, witness.key, run.reader.ed25519),
    );
    signed.push(witness);
  }
  if (signed.length < witnessThreshold) {
    const missing = `${signed.length} of the ${witnessThreshold} cosignatures that the reader asks for`;
    throw reject(5, `the checkpoint bears ${missing}`, "signature_invalid");
  }
  run.replayers = signed.filter((witness) => witness.replays).map((witness) => witness.key.name);
  const names = signed.map((witness) => witness.key.name).join(", ");
  if (names) run.established(5, "cosigned", { names });
  else run.notChecked(5, "witnesses", witnesses.length ? "no_witness_signed" : "no_witness_keys");
}

/** Step 6: the anchored sizes grow, each is a prefix of the checkpoint, and the last is the checkpoint. */
export async function checkAnchors(run) {
  const { anchors, head } = run.bundle;
  let previous = 0;
  for (const [position, { size, root, consistency }] of anchors.entries()) {
    if (size <= previous) throw reject(6, `anchors[${position}] is not larger than the one before`);
    previous = size;
    await rejecting(6, `anchors[${position}] is not a prefix of the checkpoint`, () =>
      verifyConsistency(size, root, head.size, head.root, consistency),
    );
  }
  if (anchors.length && previous !== head.size) throw reject(6, "the last anchor is not the checkpoint");
  if (anchors.length) run.established(6, "anchors", { count: anchors.length });
  else run.notChecked(6, "anchor_none", "pending");
}

/** Step 8: what is opened is what was committed to. */
export async function checkDetails(run) {
  const sections = run.sections().filter(([name]) => name === "custody" || name === "parties");
  let [opened, sealed] = [0, 0];
  for (const [name, section] of sections) {
    for (const [position, { entry, details }] of section.entries()) {
      if (details) {
        await requireDetails(`${name}[${position}]`, entry, details);
        opened += 1;
      } else if (entry.detail !== ZERO_HASH) sealed += 1;
    }
  }
  if (opened) run.established(8, "details", { count: opened });
  if (sealed || !opened) run.notChecked(8, "details_sealed", "sealed", { sealed });
}

function requireDetails(where, entry, { salt, value }) {
  return rejecting(8, where, async () => {
    if ((await commitDetails(salt, value)) === entry.detail) return;
    throw new Refused("proof_rejected", "the opened details are not those committed to");
  });
}
