import type { ClientType } from "../core/data";
import type { HttpAnswer, KeyValueStore, NoAnswer, Platform } from "../core/platform";
import { within } from "../core/waiting";
import { ask, type WxFailure } from "./ask";
import type { WxApi } from "./wx";

/** Milliseconds beyond the time limit of `wx.request`, for when it never calls back. */
const GRACE = 5000;

export function wechatPlatform(wx: WxApi, clientType: ClientType): Platform {
  return {
    kind: clientType,
    // More than ten at once are refused.
    maxRequests: 8,
    send(request) {
      const [name, read] = request.filePath
        ? (["uploadFile", uploaded] as const)
        : ["request" as const];
      const answer = ask<HttpAnswer>(wx, name, { name: "file", ...request }).then(
        read,
        ({ errMsg }: WxFailure) => {
          const [why] = /interrupted|timeout/.exec(errMsg || "") || ["network_error"];
          throw why as NoAnswer;
        },
      );
      return within(request.timeout + GRACE, answer, "timeout");
    },
    store: store(wx),
    describe() {
      try {
        const { version } = wx.getAccountInfoSync().miniProgram;
        return { device_name: wx.getDeviceInfo().model, version: version || undefined };
      } catch {
        return {};
      }
    },
  };
}

/** `wx.uploadFile` reads no JSON, and older ones tell no header. */
function uploaded(answer: HttpAnswer): HttpAnswer {
  let { data } = answer;
  try {
    data = JSON.parse(data as string);
  } catch {}
  return { ...answer, header: answer.header || {}, data };
}

/**
 * `wx.setStorage`, encrypted where the base library can (2.21.3). An older one does not
 * know `encrypt` and passes it over; what it left is read plainly after it was replaced.
 */
function store(wx: WxApi): KeyValueStore {
  const read = async (key: string, encrypt: boolean) => {
    const { data } = await ask<{ data: string }>(wx, "getStorage", { key, encrypt });
    // Opened the wrong way, it is no JSON.
    JSON.parse(data);
    return data;
  };
  const write = (key: string, data: string, encrypt: boolean) =>
    ask(wx, "setStorage", { key, data, encrypt });
  return {
    getItem: (key) =>
      read(key, true)
        .catch(() => read(key, false))
        .catch((failure: WxFailure) => {
          if (/not found/i.test(failure.errMsg || "")) return null;
          throw failure;
        }),
    setItem: (key, data) => write(key, data, true).catch(() => write(key, data, false)),
  };
}
