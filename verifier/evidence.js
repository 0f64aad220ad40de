// What a verification established, as plain JSON whose names and texts are those of the Python verifier.
import { plain, toHex } from "./bytes.js";
import { stateOf } from "./lives.js";

const YEAR_10000_MS = 253_402_300_800_000n;

/** UTC in ISO 8601 with milliseconds where there are any; a plain number past the year 9999. */
export function isoTime(milliseconds) {
  const ms = BigInt(milliseconds);
  if (ms >= YEAR_10000_MS) return `${ms} ms`;
  return new Date(Number(ms)).toISOString().replace(".000Z", "Z");
}

/** Such as `block 12 (2026-11-18T11:06:40Z)`. */
export function boundText({ kind, number, time, checked }) {
  const when = time === null ? "time unknown" : isoTime(BigInt(time) * 1000n);
  return `${kind} ${number} (${when}${checked ? "" : ", not checked"})`;
}

/** The evidence of a run whose steps all passed. Holds no key, no salt of a leaf and no use. */
export function evidenceOf(run) {
  const { anchors, head, key, log, network } = run.bundle;
  const steps = run.steps();
  const anchored = run.anchorTimes.size ? "anchored" : "anchored, not checked";
  return {
    network: { chain_id: network.chain_id, registry: `0x${network.registry}` },
    origin: log.origin,
    batch: run.batchId,
    index: key.index,
    checkpoint: { size: head.size, root: toHex(head.root) },
    anchoring: anchors.length ? anchored : "pending",
    state: stateOf(run.custody),
    holder: `0x${run.custody.holder}`,
    sold_before: run.custody.soldBefore,
    completeness: run.completeness,
    steps,
    timeline: run.timeline.map(eventJson),
    not_checked: steps.flatMap(({ step, findings }) =>
      findings.filter((finding) => !finding.checked).map((finding) => ({ step, ...finding })),
    ),
  };
}

function eventJson({ index, entry, after, before, details }) {
  const lower = after ? `after ${boundText(after)}` : "after no beacon";
  const upper = before ? `before ${boundText(before)}` : "before no anchor yet";
  const who = `0x${entry.actor}`;
  return {
    index,
    type: entry.type,
    reason: entry.reason,
    time: plain(entry.time),
    first: entry.first,
    count: entry.count,
    actor: who,
    party: `0x${entry.party}`,
    after: after && boundJson(after),
    before: before && boundJson(before),
    details: details?.value ?? null,
    text: `#${index} ${entry.type} by ${who} at ${isoTime(entry.time)} (${lower}, ${upper})`,
  };
}

const boundJson = (bound) => ({ ...bound, number: plain(bound.number), time: plain(bound.time) });
