import { locale } from './i18n.js';

const log = new EventTarget();
let counter = 0;

export const onExchange = (listener) => log.addEventListener('exchange', (event) => listener(event.detail));

function announce(entry) {
  log.dispatchEvent(new CustomEvent('exchange', { detail: entry }));
}

export async function exchange({ method = 'GET', path, body, form, token, headers = {}, device, side = 'api', quiet = false }) {
  const sent = { accept: 'application/json', ...headers };
  if (side === 'api') sent['accept-language'] = locale();
  if (body !== undefined) sent['content-type'] = 'application/json';
  if (token) sent.authorization = `Bearer ${token}`;
  counter += 1;
  const entry = { id: counter, side, device: device?.name, method, path, sent, body, form: Boolean(form), at: Date.now(), status: null };
  if (!quiet) announce(entry);
  const started = performance.now();
  try {
    const response = await fetch(path, {
      method,
      headers: sent,
      body: form ?? (body === undefined ? undefined : JSON.stringify(body)),
      credentials: 'omit',
      cache: 'no-store',
    });
    const text = await response.text();
    entry.status = response.status;
    entry.requestId = response.headers.get('x-request-id');
    entry.answer = parse(text);
  } catch {
    entry.status = 0;
    entry.answer = null;
  }
  entry.took = performance.now() - started;
  if (!quiet) announce(entry);
  return entry;
}

function parse(text) {
  if (!text) return null;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
