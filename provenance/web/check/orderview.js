// What an order looks like: its ring of days, its clocks, claims, money and timeline. Nothing here asks anybody.
import { el, filled, moment, zone } from "./dom.js";

const DAY = 86_400_000;
const RADIUS = 46;
const SVG = "http://www.w3.org/2000/svg";
const BAD = /^(void|claim\.(detected|filed|rejected)|remedy\.not_possible)$/;
const GOOD = /^(deliver|arrived|remedy\.(reissued|recovered|refunded|voucher|multiple)|claim\.confirmed)$/;

/** An order; `acts` are what its buttons do, `skew` what the server's clock is ahead of ours (ms). */
export function drawOrder(order, words, acts, skew) {
  const title = order.replaces ? words.replacement_order : words.order;
  return el("section", { class: "order", "data-order": order.order, "aria-label": title },
    el("div", { class: "card" },
      el("h2", {}, title),
      drawCover(order, words),
      facts(order, words),
      covered(order, words)),
    ...order.clocks.map((clock) => drawClock(clock, words, skew)),
    order.has_key ? drawKey(order, words, acts) : null,
    ...order.claims.map((claim) => drawClaim(claim, order, words, acts, skew)),
    payments(order, words),
    drawFiling(order, words, acts),
    drawReview(order, words, acts),
    drawTimeline(order, words),
    drawPack(order, words, acts));
}

function drawPack(order, words, acts) {
  const button = el("button", { type: "button", "data-pack": true }, words.pack.make);
  button.addEventListener("click", () => acts.pack(order));
  return el("div", { class: "card" },
    el("h3", {}, words.pack.title), el("p", { class: "quiet" }, words.pack.note), el("p", { class: "actions" }, button));
}

function facts(order, words) {
  const product = order.product.product ?? order.key.format;
  const language = words.language;
  return el("dl", {},
    el("dt", {}, words.product), el("dd", {}, product),
    el("dt", {}, words.price), el("dd", {}, `${order.price} ${order.currency}`),
    el("dt", {}, words.terms), el("dd", {}, order.terms.title[language], " · ",
      el("a", { href: `/v1/terms/${order.terms.hash}`, rel: "noreferrer" }, words.terms_open)),
    el("dt", {}, words.number), el("dd", {}, el("code", { translate: "no" }, order.order)));
}

function svg(name, attributes, ...children) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

/** The days that are left as a ring, with the same in words for whoever cannot see it. */
function drawCover({ cover, replacement }, words) {
  const noneYet = replacement ? words.cover.replaced : cover.until === null ? words.cover.waiting : null;
  if (noneYet) return el("p", { class: "quiet" }, `${words.cover.title}: ${noneYet}`);
  const whole = Math.max(1, Math.round((cover.until - cover.from) / DAY));
  const share = Math.min(1, cover.left_ms / (cover.until - cover.from));
  const days = Math.ceil(cover.left_ms / DAY);
  const length = 2 * Math.PI * RADIUS;
  const kind = days === 0 ? "ring over" : days <= 3 ? "ring low" : "ring";
  const said = days === 0 ? words.cover.over : filled(words.cover.ring, { days, whole });
  const ring = svg("svg", { class: kind, viewBox: "0 0 120 120", role: "img", "aria-label": said },
    svg("circle", { class: "whole", cx: 60, cy: 60, r: RADIUS }),
    svg("circle", {
      class: "left", cx: 60, cy: 60, r: RADIUS, transform: "rotate(-90 60 60)",
      "stroke-dasharray": `${(share * length).toFixed(1)} ${length.toFixed(1)}`,
    }),
    svg("text", { class: "days", x: 60, y: 62 }, String(days)),
    svg("text", { class: "word", x: 60, y: 82 }, filled(words.cover.days, { days: "" }).trim()));
  const until = filled(words.cover.until, { time: moment(cover.until), zone: zone() });
  return el("div", { class: "cover" }, ring, el("p", {}, el("strong", {}, said), el("br"), el("span", { class: "quiet" }, until)));
}

function covered(order, words) {
  const line = (one) => el("li", { class: one.in_time ? null : "late" },
    el("strong", {}, words.causes[one.cause]), " ",
    el("span", { class: "state" }, one.in_time ? words.cover.in_time : words.cover.late),
    el("p", { class: "quiet" }, `${one.clause.number} ${one.clause.text[words.language]}`));
  return el("details", {}, el("summary", {}, words.cover.what), el("ul", { class: "covered" }, order.covered.map(line)));
}

