import { createCore } from "../core/core";
import type { Bound, ClientType, LoginOptions, SignedIn } from "../core/data";
import type { ClientOptions, Menshen, PhoneProof } from "../core/menshen";
import { within } from "../core/waiting";
import { ask, type WxFailure } from "./ask";
import { wechatPlatform } from "./platform";
import type { PhoneEvent, WxApi } from "./wx";

export interface MiniProgramOptions extends ClientOptions {
  /** `uni` or `Taro` in place of `wx`. */
  wx?: WxApi;
  /** `app` in a native app that is built with uni-app; else `mini_program`. */
  clientType?: ClientType;
}

/** What a login with SMS code takes in a mini-program. */
export interface CodeLoginOptions extends LoginOptions {
  /** Link the person's WeChat identity in the same step, so that no code is asked for next time. */
  wechat?: boolean;
}

/** What the phone button's login takes. */
export interface PhoneLoginOptions extends LoginOptions {
  /** Leave the number, which is billed, alone where the account has one. */
  ifMissing?: boolean;
}

/** The client of a mini-program. */
export interface MiniProgram extends Menshen {
  /** Signs in by `wx.login`: nothing is asked of the person. */
  login(options?: LoginOptions): Promise<SignedIn>;

  /** Signs in with the event of the phone button; refused, it fails with `phone_denied`. */
  loginWithPhone(event: PhoneEvent, options?: PhoneLoginOptions): Promise<SignedIn>;

  loginWithCode(phone: string, code: string, options?: CodeLoginOptions): Promise<SignedIn>;

  /** Binds a phone number: with the event of the phone button, or with an SMS code. */
  bindPhone(given: PhoneEvent | PhoneProof): Promise<Bound>;

  /** Links the person's WeChat identity to the account. */
  linkWechat(): Promise<Bound>;

  /** Proves again who is there: with an SMS code or, without one, by `wx.login`. */
  stepUp(code?: string): Promise<{ valid_for: number }>;

  /**
   * Whether the mini-program's privacy agreement is still to be agreed to, and its
   * name. Phone number, nickname and avatar need it, `wx.login` does not. Base
   * libraries before 2.32.3 know of none.
   */
  privacy(): Promise<{ needed: boolean; name: string }>;
}

/** Milliseconds that `wx.login` may take. */
const LOGIN_PATIENCE = 10_000;

export function createMiniProgram(wx: WxApi, options: MiniProgramOptions): MiniProgram {
  const platform = wechatPlatform(wx, options.clientType || "mini_program");
  const { made, failed, once, signIn, enterCode, bind, stepUp } = createCore(platform, options);
  const app_id = options.appId;
  const { bindPhone, stepUp: stepUpWithCode } = made;

  /** Good once and for five minutes: fetched when it is needed, and never kept. */
  const loginCode = () =>
    within(LOGIN_PATIENCE, ask<{ code: string }>(wx, "login"), 0).then(
      ({ code }) => code,
      () => {
        throw failed("wechat_login_failed");
      },
    );

  const identity = async () => ({ code: await loginCode(), app_id });

  function phoneCode({ detail }: PhoneEvent): string {
    if (detail.code) return detail.code;
    const { errMsg = "", errno } = detail as WxFailure;
    const privacy = errno === 104 || /privacy/i.test(errMsg);
    const code = privacy ? "privacy_refused" : "phone_denied";
    throw failed(code, { retryable: false, data: detail });
  }

  return Object.assign(made, {
    login: (more) => once(["login", more], () => signIn("/v1/login/wechat", identity, more, true)),
    async loginWithPhone(event, more = {}) {
      const phone_code = phoneCode(event);
      const proof = async () => ({
        phone_code,
        login_code: await loginCode(),
        app_id,
        phone_if_missing: more.ifMissing,
      });
      return once([phone_code, more], () => signIn("/v1/login/wechat-phone", proof, more, true));
    },
    loginWithCode: (phone, code, more: CodeLoginOptions = {}) =>
      enterCode(phone, code, more, more.wechat ? identity : undefined),
    async bindPhone(given) {
      if (!("detail" in given)) return bindPhone(given);
      const phone_code = phoneCode(given);
      return once(phone_code, () => bind("/v1/me/phone", () => ({ phone_code, app_id })));
    },
    linkWechat: () => once("link", () => bind("/v1/me/wechat", identity, true)),
    stepUp(code) {
      if (code) return stepUpWithCode(code);
      return stepUp(async () => ({ wechat_code: await loginCode(), app_id }), true);
    },
    privacy: () =>
      ask<PrivacySetting>(wx, "getPrivacySetting").then(
        ({ needAuthorization: needed, privacyContractName: name }) => ({ needed, name }),
        () => ({ needed: false, name: "" }),
      ),
  } satisfies Omit<MiniProgram, keyof Menshen> & Partial<MiniProgram>);
}

interface PrivacySetting {
  needAuthorization: boolean;
  privacyContractName: string;
}
