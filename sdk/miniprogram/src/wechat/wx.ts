// What is used of `wx`. `uni` and `Taro` have the same shape, so that they will do.

interface Outcome<T> {
  success?: (result: T) => void;
  fail?: (error: { errMsg: string; errno?: number }) => void;
}

/** `wx`, or `uni`, or `Taro`. */
export interface WxApi {
  request(
    options: {
      url: string;
      // biome-ignore lint/suspicious/noExplicitAny: each platform lists methods of its own
      method?: any;
      header?: Record<string, string>;
      // biome-ignore lint/suspicious/noExplicitAny: text, bytes or nothing
      data?: any;
      timeout?: number;
    } & Outcome<{ statusCode: number; data: unknown; header: Record<string, string> }>,
  ): unknown;
  uploadFile(
    options: {
      url: string;
      filePath: string;
      name: string;
      header?: Record<string, string>;
      timeout?: number;
    } & Outcome<{ statusCode: number; data: string; header?: Record<string, string> }>,
  ): unknown;
  login(options: Outcome<{ code: string }>): unknown;
  getStorage(options: { key: string; encrypt?: boolean } & Outcome<{ data: unknown }>): unknown;
  setStorage(
    options: { key: string; data: unknown; encrypt?: boolean } & Outcome<unknown>,
  ): unknown;
  /** 2.20.1. */
  getDeviceInfo(): { model?: string };
  getAccountInfoSync(): { miniProgram: { version?: string } };
  /** 2.32.3. */
  getPrivacySetting?(
    options: Outcome<{ needAuthorization: boolean; privacyContractName: string }>,
  ): unknown;
}

/** The event of `<button open-type="getPhoneNumber">` and of `getRealtimePhoneNumber`. */
export interface PhoneEvent {
  detail: { code?: string; errMsg?: string; errno?: number };
}
