// The law of FORMATS §5: which entry may follow which in the life of a key. One table of states (MOVES), one
// rule a type (RULES). A step is {index, entry}; a key is a plain value that each lawful step replaces.
import { ZERO_ADDRESS } from "./bytes.js";
import { covers, ISSUER, numberParty, OPERATOR } from "./entries.js";
import { codeOf, newestLife, refusal, soldCode, standing, stateOf, withLife } from "./lives.js";
import { countBelow } from "./search.js";

const MAX_REINSTATE_MS = 864_000_000n; // ten days
const MAX_KEY_ENTRIES = 5_000; // past this a key takes no SELL or TRANSFER

/** From → to, for whoever the rule of the type lets act. An issuer's REDEEM has states of its own. */
const MOVES = {
  SELL: { REGISTERED: "SOLD" },
  DELIVER: { SOLD: "DELIVERED" },
  REDEEM: { DELIVERED: "REDEEMED" },
  VOID: { REGISTERED: "VOID", SOLD: "VOID", DELIVERED: "VOID" },
  REISSUE: { VOID: "VOID", REDEEMED: "REDEEMED" },
};
const ISSUER_REDEEMS = ["REGISTERED", "SOLD", "DELIVERED"];

/** One rule a type; each takes the key, the step and the parties, and gives the key after it. */
const RULES = {
  COMMISSION: commission,
  TRANSFER: transfer,
  RECEIVE: receive,
  SELL: sell,
  DELIVER: deliver,
  REDEEM: redeem,
  REINSTATE: reinstate,
  VOID: voidKey,
  REISSUE: reissue,
  CORRECTION: correction,
};

/** The key after `step`; throws Refused with the code of the rule in the way. */
export function accept(key, step, parties) {
  const { entry } = step;
  requireOrder(key, step);
  if (entry.subject !== key.batch.batchId || !entry.isOnKeys) {
    throw refusal("wrong_subject", "the entry is not about this batch");
  }
  if (entry.first + entry.count > key.batch.size || !covers(entry, key.index)) {
    throw refusal("out_of_range", "the entry is not about this key of the batch");
  }
  if ((entry.type === "COMMISSION") !== (key.steps.length === 0)) {
    throw refusal("commission_first", "the life of a key begins with its one COMMISSION");
  }
  const changed = RULES[entry.type](key, step, new View(parties, step.index));
  return { ...changed, steps: [...key.steps, step] };
}

/** The parties as of one log index. */
class View {
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
}

function requireOrder(key, step) {
  if (!key.steps.length) return;
  const last = key.steps[key.steps.length - 1];
  if (step.index <= last.index) {
    throw refusal("out_of_order", "log indices increase along the life of a key");
  }
  if (step.entry.time <= last.entry.time) {
    throw refusal("time_not_increasing", "times increase along the life of a key");
  }
}

function commission(key, { entry }, view) {
  if (entry.first !== 0 || entry.count !== key.batch.size) {
    throw refusal("out_of_range", "a COMMISSION covers the whole batch");
  }
  if (!view.isFor(entry.actor, key.batch.supplier)) {
    throw refusal("not_supplier", "only the manifest's supplier commissions a batch");
  }
  return { ...key, holder: entry.actor };
}

function transfer(key, { entry }, view) {
  if (key.barred) throw refusal("void", "the key is void");
  if (key.lives.length) throw refusal(soldCode(newestLife(key).state), "a sold key is not handed over");
  requireHolder(key, entry, view);
  requireRoom(key);
  if (entry.party === ZERO_ADDRESS || entry.party === entry.actor) {
    throw refusal("no_recipient", "an offer names another party");
  }
  return { ...key, offers: [...key.offers, entry] };
}

function receive(key, { entry }, view) {
  const isAnswered = (offer) =>
    offer.first === entry.first &&
    offer.count === entry.count &&
    view.isFor(entry.actor, offer.party) &&
    view.resolve(entry.party) === view.resolve(offer.actor);
  if (!key.offers.some(isAnswered)) {
    throw refusal("no_offer", "no open TRANSFER of this very range to this party");
  }
  // A new holder ends every other offer too: the old one had no right to them any more.
  return { ...key, holder: entry.actor, offers: [] };
}

