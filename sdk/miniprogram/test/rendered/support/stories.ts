// What people do with the examples. Each is told of every build of them.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { stage } from "../../support/app";
import type { Network } from "../../support/network";
import { Phone } from "../../support/phone";
import { PIXEL } from "../../support/pixel";
import type { Service } from "../../support/server";
import { until } from "../../support/until";
import { MiniProgram, type Package } from "./mini-program";

/** Where the examples take Menshen to be. */
const WRITTEN = "http://127.0.0.1:8080";

/** Tells them of an app, once it is built. */
export function tell(built: Omit<Package, "edit">): void {
  let service: Service;
  let network: Network;
  let strike: () => void;
  const running: MiniProgram[] = [];

  before(async () => {
    ({ service, network, strike } = await stage());
  });
  after(() => strike());
  afterEach(() => {
    service.setClock(0);
    for (const app of running.splice(0)) app.close();
  });

  function launch(phone: Phone): MiniProgram {
    const edit = (source: string) => source.replace(WRITTEN, network.url);
    const app = MiniProgram.launch({ ...built, edit }, phone);
    running.push(app);
    return app;
  }

  async function somebody(name: string, number?: string): Promise<Phone> {
    await service.control("people", { name, ...(number && { phone: number }) });
    return new Phone(service, name);
  }

  /** Somebody who has signed in with one tap. */
  async function signedIn(
    name: string,
    number?: string,
  ): Promise<{ app: MiniProgram; phone: Phone }> {
    const phone = await somebody(name, number);
    const app = launch(phone);
    await app.screen.tap("微信一键登录");
    await app.screen.see("(退出登录)");
    return { app, phone };
  }

  /** Asks for a code in a form that is shown, and types it. */
  async function enterCode(app: MiniProgram, number: string): Promise<void> {
    const { length } = await service.control<unknown[]>(`sms?phone=${number}`);
    await app.screen.tap("获取验证码");
    await until(
      async () => (await service.control<unknown[]>(`sms?phone=${number}`)).length > length,
      () => `nothing is sent: ${app.toasts}`,
    );
    // The message may be faster than the answer, and people are not.
    await app.screen.see("(获取验证码)");
    await app.screen.type("验证码", await service.smsCode(number));
  }

  test("whoever is not signed in sees the ways in", async () => {
    const app = launch(await somebody("reader"));
    await app.screen.see("欢迎");
    assert.equal(app.at, "pages/login/login");
    assert.deepEqual(app.screen.lines, [
      "门",
      "欢迎",
      "登录后继续使用门神示例",
      "(微信一键登录)",
      "(手机号快捷登录)",
      "用短信验证码登录",
      "[手机号: ]",
      "[验证码: ]",
      "(获取验证码)",
      "(验证码登录, off)",
    ]);
    app.screen.assertWhole();
  });

  test("one tap signs in, the next start is signed in, and signing out leads back", async () => {
    const { app, phone } = await signedIn("tapper");
    assert.match(app.screen.lines[1] ?? "", /^\[昵称: 用户/);
    assert.deepEqual(app.screen.lines.slice(2), [
      "点头像或昵称可以修改",
      "手机号",
      "去绑定 ›",
      "微信",
      "已关联",
      "登录的设备",
      "›",
      "注销账号",
      "›",
      "(退出登录)",
    ]);
    app.screen.assertWhole();
    await app.screen.type("昵称", " 小明 ");
    await app.screen.see("[昵称: 小明]");
    const again = launch(phone);
    await again.screen.see("[昵称: 小明]");
    assert.equal(again.at, "pages/me/me");
    await again.screen.tap("退出登录");
    await again.screen.see("欢迎");
    assert.deepEqual(again.toasts, []);
  });

  test("a cleared nickname becomes one of the service", async () => {
    const { app } = await signedIn("nameless");
    await app.screen.type("昵称", "");
    await app.screen.see(/^\[昵称: 用户/);
  });

  test("the phone button and the SMS form sign in", async () => {
    const app = launch(await somebody("caller", "13400000001"));
    await app.screen.tap("手机号快捷登录");
    await app.screen.see("134****0001 ›");
    await app.screen.tap("退出登录");
    await app.screen.type("手机号", "13400000002");
    await enterCode(app, "13400000002");
    await app.screen.tap("验证码登录");
    await app.screen.see("134****0002 ›");
    assert.deepEqual(app.toasts, []);
  });

  test("a picked avatar is uploaded and shown", async () => {
    const { app, phone } = await signedIn("portrait");
    phone.files.set("http://tmp/avatar.png", PIXEL);
    await app.screen.tap("换头像");
    await until(() => network.to("/v1/me/avatar").length === 1);
    await app.screen.see("(换头像)");
    assert.ok(network.to("/v1/me/avatar")[0]?.bytes.includes(PIXEL), "it is sent as it is");
    const shown = await until(() => app.screen.pictures[0]);
    const me = await (await service.call("GET", "/v1/me", phone.tokens?.access)).json();
    assert.equal(shown, me.data.avatar_url);
    assert.equal((await fetch(shown)).status, 200);
  });

  test("a number is bound with a code, and changed after a silent proof by WeChat", async () => {
    const { app } = await signedIn("binder");
    for (const [number, masked] of [
      ["13400000003", "134****0003 ›"],
      ["13400000004", "134****0004 ›"],
    ] as const) {
      await app.screen.tap("手机号");
      await app.screen.type("手机号", number);
      await enterCode(app, number);
      app.screen.assertWhole();
      await app.screen.tap("绑定");
      await app.screen.see(masked);
      service.setClock(600);
    }
    await until(() => app.toasts.length === 2);
    assert.deepEqual(app.toasts, ["已绑定", "已绑定"]);
  });

  test("the number of WeChat is bound with the button", async () => {
    const { app } = await signedIn("button", "13400000005");
    await app.screen.tap("手机号");
    await app.screen.see("绑定手机号");
    await app.screen.tap("用微信绑定的手机号");
    await app.screen.see("134****0005 ›");
  });

  test("what goes wrong is shown in words, and a number that is refused is told", async () => {
    const phone = await somebody("unlucky", "13400000006");
    phone.privacy = { agreed: false };
    const app = launch(phone);
    await app.screen.tap("手机号快捷登录");
    await until(() => app.toasts.length === 1);
    await app.screen.type("手机号", "1");
    await app.screen.tap("获取验证码");
    await until(() => app.toasts.length === 2);
    assert.deepEqual(app.toasts, ["请先同意隐私保护指引", "手机号不正确"]);
  });

  test("devices are listed, signed out, and told why", async () => {
    const { app: here } = await signedIn("twin");
    const there = launch(new Phone(service, "twin"));
    await there.screen.tap("微信一键登录");
    await there.screen.tap("登录的设备");
    await there.screen.see("本机");
    assert.deepEqual(
      there.screen.lines.filter((line) => !line.includes("·")),
      ["Xiaomi 15", "本机", "Xiaomi 15", "(退出)", "(退出其他设备)"],
    );
    there.screen.assertWhole();
    there.agrees = false;
    await there.screen.tap("退出");
    await until(() => there.asked.length === 1);
    assert.deepEqual(there.asked, ["退出登录 让「Xiaomi 15」退出登录？"]);
    there.agrees = true;
    await there.screen.tap("退出");
    await until(() => !there.screen.lines.includes("(退出)"));
    assert.deepEqual(there.screen.lines.slice(-1), ["本机"]);
    await here.screen.type("昵称", "小红");
    await here.screen.see("欢迎");
    await until(() => here.toasts.includes("登录已失效，请重新登录"));
  });

  test("an account is closed after a proof, and its closing is taken back", async () => {
    const { app } = await signedIn("leaver");
    service.setClock(600);
    await app.screen.tap("注销账号");
    await app.screen.see("· 所有设备立即退出登录。");
    app.screen.assertWhole();
    await app.screen.tap("确认注销");
    await app.screen.see("欢迎");
    assert.match(
      app.screen.lines[2] ?? "",
      /^账号将于 ?20\d\d年\d+月\d+日 ?删除，在那之前登录一次就可以撤销注销$/,
    );
    app.agrees = false;
    await app.screen.tap("微信一键登录");
    await until(() => app.toasts.length === 1);
    assert.match(
      app.asked[1] ?? "",
      /^账号正在注销 这个账号将于20\d\d年\d+月\d+日删除。要撤销注销并登录吗？/,
    );
    app.agrees = true;
    await app.screen.tap("微信一键登录");
    await app.screen.see("(退出登录)");
  });

  test("where WeChat cannot prove it, an SMS code does", async () => {
    const { app, phone } = await signedIn("prover", "13400000007");
    await app.screen.tap("手机号");
    await app.screen.tap("用微信绑定的手机号");
    await app.screen.see("134****0007 ›");
    service.setClock(600);
    await app.screen.tap("注销账号");
    phone.loginFails = true;
    await app.screen.tap("确认注销");
    await app.screen.see("确认是你本人");
    app.screen.assertWhole();
    await app.screen.tap("取消");
    await until(() => !app.screen.lines.includes("确认是你本人"));
    await app.screen.tap("确认注销");
    await app.screen.see("确认是你本人");
    await enterCode(app, "13400000007");
    await app.screen.tap("确认");
    await app.screen.see("欢迎");
  });

  test("the privacy agreement is asked for by the page, and its answer reaches WeChat", async () => {
    const { app } = await signedIn("private");
    const agreed = app.needPrivacy();
    await app.screen.see("隐私保护提示");
    app.screen.assertWhole();
    await app.screen.tap("《隐私保护指引》");
    await until(() => app.contracts === 1);
    await app.screen.tap("同意");
    assert.deepEqual(await agreed, { event: "agree", buttonId: "agree" });
    const refused = app.needPrivacy();
    await app.screen.tap("不同意");
    assert.deepEqual(await refused, { event: "disagree" });
    assert.ok(!app.screen.lines.includes("隐私保护提示"));
  });
}
