// The shared corpus through the JavaScript verifier: one JSON answer a line, in the order of the cases.
// Usage: node run_corpus.mjs [library]; with "library" no signature is left to WebCrypto.
import { readFileSync } from "node:fs";
import { parseKey, ProofRejected, verify } from "../../verifier/verify.js";

const folder = new URL("../vectors/corpus/", import.meta.url);
const bases = JSON.parse(readFileSync(new URL("bases.json", folder), "utf8"));
const cases = readFileSync(new URL("cases.jsonl", folder), "utf8").trimEnd().split("\n");
const bytes = (hex) => new Uint8Array(Buffer.from(hex, "hex"));
const domainOf = ({ chain_id, registry }) => ({ chain_id, registry: registry.slice(2) });
const ed25519 = { library: process.argv[2] === "library" };

for (const line of cases) {
  const told = JSON.parse(line);
  process.stdout.write(`${JSON.stringify({ id: told.id, ...(await answer(told)) })}\n`);
}

async function answer(told) {
  const started = performance.now();
  try {
    const evidence = await verify(rawOf(told), { ...(await readerOf(told.reader)), ed25519 });
    return { verdict: "accepted", evidence };
  } catch (error) {
    if (!(error instanceof ProofRejected)) return { crash: String(error.stack) };
    const { step, code, message } = error;
    return { verdict: "rejected", step, code, message, milliseconds: performance.now() - started };
  }
}

function rawOf(told) {
  if (told.base64) return new Uint8Array(Buffer.from(told.base64, "base64"));
  const text = told.bundle ?? told.pieces?.map(([piece, times]) => piece.repeat(times)).join("");
  if (text !== undefined) return new Uint8Array(Buffer.from(text));
  const value = JSON.parse(bases[told.base]);
  for (const [pointer, changed] of told.patch) apply(value, pointer, changed);
  return new Uint8Array(Buffer.from(JSON.stringify(sorted(value))));
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
    salt: told.salt && bytes(told.salt),
    trustedBlockHash: told.trusted_block_hash && bytes(told.trusted_block_hash),
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
    blockHeader: async (hash) => (blocks[hash] ? bytes(blocks[hash]) : null),
  };
}
