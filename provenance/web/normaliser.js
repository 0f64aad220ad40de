// The twin of provenance/core/normaliser.py and keyformats.py: reads a raw card key in the browser.
// Same steps, same codes, same positions (code points from 0); both pass every case of tests/vectors/keys.json.
// A format is the JSON of one entry of the catalogue (keyformats.describe).

export const MAX_RAW_CHARACTERS = 4096;
export const MAX_OPAQUE_BYTES = 1024;
const CROCKFORD_CHECK = "0123456789ABCDEFGHJKMNPQRSTVWXYZ*~$=U";
const NOTES = ["invisible_dropped", "width_folded", "dash_mapped", "label_stripped", "separator_dropped",
  "case_folded", "lookalike_folded", "serial_dropped", "invisible_kept"];
const LOOKALIKES = "0O1IL";
const WHITE = " \t\n\r\v\f";
const TRIMMED = WHITE + "\u3000";

// By block, not by property: the answer must not change with the Unicode version of the browser.
const HOMOGLYPH_BLOCKS = [
  [0x00c0, 0x02af], [0x0370, 0x058f], [0x10a0, 0x10ff], [0x13a0, 0x13ff], [0x1c80, 0x1cbf], [0x1d00, 0x1dbf],
  [0x1e00, 0x1fff], [0x2c60, 0x2cff], [0xa4d0, 0xa4ff], [0xa640, 0xa69f], [0xa720, 0xa7ff], [0xab30, 0xabbf]];
const FOREIGN_ZEROS = [
  0x0660, 0x06f0, 0x07c0, 0x0966, 0x09e6, 0x0a66, 0x0ae6, 0x0b66, 0x0be6, 0x0c66, 0x0ce6, 0x0d66, 0x0de6,
  0x0e50, 0x0ed0, 0x0f20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0,
  0x1c40, 0x1c50, 0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0];

const SERIAL_LABEL = "卡号|序列号|serial";
const SECRET_LABEL = "密码|卡密|pin *code|pin|code";
const LABEL = new RegExp(`(?:(${SERIAL_LABEL})|(${SECRET_LABEL}))[ \\t]*:`, "iy");
const BOUNDARY = new RegExp(`(?:(${SERIAL_LABEL})|(${SECRET_LABEL}))[ \\t]*:|-{2,}|[|║\\t,]`, "gi");

/** Why a text is no key of the format; the message never holds the key. */
export class KeyMalformed extends Error {
  constructor(code, position, part) {
    super(position === undefined ? code : `${code} at character ${position + 1}`);
    this.name = "KeyMalformed";
    this.code = code;
    this.position = position;
    this.part = part;
  }
}

/** Read one key from one line in any rendering: {format_id, serial, secret, notes}. Throws KeyMalformed. */
export function parse(format, text) {
  if (format.secret === null) return finish(format, null, opaque(text), []);
  const rule = format.serial ?? format.dropped_serial;
  const fields = splitFields(scan(text), rule ? rule.lengths[0] : null);
  if (!fields.secret) throw new KeyMalformed("secret_missing");
  return read(format, fields.serial, fields.secret, fields.notes);
}

/** Read one key whose serial and secret stand in places of their own; a blank serial counts as none. */
export function parseParts(format, serial, secret) {
  let scanned = serial ? scanPart(serial, "serial") : null;
  if (scanned && isBlank(scanned)) scanned = null;
  if (format.secret === null) {
    if (scanned) throw new KeyMalformed("serial_unexpected");
    return finish(format, null, opaque(secret), []);
  }
  const scannedSecret = scanPart(secret, "secret");
  if (isBlank(scannedSecret)) throw new KeyMalformed("secret_missing");
  return read(format, scanned, scannedSecret, []);
}

/** The bytes that tags and leaves are made of: format_id LF serial LF secret, in UTF-8. */
export function identity(key) {
  return new TextEncoder().encode(`${key.format_id}\n${key.serial}\n${key.secret}`);
}

/** Crockford's check symbol: the value of canonical base-32 data, modulo 37. */
export function checkSymbol(data) {
  let value = 0;
  for (const symbol of data) value = (value * 32 + CROCKFORD_CHECK.indexOf(symbol)) % 37;
  return CROCKFORD_CHECK[value];
}

// A scanned text is a list of folded characters beside a list of their raw positions.
function scan(raw) {
  const characters = Array.from(raw);
  if (characters.length > MAX_RAW_CHARACTERS) throw new KeyMalformed("too_long");
  const [start, end] = trimmedRange(characters, TRIMMED);
  const scanned = { text: [], at: [], notes: [] };
  for (let position = start; position < end; position++) {
    const folded = fold(characters[position], position, scanned.notes);
    if (folded) {
      scanned.text.push(folded);
      scanned.at.push(position);
    }
  }
  return scanned;
}

