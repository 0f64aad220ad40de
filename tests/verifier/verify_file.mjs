// Usage: node verify_file.mjs FILE [LOG_KEY]: the verdict on a bundle as one line of JSON.
import { readFileSync } from "node:fs";
import { parseKey, ProofRejected, verify } from "../../verifier/verify.js";

const [file, logKey] = process.argv.slice(2);
try {
  const evidence = await verify(new Uint8Array(readFileSync(file)), { logKey: logKey && (await parseKey(logKey)) });
  console.log(JSON.stringify({ verdict: "accepted", state: evidence.state, entries: evidence.timeline.length }));
} catch (error) {
  if (!(error instanceof ProofRejected)) throw error;
  console.log(JSON.stringify({ verdict: "rejected", step: error.step, code: error.code }));
}
