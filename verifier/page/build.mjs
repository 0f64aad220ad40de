// Builds provenance/web/verify.html, one file with everything inlined: node verifier/page/build.mjs [--stdout]
// Not minified: whoever saves the page can read what it does. The policy names the script and the style by hash.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const read = (name) => readFileSync(here(name), "utf8");
const hashOf = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

const bundled = await build({
  entryPoints: [here("page.js")],
  bundle: true,
  write: false,
  format: "iife",
  target: "es2020",
  charset: "utf8",
  legalComments: "inline",
  absWorkingDir: here("../.."),
});
const script = `\n${bundled.outputFiles[0].text}`;
const style = `\n${read("page.css")}`;
const policy = [
  "default-src 'none'",
  `script-src ${hashOf(script)}`,
  `style-src ${hashOf(style)}`,
  // Only for the bundle that a QR code names, on the reader's click.
  "connect-src 'self' https:",
  "base-uri 'none'",
  "form-action 'none'",
  "require-trusted-types-for 'script'",
].join("; ");
const parts = { csp: policy, style, script };
const html = read("page.html").replace(/\{\{(csp|style|script)\}\}/g, (_, name) => parts[name]);

if (process.argv.includes("--stdout")) process.stdout.write(html);
else writeFileSync(here("../../provenance/web/verify.html"), html);
