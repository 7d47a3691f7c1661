// A phone with WeChat: `wx` as far as the library uses it, with the habits of the real
// one. Its person is one of the simulator.

import http from "node:http";
import type { WxApi } from "../../src/index";
import type { Service } from "./server";

// biome-ignore lint/suspicious/noExplicitAny: options as loose as those of WeChat
type Options = any;

interface Stored {
  data: unknown;
  sealed: boolean;
}

const METHODS = ["OPTIONS", "GET", "HEAD", "POST", "PUT", "DELETE", "TRACE", "CONNECT"];

/** More are refused. */
const MAX_REQUESTS = 10;

export class Phone {
  /** What is stored, as it is on the device. */
  readonly storage = new Map<string, Stored>();
  /** Calls of `wx.login`. */
  logins = 0;
  /** The most requests that were under way at once. */
  busiest = 0;
  /** How many were refused because there were too many. */
  refused = 0;
  /** How `getStorage` and `setStorage` are doing. */
  storageIs: "well" | "failing" | "silent" | "unable to encrypt" | "read only" = "well";
  /** What reading a plain value with `encrypt` comes to: nobody documents it. */
  plainReadSealed: "failure" | "garbage" = "failure";
  /** How header names arrive: it differs between phones. */
  headerNames: "as sent" | "capitals" = "as sent";
  /** The person has agreed to the privacy agreement; `null` for a base library without. */
  privacy: { agreed: boolean } | null = { agreed: true };
  /** Pictures that were picked: what their temporary paths hold. */
  readonly files = new Map<string, Buffer>();
  /** What `wx.login` gives instead of codes. */
  loginGives: string[] = [];
  loginFails = false;
  /** What `App.onError` would hear. */
  readonly uncaught: string[] = [];
  /** Whether short waits are shorter. */
  hasty = true;
  /** Milliseconds that the device's clock is ahead, or behind. */
  skew = 0;
  readonly wx: WxApi;
  private hidden = false;
  private readonly under = new Set<(failure: { errMsg: string }) => void>();

  constructor(
    private readonly service: Service,
    private readonly person = "alice",
    private readonly baseLibrary = "3.5.0",
  ) {
    this.wx = this.api();
  }

  /** The app goes into the background: what is under way is cut off, though it may arrive. */
  hide(): void {
    this.hidden = true;
    for (const fail of this.under) fail({ errMsg: "request:fail interrupted" });
  }

  show(): void {
    this.hidden = false;
  }

  /** The event of the phone button. */
  async tapPhoneButton(): Promise<{ detail: { code?: string; errMsg: string; errno?: number } }> {
    if (this.privacy && !this.privacy.agreed) {
      const errMsg = "getPhoneNumber:fail privacy permission is not authorized";
      return { detail: { errMsg, errno: 104 } };
    }
    const { code } = await this.service.control<{ code: string }>("wechat/phone", {
      person: this.person,
    });
    return { detail: { code, errMsg: "getPhoneNumber:ok" } };
  }

  /** What the app takes for `setTimeout`: it does not wait long between its tries. */
  readonly soon = (work: () => void, milliseconds = 0) => {
    const guarded = () => {
      try {
        work();
      } catch (error) {
        this.uncaught.push(String(error));
      }
    };
    return setTimeout(
      guarded,
      milliseconds > 2000 || !this.hasty ? milliseconds : milliseconds / 20,
    );
  };

  /** What the app takes for `Date`. */
  get clock(): { now(): number } {
    return { now: () => Date.now() + this.skew };
  }

  /** The session as it is stored, for tests that know how. */
  get tokens(): { access: string; refresh: string; session: string } | null {
    const stored = this.storage.get("menshen");
    return stored ? JSON.parse(String(stored.data)).tokens : null;
  }

  /** Damages the stored access token, so that the service refuses it. */
  spoilToken(): void {
    const stored = this.storage.get("menshen");
    if (!stored) throw new Error("nothing is stored");
    const kept = JSON.parse(String(stored.data));
    kept.tokens.access = `${kept.tokens.access.slice(0, -4)}AAAA`;
    stored.data = JSON.stringify(kept);
  }

  private api(): WxApi {
    const wx: Record<string, unknown> = {
      request: (options: Options) => this.request(options),
      uploadFile: (options: Options) => this.uploadFile(options),
      login: (options: Options) => void this.login(options),
      getStorage: (options: Options) => this.getStorage(options),
      setStorage: (options: Options) => this.setStorage(options),
      getDeviceInfo: () => ({ brand: "Xiaomi", model: "Xiaomi 15" }),
      getAccountInfoSync: () => ({
        miniProgram: { appId: "wx5f3a9c0d7e1b2a48", version: "1.2.3" },
      }),
    };
    if (this.privacy)
      wx.getPrivacySetting = ({ success }: Options) =>
        later(success, {
          needAuthorization: !this.privacy?.agreed,
          privacyContractName: "《门神演示隐私保护指引》",
        });
    return wx as unknown as WxApi;
  }

  /** As `wx.request` does, but it answers text, and older phones tell no header. */
  private uploadFile({ filePath, name, header, success, ...rest }: Options): { abort(): void } {
    const file = this.files.get(filePath);
    if (!file) {
      later(rest.fail, { errMsg: `uploadFile:fail file not found ${filePath}` });
      return { abort: () => {} };
    }
    const form = formOf(name, filePath, file);
    const answered = (result: { statusCode: number; data: unknown }) =>
      success({ statusCode: result.statusCode, data: JSON.stringify(result.data) });
    return this.request({
      ...rest,
      ...form,
      method: "POST",
      header: { ...header, ...form.header },
      success: answered,
    });
  }