function countdown(until, words, skew, over) {
  return el("span", { class: "left-time", role: "timer", "data-until": until - skew, "data-over": over },
    leftText(until - skew, words, over));
}

/** How much is left until a moment of our own clock. */
export function leftText(until, words, over) {
  let seconds = Math.ceil((until - Date.now()) / 1000);
  if (seconds <= 0) return over;
  const parts = [];
  for (const [unit, size] of [["d", 86_400], ["h", 3_600], ["m", 60], ["s", 1]]) {
    const count = Math.floor(seconds / size);
    if (count > 0 && parts.length < 2) parts.push(`${count} ${words.duration[unit]}`);
    seconds -= count * size;
  }
  return filled(words.clocks.left, { left: parts.join(" ") });
}

function drawClock(clock, words, skew) {
  return el("div", { class: "card clock" },
    el("h3", {}, words.causes[clock.cause]),
    el("p", {}, countdown(clock.until, words, skew, words.clocks.over)),
    el("p", { class: "quiet" }, filled(words.claims.deadline, { time: moment(clock.until) })));
}

function drawKey(order, words, acts) {
  const place = el("div", {});
  const button = el("button", { type: "button", class: "primary", "aria-expanded": "false" }, words.key.show);
  button.addEventListener("click", () => acts.toggleKey(order, place, button));
  return el("div", { class: "card good", "data-key": true },
    el("h3", {}, words.key.title), el("p", { class: "quiet" }, words.key.note), place, el("p", { class: "actions" }, button));
}

/** A key in the page; whoever drew it takes it out again. */
export function keyNodes(key, words) {
  const row = (name, value) => value ? [el("dt", {}, name), el("dd", {}, el("code", { class: "secret", translate: "no" }, value))] : [];
  return el("dl", {}, row(words.key.serial, key.serial), row(words.key.secret, key.secret));
}

function drawClaim(claim, order, words, acts, skew) {
  const kind = claim.state === "closed" ? claim.outcome : claim.state;
  const look = /^(remedied|reissued|recovered|refunded|voucher|compensated)$/.test(kind) ? "good"
    : /^(rejected|unpaid|debt)$/.test(kind) ? "bad" : "";
  const state = words.states[claim.state] + (claim.outcome ? ` · ${words.outcomes[claim.outcome]}` : "");
  return el("div", { class: `card claim ${look}`.trim(), "data-claim": claim.claim, "data-state": claim.state },
    el("h3", {}, `${words.claims.title} · ${state}`),
    el("p", {}, claim.causes.map((cause) => words.causes[cause]).join(" · "), " ",
      el("span", { class: "quiet" }, `${words.claims[claim.origin]}, ${moment(claim.opened_at)}`)),
    ...said(claim, order, words),
    waiting(claim, words, skew),
    buttons(claim, order, words, acts));
}

function said(claim, order, words) {
  const lines = [];
  const list = (codes, table) => codes.map((code) => table[code] ?? code).join(words.language === "en" ? ", " : "、");
  if (claim.is_paused) lines.push(words.claims.paused);
  if (claim.state === "evidence") lines.push(filled(words.claims.asked, { types: list(claim.asked, words.evidence) }));
  if (claim.owed) lines.push(filled(words.claims.owed, { amount: claim.owed, currency: order.currency }));
  if (claim.remedy) lines.push(filled(words.claims.remedy, { remedy: words.remedies[claim.remedy.kind] }));
  if (claim.rejection) {
    const { code, clause } = claim.rejection;
    lines.push(filled(words.claims.rejected, { reason: words.rejections[code], clause: clause.number }));
    if (clause.text) lines.push(clause.text[words.language]);
  }
  if (claim.breaches.length) lines.push(filled(words.claims.breach, { breaches: list(claim.breaches, words.breaches) }));
  return lines.map((line) => el("p", {}, line));
}

function waiting(claim, words, skew) {
  if (claim.deadline === null) return null;
  return el("p", {}, countdown(claim.deadline, words, skew, words.clocks.over), el("br"),
    el("span", { class: "quiet" }, filled(words.claims.if_not, { default: words.defaults[claim.by_default] })));
}

function buttons(claim, order, words, acts) {
  const made = claim.buyer_may.filter((may) => may !== "evidence").map((may) => {
    const button = el("button", { type: "button", "data-act": may }, words.actions[may]);
    button.addEventListener("click", () => acts.act(claim, may, button));
    return button;
  });
  const upload = claim.buyer_may.includes("evidence") ? drawUpload(claim, order, words, acts) : null;
  return [upload, made.length ? el("p", { class: "actions" }, made) : null];
}

