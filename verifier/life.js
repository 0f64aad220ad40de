// Steps 9 and 10 of FORMATS §10: custody lawful and inside its time brackets, and nothing left out.
import { concat, equal, fromHex } from "./bytes.js";
import { accept } from "./custody.js";
import { covers, partyNumber } from "./entries.js";
import { rejecting } from "./errors.js";
import { boundText } from "./evidence.js";
import { chainLink, leafHash } from "./hashes.js";
import { newKey, stateOf } from "./lives.js";
import { requireShape, rootFromInclusion, verifyEntry } from "./merkle.js";
import { Parties } from "./parties.js";
import { reject } from "./run.js";
import { countBelow } from "./search.js";

const TOLERANCE_MS = 120_000n; // block times are rough, and clocks drift
const BUYER_ACTS = ["REDEEM", "REINSTATE", "CORRECTION"];

/** Step 9, first part: the entries are one lawful life, by admitted parties. */
export async function checkCustody(run) {
  const { batch, custody, key, parties: listed } = run.bundle;
  for (const [position, { entry }] of listed.entries()) {
    if (!Parties.isAbout(entry)) {
      throw reject(9, `parties[${position}] is not a PARTY entry about an address`);
    }
  }
  const { supplier, size, max_uses: maxUses, expires_at: expiresAt } = batch.manifest;
  const parties = new Parties(listed);
  const uses = new Set();
  let life = newKey({ batchId: run.batchId, supplier, size, maxUses, expiresAt }, key.index);
  for (const [position, { index, entry }] of custody.entries()) {
    life = await rejecting(9, `custody[${position}]`, () => accept(life, { index, entry }, parties));
    const isBuyer = BUYER_ACTS.includes(entry.type) && uses.has(entry.actor);
    if (!isBuyer && !parties.isAdmitted(entry.actor, index)) {
      throw reject(9, `custody[${position}]: parties do not show its actor admitted then`);
    }
    if (entry.type === "SELL") uses.add(entry.party);
  }
  if (!custody.length) throw reject(9, "custody starts with the COMMISSION of the batch; there is none");
  run.custody = life;
  run.established(9, "custody", { count: custody.length, state: stateOf(life) });
}

/** Step 9, last part: every entry's time lies in its bracket; the timeline with what is known of it. */
export function checkBrackets(run) {
  const brackets = new Brackets(run);
  for (const [name, section] of run.sections()) {
    for (const [position, placed] of section.entries()) {
      requireInside(`${name}[${position}]`, placed.entry.time, brackets.of(placed, name === "beacons"));
    }
  }
  run.timeline = run.bundle.custody.map((placed) => ({ ...placed, ...brackets.of(placed) }));
  reportBrackets(run);
}

/** The bounds of every place in the log, looked up by bisection: a bundle may hold thousands of each. */
class Brackets {
  constructor(run) {
    const { anchors, beacons } = run.bundle;
    const sorted = [...beacons].sort((one, other) => one.index - other.index);
    this.blocks = sorted.map((beacon) => ({ at: beacon.index, bound: run.beaconBound(beacon) }));
    this.anchors = anchors.map((anchor) => ({ at: anchor.size, bound: run.anchorBound(anchor) }));
  }

  /** After the block of the last BEACON before it (a BEACON: its own); before the first size that holds it. */
  of({ index }, isBeacon = false) {
    const blocksBefore = countBelow(this.blocks, isBeacon ? index + 1 : index, (row) => row.at);
    const sizesBefore = countBelow(this.anchors, index + 1, (row) => row.at);
    const after = this.blocks[blocksBefore - 1]?.bound ?? null;
    return { after, before: this.anchors[sizesBefore]?.bound ?? null };
  }
}

function requireInside(where, time, { after, before }) {
  // A header is bound by its BEACON, so its time counts even where no node knows the block; the bundle's own
  // word for an anchor's time does not.
  if (after && after.time !== null && time < BigInt(after.time) * 1000n - TOLERANCE_MS) {
    throw reject(9, `${where}: its time is before ${boundText(after)}, which it comes after`);
  }
  if (before && before.checked && time > BigInt(before.time) * 1000n + TOLERANCE_MS) {
    throw reject(9, `${where}: its time is after ${boundText(before)}, which it comes before`);
  }
}

function reportBrackets(run) {
  const total = run.timeline.length;
  const lower = run.timeline.filter(({ after }) => after?.checked).length;
  const upper = run.timeline.filter(({ before }) => before?.checked).length;
  if (lower) run.established(9, "lower", { count: lower });
  if (upper) run.established(9, "upper", { count: upper });
  if (lower < total) run.notChecked(9, "lower_unread", "no_block_before", { count: total - lower });
  if (upper < total) run.notChecked(9, "upper_unread", "no_anchor_after", { count: total - upper });
}

/** Step 10: the custody shown is all there is, by the STATE entry before the checkpoint. */
export async function checkCompleteness(run) {
  const { state } = run.bundle;
  if (!state) {
    run.completeness = "completeness not checked (no state)";
    return run.notChecked(10, "completeness", "no_state");
  }
  await requireStateEntry(run, state);
  const { custody, key } = run.bundle;
  for (const entry of state.ranges) {
    if (!entry.isRange || entry.subject !== run.batchId) {
      throw reject(10, "state.ranges has an entry that is no range entry of the batch");
    }
  }
  const covering = state.ranges.filter((entry) => covers(entry, key.index));
  const shown = custody.map(({ entry }) => entry).filter((entry) => entry.isRange);
  if (covering.length !== shown.length || !covering.every((entry, at) => equal(entry.raw, shown[at].raw))) {
    throw reject(10, "the range entries of custody are not those of state.ranges that cover the key");
  }
  await rejecting(10, "the entries do not add up to the state root", () => verifyState(run, state));
  const by = run.replayers.join(", ");
  run.completeness = `complete by STATE, replayed by ${by || "nobody"}`;
  run.established(10, "complete", { by });
}

async function requireStateEntry(run, { index, entry, batches }) {
  if (entry.type !== "STATE" || index !== run.bundle.head.size - 1) {
    throw reject(10, "state is not the STATE entry at the end of the checkpoint");
  }
  const named = await rejecting(10, "the STATE entry", () => partyNumber(entry));
  if (entry.number !== BigInt(index) || named !== BigInt(batches)) {
    throw reject(10, "the STATE entry names another index or number of batches");
  }
}

/** FORMATS §6: record → keys_root → the batch's leaf → state root. */
async function verifyState(run, state) {
  const { batch, custody, key } = run.bundle;
  requireShape(key.index, batch.manifest.size, state.recordPath);
  requireShape(state.batchPosition, state.batches, state.batchPath);
  const singles = custody.map(({ entry }) => entry).filter((entry) => !entry.isRange);
  const record = await leafHash(await chain(singles));
  const keysRoot = await rootFromInclusion(record, key.index, batch.manifest.size, state.recordPath);
  const leaf = concat(fromHex(run.batchId), await chain(state.ranges), keysRoot);
  await verifyEntry(leaf, state.batchPosition, state.batches, state.batchPath, fromHex(state.entry.subject));
}

async function chain(entries) {
  let link = new Uint8Array(32);
  for (const { raw } of entries) link = await chainLink(link, raw);
  return link;
}
