// The form for what the reader brings from outside, and its reading. Its faults are his, never the bundle's.
import { parse as parseCard } from "../../provenance/web/normaliser.js";
import { fromHex } from "../bytes.js";
import { Refused } from "../errors.js";
import { COSIGNATURE, ED25519, parseKey } from "../notes.js";
import formats from "./formats.json";
import { el } from "./dom.js";

const FIELDS = ["card", "salt", "chain", "registry", "log", "block", "witnesses", "threshold"];

/** What is wrong with one field; `field` names it, `problem` is a key of the words' problems. */
class FieldProblem extends Error {
  constructor(field, problem = field) {
    super(problem);
    this.field = field;
    this.problem = problem;
  }
}

/** Build the fields into `form`, keeping what is written in them. */
export function buildFields(form, words, values) {
  form.replaceChildren(
    ...FIELDS.map((name) => field(name, words, values[name] ?? "")),
    el("p", {}, el("button", { type: "submit", class: "primary" }, words.again)),
  );
  if (values.replays) form.querySelector("#replays").checked = true;
}

function field(name, words, value) {
  const [label, hint] = words.fields[name];
  const attributes = { id: name, name, autocomplete: "off", spellcheck: "false", "aria-describedby": `${name}-note` };
  const isNumber = name === "chain" || name === "threshold";
  const input =
    name === "witnesses"
      ? el("textarea", { ...attributes, rows: "2" })
      : el("input", { ...attributes, type: "text", inputmode: isNumber && "numeric" });
  input.value = value;
  const note = el("p", { id: `${name}-note`, class: "quiet" }, hint);
  const box = el("input", { type: "checkbox", id: "replays", name: "replays" });
  const more = name === "witnesses" && el("label", { class: "check", for: "replays" }, box, words.replays);
  return el("div", {}, el("label", { for: name }, label), input, note, more);
}

/** The raw texts of the form. */
export function valuesOf(form) {
  const texts = Object.fromEntries(FIELDS.map((name) => [name, form.elements[name].value.trim()]));
  return { ...texts, replays: form.elements.replays.checked };
}

/** Mark the field that is wrong and say why; with null, clear all marks. */
export function markProblem(form, words, error) {
  for (const name of FIELDS) {
    const note = form.querySelector(`#${name}-note`);
    const isWrong = error?.field === name;
    form.elements[name].setAttribute("aria-invalid", String(isWrong));
    note.className = isWrong ? "problem" : "quiet";
    note.textContent = isWrong ? words.problems[error.problem] : words.fields[name][1];
  }
  if (error) form.elements[error.field].focus();
}

export const isFieldProblem = (error) => error instanceof FieldProblem;

/** The reader's context for verify(), but for the card key, which needs the bundle's format: see cardOf(). */
export async function contextOf(values) {
  const network = networkOf(values);
  const witnesses = [];
  for (const line of values.witnesses.split("\n").map((text) => text.trim()).filter(Boolean)) {
    witnesses.push({ key: await keyOf("witnesses", line, COSIGNATURE), replays: values.replays });
  }
  const threshold = numberOf("threshold", values.threshold, witnesses.length) ?? 0;
  const block = values.block && hexOf("block", values.block.replace(/^0x/i, ""), 32);
  if (block && !network) throw new FieldProblem("block", "blockNetwork");
  return {
    network,
    witnesses,
    witnessThreshold: threshold,
    logKey: values.log ? await keyOf("log", values.log, ED25519) : undefined,
    trustedBlockHash: block || undefined,
    salt: values.salt ? hexOf("salt", values.salt, 16) : undefined,
  };
}

/** The card key as canonical parts, read by the rules of the format that the bundle names. */
export function cardOf(values, formatId) {
  if (!values.card) return undefined;
  const format = formats.find((one) => one.id === formatId);
  if (!format) throw new FieldProblem("card");
  try {
    const { serial, secret } = parseCard(format, values.card);
    return { format_id: formatId, serial, secret };
  } catch {
    throw new FieldProblem("card");
  }
}

function networkOf({ chain, registry }) {
  if (!chain && !registry) return undefined;
  if (!chain) throw new FieldProblem("chain", "both");
  if (!registry) throw new FieldProblem("registry", "both");
  const number = numberOf("chain", chain, Number.MAX_SAFE_INTEGER);
  if (number < 1) throw new FieldProblem("chain");
  if (!/^0x[0-9a-f]{40}$/i.test(registry)) throw new FieldProblem("registry");
  return { chain_id: number, registry: registry.slice(2).toLowerCase() };
}

function numberOf(name, text, most) {
  if (!text) return undefined;
  const number = Number(text);
  if (!/^[0-9]{1,16}$/.test(text) || number > most) throw new FieldProblem(name);
  return number;
}

function hexOf(name, text, size) {
  try {
    return fromHex(text.toLowerCase(), size);
  } catch {
    throw new FieldProblem(name);
  }
}

async function keyOf(name, text, kind) {
  try {
    const key = await parseKey(text);
    if (key.kind === kind) return key;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
  }
  throw new FieldProblem(name);
}
