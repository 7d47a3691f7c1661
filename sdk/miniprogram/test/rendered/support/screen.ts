// What a person sees of a page, and does to it.

import assert from "node:assert/strict";
import { until } from "../../support/until";
import { document, happen, type Said, said } from "./dom";

// biome-ignore lint/suspicious/noExplicitAny: elements of jsdom
type Loose = any;

const ELEMENT = 1;
const TEXT = 3;

/** What stands between an element and its name in the screen. */
const squeezed = (text: string) => text.replace(/\s+/g, " ").trim();

export class Screen {
  constructor(
    private readonly root: () => Loose,
    /** What WeChat does when a button with an `open-type` is tapped. */
    private readonly open: (type: string) => Promise<{ event: string; detail: object } | undefined>,
  ) {}

  /** What is to be seen, from top to bottom: `text`, `(button)`, `[field: value]`. */
  get lines(): string[] {
    return this.linesOf(this.root());
  }

  /** The addresses of the pictures that are shown. */
  get pictures(): string[] {
    const images = this.all().filter((dom) => dom.localName === "wx-image");
    return images.map((dom) => String(attribute(dom, "src")));
  }

  /** Waits until a line is there that matches. */
  see(wanted: string | RegExp): Promise<string> {
    const matches = (line: string) =>
      typeof wanted === "string" ? line === wanted : wanted.test(line);
    return until(
      () => this.lines.find(matches),
      () => `${wanted} is not among ${JSON.stringify(this.lines)}`,
    );
  }

  /** Taps what bears this text, or this `aria-label`, once it can be tapped. */
  async tap(name: string): Promise<void> {
    const found = await until(
      () => this.tappable(name),
      () => `${name} cannot be tapped in ${JSON.stringify(this.lines)}`,
    );
    const type = said(found)?.attributes["open-type"];
    if (!type) return happen(found, "tap", {});
    const opened = await this.open(String(type));
    if (opened) happen(found, opened.event, opened.detail);
  }

  /** Types into the field with this placeholder, and leaves it. */
  async type(placeholder: string, text: string): Promise<void> {
    const find = () =>
      this.all().find((dom) => isField(dom) && attribute(dom, "placeholder") === placeholder);
    const field = await until(find, () => `${placeholder} is not in ${JSON.stringify(this.lines)}`);
    const value = text.slice(0, Number(attribute(field, "maxlength") ?? 140));
    happen(field, "input", { value });
    happen(field, "blur", { value });
  }

  /** That what the markup binds is there, and each class it names has a style. */
  assertWhole(): void {
    const styles = [...document.querySelectorAll("style")].map((style: Loose) => style.innerHTML);
    for (const dom of this.all()) {
      const { handlers } = said(dom) as Said;
      for (const { name, there } of handlers) assert.ok(there, `${name} is bound and missing`);
      for (const name of dom.classList) {
        // uni-app finds components by it.
        if (name === "main--r") continue;
        const rule = new RegExp(`\\.${name}(?![\\w-])`);
        assert.ok(
          styles.some((style) => rule.test(style)),
          `${name} has no style`,
        );
      }
    }
  }

  /** All elements that markup has made. */
  private all(): Loose[] {
    return [...this.root().querySelectorAll("*")].filter((dom: Loose) => said(dom));
  }

  private tappable(name: string): Loose {
    const bears = (dom: Loose) =>
      attribute(dom, "aria-label") === name || squeezed(dom.textContent) === name;
    // The innermost that bears it; what it lies in hears of the tap.
    const found = this.all().filter(bears).pop();
    return found && !attribute(found, "disabled") ? found : undefined;
  }

  private linesOf(dom: Loose): string[] {
    if (dom.nodeType === TEXT) return squeezed(dom.data) ? [squeezed(dom.data)] : [];
    if (dom.nodeType !== ELEMENT) return [];
    if (isField(dom)) return [`[${attribute(dom, "placeholder")}: ${attribute(dom, "value")}]`];
    const inside = [...dom.childNodes].flatMap((child: Loose) => this.linesOf(child));
    if (dom.localName === "wx-image") return [`<${attribute(dom, "src")}>`];
    if (dom.localName !== "wx-button") return inside;
    const name = attribute(dom, "aria-label") ?? inside.join(" ");
    return [attribute(dom, "disabled") ? `(${name}, off)` : `(${name})`];
  }
}

const isField = (dom: Loose) => dom.localName === "wx-input";

function attribute(dom: Loose, name: string): unknown {
  return said(dom)?.attributes[name];
}
