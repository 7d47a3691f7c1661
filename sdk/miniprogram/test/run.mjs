// Bundles the tests and runs them; an argument names one file, or "rendered" those that
// compile and render the examples. What they test is the build itself.

import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const [, rendered, wanted] = /^(rendered)?\/?(.*)$/.exec(process.argv[2] ?? "");
const folder = rendered ? `${root}/test/rendered` : `${root}/test`;
const tests = readdirSync(folder).filter((name) => name.endsWith(".test.ts"));
const chosen = tests.filter((name) => name.startsWith(wanted));
if (chosen.length === 0) throw new Error(`there is no test ${wanted}`);

// Beside the packages that they need.
const outdir = rendered ? `${folder}/build` : `${root}/build/test`;
rmSync(outdir, { recursive: true, force: true });
mkdirSync(outdir, { recursive: true });
await build({
  entryPoints: chosen.map((name) => `${folder}/${name}`),
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node18",
  outdir,
  outExtension: { ".js": ".mjs" },
  sourcemap: "inline",
  packages: "external",
});

// Whatever proxy this machine has is not meant.
for (const name of Object.keys(process.env)) if (/_proxy$/i.test(name)) delete process.env[name];
const files = chosen.map((name) => `${outdir}/${name.replace(/\.ts$/, ".mjs")}`);
const run = spawnSync(process.execPath, ["--enable-source-maps", "--test", ...files], {
  cwd: root,
  stdio: "inherit",
});
process.exit(run.status ?? 1);
