// The page that checks a key: read it here, ask once, say it in plain words, prove the journey here.
import { drawAnswer, isFull, titleOf } from "./answer.js";
import { Failure, failureText, post } from "./asking.js";
import { el, filled } from "./dom.js";
import { faultNodes, formatsOf, oneLine, rangeOf, read, sharedFault } from "./reading.js";

const PATIENCE = 8; // times that a proof is asked for again while the newest event enters the log
const at = (id) => document.getElementById(id);
const { words, formats, min_bits: minBits, origin, network } = JSON.parse(at("brought").textContent);
const fields = { key: at("key"), format: at("format"), token: at("token"), log: at("log") };
const NAMES = Object.keys(fields);
/** name+hash+key; whether hash and key belong together is seen when it is used. */
const LOG_KEY = /^[^+\s]+\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}$/;
const page = { turn: 0 };

start();

function start() {
  at("ask").addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
  at("ask").addEventListener("reset", (event) => {
    event.preventDefault();
    clear();
    fields.key.focus();
    say(words.status.cleared);
  });
  fields.key.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      submit();
    }
  });
  fields.key.addEventListener("input", () => {
    mark("key", null);
    hint();
  });
  fields.format.addEventListener("change", () => mark("format", null));
  for (const name of ["token", "log"]) fields[name].addEventListener("input", () => mark(name, null));
  // Nobody who opens the page after us, or comes back to it, finds the key in it.
  addEventListener("pagehide", clear);
}

function clear() {
  page.turn += 1;
  for (const name of NAMES) {
    fields[name].value = "";
    mark(name, null);
  }
  hint();
  busy(false);
  for (const id of ["result", "journey"]) {
    at(id).hidden = true;
    at(id).replaceChildren();
  }
  say("");
}

const say = (text) => {
  at("status").textContent = text;
};

/** Mark a field with what is wrong with it (nodes), or with nothing. */
function mark(name, problem) {
  const field = fields[name];
  const place = name === "format" ? at("format-hint") : at(`${name}-problem`);
  field.setAttribute("aria-invalid", String(problem !== null));
  if (name === "format") place.className = problem ? "problem" : "quiet";
  else place.hidden = problem === null;
  if (problem !== null || name !== "format") place.replaceChildren(...(problem ?? []));
  if (problem === null) return;
  if (name === "token" || name === "log") at("token-part").open = true;
  say(words.status.fix);
  field.focus();
}

/** Which kinds it can be, while it is written; the choice puts those first. */
function hint() {
  const text = oneLine(fields.key.value);
  const fitting = text.trim() ? formatsOf(formats, text) : [];
  const names = fitting.map((format) => format.name).join(words.language === "en" ? ", " : "、");
  const place = at("format-hint");
  place.className = "quiet";
  place.textContent = fitting.length === 1
    ? filled(words.check.format_one, { name: names })
    : fitting.length > 1 ? filled(words.check.format_many, { names }) : "";
  offer(fitting);
}

function offer(fitting) {
  const chosen = fields.format.value;
  const option = (format) => el("option", { value: format.id }, format.name);
  const rest = formats.filter((format) => !fitting.includes(format));
  const groups = fitting.length > 1
    ? [el("optgroup", { label: words.check.format_fits }, fitting.map(option)),
      el("optgroup", { label: words.check.format_others }, rest.map(option))]
    : formats.map(option);
  fields.format.replaceChildren(el("option", { value: "" }, words.check.format_auto), ...groups);
  fields.format.value = chosen;
}

/** The question that the form asks: {format, text, key, token, log}; null after marking what is wrong. */
function question() {
  for (const name of NAMES) mark(name, null);
  const text = oneLine(fields.key.value);
  if (!text.trim()) return wrong("key", [el("p", {}, words.problems.none)]);
  const format = chosenFormat(text);
  if (!format) return null;
  const { key, fault } = read(format, text);
  if (fault) return wrongKey(fault, format, text);
  const token = fields.token.value.replace(/\s/g, "").toLowerCase();
  if (token && !/^[0-9a-f]{64}$/.test(token)) {
    return wrong("token", [el("p", {}, filled(words.problems.token_form, { count: Array.from(token).length }))]);
  }
  if (!token && format.secret_bits < minBits) {
    // The answer is known beforehand, so the key stays here.
    return wrong("token", [el("p", {}, filled(words.problems.token_missing, { name: format.name }))]);
  }
  const log = fields.log.value.trim();
  if (log && !LOG_KEY.test(log)) return wrong("log", [el("p", {}, words.problems.log_form)]);
  return { format, text, key, token, log };
}

