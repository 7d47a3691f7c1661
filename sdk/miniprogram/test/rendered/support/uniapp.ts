// The uni-app example, built as people build it.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const FOLDER = resolve("../../examples/uniapp");
const GUARD = resolve("test/rendered/support/loopback.cjs");

/** Builds it for a platform, while nothing leaves the loopback; answers the folder. */
export function build(platform: "h5" | "mp-weixin"): string {
  const built = join(FOLDER, "dist/build", platform);
  rmSync(built, { recursive: true, force: true });
  const folder = mkdtempSync(join(tmpdir(), "menshen-uniapp-"));
  const left = join(folder, "left");
  const { CI, ...environment } = process.env;
  try {
    execFileSync("npm", ["run", "--silent", `build:${platform}`], {
      cwd: FOLDER,
      env: { ...environment, NODE_OPTIONS: `--require ${GUARD}`, LEFT_THE_LOOPBACK: left },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: 180_000,
    });
    assert.equal(existsSync(left) && readFileSync(left, "utf8"), false, "it asked for the outside");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return built;
}
