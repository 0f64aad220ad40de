// One JSON request a line on standard input, one answer a line: the browser's reading beside Python's.
import { createInterface } from "node:readline";
import { KeyMalformed, parse, parseParts } from "../../provenance/web/normaliser.js";

let formats = null;
for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  if (formats === null) {
    formats = request;
    continue;
  }
  console.log(JSON.stringify(answer(formats[request.format], request)));
}

function answer(format, request) {
  try {
    const { serial, secret, notes } =
      "text" in request ? parse(format, request.text) : parseParts(format, request.serial, request.secret);
    return { serial, secret, notes };
  } catch (error) {
    if (!(error instanceof KeyMalformed)) return { crash: String(error) };
    return { error: { code: error.code, position: error.position, part: error.part || undefined } };
  }
}