function sell(key, step, view) {
  const { entry } = step;
  requireFree(key, entry.party);
  if (key.batch.expiresAt && entry.time >= BigInt(key.batch.expiresAt) * 1000n) {
    throw refusal("expired", "the batch's keys may no longer be sold");
  }
  requireHolder(key, entry, view);
  requireRoom(key);
  if (entry.party === ZERO_ADDRESS) throw refusal("no_use", "a SELL names the buyer's use");
  const life = { party: entry.party, state: "SOLD", sell: step, last: step, redeem: null, beforeRedeem: null };
  return { ...key, lives: [...key.lives, { ...life, reissued: false }], offers: [] };
}

function deliver(key, step, view) {
  const life = standing(key, step.entry.party);
  const state = move("DELIVER", life);
  if (!view.isSeller(step.entry.actor, life)) throw refusal("not_seller", "only the seller delivers");
  return withLife(key, { ...life, state, last: step });
}

function redeem(key, step, view) {
  const { entry } = step;
  const byIssuer = view.hasRole(entry.actor, ISSUER);
  if (entry.party === ZERO_ADDRESS && !key.lives.length) return redeemUnsold(key, step, byIssuer);
  const life = standing(key, entry.party);
  if (!(byIssuer && ISSUER_REDEEMS.includes(life.state))) move("REDEEM", life);
  const byBuyer = entry.party !== ZERO_ADDRESS && entry.actor === entry.party;
  if (!(byIssuer || byBuyer || view.isSeller(entry.actor, life))) {
    throw refusal("not_entitled", "a REDEEM is by the seller, the buyer's use or an issuer");
  }
  return withLife(key, { ...life, state: "REDEEMED", redeem: step, beforeRedeem: life.state, last: step });
}

function redeemUnsold(key, step, byIssuer) {
  if (key.batch.maxUses !== 1 || !byIssuer) {
    throw refusal("not_sold", "only an issuer redeems an unsold key, and only a single-use one");
  }
  if (key.barred) throw refusal("void", "the key is void");
  const life = { party: ZERO_ADDRESS, state: "REDEEMED", sell: null, last: step, redeem: step };
  return { ...key, lives: [{ ...life, beforeRedeem: "REGISTERED", reissued: false }] };
}

function reinstate(key, step, view) {
  const { entry } = step;
  const life = standing(key, entry.party);
  const undone = life.state === "REDEEMED" ? life.redeem : life.sell;
  if ((life.state !== "SOLD" && life.state !== "REDEEMED") || undone === null) {
    throw refusal(codeOf(life.state), "only a sold or redeemed key is taken back");
  }
  if (life.reissued) throw refusal("reissued", "a replacement went out; this life stays as it is");
  if (!view.isFor(entry.actor, undone.entry.actor)) {
    throw refusal("not_actor", "only who did it takes it back");
  }
  if (entry.time - undone.entry.time > MAX_REINSTATE_MS) {
    throw refusal("too_late", "an act is taken back within ten days");
  }
  return takenBack(key, life, step);
}

function takenBack(key, life, step) {
  const others = key.lives.filter((other) => other.party !== life.party);
  if (life.state !== "REDEEMED") return { ...key, lives: others, soldBefore: true };
  if (life.sell === null) return { ...key, lives: [] }; // an issuer's redemption of an unsold key
  const isRecalled = key.rangeVoid !== null && key.rangeVoid.entry.time > life.redeem.entry.time;
  const state = isRecalled ? "VOID" : life.beforeRedeem;
  return withLife(key, { ...life, state, redeem: null, last: step });
}

