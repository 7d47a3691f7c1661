// The pages that tell how to use the library: what they quote is in the example, which
// is run by its own test, and the rest passes the type check of the real typings.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { test } from "node:test";

const PAGES = [
  "../../docs/guides/mini-program.md",
  "../../docs/zh/guides/mini-program.md",
  "README.md",
  "../../examples/miniprogram/README.md",
];

/** Pages that quote the examples, and nothing else of code. */
const QUOTING = ["uni-app", "website", "native-app"];

/** What `scripts/sdk`, and the test of the example, do themselves. */
const COMMANDS = [
  "cd sdk/miniprogram",
  "npm ci",
  "npm pack",
  "npm install",
  "npm run build",
  "npm test",
];

const SNIPPETS = "build/snippets";

interface Snippet {
  page: string;
  place: number;
  language: string;
  /** The file that it is quoted from. */
  file: string | undefined;
  text: string;
}

function snippets(page: string): Snippet[] {
  const fence = /(?:<!-- file: (\S+) -->\n)?^```(\w*)\n([\s\S]*?)^```$/gm;
  const found = [...readFileSync(page, "utf8").matchAll(fence)];
  return found.map(([, file, language = "", text = ""], place) => ({
    page,
    place,
    language,
    file,
    text,
  }));
}

const all = PAGES.flatMap(snippets);

test("what a page quotes is in the file that it names", () => {
  const quoted = all.filter(({ file }) => file);
  assert.ok(quoted.length >= 14);
  for (const { page, file, text } of quoted) {
    const source = readFileSync(`../../${file}`, "utf8");
    assert.ok(source.includes(text), `${page} quotes ${file} wrongly:\n${text}`);
  }
});

test("the pages for uni-app, websites and native apps quote what is tested, in both languages", () => {
  for (const name of QUOTING) {
    const english = snippets(`../../docs/guides/${name}.md`);
    assert.deepEqual(bodies(snippets(`../../docs/zh/guides/${name}.md`)), bodies(english));
    assert.ok(english.some(({ file }) => file));
    for (const { page, file, language, text } of english) {
      // Commands are run with all others of the documentation.
      if (!file) assert.equal(language, "sh", page);
      else
        assert.ok(readFileSync(`../../${file}`, "utf8").includes(text), `${page} quotes ${file}`);
    }
  }
});

test("what a page tells to type is what the tests type", () => {
  const lines = all
    .filter(({ language }) => language === "sh")
    .flatMap(({ text }) => text.trim().split("\n"))
    .flatMap((line) =>
      line
        .replace(/^\(cd \.\.\/\.\.\//, "cd ")
        .replace(/\)$/, "")
        .split(" && "),
    );
  assert.ok(lines.length >= 4);
  for (const line of lines) assert.ok(COMMANDS.includes(line), line);
});

test("every other snippet passes the type check", () => {
  rmSync(SNIPPETS, { recursive: true, force: true });
  const open = all.filter(({ file, language }) => !file && language !== "sh");
  assert.ok(open.length >= 16);
  for (const environment of ["wechat", "web"]) {
    const chosen = open.filter(({ text }) => /sdk\/web/.test(text) === (environment === "web"));
    const folder = `${SNIPPETS}/${environment}`;
    mkdirSync(folder, { recursive: true });
    writeFileSync(`${folder}/prelude.d.ts`, PRELUDE);
    writeFileSync(`${folder}/tsconfig.json`, JSON.stringify(configuration(environment)));
    for (const snippet of chosen)
      writeFileSync(`${folder}/${nameOf(snippet)}`, `export {};\n${codeOf(snippet)}`);
    try {
      execFileSync("node_modules/.bin/tsc", ["-p", folder], { encoding: "utf8" });
    } catch (error) {
      assert.fail(String((error as { stdout?: string }).stdout));
    }
  }
});

test("both languages of the guide tell the same", () => {
  const [english, chinese] = [snippets(PAGES[0] ?? ""), snippets(PAGES[1] ?? "")];
  const bare = ({ text }: Snippet) => text.replace(/\/\/.*|console\.log\(.*/g, "");
  assert.deepEqual(chinese.map(bare), english.map(bare));
});

/** What the snippets take as given: names of the page, and Vue. */
const PRELUDE = `
declare const menshen: import("menshen-sdk").MiniProgram;
declare const createClient: typeof import("menshen-sdk").createClient;
declare module "vue" {
  export function ref<T>(value: T): { value: T };
}
declare function defineProps<T>(): T;
`;

const bodies = (found: Snippet[]) => found.map(({ file, text }) => [file, text]);

function nameOf({ page, place, language }: Snippet): string {
  const name = page.replace(/\W+/g, "-");
  return `${name}-${place}.${language === "js" ? "js" : "ts"}`;
}

function codeOf({ page, language, text }: Snippet): string {
  if (language !== "vue") {
    assert.ok(["js", "ts"].includes(language), `${page}: a snippet in ${language}`);
    return text;
  }
  const [, script] = /<script setup lang="ts">\n([\s\S]*?)<\/script>/.exec(text) ?? [];
  assert.ok(script, page);
  return script;
}

function configuration(environment: string): object {
  const types = "../../../dist/types";
  const library = environment === "web" ? ["es2020", "dom"] : ["es2020"];
  return {
    compilerOptions: {
      target: "es2020",
      lib: library,
      module: "esnext",
      moduleResolution: "bundler",
      strict: true,
      noImplicitAny: false,
      useUnknownInCatchVariables: false,
      allowJs: true,
      checkJs: true,
      skipLibCheck: true,
      noEmit: true,
      types: environment === "web" ? [] : ["miniprogram-api-typings", "@dcloudio/types"],
      typeRoots: ["../../../node_modules"],
      paths: {
        "menshen-sdk": [`${types}/index.d.ts`],
        "menshen-sdk/web": [`${types}/web.d.ts`],
      },
    },
    include: ["."],
  };
}
