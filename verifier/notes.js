// Signed notes, checkpoints and cosignatures (C2SP signed-note, tlog-checkpoint, tlog-cosignature).
// A note's text means nothing until a key brought from outside has verified it.
import { concat, equal, fromBase64, toHex, toNumber, utf8 } from "./bytes.js";
import { isAllowedKey, verifyEd25519 } from "./ed25519.js";
import { Refused } from "./errors.js";
import { sha256 } from "./hashes.js";

export const ED25519 = 1;
export const COSIGNATURE = 4;
const MAX_NOTE_SIZE = 64 * 1024;
const MAX_SIGNATURES = 16;
const VERIFIER_KEY = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/;
const SIGNATURE_LINE = /^— ([^ ]+) ([A-Za-z0-9+/=]+)$/;
const CONTROL = /[\x00-\x09\x0b-\x1f]/;
const SIZE = /^(?:0|[1-9][0-9]{0,15})$/;
const NAME = /^[^+\p{C}\p{Z}]+$/u;

/** Read `name+hash+base64` to {name, public, kind, keyId}; throws Refused (note_key_malformed). */
export async function parseKey(text) {
  const match = VERIFIER_KEY.exec(text);
  if (match === null) throw badKey("a verifier key is name+hash+base64");
  const [, name, hash, spelt] = match;
  const material = orElse(() => fromBase64(spelt), badKey, "the key material is not strict base64");
  const [kind, key] = [material[0], material.slice(1)];
  if (!NAME.test(name)) throw badKey("a key name is not empty and has neither white space nor plus");
  if (kind !== ED25519 && kind !== COSIGNATURE) throw badKey(`signature type ${kind} is not known`);
  if (key.length !== 32) throw badKey("an Ed25519 public key has 32 bytes");
  if (!isAllowedKey(key)) throw badKey("the Ed25519 key is of small order or not canonically encoded");
  const keyId = (await sha256(concat(utf8(`${name}\n`), Uint8Array.of(kind), key))).slice(0, 4);
  if (toHex(keyId) !== hash) throw badKey("the hash in the verifier key is not that of its name and key");
  return { name, public: key, kind, keyId, text };
}

/** Read a note to {text, signatures: [{name, keyId, signature}]}, none verified (note_malformed). */
export function parseNote(note) {
  if (utf8(note).length > MAX_NOTE_SIZE) throw badNote(`a note has at most ${MAX_NOTE_SIZE} bytes`);
  const split = note.lastIndexOf("\n\n");
  if (split < 0 || !note.endsWith("\n")) {
    throw badNote("a note is a text, an empty line, and signature lines");
  }
  const text = note.slice(0, split + 1);
  const rest = note.slice(split + 2);
  const lines = (rest.endsWith("\n") ? rest.slice(0, -1) : rest).split("\n");
  if (lines.length > MAX_SIGNATURES) throw badNote(`a note has 1 to ${MAX_SIGNATURES} signatures`);
  const signatures = lines.map(parseSignature);
  if (CONTROL.test(text)) {
    throw badNote("a note's text ends in a newline and has no other control characters");
  }
  return { text, signatures };
}

/** Read the three lines of a checkpoint to {origin, size, root}; throws Refused (note_malformed). */
export function parseCheckpoint(text) {
  const lines = text.split("\n");
  if (lines.length !== 4 || lines[3] !== "" || !SIZE.test(lines[1])) {
    throw badNote("a checkpoint is three lines: origin, size, base64 root");
  }
  const [origin, digits, spelt] = lines;
  const size = Number(digits);
  const root = orElse(() => fromBase64(spelt), badNote, "the root is not strict base64");
  if (!NAME.test(origin)) throw badNote("the origin of a checkpoint is a name without white space or plus");
  if (!Number.isSafeInteger(size) || root.length !== 32) {
    throw badNote("a checkpoint has a size of at most 2^53-1 and a root of 32 bytes");
  }
  return { origin, size, root };
}

/** Whether a signature line names `key`; says nothing about its being valid. */
export const isBy = (line, key) => line.name === key.name && equal(line.keyId, key.keyId);

/** Succeeds if `key` signed the note: every line that names it must verify. */
export async function verifyNote(note, key, options) {
  for (const line of linesBy(note, key, ED25519)) {
    await verifyEd25519(key.public, utf8(note.text), line.signature, options);
  }
}

/** Succeeds if witness `key` cosigned the note (tlog-cosignature v1). */
export async function verifyCosignature(note, key, options) {
  for (const { signature } of linesBy(note, key, COSIGNATURE)) {
    if (signature.length !== 72) throw unsigned("a cosignature has 72 bytes");
    const message = `cosignature/v1\ntime ${toNumber(signature.slice(0, 8))}\n${note.text}`;
    await verifyEd25519(key.public, utf8(message), signature.slice(8), options);
  }
}

function linesBy(note, key, kind) {
  if (key.kind !== kind) throw unsigned(`a key of type ${key.kind} does not make signatures of type ${kind}`);
  const lines = note.signatures.filter((line) => isBy(line, key));
  if (!lines.length) throw unsigned(`the note bears no signature by ${key.name}+${toHex(key.keyId)}`);
  return lines;
}

function parseSignature(line) {
  const match = SIGNATURE_LINE.exec(line);
  if (match === null || !NAME.test(match[1])) {
    throw badNote("a signature line is an em dash, a key name and base64");
  }
  const data = orElse(() => fromBase64(match[2]), badNote, "a signature is not strict base64");
  if (data.length < 5) throw badNote("a signature starts with a 4-byte key id");
  return { name: match[1], keyId: data.slice(0, 4), signature: data.slice(4) };
}

function orElse(work, refuse, message) {
  try {
    return work();
  } catch (error) {
    throw error instanceof Refused ? refuse(message) : error;
  }
}

const badKey = (message) => new Refused("note_key_malformed", message);
const badNote = (message) => new Refused("note_malformed", message);
const unsigned = (message) => new Refused("signature_invalid", message);
