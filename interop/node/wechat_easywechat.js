// node-easywechat, a WeChat SDK for Node, against the simulator: only `baseURL` of its HTTP options is set.

import { MiniApp } from "node-easywechat";

import { BASE, control, expect, finish, named, refused, step } from "./simulator.js";

const CLIENT = named("node-easywechat");

function client(secret = "fa4e0000000000000000000000000001") {
  const app = new MiniApp({
    app_id: "wx5f3a9c0d7e1b2a48",
    secret,
    use_stable_access_token: true,
    http: { baseURL: BASE, throw: false },
  });
  // Its own cache is a folder of files; here nothing is left behind.
  app.setCache(memoryCache());
  return app;
}

function memoryCache() {
  const held = new Map();
  return {
    get: async (key) => held.get(key) ?? null,
    set: async (key, value) => Boolean(held.set(key, value)),
    has: async (key) => held.has(key),
    delete: async (key) => held.delete(key),
  };
}

const errcode = (error) => `refused: ${/"errcode":(-?\d+)/.exec(error.message)?.[1]}`;
const app = client();

async function stableToken() {
  const first = await app.getAccessToken().refresh();
  const second = await app.getAccessToken().refresh();
  expect(second, first);
  const forced = await app.getAccessToken().getStableAccessToken(true);
  if (forced === first) throw new Error("force_refresh answered the old token");
  return `${first.length} characters, the same twice, another when forced`;
}

async function codeToSession() {
  const { code } = await control("wechat/login", { person: "bob" });
  const person = await app.getUtils().codeToSession(code);
  const data = await control("wechat/open-data", { person: "bob" });
  const clear = app.getUtils().decryptSession(person.session_key, data.iv, data.encrypted_data);
  expect(clear.watermark.appid, "wx5f3a9c0d7e1b2a48");
  return `openid ${person.openid.slice(0, 6)}…, its session_key opens the open data`;
}

async function phoneNumber() {
  const { code } = await control("wechat/phone", { person: "bob" });
  const answer = await app.getClient().postJson("/wxa/business/getuserphonenumber", { code });
  const found = answer.toObject();
  expect(found.errcode, 0);
  const again = await app.getClient().postJson("/wxa/business/getuserphonenumber", { code });
  expect(again.toObject().errcode, 40029);
  return `${expect(found.phone_info.purePhoneNumber, "13800138001")}, the code a second time refused: 40029`;
}

await step(CLIENT, "stable token", stableToken);
await step(CLIENT, "code2Session and open data", codeToSession);
await step(CLIENT, "code2Session, made-up code", async () =>
  expect(await refused(() => app.getUtils().codeToSession("made-up"), errcode), "refused: 40029"));
await step(CLIENT, "getuserphonenumber", phoneNumber);
await step(CLIENT, "stable token, wrong secret", async () =>
  expect(await refused(() => client("0".repeat(32)).getAccessToken().refresh(), errcode), "refused: 40125"));
finish();
