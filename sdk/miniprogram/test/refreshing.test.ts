import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { MiniProgram } from "../src/index";
import { stage, start } from "./support/app";
import { failure } from "./support/failure";
import { gate, type Network } from "./support/network";
import { Phone } from "./support/phone";
import type { Service } from "./support/server";
import { until } from "./support/until";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const REFRESH = "/v1/token/refresh";

let service: Service;
let network: Network;
let strike: () => void;

before(async () => {
  // Without the time of grace, nothing but the same token again can recover a lost answer.
  ({ service, network, strike } = await stage({ "tokens.refresh_grace": "0s" }));
});
after(() => strike());

let people = 0;

/** Somebody new, signed in; and what is heard when that ends. */
async function signedIn(): Promise<{ phone: Phone; app: MiniProgram; endings: string[] }> {
  people += 1;
  const name = `refresher ${people}`;
  await service.control("people", { name });
  const phone = new Phone(service, name);
  const app = start(phone, network);
  await app.login();
  network.heal();
  network.seen.length = 0;
  return { phone, app, endings: heard(app) };
}

function heard(app: MiniProgram): string[] {
  const endings: string[] = [];
  app.onSignedOut((reason) => endings.push(reason));
  return endings;
}

const presented = () => network.refreshes.map((seen) => JSON.parse(seen.body).refresh_token);

test("fifty calls at once over a token that has expired make one refresh", async () => {
  const { phone, app } = await signedIn();
  phone.skew += HOUR;
  const answers = await Promise.all(Array.from({ length: 50 }, () => app.me()));
  assert.equal(new Set(answers.map((user) => user.id)).size, 1);
  assert.equal(network.refreshes.length, 1);
  assert.equal(network.to("/v1/me").length, 50, "none was sent with the old token");
});

test("fifty calls at once over a token that the service refuses make one refresh, and all go well", async () => {
  const { phone } = await signedIn();
  phone.spoilToken();
  const app = start(phone, network);
  await Promise.all(Array.from({ length: 50 }, () => app.me()));
  assert.equal(network.refreshes.length, 1);
  const statuses = network.to("/v1/me").map((seen) => seen.status);
  assert.equal(statuses.filter((status) => status === 200).length, 50);
  assert.ok(
    statuses.filter((status) => status === 401).length <= 10,
    "no more than were under way",
  );
});

test("a refresh goes before fifty calls that wait for their turn", async () => {
  const { phone } = await signedIn();
  phone.spoilToken();
  const app = start(phone, network);
  await Promise.all(Array.from({ length: 50 }, () => app.me()));
  const place = network.seen.findIndex((seen) => seen.path === REFRESH);
  assert.ok(place <= 10, `it was request ${place}`);
});

test("a token that has really expired is renewed, though the device's clock stands still", async () => {
  const { phone, app, endings } = await signedIn();
  const token = await app.token();
  service.setClock(2 * 3600);
  try {
    assert.equal((await service.call("GET", "/v1/me", token)).status, 401);
    await Promise.all(Array.from({ length: 50 }, () => app.me()));
    assert.equal(network.refreshes.length, 1);
    assert.notEqual(phone.tokens?.access, token);
    assert.deepEqual(endings, []);
  } finally {
    service.setClock(0);
  }
});

test("a refresh whose answer is lost is repeated with the same token, and nobody notices", async () => {
  const { phone, app, endings } = await signedIn();
  phone.skew += HOUR;
  network.plan(REFRESH, "answer lost");
  await app.me();
  assert.equal(new Set(presented()).size, 1);
  assert.equal(network.refreshes.length, 2);
  assert.deepEqual(endings, []);
});

test("a refresh whose answers are all lost fails for now, and recovers with the same token later", async () => {
  const { phone, app, endings } = await signedIn();
  phone.skew += HOUR;
  network.plan(REFRESH, "answer lost", 3);
  const error = await failure(app.me());
  assert.equal(error.code, "network_error");
  assert.equal(error.retryable, true);
  assert.equal(error.reason, undefined);
  assert.equal(await app.signedIn(), true);
  await app.me();
  assert.equal(new Set(presented()).size, 1);
  assert.equal(network.refreshes.length, 4);
  assert.deepEqual(endings, []);
});

test("an app that was closed before the answer came goes on after its next start", async () => {
  const { phone, app } = await signedIn();
  phone.skew += HOUR;
  network.plan(REFRESH, "answer lost", 3);
  await failure(app.me());
  const restarted = start(phone, network);
  const endings = heard(restarted);
  await restarted.me();
  assert.equal(new Set(presented()).size, 1);
  assert.deepEqual(endings, []);
});

test("a refresh that the background interrupts goes on in the foreground", async () => {
  const { phone, app, endings } = await signedIn();
  phone.skew += HOUR;
  const { opened, open } = gate();
  network.plan(REFRESH, { answeredAfter: opened });
  const me = app.me();
  await network.arrived(REFRESH);
  phone.hide();
  phone.show();
  await me;
  open();
  assert.equal(new Set(presented()).size, 1);
  assert.deepEqual(endings, []);
});

test("a refresh that fails while the app stays in the background fails for now, and signs nobody out", async () => {
  const { phone, app, endings } = await signedIn();
  phone.skew += HOUR;
  phone.hide();
  const error = await failure(app.me());
  assert.equal(error.code, "interrupted");
  phone.show();
  await app.me();
  assert.deepEqual(endings, []);
});

test("a clock that is wrong by a day from the start makes no refresh", async () => {
  for (const skew of [-DAY, DAY]) {
    const { phone } = await signedIn();
    phone.skew = skew;
    const app = start(phone, network);
    await app.login();
    await app.me();
    await start(phone, network).me();
    assert.equal(network.refreshes.length, 0);
  }
});

