// Usage: node verify.mjs FILE ROUNDS: milliseconds for one verification of a bundle, after a warm-up of as many.
import { readFileSync } from "node:fs";
import { verify } from "../verifier/verify.js";

const [file, rounds] = process.argv.slice(2);
const raw = new Uint8Array(readFileSync(file));
let began;
for (let round = -rounds; round < rounds; round += 1) {
  if (round === 0) began = performance.now();
  await verify(raw, {});
}
console.log((performance.now() - began) / rounds);
