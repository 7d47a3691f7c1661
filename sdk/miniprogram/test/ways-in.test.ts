import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { native, stage, start, web } from "./support/app";
import { failure } from "./support/failure";
import { gate, type Network } from "./support/network";
import { Phone } from "./support/phone";
import type { Service } from "./support/server";

let service: Service;
let network: Network;
let strike: () => void;

before(async () => {
  ({ service, network, strike } = await stage());
});
after(() => strike());

async function person(name: string, phone?: string): Promise<Phone> {
  await service.control("people", { name, ...(phone && { phone }) });
  return new Phone(service, name);
}

test("one tap signs in, again into the same account", async () => {
  const phone = await person("tapper");
  const app = start(phone, network);
  const first = await app.login();
  assert.equal(first.is_new_user, true);
  assert.equal(first.phone_required, false);
  assert.deepEqual(first.not_attached, []);
  assert.equal(first.user.identities[0]?.provider, "wechat_mini_program");
  assert.deepEqual(app.user, first.user);
  assert.ok(!("access_token" in first) && !("refresh_token" in first));
  const second = await app.login();
  assert.equal(second.is_new_user, false);
  assert.equal(second.user.id, first.user.id);
  assert.equal(phone.logins, 2, "each login has a code of its own");
});

test("a login takes the place of this installation's earlier session, with its device named", async () => {
  const phone = await person("replacer");
  await start(phone, network).login();
  const app = start(phone, network);
  await app.login();
  const devices = await app.devices();
  assert.equal(devices.length, 1);
  assert.equal(devices[0]?.device_name, "Xiaomi 15");
  assert.equal(devices[0]?.current, true);
  assert.equal(devices[0]?.client_type, "mini_program");
});

test("concurrent logins are one, with one code", async () => {
  const phone = await person("hasty");
  const app = start(phone, network);
  const asked = network.to("/v1/login/wechat").length;
  const logins = await Promise.all(Array.from({ length: 20 }, () => app.login()));
  assert.equal(new Set(logins.map((login) => login.session_id)).size, 1);
  assert.equal(network.to("/v1/login/wechat").length - asked, 1);
  assert.equal(phone.logins, 1);
});

test("a code that WeChat refuses is fetched once more, and no oftener", async () => {
  const phone = await person("unlucky");
  const app = start(phone, network);
  phone.loginGives = ["0a3Zs0000fVmTU1Kp4200abcde1Zs00q"];
  assert.equal((await app.login()).is_new_user, true);
  assert.equal(phone.logins, 2);
  phone.loginGives = ["0a3Zs0000fVmTU1Kp4200abcde1Zs00r", "0a3Zs0000fVmTU1Kp4200abcde1Zs00s"];
  const error = await failure(app.login());
  assert.equal(error.code, "wechat_code_invalid");
  assert.equal(error.status, 400);
  assert.match(error.request_id ?? "", /^[0-9a-z]{32}$/);
  assert.equal(phone.logins, 4);
});

test("a wx.login that fails says so", async () => {
  const phone = await person("offline");
  phone.loginFails = true;
  const error = await failure(start(phone, network).login());
  assert.equal(error.code, "wechat_login_failed");
  assert.equal(error.retryable, true);
});

test("the answer of a login that is lost is asked for again, and no second session is made", async () => {
  const phone = await person("tunnel");
  const app = start(phone, network);
  const asked = network.to("/v1/login/wechat").length;
  network.plan("/v1/login/wechat", "answer lost", 2);
  const login = await app.login();
  assert.equal(login.is_new_user, true);
  const sent = network.to("/v1/login/wechat").slice(asked);
  assert.equal(sent.length, 3);
  assert.equal(new Set(sent.map((seen) => seen.body)).size, 1, "the same code and body");
  assert.equal(new Set(sent.map((seen) => seen.headers["idempotency-key"])).size, 1);
  assert.equal((await app.devices()).length, 1);
});

test("the answer of an SMS login that is lost does not cost the code", async () => {
  const phone = await person("tunnel by sms");
  const app = start(phone, network);
  await app.sendCode("13700000001");
  network.plan("/v1/login/sms", "answer lost", 1);
  const login = await app.loginWithCode("13700000001", await service.smsCode("13700000001"));
  assert.equal(login.user.phone, "+8613700000001");
});

test("an app that goes into the background while it signs in is signed in when it comes back", async () => {
  const phone = await person("wanderer");
  const app = start(phone, network);
  const { opened, open } = gate();
  const asked = network.to("/v1/login/wechat").length;
  network.plan("/v1/login/wechat", { answeredAfter: opened });
  const login = app.login();
  await network.arrived("/v1/login/wechat", asked + 1);
  phone.hide();
  phone.show();
  assert.equal((await login).is_new_user, true);
  open();
});

test("the phone button signs in, and a second tap on the way is no second login", async () => {
  const phone = await person("button", "13700000010");
  const app = start(phone, network);
  const asked = network.to("/v1/login/wechat-phone").length;
  const event = await phone.tapPhoneButton();
  const [one, two] = await Promise.all([app.loginWithPhone(event), app.loginWithPhone(event)]);
  assert.equal(one.user.phone, "+8613700000010");
  assert.equal(one.session_id, two.session_id);
  assert.equal(network.to("/v1/login/wechat-phone").length - asked, 1);
});

