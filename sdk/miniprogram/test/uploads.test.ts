import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { stage, start, web } from "./support/app";
import { failure } from "./support/failure";
import type { Network } from "./support/network";
import { Phone } from "./support/phone";
import { PIXEL } from "./support/pixel";
import type { Service } from "./support/server";

const ROUTE = "/v1/me/avatar";
const PICTURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0xff, 0x00, 0x80]);
const PATH = "http://tmp/wx5f3a9c0d7e1b2a48.png";

let service: Service;
let network: Network;
let strike: () => void;

before(async () => {
  ({ service, network, strike } = await stage());
});
after(() => strike());

async function owner(name: string) {
  await service.control("people", { name });
  const phone = new Phone(service, name);
  phone.files.set(PATH, PICTURE);
  const app = start(phone, network);
  const { user } = await app.login();
  network.seen.length = 0;
  return { phone, app, user };
}

const answer = (status: number, body: object) => ({ status, body: JSON.stringify(body) });

test("a picked file is sent as it is, with a token, and the account is answered", async () => {
  const { app, phone, user } = await owner("portrait");
  const changed = { ...user, avatar_url: "https://example.com/a" };
  network.plan(ROUTE, answer(200, { code: "ok", message: "", data: changed }));
  assert.deepEqual(await app.uploadAvatar(PATH), changed);
  assert.deepEqual(app.user, changed);
  const [seen] = network.to(ROUTE);
  assert.equal(seen?.method, "POST");
  assert.equal(seen?.headers.authorization, `Bearer ${phone.tokens?.access}`);
  assert.match(String(seen?.headers["content-type"]), /^multipart\/form-data; boundary=/);
  assert.ok(seen?.bytes.includes(PICTURE));
  assert.match(seen?.body ?? "", /name="file"; filename="wx5f3a9c0d7e1b2a48.png"/);
});

test("a picture is kept by the service, drawn anew, and shown at its address", async () => {
  const { app, phone, user } = await owner("sitter");
  phone.files.set(PATH, PIXEL);
  const changed = await app.uploadAvatar(PATH);
  assert.equal(changed.id, user.id);
  const shown = await fetch(String(changed.avatar_url));
  assert.equal(shown.status, 200);
  assert.match(String(shown.headers.get("content-type")), /^image\/(png|jpeg|webp)$/);
  assert.equal((await app.me()).avatar_url, changed.avatar_url);
  const page = web().createClient({ baseUrl: network.url, storage: web().memoryStorage() });
  await page.sendCode("13100000002");
  await page.loginWithCode("13100000002", await service.smsCode("13100000002"));
  const own = await page.uploadAvatar(new Blob([PIXEL], { type: "image/png" }));
  assert.notEqual(own.avatar_url, changed.avatar_url);
});

test("what is no picture is refused in the service's words", async () => {
  const { app, phone } = await owner("forger");
  phone.files.set(PATH, Buffer.from("<html>no picture</html>"));
  const refused = await failure(app.uploadAvatar(PATH));
  assert.equal(refused.code, "unsupported_media_type");
  assert.ok(refused.request_id);
});

test("a refused token is refreshed once, and the file is sent again", async () => {
  const { app, phone, user } = await owner("again");
  phone.spoilToken();
  const restarted = start(phone, network);
  network.plan(ROUTE, answer(401, { code: "token_invalid", message: "" }));
  network.plan(ROUTE, answer(200, { code: "ok", message: "", data: user }));
  assert.equal((await restarted.uploadAvatar(PATH)).id, user.id);
  assert.equal(network.refreshes.length, 1);
  const tokens = network.to(ROUTE).map(({ headers }) => headers.authorization);
  assert.equal(new Set(tokens).size, 2);
  assert.ok(network.to(ROUTE).every(({ bytes }) => bytes.includes(PICTURE)));
  assert.ok(await app.signedIn());
});

test("what the service refuses is its code, and a gateway's page is none", async () => {
  const { app } = await owner("refused");
  const message = "内容过大";
  network.plan(ROUTE, answer(413, { code: "payload_too_large", message, request_id: "r" }));
  const large = await failure(app.uploadAvatar(PATH));
  assert.deepEqual(
    [large.code, large.message, large.status, large.retryable],
    ["payload_too_large", message, 413, false],
  );
  network.plan(ROUTE, { status: 413, body: "<html>nginx</html>" });
  const page = await failure(app.uploadAvatar(PATH));
  assert.deepEqual([page.code, page.status], ["bad_answer", 413]);
});

test("a file that is gone and a lost answer are failures that may be tried again", async () => {
  const { app } = await owner("cut off");
  const gone = await failure(app.uploadAvatar("http://tmp/gone.png"));
  assert.deepEqual([gone.code, gone.status], ["network_error", 0]);
  network.plan(ROUTE, "answer lost");
  const lost = await failure(app.uploadAvatar(PATH));
  assert.deepEqual([lost.code, lost.retryable], ["network_error", true]);
  // What acts is not sent again by itself.
  assert.equal(network.to(ROUTE).length, 1);
});

test("nobody uploads without being signed in", async () => {
  const phone = new Phone(service, "alice");
  phone.files.set(PATH, PICTURE);
  assert.equal((await failure(start(phone, network).uploadAvatar(PATH))).code, "token_missing");
});

test("a browser uploads what a file holds, as a form of its own making", async () => {
  const { createClient, memoryStorage } = web();
  const page = createClient({ baseUrl: network.url, storage: memoryStorage() });
  await page.sendCode("13100000001");
  const { user } = await page.loginWithCode("13100000001", await service.smsCode("13100000001"));
  network.seen.length = 0;
  network.plan(ROUTE, answer(200, { code: "ok", message: "", data: user }));
  assert.equal((await page.uploadAvatar(new Blob([PICTURE]))).id, user.id);
  const [seen] = network.to(ROUTE);
  assert.match(String(seen?.headers["content-type"]), /^multipart\/form-data; boundary=/);
  assert.ok(seen?.bytes.includes(PICTURE));
  assert.match(seen?.body ?? "", /name="file"/);
});

test("an account is closed, says until when, and is taken back by a login", async () => {
  const { app, user } = await owner("leaver");
  const reasons: string[] = [];
  app.onSignedOut((reason) => reasons.push(reason));
  const { purge_at } = await app.closeAccount();
  assert.ok(Date.parse(purge_at) > Date.now() + 14 * 86_400_000);
  assert.deepEqual(reasons, ["cancelled"]);
  assert.equal(await app.signedIn(), false);
  const refused = await failure(app.login());
  assert.deepEqual([refused.code, refused.purge_at], ["account_cancelling", purge_at]);
  assert.equal((await app.login({ restore: true })).user.id, user.id);
});