  private request(options: Options): { abort(): void } {
    const { url, method = "GET", header = {}, data, timeout = 60_000 } = options;
    let over = false;
    const end = (callback: (result: unknown) => void, result: unknown) => {
      if (over) return;
      over = true;
      this.under.delete(fail);
      later(callback, result);
      later(options.complete, result);
    };
    const fail = (failure: { errMsg: string }) => end(options.fail, failure);
    const task = { abort: () => fail({ errMsg: "request:fail abort" }) };
    if (!METHODS.includes(method)) {
      fail({ errMsg: `request:fail method ${method} is invalid` });
      return task;
    }
    if (this.hidden) {
      fail({ errMsg: "request:fail interrupted" });
      return task;
    }
    if (this.under.size >= MAX_REQUESTS) {
      this.refused += 1;
      fail({ errMsg: "request:fail exceed max task count" });
      return task;
    }
    this.under.add(fail);
    this.busiest = Math.max(this.busiest, this.under.size);
    const query = method === "GET" && data && typeof data === "object";
    const address = query ? `${url}?${new URLSearchParams(data)}` : url;
    const body = query || data === undefined ? undefined : bytes(data);
    const headers: Record<string, string> = {
      "content-type": "application/json",
      referer: "https://servicewechat.com/wx5f3a9c0d7e1b2a48/0/page-frame.html",
      ...header,
    };
    if (body) headers["content-length"] = String(body.length);
    // Not ended with the callbacks: what was sent goes on its way.
    const sent = http.request(address, { method, headers, agent: false }, async (answer) => {
      const chunks: Buffer[] = [];
      try {
        for await (const chunk of answer) chunks.push(chunk as Buffer);
      } catch {
        return fail({ errMsg: "request:fail" });
      }
      const text = Buffer.concat(chunks).toString();
      const result = {
        // Whatever the status is.
        statusCode: answer.statusCode,
        header: this.named(answer.headers),
        data: read(text),
        errMsg: "request:ok",
      };
      end(options.success, result);
    });
    sent.on("error", (error) => fail({ errMsg: `request:fail ${error.message}` }));
    sent.setTimeout(timeout, () => fail({ errMsg: "request:fail timeout" }));
    sent.end(body);
    return task;
  }

  private named(headers: http.IncomingHttpHeaders): Record<string, string> {
    const pairs = Object.entries(headers).map(([name, value]) => {
      const capitals = name.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase());
      return [this.headerNames === "capitals" ? capitals : name, String(value)];
    });
    return Object.fromEntries(pairs);
  }

  private async login({ success, fail }: Options): Promise<void> {
    this.logins += 1;
    if (this.loginFails) return later(fail, { errMsg: "login:fail" });
    const given = this.loginGives.shift();
    if (given) return later(success, { code: given, errMsg: "login:ok" });
    const { code } = await this.service.control<{ code: string }>("wechat/login", {
      person: this.person,
    });
    later(success, { code, errMsg: "login:ok" });
  }

  private getStorage({ key, encrypt, success, fail }: Options): void {
    if (this.storageIs === "silent") return;
    if (this.storageIs === "failing") return later(fail, { errMsg: "getStorage:fail io error" });
    const found = this.storage.get(key);
    if (!found) return later(fail, { errMsg: "getStorage:fail data not found" });
    const opens = !!encrypt && this.knowsEncryption;
    if (found.sealed === opens) return later(success, { data: found.data });
    if (this.plainReadSealed === "failure" && opens)
      return later(fail, { errMsg: "getStorage:fail decrypt error" });
    later(success, { data: Buffer.from(String(found.data)).toString("base64") });
  }

  private setStorage({ key, data, encrypt, success, fail }: Options): void {
    if (this.storageIs === "silent") return;
    const sealed = !!encrypt && this.knowsEncryption;
    const refused = this.storageIs === "unable to encrypt" && sealed;
    if (this.storageIs === "failing" || this.storageIs === "read only" || refused)
      return later(fail, { errMsg: "setStorage:fail exceed storage max size" });
    this.storage.set(key, { data, sealed });
    later(success, {});
  }

  /** 2.21.3; earlier ones pass the member over. */
  private get knowsEncryption(): boolean {
    const [major = 0, minor = 0, patch = 0] = this.baseLibrary.split(".").map(Number);
    return major * 1e6 + minor * 1e3 + patch >= 2_021_003;
  }
}

/** No function of `wx` calls back before it has returned. */
function later<T>(callback: ((result: T) => void) | undefined, result: T): void {
  if (callback) setImmediate(() => callback(result));
}

/** A form of one file. */
function formOf(name: string, filePath: string, file: Buffer) {
  const border = "----WeChatBoundary7MA4YWxkTrZu0gW";
  const head = `content-disposition: form-data; name="${name}"; filename="${filePath.split("/").pop()}"`;
  const before = `--${border}\r\n${head}\r\ncontent-type: image/png\r\n\r\n`;
  const data = Buffer.concat([Buffer.from(before), file, Buffer.from(`\r\n--${border}--\r\n`)]);
  return { data, header: { "content-type": `multipart/form-data; boundary=${border}` } };
}

function bytes(data: unknown): Buffer {
  if (Buffer.isBuffer(data)) return data;
  if (data instanceof ArrayBuffer) return Buffer.from(data);
  return Buffer.from(typeof data === "string" ? data : JSON.stringify(data));
}

function read(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
