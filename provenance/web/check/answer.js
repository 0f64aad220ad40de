// The answer in plain words: what it means, and what to do next. It never judges the key itself.
import { el, filled, moment } from "./dom.js";

/** Whether the answer is the full one, for whoever showed the order's use. */
export const isFull = (verdict) => typeof verdict.registry_status === "string";

/** The title of a verdict. */
export const titleOf = (verdict, words) => wordsOf(verdict, words).title;

/** The parts of the answer. `notes` are those of the reading, `hadToken` whether an order token was sent. */
export function drawAnswer(verdict, notes, hadToken, words) {
  const { tone, title, meaning, next } = wordsOf(verdict, words);
  const { answer } = words;
  const facts = isFull(verdict) ? verdict.facts : {};
  return [
    el("div", { class: `card verdict ${tone}`, "data-verdict": verdict.verdict },
      el("h2", { id: "answer" }, title),
      el("h3", {}, answer.means),
      el("p", {}, meaning),
      hadToken && !isFull(verdict) && el("p", {}, answer.mismatch),
      facts.sold_before && verdict.verdict !== "SOLD_BEFORE" && el("p", {}, answer.sold_before),
      facts.max_uses > 1 && el("p", {}, filled(answer.uses, { max: facts.max_uses, used: facts.uses })),
      issuer(verdict, words),
      el("h3", {}, answer.next),
      el("ul", {}, next.map((one) => el("li", {}, one))),
      notes.length > 0 && el("p", { class: "quiet" },
        words.notes.title + notes.map((note) => words.notes[note] ?? note).join(words.language === "en" ? ", " : "，"))),
    isFull(verdict) && details(verdict, words),
  ].filter(Boolean);
}

const wordsOf = (verdict, words) => words.verdicts[verdict.verdict] ?? words.verdicts.UNCERTAIN;

function issuer(verdict, words) {
  const said = verdict.issuer_status;
  if (!said) return null;
  const text = said.used_before_sale ? words.answer.issuer_used_before : words.answer.issuer_said;
  const what = words.issuer_answers[said.status] ?? said.status;
  return [
    el("h3", {}, words.answer.issuer),
    el("p", {}, filled(text, { what, time: moment(said.time) })),
    said.contradicted && el("p", { class: "quiet" }, words.answer.issuer_contradicted),
  ];
}

function details({ facts }, words) {
  const { rows } = words.answer;
  const last = facts.last_event;
  const told = [
    [rows.supplier, facts.supplier],
    [rows.holder, facts.holder],
    last && [rows.last, `${words.events[last.type] ?? last.type} · ${moment(last.time)}`],
    last && [rows.bracket, bracket(last, words.journey)],
    facts.expires_at > 0 && [rows.expires, moment(facts.expires_at * 1000)],
    facts.reserved_until && [rows.reserved, moment(facts.reserved_until)],
  ].filter(Boolean);
  return el("details", { class: "card" }, el("summary", {}, words.answer.facts),
    el("dl", {}, told.map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)])));
}

/** Between which block and which anchor an event lies, as the service tells it; the journey proves it. */
function bracket({ after, before }, journey) {
  const bound = (side, one) => {
    if (!one) return journey[`${side}_none`];
    const time = one.time === null ? journey.unknown_time : moment(one.time * 1000);
    return filled(journey[side], { number: one.number, time });
  };
  return `${bound("after", after)} · ${bound("before", before)}`;
}