test("a clock that is set by a day makes one refresh, and no more", async () => {
  for (const jump of [-DAY, DAY]) {
    const { phone, app, endings } = await signedIn();
    phone.skew += jump;
    await app.me();
    await app.me();
    await start(phone, network).me();
    assert.equal(network.refreshes.length, 1, `${jump}`);
    assert.deepEqual(endings, []);
  }
});

test("whatever is no answer of the service signs nobody out", async () => {
  const html = { headers: { "content-type": "text/html" }, body: "<h1>Welcome to Free WiFi</h1>" };
  const said = (code: string) => ({ headers: {}, body: JSON.stringify({ code, message: "?" }) });
  const strange = [
    { status: 200, ...html },
    { status: 200, headers: {}, body: '{"code":"ok"}' },
    { status: 401, ...html },
    { status: 401, ...said("not_ours") },
    { status: 403, ...html },
    { status: 403, ...said("refresh_token_invalid") },
    { status: 404, ...said("not_found") },
    { status: 500, ...said("internal") },
    { status: 502, ...html },
    { status: 503, ...said("unavailable") },
  ];
  const { phone, app, endings } = await signedIn();
  for (const answer of strange) {
    phone.skew += HOUR;
    network.plan(REFRESH, answer, 3);
    const error = await failure(app.me());
    assert.equal(error.reason, undefined, JSON.stringify(answer));
    assert.equal(error.status, answer.status);
    assert.ok(error.message, "there is something to show");
    network.heal();
    await app.me();
  }
  assert.deepEqual(endings, []);
});

test("a short Retry-After is waited for", async () => {
  const { phone, app } = await signedIn();
  phone.skew += HOUR;
  phone.hasty = false;
  const busy = { code: "unavailable", message: "?", retry_after: 1 };
  network.plan(REFRESH, { status: 503, body: JSON.stringify(busy) });
  const began = Date.now();
  await app.me();
  assert.ok(Date.now() - began >= 1000);
  assert.equal(network.refreshes.length, 2);
});

test("a long Retry-After is told to all, and nothing is asked before", async () => {
  for (const headerNames of ["as sent", "capitals"] as const) {
    const { phone, app, endings } = await signedIn();
    phone.headerNames = headerNames;
    phone.skew += HOUR;
    // Without an envelope, as a gateway says it.
    network.plan(REFRESH, { status: 429, headers: { "retry-after": "4" }, body: "slow down" });
    for (let call = 0; call < 5; call += 1) {
      const error = await failure(app.me());
      assert.equal(error.retry_after, 4);
      assert.equal(error.status, 429);
    }
    assert.equal(network.refreshes.length, 1);
    await until(() => app.me().catch(() => null), "it does not come back");
    assert.equal(network.refreshes.length, 2);
    assert.deepEqual(endings, []);
  }
});

test("a refresh ahead of its time may fail: the token is still good", async () => {
  const { phone, app } = await signedIn();
  phone.skew += HOUR - 30_000;
  network.plan(REFRESH, "unreachable", 3);
  await app.me();
  assert.equal(network.refreshes.length, 3);
  await app.me();
  assert.equal(network.refreshes.length, 4, "with less than a minute left it is renewed");
});

test("a copy that slept through other refreshes goes on with what is stored, and asks nobody", async () => {
  const { phone, app, endings } = await signedIn();
  const sleeper = start(phone, network);
  await sleeper.me();
  for (let round = 0; round < 3; round += 1) {
    phone.skew += HOUR;
    await app.me();
  }
  assert.equal(network.refreshes.length, 3);
  await sleeper.me();
  assert.equal(network.refreshes.length, 3);
  assert.deepEqual(endings.concat(heard(sleeper)), []);
});

test("two copies of the library that refresh at once share the session", async () => {
  const forgiving = await stage();
  try {
    const phone = new Phone(forgiving.service);
    const one = start(phone, forgiving.network);
    const two = start(phone, forgiving.network);
    await one.login();
    await two.me();
    const endings = [...heard(one), ...heard(two)];
    for (let round = 0; round < 5; round += 1) {
      phone.skew += HOUR;
      await Promise.all([one.me(), two.me(), one.me(), two.me()]);
    }
    assert.deepEqual(endings, []);
    assert.equal((await one.devices()).length, 1);
    assert.ok(forgiving.network.refreshes.length <= 10);
  } finally {
    forgiving.strike();
  }
});

test("a refused token is no end where somebody else has stored another one meanwhile", async () => {
  const { phone, app, endings } = await signedIn();
  const other = start(phone, network);
  phone.skew += HOUR;
  const { opened, open } = gate();
  // What a replaced token may be told.
  const refusal = JSON.stringify({ code: "refresh_token_invalid", message: "?" });
  network.plan(REFRESH, { status: 401, body: refusal, after: opened });
  const me = app.me();
  await network.arrived(REFRESH);
  await other.me();
  open();
  await me;
  assert.deepEqual(endings, []);
});

test("a backend that refuses every token gets each call twice, and signs nobody out", async () => {
  const { app, endings } = await signedIn();
  network.plan("/orders", { status: 401, body: '{"error":"no"}' }, 4);
  for (let call = 0; call < 2; call += 1) {
    const error = await failure(app.request({ url: "/orders" }));
    assert.equal(error.status, 401);
    assert.deepEqual(error.data, { error: "no" });
  }
  assert.equal(network.to("/orders").length, 4);
  assert.equal(network.refreshes.length, 2);
  assert.deepEqual(endings, []);
});
