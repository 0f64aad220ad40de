// Ethereum state without a node: block headers, RLP, Merkle-Patricia proofs (EIP-1186), the registry's slots.
// Every node must be needed and every byte canonical: a proof has one form (Yellow Paper, appendices B to D).
import { concat, equal, fromHex, fromNumber, toHex, toNumber } from "./bytes.js";
import { Refused } from "./errors.js";
import { keccak256 } from "./hashes.js";

const MAX_RLP_SIZE = 64 * 1024; // the largest trie node has 532 bytes, a header well under 2,000
const MAX_RLP_DEPTH = 8;
const HEADER_ITEMS = 15;
const BATCHES = 0;
const CHECKPOINTS = 1;

/** Read an RLP header of any fork to {hash, stateRoot, number, time}; throws Refused (header_malformed). */
export function parseHeader(raw) {
  let items;
  try {
    items = decodeRlp(raw);
  } catch (error) {
    throw error instanceof Refused ? badHeader("a block header is canonical RLP") : error;
  }
  if (!Array.isArray(items) || items.length < HEADER_ITEMS) {
    throw badHeader("a block header is a list of at least 15 items");
  }
  if (!isBytes(items[3]) || items[3].length !== 32) {
    throw badHeader("item 3 of a header is a 32-byte state root");
  }
  return { hash: keccak256(raw), stateRoot: items[3], number: small(items[8]), time: small(items[11]) };
}

/** The two storage slots of a batch, hex: its root, and time·2^32 + size (FORMATS §9). */
export const batchSlots = (batchId) => slots(batchId, BATCHES);

/** The two storage slots of an anchored size, hex: its root, and its time. */
export const checkpointSlots = (size) => slots(fromNumber(size, 32), CHECKPOINTS);

/** The storage root of the account at `address` (20 bytes) under `stateRoot`. */
export function verifyAccount(stateRoot, address, proof) {
  const fields = decodeRlp(verifyTrie(stateRoot, keccak256(address), proof));
  if (!Array.isArray(fields) || fields.length !== 4) {
    throw invalid("an account is [nonce, balance, storageRoot, codeHash]");
  }
  if (!isBytes(fields[2]) || fields[2].length !== 32) throw invalid("an account's storage root has 32 bytes");
  return fields[2];
}

/** The 32-byte word in `slot` (hex), which is not zero. */
export function verifyStorage(storageRoot, slot, proof) {
  const word = decodeRlp(verifyTrie(storageRoot, keccak256(fromHex(slot)), proof));
  if (!isBytes(word) || word.length < 1 || word.length > 32 || word[0] === 0) {
    throw invalid("a storage word is 1 to 32 bytes without leading zeros");
  }
  return concat(new Uint8Array(32 - word.length), word);
}

/** The value at the hashed `key`; `proof` lists the nodes from the root down, embedded ones left out. */
export function verifyTrie(root, key, proof) {
  let nibbles = nibblesOf(key);
  const pending = [...proof].reverse();
  let child = root;
  let isLeaf = false;
  while (!isLeaf) {
    const node = Array.isArray(child) ? child : load(child, pending);
    ({ child, nibbles, isLeaf } = descend(node, nibbles));
  }
  if (pending.length) throw invalid("the proof has more nodes than the way to the key");
  if (!isBytes(child)) throw invalid("a leaf holds a byte string");
  return child;
}

/** Decode one canonical RLP item: bytes, or an array of items; throws Refused (state_proof_invalid). */
export function decodeRlp(raw) {
  if (raw.length > MAX_RLP_SIZE) throw invalid(`an RLP item has at most ${MAX_RLP_SIZE} bytes`);
  const [item, end] = decode(raw, 0, 0);
  if (end !== raw.length) throw invalid("bytes after the RLP item");
  return item;
}

function slots(key, mapping) {
  const first = keccak256(concat(key, fromNumber(mapping, 32)));
  return [toHex(first), toHex(fromNumber((toNumber(first) + 1n) % 2n ** 256n, 32))];
}

function load(reference, pending) {
  if (reference.length !== 32) throw invalid("the trie holds nothing at that key");
  if (!pending.length) throw invalid("a node of the way is missing");
  const raw = pending.pop();
  if (!equal(keccak256(raw), reference)) throw invalid("a node does not have the hash its parent names");
  const node = decodeRlp(raw);
  if (!Array.isArray(node)) throw invalid("a trie node is a list");
  return node;
}

function descend(node, nibbles) {
  if (node.length === 17 && nibbles.length) {
    // Hashed keys are of one length: none ends in a branch.
    return { child: node[nibbles[0]], nibbles: nibbles.slice(1), isLeaf: false };
  }
  if (node.length !== 2) throw invalid("a trie node on the way has 2 or 17 items");
  const { way, isLeaf } = compact(node[0]);
  const fits = way.every((nibble, at) => nibbles[at] === nibble);
  if (!fits || (isLeaf && way.length !== nibbles.length)) throw invalid("the trie holds nothing at that key");
  if (!isLeaf && !way.length) throw invalid("an extension skips at least one nibble");
  return { child: node[1], nibbles: nibbles.slice(way.length), isLeaf };
}

/** Nibbles and leaf flag of a hex-prefix path. */
function compact(encoded) {
  if (!isBytes(encoded) || !encoded.length || encoded[0] >> 4 > 3) {
    throw invalid("a node's path is hex-prefix encoded");
  }
  const [isOdd, isLeaf] = [Boolean(encoded[0] & 0x10), Boolean(encoded[0] & 0x20)];
  if (!isOdd && encoded[0] & 15) throw invalid("an even path is padded with zero");
  return { way: nibblesOf(encoded).slice(isOdd ? 1 : 2), isLeaf };
}

function decode(raw, at, depth) {
  if (at >= raw.length || depth > MAX_RLP_DEPTH) throw invalid("the RLP is cut off or nested too deep");
  const lead = raw[at];
  if (lead < 0x80) return [raw.slice(at, at + 1), at + 1];
  const [start, end] = payload(raw, at, lead);
  if (lead < 0xc0) {
    if (end - start === 1 && raw[start] < 0x80) throw invalid("a small byte is its own RLP");
    return [raw.slice(start, end), end];
  }
  const items = [];
  let next = start;
  while (next < end) {
    const [item, after] = decode(raw, next, depth + 1);
    items.push(item);
    next = after;
  }
  if (next !== end) throw invalid("an RLP item reaches past its list");
  return [items, end];
}

function payload(raw, at, lead) {
  let start = at + 1;
  let length = lead - (lead < 0xc0 ? 0x80 : 0xc0);
  if (length > 55) {
    const digits = raw.slice(start, start + length - 55);
    const isWhole = digits.length === length - 55;
    const long = toNumber(digits);
    if (!digits.length || digits[0] === 0 || long <= 55n || !isWhole) {
      throw invalid("an RLP length is not canonical");
    }
    if (long > BigInt(raw.length)) throw invalid("the RLP is cut off");
    start += digits.length;
    length = Number(long);
  }
  if (start + length > raw.length) throw invalid("the RLP is cut off");
  return [start, start + length];
}

function small(item) {
  const fits = isBytes(item) && item.length <= 7 && item[0] !== 0;
  if (!fits || toNumber(item) > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw badHeader("number and time of a header are small integers");
  }
  return Number(toNumber(item));
}

const isBytes = (item) => item instanceof Uint8Array;
const nibblesOf = (bytes) => [...bytes].flatMap((byte) => [byte >> 4, byte & 15]);
const badHeader = (message) => new Refused("header_malformed", message);
const invalid = (message) => new Refused("state_proof_invalid", message);
