// Builds built/journey.js: the verifier and the drawing of a journey as one module.
// node provenance/web/check/build.mjs [--stdout]. Not minified: whoever looks can read what it does.
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const bundled = await build({
  entryPoints: [here("journey.js")],
  bundle: true,
  write: false,
  format: "esm",
  target: "es2022",
  charset: "utf8",
  legalComments: "inline",
  absWorkingDir: here("../../.."),
});
const text = bundled.outputFiles[0].text;
if (process.argv.includes("--stdout")) process.stdout.write(text);
else writeFileSync(here("built/journey.js"), text);
