// Chromium with a fresh profile, driven as the WebDriver standard says.

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../../support/until";

/** What keeps Chromium to the page: no first run, no updates, no accounts. */
const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-dev-shm-usage",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--lang=zh-CN",
  // No name is asked for.
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
];

/** A phone's screen. */
const PHONE = { deviceMetrics: { width: 390, height: 844, pixelRatio: 2, touch: true } };

const ELEMENT = "element-6066-11e4-a52e-4f735466cecf";

export class Chromium {
  private session = "";

  private constructor(
    private readonly driver: ChildProcess,
    private readonly url: string,
    private readonly profile: string,
  ) {}

  static async start(): Promise<Chromium> {
    const driver = spawn("chromedriver", ["--port=0"], { stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    driver.stdout.on("data", (chunk) => {
      said += chunk;
    });
    driver.on("error", (error) => {
      said += error;
    });
    process.on("exit", () => driver.kill());
    const port = await until(
      () => /started successfully on port (\d+)/.exec(said)?.[1],
      () => `chromedriver does not start: ${said}`,
    );
    const profile = mkdtempSync(join(tmpdir(), "menshen-chromium-"));
    const browser = new Chromium(driver, `http://127.0.0.1:${port}`, profile);
    const args = [...FLAGS, `--user-data-dir=${profile}`];
    const { sessionId } = await browser.command<{ sessionId: string }>("POST", "", {
      capabilities: {
        alwaysMatch: {
          browserName: "chrome",
          "goog:chromeOptions": { args, mobileEmulation: PHONE },
          "goog:loggingPrefs": { browser: "ALL" },
        },
      },
    });
    browser.session = `/${sessionId}`;
    // Nobody is there to answer the dialog for files.
    await browser.command("POST", "/goog/cdp/execute", {
      cmd: "Page.setInterceptFileChooserDialog",
      params: { enabled: true },
    });
    return browser;
  }

  async end(): Promise<void> {
    await this.command("DELETE", "");
    this.driver.kill();
    rmSync(this.profile, { recursive: true, force: true, maxRetries: 10 });
  }

  async open(url: string): Promise<void> {
    await this.command("POST", "/url", { url });
  }

  /** What is to be seen. */
  async text(): Promise<string> {
    return this.run("return document.body.innerText");
  }

  /** Waits until it is to be seen. */
  async see(text: string): Promise<void> {
    let seen = "";
    await until(
      async () => {
        seen = await this.text();
        return seen.includes(text);
      },
      () => `${text} is not in ${seen}`,
    );
  }

  /** Taps what bears this text, once it is there. */
  async tap(text: string): Promise<void> {
    const bears = `normalize-space()='${text}' or @aria-label='${text}'`;
    const disabled =
      "ancestor-or-self::*[@disabled='true' or @disabled='disabled' or @disabled='']";
    await this.on(`(//*[(${bears}) and not(${disabled})])[last()]`, async (element) => {
      await this.command("POST", `/element/${element}/click`, {});
    });
  }

  /** Types into the field with this placeholder, and leaves it. */
  async type(placeholder: string, text: string): Promise<void> {
    await this.on(fieldOf(placeholder), async (element) => {
      await this.command("POST", `/element/${element}/clear`, {});
      await this.command("POST", `/element/${element}/value`, { text });
    });
    await this.run("document.activeElement.blur()");
  }

  /** Hands a file to the field for files. */
  async pick(path: string): Promise<void> {
    await this.on("//input[@type='file']", async (element) => {
      await this.command("POST", `/element/${element}/value`, { text: path });
    });
  }

  /** What a field holds. */
  async value(placeholder: string): Promise<string> {
    const { [ELEMENT]: element } = await this.find(fieldOf(placeholder));
    return this.command("GET", `/element/${element}/property/value`);
  }

  async run<T>(script: string): Promise<T> {
    return this.command("POST", "/execute/sync", { script, args: [] });
  }

  /** What pages have complained of since it was last asked. */
  async complaints(): Promise<string[]> {
    const entries = await this.command<{ level: string; message: string }[]>("POST", "/se/log", {
      type: "browser",
    });
    return entries.filter(({ level }) => level === "SEVERE").map(({ message }) => message);
  }

  /** The page as a picture, in base64. */
  async picture(): Promise<string> {
    return this.command("GET", "/screenshot");
  }

  private find(xpath: string): Promise<Record<string, string>> {
    return this.command("POST", "/element", { using: "xpath", value: xpath });
  }

  /** Acts on an element, again until it goes well: pages change while they are looked at. */
  private async on(xpath: string, act: (element: string) => Promise<void>): Promise<void> {
    let why: unknown;
    await until(
      async () => {
        try {
          const { [ELEMENT]: element = "" } = await this.find(xpath);
          await act(element);
          return true;
        } catch (error) {
          why = error;
          return false;
        }
      },
      () => String(why),
    );
  }

  private async command<T>(method: string, path: string, body?: object): Promise<T> {
    const answer = await fetch(`${this.url}/session${this.session}${path}`, {
      method,
      body: body && JSON.stringify(body),
    });
    const { value } = await answer.json();
    if (!answer.ok) throw new Error(`${path}: ${value.error}: ${value.message.split("\n")[0]}`);
    return value;
  }
}

/** The last field with this placeholder: what is shown above others comes after them. */
function fieldOf(placeholder: string): string {
  return `(//uni-input[.//*[normalize-space()='${placeholder}']])[last()]//input`;
}
