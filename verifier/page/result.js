// What was found, drawn: the verdict in plain words, the way of the key, and every step with its evidence.
import { evidenceOf } from "../evidence.js";
import { el, moment } from "./dom.js";
import { drawTimeline, MOST_EVENTS, namesOf } from "./timeline.js";

const MARKS = { established: "✓", partly: "◐", unchecked: "–", failed: "✗", skipped: "·" };

/** The parts of the result of a run that passed. */
export function drawAccepted(run, words) {
  const evidence = evidenceOf(run);
  const names = namesOf(run, words);
  return [
    verdict(evidence, run, words, names),
    evidence.not_checked.length > 0 && openItems(evidence, words),
    story(evidence, words, names),
    stepList(evidence.steps, words),
  ].filter(Boolean);
}

/** The parts of the result of a proof that failed; `error.run` holds the steps before, if it came that far. */
export function drawRejected(error, words) {
  const banner = el(
    "div",
    { class: "card verdict rejected" },
    el("h2", { id: "verdict" }, words.rejected(error.step)),
    el("p", {}, words.rejectedAbout(words.titles[error.step])),
    el("p", {}, words.rejectedMeaning),
    el("p", {}, words.rejectedNext),
    el("p", { class: "quiet", lang: "en" }, `${words.technical}: `, el("code", {}, `${error.step} ${error.code}: ${error.message}`)),
  );
  const passed = error.run ? error.run.steps().slice(0, error.step) : [];
  return [banner, stepList(passed, words, error.step)];
}

/** Whether something that the reader brought vouches for the file: else a stranger may have made all of it. */
export function isRooted(run) {
  return Boolean(run.reader.network) && (Boolean(run.reader.logKey) || run.anchorTimes.size > 0);
}

function verdict(evidence, run, words, names) {
  const { details, manifest } = run.bundle.batch;
  const { facts } = words;
  const isShared = manifest.max_uses > 1;
  const state = (isShared && words.shared[evidence.state]) || words.states[evidence.state];
  const by = run.replayers.join(", ");
  const rows = [
    [facts.product, `${details.product} · ${details.face_value} ${details.currency}`],
    [facts.position, words.position(evidence.index, manifest.size)],
    [facts.supplier, names(`0x${manifest.supplier}`)],
    [facts.holder, names(evidence.holder)],
    [facts.asOf, words.asOf(evidence.checkpoint.size, evidence.origin)],
    [facts.chain, words.anchoring[evidence.anchoring]],
    [facts.complete, run.bundle.state ? words.completeYes(by) : words.completeNo],
  ];
  const heading = isRooted(run) ? [words.accepted, el("br"), state] : [words.loose];
  return el(
    "div",
    { class: isRooted(run) ? "card verdict" : "card verdict loose" },
    el("h2", { id: "verdict" }, heading),
    !isRooted(run) && [el("p", {}, words.looseMeaning), el("p", {}, words.says(state))],
    run.bundle.key.opening && el("p", {}, words.opened),
    evidence.sold_before && el("p", {}, words.soldBefore),
    el("dl", {}, rows.map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)])),
  );
}

function story(evidence, words, names) {
  const omitted = evidence.timeline.length - MOST_EVENTS;
  return el(
    "section",
    { class: "card" },
    el("h2", {}, words.timelineTitle),
    el("p", { class: "quiet" }, words.timelineHint),
    omitted > 0 && el("p", { class: "quiet" }, words.omitted(omitted)),
    drawTimeline(evidence, words, names),
  );
}

function openItems(evidence, words) {
  const items = evidence.not_checked.map((finding) => el("li", {}, findingText(finding, words)));
  return el(
    "details",
    { class: "card caution" },
    el("summary", {}, words.openItems(items.length)),
    el("p", { class: "quiet" }, words.openItemsHint),
    el("ul", { class: "findings" }, items),
  );
}

function stepList(steps, words, failed = null) {
  const items = words.titles.map((title, number) => {
    const status = statusOf(steps[number], number, failed);
    const findings = steps[number]?.findings ?? [];
    const lines = findings.map((one) => el("li", { class: one.checked ? "" : "open" }, findingText(one, words)));
    return el(
      "li",
      { class: status, "data-step": String(number) },
      el("span", { class: "mark", "aria-hidden": "true" }, MARKS[status]),
      el("h3", {}, `${number}. ${title} `, el("span", { class: "state" }, words.status[status])),
      lines.length > 0 && el("ul", { class: "findings" }, lines),
    );
  });
  return el("section", { class: "card" }, el("h2", {}, words.stepsTitle), el("ol", { class: "steps" }, items));
}

function statusOf(step, number, failed) {
  if (failed !== null && number >= failed) return number === failed ? "failed" : "skipped";
  return step.status === "not checked" ? "unchecked" : step.status;
}

function findingText(finding, words) {
  const at = (seconds) => moment(Number(seconds) * 1000, words.language);
  const told = words.what?.[finding.id];
  const what = told ? told(finding.facts, at) : finding.what;
  if (finding.checked) return what;
  return words.notChecked(what, words.why?.[finding.why]?.(finding.facts) ?? finding.why_not);
}
