// What is published, held against its promises and against the service.

import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { after, before, test } from "node:test";
import type { CodeSent, Device, SignedIn, User } from "../src/index";
import { native, stage, start, web } from "./support/app";
import type { Network } from "./support/network";
import { Phone } from "./support/phone";
import type { Service } from "./support/server";

/** 10 KB. */
const LIMIT = 10 * 1024;

const BUILDS = [
  "miniprogram_dist/index.js",
  "dist/index.js",
  "dist/index.cjs",
  "dist/web.js",
  "dist/web.cjs",
];

const COMMON = [
  "bindPhone",
  "closeAccount",
  "devices",
  "loginWithCode",
  "loginWithOAuth",
  "logout",
  "me",
  "onSignedOut",
  "request",
  "sendCode",
  "sendStepUpCode",
  "signOutDevice",
  "signedIn",
  "stepUp",
  "token",
  "updateMe",
  "uploadAvatar",
  "user",
];

let service: Service;
let network: Network;
let strike: () => void;

before(async () => {
  ({ service, network, strike } = await stage());
});
after(() => strike());

test("each build is smaller than 10 KB", () => {
  for (const file of BUILDS) {
    const { size } = statSync(file);
    assert.ok(size < LIMIT, `${file} has ${size} bytes`);
    assert.ok(size > 5000, `${file} has ${size} bytes`);
  }
});

test("the package needs no other", () => {
  const { dependencies, peerDependencies } = JSON.parse(readFileSync("package.json", "utf8"));
  assert.equal(dependencies, undefined);
  assert.equal(peerDependencies, undefined);
  for (const file of BUILDS)
    assert.doesNotMatch(readFileSync(file, "utf8"), /\brequire\(|\bimport[ ({"']/, file);
});

test("the builds are written for phones of some years ago", () => {
  for (const file of BUILDS) {
    const code = readFileSync(file, "utf8");
    assert.doesNotMatch(code, /\?\?|\?\.[\w([]|\|\|=|&&=|catch\s*\{|\.at\(/, file);
    assert.doesNotMatch(code, /\batob\b|\bprocess\b|\bBuffer\b|\beval\b/, file);
  }
  const code = readFileSync("miniprogram_dist/index.js", "utf8");
  assert.doesNotMatch(code, /\bfetch\b|\bwindow\b|\bdocument\b|\bURL\b|\bAbortController\b/);
});

test("the clients have what their types say, under these names", () => {
  const phone = new Phone(service);
  const more = ["linkWechat", "login", "loginWithPhone", "privacy"];
  assert.deepEqual(Object.keys(start(phone, network)).sort(), [...COMMON, ...more].sort());
  const page = web().createClient({ baseUrl: network.url, storage: web().memoryStorage() });
  assert.deepEqual(Object.keys(page).sort(), COMMON);
  assert.deepEqual(Object.keys(native(phone)).sort(), ["MenshenError", "createClient"]);
  assert.deepEqual(Object.keys(web()).sort(), ["MenshenError", "createClient", "memoryStorage"]);
});

test("the ES modules are the same library", async () => {
  const load = (file: string) => import(new URL(`../../${file}`, import.meta.url).href);
  assert.deepEqual(Object.keys(await load("dist/index.js")), ["MenshenError", "createClient"]);
  const page = await load("dist/web.js");
  assert.deepEqual(Object.keys(page), ["MenshenError", "createClient", "memoryStorage"]);
  const storage = page.memoryStorage();
  const client = page.createClient({ baseUrl: network.url, storage });
  assert.equal(await client.signedIn(), false);
});

test("every code that the service documents is known to the types", () => {
  const page = readFileSync("../../docs/http-api.md", "utf8");
  const rows = page.split("\n").filter((line) => /^\| [45]\d\d/.test(line));
  const documented = rows.flatMap((row) => [...(row.split("|")[1] ?? "").matchAll(/`([a-z_]+)`/g)]);
  const types = readFileSync("src/core/codes.ts", "utf8");
  assert.ok(documented.length >= 35);
  for (const [, code] of documented) assert.ok(types.includes(`| "${code}"`), `${code} is missing`);
});

test("answers have the members that their types name, and no others", async () => {
  const app = start(new Phone(service), network);
  const sent = await app.sendCode("13200000001");
  const login = await app.loginWithCode("13200000001", await service.smsCode("13200000001"), {
    wechat: true,
  });
  const [device] = await app.devices();
  type Names<T> = Record<keyof T, true>;
  const user = {
    id: true,
    phone: true,
    phone_masked: true,
    nickname: true,
    avatar_url: true,
    birthday: true,
    bio: true,
    identities: true,
    created_at: true,
    updated_at: true,
    last_login_at: true,
  } satisfies Names<User>;
  const identity = { id: true, provider: true, app_id: true, linked_at: true };
  const code = {
    challenge_id: true,
    phone_masked: true,
    expires_in: true,
    resend_after: true,
  } satisfies Names<CodeSent>;
  const session = {
    id: true,
    client_type: true,
    device_name: true,
    created_at: true,
    last_seen_at: true,
    address: true,
    current: true,
  } satisfies Names<Device>;
  const names = (value: object | undefined) => Object.keys(value ?? {}).sort();
  assert.deepEqual(names(sent), names(code));
  assert.deepEqual(names(login.user), names(user));
  assert.deepEqual(names(login.user.identities[0]), names(identity));
  assert.deepEqual(names(device), names(session));
  const member: keyof SignedIn = "not_attached";
  assert.deepEqual(login[member], []);
  for (const secret of ["access_token", "refresh_token"]) assert.ok(!(secret in login));
});
