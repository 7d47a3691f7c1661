// Volcengine's own SDK for Node against the simulator: only its host and protocol are set.

import { createRequire } from "node:module";

import { HOST, expect, finish, inbox, named, step } from "./simulator.js";

const { sms } = createRequire(import.meta.url)("@volcengine/openapi");
const CLIENT = named("@volcengine/openapi");

function send(phone, { secret = "fake-volcengine-secret-access-key", sign = "门神演示" } = {}) {
  const service = new sms.SmsService({
    accessKeyId: "fake-volcengine-access-key-id",
    secretKey: secret,
    protocol: "http:",
  });
  service.setHost(HOST);
  return service.Send({
    SmsAccount: "7a000001",
    Sign: sign,
    TemplateID: "ST_00000001",
    TemplateParam: '{"code":"012350"}',
    PhoneNumbers: phone,
  });
}

async function signedSend() {
  const answer = await send("13900000023");
  expect(answer.ResponseMetadata.Error, undefined);
  expect((await inbox("13900000023"))[0].code, "012350");
  return `MessageID ${answer.Result.MessageID[0]}, delivered`;
}

const code = (answer) => answer.ResponseMetadata.Error?.Code;

await step(CLIENT, "signed send", signedSend);
await step(CLIENT, "unknown sign", async () => expect(code(await send("13900000024", { sign: "别家签名" })), "RE:0004"));
await step(CLIENT, "wrong secret", async () =>
  expect(code(await send("13900000024", { secret: "fake-wrong" })), "SignatureDoesNotMatch"));
finish();
