// Who is who in the law of custody: admissions, suspensions and successions (FORMATS §5, type 32).
import { OPERATOR, SUCCEEDED, SUSPENDED } from "./entries.js";

const AN_ADDRESS = "00".repeat(12);

/** PARTY entries as a bundle lists them; an entry counts for what has a higher log index. */
export class Parties {
  constructor(placed) {
    const byIndex = new Map(placed.map(({ index, entry }) => [index, { index, entry }]));
    this.rows = [...byIndex.values()].sort((one, other) => one.index - other.index);
    this.successions = this.rows.filter(({ entry }) => entry.reason === SUCCEEDED);
    this.bySubject = new Map(this.rows.map(({ entry }) => [subjectOf(entry), []]));
    for (const row of this.rows) this.bySubject.get(subjectOf(row.entry)).push(row);
  }

  /** Whether an entry is a PARTY entry about an address. */
  static isAbout(entry) {
    return entry.type === "PARTY" && entry.subject.startsWith(AN_ADDRESS);
  }

  /** The address that stands for `address` at log index `at`, following successions. */
  resolve(address, at) {
    for (const { index, entry } of this.successions) {
      if (index < at && subjectOf(entry) === address) address = entry.party;
    }
    return address;
  }

  /** The roles admitted before log index `at` and after the last suspension before it. */
  roles(address, at) {
    let roles = new Set();
    for (const { index, entry } of this.bySubject.get(address) ?? []) {
      if (index >= at) continue;
      if (entry.reason === SUSPENDED) roles = new Set();
      else if (entry.reason >= 1 && entry.reason <= OPERATOR) roles.add(entry.reason);
    }
    return roles;
  }

  hasRole(address, role, at) {
    return this.roles(address, at).has(role);
  }

  /** Whether `actor`, or a party that it succeeded, holds an admission at log index `at`. */
  isAdmitted(actor, at) {
    return [...this.standingFor(actor, at)].some((who) => this.roles(who, at).size > 0);
  }

  /** Every address for which `actor` stands at `at`: resolve() read backwards, one pass however many there are. */
  standingFor(actor, at) {
    const found = new Set([actor]);
    for (const { index, entry } of [...this.successions].reverse()) {
      if (index >= at) continue;
      if (found.has(entry.party)) found.add(subjectOf(entry));
      else found.delete(subjectOf(entry));
    }
    return found;
  }
}

const subjectOf = (entry) => entry.subject.slice(24);
