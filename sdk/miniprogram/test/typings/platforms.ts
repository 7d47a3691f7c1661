// `wx` and `uni`, as their own typings have them, are what the library takes.

import { createClient, type PhoneEvent, type WxApi } from "../../dist/types/index";

export const native: WxApi = wx;
export const app: WxApi = uni;

const menshen = createClient({ baseUrl: "https://login.example.com" });

Page({
  onPhone(event: WechatMiniprogram.ButtonGetPhoneNumber) {
    const given: PhoneEvent = event;
    return menshen.loginWithPhone(given);
  },
});