function drawUpload(claim, order, words, acts) {
  const types = claim.state === "evidence" && claim.asked.length ? claim.asked : Object.keys(words.evidence);
  const id = `evidence-${claim.claim.slice(0, 8)}`;
  const type = el("select", { id: `${id}-type` }, types.map((one) => el("option", { value: one }, words.evidence[one] ?? one)));
  const file = el("input", { id: `${id}-file`, type: "file", accept: "image/png,image/jpeg,application/pdf,video/mp4,video/webm,video/quicktime,text/plain,application/json" });
  const form = el("form", { novalidate: true },
    el("label", { for: `${id}-type` }, words.upload.type), type,
    el("label", { for: `${id}-file` }, words.upload.file), file,
    el("p", { class: "actions" }, el("button", { type: "submit" }, words.upload.submit)));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    acts.upload(claim, order, type.value, file.files[0] ?? null);
  });
  return el("details", { open: claim.state === "evidence" }, el("summary", {}, words.actions.evidence), form);
}

function drawFiling(order, words, acts) {
  const isBusy = order.claims.some((claim) => !claim.outcome || !["rejected", "withdrawn"].includes(claim.outcome));
  const claimed = new Set(order.claims.filter((claim) => claim.outcome !== "withdrawn").flatMap((claim) => claim.causes));
  const causes = order.covered.filter((one) => one.in_time && !claimed.has(one.cause));
  if (isBusy || order.replacement || !causes.length) return null;
  const group = `cause-${order.order.slice(0, 8)}`;
  const choice = ({ cause }) => el("label", {}, el("input", { type: "radio", name: group, value: cause }), words.causes[cause]);
  const form = el("form", { novalidate: true, class: "filing" },
    el("fieldset", { class: "choices" }, el("legend", {}, words.file.cause), causes.map(choice)),
    el("p", { class: "quiet" }, words.file.note),
    el("p", { class: "actions" }, el("button", { type: "submit", class: "primary" }, words.file.submit)));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const chosen = form.querySelector("input:checked");
    if (chosen) acts.file(order, chosen.value);
    else form.querySelector("input").focus();
  });
  return el("details", { class: "card" }, el("summary", {}, words.file.title), form);
}

/** Stars for what was delivered: given once, and shown from then on. */
function drawReview(order, words, acts) {
  const { stars, may } = order.review;
  if (stars !== null) {
    return el("div", { class: "card", "data-review": stars },
      el("h3", {}, words.review.title), el("p", {}, filled(words.review.given, { count: stars })));
  }
  if (!may) return null;
  const group = `stars-${order.order.slice(0, 8)}`;
  const choice = (count) => el("label", {}, el("input", { type: "radio", name: group, value: count }), filled(words.review.stars, { count }));
  const form = el("form", { novalidate: true, class: "review" },
    el("fieldset", { class: "choices" }, el("legend", {}, words.review.choose), [5, 4, 3, 2, 1].map(choice)),
    el("p", { class: "quiet" }, words.review.note),
    el("p", { class: "actions" }, el("button", { type: "submit" }, words.review.submit)));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const chosen = form.querySelector("input:checked");
    if (chosen) acts.review(order, Number(chosen.value));
    else form.querySelector("input").focus();
  });
  return el("details", { class: "card" }, el("summary", {}, words.review.title), form);
}

function payments(order, words) {
  if (!order.payments.length) return null;
  const line = (one) => el("li", {},
    `${words.payments[one.kind]} ${one.amount} ${one.currency} · ${words.payments[one.state]}`,
    one.voucher ? el("p", {}, el("code", { class: "secret", translate: "no" }, filled(words.payments.code, { code: one.voucher }))) : null);
  return el("div", { class: "card" }, el("h3", {}, words.payments.title), el("ul", {}, order.payments.map(line)));
}

function drawTimeline(order, words) {
  const place = (one) => one.index !== null ? filled(words.timeline.log, { index: one.index })
    : one.said.source ? words.timeline.reported : words.timeline.pending;
  const line = (one) => el("li", {
    class: BAD.test(one.what) ? "bad" : GOOD.test(one.what) ? "good" : one.index === null && !one.said.source ? "pending" : null,
    "data-what": one.what,
  }, el("h3", {}, words.what[one.what] ?? one.what), el("p", { class: "quiet" }, `${moment(one.time)} · ${place(one)}`));
  return el("div", { class: "card" }, el("h3", {}, words.timeline.title),
    el("p", { class: "quiet" }, filled(words.zone, { zone: zone() })), el("ol", { class: "journey" }, order.timeline.map(line)));
}
