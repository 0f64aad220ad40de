// The only JSON a proof may be made of (FORMATS, conventions and §10): RFC 8785, integers, no repeated member.
// JSON.parse is not used: it takes the last of two members of one name and rounds big numbers in silence.
import { equal, utf8 } from "./bytes.js";
import { Refused } from "./errors.js";

export const MAX_DEPTH = 16;
const MAX_COMMAS = 2 ** 19; // between values: a proof of 16 MiB, full of hashes, has half of them
const MAX_DIGITS = 17; // digits and sign of 2^53-1; longer ones are refused before they become numbers
const INTEGER = /-?(?:0|[1-9][0-9]*)/y;
const FRACTION = /\.[0-9]+(?:[eE][+-]?[0-9]+)?|[eE][+-]?[0-9]+/y;
const NO_NUMBER = /-?Infinity|NaN/y;
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const UNICODE = /[0-9a-fA-F]{4}/y;
const SPACE = /[ \t\n\r]*/y;
const LONE_SURROGATE = /\p{Surrogate}/u;
const ESCAPES = new Map(Object.entries({ '"': '"', "\\": "\\", "/": "/", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" }));
const WORDS = { true: true, false: false, null: null };

/** Untrusted bytes that are the RFC 8785 form of what they say; objects come without a prototype. */
export function parseCanonical(raw, maxBytes, maxDepth = MAX_DEPTH) {
  if (raw.length > maxBytes) throw new Refused("json_too_large", `the JSON has more than ${maxBytes} bytes`);
  const { depth, commas } = measured(raw);
  if (depth > maxDepth) throw new Refused("json_too_deep", `the JSON is nested deeper than ${maxDepth} levels`);
  if (commas > MAX_COMMAS) throw new Refused("json_too_many_values", `the JSON has more than ${MAX_COMMAS} commas`);
  let text;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(raw);
  } catch {
    throw malformed();
  }
  const value = new Parser(text).whole();
  if (!equal(utf8(encode(value)), raw)) {
    throw notCanonical("the JSON is not in its canonical form (RFC 8785)");
  }
  return value;
}

/** The RFC 8785 text of a value that a Parser made: strings, integers, booleans, null, arrays, objects. */
export function encode(value) {
  if (typeof value === "string") {
    if (LONE_SURROGATE.test(value)) throw notCanonical("the value has no canonical JSON form (RFC 8785)");
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map(encode).join()}]`;
  if (value === null || typeof value !== "object") return String(value);
  // Sorting by UTF-16 code units, as RFC 8785 §3.2.3 asks, is what sort() does.
  const members = Object.keys(value).sort().map((name) => `${encode(name)}:${encode(value[name])}`);
  return `{${members.join()}}`;
}

/** How deep the brackets nest and how many commas there are, told before the recursive parser sees them. */
function measured(raw) {
  let [depth, deepest, commas, quoted] = [0, 0, 0, false];
  for (let at = 0; at < raw.length; at += 1) {
    const byte = raw[at];
    if (byte === 0x5c) at += raw[at + 1] === 0x5c || raw[at + 1] === 0x22 ? 1 : 0; // an escape
    else if (byte === 0x22) quoted = !quoted;
    else if (quoted) continue;
    else if (byte === 0x5b || byte === 0x7b) deepest = Math.max(deepest, (depth += 1));
    else if (byte === 0x5d || byte === 0x7d) depth -= 1;
    else if (byte === 0x2c) commas += 1;
  }
  return { depth: deepest, commas };
}

/** Of several faults in one text it tells the one that the Python reader comes upon first. */
class Parser {
  constructor(text) {
    this.text = text;
    this.at = 0;
  }

  whole() {
    const value = this.value();
    if (this.at !== this.text.length) throw malformed();
    return value;
  }

  value() {
    this.take(SPACE);
    const next = this.text[this.at];
    let value;
    if (next === "{") value = this.object();
    else if (next === "[") value = this.array();
    else if (next === '"') value = this.string();
    else value = this.scalar();
    this.take(SPACE);
    return value;
  }

  object() {
    this.open();
    const members = Object.create(null);
    let repeated = false;
    while (!this.isClosed("}")) {
      this.take(SPACE);
      const name = this.string();
      this.take(SPACE);
      this.expect(":");
      repeated ||= name in members;
      members[name] = this.value();
      this.separate("}");
    }
    if (repeated) throw new Refused("json_duplicate_member", "an object names one member twice");
    return members;
  }

  array() {
    this.open();
    const items = [];
    while (!this.isClosed("]")) {
      items.push(this.value());
      this.separate("]");
    }
    return items;
  }

  open() {
    this.at += 1;
    this.take(SPACE);
  }

  isClosed(bracket) {
    if (this.text[this.at] !== bracket) return false;
    this.at += 1;
    return true;
  }

  /** After an item: a comma with another item behind it, or the closing bracket. */
  separate(bracket) {
    if (this.text[this.at] === bracket) return;
    this.expect(",");
    this.take(SPACE);
    if (this.text[this.at] === bracket) throw malformed();
  }

  string() {
    this.expect('"');
    const pieces = [];
    for (;;) {
      pieces.push(this.take(PLAIN));
      const next = this.text[this.at++];
      if (next === '"') return pieces.join("");
      if (next !== "\\") throw malformed();
      pieces.push(this.escape());
    }
  }

  escape() {
    const letter = this.text[this.at++];
    if (letter === "u") {
      const digits = this.take(UNICODE);
      if (digits === null) throw malformed();
      return String.fromCharCode(parseInt(digits, 16));
    }
    if (!ESCAPES.has(letter)) throw malformed();
    return ESCAPES.get(letter);
  }

  scalar() {
    for (const [word, value] of Object.entries(WORDS)) {
      if (this.text.startsWith(word, this.at)) {
        this.at += word.length;
        return value;
      }
    }
    const digits = this.take(INTEGER);
    if (this.take(digits === null ? NO_NUMBER : FRACTION) !== null) {
      throw new Refused("json_number", "numbers are integers; money is a decimal string");
    }
    if (digits === null) throw malformed();
    const number = Number(digits);
    if (digits.length > MAX_DIGITS || !Number.isSafeInteger(number)) {
      throw new Refused("json_number", "an integer is outside ±(2^53-1)");
    }
    return number === 0 ? 0 : number; // -0 is written 0, and is thus not canonical
  }

  expect(character) {
    if (this.text[this.at] !== character) throw malformed();
    this.at += 1;
  }

  take(pattern) {
    pattern.lastIndex = this.at;
    const match = pattern.exec(this.text);
    if (match === null) return null;
    this.at += match[0].length;
    return match[0];
  }
}

const malformed = () => new Refused("json_malformed", "not well-formed UTF-8 JSON");
const notCanonical = (message) => new Refused("json_not_canonical", message);
