// The native example: compiled, rendered, and used by people.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { tell } from "./support/stories";

const FOLDER = "../../examples/miniprogram";

tell({ folder: FOLDER, packages: { "menshen-sdk": "miniprogram_dist/index.js" } });

test("each page and component has its four files", () => {
  const { pages } = JSON.parse(readFileSync(`${FOLDER}/app.json`, "utf8"));
  assert.ok(pages.length >= 5);
  for (const page of pages) {
    for (const end of ["js", "json", "wxml", "wxss"])
      assert.ok(readFileSync(`${FOLDER}/${page}.${end}`, "utf8"), `${page}.${end}`);
    const { usingComponents } = JSON.parse(readFileSync(`${FOLDER}/${page}.json`, "utf8"));
    for (const used of Object.values(usingComponents))
      assert.ok(
        readFileSync(join(FOLDER, dirname(page), `${used}.wxml`), "utf8"),
        `${page}: ${used}`,
      );
  }
});
