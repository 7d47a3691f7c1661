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
const REFRESH = "/v1/token/refresh";

let service: Service;
let network: Network;
let strike: () => void;

before(async () => {
  ({ service, network, strike } = await stage({ "sessions.max_per_client_type": "2" }));
});
after(() => strike());

let people = 0;

interface Stage {
  phone: Phone;
  app: MiniProgram;
  name: string;
  endings: [string, string][];
}

/** Somebody new, signed in; and what is heard when that ends. */
async function signedIn(number?: string): Promise<Stage> {
  people += 1;
  const name = `leaver ${people}`;
  await service.control("people", { name, ...(number && { phone: number }) });
  const phone = new Phone(service, name);
  const app = start(phone, network);
  await app.login();
  network.heal();
  network.seen.length = 0;
  return { phone, app, name, endings: heard(app) };
}

function heard(app: MiniProgram): [string, string][] {
  const endings: [string, string][] = [];
  app.onSignedOut((reason, error) => endings.push([reason, error.message]));
  return endings;
}

const another = (stage: Stage) => start(new Phone(service, stage.name), network);

const isDead = async (refresh_token: string) => {
  const answer = await service.call("POST", REFRESH, undefined, { refresh_token });
  return answer.status === 401;
};

test("a sign-out from another device reaches the page once, however many calls were made", async () => {
  const here = await signedIn();
  const there = another(here);
  await there.login();
  assert.equal((await there.logout("others")).ended, 1);
  const errors = await Promise.all(Array.from({ length: 20 }, () => failure(here.app.me())));
  for (const error of errors) {
    assert.ok(error.is("session_revoked"));
    assert.equal(error.reason, "signed_out");
    assert.equal(error.retryable, false);
  }
  assert.deepEqual(here.endings, [["signed_out", "登录已失效，请重新登录"]]);
  assert.equal(here.phone.tokens, null);
  assert.equal(await here.app.signedIn(), false);
  assert.equal(here.app.user, null);
  const asked = network.seen.length;
  assert.equal((await failure(here.app.me())).reason, "signed_out", "the reason is remembered");
  assert.equal(network.seen.length, asked);
});

test("who is signed out can sign in again, and be signed out again", async () => {
  const here = await signedIn();
  const there = another(here);
  await there.login();
  for (let round = 1; round <= 2; round += 1) {
    await there.logout("others");
    await failure(here.app.me());
    await until(() => here.endings.length === round);
    await here.app.login();
    await here.app.me();
  }
});

test("a newer login that takes the place is told as that", async () => {
  const here = await signedIn();
  await another(here).login();
  await another(here).login();
  await failure(here.app.me());
  assert.deepEqual(here.endings, [["replaced", "账号已在其他设备登录"]]);
});

test("a copy of the token that somebody else uses ends the session for both", async () => {
  const here = await signedIn();
  const stolen = here.phone.tokens?.refresh ?? "";
  const next = await (
    await service.call("POST", REFRESH, undefined, { refresh_token: stolen })
  ).json();
  const body = { refresh_token: next.data.refresh_token };
  await service.call("POST", REFRESH, undefined, body);
  here.phone.skew += HOUR;
  const error = await failure(here.app.me());
  assert.equal(error.code, "refresh_token_reused");
  assert.deepEqual(here.endings, [["reused", "登录已失效，请重新登录"]]);
});

test("a session that was not used for too long is told as that", async () => {
  const here = await signedIn();
  service.setClock(40 * 24 * 3600);
  try {
    here.phone.skew += HOUR;
    const error = await failure(here.app.me());
    assert.equal(error.code, "refresh_token_expired");
    assert.deepEqual(here.endings, [["expired", "登录已失效，请重新登录"]]);
  } finally {
    service.setClock(0);
  }
});

test("a session of another service is no session", async () => {
  const here = await signedIn();
  const kept = { tokens: { ...here.phone.tokens, refresh: "mrt_made_up", ttl: 1, at: 1 } };
  here.phone.storage.set("menshen", { data: JSON.stringify(kept), sealed: true });
  const app = start(here.phone, network);
  const endings = heard(app);
  assert.equal((await failure(app.me())).code, "refresh_token_invalid");
  assert.deepEqual(endings, [["invalid", "登录已失效，请重新登录"]]);
});

test("signing out tells the service, forgets the tokens, and is told to the page", async () => {
  const here = await signedIn();
  const { refresh } = here.phone.tokens ?? { refresh: "" };
  assert.deepEqual(await here.app.logout(), { ended: 1, confirmed: true });
  assert.equal(here.phone.tokens, null);
  assert.ok(await isDead(refresh));
  assert.deepEqual(
    here.endings.map(([reason]) => reason),
    ["logout"],
  );
  assert.equal((await failure(here.app.me())).reason, "logout");
  assert.deepEqual(await here.app.logout(), { ended: 0, confirmed: true }, "twice is no error");
  assert.equal(await start(here.phone, network).signedIn(), false);
});

