// verifier/errors.js
var Refused = class extends Error {
  constructor(code, message) {
    super(message);
    this.name = "Refused";
    this.code = code;
  }
};
var ProofRejected = class extends Error {
  constructor(step, message, code = "proof_rejected") {
    super(message);
    this.name = "ProofRejected";
    this.step = step;
    this.code = code;
  }
};
async function rejecting(step, what, work) {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Refused) throw new ProofRejected(step, `${what}: ${error.message}`, error.code);
    throw error;
  }
}

// verifier/bytes.js
var HEX = /^(?:[0-9a-f]{2})*$/;
var BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
var ZERO_ADDRESS = "00".repeat(20);
var ZERO_HASH = "00".repeat(32);
var utf8 = (text) => new TextEncoder().encode(text);
function toHex(bytes) {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}
function fromHex(text, size, prefix = "") {
  const digits = text.slice(prefix.length);
  if (!text.startsWith(prefix) || !HEX.test(digits) || size !== void 0 && digits.length !== 2 * size) {
    const form = prefix ? `lower-case hex with ${prefix}` : "lower-case hex";
    throw new Refused("hex_malformed", `expected ${form}${size === void 0 ? "" : `, ${size} bytes`}`);
  }
  const bytes = new Uint8Array(digits.length / 2);
  for (let at = 0; at < bytes.length; at++) bytes[at] = parseInt(digits.slice(2 * at, 2 * at + 2), 16);
  return bytes;
}
function toBase64(bytes) {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}
function fromBase64(text) {
  if (!BASE64.test(text)) throw new Refused("base64_malformed", "not standard padded base64");
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  if (toBase64(bytes) !== text) throw new Refused("base64_malformed", "base64 with unused bits set");
  return bytes;
}
function concat(...parts) {
  const whole = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
function equal(one, other) {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}
function toNumber(bytes) {
  return bytes.length ? BigInt(`0x${toHex(bytes)}`) : 0n;
}
function fromNumber(number, size) {
  return fromHex(BigInt(number).toString(16).padStart(2 * size, "0"), size);
}
function plain(number) {
  if (typeof number !== "bigint") return number;
  return number <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(number) : String(number);
}

// verifier/lives.js
function newKey(batch2, index) {
  return {
    batch: batch2,
    index,
    holder: ZERO_ADDRESS,
    steps: [],
    offers: [],
    lives: [],
    // one a sale: {party, state, sell, last, redeem, beforeRedeem, reissued}
    barred: null,
    // the VOID after which no life may begin
    rangeVoid: null,
    // the last VOID on a range
    soldBefore: false,
    reissued: false
  };
}
function stateOf(key2) {
  const { batch: batch2, lives } = key2;
  if (key2.barred && !(batch2.maxUses === 1 && lives.length)) return "VOID";
  if (lives.length < batch2.maxUses) return "REGISTERED";
  return batch2.maxUses === 1 ? newestLife(key2).state : "SOLD";
}
function standing(key2, party) {
  const life = key2.lives.find((one) => one.party === party);
  if (life) return life;
  if (key2.barred && !key2.lives.length) throw refusal("void", "the key is void");
  throw refusal("no_such_use", "no standing sale of this key to that use");
}
function newestLife(key2) {
  return key2.lives.reduce((newest, life) => life.last.entry.time > newest.last.entry.time ? life : newest);
}
function withLife(key2, life) {
  return { ...key2, lives: key2.lives.map((other) => other.party === life.party ? life : other) };
}
var codeOf = (state2) => ({ DELIVERED: "delivered", REGISTERED: "not_sold" })[state2] ?? state2.toLowerCase();
var soldCode = (state2) => state2 === "REDEEMED" || state2 === "VOID" ? state2.toLowerCase() : "sold";
var refusal = (code, message) => new Refused(code, message);

// verifier/evidence.js
var YEAR_10000_MS = 253402300800000n;
function isoTime(milliseconds) {
  const ms = BigInt(milliseconds);
  if (ms >= YEAR_10000_MS) return `${ms} ms`;
  return new Date(Number(ms)).toISOString().replace(".000Z", "Z");
}
function boundText({ kind, number, time, checked }) {
  const when = time === null ? "time unknown" : isoTime(BigInt(time) * 1000n);
  return `${kind} ${number} (${when}${checked ? "" : ", not checked"})`;
}
function evidenceOf(run) {
  const { anchors, head, key: key2, log: log2, network } = run.bundle;
  const steps = run.steps();
  const anchored = run.anchorTimes.size ? "anchored" : "anchored, not checked";
  return {
    network: { chain_id: network.chain_id, registry: `0x${network.registry}` },
    origin: log2.origin,
    batch: run.batchId,
    index: key2.index,
    checkpoint: { size: head.size, root: toHex(head.root) },
    anchoring: anchors.length ? anchored : "pending",
    state: stateOf(run.custody),
    holder: `0x${run.custody.holder}`,
    sold_before: run.custody.soldBefore,
    completeness: run.completeness,
    steps,
    timeline: run.timeline.map(eventJson),
    not_checked: steps.flatMap(
      ({ step, findings }) => findings.filter((finding) => !finding.checked).map((finding) => ({ step, ...finding }))
    )
  };
}
function eventJson({ index, entry, after, before, details: details2 }) {
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
    details: details2?.value ?? null,
    text: `#${index} ${entry.type} by ${who} at ${isoTime(entry.time)} (${lower}, ${upper})`
  };
}
var boundJson = (bound) => ({ ...bound, number: plain(bound.number), time: plain(bound.time) });

