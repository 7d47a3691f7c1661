import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Menshen } from "../src/web";
import { stage, web } from "./support/app";
import { Browser } from "./support/browser";
import { failure } from "./support/failure";
import type { Network } from "./support/network";
import type { Service } from "./support/server";
import { until } from "./support/until";

const HOUR = 3_600_000;
const ORIGIN = "https://www.example.com";

let service: Service;
let network: Network;
let strike: () => void;

before(async () => {
  ({ service, network, strike } = await stage({ "server.cors_origins": `["${ORIGIN}"]` }));
});
after(() => strike());

let numbers = 13_300_000_000;

/** Signs somebody new in. */
async function signIn(client: Menshen): Promise<string> {
  numbers += 1;
  const number = String(numbers);
  await client.sendCode(number);
  const { user } = await client.loginWithCode(number, await service.smsCode(number));
  network.seen.length = 0;
  return user.id;
}

const open = (browser: Browser): Menshen => browser.tab().createClient({ baseUrl: network.url });

test("a website signs in, goes on after a reload, edits and signs out", async () => {
  const browser = new Browser();
  const page = open(browser);
  const id = await signIn(page);
  const reloaded = open(browser);
  assert.equal((await reloaded.me()).id, id);
  assert.equal((await reloaded.updateMe({ nickname: "小明" })).nickname, "小明");
  assert.equal((await reloaded.devices())[0]?.client_type, "web");
  assert.deepEqual(await reloaded.logout(), { ended: 1, confirmed: true });
  assert.equal(await open(browser).signedIn(), false);
});

test("tabs that find the token expired at once make one refresh", async () => {
  const browser = new Browser();
  const tabs = [open(browser), open(browser), open(browser)];
  await signIn(tabs[0] as Menshen);
  await Promise.all(tabs.map((tab) => tab.me()));
  browser.skew += HOUR;
  const calls = tabs.flatMap((tab) => Array.from({ length: 10 }, () => tab.me()));
  await Promise.all(calls);
  assert.equal(network.refreshes.length, 1);
});

test("a tab that sleeps with the lock holds nobody up for long", async () => {
  const browser = new Browser();
  const page = open(browser);
  const id = await signIn(page);
  browser.lockIsLost = true;
  browser.skew += HOUR;
  assert.equal((await page.me()).id, id);
});

test("a sign-out in one tab is a sign-out in all, and so is a login", async () => {
  const browser = new Browser();
  const [here, there] = [open(browser), open(browser)];
  const endings: string[] = [];
  there.onSignedOut((reason) => endings.push(reason));
  const first = await signIn(here);
  assert.equal((await there.me()).id, first);
  await here.logout();
  await until(() => endings.length);
  assert.deepEqual(endings, ["logout"]);
  assert.equal(there.user, null);
  const second = await signIn(here);
  assert.equal((await there.me()).id, second);
  assert.deepEqual(endings, ["logout"]);
});

test("somebody else who signs in in another tab is not taken for who was there", async () => {
  const browser = new Browser();
  const [here, there] = [open(browser), open(browser)];
  const first = await signIn(here);
  assert.equal((await there.me()).id, first);
  const second = await signIn(here);
  await until(async () => (await there.token()) === (await here.token()));
  assert.equal(there.user, null);
  assert.equal((await there.me()).id, second);
});

test("storage that is cleared in another tab signs out", async () => {
  const browser = new Browser();
  const page = open(browser);
  await signIn(page);
  const endings: string[] = [];
  page.onSignedOut((reason) => endings.push(reason));
  browser.clear();
  await until(() => endings.length);
  assert.deepEqual(endings, ["logout"]);
});

test("a browser that forbids storage keeps people signed in until the page is closed", async () => {
  const browser = new Browser();
  browser.forbidsStorage = true;
  const page = open(browser);
  const id = await signIn(page);
  browser.skew += HOUR;
  assert.equal((await page.me()).id, id);
  assert.equal(await open(browser).signedIn(), false);
});