function fold(character, position, notes) {
  const point = character.codePointAt(0);
  if ((point >= 0x20 && point < 0x7f) || character === "\t") return character;
  if (isControl(point)) throw new KeyMalformed("control_character", position);
  if (isInvisible(point)) {
    notes.push("invisible_dropped");
    return "";
  }
  if ((point >= 0xff01 && point <= 0xff5e) || point === 0x3000) {
    notes.push("width_folded");
    return point === 0x3000 ? " " : String.fromCodePoint(point - 0xfee0);
  }
  if ((point >= 0x2010 && point <= 0x2015) || point === 0x2212 || point === 0x30fc) {
    notes.push("dash_mapped");
    return "-";
  }
  if (point >= 0xd800 && point <= 0xdfff) throw new KeyMalformed("bad_character", position);
  if (character.normalize("NFKC") !== character) throw new KeyMalformed("compatibility_character", position);
  return character;
}

function splitFields(line, serialLength) {
  let [pieces, labelled] = cut(line);
  const notes = labelled ? ["label_stripped"] : [];
  if (pieces.length === 0) throw new KeyMalformed("empty");
  if (pieces.length === 1 && serialLength !== null && pieces[0][0] !== "secret") {
    pieces = splitAtWhite(pieces[0][0], pieces[0][1], serialLength);
  }
  const found = {};
  const unnamed = [];
  for (const [role, piece] of pieces) {
    if (role === null) unnamed.push(piece);
    else if (found[role]) throw new KeyMalformed("too_many_fields");
    else found[role] = piece;
  }
  if (pieces.length === 1 && unnamed.length) return { serial: null, secret: unnamed[0], notes };
  for (const role of ["serial", "secret"]) {
    if (!found[role] && unnamed.length) found[role] = unnamed.shift();
  }
  if (unnamed.length) throw new KeyMalformed("too_many_fields");
  return { serial: found.serial ?? null, secret: found.secret ?? null, notes };
}

function cut(line) {
  // Outside the basic plane one character is two units of a string; a stand-in keeps places equal.
  const text = line.text.map((character) => (character.length > 1 ? "\ufffd" : character)).join("");
  const pieces = [];
  let role = null, start = 0, labelled = false;
  for (const match of text.matchAll(BOUNDARY)) {
    pieces.push([role, span(line, start, match.index)]);
    start = match.index + match[0].length;
    role = match[1] ? "serial" : match[2] ? "secret" : null;
    labelled ||= role !== null;
  }
  pieces.push([role, span(line, start, line.text.length)]);
  return [pieces.filter(([, piece]) => !isBlank(piece)), labelled];
}

function splitAtWhite(role, line, length) {
  let seen = 0;
  for (let index = 0; index < line.text.length; index++) {
    if (line.text[index] === " " && seen === length) {
      const second = span(line, index, line.text.length);
      return isBlank(second) ? [[role, line]] : [[role, span(line, 0, index)], [null, second]];
    }
    if (!" -".includes(line.text[index])) seen += 1;
  }
  return [[role, line]];
}

function scanPart(text, name) {
  try {
    return stripLabel(scan(text));
  } catch (error) {
    if (error instanceof KeyMalformed) error.part = name;
    throw error;
  }
}

function stripLabel(part) {
  const [start] = trimmedRange(part.text, WHITE);
  LABEL.lastIndex = start;
  const match = LABEL.exec(part.text.map((each) => (each.length > 1 ? "\ufffd" : each)).join(""));
  if (!match) return part;
  const rest = span(part, start + match[0].length, part.text.length);
  return { ...rest, notes: [...rest.notes, "label_stripped"] };
}

function read(format, serial, secret, notes) {
  const serialRule = format.serial ?? format.dropped_serial;
  if (!serial) {
    if (format.serial) {
      const isSerial = !fits(format, format.secret, secret) && fits(format, format.serial, secret);
      throw new KeyMalformed(isSerial ? "secret_missing" : "serial_missing");
    }
    return finish(format, null, readPart(format.secret, secret, format.separators, "secret"), notes);
  }
  if (!serialRule) throw new KeyMalformed("serial_unexpected");
  try {
    const readSerial = readPart(serialRule, serial, format.separators, "serial");
    return finish(format, readSerial, readPart(format.secret, secret, format.separators, "secret"), notes);
  } catch (error) {
    if (fits(format, serialRule, secret) && fits(format, format.secret, serial)) {
      throw new KeyMalformed("swapped_serial_and_secret");
    }
    throw error;
  }
}