test("signing out with a token that has expired ends the session all the same", async () => {
  const here = await signedIn();
  const { refresh } = here.phone.tokens ?? { refresh: "" };
  service.setClock(2 * 3600);
  try {
    assert.deepEqual(await here.app.logout(), { ended: 1, confirmed: true });
    assert.ok(await isDead(refresh));
  } finally {
    service.setClock(0);
  }
});

test("signing out offline is done at once, and says that nobody was told", async () => {
  const here = await signedIn();
  network.plan("/v1/logout", "unreachable", 9);
  const leaving = here.app.logout();
  await until(() => here.phone.tokens === null);
  assert.deepEqual(await leaving, { ended: 0, confirmed: false });
});

test("signing out while calls wait for a refresh fails them, and its tokens are not kept", async () => {
  const here = await signedIn();
  const { refresh } = here.phone.tokens ?? { refresh: "" };
  here.phone.skew += HOUR;
  const { opened, open } = gate();
  network.plan(REFRESH, { answeredAfter: opened });
  const waiting = Promise.all(Array.from({ length: 30 }, () => failure(here.app.me())));
  await network.arrived(REFRESH);
  const left = await here.app.logout();
  open();
  for (const error of await waiting) assert.equal(error.reason, "logout");
  assert.equal(left.confirmed, true);
  assert.equal(here.phone.tokens, null);
  assert.equal(network.to("/v1/me").length, 0);
  assert.ok(await isDead(refresh));
  assert.deepEqual(
    here.endings.map(([reason]) => reason),
    ["logout"],
  );
});

test("signing out during a login waits for it, and leaves nothing behind", async () => {
  const here = await signedIn();
  await here.app.logout();
  const login = here.app.login();
  const left = await here.app.logout();
  await login;
  assert.deepEqual(left, { ended: 1, confirmed: true });
  assert.equal(await here.app.signedIn(), false);
});

test("all devices are signed out by the word of the service only", async () => {
  const here = await signedIn();
  const there = another(here);
  await there.login();
  network.plan("/v1/logout", "unreachable", 9);
  assert.equal((await failure(here.app.logout("all"))).code, "network_error");
  assert.equal(await here.app.signedIn(), true);
  network.heal();
  assert.deepEqual(await here.app.logout("all"), { ended: 2, confirmed: true });
  assert.equal(await here.app.signedIn(), false);
  assert.equal((await failure(there.me())).reason, "signed_out");
});

test("one device can be signed out from the list", async () => {
  const here = await signedIn();
  const there = another(here);
  await there.login();
  const other = (await here.app.devices()).find((device) => !device.current);
  assert.equal((await here.app.signOutDevice(other?.id ?? "")).ended, 1);
  assert.equal((await here.app.devices()).length, 1);
  const gone = await failure(here.app.signOutDevice("not a device"));
  assert.equal(gone.code, "not_found");
});

test("the late refusal of an old session does not end the new one", async () => {
  const here = await signedIn();
  const there = another(here);
  await there.login();
  await there.logout("others");
  const { opened, open } = gate();
  network.plan("/v1/me", { answeredAfter: opened });
  const late = here.app.me();
  await network.arrived("/v1/me");
  await here.app.login();
  open();
  assert.ok((await late).id, "it was sent again with the new session");
  assert.deepEqual(here.endings, []);
});

test("calls during a login that replaces the session wait for it", async () => {
  const here = await signedIn();
  const { opened, open } = gate();
  network.plan("/v1/login/wechat", { answeredAfter: opened });
  const login = here.app.login();
  await until(() => network.to("/v1/login/wechat")[0]?.status === 200);
  const me = here.app.me();
  await until(() => network.to("/v1/me")[0]?.status === 401);
  // As long as a refresh would take, and longer.
  await failure(here.app.sendCode("1"));
  await failure(here.app.sendCode("1"));
  open();
  assert.equal((await me).id, (await login).user.id);
  assert.equal(network.refreshes.length, 0);
  assert.deepEqual(here.endings, []);
});

test("a listener that fails keeps the news from nobody, and one that ended hears nothing", async () => {
  const here = await signedIn();
  const heardBy: string[] = [];
  here.app.onSignedOut(() => {
    throw new Error("a mistake of the page");
  });
  here.app.onSignedOut(() => heardBy.push("second"));
  here.app.onSignedOut(() => heardBy.push("ended"))();
  await here.app.logout();
  await until(() => here.phone.uncaught.length, "the mistake is swallowed");
  assert.deepEqual(here.phone.uncaught, ["Error: a mistake of the page"]);
  assert.deepEqual(heardBy, ["second"]);
});
