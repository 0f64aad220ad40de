// Custody as a picture: one rail from top to bottom, events on it, and the blocks that bracket them.
import { moment, short, svg } from "./dom.js";

const WIDTH = 360;
const RAIL = 18;
/** A key may have thousands of entries; the newest are drawn, all were checked. */
export const MOST_EVENTS = 200;
const EVENT_HEIGHT = 62;
const BOUND_HEIGHT = 46;

/** The drawing of evidence.timeline; `nameOf` turns an address into what people call it. */
export function drawTimeline(evidence, words, nameOf) {
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

/** Events in log order, with each beacon before the first event after it, each anchor after the last before it. */
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
    text(51, "small", `${moment(event.time, words.language)} · #${event.index}`),
  ];
}

function drawBound({ after, before }, y, words) {
  const bound = after ?? before;
  const shape = { class: bound.checked ? "bound" : "bound unchecked", x: RAIL - 7, y: y + 5, width: 14, height: 14 };
  if (after) shape.transform = `rotate(45 ${RAIL} ${y + 12})`;
  const state = bound.checked ? "small" : "small part";
  const when = bound.checked ? "" : ` · ${words.unchecked}`;
  return [
    svg("rect", shape),
    svg("text", { x: RAIL + 22, y: y + 17, class: state }, boundName({ after, before }, words)),
    svg("text", { x: RAIL + 22, y: y + 33, class: state }, boundTime(bound, words) + when),
  ];
}

function boundName({ after, before }, words) {
  return (after ? words.after(after.number, "") : words.before(before.number, "")).replace(/ ?[（(][）)]/, "");
}

function boundTime({ time }, words) {
  return time === null ? words.unknownTime : moment(Number(time) * 1000, words.language);
}

/** The same in one text, for those who do not see the drawing. */
function describe(rows, words, nameOf) {
  return rows
    .map(({ event, after, before }) => {
      if (event) return `${words.events[event.type]}, ${words.by(nameOf(event.actor))}, ${moment(event.time, words.language)}`;
      const bound = after ?? before;
      return `${boundName({ after, before }, words)}, ${boundTime(bound, words)}${bound.checked ? "" : `, ${words.unchecked}`}`;
    })
    .join("; ");
}

/** Names by address: what PARTY entries with opened details call them, else "the buyer", else a short address. */
export function namesOf(run, words) {
  const names = new Map();
  for (const { entry, details } of run.bundle.parties) {
    const name = details?.value?.name;
    if (typeof name === "string") names.set(`0x${entry.subject.slice(24)}`, name.slice(0, 24));
  }
  const buyers = new Set(run.bundle.custody.filter(({ entry }) => entry.type === "SELL").map(({ entry }) => `0x${entry.party}`));
  return (address) => names.get(address) ?? (buyers.has(address) ? words.buyer : short(address));
}
