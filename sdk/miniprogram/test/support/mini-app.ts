// Runs the files of a mini-program: `App`, `Page`, `require`, and pages that are tapped.

import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Phone } from "./phone";

// biome-ignore lint/suspicious/noExplicitAny: pages hold what they like
type Loose = any;

export class MiniApp {
  /** What `wx.showToast` has shown. */
  readonly toasts: string[] = [];
  private readonly modules = new Map<string, { exports: unknown }>();
  private readonly pages = new Map<string, Loose>();
  private registered: Loose;
  private privacyListener: ((resolve: (answer: Loose) => void) => void) | undefined;
  private readonly wx: Loose;

  private constructor(
    private readonly folder: string,
    private readonly phone: Phone,
    /** Where a package is found, as "构建 npm" leaves it. */
    private readonly packages: Record<string, string>,
    /** Replaces what a phone would be configured with. */
    private readonly edit: (source: string) => string,
  ) {
    this.wx = {
      ...phone.wx,
      showToast: ({ title }: { title: string }) => this.toasts.push(title),
      onNeedPrivacyAuthorization: (listener: (resolve: (answer: Loose) => void) => void) => {
        this.privacyListener = listener;
      },
    };
  }

  /** Starts an app, and opens its first page. */
  static launch(
    folder: string,
    phone: Phone,
    packages: Record<string, string>,
    edit: (source: string) => string,
  ): { app: MiniApp; page: MiniPage } {
    const app = new MiniApp(resolve(folder), phone, packages, edit);
    const config = JSON.parse(readFileSync(join(folder, "app.json"), "utf8"));
    app.load(join(app.folder, "app.js"));
    app.registered.onLaunch?.({});
    const [first] = config.pages;
    app.load(join(app.folder, `${first}.js`));
    const markup = readFileSync(join(folder, `${first}.wxml`), "utf8");
    const page = new MiniPage(app.pages.get(join(app.folder, `${first}.js`)), markup);
    return { app, page };
  }

  /** WeChat needs the privacy agreement; answers how the page has settled that. */
  needPrivacy(): Promise<{ event: string; buttonId?: string }> {
    return new Promise((answered) => this.privacyListener?.(answered));
  }

  private load(file: string): unknown {
    const known = this.modules.get(file);
    if (known) return known.exports;
    const module = { exports: {} };
    this.modules.set(file, module);
    const globals = {
      module,
      exports: module.exports,
      require: (name: string) => this.require(name, file),
      wx: this.wx,
      Date: this.phone.clock,
      setTimeout: this.phone.soon,
      App: (options: Loose) => {
        this.registered = options;
      },
      getApp: () => this.registered,
      Page: (options: Loose) => this.pages.set(file, options),
    };
    const source = this.edit(readFileSync(file, "utf8"));
    new Function(...Object.keys(globals), source)(...Object.values(globals));
    return module.exports;
  }

  private require(name: string, from: string): unknown {
    if (!name.startsWith(".")) {
      const file = this.packages[name];
      if (!file) throw new Error(`module '${name}' is not defined`);
      return this.load(resolve(file));
    }
    const file = `${resolve(dirname(from), name).replace(/\.js$/, "")}.js`;
    if (!existsSync(file)) throw new Error(`module '${name}' is not defined`);
    return this.load(file);
  }
}

/** A page with its data, as its markup would show it. */
export class MiniPage {
  readonly self: Loose;

  constructor(
    options: Loose,
    readonly markup: string,
  ) {
    this.self = { ...options, data: structuredClone(options.data) };
    this.self.setData = (change: object) => Object.assign(this.self.data, change);
  }

  get data(): Loose {
    return this.self.data;
  }

  /** The handlers that the markup names. */
  get handlers(): string[] {
    return [...this.markup.matchAll(/\sbind:?[a-z]+="([^"]+)"/g)].map(([, name]) => name as string);
  }

  /** The members of `data` that the markup shows. */
  get shown(): string[] {
    const inside = [...this.markup.matchAll(/\{\{(.*?)\}\}/g)].map(([, text]) => text as string);
    const words = inside.flatMap((text) =>
      text.replace(/'[^']*'/g, "").match(/(?<![.\w])[a-z]\w*/gi),
    );
    return [...new Set(words.filter((word): word is string => !!word && word !== "item"))];
  }

  /** What a tap on the element with this handler does. */
  tap(handler: string, event: Loose = {}): Promise<void> {
    if (!this.handlers.includes(handler)) throw new Error(`nothing is bound to ${handler}`);
    return this.self[handler](event);
  }

  type(handler: string, value: string): void {
    void this.tap(handler, { detail: { value } });
  }
}
