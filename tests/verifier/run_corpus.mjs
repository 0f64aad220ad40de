// The shared corpus through the JavaScript verifier: one JSON answer a line, in the order of the cases.
// Usage: node run_corpus.mjs [library]; with "library" no signature is left to WebCrypto.
import { readFileSync } from "node:fs";
import { answer } from "./cases.mjs";

const folder = new URL("../vectors/corpus/", import.meta.url);
const bases = JSON.parse(readFileSync(new URL("bases.json", folder), "utf8"));
const cases = readFileSync(new URL("cases.jsonl", folder), "utf8").trimEnd().split("\n");
const ed25519 = { library: process.argv[2] === "library" };

for (const line of cases) {
  const told = JSON.parse(line);
  process.stdout.write(`${JSON.stringify({ id: told.id, ...(await answer(told, bases, ed25519)) })}\n`);
}