function fits(format, rule, part) {
  try {
    readPart(rule, part, format.separators, "");
    return true;
  } catch (error) {
    if (error instanceof KeyMalformed) return false;
    throw error;
  }
}

function readPart(rule, part, separators, name) {
  const { symbols, at, notes } = toSymbols(rule, part, separators, name);
  const fixed = new Map(rule.fixed);
  symbols.forEach((symbol, index) => {
    const allowed = rule.check && index === symbols.length - 1 ? CROCKFORD_CHECK : rule.alphabet;
    if (allowed.includes(symbol) || (fixed.get(index) ?? "").includes(symbol)) return;
    const code = LOOKALIKES.includes(symbol) ? "ambiguous_character" : "bad_character";
    throw new KeyMalformed(code, at[index], name);
  });
  if (!rule.lengths.includes(symbols.length - (rule.check ? 1 : 0))) {
    throw new KeyMalformed("wrong_length", undefined, name);
  }
  for (const [index, allowed] of rule.fixed) {
    if (!allowed.includes(symbols[index])) throw new KeyMalformed("wrong_pattern", at[index], name);
  }
  const text = symbols.join("");
  if (rule.check && checkSymbol(text.slice(0, -1)) !== text.at(-1)) {
    throw new KeyMalformed("check_symbol", undefined, name);
  }
  return { text, notes };
}

function toSymbols(rule, part, separators, name) {
  const symbols = [], at = [], notes = [...part.notes];
  const [start, end] = trimmedRange(part.text, WHITE);
  for (let index = start; index < end; index++) {
    const character = part.text[index];
    if (separators.includes(character)) {
      notes.push("separator_dropped");
      continue;
    }
    if (!/^[0-9A-Za-z]$/.test(character) && !(rule.check && CROCKFORD_CHECK.includes(character))) {
      throw new KeyMalformed(isHomoglyph(character) ? "homoglyph" : "bad_character", part.at[index], name);
    }
    let symbol = rule.upper ? character.toUpperCase() : character;
    if (symbol !== character) notes.push("case_folded");
    if (Object.hasOwn(rule.fold, symbol)) {
      notes.push("lookalike_folded");
      symbol = rule.fold[symbol];
    }
    symbols.push(symbol);
    at.push(part.at[index]);
  }
  return { symbols, at, notes };
}

function finish(format, serial, secret, notes) {
  const said = new Set([...notes, ...secret.notes, ...(serial ? serial.notes : [])]);
  const kept = serial && format.serial ? serial.text : "";
  if (serial && !kept) said.add("serial_dropped");
  return { format_id: format.id, serial: kept, secret: secret.text, notes: NOTES.filter((note) => said.has(note)) };
}

function opaque(text) {
  const characters = Array.from(text);
  if (characters.length > MAX_RAW_CHARACTERS) throw new KeyMalformed("too_long");
  const [start, end] = trimmedRange(characters, TRIMMED);
  if (start === end) throw new KeyMalformed("empty");
  const kept = characters.slice(start, end);
  kept.forEach((character, index) => {
    const point = character.codePointAt(0);
    if (isControl(point)) throw new KeyMalformed("control_character", start + index);
    if (point >= 0xd800 && point <= 0xdfff) throw new KeyMalformed("bad_character", start + index);
  });
  const exact = kept.join("");
  if (new TextEncoder().encode(exact).length > MAX_OPAQUE_BYTES) throw new KeyMalformed("too_long");
  return { text: exact, notes: kept.some((each) => isInvisible(each.codePointAt(0))) ? ["invisible_kept"] : [] };
}

function trimmedRange(characters, white) {
  let start = 0, end = characters.length;
  while (end > 0 && white.includes(characters[end - 1])) end -= 1;
  while (start < end && white.includes(characters[start])) start += 1;
  return [start, end];
}

function span(line, start, end) {
  return { text: line.text.slice(start, end), at: line.at.slice(start, end), notes: line.notes };
}

const isBlank = (part) => part.text.every((character) => WHITE.includes(character));
const isControl = (point) => point < 0x20 || (point >= 0x7f && point < 0xa0);
const isInvisible = (point) =>
  point === 0xad || point === 0x2060 || point === 0xfeff || (point >= 0x200b && point <= 0x200f);

function isHomoglyph(character) {
  const point = character.codePointAt(0);
  return HOMOGLYPH_BLOCKS.some(([low, high]) => point >= low && point <= high) ||
    FOREIGN_ZEROS.some((zero) => point >= zero && point <= zero + 9);
}
