// What a supplier signs: the batch manifest as EIP-712 typed data, and who signed it (FORMATS §4).
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { concat, equal, fromHex, fromNumber, toNumber, utf8 } from "./bytes.js";
import { Refused } from "./errors.js";
import { keccak256, sha256 } from "./hashes.js";
import { encode } from "./json.js";

const CURVE_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const MAX_UINT32 = 2 ** 32 - 1;
const FORMAT_ID = /^[a-z0-9][a-z0-9-]{0,31}$/;
const MONEY = /^(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,8})?$/;
const CURRENCY = /^[A-Z]{3}$/;
const HASH = /^[0-9a-f]{64}$/;
const CONTROL = /[\x00-\x1f\x7f-\x9f\u2028\u2029]/;
const MAX_TEXT = 200;

const DETAILS = {
  format: (value) => FORMAT_ID.test(value),
  format_version: (value) => isInteger(value, 1, MAX_UINT32),
  product: isLine,
  face_value: (value) => MONEY.test(value),
  currency: (value) => CURRENCY.test(value),
  supplier_reference: isLine,
  source: (value) => HASH.test(value),
};

const typeHash = (text) => keccak256(utf8(text));
const DOMAIN_TYPE = typeHash("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
const MANIFEST_TYPE = typeHash(
  "BatchManifest(address supplier,bytes32 root,uint32 size,uint32 maxUses,uint64 expiresAt,bytes32 details)",
);
const NAMES = concat(typeHash("Card Key Provenance"), typeHash("1"));

/** Refuses a domain {chain_id, registry} out of its bounds (manifest_invalid). */
export function requireDomain(domain) {
  if (!isInteger(domain.chain_id, 1, Number.MAX_SAFE_INTEGER)) {
    throw invalid("the chain id is an integer from 1 to 2^53-1");
  }
}

/** Refuses a manifest out of its bounds (manifest_invalid). */
export function requireManifest(manifest) {
  require(fromHex(manifest.supplier).some((byte) => byte), "supplier");
  require(isInteger(manifest.size, 1, MAX_UINT32), "size");
  require(isInteger(manifest.max_uses, 1, MAX_UINT32), "max_uses");
  require(isInteger(manifest.expires_at, 0, Number.MAX_SAFE_INTEGER), "expires_at");
}

/** Refuses batch details without exactly the seven members, each in its form (manifest_invalid). */
export function requireDetails(details) {
  const isObject = details !== null && typeof details === "object" && !Array.isArray(details);
  const names = Object.keys(DETAILS).sort().join();
  if (!isObject || Object.keys(details).sort().join() !== names) {
    throw invalid(`batch details have exactly the members ${Object.keys(DETAILS).join(", ")}`);
  }
  for (const [name, isWellFormed] of Object.entries(DETAILS)) {
    require(name === "format_version" || typeof details[name] === "string", name);
    require(isWellFormed(details[name]), name);
  }
}

/** `H(RFC 8785 of details)`. */
export const detailsHash = (details) => sha256(utf8(encode(details)));

/** EIP-712 hashStruct of the manifest, without the domain: the batch id, 32 bytes. */
export function batchId(manifest) {
  return keccak256(
    concat(
      MANIFEST_TYPE,
      fromNumber(toNumber(fromHex(manifest.supplier)), 32),
      fromHex(manifest.root),
      fromNumber(manifest.size, 32),
      fromNumber(manifest.max_uses, 32),
      fromNumber(manifest.expires_at, 32),
      fromHex(manifest.details),
    ),
  );
}

/** Succeeds if the supplier signed the manifest for `domain`; throws Refused (signature_invalid). */
export function verifySupplier(manifest, domain, signature) {
  const registry = fromNumber(toNumber(fromHex(domain.registry)), 32);
  const separator = keccak256(concat(DOMAIN_TYPE, NAMES, fromNumber(domain.chain_id, 32), registry));
  const digest = keccak256(concat(Uint8Array.of(0x19, 0x01), separator, batchId(manifest)));
  if (!equal(recoverSigner(digest, signature), fromHex(manifest.supplier))) {
    throw unsigned("the manifest is not signed by its supplier for this chain and registry");
  }
}

/** The address that signed `digest`. High s or another v would be a second signature of one manifest (EIP-2). */
export function recoverSigner(digest, signature) {
  const [r, s] = [toNumber(signature.subarray(0, 32)), toNumber(signature.subarray(32, 64))];
  const v = signature[64];
  if (v !== 27 && v !== 28) throw unsigned("the last byte of a signature, v, is 27 or 28");
  if (!(r > 0n && r < CURVE_ORDER && s > 0n && s <= CURVE_ORDER / 2n)) {
    throw unsigned("r or s of the signature is out of range; s must be the low one");
  }
  let point;
  try {
    point = new secp256k1.Signature(r, s, v - 27).recoverPublicKey(digest);
  } catch {
    throw unsigned("no public key gives this signature"); // r is not on the curve
  }
  return keccak256(point.toBytes(false).subarray(1)).subarray(12);
}

function isInteger(value, low, high) {
  return Number.isSafeInteger(value) && low <= value && value <= high;
}

function isLine(text) {
  return [...text].length <= MAX_TEXT && !CONTROL.test(text);
}

function require(holds, member) {
  if (!holds) throw invalid(`${member} is not of its form`);
}

const invalid = (message) => new Refused("manifest_invalid", message);
const unsigned = (message) => new Refused("signature_invalid", message);