function voidKey(key, step, view) {
  const { entry } = step;
  if (entry.party !== ZERO_ADDRESS && entry.count === 1) {
    const life = standing(key, entry.party);
    const state = move("VOID", life);
    requireVoider(key, [life], false, entry.actor, view);
    return withLife(key, { ...life, state, last: step });
  }
  const targets = key.lives.filter((life) => life.state in MOVES.VOID);
  const isFree = key.barred === null && key.lives.length < key.batch.maxUses;
  if (entry.count === 1 && !targets.length && !isFree) {
    throw refusal(codeOf(stateOf(key)), "nothing of this key is left to void");
  }
  requireVoider(key, targets, isFree, entry.actor, view);
  const lives = key.lives.map((life) =>
    targets.includes(life) ? { ...life, state: "VOID", last: step } : life,
  );
  const rangeVoid = entry.count > 1 ? step : key.rangeVoid;
  return { ...key, lives, barred: key.barred ?? step, rangeVoid };
}

/** The supplier; the holder while a sale is still open to him; after the sales, who made all of them. */
function requireVoider(key, targets, isFree, actor, view) {
  if (view.isFor(actor, key.batch.supplier)) return;
  const isHolder = view.isFor(actor, key.holder);
  const soldAll = targets.every((life) => view.isSeller(actor, life));
  if (soldAll && (isHolder || (targets.length && !isFree))) return;
  throw refusal("not_entitled", "a VOID is by the supplier, the holder, or after a sale the seller");
}

function reissue(key, step, view) {
  const { entry } = step;
  const bySupplier = view.isFor(entry.actor, key.batch.supplier);
  if (entry.party === ZERO_ADDRESS && !key.lives.length) return reissueUnsold(key, bySupplier);
  const life = standing(key, entry.party);
  move("REISSUE", life);
  if (life.reissued) throw refusal("reissued", "a life is reissued once");
  if (!bySupplier && !view.isSeller(entry.actor, life)) {
    throw refusal("not_entitled", "a REISSUE is by the seller or the supplier");
  }
  return withLife(key, { ...life, reissued: true, last: step });
}

function reissueUnsold(key, bySupplier) {
  if (key.barred === null || key.batch.maxUses !== 1) {
    throw refusal("not_void", "an unsold key is reissued only after it is void");
  }
  if (key.reissued) throw refusal("reissued", "a void key is reissued once, by its supplier");
  if (!bySupplier) throw refusal("not_entitled", "a void key is reissued once, by its supplier");
  return { ...key, reissued: true };
}

function correction(key, { entry }, view) {
  // By bisection: a bundle may hold thousands of CORRECTIONs. What is no index is equal to none.
  const meant = key.steps[countBelow(key.steps, Number(`0x${entry.party}`), (past) => past.index)];
  if (!meant || numberParty(meant.index) !== entry.party) throw refusal("no_such_entry", "a CORRECTION means an earlier entry on this key");
  if (!view.isFor(entry.actor, meant.entry.actor) && !view.hasRole(entry.actor, OPERATOR)) {
    throw refusal("not_entitled", "a CORRECTION is by the actor of that entry or the operator");
  }
  return key;
}

function move(type, life) {
  const state = MOVES[type][life.state];
  if (state === undefined) throw refusal(codeOf(life.state), `${type} does not follow ${life.state}`);
  return state;
}

function requireFree(key, party) {
  const life = key.lives.find((one) => one.party === party);
  if (!life && stateOf(key) === "REGISTERED") return;
  if (key.barred && !(key.batch.maxUses === 1 && key.lives.length)) throw refusal("void", "the key is void");
  throw refusal(soldCode((life ?? newestLife(key)).state), "the key is sold as often as its batch allows");
}

function requireHolder(key, entry, view) {
  if (!view.isFor(entry.actor, key.holder)) {
    throw refusal("not_holder", "only the current holder may do this");
  }
}

function requireRoom(key) {
  if (key.steps.length < MAX_KEY_ENTRIES) return;
  throw refusal("too_many_entries", `a key takes no SELL or TRANSFER past ${MAX_KEY_ENTRIES} entries`);
}
