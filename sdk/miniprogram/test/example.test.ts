// The example mini-program, with the package as npm would install it.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { stage } from "./support/app";
import { MiniApp, type MiniPage } from "./support/mini-app";
import type { Network } from "./support/network";
import { Phone } from "./support/phone";
import type { Service } from "./support/server";
import { until } from "./support/until";

const EXAMPLE = "../../examples/miniprogram";

let service: Service;
let network: Network;
let strike: () => void;
let installed: string;

before(async () => {
  ({ service, network, strike } = await stage());
  installed = mkdtempSync(join(tmpdir(), "menshen-npm-"));
  execFileSync("npm", ["pack", "--silent", "--ignore-scripts", "--pack-destination", installed]);
  execFileSync("tar", ["-xzf", "menshen-sdk-0.1.0.tgz"], { cwd: installed });
});
after(() => {
  strike();
  rmSync(installed, { recursive: true, force: true });
});

/** The file that "构建 npm" copies. */
function packages(): Record<string, string> {
  const { name, miniprogram } = JSON.parse(
    readFileSync(join(installed, "package/package.json"), "utf8"),
  );
  return { [name]: join(installed, "package", miniprogram, "index.js") };
}

async function launched(
  name: string,
  number?: string,
): Promise<{ app: MiniApp; page: MiniPage; phone: Phone; again: () => Promise<MiniPage> }> {
  await service.control("people", { name, ...(number && { phone: number }) });
  const phone = new Phone(service, name);
  const edit = (source: string) => source.replace("http://127.0.0.1:8080", network.url);
  const launch = () => MiniApp.launch(EXAMPLE, phone, packages(), edit);
  const { app, page } = launch();
  await page.self.onLoad();
  const again = async () => {
    const { page } = launch();
    await page.self.onLoad();
    return page;
  };
  return { app, page, phone, again };
}

test("what the markup binds and shows is in the page", async () => {
  const { page } = await launched("reader");
  assert.ok(page.handlers.length >= 12);
  for (const name of page.handlers) assert.equal(typeof page.self[name], "function", name);
  for (const name of page.shown) assert.ok(name in page.data, name);
});

test("one tap signs in, is still signed in at the next start, and signs out", async () => {
  const { page, again } = await launched("example tapper");
  await page.tap("oneTap");
  assert.match(page.data.user.nickname, /^用户/);
  assert.equal(page.data.devices.length, 1);
  await page.tap("saveNickname", { detail: { value: "小明" } });
  const restarted = await again();
  assert.equal(restarted.data.user.nickname, "小明");
  await restarted.tap("logout");
  assert.equal(restarted.data.user, null);
});

test("the phone button and the SMS form sign in", async () => {
  const { page, phone } = await launched("example caller", "13400000001");
  await page.tap("phoneButton", await phone.tapPhoneButton());
  assert.equal(page.data.user.phone_masked, "134****0001");
  await page.tap("logout");
  page.type("typePhone", "13400000002");
  await page.tap("sendCode");
  assert.equal(page.data.wait > 0 || page.self.countdown !== undefined, true);
  page.type("typeCode", await service.smsCode("13400000002"));
  await page.tap("smsLogin");
  assert.equal(page.data.user.phone_masked, "134****0002");
  page.self.onUnload();
});

test("a number is bound, and changed after a silent step-up", async () => {
  const { page } = await launched("example binder");
  await page.tap("oneTap");
  for (const [number, masked] of [
    ["13400000003", "134****0003"],
    ["13400000004", "134****0004"],
  ] as const) {
    page.type("typePhone", number);
    await page.tap("sendCode");
    page.type("typeCode", await service.smsCode(number));
    await page.tap("bindWithCode");
    assert.equal(page.data.user.phone_masked, masked);
    service.setClock(600);
  }
  service.setClock(0);
  page.self.onUnload();
});

test("what goes wrong is shown in words", async () => {
  const { app, page } = await launched("example unlucky");
  await page.tap("phoneButton", { detail: { errMsg: "getPhoneNumber:fail user deny" } });
  page.type("typePhone", "1");
  await page.tap("sendCode");
  assert.deepEqual(app.toasts, ["请改用短信验证码", "手机号不正确"]);
});

test("another device that is signed out is told why", async () => {
  const here = await launched("example twin");
  const there = await launched("example twin");
  await here.page.tap("oneTap");
  await there.page.tap("oneTap");
  await there.page.self.show();
  const other = there.page.data.devices.find((device: { current: boolean }) => !device.current);
  await there.page.tap("signOutDevice", { currentTarget: { dataset: { id: other.id } } });
  await here.page.tap("saveNickname", { detail: { value: "小红" } });
  await until(() => here.page.data.user === null);
  assert.equal(here.app.toasts[0], "登录已失效，请重新登录");
});

test("the privacy agreement is asked for by the page, and its answer reaches WeChat", async () => {
  const { app, page } = await launched("example private");
  const agreed = app.needPrivacy();
  assert.ok(page.data.privacy);
  await page.tap("agreePrivacy");
  assert.deepEqual(await agreed, { event: "agree", buttonId: "agree" });
  assert.match(page.markup, /id="agree"[^>]*open-type="agreePrivacyAuthorization"/);
  const refused = app.needPrivacy();
  await page.tap("refusePrivacy");
  assert.deepEqual(await refused, { event: "disagree" });
  assert.equal(page.data.privacy, "");
});