// verifier/json.js
var MAX_DEPTH = 16;
var MAX_COMMAS = 2 ** 19;
var MAX_DIGITS = 17;
var INTEGER = /-?(?:0|[1-9][0-9]*)/y;
var FRACTION = /\.[0-9]+(?:[eE][+-]?[0-9]+)?|[eE][+-]?[0-9]+/y;
var NO_NUMBER = /-?Infinity|NaN/y;
var PLAIN = /[^"\\\u0000-\u001f]*/y;
var UNICODE = /[0-9a-fA-F]{4}/y;
var SPACE = /[ \t\n\r]*/y;
var LONE_SURROGATE = /\p{Surrogate}/u;
var ESCAPES = new Map(Object.entries({ '"': '"', "\\": "\\", "/": "/", b: "\b", f: "\f", n: "\n", r: "\r", t: "	" }));
var WORDS = { true: true, false: false, null: null };
function parseCanonical(raw, maxBytes, maxDepth = MAX_DEPTH) {
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
function encode(value) {
  if (typeof value === "string") {
    if (LONE_SURROGATE.test(value)) throw notCanonical("the value has no canonical JSON form (RFC 8785)");
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map(encode).join()}]`;
  if (value === null || typeof value !== "object") return String(value);
  const members = Object.keys(value).sort().map((name) => `${encode(name)}:${encode(value[name])}`);
  return `{${members.join()}}`;
}
function measured(raw) {
  let [depth, deepest, commas, quoted] = [0, 0, 0, false];
  for (let at = 0; at < raw.length; at += 1) {
    const byte = raw[at];
    if (byte === 92) at += raw[at + 1] === 92 || raw[at + 1] === 34 ? 1 : 0;
    else if (byte === 34) quoted = !quoted;
    else if (quoted) continue;
    else if (byte === 91 || byte === 123) deepest = Math.max(deepest, depth += 1);
    else if (byte === 93 || byte === 125) depth -= 1;
    else if (byte === 44) commas += 1;
  }
  return { depth: deepest, commas };
}
var Parser = class {
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
    const members = /* @__PURE__ */ Object.create(null);
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
    for (; ; ) {
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
    return number === 0 ? 0 : number;
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
};
var malformed = () => new Refused("json_malformed", "not well-formed UTF-8 JSON");
var notCanonical = (message) => new Refused("json_not_canonical", message);

// node_modules/@noble/hashes/utils.js
function isBytes(a) {
  return a instanceof Uint8Array || ArrayBuffer.isView(a) && a.constructor.name === "Uint8Array" && "BYTES_PER_ELEMENT" in a && a.BYTES_PER_ELEMENT === 1;
}
function anumber(n, title = "") {
  if (typeof n !== "number") {
    const prefix = title && `"${title}" `;
    throw new TypeError(`${prefix}expected number, got ${typeof n}`);
  }
  if (!Number.isSafeInteger(n) || n < 0) {
    const prefix = title && `"${title}" `;
    throw new RangeError(`${prefix}expected integer >= 0, got ${n}`);
  }
}
function abytes(value, length, title = "") {
  const bytes = isBytes(value);
  const len = value?.length;
  const needsLen = length !== void 0;
  if (!bytes || needsLen && len !== length) {
    const prefix = title && `"${title}" `;
    const ofLen = needsLen ? ` of length ${length}` : "";
    const got = bytes ? `length=${len}` : `type=${typeof value}`;
    const message = prefix + "expected Uint8Array" + ofLen + ", got " + got;
    if (!bytes)
      throw new TypeError(message);
    throw new RangeError(message);
  }
  return value;
}
function ahash(h) {
  if (typeof h !== "function" || typeof h.create !== "function")
    throw new TypeError("Hash must wrapped by utils.createHasher");
  anumber(h.outputLen);
  anumber(h.blockLen);
  if (h.outputLen < 1)
    throw new Error('"outputLen" must be >= 1');
  if (h.blockLen < 1)
    throw new Error('"blockLen" must be >= 1');
}
function aexists(instance, checkFinished = true) {
  if (instance.destroyed)
    throw new Error("Hash instance has been destroyed");
  if (checkFinished && instance.finished)
    throw new Error("Hash#digest() has already been called");
}
function aoutput(out, instance) {
  abytes(out, void 0, "digestInto() output");
  const min = instance.outputLen;
  if (out.length < min) {
    throw new RangeError('"digestInto() output" expected to be of length >=' + min);
  }
}
function u32(arr) {
  return new Uint32Array(arr.buffer, arr.byteOffset, Math.floor(arr.byteLength / 4));
}
function clean(...arrays) {
  for (let i = 0; i < arrays.length; i++) {
    arrays[i].fill(0);
  }
}
function createView(arr) {
  return new DataView(arr.buffer, arr.byteOffset, arr.byteLength);
}
function rotr(word, shift) {
  return word << 32 - shift | word >>> shift;
}
var isLE = /* @__PURE__ */ (() => new Uint8Array(new Uint32Array([287454020]).buffer)[0] === 68)();
function byteSwap(word) {
  return word << 24 & 4278190080 | word << 8 & 16711680 | word >>> 8 & 65280 | word >>> 24 & 255;
}
function byteSwap32(arr) {
  for (let i = 0; i < arr.length; i++) {
    arr[i] = byteSwap(arr[i]);
  }
  return arr;
}
var swap32IfBE = isLE ? (u) => u : byteSwap32;
var hasHexBuiltin = /* @__PURE__ */ (() => (
  // @ts-ignore
  typeof Uint8Array.from([]).toHex === "function" && typeof Uint8Array.fromHex === "function"
))();
var hexes = /* @__PURE__ */ Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, "0"));
function bytesToHex(bytes) {
  abytes(bytes);
  if (hasHexBuiltin)
    return bytes.toHex();
  let hex = "";
  for (let i = 0; i < bytes.length; i++) {
    hex += hexes[bytes[i]];
  }
  return hex;
}
var asciis = { _0: 48, _9: 57, A: 65, F: 70, a: 97, f: 102 };
function asciiToBase16(ch) {
  if (ch >= asciis._0 && ch <= asciis._9)
    return ch - asciis._0;
  if (ch >= asciis.A && ch <= asciis.F)
    return ch - (asciis.A - 10);
  if (ch >= asciis.a && ch <= asciis.f)
    return ch - (asciis.a - 10);
  return;
}
function hexToBytes(hex) {
  if (typeof hex !== "string")
    throw new TypeError("hex string expected, got " + typeof hex);
  if (hasHexBuiltin) {
    try {
      return Uint8Array.fromHex(hex);
    } catch (error) {
      if (error instanceof SyntaxError)
        throw new RangeError(error.message);
      throw error;
    }
  }
  const hl = hex.length;
  const al = hl / 2;
  if (hl % 2)
    throw new RangeError("hex string expected, got unpadded hex of length " + hl);
  const array = new Uint8Array(al);
  for (let ai = 0, hi = 0; ai < al; ai++, hi += 2) {
    const n1 = asciiToBase16(hex.charCodeAt(hi));
    const n2 = asciiToBase16(hex.charCodeAt(hi + 1));
    if (n1 === void 0 || n2 === void 0) {
      const char = hex[hi] + hex[hi + 1];
      throw new RangeError('hex string expected, got non-hex character "' + char + '" at index ' + hi);
    }
    array[ai] = n1 * 16 + n2;
  }
  return array;
}
function concatBytes(...arrays) {
  let sum = 0;
  for (let i = 0; i < arrays.length; i++) {
    const a = arrays[i];
    abytes(a);
    sum += a.length;
  }
  const res = new Uint8Array(sum);
  for (let i = 0, pad = 0; i < arrays.length; i++) {
    const a = arrays[i];
    res.set(a, pad);
    pad += a.length;
  }
  return res;
}
function createHasher(hashCons, info = {}) {
  const hashC = (msg, opts) => hashCons(opts).update(msg).digest();
  const tmp = hashCons(void 0);
  hashC.outputLen = tmp.outputLen;
  hashC.blockLen = tmp.blockLen;
  hashC.canXOF = tmp.canXOF;
  hashC.create = (opts) => hashCons(opts);
  Object.assign(hashC, info);
  return Object.freeze(hashC);
}
function randomBytes(bytesLength = 32) {
  anumber(bytesLength, "bytesLength");
  const cr = typeof globalThis === "object" ? globalThis.crypto : null;
  if (typeof cr?.getRandomValues !== "function")
    throw new Error("crypto.getRandomValues must be defined");
  if (bytesLength > 65536)
    throw new RangeError(`"bytesLength" expected <= 65536, got ${bytesLength}`);
  return cr.getRandomValues(new Uint8Array(bytesLength));
}
var oidNist = (suffix) => ({
  // Current NIST hashAlgs suffixes used here fit in one DER subidentifier octet.
  // Larger suffix values would need base-128 OID encoding and a different length byte.
  oid: Uint8Array.from([6, 9, 96, 134, 72, 1, 101, 3, 4, 2, suffix])
});

// node_modules/@noble/hashes/_md.js
function Chi(a, b, c) {
  return a & b ^ ~a & c;
}
function Maj(a, b, c) {
  return a & b ^ a & c ^ b & c;
}
var HashMD = class {
  blockLen;
  outputLen;
  canXOF = false;
  padOffset;
  isLE;
  // For partial updates less than block size
  buffer;
  view;
  finished = false;
  length = 0;
  pos = 0;
  destroyed = false;
  constructor(blockLen, outputLen, padOffset, isLE2) {
    this.blockLen = blockLen;
    this.outputLen = outputLen;
    this.padOffset = padOffset;
    this.isLE = isLE2;
    this.buffer = new Uint8Array(blockLen);
    this.view = createView(this.buffer);
  }
  update(data) {
    aexists(this);
    abytes(data);
    const { view, buffer, blockLen } = this;
    const len = data.length;
    for (let pos = 0; pos < len; ) {
      const take = Math.min(blockLen - this.pos, len - pos);
      if (take === blockLen) {
        const dataView = createView(data);
        for (; blockLen <= len - pos; pos += blockLen)
          this.process(dataView, pos);
        continue;
      }
      buffer.set(data.subarray(pos, pos + take), this.pos);
      this.pos += take;
      pos += take;
      if (this.pos === blockLen) {
        this.process(view, 0);
        this.pos = 0;
      }
    }
    this.length += data.length;
    this.roundClean();
    return this;
  }
  digestInto(out) {
    aexists(this);
    aoutput(out, this);
    this.finished = true;
    const { buffer, view, blockLen, isLE: isLE2 } = this;
    let { pos } = this;
    buffer[pos++] = 128;
    clean(this.buffer.subarray(pos));
    if (this.padOffset > blockLen - pos) {
      this.process(view, 0);
      pos = 0;
    }
    for (let i = pos; i < blockLen; i++)
      buffer[i] = 0;
    view.setBigUint64(blockLen - 8, BigInt(this.length * 8), isLE2);
    this.process(view, 0);
    const oview = createView(out);
    const len = this.outputLen;
    if (len % 4)
      throw new Error("_sha2: outputLen must be aligned to 32bit");
    const outLen = len / 4;
    const state2 = this.get();
    if (outLen > state2.length)
      throw new Error("_sha2: outputLen bigger than state");
    for (let i = 0; i < outLen; i++)
      oview.setUint32(4 * i, state2[i], isLE2);
  }
  digest() {
    const { buffer, outputLen } = this;
    this.digestInto(buffer);
    const res = buffer.slice(0, outputLen);
    this.destroy();
    return res;
  }
  _cloneInto(to) {
    to ||= new this.constructor();
    to.set(...this.get());
    const { blockLen, buffer, length, finished, destroyed, pos } = this;
    to.destroyed = destroyed;
    to.finished = finished;
    to.length = length;
    to.pos = pos;
    if (length % blockLen)
      to.buffer.set(buffer);
    return to;
  }
  clone() {
    return this._cloneInto();
  }
};
var SHA256_IV = /* @__PURE__ */ Uint32Array.from([
  1779033703,
  3144134277,
  1013904242,
  2773480762,
  1359893119,
  2600822924,
  528734635,
  1541459225
]);
var SHA512_IV = /* @__PURE__ */ Uint32Array.from([
  1779033703,
  4089235720,
  3144134277,
  2227873595,
  1013904242,
  4271175723,
  2773480762,
  1595750129,
  1359893119,
  2917565137,
  2600822924,
  725511199,
  528734635,
  4215389547,
  1541459225,
  327033209
]);

// node_modules/@noble/hashes/_u64.js
var U32_MASK64 = /* @__PURE__ */ BigInt(2 ** 32 - 1);
var _32n = /* @__PURE__ */ BigInt(32);
function fromBig(n, le = false) {
  if (le)
    return { h: Number(n & U32_MASK64), l: Number(n >> _32n & U32_MASK64) };
  return { h: Number(n >> _32n & U32_MASK64) | 0, l: Number(n & U32_MASK64) | 0 };
}
function split(lst, le = false) {
  const len = lst.length;
  let Ah = new Uint32Array(len);
  let Al = new Uint32Array(len);
  for (let i = 0; i < len; i++) {
    const { h, l } = fromBig(lst[i], le);
    [Ah[i], Al[i]] = [h, l];
  }
  return [Ah, Al];
}
var shrSH = (h, _l, s) => h >>> s;
var shrSL = (h, l, s) => h << 32 - s | l >>> s;
var rotrSH = (h, l, s) => h >>> s | l << 32 - s;
var rotrSL = (h, l, s) => h << 32 - s | l >>> s;
var rotrBH = (h, l, s) => h << 64 - s | l >>> s - 32;
var rotrBL = (h, l, s) => h >>> s - 32 | l << 64 - s;
var rotlSH = (h, l, s) => h << s | l >>> 32 - s;
var rotlSL = (h, l, s) => l << s | h >>> 32 - s;
var rotlBH = (h, l, s) => l << s - 32 | h >>> 64 - s;
var rotlBL = (h, l, s) => h << s - 32 | l >>> 64 - s;
function add(Ah, Al, Bh, Bl) {
  const l = (Al >>> 0) + (Bl >>> 0);
  return { h: Ah + Bh + (l / 2 ** 32 | 0) | 0, l: l | 0 };
}
var add3L = (Al, Bl, Cl) => (Al >>> 0) + (Bl >>> 0) + (Cl >>> 0);
var add3H = (low, Ah, Bh, Ch) => Ah + Bh + Ch + (low / 2 ** 32 | 0) | 0;
var add4L = (Al, Bl, Cl, Dl) => (Al >>> 0) + (Bl >>> 0) + (Cl >>> 0) + (Dl >>> 0);
var add4H = (low, Ah, Bh, Ch, Dh) => Ah + Bh + Ch + Dh + (low / 2 ** 32 | 0) | 0;
var add5L = (Al, Bl, Cl, Dl, El) => (Al >>> 0) + (Bl >>> 0) + (Cl >>> 0) + (Dl >>> 0) + (El >>> 0);
var add5H = (low, Ah, Bh, Ch, Dh, Eh) => Ah + Bh + Ch + Dh + Eh + (low / 2 ** 32 | 0) | 0;

// node_modules/@noble/hashes/sha2.js
var SHA256_K = /* @__PURE__ */ Uint32Array.from([
  1116352408,
  1899447441,
  3049323471,
  3921009573,
  961987163,
  1508970993,
  2453635748,
  2870763221,
  3624381080,
  310598401,
  607225278,
  1426881987,
  1925078388,
  2162078206,
  2614888103,
  3248222580,
  3835390401,
  4022224774,
  264347078,
  604807628,
  770255983,
  1249150122,
  1555081692,
  1996064986,
  2554220882,
  2821834349,
  2952996808,
  3210313671,
  3336571891,
  3584528711,
  113926993,
  338241895,
  666307205,
  773529912,
  1294757372,
  1396182291,
  1695183700,
  1986661051,
  2177026350,
  2456956037,
  2730485921,
  2820302411,
  3259730800,
  3345764771,
  3516065817,
  3600352804,
  4094571909,
  275423344,
  430227734,
  506948616,
  659060556,
  883997877,
  958139571,
  1322822218,
  1537002063,
  1747873779,
  1955562222,
  2024104815,
  2227730452,
  2361852424,
  2428436474,
  2756734187,
  3204031479,
  3329325298
]);
var SHA256_W = /* @__PURE__ */ new Uint32Array(64);
var SHA2_32B = class extends HashMD {
  constructor(outputLen) {
    super(64, outputLen, 8, false);
  }
  get() {
    const { A, B, C, D, E, F, G, H } = this;
    return [A, B, C, D, E, F, G, H];
  }
  // prettier-ignore
  set(A, B, C, D, E, F, G, H) {
    this.A = A | 0;
    this.B = B | 0;
    this.C = C | 0;
    this.D = D | 0;
    this.E = E | 0;
    this.F = F | 0;
    this.G = G | 0;
    this.H = H | 0;
  }
  process(view, offset) {
    for (let i = 0; i < 16; i++, offset += 4)
      SHA256_W[i] = view.getUint32(offset, false);
    for (let i = 16; i < 64; i++) {
      const W15 = SHA256_W[i - 15];
      const W2 = SHA256_W[i - 2];
      const s0 = rotr(W15, 7) ^ rotr(W15, 18) ^ W15 >>> 3;
      const s1 = rotr(W2, 17) ^ rotr(W2, 19) ^ W2 >>> 10;
      SHA256_W[i] = s1 + SHA256_W[i - 7] + s0 + SHA256_W[i - 16] | 0;
    }
    let { A, B, C, D, E, F, G, H } = this;
    for (let i = 0; i < 64; i++) {
      const sigma1 = rotr(E, 6) ^ rotr(E, 11) ^ rotr(E, 25);
      const T1 = H + sigma1 + Chi(E, F, G) + SHA256_K[i] + SHA256_W[i] | 0;
      const sigma0 = rotr(A, 2) ^ rotr(A, 13) ^ rotr(A, 22);
      const T2 = sigma0 + Maj(A, B, C) | 0;
      H = G;
      G = F;
      F = E;
      E = D + T1 | 0;
      D = C;
      C = B;
      B = A;
      A = T1 + T2 | 0;
    }
    A = A + this.A | 0;
    B = B + this.B | 0;
    C = C + this.C | 0;
    D = D + this.D | 0;
    E = E + this.E | 0;
    F = F + this.F | 0;
    G = G + this.G | 0;
    H = H + this.H | 0;
    this.set(A, B, C, D, E, F, G, H);
  }
  roundClean() {
    clean(SHA256_W);
  }
  destroy() {
    this.destroyed = true;
    this.set(0, 0, 0, 0, 0, 0, 0, 0);
    clean(this.buffer);
  }
};
var _SHA256 = class extends SHA2_32B {
  // We cannot use array here since array allows indexing by variable
  // which means optimizer/compiler cannot use registers.
  A = SHA256_IV[0] | 0;
  B = SHA256_IV[1] | 0;
  C = SHA256_IV[2] | 0;
  D = SHA256_IV[3] | 0;
  E = SHA256_IV[4] | 0;
  F = SHA256_IV[5] | 0;
  G = SHA256_IV[6] | 0;
  H = SHA256_IV[7] | 0;
  constructor() {
    super(32);
  }
};
var K512 = /* @__PURE__ */ (() => split([
  "0x428a2f98d728ae22",
  "0x7137449123ef65cd",
  "0xb5c0fbcfec4d3b2f",
  "0xe9b5dba58189dbbc",
  "0x3956c25bf348b538",
  "0x59f111f1b605d019",
  "0x923f82a4af194f9b",
  "0xab1c5ed5da6d8118",
  "0xd807aa98a3030242",
  "0x12835b0145706fbe",
  "0x243185be4ee4b28c",
  "0x550c7dc3d5ffb4e2",
  "0x72be5d74f27b896f",
  "0x80deb1fe3b1696b1",
  "0x9bdc06a725c71235",
  "0xc19bf174cf692694",
  "0xe49b69c19ef14ad2",
  "0xefbe4786384f25e3",
  "0x0fc19dc68b8cd5b5",
  "0x240ca1cc77ac9c65",
  "0x2de92c6f592b0275",
  "0x4a7484aa6ea6e483",
  "0x5cb0a9dcbd41fbd4",
  "0x76f988da831153b5",
  "0x983e5152ee66dfab",
  "0xa831c66d2db43210",
  "0xb00327c898fb213f",
  "0xbf597fc7beef0ee4",
  "0xc6e00bf33da88fc2",
  "0xd5a79147930aa725",
  "0x06ca6351e003826f",
  "0x142929670a0e6e70",
  "0x27b70a8546d22ffc",
  "0x2e1b21385c26c926",
  "0x4d2c6dfc5ac42aed",
  "0x53380d139d95b3df",
  "0x650a73548baf63de",
  "0x766a0abb3c77b2a8",
  "0x81c2c92e47edaee6",
  "0x92722c851482353b",
  "0xa2bfe8a14cf10364",
  "0xa81a664bbc423001",
  "0xc24b8b70d0f89791",
  "0xc76c51a30654be30",
  "0xd192e819d6ef5218",
  "0xd69906245565a910",
  "0xf40e35855771202a",
  "0x106aa07032bbd1b8",
  "0x19a4c116b8d2d0c8",
  "0x1e376c085141ab53",
  "0x2748774cdf8eeb99",
  "0x34b0bcb5e19b48a8",
  "0x391c0cb3c5c95a63",
  "0x4ed8aa4ae3418acb",
  "0x5b9cca4f7763e373",
  "0x682e6ff3d6b2b8a3",
  "0x748f82ee5defb2fc",
  "0x78a5636f43172f60",
  "0x84c87814a1f0ab72",
  "0x8cc702081a6439ec",
  "0x90befffa23631e28",
  "0xa4506cebde82bde9",
  "0xbef9a3f7b2c67915",
  "0xc67178f2e372532b",
  "0xca273eceea26619c",
  "0xd186b8c721c0c207",
  "0xeada7dd6cde0eb1e",
  "0xf57d4f7fee6ed178",
  "0x06f067aa72176fba",
  "0x0a637dc5a2c898a6",
  "0x113f9804bef90dae",
  "0x1b710b35131c471b",
  "0x28db77f523047d84",
  "0x32caab7b40c72493",
  "0x3c9ebe0a15c9bebc",
  "0x431d67c49c100d4c",
  "0x4cc5d4becb3e42b6",
  "0x597f299cfc657e2a",
  "0x5fcb6fab3ad6faec",
  "0x6c44198c4a475817"
].map((n) => BigInt(n))))();
var SHA512_Kh = /* @__PURE__ */ (() => K512[0])();
var SHA512_Kl = /* @__PURE__ */ (() => K512[1])();
var SHA512_W_H = /* @__PURE__ */ new Uint32Array(80);
var SHA512_W_L = /* @__PURE__ */ new Uint32Array(80);
var SHA2_64B = class extends HashMD {
  constructor(outputLen) {
    super(128, outputLen, 16, false);
  }
  // prettier-ignore
  get() {
    const { Ah, Al, Bh, Bl, Ch, Cl, Dh, Dl, Eh, El, Fh, Fl, Gh, Gl, Hh, Hl } = this;
    return [Ah, Al, Bh, Bl, Ch, Cl, Dh, Dl, Eh, El, Fh, Fl, Gh, Gl, Hh, Hl];
  }
  // prettier-ignore
  set(Ah, Al, Bh, Bl, Ch, Cl, Dh, Dl, Eh, El, Fh, Fl, Gh, Gl, Hh, Hl) {
    this.Ah = Ah | 0;
    this.Al = Al | 0;
    this.Bh = Bh | 0;
    this.Bl = Bl | 0;
    this.Ch = Ch | 0;
    this.Cl = Cl | 0;
    this.Dh = Dh | 0;
    this.Dl = Dl | 0;
    this.Eh = Eh | 0;
    this.El = El | 0;
    this.Fh = Fh | 0;
    this.Fl = Fl | 0;
    this.Gh = Gh | 0;
    this.Gl = Gl | 0;
    this.Hh = Hh | 0;
    this.Hl = Hl | 0;
  }
  process(view, offset) {
    for (let i = 0; i < 16; i++, offset += 4) {
      SHA512_W_H[i] = view.getUint32(offset);
      SHA512_W_L[i] = view.getUint32(offset += 4);
    }
    for (let i = 16; i < 80; i++) {
      const W15h = SHA512_W_H[i - 15] | 0;
      const W15l = SHA512_W_L[i - 15] | 0;
      const s0h = rotrSH(W15h, W15l, 1) ^ rotrSH(W15h, W15l, 8) ^ shrSH(W15h, W15l, 7);
      const s0l = rotrSL(W15h, W15l, 1) ^ rotrSL(W15h, W15l, 8) ^ shrSL(W15h, W15l, 7);
      const W2h = SHA512_W_H[i - 2] | 0;
      const W2l = SHA512_W_L[i - 2] | 0;
      const s1h = rotrSH(W2h, W2l, 19) ^ rotrBH(W2h, W2l, 61) ^ shrSH(W2h, W2l, 6);
      const s1l = rotrSL(W2h, W2l, 19) ^ rotrBL(W2h, W2l, 61) ^ shrSL(W2h, W2l, 6);
      const SUMl = add4L(s0l, s1l, SHA512_W_L[i - 7], SHA512_W_L[i - 16]);
      const SUMh = add4H(SUMl, s0h, s1h, SHA512_W_H[i - 7], SHA512_W_H[i - 16]);
      SHA512_W_H[i] = SUMh | 0;
      SHA512_W_L[i] = SUMl | 0;
    }
    let { Ah, Al, Bh, Bl, Ch, Cl, Dh, Dl, Eh, El, Fh, Fl, Gh, Gl, Hh, Hl } = this;
    for (let i = 0; i < 80; i++) {
      const sigma1h = rotrSH(Eh, El, 14) ^ rotrSH(Eh, El, 18) ^ rotrBH(Eh, El, 41);
      const sigma1l = rotrSL(Eh, El, 14) ^ rotrSL(Eh, El, 18) ^ rotrBL(Eh, El, 41);
      const CHIh = Eh & Fh ^ ~Eh & Gh;
      const CHIl = El & Fl ^ ~El & Gl;
      const T1ll = add5L(Hl, sigma1l, CHIl, SHA512_Kl[i], SHA512_W_L[i]);
      const T1h = add5H(T1ll, Hh, sigma1h, CHIh, SHA512_Kh[i], SHA512_W_H[i]);
      const T1l = T1ll | 0;
      const sigma0h = rotrSH(Ah, Al, 28) ^ rotrBH(Ah, Al, 34) ^ rotrBH(Ah, Al, 39);
      const sigma0l = rotrSL(Ah, Al, 28) ^ rotrBL(Ah, Al, 34) ^ rotrBL(Ah, Al, 39);
      const MAJh = Ah & Bh ^ Ah & Ch ^ Bh & Ch;
      const MAJl = Al & Bl ^ Al & Cl ^ Bl & Cl;
      Hh = Gh | 0;
      Hl = Gl | 0;
      Gh = Fh | 0;
      Gl = Fl | 0;
      Fh = Eh | 0;
      Fl = El | 0;
      ({ h: Eh, l: El } = add(Dh | 0, Dl | 0, T1h | 0, T1l | 0));
      Dh = Ch | 0;
      Dl = Cl | 0;
      Ch = Bh | 0;
      Cl = Bl | 0;
      Bh = Ah | 0;
      Bl = Al | 0;
      const All = add3L(T1l, sigma0l, MAJl);
      Ah = add3H(All, T1h, sigma0h, MAJh);
      Al = All | 0;
    }
    ({ h: Ah, l: Al } = add(this.Ah | 0, this.Al | 0, Ah | 0, Al | 0));
    ({ h: Bh, l: Bl } = add(this.Bh | 0, this.Bl | 0, Bh | 0, Bl | 0));
    ({ h: Ch, l: Cl } = add(this.Ch | 0, this.Cl | 0, Ch | 0, Cl | 0));
    ({ h: Dh, l: Dl } = add(this.Dh | 0, this.Dl | 0, Dh | 0, Dl | 0));
    ({ h: Eh, l: El } = add(this.Eh | 0, this.El | 0, Eh | 0, El | 0));
    ({ h: Fh, l: Fl } = add(this.Fh | 0, this.Fl | 0, Fh | 0, Fl | 0));
    ({ h: Gh, l: Gl } = add(this.Gh | 0, this.Gl | 0, Gh | 0, Gl | 0));
    ({ h: Hh, l: Hl } = add(this.Hh | 0, this.Hl | 0, Hh | 0, Hl | 0));
    this.set(Ah, Al, Bh, Bl, Ch, Cl, Dh, Dl, Eh, El, Fh, Fl, Gh, Gl, Hh, Hl);
  }
  roundClean() {
    clean(SHA512_W_H, SHA512_W_L);
  }
  destroy() {
    this.destroyed = true;
    clean(this.buffer);
    this.set(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
  }
};
var _SHA512 = class extends SHA2_64B {
  Ah = SHA512_IV[0] | 0;
  Al = SHA512_IV[1] | 0;
  Bh = SHA512_IV[2] | 0;
  Bl = SHA512_IV[3] | 0;
  Ch = SHA512_IV[4] | 0;
  Cl = SHA512_IV[5] | 0;
  Dh = SHA512_IV[6] | 0;
  Dl = SHA512_IV[7] | 0;
  Eh = SHA512_IV[8] | 0;
  El = SHA512_IV[9] | 0;
  Fh = SHA512_IV[10] | 0;
  Fl = SHA512_IV[11] | 0;
  Gh = SHA512_IV[12] | 0;
  Gl = SHA512_IV[13] | 0;
  Hh = SHA512_IV[14] | 0;
  Hl = SHA512_IV[15] | 0;
  constructor() {
    super(64);
  }
};
var sha256 = /* @__PURE__ */ createHasher(
  () => new _SHA256(),
  /* @__PURE__ */ oidNist(1)
);
var sha512 = /* @__PURE__ */ createHasher(
  () => new _SHA512(),
  /* @__PURE__ */ oidNist(3)
);

// node_modules/@noble/curves/utils.js
/*! noble-curves - MIT License (c) 2022 Paul Miller (paulmillr.com) */
var abytes2 = (value, length, title) => abytes(value, length, title);
var anumber2 = anumber;
var bytesToHex2 = bytesToHex;
var concatBytes2 = (...arrays) => concatBytes(...arrays);
var hexToBytes2 = (hex) => hexToBytes(hex);
var isBytes2 = isBytes;
var randomBytes2 = (bytesLength) => randomBytes(bytesLength);
var _0n = /* @__PURE__ */ BigInt(0);
var _1n = /* @__PURE__ */ BigInt(1);
function abool(value, title = "") {
  if (typeof value !== "boolean") {
    const prefix = title && `"${title}" `;
    throw new TypeError(prefix + "expected boolean, got type=" + typeof value);
  }
  return value;
}
function abignumber(n) {
  if (typeof n === "bigint") {
    if (!isPosBig(n))
      throw new RangeError("positive bigint expected, got " + n);
  } else
    anumber2(n);
  return n;
}
function asafenumber(value, title = "") {
  if (typeof value !== "number") {
    const prefix = title && `"${title}" `;
    throw new TypeError(prefix + "expected number, got type=" + typeof value);
  }
  if (!Number.isSafeInteger(value)) {
    const prefix = title && `"${title}" `;
    throw new RangeError(prefix + "expected safe integer, got " + value);
  }
}
function numberToHexUnpadded(num) {
  const hex = abignumber(num).toString(16);
  return hex.length & 1 ? "0" + hex : hex;
}
function hexToNumber(hex) {
  if (typeof hex !== "string")
    throw new TypeError("hex string expected, got " + typeof hex);
  return hex === "" ? _0n : BigInt("0x" + hex);
}
function bytesToNumberBE(bytes) {
  return hexToNumber(bytesToHex(bytes));
}
function bytesToNumberLE(bytes) {
  return hexToNumber(bytesToHex(copyBytes(abytes(bytes)).reverse()));
}
function numberToBytesBE(n, len) {
  anumber(len);
  if (len === 0)
    throw new RangeError("zero length");
  n = abignumber(n);
  const hex = n.toString(16);
  if (hex.length > len * 2)
    throw new RangeError("number too large");
  return hexToBytes(hex.padStart(len * 2, "0"));
}
function numberToBytesLE(n, len) {
  return numberToBytesBE(n, len).reverse();
}
function equalBytes(a, b) {
  a = abytes2(a);
  b = abytes2(b);
  if (a.length !== b.length)
    return false;
  let diff = 0;
  for (let i = 0; i < a.length; i++)
    diff |= a[i] ^ b[i];
  return diff === 0;
}
function copyBytes(bytes) {
  return Uint8Array.from(abytes2(bytes));
}
function asciiToBytes(ascii) {
  if (typeof ascii !== "string")
    throw new TypeError("ascii string expected, got " + typeof ascii);
  return Uint8Array.from(ascii, (c, i) => {
    const charCode = c.charCodeAt(0);
    if (c.length !== 1 || charCode > 127) {
      throw new RangeError(`string contains non-ASCII character "${ascii[i]}" with code ${charCode} at position ${i}`);
    }
    return charCode;
  });
}
var isPosBig = (n) => typeof n === "bigint" && _0n <= n;
function inRange(n, min, max) {
  return isPosBig(n) && isPosBig(min) && isPosBig(max) && min <= n && n < max;
}
function aInRange(title, n, min, max) {
  if (!inRange(n, min, max))
    throw new RangeError("expected valid " + title + ": " + min + " <= n < " + max + ", got " + n);
}
function bitLen(n) {
  if (n < _0n)
    throw new Error("expected non-negative bigint, got " + n);
  let len;
  for (len = 0; n > _0n; n >>= _1n, len += 1)
    ;
  return len;
}
var bitMask = (n) => (_1n << BigInt(n)) - _1n;
function createHmacDrbg(hashLen, qByteLen, hmacFn) {
  anumber(hashLen, "hashLen");
  anumber(qByteLen, "qByteLen");
  if (typeof hmacFn !== "function")
    throw new TypeError("hmacFn must be a function");
  const u8n = (len) => new Uint8Array(len);
  const NULL = Uint8Array.of();
  const byte0 = Uint8Array.of(0);
  const byte1 = Uint8Array.of(1);
  const _maxDrbgIters = 1e3;
  let v = u8n(hashLen);
  let k = u8n(hashLen);
  let i = 0;
  const reset = () => {
    v.fill(1);
    k.fill(0);
    i = 0;
  };
  const h = (...msgs) => hmacFn(k, concatBytes2(v, ...msgs));
  const reseed = (seed = NULL) => {
    k = h(byte0, seed);
    v = h();
    if (seed.length === 0)
      return;
    k = h(byte1, seed);
    v = h();
  };
  const gen = () => {
    if (i++ >= _maxDrbgIters)
      throw new Error("drbg: tried max amount of iterations");
    let len = 0;
    const out = [];
    while (len < qByteLen) {
      v = h();
      const sl = v.slice();
      out.push(sl);
      len += v.length;
    }
    return concatBytes2(...out);
  };
  const genUntil = (seed, pred) => {
    reset();
    reseed(seed);
    let res = void 0;
    while ((res = pred(gen())) === void 0)
      reseed();
    reset();
    return res;
  };
  return genUntil;
}
function validateObject(object, fields = {}, optFields = {}) {
  if (Object.prototype.toString.call(object) !== "[object Object]")
    throw new TypeError("expected valid options object");
  function checkField(fieldName, expectedType, isOpt) {
    if (!isOpt && expectedType !== "function" && !Object.hasOwn(object, fieldName))
      throw new TypeError(`param "${fieldName}" is invalid: expected own property`);
    const val = object[fieldName];
    if (isOpt && val === void 0)
      return;
    const current = typeof val;
    if (current !== expectedType || val === null)
      throw new TypeError(`param "${fieldName}" is invalid: expected ${expectedType}, got ${current}`);
  }
  const iter = (f, isOpt) => Object.entries(f).forEach(([k, v]) => checkField(k, v, isOpt));
  iter(fields, false);
  iter(optFields, true);
}
var notImplemented = () => {
  throw new Error("not implemented");
};

// node_modules/@noble/curves/abstract/modular.js
/*! noble-curves - MIT License (c) 2022 Paul Miller (paulmillr.com) */
var _0n2 = /* @__PURE__ */ BigInt(0);
var _1n2 = /* @__PURE__ */ BigInt(1);
var _2n = /* @__PURE__ */ BigInt(2);
var _3n = /* @__PURE__ */ BigInt(3);
var _4n = /* @__PURE__ */ BigInt(4);
var _5n = /* @__PURE__ */ BigInt(5);
var _7n = /* @__PURE__ */ BigInt(7);
var _8n = /* @__PURE__ */ BigInt(8);
var _9n = /* @__PURE__ */ BigInt(9);
var _16n = /* @__PURE__ */ BigInt(16);
function mod(a, b) {
  if (b <= _0n2)
    throw new Error("mod: expected positive modulus, got " + b);
  const result = a % b;
  return result >= _0n2 ? result : b + result;
}
function pow2(x, power, modulo) {
  if (power < _0n2)
    throw new Error("pow2: expected non-negative exponent, got " + power);
  let res = x;
  while (power-- > _0n2) {
    res *= res;
    res %= modulo;
  }
  return res;
}
function invert(number, modulo) {
  if (number === _0n2)
    throw new Error("invert: expected non-zero number");
  if (modulo <= _0n2)
    throw new Error("invert: expected positive modulus, got " + modulo);
  let a = mod(number, modulo);
  let b = modulo;
  let x = _0n2, y = _1n2, u = _1n2, v = _0n2;
  while (a !== _0n2) {
    const q = b / a;
    const r = b - a * q;
    const m = x - u * q;
    const n = y - v * q;
    b = a, a = r, x = u, y = v, u = m, v = n;
  }
  const gcd = b;
  if (gcd !== _1n2)
    throw new Error("invert: does not exist");
  return mod(x, modulo);
}
function assertIsSquare(Fp2, root, n) {
  const F = Fp2;
  if (!F.eql(F.sqr(root), n))
    throw new Error("Cannot find square root");
}
function sqrt3mod4(Fp2, n) {
  const F = Fp2;
  const p1div4 = (F.ORDER + _1n2) / _4n;
  const root = F.pow(n, p1div4);
  assertIsSquare(F, root, n);
  return root;
}
function sqrt5mod8(Fp2, n) {
  const F = Fp2;
  const p5div8 = (F.ORDER - _5n) / _8n;
  const n2 = F.mul(n, _2n);
  const v = F.pow(n2, p5div8);
  const nv = F.mul(n, v);
  const i = F.mul(F.mul(nv, _2n), v);
  const root = F.mul(nv, F.sub(i, F.ONE));
  assertIsSquare(F, root, n);
  return root;
}
function sqrt9mod16(P) {
  const Fp_ = Field(P);
  const tn = tonelliShanks(P);
  const c1 = tn(Fp_, Fp_.neg(Fp_.ONE));
  const c2 = tn(Fp_, c1);
  const c3 = tn(Fp_, Fp_.neg(c1));
  const c4 = (P + _7n) / _16n;
  return ((Fp2, n) => {
    const F = Fp2;
    let tv1 = F.pow(n, c4);
    let tv2 = F.mul(tv1, c1);
    const tv3 = F.mul(tv1, c2);
    const tv4 = F.mul(tv1, c3);
    const e1 = F.eql(F.sqr(tv2), n);
    const e2 = F.eql(F.sqr(tv3), n);
    tv1 = F.cmov(tv1, tv2, e1);
    tv2 = F.cmov(tv4, tv3, e2);
    const e3 = F.eql(F.sqr(tv2), n);
    const root = F.cmov(tv1, tv2, e3);
    assertIsSquare(F, root, n);
    return root;
  });
}
function tonelliShanks(P) {
  if (P < _3n)
    throw new Error("sqrt is not defined for small field");
  let Q = P - _1n2;
  let S = 0;
  while (Q % _2n === _0n2) {
    Q /= _2n;
    S++;
  }
  let Z = _2n;
  const _Fp = Field(P);
  while (FpLegendre(_Fp, Z) === 1) {
    if (Z++ > 1e3)
      throw new Error("Cannot find square root: probably non-prime P");
  }
  if (S === 1)
    return sqrt3mod4;
  let cc = _Fp.pow(Z, Q);
  const Q1div2 = (Q + _1n2) / _2n;
  return function tonelliSlow(Fp2, n) {
    const F = Fp2;
    if (F.is0(n))
      return n;
    if (FpLegendre(F, n) !== 1)
      throw new Error("Cannot find square root");
    let M = S;
    let c = F.mul(F.ONE, cc);
    let t = F.pow(n, Q);
    let R = F.pow(n, Q1div2);
    while (!F.eql(t, F.ONE)) {
      if (F.is0(t))
        return F.ZERO;
      let i = 1;
      let t_tmp = F.sqr(t);
      while (!F.eql(t_tmp, F.ONE)) {
        i++;
        t_tmp = F.sqr(t_tmp);
        if (i === M)
          throw new Error("Cannot find square root");
      }
      const exponent = _1n2 << BigInt(M - i - 1);
      const b = F.pow(c, exponent);
      M = i;
      c = F.sqr(b);
      t = F.mul(t, c);
      R = F.mul(R, b);
    }
    return R;
  };
}
function FpSqrt(P) {
  if (P % _4n === _3n)
    return sqrt3mod4;
  if (P % _8n === _5n)
    return sqrt5mod8;
  if (P % _16n === _9n)
    return sqrt9mod16(P);
  return tonelliShanks(P);
}
var isNegativeLE = (num, modulo) => (mod(num, modulo) & _1n2) === _1n2;
var FIELD_FIELDS = [
  "create",
  "isValid",
  "is0",
  "neg",
  "inv",
  "sqrt",
  "sqr",
  "eql",
  "add",
  "sub",
  "mul",
  "pow",
  "div",
  "addN",
  "subN",
  "mulN",
  "sqrN"
];
function validateField(field) {
  const initial = {
    ORDER: "bigint",
    BYTES: "number",
    BITS: "number"
  };
  const opts = FIELD_FIELDS.reduce((map, val) => {
    map[val] = "function";
    return map;
  }, initial);
  validateObject(field, opts);
  asafenumber(field.BYTES, "BYTES");
  asafenumber(field.BITS, "BITS");
  if (field.BYTES < 1 || field.BITS < 1)
    throw new Error("invalid field: expected BYTES/BITS > 0");
  if (field.ORDER <= _1n2)
    throw new Error("invalid field: expected ORDER > 1, got " + field.ORDER);
  return field;
}
function FpPow(Fp2, num, power) {
  const F = Fp2;
  if (power < _0n2)
    throw new Error("invalid exponent, negatives unsupported");
  if (power === _0n2)
    return F.ONE;
  if (power === _1n2)
    return num;
  let p = F.ONE;
  let d = num;
  while (power > _0n2) {
    if (power & _1n2)
      p = F.mul(p, d);
    d = F.sqr(d);
    power >>= _1n2;
  }
  return p;
}
function FpInvertBatch(Fp2, nums, passZero = false) {
  const F = Fp2;
  const inverted = new Array(nums.length).fill(passZero ? F.ZERO : void 0);
  const multipliedAcc = nums.reduce((acc, num, i) => {
    if (F.is0(num))
      return acc;
    inverted[i] = acc;
    return F.mul(acc, num);
  }, F.ONE);
  const invertedAcc = F.inv(multipliedAcc);
  nums.reduceRight((acc, num, i) => {
    if (F.is0(num))
      return acc;
    inverted[i] = F.mul(acc, inverted[i]);
    return F.mul(acc, num);
  }, invertedAcc);
  return inverted;
}
function FpLegendre(Fp2, n) {
  const F = Fp2;
  const p1mod2 = (F.ORDER - _1n2) / _2n;
  const powered = F.pow(n, p1mod2);
  const yes = F.eql(powered, F.ONE);
  const zero = F.eql(powered, F.ZERO);
  const no = F.eql(powered, F.neg(F.ONE));
  if (!yes && !zero && !no)
    throw new Error("invalid Legendre symbol result");
  return yes ? 1 : zero ? 0 : -1;
}
function nLength(n, nBitLength) {
  if (nBitLength !== void 0)
    anumber2(nBitLength);
  if (n <= _0n2)
    throw new Error("invalid n length: expected positive n, got " + n);
  if (nBitLength !== void 0 && nBitLength < 1)
    throw new Error("invalid n length: expected positive bit length, got " + nBitLength);
  const bits = bitLen(n);
  if (nBitLength !== void 0 && nBitLength < bits)
    throw new Error(`invalid n length: expected bit length (${bits}) >= n.length (${nBitLength})`);
  const _nBitLength = nBitLength !== void 0 ? nBitLength : bits;
  const nByteLength = Math.ceil(_nBitLength / 8);
  return { nBitLength: _nBitLength, nByteLength };
}
var FIELD_SQRT = /* @__PURE__ */ new WeakMap();
var _Field = class {
  ORDER;
  BITS;
  BYTES;
  isLE;
  ZERO = _0n2;
  ONE = _1n2;
  _lengths;
  _mod;
  constructor(ORDER, opts = {}) {
    if (ORDER <= _1n2)
      throw new Error("invalid field: expected ORDER > 1, got " + ORDER);
    let _nbitLength = void 0;
    this.isLE = false;
    if (opts != null && typeof opts === "object") {
      if (typeof opts.BITS === "number")
        _nbitLength = opts.BITS;
      if (typeof opts.sqrt === "function")
        Object.defineProperty(this, "sqrt", { value: opts.sqrt, enumerable: true });
      if (typeof opts.isLE === "boolean")
        this.isLE = opts.isLE;
      if (opts.allowedLengths)
        this._lengths = Object.freeze(opts.allowedLengths.slice());
      if (typeof opts.modFromBytes === "boolean")
        this._mod = opts.modFromBytes;
    }
    const { nBitLength, nByteLength } = nLength(ORDER, _nbitLength);
    if (nByteLength > 2048)
      throw new Error("invalid field: expected ORDER of <= 2048 bytes");
    this.ORDER = ORDER;
    this.BITS = nBitLength;
    this.BYTES = nByteLength;
    Object.freeze(this);
  }
  create(num) {
    return mod(num, this.ORDER);
  }
  isValid(num) {
    if (typeof num !== "bigint")
      throw new TypeError("invalid field element: expected bigint, got " + typeof num);
    return _0n2 <= num && num < this.ORDER;
  }
  is0(num) {
    return num === _0n2;
  }
  // is valid and invertible
  isValidNot0(num) {
    return !this.is0(num) && this.isValid(num);
  }
  isOdd(num) {
    return (num & _1n2) === _1n2;
  }
  neg(num) {
    return mod(-num, this.ORDER);
  }
  eql(lhs, rhs) {
    return lhs === rhs;
  }
  sqr(num) {
    return mod(num * num, this.ORDER);
  }
  add(lhs, rhs) {
    return mod(lhs + rhs, this.ORDER);
  }
  sub(lhs, rhs) {
    return mod(lhs - rhs, this.ORDER);
  }
  mul(lhs, rhs) {
    return mod(lhs * rhs, this.ORDER);
  }
  pow(num, power) {
    return FpPow(this, num, power);
  }
  div(lhs, rhs) {
    return mod(lhs * invert(rhs, this.ORDER), this.ORDER);
  }
  // Same as above, but doesn't normalize
  sqrN(num) {
    return num * num;
  }
  addN(lhs, rhs) {
    return lhs + rhs;
  }
  subN(lhs, rhs) {
    return lhs - rhs;
  }
  mulN(lhs, rhs) {
    return lhs * rhs;
  }
  inv(num) {
    return invert(num, this.ORDER);
  }
  sqrt(num) {
    let sqrt = FIELD_SQRT.get(this);
    if (!sqrt)
      FIELD_SQRT.set(this, sqrt = FpSqrt(this.ORDER));
    return sqrt(this, num);
  }
  toBytes(num) {
    return this.isLE ? numberToBytesLE(num, this.BYTES) : numberToBytesBE(num, this.BYTES);
  }
  fromBytes(bytes, skipValidation = false) {
    abytes2(bytes);
    const { _lengths: allowedLengths, BYTES, isLE: isLE2, ORDER, _mod: modFromBytes } = this;
    if (allowedLengths) {
      if (bytes.length < 1 || !allowedLengths.includes(bytes.length) || bytes.length > BYTES) {
        throw new Error("Field.fromBytes: expected " + allowedLengths + " bytes, got " + bytes.length);
      }
      const padded = new Uint8Array(BYTES);
      padded.set(bytes, isLE2 ? 0 : padded.length - bytes.length);
      bytes = padded;
    }
    if (bytes.length !== BYTES)
      throw new Error("Field.fromBytes: expected " + BYTES + " bytes, got " + bytes.length);
    let scalar = isLE2 ? bytesToNumberLE(bytes) : bytesToNumberBE(bytes);
    if (modFromBytes)
      scalar = mod(scalar, ORDER);
    if (!skipValidation) {
      if (!this.isValid(scalar))
        throw new Error("invalid field element: outside of range 0..ORDER");
    }
    return scalar;
  }
  // TODO: we don't need it here, move out to separate fn
  invertBatch(lst) {
    return FpInvertBatch(this, lst);
  }
  // We can't move this out because Fp6, Fp12 implement it
  // and it's unclear what to return in there.
  cmov(a, b, condition) {
    abool(condition, "condition");
    return condition ? b : a;
  }
};
Object.freeze(_Field.prototype);
function Field(ORDER, opts = {}) {
  return new _Field(ORDER, opts);
}
function getFieldBytesLength(fieldOrder) {
  if (typeof fieldOrder !== "bigint")
    throw new Error("field order must be bigint");
  if (fieldOrder <= _1n2)
    throw new Error("field order must be greater than 1");
  const bitLength = bitLen(fieldOrder - _1n2);
  return Math.ceil(bitLength / 8);
}
function getMinHashLength(fieldOrder) {
  const length = getFieldBytesLength(fieldOrder);
  return length + Math.ceil(length / 2);
}
function mapHashToField(key2, fieldOrder, isLE2 = false) {
  abytes2(key2);
  const len = key2.length;
  const fieldLen = getFieldBytesLength(fieldOrder);
  const minLen = Math.max(getMinHashLength(fieldOrder), 16);
  if (len < minLen || len > 1024)
    throw new Error("expected " + minLen + "-1024 bytes of input, got " + len);
  const num = isLE2 ? bytesToNumberLE(key2) : bytesToNumberBE(key2);
  const reduced = mod(num, fieldOrder - _1n2) + _1n2;
  return isLE2 ? numberToBytesLE(reduced, fieldLen) : numberToBytesBE(reduced, fieldLen);
}

// node_modules/@noble/curves/abstract/curve.js
/*! noble-curves - MIT License (c) 2022 Paul Miller (paulmillr.com) */
var _0n3 = /* @__PURE__ */ BigInt(0);
var _1n3 = /* @__PURE__ */ BigInt(1);
function negateCt(condition, item) {
  const neg = item.negate();
  return condition ? neg : item;
}
function normalizeZ(c, points) {
  const invertedZs = FpInvertBatch(c.Fp, points.map((p) => p.Z));
  return points.map((p, i) => c.fromAffine(p.toAffine(invertedZs[i])));
}
function validateW(W, bits) {
  if (!Number.isSafeInteger(W) || W <= 0 || W > bits)
    throw new Error("invalid window size, expected [1.." + bits + "], got W=" + W);
}
function calcWOpts(W, scalarBits) {
  validateW(W, scalarBits);
  const windows = Math.ceil(scalarBits / W) + 1;
  const windowSize = 2 ** (W - 1);
  const maxNumber = 2 ** W;
  const mask = bitMask(W);
  const shiftBy = BigInt(W);
  return { windows, windowSize, mask, maxNumber, shiftBy };
}
function calcOffsets(n, window, wOpts) {
  const { windowSize, mask, maxNumber, shiftBy } = wOpts;
  let wbits = Number(n & mask);
  let nextN = n >> shiftBy;
  if (wbits > windowSize) {
    wbits -= maxNumber;
    nextN += _1n3;
  }
  const offsetStart = window * windowSize;
  const offset = offsetStart + Math.abs(wbits) - 1;
  const isZero = wbits === 0;
  const isNeg = wbits < 0;
  const isNegF = window % 2 !== 0;
  const offsetF = offsetStart;
  return { nextN, offset, isZero, isNeg, isNegF, offsetF };
}
var pointPrecomputes = /* @__PURE__ */ new WeakMap();
var pointWindowSizes = /* @__PURE__ */ new WeakMap();
function getW(P) {
  return pointWindowSizes.get(P) || 1;
}
function assert0(n) {
  if (n !== _0n3)
    throw new Error("invalid wNAF");
}
var wNAF = class {
  BASE;
  ZERO;
  Fn;
  bits;
  // Parametrized with a given Point class (not individual point)
  constructor(Point, bits) {
    this.BASE = Point.BASE;
    this.ZERO = Point.ZERO;
    this.Fn = Point.Fn;
    this.bits = bits;
  }
  // non-const time multiplication ladder
  _unsafeLadder(elm, n, p = this.ZERO) {
    let d = elm;
    while (n > _0n3) {
      if (n & _1n3)
        p = p.add(d);
      d = d.double();
      n >>= _1n3;
    }
    return p;
  }
  /**
   * Creates a wNAF precomputation window. Used for caching.
   * Default window size is set by `utils.precompute()` and is equal to 8.
   * Number of precomputed points depends on the curve size:
   * 2^(𝑊−1) * (Math.ceil(𝑛 / 𝑊) + 1), where:
   * - 𝑊 is the window size
   * - 𝑛 is the bitlength of the curve order.
   * For a 256-bit curve and window size 8, the number of precomputed points is 128 * 33 = 4224.
   * @param point - Point instance
   * @param W - window size
   * @returns precomputed point tables flattened to a single array
   */
  precomputeWindow(point, W) {
    const { windows, windowSize } = calcWOpts(W, this.bits);
    const points = [];
    let p = point;
    let base = p;
    for (let window = 0; window < windows; window++) {
      base = p;
      points.push(base);
      for (let i = 1; i < windowSize; i++) {
        base = base.add(p);
        points.push(base);
      }
      p = base.double();
    }
    return points;
  }
  /**
   * Implements ec multiplication using precomputed tables and w-ary non-adjacent form.
   * More compact implementation:
   * https://github.com/paulmillr/noble-secp256k1/blob/47cb1669b6e506ad66b35fe7d76132ae97465da2/index.ts#L502-L541
   * @returns real and fake (for const-time) points
   */
  wNAF(W, precomputes, n) {
    if (!this.Fn.isValid(n))
      throw new Error("invalid scalar");
    let p = this.ZERO;
    let f = this.BASE;
    const wo = calcWOpts(W, this.bits);
    for (let window = 0; window < wo.windows; window++) {
      const { nextN, offset, isZero, isNeg, isNegF, offsetF } = calcOffsets(n, window, wo);
      n = nextN;
      if (isZero) {
        f = f.add(negateCt(isNegF, precomputes[offsetF]));
      } else {
        p = p.add(negateCt(isNeg, precomputes[offset]));
      }
    }
    assert0(n);
    return { p, f };
  }
  /**
   * Implements unsafe EC multiplication using precomputed tables
   * and w-ary non-adjacent form.
   * @param acc - accumulator point to add result of multiplication
   * @returns point
   */
  wNAFUnsafe(W, precomputes, n, acc = this.ZERO) {
    const wo = calcWOpts(W, this.bits);
    for (let window = 0; window < wo.windows; window++) {
      if (n === _0n3)
        break;
      const { nextN, offset, isZero, isNeg } = calcOffsets(n, window, wo);
      n = nextN;
      if (isZero) {
        continue;
      } else {
        const item = precomputes[offset];
        acc = acc.add(isNeg ? item.negate() : item);
      }
    }
    assert0(n);
    return acc;
  }
  getPrecomputes(W, point, transform) {
    let comp = pointPrecomputes.get(point);
    if (!comp) {
      comp = this.precomputeWindow(point, W);
      if (W !== 1) {
        if (typeof transform === "function")
          comp = transform(comp);
        pointPrecomputes.set(point, comp);
      }
    }
    return comp;
  }
  cached(point, scalar, transform) {
    const W = getW(point);
    return this.wNAF(W, this.getPrecomputes(W, point, transform), scalar);
  }
  unsafe(point, scalar, transform, prev) {
    const W = getW(point);
    if (W === 1)
      return this._unsafeLadder(point, scalar, prev);
    return this.wNAFUnsafe(W, this.getPrecomputes(W, point, transform), scalar, prev);
  }
  // We calculate precomputes for elliptic curve point multiplication
  // using windowed method. This specifies window size and
  // stores precomputed values. Usually only base point would be precomputed.
  createCache(P, W) {
    validateW(W, this.bits);
    pointWindowSizes.set(P, W);
    pointPrecomputes.delete(P);
  }
  hasCache(elm) {
    return getW(elm) !== 1;
  }
};
function mulEndoUnsafe(Point, point, k1, k2) {
  let acc = point;
  let p1 = Point.ZERO;
  let p2 = Point.ZERO;
  while (k1 > _0n3 || k2 > _0n3) {
    if (k1 & _1n3)
      p1 = p1.add(acc);
    if (k2 & _1n3)
      p2 = p2.add(acc);
    acc = acc.double();
    k1 >>= _1n3;
    k2 >>= _1n3;
  }
  return { p1, p2 };
}
function createField(order, field, isLE2) {
  if (field) {
    if (field.ORDER !== order)
      throw new Error("Field.ORDER must match order: Fp == p, Fn == n");
    validateField(field);
    return field;
  } else {
    return Field(order, { isLE: isLE2 });
  }
}
function createCurveFields(type, CURVE, curveOpts = {}, FpFnLE) {
  if (FpFnLE === void 0)
    FpFnLE = type === "edwards";
  if (!CURVE || typeof CURVE !== "object")
    throw new Error(`expected valid ${type} CURVE object`);
  for (const p of ["p", "n", "h"]) {
    const val = CURVE[p];
    if (!(typeof val === "bigint" && val > _0n3))
      throw new Error(`CURVE.${p} must be positive bigint`);
  }
  const Fp2 = createField(CURVE.p, curveOpts.Fp, FpFnLE);
  const Fn2 = createField(CURVE.n, curveOpts.Fn, FpFnLE);
  const _b = type === "weierstrass" ? "b" : "d";
  const params = ["Gx", "Gy", "a", _b];
  for (const p of params) {
    if (!Fp2.isValid(CURVE[p]))
      throw new Error(`CURVE.${p} must be valid field element of CURVE.Fp`);
  }
  CURVE = Object.freeze(Object.assign({}, CURVE));
  return { CURVE, Fp: Fp2, Fn: Fn2 };
}
function createKeygen(randomSecretKey, getPublicKey) {
  return function keygen(seed) {
    const secretKey = randomSecretKey(seed);
    return { secretKey, publicKey: getPublicKey(secretKey) };
  };
}

// node_modules/@noble/curves/abstract/edwards.js
/*! noble-curves - MIT License (c) 2022 Paul Miller (paulmillr.com) */
var _0n4 = /* @__PURE__ */ BigInt(0);
var _1n4 = /* @__PURE__ */ BigInt(1);
var _2n2 = /* @__PURE__ */ BigInt(2);
var _8n2 = /* @__PURE__ */ BigInt(8);
function isEdValidXY(Fp2, CURVE, x, y) {
  const x2 = Fp2.sqr(x);
  const y2 = Fp2.sqr(y);
  const left = Fp2.add(Fp2.mul(CURVE.a, x2), y2);
  const right = Fp2.add(Fp2.ONE, Fp2.mul(CURVE.d, Fp2.mul(x2, y2)));
  return Fp2.eql(left, right);
}
function edwards(params, extraOpts = {}) {
  const opts = extraOpts;
  const validated = createCurveFields("edwards", params, opts, opts.FpFnLE);
  const { Fp: Fp2, Fn: Fn2 } = validated;
  let CURVE = validated.CURVE;
  const { h: cofactor } = CURVE;
  validateObject(opts, {}, { uvRatio: "function" });
  const MASK = _2n2 << BigInt(Fn2.BYTES * 8) - _1n4;
  const modP = (n) => Fp2.create(n);
  const uvRatio2 = opts.uvRatio === void 0 ? (u, v) => {
    try {
      return { isValid: true, value: Fp2.sqrt(Fp2.div(u, v)) };
    } catch (e) {
      return { isValid: false, value: _0n4 };
    }
  } : opts.uvRatio;
  if (!isEdValidXY(Fp2, CURVE, CURVE.Gx, CURVE.Gy))
    throw new Error("bad curve params: generator point");
  function acoord(title, n, banZero = false) {
    const min = banZero ? _1n4 : _0n4;
    aInRange("coordinate " + title, n, min, MASK);
    return n;
  }
  function aedpoint(other) {
    if (!(other instanceof Point))
      throw new Error("EdwardsPoint expected");
  }
  class Point {
    // base / generator point
    static BASE = new Point(CURVE.Gx, CURVE.Gy, _1n4, modP(CURVE.Gx * CURVE.Gy));
    // zero / infinity / identity point
    static ZERO = new Point(_0n4, _1n4, _1n4, _0n4);
    // 0, 1, 1, 0
    // math field
    static Fp = Fp2;
    // scalar field
    static Fn = Fn2;
    X;
    Y;
    Z;
    T;
    constructor(X, Y, Z, T) {
      this.X = acoord("x", X);
      this.Y = acoord("y", Y);
      this.Z = acoord("z", Z, true);
      this.T = acoord("t", T);
      Object.freeze(this);
    }
    static CURVE() {
      return CURVE;
    }
    /**
     * Create one extended Edwards point from affine coordinates.
     * Does NOT validate that the point is on-curve or torsion-free.
     * Use `.assertValidity()` on adversarial inputs.
     */
    static fromAffine(p) {
      if (p instanceof Point)
        throw new Error("extended point not allowed");
      const { x, y } = p || {};
      acoord("x", x);
      acoord("y", y);
      return new Point(x, y, _1n4, modP(x * y));
    }
    // Uses algo from RFC8032 5.1.3.
    static fromBytes(bytes, zip215 = false) {
      const len = Fp2.BYTES;
      const { a, d } = CURVE;
      bytes = copyBytes(abytes2(bytes, len, "point"));
      abool(zip215, "zip215");
      const normed = copyBytes(bytes);
      const lastByte = bytes[len - 1];
      normed[len - 1] = lastByte & ~128;
      const y = bytesToNumberLE(normed);
      const max = zip215 ? MASK : Fp2.ORDER;
      aInRange("point.y", y, _0n4, max);
      const y2 = modP(y * y);
      const u = modP(y2 - _1n4);
      const v = modP(d * y2 - a);
      let { isValid, value: x } = uvRatio2(u, v);
      if (!isValid)
        throw new Error("bad point: invalid y coordinate");
      const isXOdd = (x & _1n4) === _1n4;
      const isLastByteOdd = (lastByte & 128) !== 0;
      if (!zip215 && x === _0n4 && isLastByteOdd)
        throw new Error("bad point: x=0 and x_0=1");
      if (isLastByteOdd !== isXOdd)
        x = modP(-x);
      return Point.fromAffine({ x, y });
    }
    static fromHex(hex, zip215 = false) {
      return Point.fromBytes(hexToBytes2(hex), zip215);
    }
    get x() {
      return this.toAffine().x;
    }
    get y() {
      return this.toAffine().y;
    }
    precompute(windowSize = 8, isLazy = true) {
      wnaf.createCache(this, windowSize);
      if (!isLazy)
        this.multiply(_2n2);
      return this;
    }
    // Useful in fromAffine() - not for fromBytes(), which always created valid points.
    assertValidity() {
      const p = this;
      const { a, d } = CURVE;
      if (p.is0())
        throw new Error("bad point: ZERO");
      const { X, Y, Z, T } = p;
      const X2 = modP(X * X);
      const Y2 = modP(Y * Y);
      const Z2 = modP(Z * Z);
      const Z4 = modP(Z2 * Z2);
      const aX2 = modP(X2 * a);
      const left = modP(Z2 * modP(aX2 + Y2));
      const right = modP(Z4 + modP(d * modP(X2 * Y2)));
      if (left !== right)
        throw new Error("bad point: equation left != right (1)");
      const XY = modP(X * Y);
      const ZT = modP(Z * T);
      if (XY !== ZT)
        throw new Error("bad point: equation left != right (2)");
    }
    // Compare one point to another.
    equals(other) {
      aedpoint(other);
      const { X: X1, Y: Y1, Z: Z1 } = this;
      const { X: X2, Y: Y2, Z: Z2 } = other;
      const X1Z2 = modP(X1 * Z2);
      const X2Z1 = modP(X2 * Z1);
      const Y1Z2 = modP(Y1 * Z2);
      const Y2Z1 = modP(Y2 * Z1);
      return X1Z2 === X2Z1 && Y1Z2 === Y2Z1;
    }
    is0() {
      return this.equals(Point.ZERO);
    }
    negate() {
      return new Point(modP(-this.X), this.Y, this.Z, modP(-this.T));
    }
    // Fast algo for doubling Extended Point.
    // https://hyperelliptic.org/EFD/g1p/auto-twisted-extended.html#doubling-dbl-2008-hwcd
    // Cost: 4M + 4S + 1*a + 6add + 1*2.
    double() {
      const { a } = CURVE;
      const { X: X1, Y: Y1, Z: Z1 } = this;
      const A = modP(X1 * X1);
      const B = modP(Y1 * Y1);
      const C = modP(_2n2 * modP(Z1 * Z1));
      const D = modP(a * A);
      const x1y1 = X1 + Y1;
      const E = modP(modP(x1y1 * x1y1) - A - B);
      const G = D + B;
      const F = G - C;
      const H = D - B;
      const X3 = modP(E * F);
      const Y3 = modP(G * H);
      const T3 = modP(E * H);
      const Z3 = modP(F * G);
      return new Point(X3, Y3, Z3, T3);
    }
    // Fast algo for adding 2 Extended Points.
    // https://hyperelliptic.org/EFD/g1p/auto-twisted-extended.html#addition-add-2008-hwcd
    // Cost: 9M + 1*a + 1*d + 7add.
    add(other) {
      aedpoint(other);
      const { a, d } = CURVE;
      const { X: X1, Y: Y1, Z: Z1, T: T1 } = this;
      const { X: X2, Y: Y2, Z: Z2, T: T2 } = other;
      const A = modP(X1 * X2);
      const B = modP(Y1 * Y2);
      const C = modP(T1 * d * T2);
      const D = modP(Z1 * Z2);
      const E = modP((X1 + Y1) * (X2 + Y2) - A - B);
      const F = D - C;
      const G = D + C;
      const H = modP(B - a * A);
      const X3 = modP(E * F);
      const Y3 = modP(G * H);
      const T3 = modP(E * H);
      const Z3 = modP(F * G);
      return new Point(X3, Y3, Z3, T3);
    }
    subtract(other) {
      aedpoint(other);
      return this.add(other.negate());
    }
    // Constant-time multiplication.
    multiply(scalar) {
      if (!Fn2.isValidNot0(scalar))
        throw new RangeError("invalid scalar: expected 1 <= sc < curve.n");
      const { p, f } = wnaf.cached(this, scalar, (p2) => normalizeZ(Point, p2));
      return normalizeZ(Point, [p, f])[0];
    }
    // Non-constant-time multiplication. Uses double-and-add algorithm.
    // It's faster, but should only be used when you don't care about
    // an exposed private key e.g. sig verification.
    // Keeps the same subgroup-scalar contract: 0 is allowed for public-scalar callers, but
    // n and larger values are rejected instead of being reduced mod n to the identity point.
    multiplyUnsafe(scalar) {
      if (!Fn2.isValid(scalar))
        throw new RangeError("invalid scalar: expected 0 <= sc < curve.n");
      if (scalar === _0n4)
        return Point.ZERO;
      if (this.is0() || scalar === _1n4)
        return this;
      return wnaf.unsafe(this, scalar, (p) => normalizeZ(Point, p));
    }
    // Checks if point is of small order.
    // If you add something to small order point, you will have "dirty"
    // point with torsion component.
    // Clears cofactor and checks if the result is 0.
    isSmallOrder() {
      return this.clearCofactor().is0();
    }
    // Multiplies point by curve order and checks if the result is 0.
    // Returns `false` is the point is dirty.
    isTorsionFree() {
      return wnaf.unsafe(this, CURVE.n).is0();
    }
    // Converts Extended point to default (x, y) coordinates.
    // Can accept precomputed Z^-1 - for example, from invertBatch.
    toAffine(invertedZ) {
      const p = this;
      let iz = invertedZ;
      const { X, Y, Z } = p;
      const is0 = p.is0();
      if (iz == null)
        iz = is0 ? _8n2 : Fp2.inv(Z);
      const x = modP(X * iz);
      const y = modP(Y * iz);
      const zz = Fp2.mul(Z, iz);
      if (is0)
        return { x: _0n4, y: _1n4 };
      if (zz !== _1n4)
        throw new Error("invZ was invalid");
      return { x, y };
    }
    clearCofactor() {
      if (cofactor === _1n4)
        return this;
      return this.multiplyUnsafe(cofactor);
    }
    toBytes() {
      const { x, y } = this.toAffine();
      const bytes = Fp2.toBytes(y);
      bytes[bytes.length - 1] |= x & _1n4 ? 128 : 0;
      return bytes;
    }
    toHex() {
      return bytesToHex2(this.toBytes());
    }
    toString() {
      return `<Point ${this.is0() ? "ZERO" : this.toHex()}>`;
    }
  }
  const wnaf = new wNAF(Point, Fn2.BITS);
  if (Fn2.BITS >= 8)
    Point.BASE.precompute(8);
  Object.freeze(Point.prototype);
  Object.freeze(Point);
  return Point;
}
var PrimeEdwardsPoint = class {
  static BASE;
  static ZERO;
  static Fp;
  static Fn;
  ep;
  /**
   * Wrap one internal Edwards representative directly.
   * This is not a canonical encoding boundary: alternate Edwards
   * representatives may still describe the same abstract wrapper element.
   */
  constructor(ep) {
    this.ep = ep;
  }
  // Static methods that must be implemented by subclasses
  static fromBytes(_bytes) {
    notImplemented();
  }
  static fromHex(_hex) {
    notImplemented();
  }
  get x() {
    return this.toAffine().x;
  }
  get y() {
    return this.toAffine().y;
  }
  // Common implementations
  clearCofactor() {
    return this;
  }
  assertValidity() {
    this.ep.assertValidity();
  }
  /**
   * Return affine coordinates of the current internal Edwards representative.
   * This is a convenience helper, not a canonical Ristretto/Decaf encoding.
   * Equal abstract elements may expose different `x` / `y`; use
   * `toBytes()` / `fromBytes()` for canonical roundtrips.
   */
  toAffine(invertedZ) {
    return this.ep.toAffine(invertedZ);
  }
  toHex() {
    return bytesToHex2(this.toBytes());
  }
  toString() {
    return this.toHex();
  }
  isTorsionFree() {
    return true;
  }
  isSmallOrder() {
    return false;
  }
  add(other) {
    this.assertSame(other);
    return this.init(this.ep.add(other.ep));
  }
  subtract(other) {
    this.assertSame(other);
    return this.init(this.ep.subtract(other.ep));
  }
  multiply(scalar) {
    return this.init(this.ep.multiply(scalar));
  }
  multiplyUnsafe(scalar) {
    return this.init(this.ep.multiplyUnsafe(scalar));
  }
  double() {
    return this.init(this.ep.double());
  }
  negate() {
    return this.init(this.ep.negate());
  }
  precompute(windowSize, isLazy) {
    this.ep.precompute(windowSize, isLazy);
    return this;
  }
};
function eddsa(Point, cHash, eddsaOpts = {}) {
  if (typeof cHash !== "function")
    throw new Error('"hash" function param is required');
  const hash = cHash;
  const opts = eddsaOpts;
  validateObject(opts, {}, {
    adjustScalarBytes: "function",
    randomBytes: "function",
    domain: "function",
    prehash: "function",
    zip215: "boolean",
    mapToCurve: "function"
  });
  const { prehash } = opts;
  const { BASE, Fp: Fp2, Fn: Fn2 } = Point;
  const outputLen = hash.outputLen;
  const expectedLen = 2 * Fp2.BYTES;
  if (outputLen !== void 0) {
    asafenumber(outputLen, "hash.outputLen");
    if (outputLen !== expectedLen)
      throw new Error(`hash.outputLen must be ${expectedLen}, got ${outputLen}`);
  }
  const randomBytes3 = opts.randomBytes === void 0 ? randomBytes2 : opts.randomBytes;
  const adjustScalarBytes2 = opts.adjustScalarBytes === void 0 ? (bytes) => bytes : opts.adjustScalarBytes;
  const domain2 = opts.domain === void 0 ? (data, ctx, phflag) => {
    abool(phflag, "phflag");
    if (ctx.length || phflag)
      throw new Error("Contexts/pre-hash are not supported");
    return data;
  } : opts.domain;
  function modN_LE(hash2) {
    return Fn2.create(bytesToNumberLE(hash2));
  }
  function getPrivateScalar(key2) {
    const len = lengths.secretKey;
    abytes2(key2, lengths.secretKey, "secretKey");
    const hashed = abytes2(hash(key2), 2 * len, "hashedSecretKey");
    const head = adjustScalarBytes2(hashed.slice(0, len));
    const prefix = hashed.slice(len, 2 * len);
    const scalar = modN_LE(head);
    return { head, prefix, scalar };
  }
  function getExtendedPublicKey(secretKey) {
    const { head, prefix, scalar } = getPrivateScalar(secretKey);
    const point = BASE.multiply(scalar);
    const pointBytes = point.toBytes();
    return { head, prefix, scalar, point, pointBytes };
  }
  function getPublicKey(secretKey) {
    return getExtendedPublicKey(secretKey).pointBytes;
  }
  function hashDomainToScalar(context = Uint8Array.of(), ...msgs) {
    const msg = concatBytes2(...msgs);
    return modN_LE(hash(domain2(msg, abytes2(context, void 0, "context"), !!prehash)));
  }
  function sign(msg, secretKey, options = {}) {
    msg = abytes2(msg, void 0, "message");
    if (prehash)
      msg = prehash(msg);
    const { prefix, scalar, pointBytes } = getExtendedPublicKey(secretKey);
    const r = hashDomainToScalar(options.context, prefix, msg);
    const R = BASE.multiply(r).toBytes();
    const k = hashDomainToScalar(options.context, R, pointBytes, msg);
    const s = Fn2.create(r + k * scalar);
    if (!Fn2.isValid(s))
      throw new Error("sign failed: invalid s");
    const rs = concatBytes2(R, Fn2.toBytes(s));
    return abytes2(rs, lengths.signature, "result");
  }
  const verifyOpts = {
    zip215: opts.zip215
  };
  function verify(sig, msg, publicKey, options = verifyOpts) {
    const { context } = options;
    const zip215 = options.zip215 === void 0 ? !!verifyOpts.zip215 : options.zip215;
    const len = lengths.signature;
    sig = abytes2(sig, len, "signature");
    msg = abytes2(msg, void 0, "message");
    publicKey = abytes2(publicKey, lengths.publicKey, "publicKey");
    if (zip215 !== void 0)
      abool(zip215, "zip215");
    if (prehash)
      msg = prehash(msg);
    const mid = len / 2;
    const r = sig.subarray(0, mid);
    const s = bytesToNumberLE(sig.subarray(mid, len));
    let A, R, SB;
    try {
      A = Point.fromBytes(publicKey, zip215);
      R = Point.fromBytes(r, zip215);
      SB = BASE.multiplyUnsafe(s);
    } catch (error) {
      return false;
    }
    if (!zip215 && A.isSmallOrder())
      return false;
    const k = hashDomainToScalar(context, r, publicKey, msg);
    const RkA = R.add(A.multiplyUnsafe(k));
    return RkA.subtract(SB).clearCofactor().is0();
  }
  const _size = Fp2.BYTES;
  const lengths = {
    secretKey: _size,
    publicKey: _size,
    signature: 2 * _size,
    seed: _size
  };
  function randomSecretKey(seed) {
    seed = seed === void 0 ? randomBytes3(lengths.seed) : seed;
    return abytes2(seed, lengths.seed, "seed");
  }
  function isValidSecretKey(key2) {
    return isBytes2(key2) && key2.length === lengths.secretKey;
  }
  function isValidPublicKey(key2, zip215) {
    try {
      return !!Point.fromBytes(key2, zip215 === void 0 ? verifyOpts.zip215 : zip215);
    } catch (error) {
      return false;
    }
  }
  const utils = {
    getExtendedPublicKey,
    randomSecretKey,
    isValidSecretKey,
    isValidPublicKey,
    /**
     * Converts ed public key to x public key. Uses formula:
     * - ed25519:
     *   - `(u, v) = ((1+y)/(1-y), sqrt(-486664)*u/x)`
     *   - `(x, y) = (sqrt(-486664)*u/v, (u-1)/(u+1))`
     * - ed448:
     *   - `(u, v) = ((y-1)/(y+1), sqrt(156324)*u/x)`
     *   - `(x, y) = (sqrt(156324)*u/v, (1+u)/(1-u))`
     */
    toMontgomery(publicKey) {
      const { y } = Point.fromBytes(publicKey);
      const size = lengths.publicKey;
      const is25519 = size === 32;
      if (!is25519 && size !== 57)
        throw new Error("only defined for 25519 and 448");
      const u = is25519 ? Fp2.div(_1n4 + y, _1n4 - y) : Fp2.div(y - _1n4, y + _1n4);
      return Fp2.toBytes(u);
    },
    toMontgomerySecret(secretKey) {
      const size = lengths.secretKey;
      abytes2(secretKey, size);
      const hashed = hash(secretKey.subarray(0, size));
      return adjustScalarBytes2(hashed).subarray(0, size);
    }
  };
  Object.freeze(lengths);
  Object.freeze(utils);
  return Object.freeze({
    keygen: createKeygen(randomSecretKey, getPublicKey),
    getPublicKey,
    sign,
    verify,
    utils,
    Point,
    lengths
  });
}

// node_modules/@noble/curves/abstract/hash-to-curve.js
function i2osp(value, length) {
  asafenumber(value);
  asafenumber(length);
  if (length < 0 || length > 4)
    throw new Error("invalid I2OSP length: " + length);
  if (value < 0 || value > 2 ** (8 * length) - 1)
    throw new Error("invalid I2OSP input: " + value);
  const res = Array.from({ length }).fill(0);
  for (let i = length - 1; i >= 0; i--) {
    res[i] = value & 255;
    value >>>= 8;
  }
  return new Uint8Array(res);
}
function strxor(a, b) {
  const arr = new Uint8Array(a.length);
  for (let i = 0; i < a.length; i++) {
    arr[i] = a[i] ^ b[i];
  }
  return arr;
}
function normDST(DST) {
  if (!isBytes2(DST) && typeof DST !== "string")
    throw new Error("DST must be Uint8Array or ascii string");
  const dst = typeof DST === "string" ? asciiToBytes(DST) : DST;
  if (dst.length === 0)
    throw new Error("DST must be non-empty");
  return dst;
}
function expand_message_xmd(msg, DST, lenInBytes, H) {
  abytes2(msg);
  asafenumber(lenInBytes);
  DST = normDST(DST);
  if (DST.length > 255)
    DST = H(concatBytes2(asciiToBytes("H2C-OVERSIZE-DST-"), DST));
  const { outputLen: b_in_bytes, blockLen: r_in_bytes } = H;
  const ell = Math.ceil(lenInBytes / b_in_bytes);
  if (lenInBytes > 65535 || ell > 255)
    throw new Error("expand_message_xmd: invalid lenInBytes");
  const DST_prime = concatBytes2(DST, i2osp(DST.length, 1));
  const Z_pad = new Uint8Array(r_in_bytes);
  const l_i_b_str = i2osp(lenInBytes, 2);
  const b = new Array(ell);
  const b_0 = H(concatBytes2(Z_pad, msg, l_i_b_str, i2osp(0, 1), DST_prime));
  b[0] = H(concatBytes2(b_0, i2osp(1, 1), DST_prime));
  for (let i = 1; i < ell; i++) {
    const args = [strxor(b_0, b[i - 1]), i2osp(i + 1, 1), DST_prime];
    b[i] = H(concatBytes2(...args));
  }
  const pseudo_random_bytes = concatBytes2(...b);
  return pseudo_random_bytes.slice(0, lenInBytes);
}
var _DST_scalar = "HashToScalar-";

// node_modules/@noble/curves/ed25519.js
/*! noble-curves - MIT License (c) 2022 Paul Miller (paulmillr.com) */
var _0n5 = /* @__PURE__ */ BigInt(0);
var _1n5 = /* @__PURE__ */ BigInt(1);
var _2n3 = /* @__PURE__ */ BigInt(2);
var _5n2 = /* @__PURE__ */ BigInt(5);
var _8n3 = /* @__PURE__ */ BigInt(8);
var ed25519_CURVE_p = /* @__PURE__ */ BigInt("0x7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed");
var ed25519_CURVE = /* @__PURE__ */ (() => ({
  p: ed25519_CURVE_p,
  n: BigInt("0x1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed"),
  h: _8n3,
  a: BigInt("0x7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffec"),
  d: BigInt("0x52036cee2b6ffe738cc740797779e89800700a4d4141d8ab75eb4dca135978a3"),
  Gx: BigInt("0x216936d3cd6e53fec0a4e231fdd6dc5c692cc7609525a7b2c9562d608f25d51a"),
  Gy: BigInt("0x6666666666666666666666666666666666666666666666666666666666666658")
}))();
function ed25519_pow_2_252_3(x) {
  const _10n = BigInt(10), _20n = BigInt(20), _40n = BigInt(40), _80n = BigInt(80);
  const P = ed25519_CURVE_p;
  const x2 = x * x % P;
  const b2 = x2 * x % P;
  const b4 = pow2(b2, _2n3, P) * b2 % P;
  const b5 = pow2(b4, _1n5, P) * x % P;
  const b10 = pow2(b5, _5n2, P) * b5 % P;
  const b20 = pow2(b10, _10n, P) * b10 % P;
  const b40 = pow2(b20, _20n, P) * b20 % P;
  const b80 = pow2(b40, _40n, P) * b40 % P;
  const b160 = pow2(b80, _80n, P) * b80 % P;
  const b240 = pow2(b160, _80n, P) * b80 % P;
  const b250 = pow2(b240, _10n, P) * b10 % P;
  const pow_p_5_8 = pow2(b250, _2n3, P) * x % P;
  return { pow_p_5_8, b2 };
}
function adjustScalarBytes(bytes) {
  bytes[0] &= 248;
  bytes[31] &= 127;
  bytes[31] |= 64;
  return bytes;
}
var ED25519_SQRT_M1 = /* @__PURE__ */ BigInt("19681161376707505956807079304988542015446066515923890162744021073123829784752");
function uvRatio(u, v) {
  const P = ed25519_CURVE_p;
  const v3 = mod(v * v * v, P);
  const v7 = mod(v3 * v3 * v, P);
  const pow = ed25519_pow_2_252_3(u * v7).pow_p_5_8;
  let x = mod(u * v3 * pow, P);
  const vx2 = mod(v * x * x, P);
  const root1 = x;
  const root2 = mod(x * ED25519_SQRT_M1, P);
  const useRoot1 = vx2 === u;
  const useRoot2 = vx2 === mod(-u, P);
  const noRoot = vx2 === mod(-u * ED25519_SQRT_M1, P);
  if (useRoot1)
    x = root1;
  if (useRoot2 || noRoot)
    x = root2;
  if (isNegativeLE(x, P))
    x = mod(-x, P);
  return { isValid: useRoot1 || useRoot2, value: x };
}
var ed25519_Point = /* @__PURE__ */ edwards(ed25519_CURVE, { uvRatio });
var Fp = /* @__PURE__ */ (() => ed25519_Point.Fp)();
var Fn = /* @__PURE__ */ (() => ed25519_Point.Fn)();
function ed(opts) {
  return eddsa(ed25519_Point, sha512, Object.assign({ adjustScalarBytes, zip215: true }, opts));
}
var ed25519 = /* @__PURE__ */ ed({});
var SQRT_M1 = ED25519_SQRT_M1;
var SQRT_AD_MINUS_ONE = /* @__PURE__ */ BigInt("25063068953384623474111414158702152701244531502492656460079210482610430750235");
var INVSQRT_A_MINUS_D = /* @__PURE__ */ BigInt("54469307008909316920995813868745141605393597292927456921205312896311721017578");
var ONE_MINUS_D_SQ = /* @__PURE__ */ BigInt("1159843021668779879193775521855586647937357759715417654439879720876111806838");
var D_MINUS_ONE_SQ = /* @__PURE__ */ BigInt("40440834346308536858101042469323190826248399146238708352240133220865137265952");
var invertSqrt = (number) => uvRatio(_1n5, number);
var MAX_255B = /* @__PURE__ */ BigInt("0x7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff");
var bytes255ToNumberLE = (bytes) => Fp.create(bytesToNumberLE(bytes) & MAX_255B);
function calcElligatorRistrettoMap(r0) {
  const { d } = ed25519_CURVE;
  const P = ed25519_CURVE_p;
  const mod2 = (n) => Fp.create(n);
  const r = mod2(SQRT_M1 * r0 * r0);
  const Ns = mod2((r + _1n5) * ONE_MINUS_D_SQ);
  let c = BigInt(-1);
  const D = mod2((c - d * r) * mod2(r + d));
  let { isValid: Ns_D_is_sq, value: s } = uvRatio(Ns, D);
  let s_ = mod2(s * r0);
  if (!isNegativeLE(s_, P))
    s_ = mod2(-s_);
  if (!Ns_D_is_sq)
    s = s_;
  if (!Ns_D_is_sq)
    c = r;
  const Nt = mod2(c * (r - _1n5) * D_MINUS_ONE_SQ - D);
  const s2 = s * s;
  const W0 = mod2((s + s) * D);
  const W1 = mod2(Nt * SQRT_AD_MINUS_ONE);
  const W2 = mod2(_1n5 - s2);
  const W3 = mod2(_1n5 + s2);
  return new ed25519_Point(mod2(W0 * W3), mod2(W2 * W1), mod2(W1 * W3), mod2(W0 * W2));
}
var _RistrettoPoint = class __RistrettoPoint extends PrimeEdwardsPoint {
  // Do NOT change syntax: the following gymnastics is done,
  // because typescript strips comments, which makes bundlers disable tree-shaking.
  // prettier-ignore
  static BASE = /* @__PURE__ */ (() => new __RistrettoPoint(ed25519_Point.BASE))();
  // prettier-ignore
  static ZERO = /* @__PURE__ */ (() => new __RistrettoPoint(ed25519_Point.ZERO))();
  // prettier-ignore
  static Fp = /* @__PURE__ */ (() => Fp)();
  // prettier-ignore
  static Fn = /* @__PURE__ */ (() => Fn)();
  constructor(ep) {
    super(ep);
  }
  /**
   * Create one Ristretto255 point from affine Edwards coordinates.
   * This wraps the internal Edwards representative directly and is not a
   * canonical ristretto255 decoding path.
   * Use `toBytes()` / `fromBytes()` if canonical ristretto255 bytes matter.
   */
  static fromAffine(ap) {
    return new __RistrettoPoint(ed25519_Point.fromAffine(ap));
  }
  assertSame(other) {
    if (!(other instanceof __RistrettoPoint))
      throw new Error("RistrettoPoint expected");
  }
  init(ep) {
    return new __RistrettoPoint(ep);
  }
  static fromBytes(bytes) {
    abytes(bytes, 32);
    const { a, d } = ed25519_CURVE;
    const P = ed25519_CURVE_p;
    const mod2 = (n) => Fp.create(n);
    const s = bytes255ToNumberLE(bytes);
    if (!equalBytes(Fp.toBytes(s), bytes) || isNegativeLE(s, P))
      throw new Error("invalid ristretto255 encoding 1");
    const s2 = mod2(s * s);
    const u1 = mod2(_1n5 + a * s2);
    const u2 = mod2(_1n5 - a * s2);
    const u1_2 = mod2(u1 * u1);
    const u2_2 = mod2(u2 * u2);
    const v = mod2(a * d * u1_2 - u2_2);
    const { isValid, value: I } = invertSqrt(mod2(v * u2_2));
    const Dx = mod2(I * u2);
    const Dy = mod2(I * Dx * v);
    let x = mod2((s + s) * Dx);
    if (isNegativeLE(x, P))
      x = mod2(-x);
    const y = mod2(u1 * Dy);
    const t = mod2(x * y);
    if (!isValid || isNegativeLE(t, P) || y === _0n5)
      throw new Error("invalid ristretto255 encoding 2");
    return new __RistrettoPoint(new ed25519_Point(x, y, _1n5, t));
  }
  /**
   * Converts ristretto-encoded string to ristretto point.
   * Described in [RFC9496](https://www.rfc-editor.org/rfc/rfc9496#name-decode).
   * @param hex - Ristretto-encoded 32 bytes. Not every 32-byte string is valid ristretto encoding
   */
  static fromHex(hex) {
    return __RistrettoPoint.fromBytes(hexToBytes(hex));
  }
  /**
   * Encodes ristretto point to Uint8Array.
   * Described in [RFC9496](https://www.rfc-editor.org/rfc/rfc9496#name-encode).
   */
  toBytes() {
    let { X, Y, Z, T } = this.ep;
    const P = ed25519_CURVE_p;
    const mod2 = (n) => Fp.create(n);
    const u1 = mod2(mod2(Z + Y) * mod2(Z - Y));
    const u2 = mod2(X * Y);
    const u2sq = mod2(u2 * u2);
    const { value: invsqrt } = invertSqrt(mod2(u1 * u2sq));
    const D1 = mod2(invsqrt * u1);
    const D2 = mod2(invsqrt * u2);
    const zInv = mod2(D1 * D2 * T);
    let D;
    if (isNegativeLE(T * zInv, P)) {
      let _x = mod2(Y * SQRT_M1);
      let _y = mod2(X * SQRT_M1);
      X = _x;
      Y = _y;
      D = mod2(D1 * INVSQRT_A_MINUS_D);
    } else {
      D = D2;
    }
    if (isNegativeLE(X * zInv, P))
      Y = mod2(-Y);
    let s = mod2((Z - Y) * D);
    if (isNegativeLE(s, P))
      s = mod2(-s);
    return Fp.toBytes(s);
  }
  /**
   * Compares two Ristretto points.
   * Described in [RFC9496](https://www.rfc-editor.org/rfc/rfc9496#name-equals).
   */
  equals(other) {
    this.assertSame(other);
    const { X: X1, Y: Y1 } = this.ep;
    const { X: X2, Y: Y2 } = other.ep;
    const mod2 = (n) => Fp.create(n);
    const one = mod2(X1 * Y2) === mod2(Y1 * X2);
    const two = mod2(Y1 * Y2) === mod2(X1 * X2);
    return one || two;
  }
  is0() {
    return this.equals(__RistrettoPoint.ZERO);
  }
};
Object.freeze(_RistrettoPoint.BASE);
Object.freeze(_RistrettoPoint.ZERO);
Object.freeze(_RistrettoPoint.prototype);
Object.freeze(_RistrettoPoint);
var ristretto255_hasher = Object.freeze({
  Point: _RistrettoPoint,
  /**
  * Spec: https://www.rfc-editor.org/rfc/rfc9380.html#name-hashing-to-ristretto255. Caveats:
  * * There are no test vectors
  * * encodeToCurve / mapToCurve is undefined
  * * mapToCurve would be `calcElligatorRistrettoMap(scalars[0])`, not ristretto255_map!
  * * hashToScalar is undefined too, so we just use OPRF implementation
  * * We cannot re-use 'createHasher', because ristretto255_map is different algorithm/RFC
    (os2ip -> bytes255ToNumberLE)
  * * mapToCurve == calcElligatorRistrettoMap, hashToCurve == ristretto255_map
  * * hashToScalar is undefined in RFC9380 for ristretto, so we use the OPRF
    version here. Using `bytes255ToNumblerLE` will create a different result
    if we use `bytes255ToNumberLE` as os2ip
  * * current version is closest to spec.
  */
  hashToCurve(msg, options) {
    const DST = options?.DST === void 0 ? "ristretto255_XMD:SHA-512_R255MAP_RO_" : options.DST;
    const xmd = expand_message_xmd(msg, DST, 64, sha512);
    return ristretto255_hasher.deriveToCurve(xmd);
  },
  hashToScalar(msg, options = { DST: _DST_scalar }) {
    const xmd = expand_message_xmd(msg, options.DST, 64, sha512);
    return Fn.create(bytesToNumberLE(xmd));
  },
  /**
   * HashToCurve-like construction based on RFC 9496 (Element Derivation).
   * Converts 64 uniform random bytes into a curve point.
   *
   * WARNING: This represents an older hash-to-curve construction from before
   * RFC 9380 was finalized.
   * It was later reused as a component in the newer
   * `hash_to_ristretto255` function defined in RFC 9380.
   */
  deriveToCurve(bytes) {
    abytes(bytes, 64);
    const r1 = bytes255ToNumberLE(bytes.subarray(0, 32));
    const R1 = calcElligatorRistrettoMap(r1);
    const r2 = bytes255ToNumberLE(bytes.subarray(32, 64));
    const R2 = calcElligatorRistrettoMap(r2);
    return new _RistrettoPoint(R1.add(R2));
  }
});

// verifier/ed25519.js
var FIELD = 2n ** 255n - 19n;
var GROUP_ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
var SMALL_ORDER_Y = [
  0n,
  1n,
  FIELD - 1n,
  0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n,
  0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n
];
var subtle = globalThis.crypto?.subtle;
function isAllowedKey(key2) {
  const y = yOf(key2);
  return y < FIELD && !SMALL_ORDER_Y.includes(y);
}
async function verifyEd25519(key2, message, signature, { library = false } = {}) {
  if (signature.length !== 64 || littleEndian(signature.subarray(32)) >= GROUP_ORDER) {
    throw new Refused("signature_invalid", "an Ed25519 signature has 64 bytes and a reduced s");
  }
  const isOdd = !isAllowedKey(signature.subarray(0, 32));
  const platform = library || isOdd ? null : await importKey(key2);
  const isValid = platform ? await subtle.verify("Ed25519", platform, signature, message) : holds(key2, message, signature);
  if (!isValid) {
    throw new Refused("signature_invalid", "the Ed25519 signature is not by that key over that text");
  }
}
async function importKey(key2) {
  try {
    return await subtle.importKey("raw", key2, "Ed25519", false, ["verify"]);
  } catch {
    return null;
  }
}
function holds(key2, message, signature) {
  const { Point } = ed25519;
  let point;
  try {
    point = Point.fromBytes(key2);
  } catch {
    return false;
  }
  const challenge = littleEndian(sha512(concat(signature.subarray(0, 32), key2, message))) % GROUP_ORDER;
  const s = littleEndian(signature.subarray(32));
  const commitment = Point.BASE.multiplyUnsafe(s).subtract(point.multiplyUnsafe(challenge));
  return equal(commitment.toBytes(), signature.subarray(0, 32));
}
var yOf = (key2) => littleEndian(key2) & 2n ** 255n - 1n;
function littleEndian(bytes) {
  return bytes.reduceRight((number, byte) => number << 8n | BigInt(byte), 0n);
}

// node_modules/@noble/hashes/sha3.js
var _0n6 = BigInt(0);
var _1n6 = BigInt(1);
var _2n4 = BigInt(2);
var _7n2 = BigInt(7);
var _256n = BigInt(256);
var _0x71n = BigInt(113);
var SHA3_PI = [];
var SHA3_ROTL = [];
var _SHA3_IOTA = [];
for (let round = 0, R = _1n6, x = 1, y = 0; round < 24; round++) {
  [x, y] = [y, (2 * x + 3 * y) % 5];
  SHA3_PI.push(2 * (5 * y + x));
  SHA3_ROTL.push((round + 1) * (round + 2) / 2 % 64);
  let t = _0n6;
  for (let j = 0; j < 7; j++) {
    R = (R << _1n6 ^ (R >> _7n2) * _0x71n) % _256n;
    if (R & _2n4)
      t ^= _1n6 << (_1n6 << BigInt(j)) - _1n6;
  }
  _SHA3_IOTA.push(t);
}
var IOTAS = split(_SHA3_IOTA, true);
var SHA3_IOTA_H = IOTAS[0];
var SHA3_IOTA_L = IOTAS[1];
var rotlH = (h, l, s) => s > 32 ? rotlBH(h, l, s) : rotlSH(h, l, s);
var rotlL = (h, l, s) => s > 32 ? rotlBL(h, l, s) : rotlSL(h, l, s);
function keccakP(s, rounds = 24) {
  anumber(rounds, "rounds");
  if (rounds < 1 || rounds > 24)
    throw new Error('"rounds" expected integer 1..24');
  const B = new Uint32Array(5 * 2);
  for (let round = 24 - rounds; round < 24; round++) {
    for (let x = 0; x < 10; x++)
      B[x] = s[x] ^ s[x + 10] ^ s[x + 20] ^ s[x + 30] ^ s[x + 40];
    for (let x = 0; x < 10; x += 2) {
      const idx1 = (x + 8) % 10;
      const idx0 = (x + 2) % 10;
      const B0 = B[idx0];
      const B1 = B[idx0 + 1];
      const Th = rotlH(B0, B1, 1) ^ B[idx1];
      const Tl = rotlL(B0, B1, 1) ^ B[idx1 + 1];
      for (let y = 0; y < 50; y += 10) {
        s[x + y] ^= Th;
        s[x + y + 1] ^= Tl;
      }
    }
    let curH = s[2];
    let curL = s[3];
    for (let t = 0; t < 24; t++) {
      const shift = SHA3_ROTL[t];
      const Th = rotlH(curH, curL, shift);
      const Tl = rotlL(curH, curL, shift);
      const PI = SHA3_PI[t];
      curH = s[PI];
      curL = s[PI + 1];
      s[PI] = Th;
      s[PI + 1] = Tl;
    }
    for (let y = 0; y < 50; y += 10) {
      const b0 = s[y], b1 = s[y + 1], b2 = s[y + 2], b3 = s[y + 3];
      s[y] ^= ~s[y + 2] & s[y + 4];
      s[y + 1] ^= ~s[y + 3] & s[y + 5];
      s[y + 2] ^= ~s[y + 4] & s[y + 6];
      s[y + 3] ^= ~s[y + 5] & s[y + 7];
      s[y + 4] ^= ~s[y + 6] & s[y + 8];
      s[y + 5] ^= ~s[y + 7] & s[y + 9];
      s[y + 6] ^= ~s[y + 8] & b0;
      s[y + 7] ^= ~s[y + 9] & b1;
      s[y + 8] ^= ~b0 & b2;
      s[y + 9] ^= ~b1 & b3;
    }
    s[0] ^= SHA3_IOTA_H[round];
    s[1] ^= SHA3_IOTA_L[round];
  }
  clean(B);
}
var Keccak = class _Keccak {
  state;
  pos = 0;
  posOut = 0;
  finished = false;
  state32;
  destroyed = false;
  blockLen;
  suffix;
  outputLen;
  canXOF;
  enableXOF = false;
  rounds;
  // NOTE: we accept arguments in bytes instead of bits here.
  constructor(blockLen, suffix, outputLen, enableXOF = false, rounds = 24) {
    this.blockLen = blockLen;
    this.suffix = suffix;
    this.outputLen = outputLen;
    this.enableXOF = enableXOF;
    this.canXOF = enableXOF;
    this.rounds = rounds;
    anumber(outputLen, "outputLen");
    if (!(0 < blockLen && blockLen < 200))
      throw new Error("only keccak-f1600 function is supported");
    this.state = new Uint8Array(200);
    this.state32 = u32(this.state);
  }
  clone() {
    return this._cloneInto();
  }
  keccak() {
    swap32IfBE(this.state32);
    keccakP(this.state32, this.rounds);
    swap32IfBE(this.state32);
    this.posOut = 0;
    this.pos = 0;
  }
  update(data) {
    aexists(this);
    abytes(data);
    const { blockLen, state: state2 } = this;
    const len = data.length;
    for (let pos = 0; pos < len; ) {
      const take = Math.min(blockLen - this.pos, len - pos);
      for (let i = 0; i < take; i++)
        state2[this.pos++] ^= data[pos++];
      if (this.pos === blockLen)
        this.keccak();
    }
    return this;
  }
  finish() {
    if (this.finished)
      return;
    this.finished = true;
    const { state: state2, suffix, pos, blockLen } = this;
    state2[pos] ^= suffix;
    if ((suffix & 128) !== 0 && pos === blockLen - 1)
      this.keccak();
    state2[blockLen - 1] ^= 128;
    this.keccak();
  }
  writeInto(out) {
    aexists(this, false);
    abytes(out);
    this.finish();
    const bufferOut = this.state;
    const { blockLen } = this;
    for (let pos = 0, len = out.length; pos < len; ) {
      if (this.posOut >= blockLen)
        this.keccak();
      const take = Math.min(blockLen - this.posOut, len - pos);
      out.set(bufferOut.subarray(this.posOut, this.posOut + take), pos);
      this.posOut += take;
      pos += take;
    }
    return out;
  }
  xofInto(out) {
    if (!this.enableXOF)
      throw new Error("XOF is not possible for this instance");
    return this.writeInto(out);
  }
  xof(bytes) {
    anumber(bytes);
    return this.xofInto(new Uint8Array(bytes));
  }
  digestInto(out) {
    aoutput(out, this);
    if (this.finished)
      throw new Error("digest() was already called");
    this.writeInto(out.subarray(0, this.outputLen));
    this.destroy();
  }
  digest() {
    const out = new Uint8Array(this.outputLen);
    this.digestInto(out);
    return out;
  }
  destroy() {
    this.destroyed = true;
    clean(this.state);
  }
  _cloneInto(to) {
    const { blockLen, suffix, outputLen, rounds, enableXOF } = this;
    to ||= new _Keccak(blockLen, suffix, outputLen, enableXOF, rounds);
    to.blockLen = blockLen;
    to.state32.set(this.state32);
    to.pos = this.pos;
    to.posOut = this.posOut;
    to.finished = this.finished;
    to.rounds = rounds;
    to.suffix = suffix;
    to.outputLen = outputLen;
    to.enableXOF = enableXOF;
    to.canXOF = this.canXOF;
    to.destroyed = this.destroyed;
    return to;
  }
};
var genKeccak = (suffix, blockLen, outputLen, info = {}) => createHasher(() => new Keccak(blockLen, suffix, outputLen), info);
var keccak_256 = /* @__PURE__ */ genKeccak(1, 136, 32);

// verifier/hashes.js
var LEAF = Uint8Array.of(0);
var NODE = Uint8Array.of(1);
var LINK = Uint8Array.of(2);
var subtle2 = globalThis.crypto?.subtle;
async function sha2562(bytes) {
  return subtle2 ? new Uint8Array(await subtle2.digest("SHA-256", bytes)) : sha256(bytes);
}
var keccak256 = (bytes) => keccak_256(bytes);
var leafHash = (data) => sha2562(concat(LEAF, data));
var nodeHash = (left, right) => sha2562(concat(NODE, left, right));
var chainLink = async (chain2, entry) => sha2562(concat(LINK, chain2, await leafHash(entry)));

// verifier/notes.js
var ED25519 = 1;
var COSIGNATURE = 4;
var MAX_NOTE_SIZE = 64 * 1024;
var MAX_SIGNATURES = 16;
var VERIFIER_KEY = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/;
var SIGNATURE_LINE = /^— ([^ ]+) ([A-Za-z0-9+/=]+)$/;
var CONTROL = /[\x00-\x09\x0b-\x1f]/;
var SIZE = /^(?:0|[1-9][0-9]{0,15})$/;
var NAME = /^[^+\p{C}\p{Z}]+$/u;
async function parseKey(text) {
  const match = VERIFIER_KEY.exec(text);
  if (match === null) throw badKey("a verifier key is name+hash+base64");
  const [, name, hash, spelt] = match;
  const material = orElse(() => fromBase64(spelt), badKey, "the key material is not strict base64");
  const [kind, key2] = [material[0], material.slice(1)];
  if (!NAME.test(name)) throw badKey("a key name is not empty and has neither white space nor plus");
  if (kind !== ED25519 && kind !== COSIGNATURE) throw badKey(`signature type ${kind} is not known`);
  if (key2.length !== 32) throw badKey("an Ed25519 public key has 32 bytes");
  if (!isAllowedKey(key2)) throw badKey("the Ed25519 key is of small order or not canonically encoded");
  const keyId = (await sha2562(concat(utf8(`${name}
`), Uint8Array.of(kind), key2))).slice(0, 4);
  if (toHex(keyId) !== hash) throw badKey("the hash in the verifier key is not that of its name and key");
  return { name, public: key2, kind, keyId, text };
}
function parseNote(note) {
  if (utf8(note).length > MAX_NOTE_SIZE) throw badNote(`a note has at most ${MAX_NOTE_SIZE} bytes`);
  const split2 = note.lastIndexOf("\n\n");
  if (split2 < 0 || !note.endsWith("\n")) {
    throw badNote("a note is a text, an empty line, and signature lines");
  }
  const text = note.slice(0, split2 + 1);
  const rest = note.slice(split2 + 2);
  const lines = (rest.endsWith("\n") ? rest.slice(0, -1) : rest).split("\n");
  if (lines.length > MAX_SIGNATURES) throw badNote(`a note has 1 to ${MAX_SIGNATURES} signatures`);
  const signatures = lines.map(parseSignature);
  if (CONTROL.test(text)) {
    throw badNote("a note's text ends in a newline and has no other control characters");
  }
  return { text, signatures };
}
function parseCheckpoint(text) {
  const lines = text.split("\n");
  if (lines.length !== 4 || lines[3] !== "" || !SIZE.test(lines[1])) {
    throw badNote("a checkpoint is three lines: origin, size, base64 root");
  }
  const [origin, digits, spelt] = lines;
  const size = Number(digits);
  const root = orElse(() => fromBase64(spelt), badNote, "the root is not strict base64");
  if (!NAME.test(origin)) throw badNote("the origin of a checkpoint is a name without white space or plus");
  if (!Number.isSafeInteger(size) || root.length !== 32) {
    throw badNote("a checkpoint has a size of at most 2^53-1 and a root of 32 bytes");
  }
  return { origin, size, root };
}
var isBy = (line, key2) => line.name === key2.name && equal(line.keyId, key2.keyId);
async function verifyNote(note, key2, options) {
  for (const line of linesBy(note, key2, ED25519)) {
    await verifyEd25519(key2.public, utf8(note.text), line.signature, options);
  }
}
async function verifyCosignature(note, key2, options) {
  for (const { signature } of linesBy(note, key2, COSIGNATURE)) {
    if (signature.length !== 72) throw unsigned("a cosignature has 72 bytes");
    const message = `cosignature/v1
time ${toNumber(signature.slice(0, 8))}
${note.text}`;
    await verifyEd25519(key2.public, utf8(message), signature.slice(8), options);
  }
}
function linesBy(note, key2, kind) {
  if (key2.kind !== kind) throw unsigned(`a key of type ${key2.kind} does not make signatures of type ${kind}`);
  const lines = note.signatures.filter((line) => isBy(line, key2));
  if (!lines.length) throw unsigned(`the note bears no signature by ${key2.name}+${toHex(key2.keyId)}`);
  return lines;
}
function parseSignature(line) {
  const match = SIGNATURE_LINE.exec(line);
  if (match === null || !NAME.test(match[1])) {
    throw badNote("a signature line is an em dash, a key name and base64");
  }
  const data = orElse(() => fromBase64(match[2]), badNote, "a signature is not strict base64");
  if (data.length < 5) throw badNote("a signature starts with a 4-byte key id");
  return { name: match[1], keyId: data.slice(0, 4), signature: data.slice(4) };
}
function orElse(work, refuse, message) {
  try {
    return work();
  } catch (error) {
    throw error instanceof Refused ? refuse(message) : error;
  }
}
var badKey = (message) => new Refused("note_key_malformed", message);
var badNote = (message) => new Refused("note_malformed", message);
var unsigned = (message) => new Refused("signature_invalid", message);

// verifier/page/dom.js
var SVG = "http://www.w3.org/2000/svg";
var el = (name, attributes, ...children) => fill(document.createElement(name), attributes, children);
var svg = (name, attributes, ...children) => fill(document.createElementNS(SVG, name), attributes, children);
function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value !== null && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== false && child !== void 0));
  return node;
}
var short = (hex) => hex.length > 16 ? `${hex.slice(0, 10)}…${hex.slice(-4)}` : hex;
var MOMENT = {
  year: "numeric",
  month: "short",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
  timeZoneName: "short"
};
function moment(milliseconds, language) {
  const date = new Date(Number(milliseconds));
  if (Number.isNaN(date.getTime()) || date.getUTCFullYear() > 9999) return `${milliseconds} ms`;
  return new Intl.DateTimeFormat(language, MOMENT).format(date);
}

// verifier/page/timeline.js
var WIDTH = 360;
var RAIL = 18;
var MOST_EVENTS = 200;
var EVENT_HEIGHT = 62;
var BOUND_HEIGHT = 46;
function drawTimeline(evidence, words, nameOf) {
  const rows = rowsOf(evidence.timeline.slice(-MOST_EVENTS));
  let y = 8;
  const shapes = rows.map((row) => {
    const top = y;
    y += row.event ? EVENT_HEIGHT : BOUND_HEIGHT;
    return row.event ? drawEvent(row.event, top, words, nameOf) : drawBound(row, top, words);
  });
  const rail = svg("line", { class: "rail", x1: RAIL, x2: RAIL, y1: 8, y2: y - 16 });
  const title = svg("title", { id: "timeline-name" }, words.timelineTitle);
  const frame = { class: "timeline", viewBox: `0 0 ${WIDTH} ${y}`, role: "img", "aria-labelledby": "timeline-name timeline-text" };
  return svg("svg", frame, title, svg("desc", { id: "timeline-text" }, describe(rows, words, nameOf)), rail, shapes);
}
function rowsOf(timeline) {
  const rows = [];
  timeline.forEach((event, at) => {
    const previous = timeline[at - 1];
    const next = timeline[at + 1];
    if (event.after && event.after.number !== previous?.after?.number) rows.push({ after: event.after });
    rows.push({ event });
    if (event.before && event.before.number !== next?.before?.number) rows.push({ before: event.before });
  });
  return rows;
}
function drawEvent(event, y, words, nameOf) {
  const text = (dy, name, ...content) => svg("text", { x: RAIL + 22, y: y + dy, class: name }, ...content);
  return [
    svg("circle", { class: "event", cx: RAIL, cy: y + 12, r: 7 }),
    text(17, "name", words.events[event.type]),
    text(35, "small", words.by(nameOf(event.actor))),
    text(51, "small", `${moment(event.time, words.language)} · #${event.index}`)
  ];
}
function drawBound({ after, before }, y, words) {
  const bound = after ?? before;
  const shape = { class: bound.checked ? "bound" : "bound unchecked", x: RAIL - 7, y: y + 5, width: 14, height: 14 };
  if (after) shape.transform = `rotate(45 ${RAIL} ${y + 12})`;
  const state2 = bound.checked ? "small" : "small part";
  const when = bound.checked ? "" : ` · ${words.unchecked}`;
  return [
    svg("rect", shape),
    svg("text", { x: RAIL + 22, y: y + 17, class: state2 }, boundName({ after, before }, words)),
    svg("text", { x: RAIL + 22, y: y + 33, class: state2 }, boundTime(bound, words) + when)
  ];
}
function boundName({ after, before }, words) {
  return (after ? words.after(after.number, "") : words.before(before.number, "")).replace(/ ?[（(][）)]/, "");
}
function boundTime({ time }, words) {
  return time === null ? words.unknownTime : moment(Number(time) * 1e3, words.language);
}
function describe(rows, words, nameOf) {
  return rows.map(({ event, after, before }) => {
    if (event) return `${words.events[event.type]}, ${words.by(nameOf(event.actor))}, ${moment(event.time, words.language)}`;
    const bound = after ?? before;
    return `${boundName({ after, before }, words)}, ${boundTime(bound, words)}${bound.checked ? "" : `, ${words.unchecked}`}`;
  }).join("; ");
}
function namesOf(run, words) {
  const names = /* @__PURE__ */ new Map();
  for (const { entry, details: details2 } of run.bundle.parties) {
    const name = details2?.value?.name;
    if (typeof name === "string") names.set(`0x${entry.subject.slice(24)}`, name.slice(0, 24));
  }
  const buyers = new Set(run.bundle.custody.filter(({ entry }) => entry.type === "SELL").map(({ entry }) => `0x${entry.party}`));
  return (address) => names.get(address) ?? (buyers.has(address) ? words.buyer : short(address));
}

