// Who is who in the law of custody: admissions, suspensions and successions (FORMATS §5, type 32).
import { OPERATOR, SUCCEEDED, SUSPENDED } from "./entries.js";
import { countBelow } from "./search.js";

const AN_ADDRESS = "00".repeat(12);
const NONE = new Set();

/**
 * PARTY entries as a bundle lists them; an entry counts for what has a higher log index.
 * Kept by address, so that a bundle full of PARTY entries costs a search a question.
 */
export class Parties {
  constructor(placed) {
    this.heirs = new Map(); // address → its successions: {at, value: the new address}
    this.held = new Map(); // address → its roles from a place on: {at, value: Set of reasons}
    const byIndex = new Map(placed.map(({ index, entry }) => [index, entry]));
    const indices = [...byIndex.keys()].sort((one, other) => one - other);
    for (const index of indices) this.note(index, byIndex.get(index));
  }

  /** Whether an entry is a PARTY entry about an address. */
  static isAbout(entry) {
    return entry.type === "PARTY" && entry.subject.startsWith(AN_ADDRESS);
  }

  /** The address that stands for `address` at log index `at`, following successions in their order. */
  resolve(address, at) {
    for (let since = 0; ; ) {
      const rows = this.heirs.get(address) ?? [];
      const row = rows[countBelow(rows, since, placeOf)];
      if (row === undefined || row.at >= at) return address;
      since = row.at + 1;
      address = row.value;
    }
  }

  /** Whether `address` is admitted in `role` at log index `at`. */
  hasRole(address, role, at) {
    return this.roles(address, at).has(role);
  }

  /** Whether `address` holds any role at log index `at`. */
  isAdmitted(address, at) {
    return this.roles(address, at).size > 0;
  }

  /** A successor has the roles of the address it stands for, which has none from there on. */
  roles(address, at) {
    const rows = this.held.get(address) ?? [];
    return rows[countBelow(rows, at, placeOf) - 1]?.value ?? NONE;
  }

  note(at, { subject, reason, party }) {
    const about = subject.slice(24);
    const held = this.roles(about, Infinity);
    if (reason >= 1 && reason <= OPERATOR) put(this.held, about, at, new Set([...held, reason]));
    // A reason that is not known here changes nothing.
    if (reason === SUSPENDED || reason === SUCCEEDED) put(this.held, about, at, NONE);
    if (reason !== SUCCEEDED) return;
    put(this.held, party, at, new Set([...this.roles(party, Infinity), ...held]));
    put(this.heirs, about, at, party);
  }
}

const placeOf = (row) => row.at;

function put(map, address, at, value) {
  if (!map.has(address)) map.set(address, []);
  map.get(address).push({ at, value });
}
