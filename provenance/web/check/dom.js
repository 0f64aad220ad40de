// Elements without markup: what a server or a bundle says is only ever text.

/** An element with attributes, and children that are nodes or texts; null and false are left out. */
export function el(name, attributes, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (value !== null && value !== false) node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== false && child !== undefined));
  return node;
}

/** `text` with each {name} replaced by the member of that name. */
export const filled = (text, members) => text.replace(/\{(\w+)\}/g, (_, name) => String(members[name]));

const MOMENT = { year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit",
  hourCycle: "h23", timeZoneName: "short" };

/** A moment (milliseconds since 1970) in the reader's language and zone. */
export function moment(milliseconds, language) {
  const date = new Date(Number(milliseconds));
  if (Number.isNaN(date.getTime()) || date.getUTCFullYear() > 9999) return `${milliseconds} ms`;
  return new Intl.DateTimeFormat(language, MOMENT).format(date);
}
