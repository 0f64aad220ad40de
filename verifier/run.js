// One verification while its steps go by: the bundle, the reader, and what the steps so far have learnt.
import { plain } from "./bytes.js";
import { ProofRejected } from "./errors.js";
import { STEP_TITLES, WHAT, WHY } from "./findings.js";

export class Run {
  constructor(bundle, reader) {
    this.bundle = bundle;
    this.reader = reader;
    this.findings = STEP_TITLES.map(() => []);
    this.anchorTimes = new Map(); // size → unix seconds, from a chain
    this.headerTimes = new Map(); // BEACON index → unix seconds, from a header that the log commits to
    this.knownBlocks = new Set(); // BEACON indices whose block a node knows
    this.replayers = [];
    this.custody = null;
    this.timeline = [];
    this.completeness = "";
    this.batchId = "";
  }

  /** Note what was shown. */
  established(step, id, facts = {}) {
    this.findings[step].push({ id, facts: plainFacts(facts), what: WHAT[id](facts), checked: true });
  }

  /** Note what was not checked, and why. */
  notChecked(step, id, why, facts = {}) {
    const texts = { what: WHAT[id](facts), checked: false, why_not: WHY[why](facts) };
    this.findings[step].push({ id, why, facts: plainFacts(facts), ...texts });
  }

  /** Every step with its findings, in order. */
  steps() {
    return this.findings.map((findings, step) => {
      const checked = findings.filter((finding) => finding.checked).length;
      const partly = checked ? "partly" : "not checked";
      const status = checked === findings.length ? "established" : partly;
      return { step, title: STEP_TITLES[step], status, findings };
    });
  }

  /** The block of a BEACON, as far as it is known. */
  beaconBound({ index, entry }) {
    const time = this.headerTimes.get(index) ?? null;
    return { kind: "block", number: entry.number, time, checked: this.knownBlocks.has(index) };
  }

  /** An anchor; its time is the chain's where the chain was asked. */
  anchorBound({ size, time }) {
    const checked = this.anchorTimes.has(size);
    return { kind: "anchor", number: size, time: checked ? this.anchorTimes.get(size) : time, checked };
  }

  /** custody, parties, beacons and state: where each entry stands, in the order of the file. */
  sections() {
    const { custody, parties, beacons, state } = this.bundle;
    return Object.entries({ custody, parties, beacons, state: state ? [state] : [] });
  }
}

/** The failure of a step that has no rule below it. */
export const reject = (step, message, code) => new ProofRejected(step, message, code);

const plainFacts = (facts) => Object.fromEntries(Object.entries(facts).map(([name, fact]) => [name, plain(fact)]));
