// What the law of custody knows of a key: its state, its lives, its holder. custody.js holds the rules that lead
// from one to the next.
import { ZERO_ADDRESS } from "./bytes.js";
import { Refused } from "./errors.js";

/** A key of `batch` ({batchId, supplier, size, maxUses, expiresAt}) before its first entry. */
export function newKey(batch, index) {
  return {
    batch,
    index,
    holder: ZERO_ADDRESS,
    steps: [],
    offers: [],
    lives: [], // one a sale: {party, state, sell, last, redeem, beforeRedeem, reissued}
    barred: null, // the VOID after which no life may begin
    rangeVoid: null, // the last VOID on a range
    soldBefore: false,
    reissued: false,
  };
}

/** The state of a single-use key; of a shared one, whether it can be sold once more. */
export function stateOf(key) {
  const { batch, lives } = key;
  if (key.barred && !(batch.maxUses === 1 && lives.length)) return "VOID";
  if (lives.length < batch.maxUses) return "REGISTERED";
  return batch.maxUses === 1 ? newestLife(key).state : "SOLD";
}

/** The standing life of that use. */
export function standing(key, party) {
  const life = key.lives.find((one) => one.party === party);
  if (life) return life;
  if (key.barred && !key.lives.length) throw refusal("void", "the key is void");
  throw refusal("no_such_use", "no standing sale of this key to that use");
}

/** The standing life with the newest entry. */
export function newestLife(key) {
  return key.lives.reduce((newest, life) => (life.last.entry.time > newest.last.entry.time ? life : newest));
}

/** The key with `life` in the place of the one of its use. */
export function withLife(key, life) {
  return { ...key, lives: key.lives.map((other) => (other.party === life.party ? life : other)) };
}

/** The code of a refusal for a state of a life. */
export const codeOf = (state) => ({ DELIVERED: "delivered", REGISTERED: "not_sold" })[state] ?? state.toLowerCase();

/** The same where it matters only that the key is gone. */
export const soldCode = (state) => (state === "REDEEMED" || state === "VOID" ? state.toLowerCase() : "sold");

export const refusal = (code, message) => new Refused(code, message);
