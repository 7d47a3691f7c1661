import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { MiniProgram } from "../src/index";
import { stage, start } from "./support/app";
import { failure } from "./support/failure";
import { gate, type Network } from "./support/network";
import { Phone } from "./support/phone";
import type { Service } from "./support/server";
import { until } from "./support/until";

let service: Service;
let network: Network;
let strike: () => void;

before(async () => {
  ({ service, network, strike } = await stage({
    "accounts.require_phone": "always",
    "accounts.consent_version": "2026-01",
    "accounts.wechat_phone": "sms_confirm",
  }));
});
after(() => strike());

const terms = { consent: "2026-01" };

async function visitor(name: string, number?: string): Promise<{ phone: Phone; app: MiniProgram }> {
  await service.control("people", { name, ...(number && { phone: number }) });
  const phone = new Phone(service, name);
  return { phone, app: start(phone, network) };
}

/** Somebody who has signed in with a number before. */
async function resident(name: string, number: string): Promise<MiniProgram> {
  const { app } = await visitor(name);
  await app.sendCode(number);
  await app.loginWithCode(number, await service.smsCode(number), terms);
  return app;
}

test("terms that are still to be agreed to are named, and the login goes on with them", async () => {
  const { app } = await visitor("newcomer");
  const error = await failure(app.login());
  assert.ok(error.is("consent_required"));
  assert.equal(error.version, "2026-01");
  assert.equal((await app.login(terms)).is_new_user, true);
});

test("who owes a phone number is told so, and gets a better session by binding one", async () => {
  const { app } = await visitor("debtor");
  const login = await app.login(terms);
  assert.equal(login.phone_required, true);
  const refused = await failure(app.request({ url: "/v1/auth/verify" }));
  assert.ok(refused.is("phone_required"));
  await app.sendCode("13600000001", "bind_phone");
  const sent = await service.smsCode("13600000001");
  const bound = await app.bindPhone({ phone: "13600000001", code: sent });
  assert.equal(bound.merged, false);
  assert.equal(bound.user.phone, "+8613600000001");
  assert.deepEqual(app.user, bound.user);
  const body = JSON.parse(network.to("/v1/me/phone")[0]?.body ?? "");
  assert.equal(body.challenge_id?.length, 32);
  assert.equal((await app.request({ url: "/v1/auth/verify" })).statusCode, 200);
});

test("the phone button binds a number, and is exchanged once for two taps", async () => {
  const { phone, app } = await visitor("binder", "13600000002");
  await app.login(terms);
  const event = await phone.tapPhoneButton();
  const asked = network.to("/v1/me/phone").length;
  const [one, two] = await Promise.all([app.bindPhone(event), app.bindPhone(event)]);
  assert.equal(one.user.phone, "+8613600000002");
  assert.deepEqual(one, two);
  assert.equal(network.to("/v1/me/phone").length - asked, 1);
});

test("a code of the phone button that WeChat refuses is not sent again: there is no other", async () => {
  const { app } = await visitor("late tapper");
  await app.login(terms);
  const asked = network.to("/v1/me/phone").length;
  const event = { detail: { code: "0".repeat(64), errMsg: "getPhoneNumber:ok" } };
  assert.equal((await failure(app.bindPhone(event))).code, "wechat_code_invalid");
  assert.equal(network.to("/v1/me/phone").length - asked, 1);
});

test("a binding that merges two accounts goes on as the one that stays, without a sign-out", async () => {
  const earlier = await resident("earlier", "13600000003");
  const survivor = (await earlier.me()).id;
  const { phone, app } = await visitor("later");
  const endings: string[] = [];
  app.onSignedOut((reason) => endings.push(reason));
  const login = await app.login(terms);
  assert.notEqual(login.user.id, survivor);
  await app.sendCode("13600000003", "bind_phone");
  const code = await service.smsCode("13600000003");
  // Other calls meanwhile are refused with the session that the merge has ended.
  const { opened, open } = gate();
  network.seen.length = 0;
  network.plan("/v1/me/phone", { answeredAfter: opened });
  const binding = app.bindPhone({ phone: "13600000003", code });
  await until(() => network.to("/v1/me/phone").at(-1)?.status === 200);
  const meanwhile = Promise.all(Array.from({ length: 20 }, () => app.me()));
  await until(() => network.to("/v1/me").some((seen) => seen.status === 401));
  open();
  const bound = await binding;
  assert.equal(bound.merged, true);
  assert.equal(bound.user.id, survivor);
  for (const user of await meanwhile) assert.equal(user.id, survivor);
  assert.deepEqual(endings, []);
  assert.equal((await start(phone, network).me()).id, survivor, "that is what is stored");
});

test("a number of somebody else is a conflict that changes nothing", async () => {
  await resident("holder", "13600000004");
  const other = await resident("taker", "13600000005");
  await other.sendCode("13600000004", "bind_phone");
  const code = await service.smsCode("13600000004");
  const error = await failure(other.bindPhone({ phone: "13600000004", code }));
  assert.ok(error.is("phone_taken", "identity_taken", "account_conflict"));
  assert.equal(error.status, 409);
  assert.equal((await other.me()).phone, "+8613600000005");
});

test("an old proof asks for a step-up, by an SMS code or by WeChat, and goes on after it", async () => {
  const { app } = await visitor("changer");
  await app.sendCode("13600000006");
  const code = await service.smsCode("13600000006");
  await app.loginWithCode("13600000006", code, { ...terms, wechat: true });
  service.setClock(600);
  try {
    for (const [number, prove] of [
      ["13600000007", () => app.stepUp()],
      [
        "13600000008",
        async () => {
          await app.sendStepUpCode();
          return app.stepUp(await service.smsCode("13600000007"));
        },
      ],
    ] as const) {
      await app.sendCode(number, "bind_phone");
      const proof = { phone: number, code: await service.smsCode(number) };
      const error = await failure(app.bindPhone(proof));
      assert.ok(error.is("step_up_required"));
      assert.deepEqual([...error.methods].sort(), ["sms", "wechat"]);
      assert.equal((await prove()).valid_for, 300);
      assert.equal((await app.bindPhone(proof)).user.phone, `+86${number}`);
      service.setClock(1200);
    }
  } finally {
    service.setClock(0);
  }
});

test("a number that only the button proves may ask for an SMS code, which ends in the same account", async () => {
  const earlier = await resident("owner", "13600000009");
  const { phone, app } = await visitor("owner's WeChat", "13600000009");
  const event = await phone.tapPhoneButton();
  const error = await failure(app.loginWithPhone(event, terms));
  assert.ok(error.is("phone_confirmation_required"));
  await app.sendCode("13600000009");
  const code = await service.smsCode("13600000009");
  const login = await app.loginWithCode("13600000009", code, { ...terms, wechat: true });
  assert.equal(login.user.id, (await earlier.me()).id);
  assert.equal(login.user.identities.length, 1);
});

test("a WeChat identity is linked to the account, with a fresh code where one is refused", async () => {
  const { phone, app } = await visitor("linker");
  await app.sendCode("13600000010");
  await app.loginWithCode("13600000010", await service.smsCode("13600000010"), terms);
  phone.loginGives = ["0a3Zs0000fVmTU1Kp4200abcde1Zs00x"];
  const bound = await app.linkWechat();
  assert.equal(bound.user.identities.length, 1);
  assert.equal(phone.logins, 2);
});
