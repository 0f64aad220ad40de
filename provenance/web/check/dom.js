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

/** A moment (milliseconds since 1970) in the reader's zone, 2027-01-15 16:01:30: short, and alike everywhere. */
export function moment(milliseconds) {
  const date = new Date(Number(milliseconds));
  if (Number.isNaN(date.getTime()) || date.getFullYear() > 9999) return `${milliseconds} ms`;
  const two = (number) => String(number).padStart(2, "0");
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join("-");
  return `${day} ${[date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":")}`;
}

/** The reader's zone, UTC+8 or UTC+5:30. */
export function zone() {
  const minutes = -new Date().getTimezoneOffset();
  const [hours, rest] = [Math.trunc(minutes / 60), Math.abs(minutes % 60)];
  return `UTC${minutes < 0 ? "" : "+"}${hours}${rest ? `:${String(rest).padStart(2, "0")}` : ""}`;
}