// verifier/page/result.js
var MARKS = { established: "✓", partly: "◐", unchecked: "–", failed: "✗", skipped: "·" };
function drawAccepted(run, words) {
  const evidence = evidenceOf(run);
  const names = namesOf(run, words);
  return [
    verdict(evidence, run, words, names),
    evidence.not_checked.length > 0 && openItems(evidence, words),
    story(evidence, words, names),
    stepList(evidence.steps, words)
  ].filter(Boolean);
}
function drawRejected(error, words) {
  const banner = el(
    "div",
    { class: "card verdict rejected" },
    el("h2", { id: "verdict" }, words.rejected(error.step)),
    el("p", {}, words.rejectedAbout(words.titles[error.step])),
    el("p", {}, words.rejectedMeaning),
    el("p", {}, words.rejectedNext),
    el("p", { class: "quiet", lang: "en" }, `${words.technical}: `, el("code", {}, `${error.step} ${error.code}: ${error.message}`))
  );
  const passed = error.run ? error.run.steps().slice(0, error.step) : [];
  return [banner, stepList(passed, words, error.step)];
}
function isRooted(run) {
  return Boolean(run.reader.network) && (Boolean(run.reader.logKey) || run.anchorTimes.size > 0);
}
function verdict(evidence, run, words, names) {
  const { details: details2, manifest } = run.bundle.batch;
  const { facts } = words;
  const isShared = manifest.max_uses > 1;
  const state2 = isShared && words.shared[evidence.state] || words.states[evidence.state];
  const by = run.replayers.join(", ");
  const rows = [
    [facts.product, `${details2.product} · ${details2.face_value} ${details2.currency}`],
    [facts.position, words.position(evidence.index, manifest.size)],
    [facts.supplier, names(`0x${manifest.supplier}`)],
    [facts.holder, names(evidence.holder)],
    [facts.asOf, words.asOf(evidence.checkpoint.size, evidence.origin)],
    [facts.chain, words.anchoring[evidence.anchoring]],
    [facts.complete, run.bundle.state ? words.completeYes(by) : words.completeNo]
  ];
  const heading = isRooted(run) ? [words.accepted, el("br"), state2] : [words.loose];
  return el(
    "div",
    { class: isRooted(run) ? "card verdict" : "card verdict loose" },
    el("h2", { id: "verdict" }, heading),
    !isRooted(run) && [el("p", {}, words.looseMeaning), el("p", {}, words.says(state2))],
    run.bundle.key.opening && el("p", {}, words.opened),
    evidence.sold_before && el("p", {}, words.soldBefore),
    el("dl", {}, rows.map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]))
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
    drawTimeline(evidence, words, names)
  );
}
function openItems(evidence, words) {
  const items = evidence.not_checked.map((finding) => el("li", {}, findingText(finding, words)));
  return el(
    "details",
    { class: "card caution" },
    el("summary", {}, words.openItems(items.length)),
    el("p", { class: "quiet" }, words.openItemsHint),
    el("ul", { class: "findings" }, items)
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
      lines.length > 0 && el("ul", { class: "findings" }, lines)
    );
  });
  return el("section", { class: "card" }, el("h2", {}, words.stepsTitle), el("ol", { class: "steps" }, items));
}
function statusOf(step, number, failed) {
  if (failed !== null && number >= failed) return number === failed ? "failed" : "skipped";
  return step.status === "not checked" ? "unchecked" : step.status;
}
function findingText(finding, words) {
  const at = (seconds) => moment(Number(seconds) * 1e3, words.language);
  const told = words.what?.[finding.id];
  const what = told ? told(finding.facts, at) : finding.what;
  if (finding.checked) return what;
  return words.notChecked(what, words.why?.[finding.why]?.(finding.facts) ?? finding.why_not);
}

