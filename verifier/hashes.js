// SHA-256 is the platform's; Keccak-256, which no platform has, is a library's.
import { sha256 as sha256Library } from "@noble/hashes/sha2.js";
import { keccak_256 } from "@noble/hashes/sha3.js";
import { concat } from "./bytes.js";

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);
const LINK = Uint8Array.of(2);

// Absent where a page was not loaded over HTTPS or from disk: there the library stands in.
const subtle = globalThis.crypto?.subtle;

/** SHA-256, 32 bytes. */
export async function sha256(bytes) {
  return subtle ? new Uint8Array(await subtle.digest("SHA-256", bytes)) : sha256Library(bytes);
}

/** Keccak-256 as Ethereum uses it (not SHA3-256), 32 bytes. */
export const keccak256 = (bytes) => keccak_256(bytes);

/** `H(0x00 ‖ data)` (RFC 9162 §2.1). */
export const leafHash = (data) => sha256(concat(LEAF, data));

/** `H(0x01 ‖ left ‖ right)` (RFC 9162 §2.1). */
export const nodeHash = (left, right) => sha256(concat(NODE, left, right));

/** `H(0x02 ‖ chain ‖ H(0x00 ‖ entry))` (FORMATS §6). */
export const chainLink = async (chain, entry) => sha256(concat(LINK, chain, await leafHash(entry)));
