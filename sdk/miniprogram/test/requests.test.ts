import assert from "node:assert/strict";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import type { MiniProgram } from "../src/index";
import { stage, start } from "./support/app";
import { failure } from "./support/failure";
import { gate, type Network } from "./support/network";
import { Phone } from "./support/phone";
import type { Service } from "./support/server";

let service: Service;
let network: Network;
let backend: http.Server;
let apiUrl: string;
let strike: () => void;

/** What the backend was asked, and how it answers. */
const asked: { method: string; url: string; headers: http.IncomingHttpHeaders; body: string }[] =
  [];
let answers = (_url: string): { status: number; body: string } => ({ status: 200, body: "{}" });

before(async () => {
  ({ service, network, strike } = await stage());
  backend = http.createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method = "", url = "", headers } = request;
    asked.push({ method, url, headers, body: Buffer.concat(chunks).toString() });
    const { status, body } = answers(url);
    response.writeHead(status, { "content-type": "application/json" }).end(body);
  });
  await new Promise<void>((done) => backend.listen(0, "127.0.0.1", done));
  apiUrl = `http://127.0.0.1:${(backend.address() as AddressInfo).port}/shop`;
});
after(() => {
  strike();
  backend.close();
  backend.closeAllConnections?.();
});

async function signedIn(name: string): Promise<{ phone: Phone; app: MiniProgram }> {
  await service.control("people", { name });
  const phone = new Phone(service, name);
  const app = start(phone, network, { apiUrl });
  await app.login();
  asked.length = 0;
  return { phone, app };
}

test("a call of one's own backend carries the token, and comes back as wx.request would", async () => {
  const { app } = await signedIn("customer");
  answers = () => ({ status: 200, body: '{"orders":[1,2]}' });
  const answer = await app.request<{ orders: number[] }>({
    url: "/orders",
    data: { page: 2, name: "门 神&" },
    header: { "X-Shop": "7" },
  });
  assert.equal(answer.statusCode, 200);
  assert.deepEqual(answer.data.orders, [1, 2]);
  assert.equal(answer.header["content-type"], "application/json");
  const [seen] = asked;
  const url = new URL(seen?.url ?? "", "http://shop");
  assert.equal(url.pathname, "/shop/orders");
  assert.deepEqual(Object.fromEntries(url.searchParams), { page: "2", name: "门 神&" });
  assert.equal(seen?.headers.authorization, `Bearer ${await app.token()}`);
  assert.equal(seen?.headers["x-shop"], "7");
});

test("a body goes as JSON, and text as it is", async () => {
  const { app } = await signedIn("buyer");
  await app.request({ url: "/orders", method: "POST", data: { item: "茶", count: 2 } });
  await app.request({ url: "/notes", method: "PUT", data: "plain words" });
  assert.deepEqual(JSON.parse(asked[0]?.body ?? ""), { item: "茶", count: 2 });
  assert.equal(asked[0]?.headers["content-type"], "application/json");
  assert.equal(asked[1]?.body, "plain words");
});

test("a token goes to the service and to one's own backend, and never anywhere else", async () => {
  const { app } = await signedIn("careful");
  const { port } = new URL(apiUrl);
  const foreign = [
    "https://evil.example/orders",
    `http://127.0.0.1:${port}/other`,
    `http://127.0.0.1:${port}/shopping`,
    `${network.url}@evil.example/`,
    `${network.url}.evil.example/`,
    "//evil.example/",
    "orders",
  ];
  for (const url of foreign.filter((url) => !url.startsWith("//"))) {
    const error = await failure(app.request({ url }));
    assert.ok(error.is("foreign_address"), url);
    assert.match(error.message, /is not below apiUrl/);
  }
  assert.equal(asked.length, 0);
  await app.request({ url: "//evil.example/" });
  assert.equal(asked[0]?.url, "/shop//evil.example/", "a path is a path");
  await app.request({ url: `http://127.0.0.1:${port}/other`, auth: false });
  assert.equal(asked[1]?.headers.authorization, undefined);
});