test("a phone button that was refused names the reason, and asks nobody", async () => {
  const phone = await person("shy", "13700000011");
  const app = start(phone, network);
  const before = network.seen.length;
  const denied = await failure(
    app.loginWithPhone({ detail: { errMsg: "getPhoneNumber:fail user deny" } }),
  );
  assert.equal(denied.code, "phone_denied");
  assert.equal(denied.message, "请改用短信验证码");
  const empty = { errMsg: "getPhoneNumber:fail", errno: 1400001 };
  assert.equal((await failure(app.loginWithPhone({ detail: empty }))).code, "phone_denied");
  phone.privacy = { agreed: false };
  assert.deepEqual(await app.privacy(), { needed: true, name: "《门神演示隐私保护指引》" });
  const event = await phone.tapPhoneButton();
  const refused = await failure(app.loginWithPhone(event));
  assert.ok(refused.is("privacy_refused"));
  assert.equal(refused.message, "请先同意隐私保护指引");
  assert.equal((await failure(app.bindPhone(event))).code, "privacy_refused");
  phone.privacy = { agreed: true };
  assert.deepEqual((await app.privacy()).needed, false);
  assert.equal(network.seen.length, before);
  assert.equal(phone.logins, 0);
});

test("a base library without a privacy agreement needs none", async () => {
  const phone = await person("old");
  phone.privacy = null;
  const old = new Phone(service, "old");
  delete old.wx.getPrivacySetting;
  assert.deepEqual(await start(old, network).privacy(), { needed: false, name: "" });
});

test("an SMS code signs in with the tries of its own message, and links WeChat where asked", async () => {
  const phone = await person("texter");
  const app = start(phone, network);
  const sent = await app.sendCode("13700000020");
  assert.equal(sent.phone_masked, "137****0020");
  const wrong = await failure(app.loginWithCode("13700000020", "000000"));
  assert.ok(wrong.is("sms_code_incorrect"));
  assert.equal(wrong.attempts_left, 4);
  const code = await service.smsCode("13700000020");
  const login = await app.loginWithCode("13700000020", code, { wechat: true });
  const body = JSON.parse(network.to("/v1/login/sms").at(-1)?.body ?? "");
  assert.equal(body.challenge_id, sent.challenge_id);
  assert.equal(login.user.identities.length, 1);
  assert.equal((await app.login()).user.id, login.user.id, "one tap is the same person now");
});

test("two taps on the button that sends a code send one message", async () => {
  const app = start(await person("double tapper"), network);
  const asked = network.to("/v1/sms/codes").length;
  await Promise.all([app.sendCode("13700000021"), app.sendCode("13700000021")]);
  assert.equal(network.to("/v1/sms/codes").length - asked, 1);
});

test("messages come in the language that was asked for", async () => {
  const phone = await person("foreigner");
  const english = start(phone, network, { language: "en" });
  const chinese = start(phone, network);
  assert.equal((await failure(english.sendCode("1"))).message, "This is not a valid phone number");
  assert.equal((await failure(chinese.sendCode("1"))).message, "手机号不正确");
  assert.equal((await failure(english.me())).message, "Sign in first");
});

test("a native app and a website sign in with WeChat's OAuth2 code, and once", async () => {
  const oauth = (app_id?: string) =>
    service.control<{ code: string }>("wechat/oauth", { person: "bob", ...(app_id && { app_id }) });
  const memory = () => web().memoryStorage();
  const app = web().createClient({ baseUrl: network.url, clientType: "app", storage: memory() });
  const login = await app.loginWithOAuth((await oauth()).code);
  assert.equal(login.user.identities[0]?.provider, "wechat_app");
  const site = web().createClient({ baseUrl: network.url, storage: memory() });
  const { code } = await oauth("wx1a2b3c4d5e6f7089");
  const visits = await Promise.all([site.loginWithOAuth(code), site.loginWithOAuth(code)]);
  assert.equal(visits[0].session_id, visits[1].session_id);
  const [device] = (await site.devices()).filter(({ current }) => current);
  assert.equal(device?.client_type, "web");
});

test("a page that asks while the app is still signing in waits for it", async () => {
  const app = start(await person("impatient"), network);
  const login = app.login();
  const me = await app.me();
  assert.equal(me.id, (await login).user.id);
});

test("who is not signed in is told so, without a request", async () => {
  const app = start(await person("stranger"), network);
  const before = network.seen.length;
  const error = await failure(app.me());
  assert.ok(error.is("token_missing"));
  assert.equal(error.reason, "never");
  assert.equal(error.status, 401);
  assert.equal(error.message, "请先登录");
  assert.equal(await app.signedIn(), false);
  assert.equal(network.seen.length, before);
});

test("errors are a class that can be told apart, and can be thrown about as any error", async () => {
  const phone = await person("thrower");
  const sdk = native(phone);
  const error = await failure(sdk.createClient({ baseUrl: network.url }).me());
  assert.ok(error instanceof sdk.MenshenError);
  assert.ok(error instanceof Error);
  assert.equal(String(error), "MenshenError: 请先登录");
});
