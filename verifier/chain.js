// Step 7 of FORMATS §10: what the registry on the chain says of the batch, the anchors and the beacons.
// A node is an object the reader brings: async chainId(), batch(id), checkpoint(size), blockHeader(hash), with
// hex names and hex roots; null for what it does not hold.
import { equal, fromHex, toHex, toNumber } from "./bytes.js";
import { rejecting } from "./errors.js";
import { reject } from "./run.js";
import { batchSlots, checkpointSlots, parseHeader, verifyAccount, verifyStorage } from "./stateproof.js";

const STEP = 7;

/** Batch, anchors, headers of beacons, then their blocks. */
export async function checkChain(run) {
  const { anchors, beacons, network } = run.bundle;
  const { node } = run.reader;
  if (node && (await node.chainId()) !== network.chain_id) {
    throw reject(STEP, `the reader's node is not on chain ${network.chain_id}`, "chain_mismatch");
  }
  const sources = await sourcesOf(run);
  await checkBatch(run, sources);
  for (const [position, anchor] of anchors.entries()) await checkAnchor(run, sources, position, anchor);
  for (const [position, beacon] of beacons.entries()) await checkHeader(run, position, beacon);
  for (const beacon of beacons) await checkBlock(run, beacon);
}

/** The registry as one state proof shows it; an absent slot is a failed proof, for absence is never claimed. */
class ProvenRegistry {
  constructor(stateProof, registry, block) {
    this.root = verifyAccount(block.stateRoot, fromHex(registry), stateProof.account);
    this.storage = stateProof.storage;
  }

  batch(id) {
    const [root, second] = batchSlots(fromHex(id)).map((slot) => this.word(slot));
    const packed = toNumber(second);
    return { root: toHex(root), size: Number(packed & 0xffffffffn), time: packed >> 32n };
  }

  checkpoint(size) {
    const [root, time] = checkpointSlots(size).map((slot) => this.word(slot));
    return { root: toHex(root), time: toNumber(time) };
  }

  word(slot) {
    return verifyStorage(this.root, slot, this.storage.get(slot) ?? []);
  }
}

async function sourcesOf(run) {
  const { bundle, reader } = run;
  const sources = reader.node ? [reader.node] : [];
  if (!bundle.stateProof || !reader.trustedBlockHash) {
    if (bundle.stateProof) run.notChecked(STEP, "state_proof_unread", "no_trusted_block");
    if (reader.trustedBlockHash) run.notChecked(STEP, "trusted_block", "no_state_proof");
    return sources;
  }
  await rejecting(STEP, "the state proof", () => {
    const block = parseHeader(bundle.stateProof.header);
    if (!equal(block.hash, reader.trustedBlockHash)) {
      throw reject(STEP, "the state proof is not of the block that the reader trusts");
    }
    requireSlots(run);
    sources.push(new ProvenRegistry(bundle.stateProof, bundle.network.registry, block));
    run.established(STEP, "state_proof", { number: block.number });
  });
  return sources;
}

function requireSlots(run) {
  const { anchors, stateProof } = run.bundle;
  const wanted = new Set(anchors.flatMap((anchor) => checkpointSlots(anchor.size)));
  for (const slot of batchSlots(fromHex(run.batchId))) wanted.add(slot);
  if ([...stateProof.storage.keys()].some((slot) => !wanted.has(slot))) {
    throw reject(STEP, "the state proof has slots that are neither the batch's nor an anchor's");
  }
}

async function checkBatch(run, sources) {
  const { batch, network } = run.bundle;
  if (!isSame(batch.domain, network)) {
    const other = run.reader.otherNodes?.find((one) => isSame(one.domain, batch.domain))?.node;
    if (!other) return run.notChecked(STEP, "batch_unread", "other_registry");
    if ((await other.chainId()) !== batch.domain.chain_id) {
      throw reject(STEP, `the other node is not on chain ${batch.domain.chain_id}`, "chain_mismatch");
    }
    sources = [other];
  }
  if (!sources.length) {
    run.notChecked(STEP, "batch_unread", run.reader.trustedBlockHash ? "no_state_proof_short" : "no_chain");
  }
  for (const source of sources) await compareBatch(run, source);
}

async function compareBatch(run, source) {
  const { anchors, batch } = run.bundle;
  const found = await rejecting(STEP, "the batch's state proof", () => source.batch(run.batchId));
  if (!found && !anchors.length) run.notChecked(STEP, "batch_unread", "batch_pending");
  else if (!found) throw reject(STEP, "the registry does not hold the batch");
  else if (found.root !== batch.manifest.root || found.size !== batch.manifest.size) {
    throw reject(STEP, "the registry holds another root or size for the batch");
  } else run.established(STEP, "batch", { time: found.time });
}

async function checkAnchor(run, sources, position, { size, root }) {
  if (!sources.length) {
    const why = run.reader.trustedBlockHash ? "no_state_proof" : "no_chain";
    run.notChecked(STEP, "anchor_unread", why, { position, size });
  }
  for (const source of sources) {
    const where = `anchors[${position}]`;
    const found = await rejecting(STEP, `${where}: state proof`, () => source.checkpoint(size));
    if (!found) throw reject(STEP, `${where}: the registry holds no checkpoint of size ${size}`);
    if (found.root !== toHex(root)) {
      throw reject(STEP, `${where}: the registry holds another root at size ${size}`);
    }
    run.anchorTimes.set(size, found.time);
    run.established(STEP, "anchor", { size, time: found.time });
  }
}

async function checkHeader(run, position, beacon) {
  if (beacon.entry.type !== "BEACON") throw reject(STEP, `beacons[${position}] is not a BEACON`);
  if (!beacon.header) return;
  await rejecting(STEP, `beacons[${position}].header`, () => learnBlock(run, beacon, beacon.header));
  run.established(STEP, "header", { number: beacon.entry.number });
}

async function checkBlock(run, beacon) {
  const { entry, index } = beacon;
  const facts = { number: entry.number, index };
  if (!run.reader.node) return run.notChecked(STEP, "block_unread", "only_a_node", facts);
  const header = await run.reader.node.blockHeader(entry.subject);
  if (!header) return run.notChecked(STEP, "block_unread", "unknown_block", facts);
  await rejecting(STEP, `block ${entry.number} of the BEACON at ${index}`, () =>
    learnBlock(run, beacon, header),
  );
  run.knownBlocks.add(index);
  run.established(STEP, "block", facts);
}

function learnBlock(run, { entry, index }, header) {
  const block = parseHeader(header);
  if (toHex(block.hash) !== entry.subject) {
    throw reject(STEP, "the header is not that of the block the BEACON names");
  }
  if (BigInt(block.number) !== entry.number) {
    throw reject(STEP, "the header's number is not the one the BEACON names");
  }
  run.headerTimes.set(index, block.time);
}

const isSame = (one, other) => one.chain_id === other.chain_id && one.registry === other.registry;