// verifier/page/words.js
var zhWhat = {
  form: () => "文件格式正确，写法唯一",
  network_missing: () => "所属网络",
  network: ({ chain: chain2 }) => `是你指定的网络（链 ${chain2}）`,
  log_missing: () => "所属日志",
  log: ({ origin }) => `是你指定的日志 ${origin}`,
  opening: () => "文件里公开的卡密与其承诺值一致",
  card_key: () => "凭证说的就是你手里的这张卡密",
  use: () => "买家凭据对应一次销售",
  inclusion: ({ index, size }) => `这张卡密在批次的 ${size} 张中，序号 ${index}（从 0 数起）`,
  supplier: ({ supplier }) => `批次由供应商 0x${supplier} 签名`,
  entries: ({ count, size }) => `${count} 条记录都在共 ${size} 条的日志里`,
  log_key: () => "日志的公钥",
  checkpoint: ({ size, origin }) => `${origin} 签署了共 ${size} 条记录的检查点`,
  cosigned: ({ names }) => `见证人共同签署：${names}`,
  witnesses: () => "见证人",
  anchors: ({ count }) => `${count} 个锚点都是这份日志的前段，最后一个就是它本身`,
  anchor_none: () => "锚点",
  state_proof_unread: () => "状态证明",
  trusted_block: () => "可信区块",
  state_proof: ({ number }) => `状态证明属于你信任的区块 ${number}`,
  batch_unread: () => "批次是否在链上",
  batch: ({ time }, at) => `批次自 ${at(time)} 起在链上登记`,
  anchor_unread: ({ size }) => `第 ${size} 条处的锚点是否在链上，及其时间`,
  anchor: ({ size, time }, at) => `前 ${size} 条记录自 ${at(time)} 起锚定在链上`,
  header: ({ number }) => `区块 ${number} 的区块头就是信标所指的那一个`,
  block_unread: ({ number }) => `区块 ${number} 是否在链上`,
  block: ({ number }) => `区块 ${number} 在节点的链上`,
  details: ({ count }) => `${count} 份公开的明细与承诺值一致`,
  details_sealed: () => "未公开的明细",
  custody: ({ count }) => `${count} 条记录前后合乎规则，经手各方均已获准`,
  lower: ({ count }) => `${count} 条记录晚于节点认可的区块`,
  upper: ({ count }) => `${count} 条记录早于链上的锚点`,
  lower_unread: ({ count }) => `${count} 条记录最早可能的时间`,
  upper_unread: ({ count }) => `${count} 条记录最晚可能的时间`,
  complete: ({ by }) => by ? `记录齐全，由 ${by} 重放确认` : "按运营方的状态声明记录齐全；尚无人重放确认",
  completeness: () => "记录是否齐全"
};
var zhWhy = {
  no_network: () => "你没有指定链和合约",
  no_log_key: () => "你没有提供日志公钥",
  no_card_key: () => "你没有输入卡密",
  no_salt: () => "文件和你都没有这张卡密的盐值",
  no_use: () => "文件没有出示买家凭据",
  bundle_log_key: () => "你没有提供日志公钥；签名只与文件自带的公钥相符",
  no_witness_signed: () => "你列出的见证人都没有签署，而你也没有要求",
  no_witness_keys: () => "你没有提供见证人公钥",
  pending: () => "等待锚定，文件里还没有锚点",
  no_trusted_block: () => "你没有提供可信区块哈希",
  no_state_proof: () => "文件没有附状态证明",
  no_state_proof_short: () => "文件没有附状态证明",
  no_chain: () => "你没有提供节点或可信区块哈希",
  other_registry: () => "批次是为另一个合约签名的，你没有指定它",
  batch_pending: () => "等待上链，合约里还没有它",
  only_a_node: () => "只有节点知道一个区块是否在链上",
  unknown_block: () => "节点不认识它",
  sealed: ({ sealed }) => `${sealed} 条记录的明细未公开`,
  no_block_before: () => "之前没有核对过的区块",
  no_anchor_after: () => "之后没有核对过的锚点",
  no_state: () => "文件没有附状态部分"
};
var zh = {
  language: "zh-CN",
  other: "English",
  title: "卡密凭证核验",
  intro: "检查一份卡密凭证文件：卡密从哪里来、经过谁手、是否用过、在什么时候。全部在这台设备上完成，不联网，不上传。",
  offerTitle: "二维码指向一份凭证",
  offerWhere: (host) => `文件在 ${host}。点下面的按钮才会去取，取回后先核对指纹。`,
  offerFetch: "取回并核验",
  offerBad: "链接里的地址或指纹不完整，请重新扫码。",
  offerFailed: "没能取回文件。请稍后再试，或把文件存下来再选择。",
  offerHash: "取回的文件与二维码里的指纹不符，没有核验。请向出示二维码的人要一份新的。",
  chooseTitle: "选择凭证文件",
  chooseFile: "选择文件",
  dropHint: "也可以把 .provenance.json 文件拖到这里。",
  pasteTitle: "或者粘贴文件内容",
  pasteLabel: "凭证文件的全部内容",
  pasteUse: "核验粘贴的内容",
  readerTitle: "你自己掌握的信息（可选）",
  readerHint: "这些信息应来自你信任的地方，而不是这份文件。没有填的，结果里会写明“未核对”。",
  again: "按以上信息核验",
  readerStale: "信息已更改，请重新核验。",
  fields: {
    card: ["卡密", "你手里的卡密，按卡面抄写；有卡号的写成“卡号 密码”"],
    salt: ["盐值", "文件没有公开卡密时需要，32 位十六进制"],
    chain: ["链编号", "例如 1"],
    registry: ["合约地址", "0x 开头的登记合约地址"],
    log: ["日志公钥", "名称+8 位校验+公钥"],
    block: ["可信区块哈希", "从你信任的节点或区块浏览器抄来，0x 可省略"],
    witnesses: ["见证人公钥", "每行一个"],
    threshold: ["至少几个见证人签署", ""]
  },
  replays: "这些见证人签署前会重放全部记录",
  problems: {
    card: "读不出这张卡密，请对照卡面检查。",
    salt: "应为 32 位十六进制。",
    chain: "应为正整数。",
    registry: "应为 0x 加 40 位十六进制。",
    both: "链编号和合约地址要一起填。",
    log: "不是有效的日志公钥。",
    block: "应为 64 位十六进制。",
    blockNetwork: "要用可信区块，请同时填写链编号和合约地址。",
    witnesses: "有一行不是有效的见证人公钥。",
    threshold: "不能多于见证人的数目。"
  },
  working: "正在核验……",
  done: "核验完成：凭证成立。",
  doneLoose: "核验完成：文件前后一致，但来源未核对。",
  failed: (step) => `核验完成：第 ${step} 步未通过。`,
  fix: "请先改正标出的信息。",
  tooLarge: "文件超过 16 MiB，不是凭证文件，没有读取。",
  accepted: "凭证成立",
  loose: "前后一致，来源未核对",
  looseMeaning: "文件自身没有矛盾，但这样的文件任何人都造得出来。请在上面填写链编号和合约地址，以及你信任的日志公钥或可信区块哈希，再核验一次。",
  says: (state2) => `文件所述：${state2}`,
  rejected: (step) => `第 ${step} 步未通过`,
  rejectedAbout: (title) => `这一步核对的是：${title}。`,
  rejectedMeaning: "这份文件不能证明它所说的内容。它可能在传送中损坏、被改动，或与你填的信息不属于同一处。",
  rejectedNext: "请向给你文件的人要一份新的，再核验一次；填了信息的，先核对所填内容。仅凭这一步不能断定卡密本身的好坏。",
  technical: "技术说明",
  states: {
    REGISTERED: "已登记，没有售出的记录",
    SOLD: "已售出，没有交付的记录",
    DELIVERED: "已交付给买家，没有使用的记录",
    REDEEMED: "已使用",
    VOID: "已作废"
  },
  shared: { REGISTERED: "多次使用的卡密：还可以出售", SOLD: "多次使用的卡密：已经售满", VOID: "已作废" },
  opened: "这份文件里含有卡密本身：谁拿到它，谁就拿到了卡密。请勿转发。",
  soldBefore: "注意：这张卡密曾经售出后又撤回。",
  facts: {
    product: "商品",
    position: "位置",
    supplier: "供应商",
    holder: "当前持有方",
    asOf: "截至",
    chain: "链上",
    complete: "完整性"
  },
  position: (index, size) => `批次共 ${size} 张，序号 ${index}（从 0 数起）`,
  asOf: (size, origin) => `日志 ${origin} 的前 ${size} 条记录`,
  anchoring: { pending: "等待锚定", anchored: "已锚定，已核对", "anchored, not checked": "文件称已锚定，未核对" },
  completeYes: (by) => by ? `齐全，由 ${by} 重放确认` : "齐全（运营方声明，尚无人重放确认）",
  completeNo: "未核对，可能还有别的记录",
  openItems: (count) => `有 ${count} 项未核对`,
  openItemsHint: "“未核对”不是错误，只表示文件或你没有提供所需的信息。",
  timelineTitle: "经过",
  timelineHint: "从上到下按日志顺序。方块是锚点，菱形是信标区块，它们夹住记录发生的时间。虚线表示未经链上核对。",
  omitted: (count) => `较早的 ${count} 条记录也已核验，这里没有画出。`,
  stepsTitle: "逐步核验",
  step: (number) => `第 ${number} 步`,
  status: { established: "成立", partly: "部分核对", unchecked: "未核对", failed: "未通过", skipped: "未进行" },
  notChecked: (what, why) => `未核对：${what}（${why}）`,
  titles: [
    "文件格式，是否你所指的网络与日志",
    "卡密与承诺值",
    "卡密在批次中",
    "批次明细与供应商签名",
    "记录在日志中",
    "日志签署的检查点",
    "锚点与检查点一致",
    "批次、锚点、信标在链上",
    "公开的明细",
    "经过合乎规则，时间在区间内",
    "记录齐全"
  ],
  what: zhWhat,
  why: zhWhy,
  events: {
    COMMISSION: "登记入库",
    TRANSFER: "发出移交",
    RECEIVE: "接收",
    SELL: "售出",
    DELIVER: "交付",
    REDEEM: "使用",
    REINSTATE: "撤回",
    VOID: "作废",
    REISSUE: "换发",
    CORRECTION: "更正"
  },
  by: (who) => `经手：${who}`,
  buyer: "买家",
  after: (number, when) => `晚于区块 ${number}（${when}）`,
  before: (size, when) => `早于锚点 ${size}（${when}）`,
  unknownTime: "时间未知",
  unchecked: "未核对",
  footer: "此页面可以存下来离线使用。它只读取你选择的文件，除非你点“取回并核验”，不会连接任何网络。"
};
var en = {
  language: "en",
  other: "中文",
  title: "Card key proof check",
  intro: "Checks a proof file: where a card key came from, who held it, whether it was used, and when. All of it happens on this device; nothing is sent anywhere.",
  offerTitle: "The QR code points to a proof",
  offerWhere: (host) => `The file is at ${host}. It is fetched only when you press the button, and its fingerprint is checked first.`,
  offerFetch: "Fetch and check",
  offerBad: "The address or the fingerprint in the link is incomplete: scan the code again.",
  offerFailed: "The file could not be fetched. Try again later, or save the file and choose it here.",
  offerHash: "The fetched file does not have the fingerprint in the QR code and was not checked. Ask whoever showed it for a new one.",
  chooseTitle: "Choose a proof file",
  chooseFile: "Choose a file",
  dropHint: "Or drop a .provenance.json file here.",
  pasteTitle: "Or paste what the file holds",
  pasteLabel: "The whole text of the proof file",
  pasteUse: "Check the pasted text",
  readerTitle: "What you know yourself (optional)",
  readerHint: "Bring these from a source you trust, not from the file. What you leave out is reported as not checked.",
  again: "Check with this",
  readerStale: "You changed something: check again.",
  fields: {
    card: ["Card key", "the key in your hand, as printed; with a serial: serial, space, secret"],
    salt: ["Salt", "needed where the file does not open the key; 32 hex digits"],
    chain: ["Chain id", "such as 1"],
    registry: ["Registry address", "of the contract, beginning with 0x"],
    log: ["Log key", "name+hash+base64"],
    block: ["Trusted block hash", "from a node or explorer you trust, with or without 0x"],
    witnesses: ["Witness keys", "one a line"],
    threshold: ["How many witnesses must have signed", ""]
  },
  replays: "these witnesses replay every entry before they sign",
  problems: {
    card: "This is no key of the format: compare it with the card.",
    salt: "Give 32 hex digits.",
    chain: "Give a positive whole number.",
    registry: "Give 0x and 40 hex digits.",
    both: "Give chain id and registry address together.",
    log: "This is not a log key.",
    block: "Give 64 hex digits.",
    blockNetwork: "With a trusted block, give chain id and registry address too.",
    witnesses: "One line is not a witness key.",
    threshold: "At most as many as there are witnesses."
  },
  working: "Checking…",
  done: "Checked: the proof holds.",
  doneLoose: "Checked: consistent, but of unchecked origin.",
  failed: (step) => `Checked: step ${step} did not pass.`,
  fix: "Put the marked fields right first.",
  tooLarge: "The file is larger than 16 MiB, which no proof is. It was not read.",
  accepted: "The proof holds",
  loose: "Consistent, but of unchecked origin",
  looseMeaning: "The file does not contradict itself, but anybody can make such a file. Fill in chain id and registry address, and a log key or block hash that you trust, and check again.",
  says: (state2) => `The file says: ${state2}`,
  rejected: (step) => `Step ${step} did not pass`,
  rejectedAbout: (title) => `It checks: ${title}.`,
  rejectedMeaning: "This file does not prove what it says. It may have been damaged on its way, changed, or belong elsewhere than what you filled in.",
  rejectedNext: "Ask whoever gave it to you for a new one and check again; if you filled in fields, compare those first. This alone says nothing about the card key itself.",
  technical: "Technical reason",
  states: {
    REGISTERED: "Registered; no sale on record",
    SOLD: "Sold; no delivery on record",
    DELIVERED: "Delivered to the buyer; no use on record",
    REDEEMED: "Used",
    VOID: "Void"
  },
  shared: { REGISTERED: "A key for several uses: can be sold once more", SOLD: "A key for several uses: all sold", VOID: "Void" },
  opened: "This file holds the card key itself: whoever has it has the key. Do not pass it on.",
  soldBefore: "Note: this key was once sold and taken back.",
  facts: {
    product: "Product",
    position: "Position",
    supplier: "Supplier",
    holder: "Held by",
    asOf: "As of",
    chain: "On chain",
    complete: "Complete"
  },
  position: (index, size) => `index ${index} (counted from 0) of ${size} keys in its batch`,
  asOf: (size, origin) => `the first ${size} entries of ${origin}`,
  anchoring: { pending: "not anchored yet", anchored: "anchored, checked", "anchored, not checked": "anchored by the file's word, not checked" },
  completeYes: (by) => by ? `yes, replayed by ${by}` : "yes by the operator's word, replayed by nobody yet",
  completeNo: "not checked; there may be more entries",
  openItems: (count) => count === 1 ? "1 thing not checked" : `${count} things not checked`,
  openItemsHint: "Not checked is no fault: the file or you did not bring what it takes.",
  timelineTitle: "What happened",
  timelineHint: "Top to bottom in the order of the log. Squares are anchors, diamonds are beacon blocks: between them the time is fixed. Dashed means not checked on chain.",
  omitted: (count) => `${count} earlier entries were checked too; they are not drawn.`,
  stepsTitle: "Step by step",
  step: (number) => `Step ${number}`,
  status: { established: "holds", partly: "partly checked", unchecked: "not checked", failed: "did not pass", skipped: "not reached" },
  notChecked: (what, why) => `Not checked: ${what} (${why})`,
  titles: [
    "Form, and your network and log",
    "The key and its commitment",
    "The key in its batch",
    "Batch details and the supplier's signature",
    "Entries in the log",
    "Checkpoint signed by the log",
    "Anchors agree with the checkpoint",
    "Batch, anchors and beacons on chain",
    "Opened details",
    "Lawful custody, times in their brackets",
    "Nothing left out"
  ],
  what: null,
  why: null,
  events: {
    COMMISSION: "Registered",
    TRANSFER: "Offered",
    RECEIVE: "Received",
    SELL: "Sold",
    DELIVER: "Delivered",
    REDEEM: "Used",
    REINSTATE: "Taken back",
    VOID: "Voided",
    REISSUE: "Reissued",
    CORRECTION: "Corrected"
  },
  by: (who) => `by ${who}`,
  buyer: "the buyer",
  after: (number, when) => `after block ${number} (${when})`,
  before: (size, when) => `before anchor ${size} (${when})`,
  unknownTime: "time unknown",
  unchecked: "not checked",
  footer: "Save this page to use it offline. It reads only the file you choose and contacts nothing unless you press “Fetch and check”."
};
var WORDS2 = { zh, en };

