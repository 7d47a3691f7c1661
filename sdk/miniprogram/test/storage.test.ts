import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { stage, start } from "./support/app";
import type { Network } from "./support/network";
import { Phone } from "./support/phone";
import type { Service } from "./support/server";

const HOUR = 3_600_000;

let service: Service;
let network: Network;
let strike: () => void;

before(async () => {
  ({ service, network, strike } = await stage());
});
after(() => strike());

async function owner(name: string, baseLibrary?: string): Promise<Phone> {
  await service.control("people", { name });
  return new Phone(service, name, baseLibrary);
}

test("a session is stored encrypted, outlives the app, and holds nothing personal", async () => {
  const phone = await owner("keeper");
  const app = start(phone, network);
  await app.sendCode("13500000001");
  await app.loginWithCode("13500000001", await service.smsCode("13500000001"));
  const [[key, stored] = []] = phone.storage;
  assert.equal(phone.storage.size, 1);
  assert.equal(key, "menshen");
  assert.equal(stored?.sealed, true);
  assert.ok(!String(stored?.data).includes("13500000001"));
  const restarted = start(phone, network);
  assert.equal(await restarted.signedIn(), true);
  assert.equal((await restarted.me()).phone, "+8613500000001");
});

test("a base library that cannot encrypt stores plainly, and a newer one goes on with that", async () => {
  for (const plainReadSealed of ["failure", "garbage"] as const) {
    const phone = await owner(`old library, ${plainReadSealed}`, "2.20.0");
    await start(phone, network).login();
    assert.equal(phone.storage.get("menshen")?.sealed, false);
    const newer = await owner(`old library, ${plainReadSealed}`);
    newer.plainReadSealed = plainReadSealed;
    newer.storage.set("menshen", { data: phone.storage.get("menshen")?.data, sealed: false });
    const app = start(newer, network);
    assert.ok((await app.me()).id);
    newer.skew += HOUR;
    await app.me();
    assert.equal(newer.storage.get("menshen")?.sealed, true, "encrypted from the next write on");
  }
});

test("where encryption fails, the session is stored plainly, and read again", async () => {
  const phone = await owner("unable");
  phone.storageIs = "unable to encrypt";
  await start(phone, network).login();
  assert.equal(phone.storage.get("menshen")?.sealed, false);
  assert.ok((await start(phone, network).me()).id);
});

test("a storage that fails lets people in until the app is closed, and is told", async () => {
  const phone = await owner("full");
  phone.storageIs = "failing";
  const told: unknown[] = [];
  const app = start(phone, network, { onStorageFailure: (error) => told.push(error) });
  await app.login();
  phone.skew += HOUR;
  await app.me();
  assert.ok(told.length > 0);
  phone.storageIs = "well";
  assert.equal(await start(phone, network).signedIn(), false);
});

test("a storage that does not answer holds up a login for seconds, and not for ever", async () => {
  const phone = await owner("silent");
  phone.storageIs = "silent";
  const told: unknown[] = [];
  const app = start(phone, network, { onStorageFailure: (error) => told.push(error) });
  await app.login();
  assert.match(String(told[0]), /timeout/);
  phone.storageIs = "well";
  assert.ok((await app.me()).id);
});

test("a token that could not be replaced is not left behind to be taken for a stolen one", async () => {
  const phone = await owner("half full");
  const app = start(phone, network);
  await app.login();
  const first = phone.tokens?.refresh;
  const { wx } = phone;
  const { setStorage } = wx;
  // Only little still fits.
  wx.setStorage = (options) => {
    const fits = String(options.data).length < 100;
    if (fits) return setStorage(options);
    setImmediate(() => options.fail?.({ errMsg: "setStorage:fail exceed storage max size" }));
    return undefined;
  };
  for (let round = 0; round < 2; round += 1) {
    phone.skew += HOUR;
    await app.me();
  }
  assert.ok(first);
  assert.equal(phone.tokens, null);
  wx.setStorage = setStorage;
  phone.skew += HOUR;
  await app.me();
  assert.ok(phone.tokens, "and the next one is stored");
});

test("a storage that can no longer be written is not believed", async () => {
  const phone = await owner("read only");
  const app = start(phone, network);
  await app.login();
  phone.storageIs = "read only";
  network.seen.length = 0;
  for (let round = 0; round < 3; round += 1) {
    phone.skew += HOUR;
    await app.me();
  }
  const presented = network.refreshes.map((seen) => seen.body);
  assert.equal(new Set(presented).size, 3, "each the newest, and none what is stored");
});

test("a storage that WeChat has purged is a phone that nobody is signed in on", async () => {
  const phone = await owner("purged");
  const app = start(phone, network);
  await app.login();
  phone.storage.clear();
  phone.skew += HOUR;
  assert.ok((await app.me()).id, "as long as the app runs, it goes on");
  phone.storage.clear();
  assert.equal(await start(phone, network).signedIn(), false);
});

test("what is stored damaged is no session, and no error", async () => {
  const phone = await owner("damaged");
  for (const data of ["", "{", "null", "[]", "42", '{"tokens":{}}', '{"tokens":null}']) {
    phone.storage.set("menshen", { data, sealed: true });
    const app = start(phone, network);
    assert.equal(await app.signedIn(), false, data);
  }
  const app = start(phone, network);
  assert.ok((await app.login()).user.id);
});

test("two services in one app keep their sessions apart", async () => {
  const phone = await owner("double");
  const one = start(phone, network);
  const two = start(phone, network, { storageKey: "other" });
  await one.login();
  assert.equal(await two.signedIn(), false);
  await two.login();
  assert.deepEqual([...phone.storage.keys()].sort(), ["menshen", "other"]);
});
