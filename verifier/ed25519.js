// Ed25519 (RFC 8032), strict: no small-order or non-canonical key, s below the group order, and the equation
// without a cofactor, so that every verifier gives one answer even for keys made to make them differ.
import { ed25519 } from "@noble/curves/ed25519.js";
import { sha512 } from "@noble/hashes/sha2.js";
import { concat, equal } from "./bytes.js";
import { Refused } from "./errors.js";

const FIELD = 2n ** 255n - 19n;
const GROUP_ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
// y of the eight points of small order: under such a key one signature fits many messages.
const SMALL_ORDER_Y = [
  0n,
  1n,
  FIELD - 1n,
  0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n,
  0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n,
];
const subtle = globalThis.crypto?.subtle;

/** Whether 32 bytes may be a public key: canonical, and not of small order. */
export function isAllowedKey(key) {
  const y = yOf(key);
  return y < FIELD && !SMALL_ORDER_Y.includes(y);
}

/** Succeeds if `signature` is by `key` over `message`; throws Refused (signature_invalid). */
export async function verifyEd25519(key, message, signature, { library = false } = {}) {
  if (signature.length !== 64 || littleEndian(signature.subarray(32)) >= GROUP_ORDER) {
    throw new Refused("signature_invalid", "an Ed25519 signature has 64 bytes and a reduced s");
  }
  // Platforms differ on a commitment R of small order (Web Cryptography has them refuse it, RFC 8032 does
  // not): there, and on platforms without Ed25519, the equation is computed here.
  const isOdd = !isAllowedKey(signature.subarray(0, 32));
  const platform = library || isOdd ? null : await importKey(key);
  const isValid = platform
    ? await subtle.verify("Ed25519", platform, signature, message)
    : holds(key, message, signature);
  if (!isValid) {
    throw new Refused("signature_invalid", "the Ed25519 signature is not by that key over that text");
  }
}

async function importKey(key) {
  try {
    return await subtle.importKey("raw", key, "Ed25519", false, ["verify"]);
  } catch {
    return null; // no WebCrypto here, none with Ed25519, or a key that is no point: holds() tells
  }
}

/** R = s·B − H(R ‖ A ‖ M)·A, compared as bytes (RFC 8032 §5.1.7, the equation without the cofactor). */
function holds(key, message, signature) {
  const { Point } = ed25519;
  let point;
  try {
    point = Point.fromBytes(key);
  } catch {
    return false; // no point of the curve
  }
  const challenge = littleEndian(sha512(concat(signature.subarray(0, 32), key, message))) % GROUP_ORDER;
  const s = littleEndian(signature.subarray(32));
  const commitment = Point.BASE.multiplyUnsafe(s).subtract(point.multiplyUnsafe(challenge));
  return equal(commitment.toBytes(), signature.subarray(0, 32));
}

const yOf = (key) => littleEndian(key) & (2n ** 255n - 1n);

function littleEndian(bytes) {
  return bytes.reduceRight((number, byte) => (number << 8n) | BigInt(byte), 0n);
}
