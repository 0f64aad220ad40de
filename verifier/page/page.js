// The page around the verifier: take a file, ask verify.js, draw what it says. Nothing leaves the device; the only
// request there can be is the one for a bundle that a QR code names, and only when the reader presses the button.
import { fromHex, toHex } from "../bytes.js";
import { ProofRejected } from "../errors.js";
import { sha256 } from "../hashes.js";
import { MAX_BUNDLE_SIZE, readBundle } from "../reading.js";
import { replay } from "../verify.js";
import { buildFields, cardOf, contextOf, isFieldProblem, markProblem, valuesOf } from "./reader.js";
import { drawAccepted, drawRejected, isRooted } from "./result.js";
import { WORDS } from "./words.js";

const at = (id) => document.getElementById(id);
const page = { words: WORDS.zh, raw: null, outcome: null, turn: 0 };

start();

function start() {
  say(WORDS.zh);
  at("language").addEventListener("click", () => say(page.words === WORDS.zh ? WORDS.en : WORDS.zh));
  at("file").addEventListener("change", (event) => takeFile(event.target.files[0]));
  at("use-paste").addEventListener("click", () => take(new TextEncoder().encode(at("paste").value)));
  at("fields").addEventListener("submit", (event) => {
    event.preventDefault();
    if (page.raw) check();
    else contextOf(valuesOf(at("fields"))).then(() => markProblem(at("fields"), page.words, null), showProblem);
  });
  at("fetch").addEventListener("click", fetchOffer);
  addEventListener("hashchange", showOffer);
  showOffer();
  takeDrops();
}

/** Put every text of the page into one language, and draw the result again in it. */
function say(words) {
  const values = at("fields").elements.length ? valuesOf(at("fields")) : {};
  page.words = words;
  document.documentElement.lang = words.language;
  document.title = words.title;
  for (const node of document.querySelectorAll("[data-text]")) node.textContent = words[node.dataset.text];
  at("language").textContent = words.other;
  at("language").lang = words === WORDS.zh ? "en" : "zh-CN";
  buildFields(at("fields"), words, values);
  showOffer();
  if (page.outcome) draw();
}

function takeDrops() {
  const isOver = (over) => at("drop").classList.toggle("over", over);
  addEventListener("dragover", (event) => {
    event.preventDefault();
    isOver(true);
  });
  addEventListener("dragleave", () => isOver(false));
  addEventListener("drop", (event) => {
    event.preventDefault();
    isOver(false);
    takeFile(event.dataTransfer.files[0]);
  });
}

async function takeFile(file) {
  if (!file) return;
  if (file.size > MAX_BUNDLE_SIZE) tooLarge();
  else take(new Uint8Array(await file.arrayBuffer()));
}

/** Refused by its size alone: nobody's memory is filled with what can be no proof. */
function tooLarge() {
  page.raw = null;
  show({ error: new ProofRejected(0, page.words.tooLarge, "json_too_large") });
}

function take(raw) {
  page.raw = raw;
  at("file").value = "";
  if (raw.length > MAX_BUNDLE_SIZE) tooLarge();
  else check();
}

/** Verify the bundle at hand with what the form says; a newer check makes an older one's answer void. */
async function check() {
  const turn = ++page.turn;
  at("status").textContent = page.words.working;
  at("result").setAttribute("aria-busy", "true");
  try {
    const values = valuesOf(at("fields"));
    const context = await contextOf(values);
    if (values.card) context.cardKey = cardOf(values, await formatOf(page.raw));
    markProblem(at("fields"), page.words, null);
    const run = await replay(page.raw, context);
    if (turn === page.turn) show({ run });
  } catch (error) {
    if (turn !== page.turn) return;
    if (error instanceof ProofRejected) show({ error });
    else showProblem(error);
  }
}

/** The format that a bundle names; none where it cannot be read, which verifying will tell better. */
async function formatOf(raw) {
  try {
    return (await readBundle(raw)).batch.details.format;
  } catch {
    return "opaque";
  }
}

function showProblem(error) {
  if (!isFieldProblem(error)) throw error;
  page.outcome = null;
  at("result").hidden = true;
  at("reader").open = true;
  at("status").textContent = page.words.fix;
  markProblem(at("fields"), page.words, error);
}

function show(outcome) {
  page.outcome = outcome;
  draw();
  at("result").focus();
  at("result").scrollIntoView({ block: "start" });
}

function draw() {
  const { words, outcome } = page;
  const parts = outcome.run ? drawAccepted(outcome.run, words) : drawRejected(outcome.error, words);
  at("result").replaceChildren(...parts);
  at("result").hidden = false;
  at("result").setAttribute("aria-busy", "false");
  const done = outcome.run && (isRooted(outcome.run) ? words.done : words.doneLoose);
  at("status").textContent = done || words.failed(outcome.error.step);
}

/** What the fragment offers: #bundle=<address>&sha256=<64 hex digits>; null without, false if it is unfit. */
function offer() {
  const given = new URLSearchParams(location.hash.slice(1));
  if (!given.has("bundle")) return null;
  try {
    const url = new URL(given.get("bundle"));
    const isOurs = url.origin === location.origin && url.origin !== "null";
    return (url.protocol === "https:" || isOurs) && { url, hash: fromHex(given.get("sha256"), 32) };
  } catch {
    return false;
  }
}

function showOffer() {
  const offered = offer();
  at("offer").hidden = offered === null;
  if (offered === null) return;
  at("fetch").hidden = offered === false;
  at("offer-where").textContent = offered ? page.words.offerWhere(offered.url.host) : page.words.offerBad;
}

async function fetchOffer() {
  const { url, hash } = offer();
  at("status").textContent = page.words.working;
  let raw;
  try {
    raw = await download(url);
  } catch {
    at("status").textContent = page.words.offerFailed;
    return;
  }
  if (toHex(await sha256(raw)) === toHex(hash)) take(raw);
  else at("status").textContent = page.words.offerHash;
}

/** How long a server may take over the whole file, in ms; one that sends a byte now and then is cut off too. */
const PATIENCE = 30_000;

/** A body of at most 16 MiB, read piece by piece so that a longer one is never held, and within PATIENCE. */
async function download(url) {
  const control = new AbortController();
  const end = setTimeout(() => control.abort(), PATIENCE);
  try {
    return await bodyOf(url, control.signal);
  } finally {
    clearTimeout(end);
  }
}

async function bodyOf(url, signal) {
  const answer = await fetch(url, { credentials: "omit", referrerPolicy: "no-referrer", cache: "no-store", signal });
  if (!answer.ok) throw new Error(String(answer.status));
  const pieces = [];
  let total = 0;
  for (const stream = answer.body.getReader(); ; ) {
    const { done, value } = await stream.read();
    if (done) return new Uint8Array(await new Blob(pieces).arrayBuffer());
    total += value.length;
    if (total > MAX_BUNDLE_SIZE) {
      await stream.cancel();
      throw new Error("too large");
    }
    pieces.push(value);
  }
}
