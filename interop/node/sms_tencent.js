// Tencent Cloud's own SDK for Node against the simulator: only its endpoint is set.
//
// It signs the first label of the endpoint's name as the service, so the
// simulator needs a name that begins with `sms`; the agent, which is one of its
// options, finds it on the loopback without asking anybody.

import { Agent } from "node:http";
import { createRequire } from "node:module";

import { BASE, expect, finish, inbox, named, refused, step } from "./simulator.js";

const { sms } = createRequire(import.meta.url)("tencentcloud-sdk-nodejs-sms");
const CLIENT = named("tencentcloud-sdk-nodejs-sms");

const ENDPOINT = `sms.localhost:${new URL(BASE).port}`;
const agent = new Agent({
  lookup: (_name, { all }, found) => (all ? found(null, [{ address: "127.0.0.1", family: 4 }]) : found(null, "127.0.0.1", 4)),
});

async function send(phone, { secret = "fake-tencent-secret-key", template = "100001" } = {}) {
  const client = new sms.v20210111.Client({
    credential: { secretId: "fake-tencent-secret-id", secretKey: secret },
    region: "ap-guangzhou",
    profile: { httpProfile: { endpoint: ENDPOINT, protocol: "http://", agent } },
  });
  const answer = await client.SendSms({
    PhoneNumberSet: [phone],
    SmsSdkAppId: "1400000001",
    SignName: "门神演示",
    TemplateId: template,
    TemplateParamSet: ["012348"],
  });
  return answer.SendStatusSet[0];
}

async function signedSend() {
  const status = await send("+8613900000013");
  expect(status.Code, "Ok");
  expect((await inbox("13900000013"))[0].code, "012348");
  return `${status.Code}, SerialNo ${status.SerialNo}, delivered`;
}

await step(CLIENT, "signed send", signedSend);
await step(CLIENT, "unknown template", async () =>
  expect((await send("+8613900000014", { template: "999999" })).Code, "FailedOperation.TemplateIncorrectOrUnapproved"));
await step(CLIENT, "wrong secret", async () =>
  expect(await refused(() => send("+8613900000014", { secret: "fake-wrong" }), (error) => `refused: ${error.code}`),
    "refused: AuthFailure.SignatureFailure"));
finish();
