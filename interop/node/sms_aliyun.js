// Alibaba Cloud's own SDK for Node against the simulator: only its endpoint is set.

import dysms from "@alicloud/dysmsapi20170525";
import { $OpenApiUtil } from "@alicloud/openapi-core";

import { HOST, expect, finish, inbox, named, refused, step } from "./simulator.js";

const CLIENT = named("@alicloud/dysmsapi20170525");
const { default: Client, SendSmsRequest } = dysms;

async function send(phone, { secret = "fake-aliyun-access-key-secret", sign = "门神演示" } = {}) {
  const client = new Client(new $OpenApiUtil.Config({
    accessKeyId: "fake-aliyun-access-key-id",
    accessKeySecret: secret,
    endpoint: HOST,
    protocol: "http",
  }));
  const answer = await client.sendSms(new SendSmsRequest({
    phoneNumbers: phone,
    signName: sign,
    templateCode: "SMS_100000001",
    templateParam: '{"code":"012346"}',
    outId: "interop (1)*!",
  }));
  return answer.body;
}

async function signedSend() {
  const answer = await send("13900000003");
  expect(answer.code, "OK");
  expect((await inbox("13900000003"))[0].code, "012346");
  return `${answer.code}, BizId ${answer.bizId}, delivered`;
}

await step(CLIENT, "signed send", signedSend);
await step(CLIENT, "unknown sign", async () =>
  expect((await send("13900000004", { sign: "别家签名" })).code, "isv.SMS_SIGNATURE_ILLEGAL"));
await step(CLIENT, "wrong secret", async () =>
  expect(await refused(() => send("13900000004", { secret: "fake-wrong" }), (error) => `refused: ${error.code}`),
    "refused: SignatureDoesNotMatch"));
finish();
