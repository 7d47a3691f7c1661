// Builds what is published: `dist` for uni-app, Taro and the web, `miniprogram_dist`
// for native mini-programs. Types are `tsc`'s.

import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { minify } from "terser";

/** Names between our own modules. None of them is one of WeChat, of the API, or of `src/exports.ts`. */
const INTERNAL = [
  "api",
  "bind",
  "calm",
  "change",
  "current",
  "dataOf",
  "describe",
  "device",
  "end",
  "enterCode",
  "exchange",
  "exclusively",
  "failed",
  "fine",
  "keep",
  "kind",
  "made",
  "maxRequests",
  "onEnd",
  "once",
  "otherThan",
  "read",
  "renew",
  "repeats",
  "send",
  "signIn",
  "state",
  "store",
  "take",
  "urgent",
  "usable",
  "vault",
  "write",
];

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

async function bundle(entry) {
  const built = await build({
    entryPoints: [here(`src/${entry}.ts`)],
    bundle: true,
    minify: true,
    format: "esm",
    // What iOS 12 and the base libraries of these years run as it is.
    target: "es2018",
    charset: "utf8",
    mangleProps: new RegExp(`^(${INTERNAL.join("|")})$`),
    write: false,
  });
  const small = await minify(built.outputFiles[0].text, {
    ecma: 2018,
    module: true,
    compress: { passes: 3, unsafe_arrows: true },
    format: { ascii_only: false },
  });
  return small.code;
}

/** The developer tools of WeChat, and `require`, want the exports the old way. */
function commonjs(code) {
  const exported = /export\{([^}]*)\};?\s*$/;
  const [, names] = exported.exec(code);
  const assigned = names.split(",").map((pair) => {
    const [local, name = local] = pair.split(" as ");
    return `exports.${name}=${local}`;
  });
  return `"use strict";${code.replace(exported, "")}${assigned.join(",")};\n`;
}

rmSync(here("dist"), { recursive: true, force: true });
rmSync(here("miniprogram_dist"), { recursive: true, force: true });
mkdirSync(here("dist"));
mkdirSync(here("miniprogram_dist"));
for (const entry of ["index", "web"]) {
  const code = await bundle(entry);
  writeFileSync(here(`dist/${entry}.js`), `${code}\n`);
  writeFileSync(here(`dist/${entry}.cjs`), commonjs(code));
  if (entry === "index") writeFileSync(here("miniprogram_dist/index.js"), commonjs(code));
}
