// Reading what was pasted, on this device: which kinds of key it can be, and if none, where and why.
import { KeyMalformed, parse } from "../normaliser.js";
import { el, filled } from "./dom.js";

const ANY_TEXT = "opaque";

/** The text as one line: keys are often pasted as two. Each character keeps its place. */
export const oneLine = (text) => text.replace(/[\r\n]/g, "\t");

/** The formats that read `text`; exact text is one only where it is chosen. */
export function formatsOf(formats, text) {
  return formats.filter((format) => format.id !== ANY_TEXT && read(format, text).key);
}

/** {key} as the format reads it, or {fault}, a KeyMalformed. */
export function read(format, text) {
  try {
    return { key: parse(format, text) };
  } catch (fault) {
    if (fault instanceof KeyMalformed) return { fault };
    throw fault;
  }
}

/** The fault at a character that no format has (letters and digits some format may have), or null. */
export function sharedFault(formats, text) {
  const characters = Array.from(text);
  const faults = formats.map((format) => (format.id === ANY_TEXT ? null : read(format, text).fault));
  const strange = faults.filter((fault) => fault && !/^[0-9A-Za-z]?$/.test(characters[fault.position] ?? ""));
  const [first] = strange.sort((one, other) => one.position - other.position);
  return first ?? null;
}

/** A fault in words: the sentence, and the text with the place marked. */
export function faultNodes(fault, format, text, words) {
  const characters = Array.from(text);
  const part = words.problems.part[fault.part] ?? words.check.key;
  const rule = format?.[fault.part];
  const lengths = rule ? rule.lengths.map((length) => length + (rule.check ? 1 : 0)).join(" / ") : "";
  const sentence = filled(words.malformed[fault.code] ?? fault.code, { part, lengths });
  if (fault.position === undefined) return [el("p", {}, sentence)];
  const at = fault.position;
  const place = { position: at + 1, shown: nameOf(characters[at]) };
  return [
    el("p", {}, filled(words.problems.position, place), sentence),
    el("p", { class: "excerpt", translate: "no", "aria-hidden": "true" },
      (at > 12 ? "…" : "") + characters.slice(Math.max(0, at - 12), at).join(""),
      el("mark", {}, isVisible(characters[at]) ? characters[at] : "␣"),
      characters.slice(at + 1, at + 13).join("") + (characters.length > at + 13 ? "…" : "")),
  ];
}

/** Where the character at a position (code points) starts and ends in the string. */
export function rangeOf(text, position) {
  const characters = Array.from(text);
  const start = characters.slice(0, position).join("").length;
  return [start, start + (characters[position] ?? "").length];
}

const isVisible = (character) => /^[^\p{C}\p{Z}\p{M}]$/u.test(character);

function nameOf(character) {
  const code = `U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
  return isVisible(character) ? ` “${character}” (${code})` : ` (${code})`;
}
