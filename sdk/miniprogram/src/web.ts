// For browsers (H5, websites) and native apps with `fetch`. Mini-programs: `menshen-sdk`.

import { createCore } from "./core/core";
import type { ClientType } from "./core/data";
import type { ClientOptions, Menshen } from "./core/menshen";
import type { KeyValueStore } from "./core/platform";
import { browserStorage, webPlatform } from "./web/platform";

export interface WebOptions extends ClientOptions {
  /** `app` in a native app; `web` by default. */
  clientType?: ClientType;
  /** Where the session is kept: `localStorage` by default, React Native's `AsyncStorage`, or your own. */
  storage?: KeyValueStore;
  /** In place of the global `fetch`. */
  fetch?: typeof fetch;
}

/** Makes the client; one for the whole page. */
export function createClient(options: WebOptions): Menshen {
  const { clientType = "web", storage = browserStorage(), storageKey = "menshen" } = options;
  const fetcher = options.fetch ?? ((...call) => fetch(...call));
  const platform = webPlatform(storageKey, clientType, storage, fetcher);
  const { made, state, vault } = createCore(platform, options);
  // Signed in or out, or refreshed, in another tab.
  storage.onChange?.(storageKey, async () => {
    const stored = await vault.read();
    if (stored) state.take(stored);
    else if (await state.current()) await state.end("logout");
  });
  return made;
}

export type { KeyValueStore } from "./core/platform";
export * from "./exports";
export { memoryStorage } from "./web/platform";