// verifier/findings.js
var STEP_TITLES = [
  "form, bounds, the reader's network and log",
  "the key and its leaf",
  "leaf in batch",
  "manifest and supplier's signature",
  "entries in log",
  "checkpoint signed",
  "anchors consistent with checkpoint",
  "batch, anchors and beacons on chain",
  "opened details",
  "custody lawful, times inside their brackets",
  "completeness by STATE"
];
var WHAT = {
  form: () => "a well-formed bundle in canonical form",
  network_missing: () => "the network",
  network: ({ chain: chain2 }) => `the reader's network, chain ${chain2}`,
  log_missing: () => "the log",
  log: ({ origin }) => `the reader's log, ${origin}`,
  opening: () => "the key opened in the bundle gives the leaf",
  card_key: () => "the leaf is the reader's key",
  use: () => "the buyer's use is that of a sale",
  inclusion: ({ index, size }) => `the leaf is key ${index} of ${size} in the batch`,
  supplier: ({ batch: batch2, supplier }) => `batch ${batch2} is signed by its supplier 0x${supplier}`,
  entries: ({ count, size }) => `${count} entries are in the log of ${size}`,
  log_key: () => "the log's key",
  checkpoint: ({ size, origin }) => `the checkpoint of size ${size} is signed by ${origin}`,
  cosigned: ({ names }) => `cosigned by ${names}`,
  witnesses: () => "witnesses",
  anchors: ({ count }) => `${count} anchors are prefixes of the checkpoint, the last is it`,
  anchor_none: () => "an anchor",
  state_proof_unread: () => "the state proof",
  trusted_block: () => "the trusted block",
  state_proof: ({ number }) => `the state proof is of trusted block ${number}`,
  batch_unread: () => "the batch on chain",
  batch: ({ time }) => `the batch is in the registry since ${time}`,
  anchor_unread: ({ position, size }) => `anchors[${position}]: size ${size} on chain, and its time`,
  anchor: ({ size, time }) => `size ${size} is anchored since ${time}`,
  header: ({ number }) => `the header of block ${number} is the one its BEACON names`,
  block_unread: ({ number, index }) => `block ${number} of the BEACON at ${index}`,
  block: ({ number, index }) => `block ${number} of the BEACON at ${index} is on the node's chain`,
  details: ({ count }) => `${count} opened details are those committed to`,
  details_sealed: () => "sealed details",
  custody: ({ count, state: state2 }) => `${count} entries are one lawful custody, ending in ${state2}`,
  lower: ({ count }) => `${count} entries are after a block that the node knows`,
  upper: ({ count }) => `${count} entries are before an anchor that the chain holds`,
  lower_unread: ({ count }) => `the earliest time of ${count} entries`,
  upper_unread: ({ count }) => `the latest time of ${count} entries`,
  complete: ({ by }) => `complete by STATE, replayed by ${by || "nobody"}`,
  completeness: () => "completeness"
};
var WHY = {
  no_network: () => "the reader named no chain and registry",
  no_log_key: () => "the reader brought no log key",
  no_card_key: () => "the reader brought no key",
  no_salt: () => "neither the bundle nor the reader has the leaf's salt",
  no_use: () => "the bundle shows no use",
  bundle_log_key: () => "the reader brought no log key; the signature fits the key the bundle names",
  no_witness_signed: () => "none of the reader's witnesses cosigned, and he asks for none",
  no_witness_keys: () => "the reader brought no witness keys",
  pending: () => "pending: the bundle names none yet",
  no_trusted_block: () => "the reader brought no trusted block hash",
  no_state_proof: () => "the bundle carries no state proof",
  no_state_proof_short: () => "no state proof",
  no_chain: () => "the reader brought neither a node nor a trusted block hash",
  other_registry: () => "it was signed for another registry, which the reader did not name",
  batch_pending: () => "pending: the registry does not hold it yet",
  only_a_node: () => "only a node tells whether a block is on its chain",
  unknown_block: () => "the node does not know it",
  sealed: ({ sealed }) => `${sealed} entries keep theirs sealed`,
  no_block_before: () => "no checked block before them",
  no_anchor_after: () => "no checked anchor after them",
  no_state: () => "the bundle carries no state"
};

// verifier/run.js
var Run = class {
  constructor(bundle, reader) {
    this.bundle = bundle;
    this.reader = reader;
    this.findings = STEP_TITLES.map(() => []);
    this.anchorTimes = /* @__PURE__ */ new Map();
    this.headerTimes = /* @__PURE__ */ new Map();
    this.knownBlocks = /* @__PURE__ */ new Set();
    this.replayers = [];
    this.custody = null;
    this.timeline = [];
    this.completeness = "";
    this.batchId = "";
  }
  /** Note what was shown. */
  established(step, id, facts = {}) {
    this.findings[step].push({ id, facts: plainFacts(facts), what: WHAT[id](facts), checked: true });
  }
  /** Note what was not checked, and why. */
  notChecked(step, id, why, facts = {}) {
    const texts = { what: WHAT[id](facts), checked: false, why_not: WHY[why](facts) };
    this.findings[step].push({ id, why, facts: plainFacts(facts), ...texts });
  }
  /** Every step with its findings, in order. */
  steps() {
    return this.findings.map((findings, step) => {
      const checked = findings.filter((finding) => finding.checked).length;
      const partly = checked ? "partly" : "not checked";
      const status = checked === findings.length ? "established" : partly;
      return { step, title: STEP_TITLES[step], status, findings };
    });
  }
  /** The block of a BEACON, as far as it is known. */
  beaconBound({ index, entry }) {
    const time = this.headerTimes.get(index) ?? null;
    return { kind: "block", number: entry.number, time, checked: this.knownBlocks.has(index) };
  }
  /** An anchor; its time is the chain's where the chain was asked. */
  anchorBound({ size, time }) {
    const checked = this.anchorTimes.has(size);
    return { kind: "anchor", number: size, time: checked ? this.anchorTimes.get(size) : time, checked };
  }
  /** custody, parties, beacons and state: where each entry stands, in the order of the file. */
  sections() {
    const { custody, parties, beacons, state: state2 } = this.bundle;
    return Object.entries({ custody, parties, beacons, state: state2 ? [state2] : [] });
  }
};
var reject = (step, message, code) => new ProofRejected(step, message, code);
var plainFacts = (facts) => Object.fromEntries(Object.entries(facts).map(([name, fact]) => [name, plain(fact)]));

// verifier/stateproof.js
var MAX_RLP_SIZE = 64 * 1024;
var MAX_RLP_DEPTH = 8;
var HEADER_ITEMS = 15;
var BATCHES = 0;
var CHECKPOINTS = 1;
function parseHeader(raw) {
  let items;
  try {
    items = decodeRlp(raw);
  } catch (error) {
    throw error instanceof Refused ? badHeader("a block header is canonical RLP") : error;
  }
  if (!Array.isArray(items) || items.length < HEADER_ITEMS) {
    throw badHeader("a block header is a list of at least 15 items");
  }
  if (!isBytes3(items[3]) || items[3].length !== 32) {
    throw badHeader("item 3 of a header is a 32-byte state root");
  }
  return { hash: keccak256(raw), stateRoot: items[3], number: small(items[8]), time: small(items[11]) };
}
var batchSlots = (batchId2) => slots(batchId2, BATCHES);
var checkpointSlots = (size) => slots(fromNumber(size, 32), CHECKPOINTS);
function verifyAccount(stateRoot, address, proof) {
  const fields = decodeRlp(verifyTrie(stateRoot, keccak256(address), proof));
  if (!Array.isArray(fields) || fields.length !== 4) {
    throw invalid("an account is [nonce, balance, storageRoot, codeHash]");
  }
  if (!isBytes3(fields[2]) || fields[2].length !== 32) throw invalid("an account's storage root has 32 bytes");
  return fields[2];
}
function verifyStorage(storageRoot, slot, proof) {
  const word = decodeRlp(verifyTrie(storageRoot, keccak256(fromHex(slot)), proof));
  if (!isBytes3(word) || word.length < 1 || word.length > 32 || word[0] === 0) {
    throw invalid("a storage word is 1 to 32 bytes without leading zeros");
  }
  return concat(new Uint8Array(32 - word.length), word);
}
function verifyTrie(root, key2, proof) {
  let nibbles = nibblesOf(key2);
  const pending = [...proof].reverse();
  let child = root;
  let isLeaf = false;
  while (!isLeaf) {
    const node = Array.isArray(child) ? child : load(child, pending);
    ({ child, nibbles, isLeaf } = descend(node, nibbles));
  }
  if (pending.length) throw invalid("the proof has more nodes than the way to the key");
  if (!isBytes3(child)) throw invalid("a leaf holds a byte string");
  return child;
}
function decodeRlp(raw) {
  if (raw.length > MAX_RLP_SIZE) throw invalid(`an RLP item has at most ${MAX_RLP_SIZE} bytes`);
  const [item, end] = decode(raw, 0, 0);
  if (end !== raw.length) throw invalid("bytes after the RLP item");
  return item;
}
function slots(key2, mapping) {
  const first = keccak256(concat(key2, fromNumber(mapping, 32)));
  return [toHex(first), toHex(fromNumber((toNumber(first) + 1n) % 2n ** 256n, 32))];
}
function load(reference, pending) {
  if (reference.length !== 32) throw invalid("the trie holds nothing at that key");
  if (!pending.length) throw invalid("a node of the way is missing");
  const raw = pending.pop();
  if (!equal(keccak256(raw), reference)) throw invalid("a node does not have the hash its parent names");
  const node = decodeRlp(raw);
  if (!Array.isArray(node)) throw invalid("a trie node is a list");
  return node;
}
function descend(node, nibbles) {
  if (node.length === 17 && nibbles.length) {
    return { child: node[nibbles[0]], nibbles: nibbles.slice(1), isLeaf: false };
  }
  if (node.length !== 2) throw invalid("a trie node on the way has 2 or 17 items");
  const { way, isLeaf } = compact(node[0]);
  const fits = way.every((nibble, at) => nibbles[at] === nibble);
  if (!fits || isLeaf && way.length !== nibbles.length) throw invalid("the trie holds nothing at that key");
  if (!isLeaf && !way.length) throw invalid("an extension skips at least one nibble");
  return { child: node[1], nibbles: nibbles.slice(way.length), isLeaf };
}
function compact(encoded) {
  if (!isBytes3(encoded) || !encoded.length || encoded[0] >> 4 > 3) {
    throw invalid("a node's path is hex-prefix encoded");
  }
  const [isOdd, isLeaf] = [Boolean(encoded[0] & 16), Boolean(encoded[0] & 32)];
  if (!isOdd && encoded[0] & 15) throw invalid("an even path is padded with zero");
  return { way: nibblesOf(encoded).slice(isOdd ? 1 : 2), isLeaf };
}
function decode(raw, at, depth) {
  if (at >= raw.length || depth > MAX_RLP_DEPTH) throw invalid("the RLP is cut off or nested too deep");
  const lead = raw[at];
  if (lead < 128) return [raw.slice(at, at + 1), at + 1];
  const [start, end] = payload(raw, at, lead);
  if (lead < 192) {
    if (end - start === 1 && raw[start] < 128) throw invalid("a small byte is its own RLP");
    return [raw.slice(start, end), end];
  }
  const items = [];
  let next = start;
  while (next < end) {
    const [item, after] = decode(raw, next, depth + 1);
    items.push(item);
    next = after;
  }
  if (next !== end) throw invalid("an RLP item reaches past its list");
  return [items, end];
}
function payload(raw, at, lead) {
  let start = at + 1;
  let length = lead - (lead < 192 ? 128 : 192);
  if (length > 55) {
    const digits = raw.slice(start, start + length - 55);
    const isWhole = digits.length === length - 55;
    const long = toNumber(digits);
    if (!digits.length || digits[0] === 0 || long <= 55n || !isWhole) {
      throw invalid("an RLP length is not canonical");
    }
    if (long > BigInt(raw.length)) throw invalid("the RLP is cut off");
    start += digits.length;
    length = Number(long);
  }
  if (start + length > raw.length) throw invalid("the RLP is cut off");
  return [start, start + length];
}
function small(item) {
  const fits = isBytes3(item) && item.length <= 7 && item[0] !== 0;
  if (!fits || toNumber(item) > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw badHeader("number and time of a header are small integers");
  }
  return Number(toNumber(item));
}
var isBytes3 = (item) => item instanceof Uint8Array;
var nibblesOf = (bytes) => [...bytes].flatMap((byte) => [byte >> 4, byte & 15]);
var badHeader = (message) => new Refused("header_malformed", message);
var invalid = (message) => new Refused("state_proof_invalid", message);

// verifier/chain.js
var STEP = 7;
async function checkChain(run) {
  const { anchors, beacons, network } = run.bundle;
  const { node } = run.reader;
  if (node && await node.chainId() !== network.chain_id) {
    throw reject(STEP, `the reader's node is not on chain ${network.chain_id}`, "chain_mismatch");
  }
  const sources = await sourcesOf(run);
  await checkBatch(run, sources);
  for (const [position, anchor2] of anchors.entries()) await checkAnchor(run, sources, position, anchor2);
  for (const [position, beacon2] of beacons.entries()) await checkHeader(run, position, beacon2);
  for (const beacon2 of beacons) await checkBlock(run, beacon2);
}
var ProvenRegistry = class {
  constructor(stateProof2, registry, block) {
    this.root = verifyAccount(block.stateRoot, fromHex(registry), stateProof2.account);
    this.storage = stateProof2.storage;
  }
  batch(id) {
    const [root, second] = batchSlots(fromHex(id)).map((slot) => this.word(slot));
    const packed = toNumber(second);
    return { root: toHex(root), size: Number(packed & 0xffffffffn), time: packed >> 32n };
  }
  checkpoint(size) {
    const [root, time] = checkpointSlots(size).map((slot) => this.word(slot));
    return { root: toHex(root), time: toNumber(time) };
  }
  word(slot) {
    return verifyStorage(this.root, slot, this.storage.get(slot) ?? []);
  }
};
async function sourcesOf(run) {
  const { bundle, reader } = run;
  const sources = reader.node ? [reader.node] : [];
  if (!bundle.stateProof || !reader.trustedBlockHash) {
    if (bundle.stateProof) run.notChecked(STEP, "state_proof_unread", "no_trusted_block");
    if (reader.trustedBlockHash) run.notChecked(STEP, "trusted_block", "no_state_proof");
    return sources;
  }
  await rejecting(STEP, "the state proof", () => {
    const block = parseHeader(bundle.stateProof.header);
    if (!equal(block.hash, reader.trustedBlockHash)) {
      throw reject(STEP, "the state proof is not of the block that the reader trusts");
    }
    requireSlots(run);
    sources.push(new ProvenRegistry(bundle.stateProof, bundle.network.registry, block));
    run.established(STEP, "state_proof", { number: block.number });
  });
  return sources;
}
function requireSlots(run) {
  const { anchors, stateProof: stateProof2 } = run.bundle;
  const wanted = new Set(anchors.flatMap((anchor2) => checkpointSlots(anchor2.size)));
  for (const slot of batchSlots(fromHex(run.batchId))) wanted.add(slot);
  if ([...stateProof2.storage.keys()].some((slot) => !wanted.has(slot))) {
    throw reject(STEP, "the state proof has slots that are neither the batch's nor an anchor's");
  }
}
async function checkBatch(run, sources) {
  const { batch: batch2, network } = run.bundle;
  if (!isSame(batch2.domain, network)) {
    const other = run.reader.otherNodes?.find((one) => isSame(one.domain, batch2.domain))?.node;
    if (!other) return run.notChecked(STEP, "batch_unread", "other_registry");
    if (await other.chainId() !== batch2.domain.chain_id) {
      throw reject(STEP, `the other node is not on chain ${batch2.domain.chain_id}`, "chain_mismatch");
    }
    sources = [other];
  }
  if (!sources.length) {
    run.notChecked(STEP, "batch_unread", run.reader.trustedBlockHash ? "no_state_proof_short" : "no_chain");
  }
  for (const source of sources) await compareBatch(run, source);
}
async function compareBatch(run, source) {
  const { anchors, batch: batch2 } = run.bundle;
  const found = await rejecting(STEP, "the batch's state proof", () => source.batch(run.batchId));
  if (!found && !anchors.length) run.notChecked(STEP, "batch_unread", "batch_pending");
  else if (!found) throw reject(STEP, "the registry does not hold the batch");
  else if (found.root !== batch2.manifest.root || found.size !== batch2.manifest.size) {
    throw reject(STEP, "the registry holds another root or size for the batch");
  } else run.established(STEP, "batch", { time: found.time });
}
async function checkAnchor(run, sources, position, { size, root }) {
  if (!sources.length) {
    const why = run.reader.trustedBlockHash ? "no_state_proof" : "no_chain";
    run.notChecked(STEP, "anchor_unread", why, { position, size });
  }
  for (const source of sources) {
    const where = `anchors[${position}]`;
    const found = await rejecting(STEP, `${where}: state proof`, () => source.checkpoint(size));
    if (!found) throw reject(STEP, `${where}: the registry holds no checkpoint of size ${size}`);
    if (found.root !== toHex(root)) {
      throw reject(STEP, `${where}: the registry holds another root at size ${size}`);
    }
    run.anchorTimes.set(size, found.time);
    run.established(STEP, "anchor", { size, time: found.time });
  }
}
async function checkHeader(run, position, beacon2) {
  if (beacon2.entry.type !== "BEACON") throw reject(STEP, `beacons[${position}] is not a BEACON`);
  if (!beacon2.header) return;
  await rejecting(STEP, `beacons[${position}].header`, () => learnBlock(run, beacon2, beacon2.header));
  run.established(STEP, "header", { number: beacon2.entry.number });
}
async function checkBlock(run, beacon2) {
  const { entry, index } = beacon2;
  const facts = { number: entry.number, index };
  if (!run.reader.node) return run.notChecked(STEP, "block_unread", "only_a_node", facts);
  const header = await run.reader.node.blockHeader(entry.subject);
  if (!header) return run.notChecked(STEP, "block_unread", "unknown_block", facts);
  await rejecting(
    STEP,
    `block ${entry.number} of the BEACON at ${index}`,
    () => learnBlock(run, beacon2, header)
  );
  run.knownBlocks.add(index);
  run.established(STEP, "block", facts);
}
function learnBlock(run, { entry, index }, header) {
  const block = parseHeader(header);
  if (toHex(block.hash) !== entry.subject) {
    throw reject(STEP, "the header is not that of the block the BEACON names");
  }
  if (BigInt(block.number) !== entry.number) {
    throw reject(STEP, "the header's number is not the one the BEACON names");
  }
  run.headerTimes.set(index, block.time);
}
var isSame = (one, other) => one.chain_id === other.chain_id && one.registry === other.registry;

