import assert from "node:assert/strict";
import { test } from "node:test";
import { stage, start } from "./support/app";
import { failure } from "./support/failure";
import { Phone } from "./support/phone";

test("whoever is asked for a captcha gets the code with one, and with one only", async () => {
  const { service, network, strike } = await stage({
    "sms.captcha.vendor": "tencent",
    "sms.captcha.always": "true",
  });
  try {
    const app = start(new Phone(service, "alice"), network);
    const number = "13700000077";
    const asked = await failure(app.sendCode(number));
    assert.equal(asked.code, "captcha_required");
    assert.equal(asked.status, 403);
    assert.equal(asked.retryable, false);
    const wrong = await failure(app.sendCode(number, "login", { captcha: "made up" }));
    assert.equal(wrong.code, "captcha_invalid");

    const solve = () => service.control<{ captcha: string }>("captcha", { mini_program: true });
    await app.sendCode(number, "login", await solve());
    await app.loginWithCode(number, await service.smsCode(number));
    assert.equal((await failure(app.sendStepUpCode())).code, "captcha_required");
    const sent = await app.sendStepUpCode(await solve());
    assert.ok(sent.expires_in > 0);
  } finally {
    strike();
  }
});
