// The 124 bytes of a custody entry (FORMATS §5). Addresses and hashes are hex here: they are compared, not computed with.
import { concat, toHex, utf8 } from "./bytes.js";
import { Refused } from "./errors.js";
import { sha256 } from "./hashes.js";
import { encode } from "./json.js";

const ENTRY_SIZE = 124;
const MAX_DETAIL_SIZE = 16 * 1024;
const NAMES = {
  1: "COMMISSION", 2: "TRANSFER", 3: "RECEIVE", 4: "SELL", 5: "DELIVER", 6: "REDEEM", 7: "REINSTATE", 8: "VOID",
  9: "REISSUE", 10: "CORRECTION", 32: "PARTY", 33: "QUALIFICATION", 34: "TERMS", 35: "CLAIM", 36: "REMEDY",
  48: "BEACON", 49: "STATE", 50: "KEY",
};
const RANGE_TYPES = ["COMMISSION", "TRANSFER", "RECEIVE", "VOID"];

/** PARTY reasons: 1 to 6 admit in a role, 7 suspends, 8 lets `party` stand for the subject's address. */
export const ISSUER = 3;
export const OPERATOR = 6;
export const SUSPENDED = 7;
export const SUCCEEDED = 8;

/** Read an entry; throws Refused (entry_malformed). Times and 64-bit numbers are BigInt. */
export function decodeEntry(raw) {
  if (raw.length !== ENTRY_SIZE) throw malformed(`an entry has ${ENTRY_SIZE} bytes, not ${raw.length}`);
  const view = new DataView(raw.buffer, raw.byteOffset, raw.length);
  if (view.getUint8(0) !== 1) throw malformed(`entry version ${view.getUint8(0)} is not known`);
  const type = NAMES[view.getUint8(1)];
  if (type === undefined) throw malformed(`entry type ${view.getUint8(1)} is not known`);
  const entry = {
    raw,
    type,
    reason: view.getUint16(2),
    time: view.getBigUint64(4),
    subject: toHex(raw.subarray(12, 44)),
    first: view.getUint32(44),
    count: view.getUint32(48),
    number: view.getBigUint64(44), // first and count as one uint64: CLAIM, REMEDY, BEACON, STATE
    actor: toHex(raw.subarray(52, 72)),
    party: toHex(raw.subarray(72, 92)),
    detail: toHex(raw.subarray(92)),
    isOnKeys: view.getUint8(1) < 32,
  };
  if (entry.isOnKeys && entry.count === 0) throw malformed("an entry on keys names at least one key");
  if (entry.isOnKeys && entry.count > 1 && !RANGE_TYPES.includes(type)) {
    throw malformed(`${type} is on one key at a time`);
  }
  // What the state tree counts with the batch instead of with one key (FORMATS §6).
  entry.isRange = type === "COMMISSION" || (entry.isOnKeys && entry.count > 1);
  return Object.freeze(entry);
}

/** Whether an entry on keys speaks of the key at `index`. */
export const covers = (entry, index) => entry.first <= index && index < entry.first + entry.count;

/** A log index in the place of an address: 12 zero bytes, then 8 big-endian (CORRECTION). */
export const numberParty = (number) => number.toString(16).padStart(40, "0");

/** `party` read as 12 zero bytes and a uint64 (CORRECTION, STATE); throws Refused (entry_malformed). */
export function partyNumber(entry) {
  if (!entry.party.startsWith("00".repeat(12))) {
    throw malformed("the number in party does not start with 12 zero bytes");
  }
  return BigInt(`0x${entry.party.slice(24)}`);
}

/** The commitment `H(salt ‖ RFC 8785 of details)` as hex; throws Refused (details_too_large). */
export async function commitDetails(salt, details) {
  const canonical = utf8(encode(details));
  if (canonical.length > MAX_DETAIL_SIZE) {
    throw new Refused(
      "details_too_large",
      `the details of an entry are at most ${MAX_DETAIL_SIZE} bytes of canonical JSON; send less`,
    );
  }
  return toHex(await sha256(concat(salt, canonical)));
}

/** The first 20 bytes, hex, that stand for a buyer's 32-byte use in an entry (FORMATS §5). */
export async function useParty(use) {
  return toHex((await sha256(concat(utf8("provenance/use/v1\n"), use))).subarray(0, 20));
}

const malformed = (message) => new Refused("entry_malformed", message);
