// A case of the shared corpus, asked of the JavaScript verifier; for Node and for browsers alike.
import { fromBase64, fromHex, utf8 } from "../../verifier/bytes.js";
import { parseKey, ProofRejected, verify } from "../../verifier/verify.js";

/** The answer to one case: verdict, and evidence or step, code and message. */
export async function answer(told, bases, ed25519 = {}) {
  try {
    const evidence = await verify(rawOf(told, bases), { ...(await readerOf(told.reader)), ed25519 });
    return { verdict: "accepted", evidence };
  } catch (error) {
    if (!(error instanceof ProofRejected)) return { crash: String(error.stack) };
    const { step, code, message } = error;
    return { verdict: "rejected", step, code, message };
  }
}

function rawOf(told, bases) {
  if (told.base64) return fromBase64(told.base64);
  const text = told.bundle ?? told.pieces?.map(([piece, times]) => piece.repeat(times)).join("");
  if (text !== undefined) return utf8(text);
  const value = JSON.parse(bases[told.base]);
  for (const [pointer, changed] of told.patch) apply(value, pointer, changed);
  return utf8(JSON.stringify(sorted(value)));
}

function apply(value, pointer, changed) {
  const last = pointer.at(-1);
  for (const name of pointer.slice(0, -1)) value = value[name];
  if (changed?.removed !== true) value[last] = structuredClone(changed);
  else if (Array.isArray(value)) value.splice(last, 1);
  else delete value[last];
}

function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.keys(value).sort().map((name) => [name, sorted(value[name])]));
}

async function readerOf(told) {
  const reader = {
    network: told.network && domainOf(told.network),
    logKey: told.log_key && (await parseKey(told.log_key)),
    witnesses: [],
    witnessThreshold: told.witness_threshold,
    cardKey: told.card_key,
    salt: told.salt && fromHex(told.salt),
    trustedBlockHash: told.trusted_block_hash && fromHex(told.trusted_block_hash),
    node: told.node && nodeOf(told.node),
    otherNodes: told.other_nodes?.map(({ domain, node }) => ({ domain: domainOf(domain), node: nodeOf(node) })),
  };
  for (const { key, replays } of told.witnesses ?? []) reader.witnesses.push({ key: await parseKey(key), replays });
  return reader;
}

function nodeOf({ chain_id: id, batches, checkpoints, blocks }) {
  return {
    chainId: async () => id,
    batch: async (name) => batches[name] ?? null,
    checkpoint: async (size) => checkpoints[size] ?? null,
    blockHeader: async (hash) => (blocks[hash] ? fromHex(blocks[hash]) : null),
  };
}

const domainOf = ({ chain_id, registry }) => ({ chain_id, registry: registry.slice(2) });
