// The uni-app example as a website: in a browser, in front of the real server.

import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import { stage } from "../support/app";
import type { Network } from "../support/network";
import { PIXEL } from "../support/pixel";
import type { Service } from "../support/server";
import { until } from "../support/until";
import { Chromium } from "./support/chromium";
import { build } from "./support/uniapp";
import { Website } from "./support/website";

let site: Website;
let service: Service;
let network: Network;
let strike: () => void;
let browser: Chromium;

before(async () => {
  site = await Website.of(build("h5"));
  ({ service, network, strike } = await stage({ "server.cors_origins": `["${site.origin}"]` }));
  site.edit = (source) => source.replace("http://127.0.0.1:8080", network.url);
  browser = await Chromium.start();
});
after(async () => {
  await browser.end();
  strike();
  site.close();
});
afterEach(async () => {
  await browser.run("localStorage.clear()");
  service.setClock(0);
});

/** What Chromium writes down about an answer that the page has asked for more after. */
const forbidden = (path: string) =>
  `${network.url}${path} - Failed to load resource: the server responded with a status of 403 (Forbidden)`;

/** Asks for a code in the form that is shown, and types it. */
async function enterCode(number: string): Promise<void> {
  const { length } = await service.control<unknown[]>(`sms?phone=${number}`);
  await browser.tap("获取验证码");
  await until(async () => {
    const sent = await service.control<unknown[]>(`sms?phone=${number}`);
    return sent.length > length;
  });
  await browser.see("获取验证码");
  await browser.type("验证码", await service.smsCode(number));
}

async function signIn(number: string): Promise<void> {
  await browser.open("about:blank");
  await browser.open(site.origin);
  await browser.see("欢迎");
  await browser.type("手机号", number);
  await enterCode(number);
  await browser.tap("验证码登录");
  await browser.see("退出登录");
}

test("a person signs in by SMS, edits the profile, comes back, and signs out", async () => {
  await signIn("13200000001");
  await browser.see("132****0001");
  assert.doesNotMatch(await browser.text(), /微信/);
  await browser.type("昵称", "小明");
  await until(() => network.to("/v1/me").some(({ method }) => method === "POST"));
  await browser.open("about:blank");
  await browser.open(site.origin);
  await browser.see("退出登录");
  assert.equal(await browser.value("昵称"), "小明");
  await browser.tap("退出登录");
  await browser.see("欢迎");
  assert.deepEqual(await browser.complaints(), []);
});

test("a number is changed after a proof by code, and the devices are shown", async () => {
  await signIn("13200000002");
  service.setClock(600);
  await browser.tap("手机号");
  await browser.see("现在绑定的是 132****0002");
  await browser.type("手机号", "13200000003");
  await enterCode("13200000003");
  await browser.tap("绑定");
  await browser.see("确认是你本人");
  await enterCode("13200000002");
  await browser.tap("确认");
  await browser.see("132****0003");
  await browser.tap("登录的设备");
  await browser.see("本机");
  await browser.see("网页 · 127.0.0.");
  assert.deepEqual(await browser.complaints(), [forbidden("/v1/me/phone")]);
});

test("an account is closed, and its closing is taken back", async () => {
  await signIn("13200000004");
  await browser.tap("注销账号");
  await browser.tap("确认注销");
  await browser.see("所有设备都会退出登录。确定注销吗？");
  await browser.tap("注销");
  await browser.see("在那之前登录一次就可以撤销注销");
  await browser.type("手机号", "13200000004");
  await enterCode("13200000004");
  await browser.tap("验证码登录");
  await browser.see("要撤销注销并登录吗？");
  await browser.tap("撤销注销");
  await browser.see("退出登录");
  assert.deepEqual(await browser.complaints(), [forbidden("/v1/login/sms")]);
});

test("a picked picture is uploaded", async () => {
  await signIn("13200000005");
  const picture = join(tmpdir(), `menshen-portrait-${process.pid}.png`);
  writeFileSync(picture, PIXEL);
  await browser.tap("换头像");
  await browser.pick(picture);
  await until(() => network.to("/v1/me/avatar").some(({ bytes }) => bytes.includes(PIXEL)));
  rmSync(picture);
  // Only what was loaded is an image of the page.
  await until(() => browser.run(`return !!document.querySelector("img[src^='${service.url}/']")`));
  assert.deepEqual(await browser.complaints(), []);
});
