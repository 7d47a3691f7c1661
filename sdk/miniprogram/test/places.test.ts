// The files that the guides for websites and native apps quote.

import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { after, before, test } from "node:test";
// @ts-expect-error: a file of people who write JavaScript
import * as app from "../../../examples/native-app/menshen.js";
// @ts-expect-error: a file of people who write JavaScript
import * as website from "../../../examples/website/sign-in.js";
import { stage } from "./support/app";
import { failure } from "./support/failure";
import type { Network } from "./support/network";
import type { Service } from "./support/server";

const APP_ID = "wx1a2b3c4d5e6f7089";
const HERE = "https://www.example.com/back";

let service: Service;
let network: Network;
let strike: () => void;
let kept: Map<string, string>;
let addresses: string[];

before(async () => {
  ({ service, network, strike } = await stage());
  kept = new Map();
  addresses = [];
  const sessionStorage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
    removeItem: (key: string) => kept.delete(key),
  };
  const history = { replaceState: (_: null, __: string, to: string) => addresses.push(to) };
  Object.assign(globalThis, { sessionStorage, history });
  // Node 18 hides it.
  globalThis.crypto ??= webcrypto as Crypto;
});
after(() => strike());

const oauthCode = async () =>
  (await service.control<{ code: string }>("wechat/oauth", { person: "bob", app_id: APP_ID })).code;

test("a website leads to WeChat's QR code, and signs in whoever comes back from there", async () => {
  const page = new URL(website.qrCodePage(APP_ID, HERE));
  assert.equal(page.origin + page.pathname, "https://open.weixin.qq.com/connect/qrconnect");
  const query = Object.fromEntries(page.searchParams);
  const { state, ...rest } = query;
  assert.deepEqual(rest, {
    appid: APP_ID,
    redirect_uri: HERE,
    response_type: "code",
    scope: "snsapi_login",
  });
  assert.equal(page.hash, "#wechat_redirect");
  const menshen = website.open(network.url);
  const back = `${HERE}?code=${await oauthCode()}&state=${state}`;
  const { user } = await website.backFromWeChat(menshen, back);
  assert.equal(user.identities[0].provider, "wechat_website");
  assert.deepEqual(addresses, ["/back"]);
});

test("whoever was sent there by somebody else is not signed in", async () => {
  network.seen.length = 0;
  const menshen = website.open(network.url);
  const code = await oauthCode();
  const uncalled = await failure(website.backFromWeChat(menshen, `${HERE}?code=${code}`));
  assert.match(uncalled.message, /重新扫码/);
  website.qrCodePage(APP_ID, HERE);
  const foreign = `${HERE}?code=${code}&state=00000000-0000-4000-8000-000000000000`;
  await failure(website.backFromWeChat(menshen, foreign));
  // The state is good once.
  const state = new URL(website.qrCodePage(APP_ID, HERE)).searchParams.get("state");
  await failure(website.backFromWeChat(menshen, foreign));
  await failure(website.backFromWeChat(menshen, `${HERE}?code=${code}&state=${state}`));
  assert.deepEqual(network.seen, []);
});

test("a native app keeps its session in the storage that it is given", async () => {
  const vault = new Map<string, string>();
  const encrypted = {
    getItemAsync: async (key: string) => vault.get(key) ?? null,
    setItemAsync: async (key: string, value: string) => void vault.set(key, value),
  };
  const menshen = app.open(network.url, encrypted);
  await menshen.sendCode("13300000009");
  await menshen.loginWithCode("13300000009", await service.smsCode("13300000009"));
  assert.equal((await menshen.devices())[0].client_type, "app");
  assert.equal(await app.open(network.url, encrypted).signedIn(), true);
  assert.ok([...vault.values()].some((value) => JSON.parse(value).tokens.refresh));
});
