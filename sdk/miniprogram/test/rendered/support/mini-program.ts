// A mini-program on a phone: its files are compiled, and its pages rendered and opened.

import assert from "node:assert/strict";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Phone } from "../../support/phone";
import { compile, component, document, type Rendered, render, simulated } from "./dom";
import { Screen } from "./screen";

// biome-ignore lint/suspicious/noExplicitAny: options as loose as those of WeChat
type Loose = any;

interface Opened {
  path: string;
  page: Rendered;
  root: Loose;
}

/** Where the files of each app find their own `wx`. */
const phones: Record<string, Loose> = {};
Object.assign(globalThis, { phones });
let launches = 0;

/** What an app is made of. */
export interface Package {
  folder: string;
  /** Files by the name that `require` knows them by, as "构建 npm" leaves them. */
  packages?: Record<string, string>;
  /** Replaces what a phone would be configured with. */
  edit?: (source: string) => string;
}

export class MiniProgram {
  readonly screen: Screen;
  /** What `wx.showToast` has shown. */
  readonly toasts: string[] = [];
  /** What `wx.showModal` has asked. */
  readonly asked: string[] = [];
  /** How often the privacy agreement was opened. */
  contracts = 0;
  /** What the person says to that. */
  agrees = true;
  private readonly root = mkdtempSync(join(tmpdir(), "menshen-mini-program-"));
  private readonly ids = new Map<string, string>();
  private readonly config: { pages: string[] };
  private pages: Opened[] = [];
  private app: Loose;
  private privacyListener: ((answer: (given: object) => void) => void) | undefined;

  constructor(
    made: Package,
    private readonly phone: Phone,
  ) {
    this.screen = new Screen(
      () => this.top.root,
      (type) => this.open(type),
    );
    this.config = JSON.parse(readFileSync(join(made.folder, "app.json"), "utf8"));
    this.stage(made);
  }

  /** Starts the app and opens its first page. */
  static launch(made: Package, phone: Phone): MiniProgram {
    const started = new MiniProgram(made, phone);
    started.start();
    return started;
  }

  /** The page that is open. */
  get at(): string {
    return this.top.path;
  }

  /** WeChat needs the privacy agreement; answers how the page has settled that. */
  needPrivacy(): Promise<{ event: string; buttonId?: string }> {
    return new Promise((answered) => this.privacyListener?.(answered as Loose));
  }

  /** The person goes back a page. */
  back(): void {
    this.pop();
    this.show();
  }

  /** The app is closed. */
  close(): void {
    while (this.pages.length > 0) this.pop();
    rmSync(this.root, { recursive: true, force: true });
  }

  private get top(): Opened {
    return this.pages[this.pages.length - 1] as Opened;
  }

  /** Lays the files down as WeChat would see them. */
  private stage({ folder, packages = {}, edit = (source) => source }: Package): void {
    launches += 1;
    phones[launches] = this.globals();
    // Some frameworks replace what WeChat declares.
    const own = `var {${Object.keys(phones[launches])}}=globalThis.phones[${launches}];`;
    cpSync(folder, this.root, {
      recursive: true,
      filter: (path) => !path.includes("node_modules"),
    });
    const shared = readFileSync(join(this.root, "app.wxss"), "utf8");
    for (const file of filesBelow(this.root)) {
      const source = readFileSync(file, "utf8");
      if (file.endsWith(".js")) writeFileSync(file, own + edit(source));
      // The styles of the app are those of each page as well.
      if (file.endsWith(".json") && !file.endsWith("app.json")) {
        const styles = file.replace(/json$/, "wxss");
        try {
          writeFileSync(styles, shared + readFileSync(styles, "utf8"));
        } catch {
          // No page.
        }
      }
    }
    for (const [name, file] of Object.entries(packages)) {
      const place = join(this.root, "node_modules", name);
      mkdirSync(place, { recursive: true });
      const clock = "const {Date,setTimeout}=phone;";
      phones[`${launches} clock`] = { Date: this.phone.clock, setTimeout: this.phone.soon };
      const source = readFileSync(file, "utf8");
      const before = `const phone=globalThis.phones["${launches} clock"];${clock}`;
      writeFileSync(
        join(place, "index.js"),
        `${before}const {wx}=globalThis.phones[${launches}];${source}`,
      );
    }
  }

  private globals(): Loose {
    const wx = {
      ...simulated,
      ...this.phone.wx,
      showToast: ({ title }: Loose) => this.toasts.push(title),
      showModal: ({ title, content, success }: Loose) => {
        this.asked.push(`${title} ${content}`);
        success?.({ confirm: this.agrees, cancel: !this.agrees });
      },
      onNeedPrivacyAuthorization: (listener: Loose) => {
        this.privacyListener = listener;
      },
      openPrivacyContract: () => {
        this.contracts += 1;
      },
      ...this.routes(),
    };
    return {
      wx,
      App: (options: Loose) => {
        this.app = options;
      },
      getApp: () => this.app,
      getCurrentPages: () =>
        this.pages.map(({ path, page }) => Object.assign(page.instance, { route: path })),
      Component: component,
      // A page is a component whose functions are methods.
      Page: (options: Loose) => {
        const entries = Object.entries(options);
        const methods = entries.filter(([, value]) => typeof value === "function");
        component({ data: options.data, methods: Object.fromEntries(methods) });
      },
    };
  }

  private routes(): Loose {
    const route = (prepare: () => void) => (options: Loose) => {
      prepare();
      this.push(options.url.replace(/^\//, ""));
      setImmediate(() => {
        options.success?.({});
        options.complete?.({});
      });
    };
    const all = () => {
      while (this.pages.length > 0) this.pop();
    };
    return {
      navigateTo: route(() => {
        this.top.root.hidden = true;
      }),
      redirectTo: route(() => this.pop()),
      reLaunch: route(all),
      navigateBack: () => this.back(),
    };
  }

  private push(url: string): void {
    const [path = "", query = ""] = url.split("?");
    assert.ok(this.config.pages.includes(path), `${path} is not in app.json`);
    const id = this.ids.get(path) ?? compile(join(this.root, path), this.root);
    this.ids.set(path, id);
    const page = render(id);
    const root = document.createElement("page");
    document.body.appendChild(root);
    page.attach(root);
    this.pages.push({ path, page, root });
    page.instance.onLoad?.(Object.fromEntries(new URLSearchParams(query)));
    this.show();
  }

  private pop(): void {
    const { page, root } = this.pages.pop() as Opened;
    page.instance.onUnload?.();
    page.detach();
    root.remove();
  }

  private show(): void {
    this.top.root.hidden = false;
    this.top.page.instance.onShow?.();
    this.top.page.triggerPageLifeTime("show");
  }

  private start(): void {
    const file = join(this.root, "app.js");
    createRequire(file)(file);
    assert.ok(this.app, "app.js calls App()");
    this.app.onLaunch?.({});
    this.push(this.config.pages[0] as string);
  }

  private async open(type: string): Promise<{ event: string; detail: object } | undefined> {
    if (type === "getPhoneNumber") {
      const { detail } = await this.phone.tapPhoneButton();
      return { event: "getphonenumber", detail };
    }
    if (type === "chooseAvatar") {
      const [avatarUrl] = this.phone.files.keys();
      return avatarUrl ? { event: "chooseavatar", detail: { avatarUrl } } : undefined;
    }
    assert.equal(type, "agreePrivacyAuthorization");
    return { event: "agreeprivacyauthorization", detail: {} };
  }
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? filesBelow(path) : [path];
  });
}