// verifier/entries.js
var ENTRY_SIZE = 124;
var MAX_DETAIL_SIZE = 16 * 1024;
var NAMES = {
  1: "COMMISSION",
  2: "TRANSFER",
  3: "RECEIVE",
  4: "SELL",
  5: "DELIVER",
  6: "REDEEM",
  7: "REINSTATE",
  8: "VOID",
  9: "REISSUE",
  10: "CORRECTION",
  32: "PARTY",
  33: "QUALIFICATION",
  34: "TERMS",
  35: "CLAIM",
  36: "REMEDY",
  48: "BEACON",
  49: "STATE",
  50: "KEY"
};
var RANGE_TYPES = ["COMMISSION", "TRANSFER", "RECEIVE", "VOID"];
var ISSUER = 3;
var OPERATOR = 6;
var SUSPENDED = 7;
var SUCCEEDED = 8;
function decodeEntry(raw) {
  if (raw.length !== ENTRY_SIZE) throw malformed2(`an entry has ${ENTRY_SIZE} bytes, not ${raw.length}`);
  const view = new DataView(raw.buffer, raw.byteOffset, raw.length);
  if (view.getUint8(0) !== 1) throw malformed2(`entry version ${view.getUint8(0)} is not known`);
  const type = NAMES[view.getUint8(1)];
  if (type === void 0) throw malformed2(`entry type ${view.getUint8(1)} is not known`);
  const entry = {
    raw,
    type,
    reason: view.getUint16(2),
    time: view.getBigUint64(4),
    subject: toHex(raw.subarray(12, 44)),
    first: view.getUint32(44),
    count: view.getUint32(48),
    number: view.getBigUint64(44),
    // first and count as one uint64: CLAIM, REMEDY, BEACON, STATE
    actor: toHex(raw.subarray(52, 72)),
    party: toHex(raw.subarray(72, 92)),
    detail: toHex(raw.subarray(92)),
    isOnKeys: view.getUint8(1) < 32
  };
  if (entry.isOnKeys && entry.count === 0) throw malformed2("an entry on keys names at least one key");
  if (entry.isOnKeys && entry.count > 1 && !RANGE_TYPES.includes(type)) {
    throw malformed2(`${type} is on one key at a time`);
  }
  entry.isRange = type === "COMMISSION" || entry.isOnKeys && entry.count > 1;
  return Object.freeze(entry);
}
var covers = (entry, index) => entry.first <= index && index < entry.first + entry.count;
var numberParty = (number) => number.toString(16).padStart(40, "0");
function partyNumber(entry) {
  if (!entry.party.startsWith("00".repeat(12))) {
    throw malformed2("the number in party does not start with 12 zero bytes");
  }
  return BigInt(`0x${entry.party.slice(24)}`);
}
async function commitDetails(salt, details2) {
  const canonical = utf8(encode(details2));
  if (canonical.length > MAX_DETAIL_SIZE) {
    throw new Refused(
      "details_too_large",
      `the details of an entry are at most ${MAX_DETAIL_SIZE} bytes of canonical JSON; send less`
    );
  }
  return toHex(await sha2562(concat(salt, canonical)));
}
async function useParty(use) {
  return toHex((await sha2562(concat(utf8("provenance/use/v1\n"), use))).subarray(0, 20));
}
var malformed2 = (message) => new Refused("entry_malformed", message);

