import type { WxApi } from "./wx";

/** Calls a function of `wx` by its name, as a promise. */
export function ask<T>(wx: WxApi, name: keyof WxApi, options?: object): Promise<T> {
  return new Promise((success, fail) => {
    (wx[name] as (options: object) => unknown)({ ...options, success, fail });
  });
}

/** How functions of `wx` fail. */
export interface WxFailure {
  errMsg?: string;
  errno?: number;
}
