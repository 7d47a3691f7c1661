import type { ClientType } from "../core/data";
import type { HttpAnswer, HttpRequest, KeyValueStore, NoAnswer, Platform } from "../core/platform";

/** A browser's own queue is better than ours. */
const MAX_REQUESTS = 64;

/** A tab that sleeps with the lock must not hold up the others: the service forgives two refreshes at once. */
const LOCK_PATIENCE = 5000;

export function webPlatform(
  name: string,
  clientType: ClientType,
  store: KeyValueStore,
  fetcher: typeof fetch,
): Platform {
  return {
    kind: clientType,
    send: (request) => send(fetcher, request),
    maxRequests: MAX_REQUESTS,
    store,
    exclusively: (work) => exclusively(`menshen ${name}`, work),
    describe: () => ({}),
  };
}

async function send(fetcher: typeof fetch, request: HttpRequest): Promise<HttpAnswer> {
  const { method, url, header, data, filePath, timeout } = request;
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), timeout);
  const bodiless = method === "GET" || method === "HEAD";
  const raw = data === undefined || typeof data === "string" || data instanceof ArrayBuffer;
  try {
    const headers = new Headers(header);
    let form: FormData | undefined;
    if (filePath) {
      form = new FormData();
      form.append("file", filePath);
    } else if (!bodiless && !headers.has("content-type"))
      headers.set("content-type", "application/json");
    const answer = await fetcher(bodiless && data ? withQuery(url, data) : url, {
      method,
      headers,
      body: bodiless
        ? undefined
        : form || ((raw ? data : JSON.stringify(data)) as BodyInit | undefined),
      signal: stop.signal,
      credentials: "omit",
      cache: "no-store",
    });
    const text = await answer.text();
    const found: Record<string, string> = {};
    answer.headers.forEach((value, name) => {
      found[name] = value;
    });
    return { statusCode: answer.status, header: found, data: json(text) };
  } catch {
    throw (stop.signal.aborted ? "timeout" : "network_error") satisfies NoAnswer;
  } finally {
    clearTimeout(timer);
  }
}

/** As `wx.request` does it. */
function withQuery(url: string, data: object | string): string {
  const pairs = Object.entries(data).filter(([, value]) => value !== undefined);
  const query = new URLSearchParams(pairs.map(([name, value]) => [name, String(value)]));
  return `${url}${url.includes("?") ? "&" : "?"}${query}`;
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

async function exclusively<T>(name: string, work: () => Promise<T>): Promise<T> {
  const locks = typeof navigator === "undefined" ? undefined : navigator.locks;
  if (!locks) return work();
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), LOCK_PATIENCE);
  let begun = false;
  try {
    return await locks.request(name, { signal: stop.signal }, () => {
      begun = true;
      clearTimeout(timer);
      return work();
    });
  } catch (error) {
    if (begun) throw error;
    return work();
  } finally {
    clearTimeout(timer);
  }
}

/** `localStorage`, which tells other tabs of changes; without it, what lasts as long as the page. */
export function browserStorage(): KeyValueStore {
  try {
    const { localStorage } = globalThis;
    localStorage.getItem("menshen");
    return {
      getItem: (key) => localStorage.getItem(key),
      setItem: (key, value) => localStorage.setItem(key, value),
      onChange(key, changed) {
        globalThis.addEventListener?.("storage", (event) => {
          // Without a key, everything was cleared.
          if (event.key === key || event.key === null) changed();
        });
      },
    };
  } catch {
    return memoryStorage();
  }
}

/** A store that lasts as long as the page. */
export function memoryStorage(): KeyValueStore {
  const values = new Map<string, string>();
  return {
    getItem: (key) => values.get(key) ?? null,
    setItem: (key, value) => void values.set(key, value),
  };
}
