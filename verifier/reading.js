// Step 0, first half: untrusted bytes into a bundle, or a refusal that says where (FORMATS §10).
// Refusals name the place in the file and never its content: a bundle may hold the key.
import { fromBase64, fromHex } from "./bytes.js";
import { decodeEntry } from "./entries.js";
import { Refused } from "./errors.js";
import { parseCanonical } from "./json.js";
import { requireDetails, requireDomain, requireManifest } from "./manifest.js";
import { ED25519, parseCheckpoint, parseKey, parseNote } from "./notes.js";

export const BUNDLE_TYPE = "card-key-provenance/proof/v1";
export const MAX_BUNDLE_SIZE = 16 * 1024 * 1024;
const MAX_ENTRIES = 10_000;
const MAX_PATH = 64;
const MAX_RANGES = 1_024;
const MAX_KEY_TEXT = 1_024; // bytes of UTF-8 of a serial or a secret
const CONTROL = /[\x00-\x1f\x7f-\x9f]/;
const MEMBERS = ["type", "network", "log", "batch", "key", "custody", "parties", "beacons", "state", "checkpoint",
  "anchors", "state_proof", "hints"];
const PLACED = ["index", "entry", "path"];

/** Parse a bundle strictly; throws Refused with the place and a code. */
export async function readBundle(raw) {
  const top = new Cursor(parseCanonical(raw, MAX_BUNDLE_SIZE), "");
  if (!top.isObject() || top.value.type !== BUNDLE_TYPE) {
    throw new Refused("bundle_version", `not a proof of type ${BUNDLE_TYPE}`);
  }
  const at = top.members(...MEMBERS);
  const bundle = {
    network: domain(at.network),
    log: await log(at.log),
    batch: batch(at.batch),
    key: key(at.key),
    custody: at.custody.each(logged, MAX_ENTRIES),
    parties: at.parties.each(logged, MAX_ENTRIES),
    beacons: at.beacons.each(beacon, MAX_ENTRIES),
    state: at.state.maybe(state),
    note: at.checkpoint.within((text) => parseNote(text), at.checkpoint.text()),
    anchors: at.anchors.each(anchor, MAX_ENTRIES),
    stateProof: at.state_proof.maybe(stateProof),
    hints: hints(at.hints),
  };
  bundle.head = at.checkpoint.within((text) => parseCheckpoint(text), bundle.note.text);
  return bundle;
}

/** A value of unknown shape and the place where it stands. */
class Cursor {
  constructor(value, where) {
    this.value = value;
    this.where = where;
  }

  isObject() {
    return this.value !== null && typeof this.value === "object" && !Array.isArray(this.value);
  }

  /** Exactly these members; one too many is as wrong as one too few. */
  members(...names) {
    const found = this.isObject() ? Object.keys(this.value) : [];
    if (!this.isObject() || found.length !== names.length || !names.every((name) => name in this.value)) {
      throw this.refused(`an object with the members ${names.join(", ")}, and no others`);
    }
    const prefix = this.where && `${this.where}.`;
    return Object.fromEntries(names.map((name) => [name, new Cursor(this.value[name], prefix + name)]));
  }

  each(read, most) {
    if (!Array.isArray(this.value)) throw this.refused("a list");
    if (this.value.length > most) throw this.refused(`at most ${most} items`);
    return this.value.map((item, position) => read(new Cursor(item, `${this.where}[${position}]`)));
  }

  maybe(read) {
    return this.value === null ? null : read(this);
  }

  integer() {
    if (!Number.isSafeInteger(this.value) || this.value < 0) {
      throw this.refused("an integer from 0 to 2^53-1");
    }
    return this.value;
  }

  text() {
    if (typeof this.value !== "string") throw this.refused("a string");
    return this.value;
  }

  bytes(size, prefix) {
    return this.within((text) => fromHex(text, size, prefix), this.text());
  }

  hash() {
    return this.bytes(32);
  }

  /** 20 bytes in hex after 0x, kept as that text. */
  address() {
    this.bytes(20, "0x");
    return this.value.slice(2);
  }

  entry() {
    return this.within((text) => decodeEntry(fromBase64(text)), this.text());
  }

  path() {
    return this.each((item) => item.hash(), MAX_PATH);
  }

  /** What `make` makes of `value`; its refusals gain the place. */
  within(make, value) {
    try {
      return make(value);
    } catch (error) {
      throw error instanceof Refused ? this.located(error.code, error.message) : error;
    }
  }