test("a native app keeps its session in a storage of its own, and is an app", async () => {
  const values = new Map<string, string>();
  const storage = {
    getItem: async (key: string) => values.get(key) ?? null,
    setItem: async (key: string, value: string) => void values.set(key, value),
  };
  const start = () =>
    web().createClient({
      baseUrl: network.url,
      clientType: "app",
      deviceName: "小米 15",
      storage,
    });
  const id = await signIn(start());
  const app = start();
  assert.equal((await app.me()).id, id);
  const [device] = await app.devices();
  assert.equal(device?.client_type, "app");
  assert.equal(device?.device_name, "小米 15");
});

test("no network, no answer, and no JSON are told apart", async () => {
  const page = open(new Browser());
  network.plan("/v1/sms/codes", "unreachable");
  assert.equal((await failure(page.sendCode("13300000000"))).code, "network_error");
  const impatient = web().createClient({
    baseUrl: network.url,
    timeout: 100,
    storage: web().memoryStorage(),
  });
  network.plan("/v1/sms/codes", { answeredAfter: new Promise(() => {}) });
  assert.equal((await failure(impatient.sendCode("13300000000"))).code, "timeout");
  network.plan("/v1/sms/codes", { status: 504, body: "<h1>Gateway Timeout</h1>" });
  const error = await failure(page.sendCode("13300000000"));
  assert.equal(error.code, "bad_answer");
  assert.equal(error.retryable, true);
});

test("a query and a body are sent as in a mini-program", async () => {
  const page = open(new Browser());
  const anonymous = { auth: false };
  network.plan("/shop", { status: 200, body: "{}" }, 4);
  await page.request({ ...anonymous, url: "/shop", data: { name: "门 神&", none: undefined } });
  await page.request({ ...anonymous, url: "/shop?page=1", data: { size: 2 } });
  await page.request({ ...anonymous, url: "/shop", method: "POST", data: { item: "茶" } });
  const header = { "Content-Type": "text/plain" };
  await page.request({ ...anonymous, url: "/shop", method: "PUT", data: "茶", header });
  const [query, more, json, text] = network.to("/shop");
  assert.equal(query?.path, "/shop?name=%E9%97%A8+%E7%A5%9E%26");
  assert.equal(more?.path, "/shop?page=1&size=2");
  assert.equal(json?.body, '{"item":"茶"}');
  assert.equal(json?.headers["content-type"], "application/json");
  assert.equal(text?.headers["content-type"], "text/plain");
});

test("a browser may send from an allowed origin whatever the library sends", async () => {
  const page = open(new Browser());
  await signIn(page);
  await page.sendCode("13399999999");
  const code = await service.smsCode("13399999999");
  await page.loginWithCode("13399999999", code);
  await page.updateMe({ bio: null });
  const [device] = await page.devices();
  await page.signOutDevice(device?.id ?? "");
  const everyBrowser = ["accept", "accept-encoding", "accept-language", "cache-control"];
  const hops = ["connection", "content-length", "host", "pragma", "sec-fetch-mode", "user-agent"];
  const preflight = (path: string, method: string, headers: string[]) =>
    fetch(service.url + path, {
      method: "OPTIONS",
      headers: {
        origin: ORIGIN,
        "access-control-request-method": method,
        "access-control-request-headers": headers.join(","),
      },
    });
  for (const { method, path, headers } of network.seen) {
    const sent = Object.keys(headers);
    const asked = sent.filter((name) => ![...everyBrowser, ...hops].includes(name));
    const answer = await preflight(path, method, asked);
    assert.equal(answer.status, 200, `${method} ${path} with ${asked}`);
    assert.equal(answer.headers.get("access-control-allow-origin"), ORIGIN);
  }
  assert.ok(network.seen.some((seen) => seen.headers["x-http-method-override"] === "PATCH"));
  assert.ok(network.seen.some((seen) => seen.headers["idempotency-key"]));
  assert.notEqual((await preflight("/v1/me", "GET", ["x-not-allowed"])).status, 200);
});