// verifier/search.js
function countBelow(rows, limit, keyOf2) {
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = low + high >> 1;
    if (keyOf2(rows[middle]) < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

// verifier/custody.js
var MAX_REINSTATE_MS = 864000000n;
var MAX_KEY_ENTRIES = 5e3;
var MOVES = {
  SELL: { REGISTERED: "SOLD" },
  DELIVER: { SOLD: "DELIVERED" },
  REDEEM: { DELIVERED: "REDEEMED" },
  VOID: { REGISTERED: "VOID", SOLD: "VOID", DELIVERED: "VOID" },
  REISSUE: { VOID: "VOID", REDEEMED: "REDEEMED" }
};
var ISSUER_REDEEMS = ["REGISTERED", "SOLD", "DELIVERED"];
var RULES = {
  COMMISSION: commission,
  TRANSFER: transfer,
  RECEIVE: receive,
  SELL: sell,
  DELIVER: deliver,
  REDEEM: redeem,
  REINSTATE: reinstate,
  VOID: voidKey,
  REISSUE: reissue,
  CORRECTION: correction
};
function accept(key2, step, parties) {
  const { entry } = step;
  requireOrder(key2, step);
  if (entry.subject !== key2.batch.batchId || !entry.isOnKeys) {
    throw refusal("wrong_subject", "the entry is not about this batch");
  }
  if (entry.first + entry.count > key2.batch.size || !covers(entry, key2.index)) {
    throw refusal("out_of_range", "the entry is not about this key of the batch");
  }
  if (entry.type === "COMMISSION" !== (key2.steps.length === 0)) {
    throw refusal("commission_first", "the life of a key begins with its one COMMISSION");
  }
  const changed = RULES[entry.type](key2, step, new View(parties, step.index));
  return { ...changed, steps: [...key2.steps, step] };
}
var View = class {
  constructor(parties, at) {
    this.parties = parties;
    this.at = at;
  }
  resolve(address) {
    return this.parties.resolve(address, this.at);
  }
  /** Whether `actor` is who now stands for `address`. */
  isFor(actor, address) {
    return actor === this.resolve(address);
  }
  hasRole(address, role) {
    return this.parties.hasRole(address, role, this.at);
  }
  isSeller(actor, life) {
    return life.sell !== null && this.isFor(actor, life.sell.entry.actor);
  }
};
function requireOrder(key2, step) {
  if (!key2.steps.length) return;
  const last = key2.steps[key2.steps.length - 1];
  if (step.index <= last.index) {
    throw refusal("out_of_order", "log indices increase along the life of a key");
  }
  if (step.entry.time <= last.entry.time) {
    throw refusal("time_not_increasing", "times increase along the life of a key");
  }
}
function commission(key2, { entry }, view) {
  if (entry.first !== 0 || entry.count !== key2.batch.size) {
    throw refusal("out_of_range", "a COMMISSION covers the whole batch");
  }
  if (!view.isFor(entry.actor, key2.batch.supplier)) {
    throw refusal("not_supplier", "only the manifest's supplier commissions a batch");
  }
  return { ...key2, holder: entry.actor };
}
function transfer(key2, { entry }, view) {
  if (key2.barred) throw refusal("void", "the key is void");
  if (key2.lives.length) throw refusal(soldCode(newestLife(key2).state), "a sold key is not handed over");
  requireHolder(key2, entry, view);
  requireRoom(key2);
  if (entry.party === ZERO_ADDRESS || entry.party === entry.actor) {
    throw refusal("no_recipient", "an offer names another party");
  }
  return { ...key2, offers: [...key2.offers, entry] };
}
function receive(key2, { entry }, view) {
  const isAnswered = (offer) => offer.first === entry.first && offer.count === entry.count && view.isFor(entry.actor, offer.party) && view.resolve(entry.party) === view.resolve(offer.actor);
  if (!key2.offers.some(isAnswered)) {
    throw refusal("no_offer", "no open TRANSFER of this very range to this party");
  }
  return { ...key2, holder: entry.actor, offers: [] };
}
function sell(key2, step, view) {
  const { entry } = step;
  requireFree(key2, entry.party);
  if (key2.batch.expiresAt && entry.time >= BigInt(key2.batch.expiresAt) * 1000n) {
    throw refusal("expired", "the batch's keys may no longer be sold");
  }
  requireHolder(key2, entry, view);
  requireRoom(key2);
  if (entry.party === ZERO_ADDRESS) throw refusal("no_use", "a SELL names the buyer's use");
  const life = { party: entry.party, state: "SOLD", sell: step, last: step, redeem: null, beforeRedeem: null };
  return { ...key2, lives: [...key2.lives, { ...life, reissued: false }], offers: [] };
}
function deliver(key2, step, view) {
  const life = standing(key2, step.entry.party);
  const state2 = move("DELIVER", life);
  if (!view.isSeller(step.entry.actor, life)) throw refusal("not_seller", "only the seller delivers");
  return withLife(key2, { ...life, state: state2, last: step });
}
function redeem(key2, step, view) {
  const { entry } = step;
  const byIssuer = view.hasRole(entry.actor, ISSUER);
  if (entry.party === ZERO_ADDRESS && !key2.lives.length) return redeemUnsold(key2, step, byIssuer);
  const life = standing(key2, entry.party);
  if (!(byIssuer && ISSUER_REDEEMS.includes(life.state))) move("REDEEM", life);
  const byBuyer = entry.party !== ZERO_ADDRESS && entry.actor === entry.party;
  if (!(byIssuer || byBuyer || view.isSeller(entry.actor, life))) {
    throw refusal("not_entitled", "a REDEEM is by the seller, the buyer's use or an issuer");
  }
  return withLife(key2, { ...life, state: "REDEEMED", redeem: step, beforeRedeem: life.state, last: step });
}
function redeemUnsold(key2, step, byIssuer) {
  if (key2.batch.maxUses !== 1 || !byIssuer) {
    throw refusal("not_sold", "only an issuer redeems an unsold key, and only a single-use one");
  }
  if (key2.barred) throw refusal("void", "the key is void");
  const life = { party: ZERO_ADDRESS, state: "REDEEMED", sell: null, last: step, redeem: step };
  return { ...key2, lives: [{ ...life, beforeRedeem: "REGISTERED", reissued: false }] };
}
function reinstate(key2, step, view) {
  const { entry } = step;
  const life = standing(key2, entry.party);
  const undone = life.state === "REDEEMED" ? life.redeem : life.sell;
  if (life.state !== "SOLD" && life.state !== "REDEEMED" || undone === null) {
    throw refusal(codeOf(life.state), "only a sold or redeemed key is taken back");
  }
  if (life.reissued) throw refusal("reissued", "a replacement went out; this life stays as it is");
  if (!view.isFor(entry.actor, undone.entry.actor)) {
    throw refusal("not_actor", "only who did it takes it back");
  }
  if (entry.time - undone.entry.time > MAX_REINSTATE_MS) {
    throw refusal("too_late", "an act is taken back within ten days");
  }
  return takenBack(key2, life, step);
}
function takenBack(key2, life, step) {
  const others = key2.lives.filter((other) => other.party !== life.party);
  if (life.state !== "REDEEMED") return { ...key2, lives: others, soldBefore: true };
  if (life.sell === null) return { ...key2, lives: [] };
  const isRecalled = key2.rangeVoid !== null && key2.rangeVoid.entry.time > life.redeem.entry.time;
  const state2 = isRecalled ? "VOID" : life.beforeRedeem;
  return withLife(key2, { ...life, state: state2, redeem: null, last: step });
}
function voidKey(key2, step, view) {
  const { entry } = step;
  if (entry.party !== ZERO_ADDRESS && entry.count === 1) {
    const life = standing(key2, entry.party);
    const state2 = move("VOID", life);
    requireVoider(key2, [life], false, entry.actor, view);
    return withLife(key2, { ...life, state: state2, last: step });
  }
  const targets = key2.lives.filter((life) => life.state in MOVES.VOID);
  const isFree = key2.barred === null && key2.lives.length < key2.batch.maxUses;
  if (entry.count === 1 && !targets.length && !isFree) {
    throw refusal(codeOf(stateOf(key2)), "nothing of this key is left to void");
  }
  requireVoider(key2, targets, isFree, entry.actor, view);
  const lives = key2.lives.map(
    (life) => targets.includes(life) ? { ...life, state: "VOID", last: step } : life
  );
  const rangeVoid = entry.count > 1 ? step : key2.rangeVoid;
  return { ...key2, lives, barred: key2.barred ?? step, rangeVoid };
}
function requireVoider(key2, targets, isFree, actor, view) {
  if (view.isFor(actor, key2.batch.supplier)) return;
  const isHolder = view.isFor(actor, key2.holder);
  const soldAll = targets.every((life) => view.isSeller(actor, life));
  if (soldAll && (isHolder || targets.length && !isFree)) return;
  throw refusal("not_entitled", "a VOID is by the supplier, the holder, or after a sale the seller");
}
function reissue(key2, step, view) {
  const { entry } = step;
  const bySupplier = view.isFor(entry.actor, key2.batch.supplier);
  if (entry.party === ZERO_ADDRESS && !key2.lives.length) return reissueUnsold(key2, bySupplier);
  const life = standing(key2, entry.party);
  move("REISSUE", life);
  if (life.reissued) throw refusal("reissued", "a life is reissued once");
  if (!bySupplier && !view.isSeller(entry.actor, life)) {
    throw refusal("not_entitled", "a REISSUE is by the seller or the supplier");
  }
  return withLife(key2, { ...life, reissued: true, last: step });
}
function reissueUnsold(key2, bySupplier) {
  if (key2.barred === null || key2.batch.maxUses !== 1) {
    throw refusal("not_void", "an unsold key is reissued only after it is void");
  }
  if (key2.reissued) throw refusal("reissued", "a void key is reissued once, by its supplier");
  if (!bySupplier) throw refusal("not_entitled", "a void key is reissued once, by its supplier");
  return { ...key2, reissued: true };
}
function correction(key2, { entry }, view) {
  const meant = key2.steps[countBelow(key2.steps, Number(`0x${entry.party}`), (past) => past.index)];
  if (!meant || numberParty(meant.index) !== entry.party) throw refusal("no_such_entry", "a CORRECTION means an earlier entry on this key");
  if (!view.isFor(entry.actor, meant.entry.actor) && !view.hasRole(entry.actor, OPERATOR)) {
    throw refusal("not_entitled", "a CORRECTION is by the actor of that entry or the operator");
  }
  return key2;
}
function move(type, life) {
  const state2 = MOVES[type][life.state];
  if (state2 === void 0) throw refusal(codeOf(life.state), `${type} does not follow ${life.state}`);
  return state2;
}
function requireFree(key2, party) {
  const life = key2.lives.find((one) => one.party === party);
  if (!life && stateOf(key2) === "REGISTERED") return;
  if (key2.barred && !(key2.batch.maxUses === 1 && key2.lives.length)) throw refusal("void", "the key is void");
  throw refusal(soldCode((life ?? newestLife(key2)).state), "the key is sold as often as its batch allows");
}
function requireHolder(key2, entry, view) {
  if (!view.isFor(entry.actor, key2.holder)) {
    throw refusal("not_holder", "only the current holder may do this");
  }
}
function requireRoom(key2) {
  if (key2.steps.length < MAX_KEY_ENTRIES) return;
  throw refusal("too_many_entries", `a key takes no SELL or TRANSFER past ${MAX_KEY_ENTRIES} entries`);
}

// verifier/merkle.js
async function verifyInclusion(leaf, index, size, path, root) {
  if (!equal(await rootFromInclusion(leaf, index, size, path), root)) {
    throw invalid2("The inclusion proof leads to another root: ask for a new proof.");
  }
}
async function verifyEntry(data, index, size, path, root) {
  await verifyInclusion(await leafHash(data), index, size, path, root);
}
async function rootFromInclusion(leaf, index, size, path) {
  requireShape(index, size, path);
  const [at, inner] = [BigInt(index), innerHeight(index, size)];
  let node = leaf;
  for (const [height, sibling] of path.entries()) {
    const isRight = height >= inner || bit(at, height);
    node = isRight ? await nodeHash(sibling, node) : await nodeHash(node, sibling);
  }
  return node;
}
function requireShape(index, size, path) {
  requirePosition(index, size);
  const inner = innerHeight(index, size);
  requireLength(path, inner + ones(BigInt(index) >> BigInt(inner)));
}
async function verifyConsistency(oldSize, oldRoot, newSize, newRoot, path) {
  if (oldSize < 1) throw invalid2("A consistency proof starts from a tree of at least one leaf.");
  requirePosition(oldSize - 1, newSize);
  const roots = oldSize === newSize ? sameRoot(oldRoot, path) : await climb(oldSize, oldRoot, newSize, path);
  if (!equal(roots.old, oldRoot) || !equal(roots.new, newRoot)) {
    throw invalid2("The consistency proof leads to another root: history does not match.");
  }
}
function sameRoot(root, path) {
  requireLength(path, 0);
  return { old: root, new: root };
}
async function climb(oldSize, oldRoot, newSize, path) {
  const last = BigInt(oldSize) - 1n;
  let start = 0;
  while (!bit(BigInt(oldSize), start)) start += 1;
  const inner = innerHeight(oldSize - 1, newSize);
  const isWhole = BigInt(oldSize) === 1n << BigInt(start);
  requireLength(path, inner - start + ones(last >> BigInt(inner)) + (isWhole ? 0 : 1));
  const [seed, siblings] = isWhole ? [oldRoot, path] : [path[0], path.slice(1)];
  const roots = { old: seed, new: seed };
  for (const [step, sibling] of siblings.entries()) {
    const height = start + step;
    if (height >= inner || bit(last, height)) {
      roots.old = await nodeHash(sibling, roots.old);
      roots.new = await nodeHash(sibling, roots.new);
    } else {
      roots.new = await nodeHash(roots.new, sibling);
    }
  }
  return roots;
}
function innerHeight(index, size) {
  const parted = BigInt(index) ^ BigInt(size) - 1n;
  return parted === 0n ? 0 : parted.toString(2).length;
}
var bit = (number, height) => (number >> BigInt(height) & 1n) === 1n;
var ones = (number) => number.toString(2).replaceAll("0", "").length;
function requirePosition(index, size) {
  if (!(index >= 0 && index < size)) {
    throw invalid2("A proof needs an index (or old size) that lies inside the tree.");
  }
}
function requireLength(path, expected) {
  if (path.length !== expected) {
    throw invalid2("The proof has too many or too few hashes for its index and size.");
  }
}
var invalid2 = (message) => new Refused("merkle_proof_invalid", message);

// verifier/parties.js
var AN_ADDRESS = "00".repeat(12);
var NONE = /* @__PURE__ */ new Set();
var Parties = class {
  constructor(placed2) {
    this.heirs = /* @__PURE__ */ new Map();
    this.held = /* @__PURE__ */ new Map();
    const byIndex = new Map(placed2.map(({ index, entry }) => [index, entry]));
    const indices = [...byIndex.keys()].sort((one, other) => one - other);
    for (const index of indices) this.note(index, byIndex.get(index));
  }
  /** Whether an entry is a PARTY entry about an address. */
  static isAbout(entry) {
    return entry.type === "PARTY" && entry.subject.startsWith(AN_ADDRESS);
  }
  /** The address that stands for `address` at log index `at`, following successions in their order. */
  resolve(address, at) {
    for (let since = 0; ; ) {
      const rows = this.heirs.get(address) ?? [];
      const row = rows[countBelow(rows, since, placeOf)];
      if (row === void 0 || row.at >= at) return address;
      since = row.at + 1;
      address = row.value;
    }
  }
  /** Whether `address` is admitted in `role` at log index `at`. */
  hasRole(address, role, at) {
    return this.roles(address, at).has(role);
  }
  /** Whether `address` holds any role at log index `at`. */
  isAdmitted(address, at) {
    return this.roles(address, at).size > 0;
  }
  /** A successor has the roles of the address it stands for, which has none from there on. */
  roles(address, at) {
    const rows = this.held.get(address) ?? [];
    return rows[countBelow(rows, at, placeOf) - 1]?.value ?? NONE;
  }
  note(at, { subject, reason, party }) {
    const about = subject.slice(24);
    const held = this.roles(about, Infinity);
    if (reason >= 1 && reason <= OPERATOR) put(this.held, about, at, /* @__PURE__ */ new Set([...held, reason]));
    if (reason === SUSPENDED || reason === SUCCEEDED) put(this.held, about, at, NONE);
    if (reason !== SUCCEEDED) return;
    put(this.held, party, at, /* @__PURE__ */ new Set([...this.roles(party, Infinity), ...held]));
    put(this.heirs, about, at, party);
  }
};
var placeOf = (row) => row.at;
function put(map, address, at, value) {
  if (!map.has(address)) map.set(address, []);
  map.get(address).push({ at, value });
}

// verifier/life.js
var TOLERANCE_MS = 120000n;
var BUYER_ACTS = ["REDEEM", "REINSTATE", "CORRECTION"];
async function checkCustody(run) {
  const { batch: batch2, custody, key: key2, parties: listed } = run.bundle;
  for (const [position, { entry }] of listed.entries()) {
    if (!Parties.isAbout(entry)) {
      throw reject(9, `parties[${position}] is not a PARTY entry about an address`);
    }
  }
  const { supplier, size, max_uses: maxUses, expires_at: expiresAt } = batch2.manifest;
  const parties = new Parties(listed);
  const uses = /* @__PURE__ */ new Set();
  let life = newKey({ batchId: run.batchId, supplier, size, maxUses, expiresAt }, key2.index);
  for (const [position, { index, entry }] of custody.entries()) {
    life = await rejecting(9, `custody[${position}]`, () => accept(life, { index, entry }, parties));
    const isBuyer = BUYER_ACTS.includes(entry.type) && uses.has(entry.actor);
    if (!isBuyer && !parties.isAdmitted(entry.actor, index)) {
      throw reject(9, `custody[${position}]: parties do not show its actor admitted then`);
    }
    if (entry.type === "SELL") uses.add(entry.party);
  }
  if (!custody.length) throw reject(9, "custody starts with the COMMISSION of the batch; there is none");
  run.custody = life;
  run.established(9, "custody", { count: custody.length, state: stateOf(life) });
}
function checkBrackets(run) {
  const brackets = new Brackets(run);
  for (const [name, section] of run.sections()) {
    for (const [position, placed2] of section.entries()) {
      requireInside(`${name}[${position}]`, placed2.entry.time, brackets.of(placed2, name === "beacons"));
    }
  }
  run.timeline = run.bundle.custody.map((placed2) => ({ ...placed2, ...brackets.of(placed2) }));
  reportBrackets(run);
}
var Brackets = class {
  constructor(run) {
    const { anchors, beacons } = run.bundle;
    const sorted = [...beacons].sort((one, other) => one.index - other.index);
    this.blocks = sorted.map((beacon2) => ({ at: beacon2.index, bound: run.beaconBound(beacon2) }));
    this.anchors = anchors.map((anchor2) => ({ at: anchor2.size, bound: run.anchorBound(anchor2) }));
  }
  /** After the block of the last BEACON before it (a BEACON: its own); before the first size that holds it. */
  of({ index }, isBeacon = false) {
    const blocksBefore = countBelow(this.blocks, isBeacon ? index + 1 : index, (row) => row.at);
    const sizesBefore = countBelow(this.anchors, index + 1, (row) => row.at);
    const after = this.blocks[blocksBefore - 1]?.bound ?? null;
    return { after, before: this.anchors[sizesBefore]?.bound ?? null };
  }
};
function requireInside(where, time, { after, before }) {
  if (after && after.time !== null && time < BigInt(after.time) * 1000n - TOLERANCE_MS) {
    throw reject(9, `${where}: its time is before ${boundText(after)}, which it comes after`);
  }
  if (before && before.checked && time > BigInt(before.time) * 1000n + TOLERANCE_MS) {
    throw reject(9, `${where}: its time is after ${boundText(before)}, which it comes before`);
  }
}
function reportBrackets(run) {
  const total = run.timeline.length;
  const lower = run.timeline.filter(({ after }) => after?.checked).length;
  const upper = run.timeline.filter(({ before }) => before?.checked).length;
  if (lower) run.established(9, "lower", { count: lower });
  if (upper) run.established(9, "upper", { count: upper });
  if (lower < total) run.notChecked(9, "lower_unread", "no_block_before", { count: total - lower });
  if (upper < total) run.notChecked(9, "upper_unread", "no_anchor_after", { count: total - upper });
}
async function checkCompleteness(run) {
  const { state: state2 } = run.bundle;
  if (!state2) {
    run.completeness = "completeness not checked (no state)";
    return run.notChecked(10, "completeness", "no_state");
  }
  await requireStateEntry(run, state2);
  const { custody, key: key2 } = run.bundle;
  for (const entry of state2.ranges) {
    if (!entry.isRange || entry.subject !== run.batchId) {
      throw reject(10, "state.ranges has an entry that is no range entry of the batch");
    }
  }
  const covering = state2.ranges.filter((entry) => covers(entry, key2.index));
  const shown = custody.map(({ entry }) => entry).filter((entry) => entry.isRange);
  if (covering.length !== shown.length || !covering.every((entry, at) => equal(entry.raw, shown[at].raw))) {
    throw reject(10, "the range entries of custody are not those of state.ranges that cover the key");
  }
  await rejecting(10, "the entries do not add up to the state root", () => verifyState(run, state2));
  const by = run.replayers.join(", ");
  run.completeness = `complete by STATE, replayed by ${by || "nobody"}`;
  run.established(10, "complete", { by });
}
async function requireStateEntry(run, { index, entry, batches }) {
  if (entry.type !== "STATE" || index !== run.bundle.head.size - 1) {
    throw reject(10, "state is not the STATE entry at the end of the checkpoint");
  }
  const named = await rejecting(10, "the STATE entry", () => partyNumber(entry));
  if (entry.number !== BigInt(index) || named !== BigInt(batches)) {
    throw reject(10, "the STATE entry names another index or number of batches");
  }
}
async function verifyState(run, state2) {
  const { batch: batch2, custody, key: key2 } = run.bundle;
  requireShape(key2.index, batch2.manifest.size, state2.recordPath);
  requireShape(state2.batchPosition, state2.batches, state2.batchPath);
  const singles = custody.map(({ entry }) => entry).filter((entry) => !entry.isRange);
  const record = await leafHash(await chain(singles));
  const keysRoot = await rootFromInclusion(record, key2.index, batch2.manifest.size, state2.recordPath);
  const leaf = concat(fromHex(run.batchId), await chain(state2.ranges), keysRoot);
  await verifyEntry(leaf, state2.batchPosition, state2.batches, state2.batchPath, fromHex(state2.entry.subject));
}
async function chain(entries) {
  let link = new Uint8Array(32);
  for (const { raw } of entries) link = await chainLink(link, raw);
  return link;
}

// node_modules/@noble/hashes/hmac.js
var _HMAC = class {
  oHash;
  iHash;
  blockLen;
  outputLen;
  canXOF = false;
  finished = false;
  destroyed = false;
  constructor(hash, key2) {
    ahash(hash);
    abytes(key2, void 0, "key");
    this.iHash = hash.create();
    if (typeof this.iHash.update !== "function")
      throw new Error("Expected instance of class which extends utils.Hash");
    this.blockLen = this.iHash.blockLen;
    this.outputLen = this.iHash.outputLen;
    const blockLen = this.blockLen;
    const pad = new Uint8Array(blockLen);
    pad.set(key2.length > blockLen ? hash.create().update(key2).digest() : key2);
    for (let i = 0; i < pad.length; i++)
      pad[i] ^= 54;
    this.iHash.update(pad);
    this.oHash = hash.create();
    for (let i = 0; i < pad.length; i++)
      pad[i] ^= 54 ^ 92;
    this.oHash.update(pad);
    clean(pad);
  }
  update(buf) {
    aexists(this);
    this.iHash.update(buf);
    return this;
  }
  digestInto(out) {
    aexists(this);
    aoutput(out, this);
    this.finished = true;
    const buf = out.subarray(0, this.outputLen);
    this.iHash.digestInto(buf);
    this.oHash.update(buf);
    this.oHash.digestInto(buf);
    this.destroy();
  }
  digest() {
    const out = new Uint8Array(this.oHash.outputLen);
    this.digestInto(out);
    return out;
  }
  _cloneInto(to) {
    to ||= Object.create(Object.getPrototypeOf(this), {});
    const { oHash, iHash, finished, destroyed, blockLen, outputLen } = this;
    to = to;
    to.finished = finished;
    to.destroyed = destroyed;
    to.blockLen = blockLen;
    to.outputLen = outputLen;
    to.oHash = oHash._cloneInto(to.oHash);
    to.iHash = iHash._cloneInto(to.iHash);
    return to;
  }
  clone() {
    return this._cloneInto();
  }
  destroy() {
    this.destroyed = true;
    this.oHash.destroy();
    this.iHash.destroy();
  }
};
var hmac = /* @__PURE__ */ (() => {
  const hmac_ = ((hash, key2, message) => new _HMAC(hash, key2).update(message).digest());
  hmac_.create = (hash, key2) => new _HMAC(hash, key2);
  return hmac_;
})();

// node_modules/@noble/curves/abstract/weierstrass.js
/*! noble-curves - MIT License (c) 2022 Paul Miller (paulmillr.com) */
var divNearest = (num, den) => (num + (num >= 0 ? den : -den) / _2n5) / den;
function _splitEndoScalar(k, basis, n) {
  aInRange("scalar", k, _0n7, n);
  const [[a1, b1], [a2, b2]] = basis;
  const c1 = divNearest(b2 * k, n);
  const c2 = divNearest(-b1 * k, n);
  let k1 = k - c1 * a1 - c2 * a2;
  let k2 = -c1 * b1 - c2 * b2;
  const k1neg = k1 < _0n7;
  const k2neg = k2 < _0n7;
  if (k1neg)
    k1 = -k1;
  if (k2neg)
    k2 = -k2;
  const MAX_NUM = bitMask(Math.ceil(bitLen(n) / 2)) + _1n7;
  if (k1 < _0n7 || k1 >= MAX_NUM || k2 < _0n7 || k2 >= MAX_NUM) {
    throw new Error("splitScalar (endomorphism): failed for k");
  }
  return { k1neg, k1, k2neg, k2 };
}
function validateSigFormat(format) {
  if (!["compact", "recovered", "der"].includes(format))
    throw new Error('Signature format must be "compact", "recovered", or "der"');
  return format;
}
function validateSigOpts(opts, def) {
  validateObject(opts);
  const optsn = {};
  for (let optName of Object.keys(def)) {
    optsn[optName] = opts[optName] === void 0 ? def[optName] : opts[optName];
  }
  abool(optsn.lowS, "lowS");
  abool(optsn.prehash, "prehash");
  if (optsn.format !== void 0)
    validateSigFormat(optsn.format);
  return optsn;
}
var DERErr = class extends Error {
  constructor(m = "") {
    super(m);
  }
};
var DER = {
  // asn.1 DER encoding utils
  Err: DERErr,
  // Basic building block is TLV (Tag-Length-Value)
  _tlv: {
    encode: (tag, data) => {
      const { Err: E } = DER;
      asafenumber(tag, "tag");
      if (tag < 0 || tag > 255)
        throw new E("tlv.encode: wrong tag");
      if (typeof data !== "string")
        throw new TypeError('"data" expected string, got type=' + typeof data);
      if (data.length & 1)
        throw new E("tlv.encode: unpadded data");
      const dataLen = data.length / 2;
      const len = numberToHexUnpadded(dataLen);
      if (len.length / 2 & 128)
        throw new E("tlv.encode: long form length too big");
      const lenLen = dataLen > 127 ? numberToHexUnpadded(len.length / 2 | 128) : "";
      const t = numberToHexUnpadded(tag);
      return t + lenLen + len + data;
    },
    // v - value, l - left bytes (unparsed)
    decode(tag, data) {
      const { Err: E } = DER;
      data = abytes2(data, void 0, "DER data");
      let pos = 0;
      if (tag < 0 || tag > 255)
        throw new E("tlv.encode: wrong tag");
      if (data.length < 2 || data[pos++] !== tag)
        throw new E("tlv.decode: wrong tlv");
      const first = data[pos++];
      const isLong = !!(first & 128);
      let length = 0;
      if (!isLong)
        length = first;
      else {
        const lenLen = first & 127;
        if (!lenLen)
          throw new E("tlv.decode(long): indefinite length not supported");
        if (lenLen > 4)
          throw new E("tlv.decode(long): byte length is too big");
        const lengthBytes = data.subarray(pos, pos + lenLen);
        if (lengthBytes.length !== lenLen)
          throw new E("tlv.decode: length bytes not complete");
        if (lengthBytes[0] === 0)
          throw new E("tlv.decode(long): zero leftmost byte");
        for (const b of lengthBytes)
          length = length << 8 | b;
        pos += lenLen;
        if (length < 128)
          throw new E("tlv.decode(long): not minimal encoding");
      }
      const v = data.subarray(pos, pos + length);
      if (v.length !== length)
        throw new E("tlv.decode: wrong value length");
      return { v, l: data.subarray(pos + length) };
    }
  },
  // https://crypto.stackexchange.com/a/57734 Leftmost bit of first byte is 'negative' flag,
  // since we always use positive integers here. It must always be empty:
  // - add zero byte if exists
  // - if next byte doesn't have a flag, leading zero is not allowed (minimal encoding)
  _int: {
    encode(num) {
      const { Err: E } = DER;
      abignumber(num);
      if (num < _0n7)
        throw new E("integer: negative integers are not allowed");
      let hex = numberToHexUnpadded(num);
      if (Number.parseInt(hex[0], 16) & 8)
        hex = "00" + hex;
      if (hex.length & 1)
        throw new E("unexpected DER parsing assertion: unpadded hex");
      return hex;
    },
    decode(data) {
      const { Err: E } = DER;
      if (data.length < 1)
        throw new E("invalid signature integer: empty");
      if (data[0] & 128)
        throw new E("invalid signature integer: negative");
      if (data.length > 1 && data[0] === 0 && !(data[1] & 128))
        throw new E("invalid signature integer: unnecessary leading zero");
      return bytesToNumberBE(data);
    }
  },
  toSig(bytes) {
    const { Err: E, _int: int, _tlv: tlv } = DER;
    const data = abytes2(bytes, void 0, "signature");
    const { v: seqBytes, l: seqLeftBytes } = tlv.decode(48, data);
    if (seqLeftBytes.length)
      throw new E("invalid signature: left bytes after parsing");
    const { v: rBytes, l: rLeftBytes } = tlv.decode(2, seqBytes);
    const { v: sBytes, l: sLeftBytes } = tlv.decode(2, rLeftBytes);
    if (sLeftBytes.length)
      throw new E("invalid signature: left bytes after parsing");
    return { r: int.decode(rBytes), s: int.decode(sBytes) };
  },
  hexFromSig(sig) {
    const { _tlv: tlv, _int: int } = DER;
    const rs = tlv.encode(2, int.encode(sig.r));
    const ss = tlv.encode(2, int.encode(sig.s));
    const seq = rs + ss;
    return tlv.encode(48, seq);
  }
};
Object.freeze(DER._tlv);
Object.freeze(DER._int);
Object.freeze(DER);
var _0n7 = /* @__PURE__ */ BigInt(0);
var _1n7 = /* @__PURE__ */ BigInt(1);
var _2n5 = /* @__PURE__ */ BigInt(2);
var _3n2 = /* @__PURE__ */ BigInt(3);
var _4n2 = /* @__PURE__ */ BigInt(4);
function weierstrass(params, extraOpts = {}) {
  const validated = createCurveFields("weierstrass", params, extraOpts);
  const Fp2 = validated.Fp;
  const Fn2 = validated.Fn;
  let CURVE = validated.CURVE;
  const { h: cofactor, n: CURVE_ORDER2 } = CURVE;
  validateObject(extraOpts, {}, {
    allowInfinityPoint: "boolean",
    clearCofactor: "function",
    isTorsionFree: "function",
    fromBytes: "function",
    toBytes: "function",
    endo: "object"
  });
  const { endo, allowInfinityPoint } = extraOpts;
  if (endo) {
    if (!Fp2.is0(CURVE.a) || typeof endo.beta !== "bigint" || !Array.isArray(endo.basises)) {
      throw new Error('invalid endo: expected "beta": bigint and "basises": array');
    }
  }
  const lengths = getWLengths(Fp2, Fn2);
  function assertCompressionIsSupported() {
    if (!Fp2.isOdd)
      throw new Error("compression is not supported: Field does not have .isOdd()");
  }
  function pointToBytes(_c, point, isCompressed) {
    if (allowInfinityPoint && point.is0())
      return Uint8Array.of(0);
    const { x, y } = point.toAffine();
    const bx = Fp2.toBytes(x);
    abool(isCompressed, "isCompressed");
    if (isCompressed) {
      assertCompressionIsSupported();
      const hasEvenY = !Fp2.isOdd(y);
      return concatBytes2(pprefix(hasEvenY), bx);
    } else {
      return concatBytes2(Uint8Array.of(4), bx, Fp2.toBytes(y));
    }
  }
  function pointFromBytes(bytes) {
    abytes2(bytes, void 0, "Point");
    const { publicKey: comp, publicKeyUncompressed: uncomp } = lengths;
    const length = bytes.length;
    const head = bytes[0];
    const tail = bytes.subarray(1);
    if (allowInfinityPoint && length === 1 && head === 0)
      return { x: Fp2.ZERO, y: Fp2.ZERO };
    if (length === comp && (head === 2 || head === 3)) {
      const x = Fp2.fromBytes(tail);
      if (!Fp2.isValid(x))
        throw new Error("bad point: is not on curve, wrong x");
      const y2 = weierstrassEquation(x);
      let y;
      try {
        y = Fp2.sqrt(y2);
      } catch (sqrtError) {
        const err = sqrtError instanceof Error ? ": " + sqrtError.message : "";
        throw new Error("bad point: is not on curve, sqrt error" + err);
      }
      assertCompressionIsSupported();
      const evenY = Fp2.isOdd(y);
      const evenH = (head & 1) === 1;
      if (evenH !== evenY)
        y = Fp2.neg(y);
      return { x, y };
    } else if (length === uncomp && head === 4) {
      const L = Fp2.BYTES;
      const x = Fp2.fromBytes(tail.subarray(0, L));
      const y = Fp2.fromBytes(tail.subarray(L, L * 2));
      if (!isValidXY(x, y))
        throw new Error("bad point: is not on curve");
      return { x, y };
    } else {
      throw new Error(`bad point: got length ${length}, expected compressed=${comp} or uncompressed=${uncomp}`);
    }
  }
  const encodePoint = extraOpts.toBytes === void 0 ? pointToBytes : extraOpts.toBytes;
  const decodePoint = extraOpts.fromBytes === void 0 ? pointFromBytes : extraOpts.fromBytes;
  function weierstrassEquation(x) {
    const x2 = Fp2.sqr(x);
    const x3 = Fp2.mul(x2, x);
    return Fp2.add(Fp2.add(x3, Fp2.mul(x, CURVE.a)), CURVE.b);
  }
  function isValidXY(x, y) {
    const left = Fp2.sqr(y);
    const right = weierstrassEquation(x);
    return Fp2.eql(left, right);
  }
  if (!isValidXY(CURVE.Gx, CURVE.Gy))
    throw new Error("bad curve params: generator point");
  const _4a3 = Fp2.mul(Fp2.pow(CURVE.a, _3n2), _4n2);
  const _27b2 = Fp2.mul(Fp2.sqr(CURVE.b), BigInt(27));
  if (Fp2.is0(Fp2.add(_4a3, _27b2)))
    throw new Error("bad curve params: a or b");
  function acoord(title, n, banZero = false) {
    if (!Fp2.isValid(n) || banZero && Fp2.is0(n))
      throw new Error(`bad point coordinate ${title}`);
    return n;
  }
  function aprjpoint(other) {
    if (!(other instanceof Point))
      throw new Error("Weierstrass Point expected");
  }
  function splitEndoScalarN(k) {
    if (!endo || !endo.basises)
      throw new Error("no endo");
    return _splitEndoScalar(k, endo.basises, Fn2.ORDER);
  }
  function finishEndo(endoBeta, k1p, k2p, k1neg, k2neg) {
    k2p = new Point(Fp2.mul(k2p.X, endoBeta), k2p.Y, k2p.Z);
    k1p = negateCt(k1neg, k1p);
    k2p = negateCt(k2neg, k2p);
    return k1p.add(k2p);
  }
  class Point {
    // base / generator point
    static BASE = new Point(CURVE.Gx, CURVE.Gy, Fp2.ONE);
    // zero / infinity / identity point
    static ZERO = new Point(Fp2.ZERO, Fp2.ONE, Fp2.ZERO);
    // 0, 1, 0
    // math field
    static Fp = Fp2;
    // scalar field
    static Fn = Fn2;
    X;
    Y;
    Z;
    /** Does NOT validate if the point is valid. Use `.assertValidity()`. */
    constructor(X, Y, Z) {
      this.X = acoord("x", X);
      this.Y = acoord("y", Y, true);
      this.Z = acoord("z", Z);
      Object.freeze(this);
    }
    static CURVE() {
      return CURVE;
    }
    /** Does NOT validate if the point is valid. Use `.assertValidity()`. */
    static fromAffine(p) {
      const { x, y } = p || {};
      if (!p || !Fp2.isValid(x) || !Fp2.isValid(y))
        throw new Error("invalid affine point");
      if (p instanceof Point)
        throw new Error("projective point not allowed");
      if (Fp2.is0(x) && Fp2.is0(y))
        return Point.ZERO;
      return new Point(x, y, Fp2.ONE);
    }
    static fromBytes(bytes) {
      const P = Point.fromAffine(decodePoint(abytes2(bytes, void 0, "point")));
      P.assertValidity();
      return P;
    }
    static fromHex(hex) {
      return Point.fromBytes(hexToBytes2(hex));
    }
    get x() {
      return this.toAffine().x;
    }
    get y() {
      return this.toAffine().y;
    }
    /**
     *
     * @param windowSize
     * @param isLazy - true will defer table computation until the first multiplication
     * @returns
     */
    precompute(windowSize = 8, isLazy = true) {
      wnaf.createCache(this, windowSize);
      if (!isLazy)
        this.multiply(_3n2);
      return this;
    }
    // TODO: return `this`
    /** A point on curve is valid if it conforms to equation. */
    assertValidity() {
      const p = this;
      if (p.is0()) {
        if (extraOpts.allowInfinityPoint && Fp2.is0(p.X) && Fp2.eql(p.Y, Fp2.ONE) && Fp2.is0(p.Z))
          return;
        throw new Error("bad point: ZERO");
      }
      const { x, y } = p.toAffine();
      if (!Fp2.isValid(x) || !Fp2.isValid(y))
        throw new Error("bad point: x or y not field elements");
      if (!isValidXY(x, y))
        throw new Error("bad point: equation left != right");
      if (!p.isTorsionFree())
        throw new Error("bad point: not in prime-order subgroup");
    }
    hasEvenY() {
      const { y } = this.toAffine();
      if (!Fp2.isOdd)
        throw new Error("Field doesn't support isOdd");
      return !Fp2.isOdd(y);
    }
    /** Compare one point to another. */
    equals(other) {
      aprjpoint(other);
      const { X: X1, Y: Y1, Z: Z1 } = this;
      const { X: X2, Y: Y2, Z: Z2 } = other;
      const U1 = Fp2.eql(Fp2.mul(X1, Z2), Fp2.mul(X2, Z1));
      const U2 = Fp2.eql(Fp2.mul(Y1, Z2), Fp2.mul(Y2, Z1));
      return U1 && U2;
    }
    /** Flips point to one corresponding to (x, -y) in Affine coordinates. */
    negate() {
      return new Point(this.X, Fp2.neg(this.Y), this.Z);
    }
    // Renes-Costello-Batina exception-free doubling formula.
    // There is 30% faster Jacobian formula, but it is not complete.
    // https://eprint.iacr.org/2015/1060, algorithm 3
    // Cost: 8M + 3S + 3*a + 2*b3 + 15add.
    double() {
      const { a, b } = CURVE;
      const b3 = Fp2.mul(b, _3n2);
      const { X: X1, Y: Y1, Z: Z1 } = this;
      let X3 = Fp2.ZERO, Y3 = Fp2.ZERO, Z3 = Fp2.ZERO;
      let t0 = Fp2.mul(X1, X1);
      let t1 = Fp2.mul(Y1, Y1);
      let t2 = Fp2.mul(Z1, Z1);
      let t3 = Fp2.mul(X1, Y1);
      t3 = Fp2.add(t3, t3);
      Z3 = Fp2.mul(X1, Z1);
      Z3 = Fp2.add(Z3, Z3);
      X3 = Fp2.mul(a, Z3);
      Y3 = Fp2.mul(b3, t2);
      Y3 = Fp2.add(X3, Y3);
      X3 = Fp2.sub(t1, Y3);
      Y3 = Fp2.add(t1, Y3);
      Y3 = Fp2.mul(X3, Y3);
      X3 = Fp2.mul(t3, X3);
      Z3 = Fp2.mul(b3, Z3);
      t2 = Fp2.mul(a, t2);
      t3 = Fp2.sub(t0, t2);
      t3 = Fp2.mul(a, t3);
      t3 = Fp2.add(t3, Z3);
      Z3 = Fp2.add(t0, t0);
      t0 = Fp2.add(Z3, t0);
      t0 = Fp2.add(t0, t2);
      t0 = Fp2.mul(t0, t3);
      Y3 = Fp2.add(Y3, t0);
      t2 = Fp2.mul(Y1, Z1);
      t2 = Fp2.add(t2, t2);
      t0 = Fp2.mul(t2, t3);
      X3 = Fp2.sub(X3, t0);
      Z3 = Fp2.mul(t2, t1);
      Z3 = Fp2.add(Z3, Z3);
      Z3 = Fp2.add(Z3, Z3);
      return new Point(X3, Y3, Z3);
    }
    // Renes-Costello-Batina exception-free addition formula.
    // There is 30% faster Jacobian formula, but it is not complete.
    // https://eprint.iacr.org/2015/1060, algorithm 1
    // Cost: 12M + 0S + 3*a + 3*b3 + 23add.
    add(other) {
      aprjpoint(other);
      const { X: X1, Y: Y1, Z: Z1 } = this;
      const { X: X2, Y: Y2, Z: Z2 } = other;
      let X3 = Fp2.ZERO, Y3 = Fp2.ZERO, Z3 = Fp2.ZERO;
      const a = CURVE.a;
      const b3 = Fp2.mul(CURVE.b, _3n2);
      let t0 = Fp2.mul(X1, X2);
      let t1 = Fp2.mul(Y1, Y2);
      let t2 = Fp2.mul(Z1, Z2);
      let t3 = Fp2.add(X1, Y1);
      let t4 = Fp2.add(X2, Y2);
      t3 = Fp2.mul(t3, t4);
      t4 = Fp2.add(t0, t1);
      t3 = Fp2.sub(t3, t4);
      t4 = Fp2.add(X1, Z1);
      let t5 = Fp2.add(X2, Z2);
      t4 = Fp2.mul(t4, t5);
      t5 = Fp2.add(t0, t2);
      t4 = Fp2.sub(t4, t5);
      t5 = Fp2.add(Y1, Z1);
      X3 = Fp2.add(Y2, Z2);
      t5 = Fp2.mul(t5, X3);
      X3 = Fp2.add(t1, t2);
      t5 = Fp2.sub(t5, X3);
      Z3 = Fp2.mul(a, t4);
      X3 = Fp2.mul(b3, t2);
      Z3 = Fp2.add(X3, Z3);
      X3 = Fp2.sub(t1, Z3);
      Z3 = Fp2.add(t1, Z3);
      Y3 = Fp2.mul(X3, Z3);
      t1 = Fp2.add(t0, t0);
      t1 = Fp2.add(t1, t0);
      t2 = Fp2.mul(a, t2);
      t4 = Fp2.mul(b3, t4);
      t1 = Fp2.add(t1, t2);
      t2 = Fp2.sub(t0, t2);
      t2 = Fp2.mul(a, t2);
      t4 = Fp2.add(t4, t2);
      t0 = Fp2.mul(t1, t4);
      Y3 = Fp2.add(Y3, t0);
      t0 = Fp2.mul(t5, t4);
      X3 = Fp2.mul(t3, X3);
      X3 = Fp2.sub(X3, t0);
      t0 = Fp2.mul(t3, t1);
      Z3 = Fp2.mul(t5, Z3);
      Z3 = Fp2.add(Z3, t0);
      return new Point(X3, Y3, Z3);
    }
    subtract(other) {
      aprjpoint(other);
      return this.add(other.negate());
    }
    is0() {
      return this.equals(Point.ZERO);
    }
    /**
     * Constant time multiplication.
     * Uses wNAF method. Windowed method may be 10% faster,
     * but takes 2x longer to generate and consumes 2x memory.
     * Uses precomputes when available.
     * Uses endomorphism for Koblitz curves.
     * @param scalar - by which the point would be multiplied
     * @returns New point
     */
    multiply(scalar) {
      const { endo: endo2 } = extraOpts;
      if (!Fn2.isValidNot0(scalar))
        throw new RangeError("invalid scalar: out of range");
      let point, fake;
      const mul = (n) => wnaf.cached(this, n, (p) => normalizeZ(Point, p));
      if (endo2) {
        const { k1neg, k1, k2neg, k2 } = splitEndoScalarN(scalar);
        const { p: k1p, f: k1f } = mul(k1);
        const { p: k2p, f: k2f } = mul(k2);
        fake = k1f.add(k2f);
        point = finishEndo(endo2.beta, k1p, k2p, k1neg, k2neg);
      } else {
        const { p, f } = mul(scalar);
        point = p;
        fake = f;
      }
      return normalizeZ(Point, [point, fake])[0];
    }
    /**
     * Non-constant-time multiplication. Uses double-and-add algorithm.
     * It's faster, but should only be used when you don't care about
     * an exposed secret key e.g. sig verification, which works over *public* keys.
     */
    multiplyUnsafe(scalar) {
      const { endo: endo2 } = extraOpts;
      const p = this;
      const sc = scalar;
      if (!Fn2.isValid(sc))
        throw new RangeError("invalid scalar: out of range");
      if (sc === _0n7 || p.is0())
        return Point.ZERO;
      if (sc === _1n7)
        return p;
      if (wnaf.hasCache(this))
        return this.multiply(sc);
      if (endo2) {
        const { k1neg, k1, k2neg, k2 } = splitEndoScalarN(sc);
        const { p1, p2 } = mulEndoUnsafe(Point, p, k1, k2);
        return finishEndo(endo2.beta, p1, p2, k1neg, k2neg);
      } else {
        return wnaf.unsafe(p, sc);
      }
    }
    /**
     * Converts Projective point to affine (x, y) coordinates.
     * (X, Y, Z) ∋ (x=X/Z, y=Y/Z).
     * @param invertedZ - Z^-1 (inverted zero) - optional, precomputation is useful for invertBatch
     */
    toAffine(invertedZ) {
      const p = this;
      let iz = invertedZ;
      const { X, Y, Z } = p;
      if (Fp2.eql(Z, Fp2.ONE))
        return { x: X, y: Y };
      const is0 = p.is0();
      if (iz == null)
        iz = is0 ? Fp2.ONE : Fp2.inv(Z);
      const x = Fp2.mul(X, iz);
      const y = Fp2.mul(Y, iz);
      const zz = Fp2.mul(Z, iz);
      if (is0)
        return { x: Fp2.ZERO, y: Fp2.ZERO };
      if (!Fp2.eql(zz, Fp2.ONE))
        throw new Error("invZ was invalid");
      return { x, y };
    }
    /**
     * Checks whether Point is free of torsion elements (is in prime subgroup).
     * Always torsion-free for cofactor=1 curves.
     */
    isTorsionFree() {
      const { isTorsionFree } = extraOpts;
      if (cofactor === _1n7)
        return true;
      if (isTorsionFree)
        return isTorsionFree(Point, this);
      return wnaf.unsafe(this, CURVE_ORDER2).is0();
    }
    clearCofactor() {
      const { clearCofactor } = extraOpts;
      if (cofactor === _1n7)
        return this;
      if (clearCofactor)
        return clearCofactor(Point, this);
      return this.multiplyUnsafe(cofactor);
    }
    isSmallOrder() {
      if (cofactor === _1n7)
        return this.is0();
      return this.clearCofactor().is0();
    }
    toBytes(isCompressed = true) {
      abool(isCompressed, "isCompressed");
      this.assertValidity();
      return encodePoint(Point, this, isCompressed);
    }
    toHex(isCompressed = true) {
      return bytesToHex2(this.toBytes(isCompressed));
    }
    toString() {
      return `<Point ${this.is0() ? "ZERO" : this.toHex()}>`;
    }
  }
  const bits = Fn2.BITS;
  const wnaf = new wNAF(Point, extraOpts.endo ? Math.ceil(bits / 2) : bits);
  if (bits >= 8)
    Point.BASE.precompute(8);
  Object.freeze(Point.prototype);
  Object.freeze(Point);
  return Point;
}
function pprefix(hasEvenY) {
  return Uint8Array.of(hasEvenY ? 2 : 3);
}
function getWLengths(Fp2, Fn2) {
  return {
    secretKey: Fn2.BYTES,
    publicKey: 1 + Fp2.BYTES,
    publicKeyUncompressed: 1 + 2 * Fp2.BYTES,
    publicKeyHasPrefix: true,
    // Raw compact `(r || s)` signature width; DER and recovered signatures use
    // different lengths outside this helper.
    signature: 2 * Fn2.BYTES
  };
}
function ecdh(Point, ecdhOpts = {}) {
  const { Fn: Fn2 } = Point;
  const randomBytes_ = ecdhOpts.randomBytes === void 0 ? randomBytes2 : ecdhOpts.randomBytes;
  const lengths = Object.assign(getWLengths(Point.Fp, Fn2), {
    seed: Math.max(getMinHashLength(Fn2.ORDER), 16)
  });
  function isValidSecretKey(secretKey) {
    try {
      const num = Fn2.fromBytes(secretKey);
      return Fn2.isValidNot0(num);
    } catch (error) {
      return false;
    }
  }
  function isValidPublicKey(publicKey, isCompressed) {
    const { publicKey: comp, publicKeyUncompressed } = lengths;
    try {
      const l = publicKey.length;
      if (isCompressed === true && l !== comp)
        return false;
      if (isCompressed === false && l !== publicKeyUncompressed)
        return false;
      return !!Point.fromBytes(publicKey);
    } catch (error) {
      return false;
    }
  }
  function randomSecretKey(seed) {
    seed = seed === void 0 ? randomBytes_(lengths.seed) : seed;
    return mapHashToField(abytes2(seed, lengths.seed, "seed"), Fn2.ORDER);
  }
  function getPublicKey(secretKey, isCompressed = true) {
    return Point.BASE.multiply(Fn2.fromBytes(secretKey)).toBytes(isCompressed);
  }
  function isProbPub(item) {
    const { secretKey, publicKey, publicKeyUncompressed } = lengths;
    const allowedLengths = Fn2._lengths;
    if (!isBytes2(item))
      return void 0;
    const l = abytes2(item, void 0, "key").length;
    const isPub = l === publicKey || l === publicKeyUncompressed;
    const isSec = l === secretKey || !!allowedLengths?.includes(l);
    if (isPub && isSec)
      return void 0;
    return isPub;
  }
  function getSharedSecret(secretKeyA, publicKeyB, isCompressed = true) {
    if (isProbPub(secretKeyA) === true)
      throw new Error("first arg must be private key");
    if (isProbPub(publicKeyB) === false)
      throw new Error("second arg must be public key");
    const s = Fn2.fromBytes(secretKeyA);
    const b = Point.fromBytes(publicKeyB);
    return b.multiply(s).toBytes(isCompressed);
  }
  const utils = {
    isValidSecretKey,
    isValidPublicKey,
    randomSecretKey
  };
  const keygen = createKeygen(randomSecretKey, getPublicKey);
  Object.freeze(utils);
  Object.freeze(lengths);
  return Object.freeze({ getPublicKey, getSharedSecret, keygen, Point, utils, lengths });
}
function ecdsa(Point, hash, ecdsaOpts = {}) {
  const hash_ = hash;
  ahash(hash_);
  validateObject(ecdsaOpts, {}, {
    hmac: "function",
    lowS: "boolean",
    randomBytes: "function",
    bits2int: "function",
    bits2int_modN: "function"
  });
  ecdsaOpts = Object.assign({}, ecdsaOpts);
  const randomBytes3 = ecdsaOpts.randomBytes === void 0 ? randomBytes2 : ecdsaOpts.randomBytes;
  const hmac2 = ecdsaOpts.hmac === void 0 ? (key2, msg) => hmac(hash_, key2, msg) : ecdsaOpts.hmac;
  const { Fp: Fp2, Fn: Fn2 } = Point;
  const { ORDER: CURVE_ORDER2, BITS: fnBits } = Fn2;
  const { keygen, getPublicKey, getSharedSecret, utils, lengths } = ecdh(Point, ecdsaOpts);
  const defaultSigOpts = {
    prehash: true,
    lowS: typeof ecdsaOpts.lowS === "boolean" ? ecdsaOpts.lowS : true,
    format: "compact",
    extraEntropy: false
  };
  const hasLargeRecoveryLifts = CURVE_ORDER2 * _2n5 + _1n7 < Fp2.ORDER;
  function isBiggerThanHalfOrder(number) {
    const HALF = CURVE_ORDER2 >> _1n7;
    return number > HALF;
  }
  function validateRS(title, num) {
    if (!Fn2.isValidNot0(num))
      throw new Error(`invalid signature ${title}: out of range 1..Point.Fn.ORDER`);
    return num;
  }
  function assertRecoverableCurve() {
    if (hasLargeRecoveryLifts)
      throw new Error('"recovered" sig type is not supported for cofactor >2 curves');
  }
  function validateSigLength(bytes, format) {
    validateSigFormat(format);
    const size = lengths.signature;
    const sizer = format === "compact" ? size : format === "recovered" ? size + 1 : void 0;
    return abytes2(bytes, sizer);
  }
  class Signature {
    r;
    s;
    recovery;
    constructor(r, s, recovery) {
      this.r = validateRS("r", r);
      this.s = validateRS("s", s);
      if (recovery != null) {
        assertRecoverableCurve();
        if (![0, 1, 2, 3].includes(recovery))
          throw new Error("invalid recovery id");
        this.recovery = recovery;
      }
      Object.freeze(this);
    }
    static fromBytes(bytes, format = defaultSigOpts.format) {
      validateSigLength(bytes, format);
      let recid;
      if (format === "der") {
        const { r: r2, s: s2 } = DER.toSig(abytes2(bytes));
        return new Signature(r2, s2);
      }
      if (format === "recovered") {
        recid = bytes[0];
        format = "compact";
        bytes = bytes.subarray(1);
      }
      const L = lengths.signature / 2;
      const r = bytes.subarray(0, L);
      const s = bytes.subarray(L, L * 2);
      return new Signature(Fn2.fromBytes(r), Fn2.fromBytes(s), recid);
    }
    static fromHex(hex, format) {
      return this.fromBytes(hexToBytes2(hex), format);
    }
    assertRecovery() {
      const { recovery } = this;
      if (recovery == null)
        throw new Error("invalid recovery id: must be present");
      return recovery;
    }
    addRecoveryBit(recovery) {
      return new Signature(this.r, this.s, recovery);
    }
    // Unlike the top-level helper below, this method expects a digest that has
    // already been hashed to the curve's message representative.
    recoverPublicKey(messageHash) {
      const { r, s } = this;
      const recovery = this.assertRecovery();
      const radj = recovery === 2 || recovery === 3 ? r + CURVE_ORDER2 : r;
      if (!Fp2.isValid(radj))
        throw new Error("invalid recovery id: sig.r+curve.n != R.x");
      const x = Fp2.toBytes(radj);
      const R = Point.fromBytes(concatBytes2(pprefix((recovery & 1) === 0), x));
      const ir = Fn2.inv(radj);
      const h = bits2int_modN(abytes2(messageHash, void 0, "msgHash"));
      const u1 = Fn2.create(-h * ir);
      const u2 = Fn2.create(s * ir);
      const Q = Point.BASE.multiplyUnsafe(u1).add(R.multiplyUnsafe(u2));
      if (Q.is0())
        throw new Error("invalid recovery: point at infinify");
      Q.assertValidity();
      return Q;
    }
    // Signatures should be low-s, to prevent malleability.
    hasHighS() {
      return isBiggerThanHalfOrder(this.s);
    }
    toBytes(format = defaultSigOpts.format) {
      validateSigFormat(format);
      if (format === "der")
        return hexToBytes2(DER.hexFromSig(this));
      const { r, s } = this;
      const rb = Fn2.toBytes(r);
      const sb = Fn2.toBytes(s);
      if (format === "recovered") {
        assertRecoverableCurve();
        return concatBytes2(Uint8Array.of(this.assertRecovery()), rb, sb);
      }
      return concatBytes2(rb, sb);
    }
    toHex(format) {
      return bytesToHex2(this.toBytes(format));
    }
  }
  Object.freeze(Signature.prototype);
  Object.freeze(Signature);
  const bits2int = ecdsaOpts.bits2int === void 0 ? function bits2int_def(bytes) {
    if (bytes.length > 8192)
      throw new Error("input is too large");
    const num = bytesToNumberBE(bytes);
    const delta = bytes.length * 8 - fnBits;
    return delta > 0 ? num >> BigInt(delta) : num;
  } : ecdsaOpts.bits2int;
  const bits2int_modN = ecdsaOpts.bits2int_modN === void 0 ? function bits2int_modN_def(bytes) {
    return Fn2.create(bits2int(bytes));
  } : ecdsaOpts.bits2int_modN;
  const ORDER_MASK = bitMask(fnBits);
  function int2octets(num) {
    aInRange("num < 2^" + fnBits, num, _0n7, ORDER_MASK);
    return Fn2.toBytes(num);
  }
  function validateMsgAndHash(message, prehash) {
    abytes2(message, void 0, "message");
    return prehash ? abytes2(hash_(message), void 0, "prehashed message") : message;
  }
  function prepSig(message, secretKey, opts) {
    const { lowS, prehash, extraEntropy } = validateSigOpts(opts, defaultSigOpts);
    message = validateMsgAndHash(message, prehash);
    const h1int = bits2int_modN(message);
    const d = Fn2.fromBytes(secretKey);
    if (!Fn2.isValidNot0(d))
      throw new Error("invalid private key");
    const seedArgs = [int2octets(d), int2octets(h1int)];
    if (extraEntropy != null && extraEntropy !== false) {
      const e = extraEntropy === true ? randomBytes3(lengths.secretKey) : extraEntropy;
      seedArgs.push(abytes2(e, void 0, "extraEntropy"));
    }
    const seed = concatBytes2(...seedArgs);
    const m = h1int;
    function k2sig(kBytes) {
      const k = bits2int(kBytes);
      if (!Fn2.isValidNot0(k))
        return;
      const ik = Fn2.inv(k);
      const q = Point.BASE.multiply(k).toAffine();
      const r = Fn2.create(q.x);
      if (r === _0n7)
        return;
      const s = Fn2.create(ik * Fn2.create(m + r * d));
      if (s === _0n7)
        return;
      let recovery = (q.x === r ? 0 : 2) | Number(q.y & _1n7);
      let normS = s;
      if (lowS && isBiggerThanHalfOrder(s)) {
        normS = Fn2.neg(s);
        recovery ^= 1;
      }
      return new Signature(r, normS, hasLargeRecoveryLifts ? void 0 : recovery);
    }
    return { seed, k2sig };
  }
  function sign(message, secretKey, opts = {}) {
    const { seed, k2sig } = prepSig(message, secretKey, opts);
    const drbg = createHmacDrbg(hash_.outputLen, Fn2.BYTES, hmac2);
    const sig = drbg(seed, k2sig);
    return sig.toBytes(opts.format);
  }
  function verify(signature, message, publicKey, opts = {}) {
    const { lowS, prehash, format } = validateSigOpts(opts, defaultSigOpts);
    publicKey = abytes2(publicKey, void 0, "publicKey");
    message = validateMsgAndHash(message, prehash);
    if (!isBytes2(signature)) {
      const end = signature instanceof Signature ? ", use sig.toBytes()" : "";
      throw new Error("verify expects Uint8Array signature" + end);
    }
    validateSigLength(signature, format);
    try {
      const sig = Signature.fromBytes(signature, format);
      const P = Point.fromBytes(publicKey);
      if (lowS && sig.hasHighS())
        return false;
      const { r, s } = sig;
      const h = bits2int_modN(message);
      const is = Fn2.inv(s);
      const u1 = Fn2.create(h * is);
      const u2 = Fn2.create(r * is);
      const R = Point.BASE.multiplyUnsafe(u1).add(P.multiplyUnsafe(u2));
      if (R.is0())
        return false;
      const v = Fn2.create(R.x);
      return v === r;
    } catch (e) {
      return false;
    }
  }
  function recoverPublicKey(signature, message, opts = {}) {
    const { prehash } = validateSigOpts(opts, defaultSigOpts);
    message = validateMsgAndHash(message, prehash);
    return Signature.fromBytes(signature, "recovered").recoverPublicKey(message).toBytes();
  }
  return Object.freeze({
    keygen,
    getPublicKey,
    getSharedSecret,
    utils,
    lengths,
    Point,
    sign,
    verify,
    recoverPublicKey,
    Signature,
    hash: hash_
  });
}

// node_modules/@noble/curves/secp256k1.js
/*! noble-curves - MIT License (c) 2022 Paul Miller (paulmillr.com) */
var secp256k1_CURVE = {
  p: BigInt("0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f"),
  n: BigInt("0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"),
  h: BigInt(1),
  a: BigInt(0),
  b: BigInt(7),
  Gx: BigInt("0x79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"),
  Gy: BigInt("0x483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8")
};
var secp256k1_ENDO = {
  beta: BigInt("0x7ae96a2b657c07106e64479eac3434e99cf0497512f58995c1396c28719501ee"),
  basises: [
    [BigInt("0x3086d221a7d46bcde86c90e49284eb15"), -BigInt("0xe4437ed6010e88286f547fa90abfe4c3")],
    [BigInt("0x114ca50f7a8e2f3f657c1108d9d44cfd8"), BigInt("0x3086d221a7d46bcde86c90e49284eb15")]
  ]
};
var _2n6 = /* @__PURE__ */ BigInt(2);
function sqrtMod(y) {
  const P = secp256k1_CURVE.p;
  const _3n3 = BigInt(3), _6n = BigInt(6), _11n = BigInt(11), _22n = BigInt(22);
  const _23n = BigInt(23), _44n = BigInt(44), _88n = BigInt(88);
  const b2 = y * y * y % P;
  const b3 = b2 * b2 * y % P;
  const b6 = pow2(b3, _3n3, P) * b3 % P;
  const b9 = pow2(b6, _3n3, P) * b3 % P;
  const b11 = pow2(b9, _2n6, P) * b2 % P;
  const b22 = pow2(b11, _11n, P) * b11 % P;
  const b44 = pow2(b22, _22n, P) * b22 % P;
  const b88 = pow2(b44, _44n, P) * b44 % P;
  const b176 = pow2(b88, _88n, P) * b88 % P;
  const b220 = pow2(b176, _44n, P) * b44 % P;
  const b223 = pow2(b220, _3n3, P) * b3 % P;
  const t1 = pow2(b223, _23n, P) * b22 % P;
  const t2 = pow2(t1, _6n, P) * b2 % P;
  const root = pow2(t2, _2n6, P);
  if (!Fpk1.eql(Fpk1.sqr(root), y))
    throw new Error("Cannot find square root");
  return root;
}
var Fpk1 = Field(secp256k1_CURVE.p, { sqrt: sqrtMod });
var Pointk1 = /* @__PURE__ */ weierstrass(secp256k1_CURVE, {
  Fp: Fpk1,
  endo: secp256k1_ENDO
});
var secp256k1 = /* @__PURE__ */ ecdsa(Pointk1, sha256);

// verifier/manifest.js
var CURVE_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
var MAX_UINT32 = 2 ** 32 - 1;
var FORMAT_ID = /^[a-z0-9][a-z0-9-]{0,31}$/;
var MONEY = /^(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,8})?$/;
var CURRENCY = /^[A-Z]{3}$/;
var HASH = /^[0-9a-f]{64}$/;
var CONTROL2 = /[\x00-\x1f\x7f-\x9f\u2028\u2029]/;
var MAX_TEXT = 200;
var DETAILS = {
  format: (value) => FORMAT_ID.test(value),
  format_version: (value) => isInteger(value, 1, MAX_UINT32),
  product: isLine,
  face_value: (value) => MONEY.test(value),
  currency: (value) => CURRENCY.test(value),
  supplier_reference: isLine,
  source: (value) => HASH.test(value)
};
var typeHash = (text) => keccak256(utf8(text));
var DOMAIN_TYPE = typeHash("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
var MANIFEST_TYPE = typeHash(
  "BatchManifest(address supplier,bytes32 root,uint32 size,uint32 maxUses,uint64 expiresAt,bytes32 details)"
);
var NAMES2 = concat(typeHash("Card Key Provenance"), typeHash("1"));
function requireDomain(domain2) {
  if (!isInteger(domain2.chain_id, 1, Number.MAX_SAFE_INTEGER)) {
    throw invalid3("the chain id is an integer from 1 to 2^53-1");
  }
}
function requireManifest(manifest) {
  require2(fromHex(manifest.supplier).some((byte) => byte), "supplier");
  require2(isInteger(manifest.size, 1, MAX_UINT32), "size");
  require2(isInteger(manifest.max_uses, 1, MAX_UINT32), "max_uses");
  require2(isInteger(manifest.expires_at, 0, Number.MAX_SAFE_INTEGER), "expires_at");
}
function requireDetails(details2) {
  const isObject = details2 !== null && typeof details2 === "object" && !Array.isArray(details2);
  const names = Object.keys(DETAILS).sort().join();
  if (!isObject || Object.keys(details2).sort().join() !== names) {
    throw invalid3(`batch details have exactly the members ${Object.keys(DETAILS).join(", ")}`);
  }
  for (const [name, isWellFormed] of Object.entries(DETAILS)) {
    require2(name === "format_version" || typeof details2[name] === "string", name);
    require2(isWellFormed(details2[name]), name);
  }
}
var detailsHash = (details2) => sha2562(utf8(encode(details2)));
function batchId(manifest) {
  return keccak256(
    concat(
      MANIFEST_TYPE,
      fromNumber(toNumber(fromHex(manifest.supplier)), 32),
      fromHex(manifest.root),
      fromNumber(manifest.size, 32),
      fromNumber(manifest.max_uses, 32),
      fromNumber(manifest.expires_at, 32),
      fromHex(manifest.details)
    )
  );
}
function verifySupplier(manifest, domain2, signature) {
  const registry = fromNumber(toNumber(fromHex(domain2.registry)), 32);
  const separator = keccak256(concat(DOMAIN_TYPE, NAMES2, fromNumber(domain2.chain_id, 32), registry));
  const digest = keccak256(concat(Uint8Array.of(25, 1), separator, batchId(manifest)));
  if (!equal(recoverSigner(digest, signature), fromHex(manifest.supplier))) {
    throw unsigned2("the manifest is not signed by its supplier for this chain and registry");
  }
}
function recoverSigner(digest, signature) {
  const [r, s] = [toNumber(signature.subarray(0, 32)), toNumber(signature.subarray(32, 64))];
  const v = signature[64];
  if (v !== 27 && v !== 28) throw unsigned2("the last byte of a signature, v, is 27 or 28");
  if (!(r > 0n && r < CURVE_ORDER && s > 0n && s <= CURVE_ORDER / 2n)) {
    throw unsigned2("r or s of the signature is out of range; s must be the low one");
  }
  let point;
  try {
    point = new secp256k1.Signature(r, s, v - 27).recoverPublicKey(digest);
  } catch {
    throw unsigned2("no public key gives this signature");
  }
  return keccak256(point.toBytes(false).subarray(1)).subarray(12);
}
function isInteger(value, low, high) {
  return Number.isSafeInteger(value) && low <= value && value <= high;
}
function isLine(text) {
  return [...text].length <= MAX_TEXT && !CONTROL2.test(text);
}
function require2(holds2, member) {
  if (!holds2) throw invalid3(`${member} is not of its form`);
}
var invalid3 = (message) => new Refused("manifest_invalid", message);
var unsigned2 = (message) => new Refused("signature_invalid", message);

// verifier/reading.js
var BUNDLE_TYPE = "card-key-provenance/proof/v1";
var MAX_BUNDLE_SIZE = 16 * 1024 * 1024;
var MAX_ENTRIES = 1e4;
var MAX_PATH = 64;
var MAX_RANGES = 1024;
var MAX_KEY_TEXT = 1024;
var CONTROL3 = /[\x00-\x1f\x7f-\x9f]/;
var MEMBERS = [
  "type",
  "network",
  "log",
  "batch",
  "key",
  "custody",
  "parties",
  "beacons",
  "state",
  "checkpoint",
  "anchors",
  "state_proof",
  "hints"
];
var PLACED = ["index", "entry", "path"];
async function readBundle(raw) {
  const top = new Cursor(parseCanonical(raw, MAX_BUNDLE_SIZE), "");
  if (!top.isObject() || top.value.type !== BUNDLE_TYPE) {
    throw new Refused("bundle_version", `not a proof of type ${BUNDLE_TYPE}`);
  }
  const at = top.members(...MEMBERS);
  const bundle = {
    network: domain(at.network),
    log: await log(at.log),
    batch: batch(at.batch),
    key: key(at.key),
    custody: at.custody.each(logged, MAX_ENTRIES),
    parties: at.parties.each(logged, MAX_ENTRIES),
    beacons: at.beacons.each(beacon, MAX_ENTRIES),
    state: at.state.maybe(state),
    note: at.checkpoint.within((text) => parseNote(text), at.checkpoint.text()),
    anchors: at.anchors.each(anchor, MAX_ENTRIES),
    stateProof: at.state_proof.maybe(stateProof),
    hints: hints(at.hints)
  };
  bundle.head = at.checkpoint.within((text) => parseCheckpoint(text), bundle.note.text);
  return bundle;
}
var Cursor = class _Cursor {
  constructor(value, where) {
    this.value = value;
    this.where = where;
  }
  isObject() {
    return this.value !== null && typeof this.value === "object" && !Array.isArray(this.value);
  }
  /** Exactly these members; one too many is as wrong as one too few. */
  members(...names) {
    const found = this.isObject() ? Object.keys(this.value) : [];
    if (!this.isObject() || found.length !== names.length || !names.every((name) => name in this.value)) {
      throw this.refused(`an object with the members ${names.join(", ")}, and no others`);
    }
    const prefix = this.where && `${this.where}.`;
    return Object.fromEntries(names.map((name) => [name, new _Cursor(this.value[name], prefix + name)]));
  }
  each(read, most) {
    if (!Array.isArray(this.value)) throw this.refused("a list");
    if (this.value.length > most) throw this.refused(`at most ${most} items`);
    return this.value.map((item, position) => read(new _Cursor(item, `${this.where}[${position}]`)));
  }
  maybe(read) {
    return this.value === null ? null : read(this);
  }
  integer() {
    if (!Number.isSafeInteger(this.value) || this.value < 0) {
      throw this.refused("an integer from 0 to 2^53-1");
    }
    return this.value;
  }
  text() {
    if (typeof this.value !== "string") throw this.refused("a string");
    return this.value;
  }
  bytes(size, prefix) {
    return this.within((text) => fromHex(text, size, prefix), this.text());
  }
  hash() {
    return this.bytes(32);
  }
  /** 20 bytes in hex after 0x, kept as that text. */
  address() {
    this.bytes(20, "0x");
    return this.value.slice(2);
  }
  entry() {
    return this.within((text) => decodeEntry(fromBase64(text)), this.text());
  }
  path() {
    return this.each((item) => item.hash(), MAX_PATH);
  }
  /** What `make` makes of `value`; its refusals gain the place. */
  within(make, value) {
    try {
      return make(value);
    } catch (error) {
      throw error instanceof Refused ? this.located(error.code, error.message) : error;
    }
  }
  refused(expected) {
    return this.located("bundle_malformed", `expected ${expected}`);
  }
  located(code, message) {
    return new Refused(code, `${this.where || "bundle"}: ${message}`);
  }
};
function domain(cursor) {
  const at = cursor.members("chain_id", "registry");
  const read = { chain_id: at.chain_id.integer(), registry: at.registry.address() };
  cursor.within(requireDomain, read);
  return read;
}
async function log(cursor) {
  const at = cursor.members("origin", "key");
  const origin = at.origin.text();
  let key2;
  try {
    key2 = await parseKey(at.key.text());
  } catch (error) {
    throw error instanceof Refused ? at.key.located(error.code, error.message) : error;
  }
  if (key2.kind !== ED25519 || key2.name !== origin) throw cursor.refused("log.key to bear the log's origin");
  return { origin, key: key2 };
}
function batch(cursor) {
  const at = cursor.members("manifest", "details", "domain", "signature");
  const of = at.manifest.members("supplier", "root", "size", "max_uses", "expires_at", "details");
  const manifest = {
    supplier: of.supplier.address(),
    root: of.root.hash() && of.root.value,
    size: of.size.integer(),
    max_uses: of.max_uses.integer(),
    expires_at: of.expires_at.integer(),
    details: of.details.hash() && of.details.value
  };
  at.manifest.within(requireManifest, manifest);
  at.details.within(requireDetails, at.details.value);
  const signature = at.signature.bytes(65, "0x");
  return { manifest, details: at.details.value, domain: domain(at.domain), signature };
}
function key(cursor) {
  const at = cursor.members("index", "leaf", "path", "opening", "use");
  return {
    index: at.index.integer(),
    leaf: at.leaf.hash(),
    path: at.path.path(),
    opening: at.opening.maybe(opening),
    use: at.use.maybe((use) => use.hash())
  };
}
function opening(cursor) {
  const at = cursor.members("salt", "serial", "secret");
  const read = { salt: at.salt.bytes(16), serial: at.serial.text(), secret: at.secret.text() };
  for (const text of [read.serial, read.secret]) {
    const fits = new TextEncoder().encode(text).length <= MAX_KEY_TEXT && !CONTROL3.test(text);
    if (!fits) throw cursor.refused("bounded text without controls");
  }
  return read;
}
function placed(at) {
  return { index: at.index.integer(), entry: at.entry.entry(), path: at.path.path() };
}
function logged(cursor) {
  const at = cursor.members(...PLACED, "details");
  return { ...placed(at), details: at.details.maybe(details) };
}
function details(cursor) {
  const at = cursor.members("salt", "value");
  if (!at.value.isObject()) throw at.value.refused("an object");
  return { salt: at.salt.bytes(16), value: at.value.value };
}
function beacon(cursor) {
  const at = cursor.members(...PLACED, "header");
  return { ...placed(at), header: at.header.maybe((header) => header.bytes()) };
}
function state(cursor) {
  const at = cursor.members(...PLACED, "record_path", "ranges", "batch_position", "batches", "batch_path");
  return {
    ...placed(at),
    recordPath: at.record_path.path(),
    ranges: at.ranges.each((item) => item.entry(), MAX_RANGES),
    batchPosition: at.batch_position.integer(),
    batches: at.batches.integer(),
    batchPath: at.batch_path.path()
  };
}
function anchor(cursor) {
  const at = cursor.members("size", "root", "consistency", "time");
  return {
    size: at.size.integer(),
    root: at.root.hash(),
    consistency: at.consistency.path(),
    time: at.time.integer()
  };
}
function stateProof(cursor) {
  const at = cursor.members("header", "account", "storage");
  if (!at.storage.isObject()) throw at.storage.refused("an object of slots");
  const nodes = (list) => list.each((node) => node.bytes(), MAX_PATH);
  const storage = /* @__PURE__ */ new Map();
  for (const [slot, proof] of Object.entries(at.storage.value)) {
    new Cursor(slot, at.storage.where).hash();
    storage.set(slot, nodes(new Cursor(proof, at.storage.where)));
  }
  return { header: at.header.bytes(), account: nodes(at.account), storage };
}
function hints(cursor) {
  const at = cursor.members("batch_transaction", "anchor_transactions");
  const hash = (item) => item.bytes(32, "0x") && item.value;
  return { batch: at.batch_transaction.maybe(hash), anchors: at.anchor_transactions.each(hash, MAX_ENTRIES) };
}

// verifier/steps.js
var AT_A_TIME = 64;
async function checkLeaf(run) {
  const { key: key2, batch: batch2 } = run.bundle;
  if (key2.opening) {
    const identity = `${batch2.details.format}
${key2.opening.serial}
${key2.opening.secret}`;
    if (!equal(await leafOf(key2.opening.salt, identity), key2.leaf)) {
      throw reject(1, "the key opened in the bundle does not give its leaf");
    }
    run.established(1, "opening");
  }
  await checkCardKey(run);
  await checkUse(run);
}
async function checkCardKey(run) {
  const { key: key2 } = run.bundle;
  const { cardKey, salt = key2.opening?.salt } = run.reader;
  if (!cardKey) return run.notChecked(1, "card_key", "no_card_key");
  if (!salt) return run.notChecked(1, "card_key", "no_salt");
  const identity = `${cardKey.format_id}
${cardKey.serial}
${cardKey.secret}`;
  if (!equal(await leafOf(salt, identity), key2.leaf)) {
    throw reject(1, "the leaf is not that of the key the reader holds");
  }
  run.established(1, "card_key");
}
async function checkUse(run) {
  const { custody, key: key2 } = run.bundle;
  if (!key2.use) return run.notChecked(1, "use", "no_use");
  const party = await useParty(key2.use);
  if (!custody.some(({ entry }) => entry.type === "SELL" && entry.party === party)) {
    throw reject(1, "the buyer's use belongs to no sale in custody");
  }
  run.established(1, "use");
}
var leafOf = (salt, identity) => leafHash(concat(salt, utf8(identity)));
async function checkInclusion(run) {
  const { key: key2, batch: batch2 } = run.bundle;
  const { root, size } = batch2.manifest;
  await rejecting(
    2,
    "the leaf is not in the batch",
    () => verifyInclusion(key2.leaf, key2.index, size, key2.path, fromHex(root))
  );
  run.established(2, "inclusion", { index: key2.index, size });
}
async function checkManifest(run) {
  const { manifest, details: details2, domain: domain2, signature } = run.bundle.batch;
  if (toHex(await detailsHash(details2)) !== manifest.details) {
    throw reject(3, "the batch's details are not those of its manifest");
  }
  await rejecting(3, "the supplier's signature", () => verifySupplier(manifest, domain2, signature));
  run.batchId = toHex(batchId(manifest));
  run.established(3, "supplier", { batch: run.batchId, supplier: manifest.supplier });
}
async function checkEntries(run) {
  const { size, root } = run.bundle.head;
  const checks = run.sections().flatMap(
    ([name, section]) => section.map(
      ({ entry, index, path }, position) => () => rejecting(
        4,
        `${name}[${position}] is not in the log`,
        () => verifyEntry(entry.raw, index, size, path, root)
      )
    )
  );
  await inOrder(checks);
  run.established(4, "entries", { count: checks.length, size });
}
async function inOrder(checks) {
  for (let at = 0; at < checks.length; at += AT_A_TIME) {
    const outcomes = await Promise.allSettled(checks.slice(at, at + AT_A_TIME).map((check) => check()));
    const failed = outcomes.find((outcome) => outcome.status === "rejected");
    if (failed) throw failed.reason;
  }
}
async function checkSignatures(run) {
  const { head, log: log2, note } = run.bundle;
  if (head.origin !== log2.origin) throw reject(5, "the checkpoint is of another log");
  await rejecting(5, "the checkpoint", () => verifyNote(note, log2.key, run.reader.ed25519));
  if (run.reader.logKey) run.established(5, "checkpoint", { size: head.size, origin: log2.origin });
  else run.notChecked(5, "log_key", "bundle_log_key");
  await checkWitnesses(run);
}
async function checkWitnesses(run) {
  const { witnesses = [], witnessThreshold = 0 } = run.reader;
  const { note } = run.bundle;
  const signed = [];
  for (const witness of witnesses) {
    if (!note.signatures.some((line) => isBy(line, witness.key))) continue;
    await rejecting(
      5,
      `the cosignature of ${witness.key.name}`,
      () => verifyCosignature(note, witness.key, run.reader.ed25519)
    );
    signed.push(witness);
  }
  if (signed.length < witnessThreshold) {
    const missing = `${signed.length} of the ${witnessThreshold} cosignatures that the reader asks for`;
    throw reject(5, `the checkpoint bears ${missing}`, "signature_invalid");
  }
  run.replayers = signed.filter((witness) => witness.replays).map((witness) => witness.key.name);
  const names = signed.map((witness) => witness.key.name).join(", ");
  if (names) run.established(5, "cosigned", { names });
  else run.notChecked(5, "witnesses", witnesses.length ? "no_witness_signed" : "no_witness_keys");
}
async function checkAnchors(run) {
  const { anchors, head } = run.bundle;
  let previous = 0;
  for (const [position, { size, root, consistency }] of anchors.entries()) {
    if (size <= previous) throw reject(6, `anchors[${position}] is not larger than the one before`);
    previous = size;
    await rejecting(
      6,
      `anchors[${position}] is not a prefix of the checkpoint`,
      () => verifyConsistency(size, root, head.size, head.root, consistency)
    );
  }
  if (anchors.length && previous !== head.size) throw reject(6, "the last anchor is not the checkpoint");
  if (anchors.length) run.established(6, "anchors", { count: anchors.length });
  else run.notChecked(6, "anchor_none", "pending");
}
async function checkDetails(run) {
  const sections = run.sections().filter(([name]) => name === "custody" || name === "parties");
  let [opened, sealed] = [0, 0];
  for (const [name, section] of sections) {
    for (const [position, { entry, details: details2 }] of section.entries()) {
      if (details2) {
        await requireDetails2(`${name}[${position}]`, entry, details2);
        opened += 1;
      } else if (entry.detail !== ZERO_HASH) sealed += 1;
    }
  }
  if (opened) run.established(8, "details", { count: opened });
  if (sealed || !opened) run.notChecked(8, "details_sealed", "sealed", { sealed });
}
function requireDetails2(where, entry, { salt, value }) {
  return rejecting(8, where, async () => {
    if (await commitDetails(salt, value) === entry.detail) return;
    throw new Refused("proof_rejected", "the opened details are not those committed to");
  });
}

// verifier/verify.js
var STEPS = [
  checkLeaf,
  checkInclusion,
  checkManifest,
  checkEntries,
  checkSignatures,
  checkAnchors,
  checkChain,
  checkDetails,
  checkCustody,
  checkBrackets,
  checkCompleteness
];
async function replay(raw, reader = {}) {
  requireReader(reader);
  const bundle = await rejecting(0, "the bundle", () => readBundle(raw));
  const run = new Run(bundle, reader);
  try {
    checkReader(run);
    for (const check of STEPS) await check(run);
  } catch (error) {
    if (error instanceof ProofRejected) error.run = run;
    throw error;
  }
  return run;
}
function checkReader(run) {
  const { bundle, reader } = run;
  const { chain_id: chain2, registry } = bundle.network;
  run.established(0, "form");
  if (!reader.network) run.notChecked(0, "network_missing", "no_network");
  else if (reader.network.chain_id !== chain2 || reader.network.registry !== registry) {
    throw reject(0, "the bundle is of another network than the reader's", "wrong_network");
  } else run.established(0, "network", { chain: chain2 });
  if (!reader.logKey) run.notChecked(0, "log_missing", "no_log_key");
  else if (reader.logKey.text !== bundle.log.key.text) {
    throw reject(0, "the bundle is of another log than the reader's", "wrong_log");
  } else run.established(0, "log", { origin: bundle.log.origin });
}
function requireReader(reader) {
  const { logKey, network, node, salt, trustedBlockHash, witnesses = [], witnessThreshold = 0 } = reader;
  const require3 = (holds2, code, message) => {
    if (!holds2) throw new Refused(code, message);
  };
  const asksChain = Boolean(node || trustedBlockHash);
  require3(!asksChain || network, "no_network", "to ask a chain, name the network: chain id and registry");
  require3(!trustedBlockHash || trustedBlockHash.length === 32, "block_hash_malformed", "a trusted block hash has 32 bytes");
  require3(!salt || salt.length === 16, "salt_malformed", "a leaf's salt has 16 bytes");
  require3(!logKey || logKey.kind === ED25519, "note_key_malformed", "a log's key is of type 1, Ed25519");
  const areWitnesses = witnesses.every(({ key: key2 }) => key2.kind === COSIGNATURE);
  require3(areWitnesses, "note_key_malformed", "a witness key is of type 4, cosignature/v1");
  const isPolicy = witnessThreshold >= 0 && witnessThreshold <= witnesses.length;
  require3(isPolicy, "witness_policy", "the threshold is at most the number of witnesses");
}

// provenance/web/check/dom.js
function el2(name, attributes, ...children) {
  const node = document.createElement(name);
  for (const [key2, value] of Object.entries(attributes ?? {})) {
    if (value !== null && value !== false) node.setAttribute(key2, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== false && child !== void 0));
  return node;
}
var filled = (text, members) => text.replace(/\{(\w+)\}/g, (_, name) => String(members[name]));
function moment2(milliseconds) {
  const date = new Date(Number(milliseconds));
  if (Number.isNaN(date.getTime()) || date.getFullYear() > 9999) return `${milliseconds} ms`;
  const two = (number) => String(number).padStart(2, "0");
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join("-");
  return `${day} ${[date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":")}`;
}
function zone() {
  const minutes = -(/* @__PURE__ */ new Date()).getTimezoneOffset();
  const [hours, rest] = [Math.trunc(minutes / 60), Math.abs(minutes % 60)];
  return `UTC${minutes < 0 ? "" : "+"}${hours}${rest ? `:${String(rest).padStart(2, "0")}` : ""}`;
}

// provenance/web/check/journey.js
async function journeyOf(bundle, { key: key2, log: log2, origin, network }) {
  const logKey = log2 ? await keyOf(log2) : void 0;
  if (logKey === null) return { isKeyWrong: true };
  try {
    if (bundle.log?.origin !== origin) throw new ProofRejected(0, "the bundle is of another log", "wrong_log");
    const { format_id, serial, secret } = key2;
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
    const key2 = await parseKey(text);
    return key2.kind === ED25519 ? key2 : null;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return null;
  }
}
function drawJourney({ run, error }, id, words) {
  const { journey } = words;
  const told = words.language === "en" ? WORDS2.en : WORDS2.zh;
  if (error) {
    const [banner] = drawRejected(error, told);
    banner.querySelector("h2").id = "proof-step";
    return [el2("h2", { id: "journey-title" }, journey.rejected), el2("p", {}, journey.rejected_next), banner];
  }
  const evidence = evidenceOf(run);
  const names = namesOf(run, told);
  const supplier = `0x${run.bundle.batch.manifest.supplier}`;
  const nameOf = (address) => (address === supplier ? `${words.answer.rows.supplier} ` : "") + names(address);
  const parts = drawAccepted(run, told);
  const open = parts.find((part) => part.classList.contains("caution"));
  return [
    el2(
      "div",
      { class: "card" },
      el2("h2", { id: "journey-title" }, journey.title),
      el2("p", { class: "quiet" }, filled(journey.hint, { zone: zone() })),
      el2("ol", { class: "journey" }, evidence.timeline.map((event) => drawEvent2(event, nameOf, words))),
      el2("p", {}, journey.proven),
      el2("p", { id: "log-word" }, run.reader.logKey ? journey.log_given : journey.log_none),
      evidence.timeline.some(isUnchecked) && el2("p", { class: "quiet" }, journey.chain),
      el2("p", {}, el2("a", { class: "button", href: `/v1/proofs/${encodeURIComponent(id)}.json`, download: "" }, journey.save))
    ),
    open ?? "",
    el2("details", { class: "card" }, el2("summary", {}, journey.steps), parts.at(-1))
  ];
}
var isUnchecked = ({ after, before }) => Boolean(after && !after.checked || before && !before.checked);
function drawEvent2({ type, actor, time, after, before }, nameOf, words) {
  const { journey } = words;
  return el2(
    "li",
    { "data-event": type },
    el2("h3", {}, words.events[type] ?? type),
    el2("p", {}, filled(journey.by, { who: nameOf(actor) })),
    el2(
      "p",
      { class: "quiet" },
      `${journey.claimed} `,
      el2("time", { datetime: new Date(Number(time)).toISOString() }, moment2(time))
    ),
    el2(
      "ul",
      { class: "bracket" },
      drawBound2("after", after, words),
      drawBound2("before", before, words),
      isUnchecked({ after, before }) && el2("li", { class: "state" }, journey.unchecked)
    )
  );
}
function drawBound2(side, bound, words) {
  const { journey } = words;
  if (!bound) return el2("li", { class: `${side} open` }, journey[`${side}_none`]);
  const time = bound.time === null ? journey.unknown_time : moment2(Number(bound.time) * 1e3);
  return el2("li", { class: bound.checked ? side : `${side} unchecked` }, filled(journey[side], { number: bound.number, time }));
}
export {
  drawJourney,
  journeyOf
};
