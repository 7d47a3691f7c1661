// A browser as far as the library uses it: tabs that share a storage and its locks.

import { web } from "./app";

type Listener = (event: { key: string | null }) => void;

export class Browser {
  readonly storage = new Map<string, string>();
  private readonly tabs: Listener[][] = [];
  private locked: Promise<unknown> = Promise.resolve();
  /** Whether the lock is ever handed over: a tab that sleeps with it keeps it. */
  lockIsLost = false;
  /** `localStorage` is forbidden, as it is in some private windows. */
  forbidsStorage = false;
  /** Milliseconds that the clock is ahead. */
  skew = 0;

  /** The person clears what websites have stored: every tab is told. */
  clear(): void {
    this.storage.clear();
    for (const listener of this.tabs.flat()) setImmediate(() => listener({ key: null }));
  }

  /** The library, loaded in a new tab. */
  tab(more: Record<string, unknown> = {}): ReturnType<typeof web> {
    const listeners: Listener[] = [];
    this.tabs.push(listeners);
    const { storage, tabs } = this;
    const changed = (key: string) => {
      const others = tabs.filter((tab) => tab !== listeners).flat();
      for (const listener of others) setImmediate(() => listener({ key }));
    };
    const localStorage = {
      getItem: (key: string) => storage.get(key) ?? null,
      setItem: (key: string, value: string) => {
        storage.set(key, value);
        changed(key);
      },
    };
    const forbids = this.forbidsStorage;
    return web({
      globalThis: {
        get localStorage() {
          if (forbids) throw new Error("SecurityError");
          return localStorage;
        },
        addEventListener: (_: string, listener: Listener) => listeners.push(listener),
      },
      navigator: { locks: { request: this.lock.bind(this) } },
      Date: { now: () => Date.now() + this.skew },
      setTimeout: (work: () => void, milliseconds = 0) => setTimeout(work, milliseconds / 20),
      ...more,
    });
  }

  private lock<T>(
    _name: string,
    { signal }: { signal: AbortSignal },
    work: () => Promise<T>,
  ): Promise<T> {
    if (this.lockIsLost)
      return new Promise((_, reject) => {
        signal.addEventListener("abort", () => reject(new Error("AbortError")));
      });
    const done = this.locked.then(work);
    this.locked = done.catch(() => {});
    return done;
  }
}
