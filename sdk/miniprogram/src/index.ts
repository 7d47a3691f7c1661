// For mini-programs: native, uni-app and Taro. Browsers and native apps: `menshen-sdk/web`.

import {
  createMiniProgram,
  type MiniProgram,
  type MiniProgramOptions,
} from "./wechat/mini-program";
import type { WxApi } from "./wechat/wx";

declare const wx: WxApi;

/** Makes the client; one for the whole app, in `app.js`. */
export function createClient(options: MiniProgramOptions): MiniProgram {
  return createMiniProgram(options.wx || wx, options);
}

export * from "./exports";
export type {
  CodeLoginOptions,
  MiniProgram,
  MiniProgramOptions,
  PhoneLoginOptions,
} from "./wechat/mini-program";
export type { PhoneEvent, WxApi } from "./wechat/wx";
