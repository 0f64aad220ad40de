// The journey of a key, verified here by the browser verifier and drawn with the blocks around each step.
// Bundled into built/journey.js (node provenance/web/check/build.mjs) and loaded only when there is one to draw.
import { utf8 } from "../../../verifier/bytes.js";
import { ProofRejected, Refused } from "../../../verifier/errors.js";
import { evidenceOf } from "../../../verifier/evidence.js";
import { encode } from "../../../verifier/json.js";
import { ED25519, parseKey } from "../../../verifier/notes.js";
import { drawAccepted, drawRejected } from "../../../verifier/page/result.js";
import { namesOf } from "../../../verifier/page/timeline.js";
import { WORDS } from "../../../verifier/page/words.js";
import { replay } from "../../../verifier/verify.js";
import { el, filled, moment, zone } from "./dom.js";

/**
 * Verify a bundle (its JSON members) for a key as it was read: {run}, {error} for the step that failed, or
 * {isKeyWrong} where the log key that the reader gave is none. Without one the bundle's own is held against its
 * signature, and step 5 says that nobody vouched for it.
 */
export async function journeyOf(bundle, { key, log, origin, network }) {
  const logKey = log ? await keyOf(log) : undefined;
  if (logKey === null) return { isKeyWrong: true };
  try {
    if (bundle.log?.origin !== origin) throw new ProofRejected(0, "the bundle is of another log", "wrong_log");
    const { format_id, serial, secret } = key;
    const run = await replay(utf8(encode(bundle)), { cardKey: { format_id, serial, secret }, logKey, network });
    return { run };
  } catch (error) {
    if (error instanceof ProofRejected) return { error };
    if (error instanceof Refused) return { error: new ProofRejected(0, error.message, error.code) };
    throw error;
  }
}

async function keyOf(text) {
  try {
    const key = await parseKey(text);
    return key.kind === ED25519 ? key : null;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return null;
  }
}

/** The parts of the journey: its timeline, what it rests on, the file to keep. */
export function drawJourney({ run, error }, id, words) {
  const { journey } = words;
  const told = words.language === "en" ? WORDS.en : WORDS.zh;
  if (error) {
    const [banner] = drawRejected(error, told);
    banner.querySelector("h2").id = "proof-step";
    return [el("h2", { id: "journey-title" }, journey.rejected), el("p", {}, journey.rejected_next), banner];
  }
  const evidence = evidenceOf(run);
  const names = namesOf(run, told);
  const supplier = `0x${run.bundle.batch.manifest.supplier}`;
  const nameOf = (address) => (address === supplier ? `${words.answer.rows.supplier} ` : "") + names(address);
  const parts = drawAccepted(run, told);
  const open = parts.find((part) => part.classList.contains("caution"));
  return [
    el("div", { class: "card" },
      el("h2", { id: "journey-title" }, journey.title),
      el("p", { class: "quiet" }, filled(journey.hint, { zone: zone() })),
      el("ol", { class: "journey" }, evidence.timeline.map((event) => drawEvent(event, nameOf, words))),
      el("p", {}, journey.proven),
      el("p", { id: "log-word" }, run.reader.logKey ? journey.log_given : journey.log_none),
      evidence.timeline.some(isUnchecked) && el("p", { class: "quiet" }, journey.chain),
      el("p", {}, el("a", { class: "button", href: `/v1/proofs/${encodeURIComponent(id)}.json`, download: "" }, journey.save))),
    open ?? "",
    el("details", { class: "card" }, el("summary", {}, journey.steps), parts.at(-1)),
  ];
}

const isUnchecked = ({ after, before }) => Boolean((after && !after.checked) || (before && !before.checked));

function drawEvent({ type, actor, time, after, before }, nameOf, words) {
  const { journey } = words;
  return el("li", { "data-event": type },
    el("h3", {}, words.events[type] ?? type),
    el("p", {}, filled(journey.by, { who: nameOf(actor) })),
    el("p", { class: "quiet" }, `${journey.claimed} `,
      el("time", { datetime: new Date(Number(time)).toISOString() }, moment(time))),
    el("ul", { class: "bracket" }, drawBound("after", after, words), drawBound("before", before, words),
      isUnchecked({ after, before }) && el("li", { class: "state" }, journey.unchecked)));
}

function drawBound(side, bound, words) {
  const { journey } = words;
  if (!bound) return el("li", { class: `${side} open` }, journey[`${side}_none`]);
  const time = bound.time === null ? journey.unknown_time : moment(Number(bound.time) * 1000);
  return el("li", { class: bound.checked ? side : `${side} unchecked` }, filled(journey[side], { number: bound.number, time }));
}