  refused(expected) {
    return this.located("bundle_malformed", `expected ${expected}`);
  }

  located(code, message) {
    return new Refused(code, `${this.where || "bundle"}: ${message}`);
  }
}

function domain(cursor) {
  const at = cursor.members("chain_id", "registry");
  const read = { chain_id: at.chain_id.integer(), registry: at.registry.address() };
  cursor.within(requireDomain, read);
  return read;
}

async function log(cursor) {
  const at = cursor.members("origin", "key");
  const origin = at.origin.text();
  let key;
  try {
    key = await parseKey(at.key.text());
  } catch (error) {
    throw error instanceof Refused ? at.key.located(error.code, error.message) : error;
  }
  if (key.kind !== ED25519 || key.name !== origin) throw cursor.refused("log.key to bear the log's origin");
  return { origin, key };
}

function batch(cursor) {
  const at = cursor.members("manifest", "details", "domain", "signature");
  const of = at.manifest.members("supplier", "root", "size", "max_uses", "expires_at", "details");
  const manifest = {
    supplier: of.supplier.address(),
    root: of.root.hash() && of.root.value,
    size: of.size.integer(),
    max_uses: of.max_uses.integer(),
    expires_at: of.expires_at.integer(),
    details: of.details.hash() && of.details.value,
  };
  at.manifest.within(requireManifest, manifest);
  at.details.within(requireDetails, at.details.value);
  const signature = at.signature.bytes(65, "0x");
  return { manifest, details: at.details.value, domain: domain(at.domain), signature };
}

function key(cursor) {
  const at = cursor.members("index", "leaf", "path", "opening", "use");
  return {
    index: at.index.integer(),
    leaf: at.leaf.hash(),
    path: at.path.path(),
    opening: at.opening.maybe(opening),
    use: at.use.maybe((use) => use.hash()),
  };
}

function opening(cursor) {
  const at = cursor.members("salt", "serial", "secret");
  const read = { salt: at.salt.bytes(16), serial: at.serial.text(), secret: at.secret.text() };
  for (const text of [read.serial, read.secret]) {
    // A line feed inside would let one identity be read as two different keys.
    const fits = new TextEncoder().encode(text).length <= MAX_KEY_TEXT && !CONTROL.test(text);
    if (!fits) throw cursor.refused("bounded text without controls");
  }
  return read;
}

function placed(at) {
  return { index: at.index.integer(), entry: at.entry.entry(), path: at.path.path() };
}

function logged(cursor) {
  const at = cursor.members(...PLACED, "details");
  return { ...placed(at), details: at.details.maybe(details) };
}

function details(cursor) {
  const at = cursor.members("salt", "value");
  if (!at.value.isObject()) throw at.value.refused("an object");
  return { salt: at.salt.bytes(16), value: at.value.value };
}

function beacon(cursor) {
  const at = cursor.members(...PLACED, "header");
  return { ...placed(at), header: at.header.maybe((header) => header.bytes()) };
}

function state(cursor) {
  const at = cursor.members(...PLACED, "record_path", "ranges", "batch_position", "batches", "batch_path");
  return {
    ...placed(at),
    recordPath: at.record_path.path(),
    ranges: at.ranges.each((item) => item.entry(), MAX_RANGES),
    batchPosition: at.batch_position.integer(),
    batches: at.batches.integer(),
    batchPath: at.batch_path.path(),
  };
}

function anchor(cursor) {
  const at = cursor.members("size", "root", "consistency", "time");
  return {
    size: at.size.integer(),
    root: at.root.hash(),
    consistency: at.consistency.path(),
    time: at.time.integer(),
  };
}

function stateProof(cursor) {
  const at = cursor.members("header", "account", "storage");
  if (!at.storage.isObject()) throw at.storage.refused("an object of slots");
  const nodes = (list) => list.each((node) => node.bytes(), MAX_PATH);
  const storage = new Map();
  for (const [slot, proof] of Object.entries(at.storage.value)) {
    new Cursor(slot, at.storage.where).hash();
    storage.set(slot, nodes(new Cursor(proof, at.storage.where)));
  }
  return { header: at.header.bytes(), account: nodes(at.account), storage };
}

function hints(cursor) {
  const at = cursor.members("batch_transaction", "anchor_transactions");
  const hash = (item) => item.bytes(32, "0x") && item.value;
  return { batch: at.batch_transaction.maybe(hash), anchors: at.anchor_transactions.each(hash, MAX_ENTRIES) };
}