function chosenFormat(text) {
  if (fields.format.value) return formats.find((format) => format.id === fields.format.value);
  const fitting = formatsOf(formats, text);
  if (fitting.length === 1) return fitting[0];
  if (fitting.length > 1) return wrong("format", [words.problems.choose]);
  const fault = sharedFault(formats, text);
  return fault ? wrongKey(fault, null, text) : wrong("key", [el("p", {}, words.problems.no_format)]);
}

function wrongKey(fault, format, text) {
  wrong("key", faultNodes(fault, format, text, words));
  if (fault.position !== undefined) fields.key.setSelectionRange(...rangeOf(text, fault.position));
  return null;
}

function wrong(name, problem) {
  mark(name, problem);
  return null;
}

function busy(is) {
  at("submit").setAttribute("aria-disabled", String(is));
  at("result").setAttribute("aria-busy", String(is));
}

async function submit() {
  if (at("submit").getAttribute("aria-disabled") === "true") return;
  const asked = question();
  if (!asked) return;
  const turn = ++page.turn;
  busy(true);
  at("journey").hidden = true;
  say(words.status.asking);
  const key = { format: asked.format.id, text: asked.text };
  const shown = asked.token ? { order_token: asked.token } : {};
  try {
    const verdict = await post("/v1/public/check", { key, ...shown }, words.language);
    if (turn !== page.turn) return;
    show("result", drawAnswer(verdict, asked.key.notes, Boolean(asked.token), words));
    say(filled(words.status.done, { title: titleOf(verdict, words) }));
    busy(false);
    if (isFull(verdict)) await prove(asked, { key, ...shown }, turn);
  } catch (error) {
    if (turn !== page.turn) return;
    if (!(error instanceof Failure)) throw error;
    at("result").hidden = true;
    say(failureText(error, words));
  } finally {
    if (turn === page.turn) busy(false);
  }
}

function show(id, parts) {
  at(id).replaceChildren(...parts);
  at(id).hidden = false;
  if (id === "result") {
    at(id).focus();
    at(id).scrollIntoView({ block: "start" });
  }
}

/** Fetch the proof and verify it on this device; the verifier is loaded only now. */
async function prove(asked, body, turn) {
  say(words.status.proving);
  const [{ drawJourney, journeyOf }, made] = await Promise.all([
    import("./built/journey.js"),
    fetched({ ...body, opening: true }, turn).catch((error) => error),
  ]);
  if (turn !== page.turn || made === null) return;
  if (made instanceof Error) {
    if (!(made instanceof Failure)) throw made;
    const text = made.status === 429 ? failureText(made, words) : words.journey.unavailable;
    show("journey", [el("h2", { id: "journey-title" }, words.journey.title), el("p", {}, text)]);
    say(text);
    return;
  }
  const outcome = await journeyOf(made.bundle, { key: asked.key, log: asked.log, origin, network });
  if (turn !== page.turn) return;
  if (outcome.isKeyWrong) {
    wrong("log", [el("p", {}, words.problems.log_form)]);
    return;
  }
  show("journey", drawJourney(outcome, made.id, words));
  say(outcome.run ? words.status.proven : words.journey.rejected);
}

/** The proof; asked for again while the newest event is on its way into the log. */
async function fetched(body, turn) {
  for (let left = PATIENCE; ; left -= 1) {
    try {
      return await post("/v1/proofs", body, words.language);
    } catch (error) {
      if (error.problem?.code !== "not_sequenced_yet" || left === 0) throw error;
      const seconds = error.retryAfter ?? 2;
      say(filled(words.status.waiting, { seconds }));
      await new Promise((resume) => setTimeout(resume, seconds * 1000));
      if (turn !== page.turn) return null;
    }
  }
}
