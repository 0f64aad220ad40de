// Prints cases.mjs and the verifier as one script for a browser, which then has `corpus.answer`.
import { build } from "esbuild";

const bundled = await build({
  entryPoints: ["tests/verifier/cases.mjs"],
  bundle: true,
  write: false,
  format: "iife",
  globalName: "corpus",
});
process.stdout.write(bundled.outputFiles[0].text);
