// The page of an order: the token stays in this module and in request bodies; news comes by a ticket of its own.
import { Failure, failureText, fetched, post, put } from "./asking.js";
import { el, filled } from "./dom.js";
import { drawOrder, keyNodes, leftText } from "./orderview.js";

const AGAIN_MS = 5_000; // after a stream ended, a new ticket
const QUIET_MS = 30_000; // where there are no streams, the page looks by itself
const at = (id) => document.getElementById(id);
const { words } = JSON.parse(at("brought").textContent);
const page = { token: "", turn: 0, streams: [], timers: [], orders: [] };

const acts = { act, file, pack, review, toggleKey, upload };

at("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  ask();
});
at("ask").addEventListener("reset", (event) => {
  event.preventDefault();
  clear();
  at("token").focus();
  say(words.status.cleared);
});
at("token").addEventListener("input", () => mark(null));
// Nobody who opens the page after us, or comes back to it, finds token or key in it.
addEventListener("pagehide", clear);
setInterval(tick, 1_000);

function say(text) {
  at("status").textContent = text;
}

function clear() {
  page.turn += 1;
  page.token = "";
  page.orders = [];
  hush();
  at("token").value = "";
  mark(null);
  at("orders").hidden = true;
  at("orders").replaceChildren();
  at("submit").setAttribute("aria-disabled", "false");
  say("");
}

function hush() {
  for (const stream of page.streams) stream.close();
  for (const timer of page.timers) clearTimeout(timer);
  page.streams = [];
  page.timers = [];
}

function mark(problem) {
  at("token").setAttribute("aria-invalid", String(problem !== null));
  at("token-problem").hidden = problem === null;
  at("token-problem").textContent = problem ?? "";
  if (problem !== null) at("token").focus();
}

/** Every countdown, once a second; nothing is announced, for nobody wants to hear each second. */
function tick() {
  for (const node of document.querySelectorAll("[data-until]")) {
    node.textContent = leftText(Number(node.dataset.until), words, node.dataset.over);
  }
}

async function ask() {
  if (at("submit").getAttribute("aria-disabled") === "true") return;
  const token = at("token").value.replace(/\s/g, "").toLowerCase();
  if (!/^[0-9a-f]{64}$/.test(token)) {
    mark(filled(words.token_form, { count: Array.from(token).length }));
    return;
  }
  hush();
  page.token = token;
  const turn = ++page.turn;
  at("submit").setAttribute("aria-disabled", "true");
  say(words.status.asking);
  const found = await tried(() => refresh(turn));
  if (turn !== page.turn) return;
  at("submit").setAttribute("aria-disabled", "false");
  if (!found) return;
  say(filled(words.status.done, { count: page.orders.length }));
  at("orders").focus();
  for (const order of page.orders) watch(order.order, turn);
}

/** Ask for everything and draw it; false when another question came meanwhile. */
async function refresh(turn) {
  const { orders } = await post("/v1/orders/status", { order_token: page.token }, words.language);
  if (turn !== page.turn) return false;
  const known = new Set(page.orders.map((order) => order.order));
  page.orders = orders;
  draw();
  if (known.size) for (const order of orders) if (!known.has(order.order)) watch(order.order, turn);
  return true;
}

function draw() {
  const open = new Set([...document.querySelectorAll("#orders details[open] > summary")].map((node) => node.textContent));
  const chosen = [...document.querySelectorAll("#orders input:checked")].map((field) => field.value);
  const hadFocus = at("orders").contains(document.activeElement);
  const skew = page.orders.length ? page.orders[0].now - Date.now() : 0;
  // A key that is shown leaves the page with the next drawing: it has its button again.
  at("orders").replaceChildren(...page.orders.map((order) => drawOrder(order, words, acts, skew)));
  for (const node of document.querySelectorAll("#orders details > summary")) {
    if (open.has(node.textContent)) node.parentElement.open = true;
  }
  for (const field of document.querySelectorAll("#orders input[type=radio]")) field.checked = chosen.includes(field.value);
  at("orders").hidden = false;
  // What had the focus is gone with the old drawing: go on from the top of the new one.
  if (hadFocus) at("orders").focus();
}

/** Do something; false after saying what went wrong. */
async function tried(work) {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    say(failureText(error, words));
    return false;
  }
}

