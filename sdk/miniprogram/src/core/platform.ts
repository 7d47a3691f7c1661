// What the core needs from where it runs. Everything else is the same everywhere.

import type { LocalCode } from "./codes";
import type { ClientType } from "./data";

export interface HttpRequest {
  method: string;
  url: string;
  header: Record<string, string>;
  /** The query of a GET, the body of all others: JSON, unless it is text or bytes. */
  data?: object | string | ArrayBuffer | undefined;
  /** A file to upload, as a form of one part; in browsers what it holds. */
  filePath?: string | Blob | undefined;
  /** Milliseconds. */
  timeout: number;
}

/** An answer, whatever its status; as `wx.request` gives it. */
export interface HttpAnswer {
  statusCode: number;
  header: Record<string, string>;
  /** JSON that was read, or text. */
  data: unknown;
}

/** Why there is no answer. */
export type NoAnswer = LocalCode & ("network_error" | "timeout" | "interrupted");

/**
 * Keeps text under a key, as `localStorage` and React Native's `AsyncStorage` do.
 * It may fail, and it may forget.
 */
export interface KeyValueStore {
  getItem(key: string): string | null | Promise<string | null>;
  setItem(key: string, value: string): unknown;
  /** Calls back when somebody else changed the key; left out where nobody else can. */
  onChange?(key: string, changed: () => void): void;
}

export interface Platform {
  kind: ClientType;
  /** Sends a request; rejects with a `NoAnswer` and nothing else. */
  send(request: HttpRequest): Promise<HttpAnswer>;
  /** How many requests may be under way at once, but for two urgent ones. */
  maxRequests: number;
  store: KeyValueStore;
  /** Does one work at a time among all tabs, where that is possible. */
  exclusively?<T>(work: () => Promise<T>): Promise<T>;
  /** What people call the device, and which version of the app this is. */
  describe(): { device_name?: string | undefined; version?: string | undefined };
}
