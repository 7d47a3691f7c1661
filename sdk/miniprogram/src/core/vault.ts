import type { KeyValueStore } from "./platform";
import { randomName } from "./random";
import { settled, within } from "./waiting";

/** A session, as it is kept. */
export interface Tokens {
  access: string;
  refresh: string;
  session: string;
  /** Seconds that the access token lives, by the service's word. */
  ttl: number;
  /** When it was asked for, by the device's clock in milliseconds. */
  at: number;
}

export interface Vault {
  read(): Promise<Tokens | null>;
  write(tokens: Tokens | null): Promise<void>;
  /** What somebody else has put there meanwhile. */
  otherThan(mine: Tokens): Promise<Tokens | null>;
  /** A random name of this installation, which outlives its sessions. */
  device(): Promise<string>;
}

/** Milliseconds: a store that does not answer must not hold up a login. */
const PATIENCE = 3000;

/**
 * Keeps the session in a store that may fail: one step after the other, and a token
 * that could not be replaced is not left behind, since of two uses the second would
 * be taken for a theft.
 */
export function openVault(
  store: KeyValueStore,
  key: string,
  failed: (error: unknown) => void,
): Vault {
  let last: Promise<unknown> = Promise.resolve();
  let name = "";
  let unsaved = false;

  const step = <T>(work: () => T): Promise<Awaited<T>> => {
    const late = new Error("storage timeout");
    const done = last.then(() => within(PATIENCE, Promise.resolve(work()), late));
    last = settled(done);
    return done as Promise<Awaited<T>>;
  };
  const put = (tokens: Tokens | null) =>
    step(() => store.setItem(key, JSON.stringify({ name, tokens })));

  const vault: Vault = {
    async read() {
      try {
        const kept = JSON.parse((await step(() => store.getItem(key))) || "{}");
        name ||= kept.name;
        return kept.tokens && kept.tokens.refresh ? kept.tokens : null;
      } catch (error) {
        failed(error);
        return null;
      }
    },
    async write(tokens) {
      try {
        await put(tokens);
        unsaved = false;
      } catch (error) {
        unsaved = true;
        failed(error);
        if (tokens) await settled(put(null));
      }
    },
    async otherThan(mine) {
      const stored = unsaved ? null : await vault.read();
      return stored && stored.refresh !== mine.refresh ? stored : null;
    },
    async device() {
      if (!name) await vault.read();
      name ||= randomName();
      return name;
    },
  };
  return vault;
}
