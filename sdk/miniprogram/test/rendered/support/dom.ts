// WeChat's own compiler and component framework, over a document of jsdom.

import { createRequire } from "node:module";

// biome-ignore lint/suspicious/noExplicitAny: these packages have no types, or loose ones
type Loose = any;

const load = createRequire(import.meta.url);
const { JSDOM } = load("jsdom");
const { window } = new JSDOM("<!doctype html><html><head></head><body></body></html>");

// The packages take these for globals, as in a browser.
const names = ["document", "Element", "HTMLElement", "Event", "CustomEvent", "MutationObserver"];
const found = names.map((name) => [name, window[name]]);
Object.assign(globalThis, { window }, Object.fromEntries(found));

const simulate: Loose = load("miniprogram-simulate");
const exparser: Loose = load("miniprogram-exparser");

/** The official compiler comes for these processors; elsewhere one in JavaScript does. */
const compiler = process.arch === "x64" ? "official" : "simulate";

/** What the simulator has of `wx`: most of it does nothing. */
export const simulated: object = (globalThis as Loose).wx;

/** A page, compiled and rendered. */
export interface Rendered {
  instance: Loose;
  dom: Loose;
  attach(parent: Loose): void;
  detach(): void;
  triggerPageLifeTime(name: string): void;
}

export const document: Loose = window.document;

/** Compiles a page with what it uses; answers its id. */
export function compile(path: string, rootPath: string): string {
  return simulate.load(path, "main", { rootPath, compiler });
}

export function render(id: string): Rendered {
  return simulate.render(id);
}

/** The registration of a component, by the file that runs. */
export function component(definition: object): void {
  (globalThis as Loose).Component(definition);
}

/** Something happens to an element: a tap reaches what it lies in, all else does not. */
export function happen(dom: Loose, name: string, detail: object): void {
  const bubbles = name === "tap";
  const event = exparser.Event.create(name, detail, {
    bubbles,
    capturePhase: true,
    composed: bubbles,
    extraFields: { touches: {}, changedTouches: {} },
  });
  exparser.Event.dispatchEvent(dom.__wxElement, event);
}

/** An element as its markup says it. */
export interface Said {
  attributes: Record<string, unknown>;
  /** What is bound, and whether its owner has that. */
  handlers: { name: string; there: boolean }[];
}

export function said(dom: Loose): Said | undefined {
  const element = dom.__wxElement;
  const tree = element && element._vt;
  if (!tree) return undefined;
  // Compiled, `open-type` is `openType`.
  const hyphened = (name: string) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  const pairs = tree.attrs.map(({ name, value }: Loose) => [hyphened(name), value]);
  const owner = element.ownerShadowRoot && element.ownerShadowRoot.getHostNode();
  const caller = owner && exparser.Element.getMethodCaller(owner);
  const handlers = Object.values(tree.event as Record<string, Loose>).map(({ handler }) => ({
    name: handler,
    there: !!caller && typeof caller[handler] === "function",
  }));
  return { attributes: Object.fromEntries(pairs), handlers };
}
