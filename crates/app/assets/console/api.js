import { t, locale } from './i18n.js';
import { authorization, lock, onLock } from './key.js';

// Longer than the service takes before it gives up itself.
const PATIENCE = 40_000;
// Until when the service does not want to be asked for something again.
const held = new Map();

export class Failure extends Error {
  constructor(code, message, more = {}) {
    super(message);
    Object.assign(this, { code, ...more });
  }

  get wait() {
    return Math.max(0, Math.ceil(((this.until ?? 0) - Date.now()) / 1000));
  }
}

export async function call(method, path, body) {
  const what = `${method} ${path.split('?')[0]}`;
  const until = held.get(what);
  if (Date.now() < until) throw new Failure('rate_limited', t('held'), { until });
  const gone = new AbortController();
  const forget = onLock(() => gone.abort('locked'));
  const patience = setTimeout(() => gone.abort('slow'), PATIENCE);
  try {
    const response = await fetch(`/admin/v1/${path}`, {
      method,
      headers: {
        accept: 'application/json',
        'accept-language': locale(),
        authorization: authorization(),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
      cache: 'no-store',
      credentials: 'omit',
      redirect: 'error',
      signal: gone.signal,
    });
    return understood(what, response, await response.text());
  } catch (error) {
    if (error instanceof Failure) throw error;
    // Of an answer that is for a page that is locked, nobody is told.
    if (gone.signal.reason === 'locked') throw new Failure('locked', '', { locked: true });
    throw new Failure('network', t(method === 'GET' ? 'network' : 'network_unsure'));
  } finally {
    clearTimeout(patience);
    forget();
  }
}

function understood(what, response, text) {
  const answer = parsed(text);
  if (response.ok && answer) return answer.data;
  const requestId = answer?.request_id ?? response.headers.get('x-request-id');
  const more = { status: response.status, requestId, errors: answer?.errors, reason: answer?.reason };
  const seconds = answer?.retry_after ?? Number(response.headers.get('retry-after'));
  if (seconds > 0) more.until = Date.now() + seconds * 1000;
  if (response.status === 429) held.set(what, more.until ?? Date.now() + 5_000);
  const failure = new Failure(answer?.code ?? 'unintelligible', answer?.message ?? t('unintelligible', { status: response.status }), more);
  if (response.status === 401) lock('refused');
  throw failure;
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

export function query(members) {
  const given = Object.entries(members).filter(([, value]) => value);
  return given.length ? `?${new URLSearchParams(given)}` : '';
}