test("a failure of one's own backend is an error with its status and its body", async () => {
  const { app } = await signedIn("complainer");
  answers = () => ({ status: 422, body: '{"code":"sold_out","message":"卖完了"}' });
  const error = await failure(app.request({ url: "/orders", method: "POST", data: {} }));
  assert.equal(error.code, "sold_out");
  assert.equal(error.message, "卖完了");
  assert.equal(error.status, 422);
  assert.equal(error.retryable, false);
  assert.equal(asked.length, 1);
  answers = () => ({ status: 500, body: "oops" });
  const page = await failure(app.request({ url: "/orders" }));
  assert.equal(page.code, "bad_answer");
  assert.equal(page.data, "oops");
  answers = () => ({ status: 200, body: "{}" });
});

test("what only reads is asked again after an interruption, and what acts is not", async () => {
  const { phone, app } = await signedIn("roamer");
  for (const [call, times] of [
    [() => app.me(), 2],
    [() => app.updateMe({ bio: "在路上" }), 1],
  ] as const) {
    network.seen.length = 0;
    const { opened, open } = gate();
    network.plan("/v1/me", { arrivesAfter: opened });
    const outcome = call().then(
      () => "done",
      (error) => error.code,
    );
    await network.arrived("/v1/me");
    phone.hide();
    phone.show();
    assert.equal(await outcome, times === 2 ? "done" : "interrupted");
    open();
    assert.equal(network.to("/v1/me").length, times);
  }
});

test("no more requests are under way than WeChat allows, and all of them arrive", async () => {
  const { phone, app } = await signedIn("busy");
  await Promise.all(
    Array.from({ length: 60 }, (_, index) => app.request({ url: `/slow/${index}` })),
  );
  assert.equal(asked.length, 60);
  assert.equal(phone.refused, 0);
  assert.ok(phone.busiest <= 10 && phone.busiest > 1, `${phone.busiest} at once`);
});

test("a request that never calls back is given up", async () => {
  const { phone } = await signedIn("hanging");
  phone.wx.request = () => undefined;
  const app = start(phone, network, { timeout: 100 });
  const error = await failure(app.sendCode("13500000001"));
  assert.equal(error.code, "timeout");
  assert.equal(error.retryable, true);
});

test("an answer that takes too long is a timeout", async () => {
  const { phone } = await signedIn("slow");
  const app = start(phone, network, { timeout: 200 });
  const { opened, open } = gate();
  network.plan("/v1/sms/codes", { answeredAfter: opened });
  assert.equal((await failure(app.sendCode("13500000001"))).code, "timeout");
  open();
});

test("the profile is edited though wx.request has no PATCH", async () => {
  const { app } = await signedIn("painter");
  const change = { nickname: "小明", bio: "第一行\n第二行" };
  const user = await app.updateMe(change);
  assert.equal(user.nickname, "小明");
  assert.equal(app.user?.bio, "第一行\n第二行");
  assert.equal((await app.updateMe({ bio: null })).bio, null);
  const error = await failure(app.updateMe({ birthday: "soon" }));
  assert.ok(error.is("invalid_request"));
  assert.equal(error.errors[0]?.field, "birthday");
});

test("limits and outages of the service come with when to try again", async () => {
  const limited = await stage({ "sms.resend_interval": "60s" });
  try {
    const app = start(new Phone(limited.service), limited.network);
    await app.sendCode("13500000009");
    const error = await failure(app.sendCode("13500000009"));
    assert.ok(error.is("sms_too_frequent"));
    assert.ok(error.retry_after > 50 && error.retry_after <= 60);
    assert.equal(error.retryable, true);
    await limited.service.control("faults", { target: "sns/jscode2session", errcode: -1 }, "PUT");
    const down = await failure(app.login());
    assert.equal(down.status, 503);
    assert.equal(down.code, "wechat_unavailable");
    assert.equal(down.retryable, true);
    await limited.service.control("faults", undefined, "DELETE");
  } finally {
    limited.strike();
  }
});

test("every request has a name that is in the log of the service", async () => {
  const { app } = await signedIn("named");
  network.plan("/v1/me", "unreachable", 2);
  const error = await failure(app.me());
  const [, second] = network.to("/v1/me").slice(-2);
  assert.equal(error.request_id, second?.headers["x-request-id"]);
});
