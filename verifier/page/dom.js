// Elements without markup: what a bundle says is only ever text, so nothing in it can become a script.
const SVG = "http://www.w3.org/2000/svg";

/** An element with attributes, and children that are nodes or texts; null and false are left out. */
export const el = (name, attributes, ...children) => fill(document.createElement(name), attributes, children);

/** The same for SVG. */
export const svg = (name, attributes, ...children) => fill(document.createElementNS(SVG, name), attributes, children);

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value !== null && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== false && child !== undefined));
  return node;
}

/** Shorten an address or a hash for people: 0x8ad10085…cd90. */
export const short = (hex) => (hex.length > 16 ? `${hex.slice(0, 10)}…${hex.slice(-4)}` : hex);

const MOMENT = { year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit",
  hourCycle: "h23", timeZoneName: "short" };

/** A moment (milliseconds since 1970) in the reader's language and zone; far ones as they are. */
export function moment(milliseconds, language) {
  const date = new Date(Number(milliseconds));
  if (Number.isNaN(date.getTime()) || date.getUTCFullYear() > 9999) return `${milliseconds} ms`;
  return new Intl.DateTimeFormat(language, MOMENT).format(date);
}