/** Watch an order live, for as long as its token is here; each ticket lasts ten minutes. */
async function watch(order, turn) {
  if (turn !== page.turn) return;
  let ticket;
  try {
    ({ ticket } = await post("/v1/orders/stream-ticket", { order_token: page.token, order }, words.language));
  } catch (error) {
    if (error instanceof Failure) later(() => watch(order, turn), QUIET_MS, turn);
    return;
  }
  if (turn !== page.turn) return;
  const stream = new EventSource(`/v1/orders/stream?ticket=${ticket}`);
  let hasLived = false;
  stream.addEventListener("open", () => { hasLived = true; });
  stream.addEventListener("order", async (event) => {
    if (isDrawn(JSON.parse(event.data))) return;
    // A file that was chosen would be lost with its field; sending it draws everything anew.
    if (hasChosen() || await tried(() => refresh(turn))) say(words.status.live);
  });
  stream.addEventListener("error", () => {
    stream.close();
    page.streams = page.streams.filter((one) => one !== stream);
    later(async () => {
      await tried(() => refresh(turn));
      watch(order, turn);
    }, hasLived ? AGAIN_MS : QUIET_MS, turn);
  });
  page.streams.push(stream);
}

/** Whether the page shows this already: the first event of a stream says how things stand. */
function isDrawn(news) {
  const known = page.orders.find((order) => order.order === news.order);
  const told = ({ timeline, claims }) => JSON.stringify([timeline, claims]);
  return known !== undefined && told(known) === told(news);
}

const hasChosen = () => [...document.querySelectorAll("#orders input[type=file]")].some((field) => field.files.length > 0);

function later(work, milliseconds, turn) {
  page.timers.push(setTimeout(() => { if (turn === page.turn) work(); }, milliseconds));
}

/** Send something about a claim, then draw what became of it. */
async function sent(path, body, text) {
  const turn = page.turn;
  say(words.status.working);
  const done = await tried(async () => {
    await post(path, { order_token: page.token, ...body }, words.language);
    return refresh(turn);
  });
  if (done && turn === page.turn) say(text);
}

function file(order, cause) {
  return sent("/v1/claims", { order: order.order, causes: [cause] }, words.status.filed);
}

function review(order, stars) {
  return sent("/v1/orders/review", { order: order.order, stars }, words.status.reviewed);
}

function act(claim, what, button) {
  if (what === "withdraw" && button.dataset.sure !== "true") {
    button.dataset.sure = "true";
    button.textContent = words.actions.sure_withdraw;
    return null;
  }
  return sent(`/v1/claims/${claim.claim}/${what}`, {}, words.status.changed);
}

async function upload(claim, order, type, chosen) {
  if (!chosen) {
    say(words.upload.none);
    return;
  }
  const turn = page.turn;
  say(filled(words.status.uploading, { name: chosen.name }));
  const done = await tried(async () => {
    const shown = { order_token: page.token, order: order.order };
    const { upload: ticket } = await post("/v1/evidence/uploads", { ...shown, type, size: chosen.size }, words.language);
    const { digest } = await put(`/v1/evidence/uploads/${ticket}`, chosen, words.language);
    await post(`/v1/claims/${claim.claim}/evidence`, { order_token: page.token, evidence: [digest] }, words.language);
    return refresh(turn);
  });
  if (done && turn === page.turn) say(words.status.uploaded);
}

/** The complaint pack, saved as a file. */
async function pack(order) {
  const turn = page.turn;
  say(words.status.packing);
  const body = { order_token: page.token, order: order.order };
  const made = await tried(() => fetched("/v1/orders/pack", body, words.language));
  if (!made || turn !== page.turn) return;
  const address = URL.createObjectURL(made);
  el("a", { href: address, download: `complaint-${order.order.slice(0, 16)}.zip` }).click();
  // Not at once: the download has to have begun.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
  say(words.status.packed);
}

async function toggleKey(order, place, button) {
  if (place.firstChild) {
    place.replaceChildren();
    button.textContent = words.key.show;
    button.setAttribute("aria-expanded", "false");
    return;
  }
  const turn = page.turn;
  const body = { order_token: page.token, order: order.order };
  const key = await tried(() => post("/v1/orders/replacement-key", body, words.language));
  if (!key || turn !== page.turn) return;
  place.replaceChildren(keyNodes(key, words));
  button.textContent = words.key.hide;
  button.setAttribute("aria-expanded", "true");
}
