// The real service, as a process of its own over an empty folder, with its offline
// WeChat and SMS vendors.

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "./until";

const COMMAND = process.env.MENSHEN_COMMAND ?? "../../target/debug/menshen";

/** What tests would run into, and do not test. */
const ROOMY = {
  MENSHEN_SERVER__LISTEN: "127.0.0.1:0",
  MENSHEN_SERVER__WORKERS: "1",
  MENSHEN_SERVER__SHUTDOWN_GRACE: "0s",
  MENSHEN_SMS__RESEND_INTERVAL: "0s",
  MENSHEN_SMS__PER_PHONE_HOUR: "0",
  MENSHEN_SMS__PER_IP_HOUR: "0",
  MENSHEN_TOKENS__REFRESH_PER_SESSION: "0",
};

/** The library that gives a process another clock (Debian: `apt install libfaketime`). */
function faketime(): string {
  const folders = readdirSync("/usr/lib").map((name) => `/usr/lib/${name}/faketime`);
  const found = folders.map((folder) => `${folder}/libfaketimeMT.so.1`).find(existsSync);
  if (!found) throw new Error("these tests need libfaketime");
  return found;
}

function setClock(folder: string, seconds: number): string {
  const file = `${folder}/clock`;
  writeFileSync(file, `${seconds < 0 ? "" : "+"}${seconds}s\n`);
  return file;
}

export interface Message {
  code: string;
  text: string;
}

export class Service {
  private constructor(
    private readonly child: ChildProcess,
    private readonly folder: string,
    readonly url: string,
  ) {}

  /** Starts one with settings such as `{ "tokens.access_ttl": "1s" }`. */
  static async start(settings: Record<string, string> = {}): Promise<Service> {
    const folder = mkdtempSync(join(tmpdir(), "menshen-sdk-"));
    const given = Object.entries(settings).map(([key, value]) => [
      `MENSHEN_${key.toUpperCase().replace(/\./g, "__")}`,
      value,
    ]);
    const child = spawn(COMMAND, ["serve"], {
      env: {
        ...ROOMY,
        MENSHEN_DATABASE__URL: `sqlite://${folder}/menshen.db`,
        LD_PRELOAD: faketime(),
        FAKETIME_TIMESTAMP_FILE: setClock(folder, 0),
        FAKETIME_NO_CACHE: "1",
        FAKETIME_DONT_FAKE_MONOTONIC: "1",
        ...Object.fromEntries(given),
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    const hear = (chunk: Buffer) => {
      said += chunk;
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    child.on("error", (error) => {
      said += error;
    });
    // Should a test process end without its own farewell.
    process.on("exit", () => child.kill("SIGKILL"));
    const url = await until(
      () => {
        if (child.exitCode !== null) throw new Error(said);
        return /Playground\s+(http:\/\/[0-9.:]+)\//.exec(said)?.[1];
      },
      () => `the service does not start: ${said}`,
    );
    const service = new Service(child, folder, url);
    // The vendor's own limits of a number are not what is tested.
    await service.control("settings", { sms_limits: false }, "PATCH");
    return service;
  }

  /** Moves the clock of the service, in seconds from the machine's. */
  setClock(seconds: number): void {
    setClock(this.folder, seconds);
  }

  stop(): void {
    this.child.kill("SIGKILL");
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Asks the simulator, as a phone in a hand would. */
  async control<T>(path: string, body?: object, method = body ? "POST" : "GET"): Promise<T> {
    const answer = await fetch(`${this.url}/simulator/control/${path}`, {
      method,
      body: body && JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`);
    return (text ? JSON.parse(text) : undefined) as T;
  }

  /** The newest code that was sent to a number. */
  async smsCode(phone: string): Promise<string> {
    const sent = await this.control<Message[]>(`sms?phone=${phone}`);
    const [newest] = sent;
    if (!newest) throw new Error(`nothing was sent to ${phone}`);
    return newest.code;
  }

  /** Calls the API without the library. */
  async call(method: string, path: string, token?: string, body?: object): Promise<Response> {
    return fetch(this.url + path, {
      method,
      headers: {
        ...(token && { authorization: `Bearer ${token}` }),
        ...(body && { "content-type": "application/json" }),
      },
      body: body && JSON.stringify(body),
    });
  }
}
