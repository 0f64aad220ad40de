// Bytes and their spellings. One value has one spelling: what encoding would not give back is refused.
import { Refused } from "./errors.js";

const HEX = /^(?:[0-9a-f]{2})*$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

export const ZERO_ADDRESS = "00".repeat(20);
export const ZERO_HASH = "00".repeat(32);

/** UTF-8. */
export const utf8 = (text) => new TextEncoder().encode(text);

/** Lower-case hex. */
export function toHex(bytes) {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}

/** Bytes of lower-case hex after `prefix`, `size` of them if given; throws Refused (hex_malformed). */
export function fromHex(text, size, prefix = "") {
  const digits = text.slice(prefix.length);
  if (!text.startsWith(prefix) || !HEX.test(digits) || (size !== undefined && digits.length !== 2 * size)) {
    const form = prefix ? `lower-case hex with ${prefix}` : "lower-case hex";
    throw new Refused("hex_malformed", `expected ${form}${size === undefined ? "" : `, ${size} bytes`}`);
  }
  const bytes = new Uint8Array(digits.length / 2);
  for (let at = 0; at < bytes.length; at++) bytes[at] = parseInt(digits.slice(2 * at, 2 * at + 2), 16);
  return bytes;
}

/** Standard padded base64 (RFC 4648 §4). */
export function toBase64(bytes) {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

/** Strict base64: no stray characters, no missing padding, no unused bits set; Refused (base64_malformed). */
export function fromBase64(text) {
  if (!BASE64.test(text)) throw new Refused("base64_malformed", "not standard padded base64");
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  if (toBase64(bytes) !== text) throw new Refused("base64_malformed", "base64 with unused bits set");
  return bytes;
}

export function concat(...parts) {
  const whole = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function equal(one, other) {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}

/** A big-endian number as a BigInt. */
export function toNumber(bytes) {
  return bytes.length ? BigInt(`0x${toHex(bytes)}`) : 0n;
}

/** A number (or BigInt) as `size` big-endian bytes. */
export function fromNumber(number, size) {
  return fromHex(BigInt(number).toString(16).padStart(2 * size, "0"), size);
}

/** A BigInt as a number where that is exact; past 2^53-1, which no true time or block reaches, its digits. */
export function plain(number) {
  if (typeof number !== "bigint") return number;
  return number <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(number) : String(number);
}
