import { exchange } from './http.js';
import { t } from './i18n.js';

export class ApiError extends Error {
  constructor(status, answer) {
    super(answer?.message ?? (status ? t('error_unexpected', { status }) : t('error_offline')));
    this.status = status;
    this.code = answer?.code ?? (status ? `http_${status}` : 'offline');
    this.answer = answer ?? {};
  }

  get retryAfter() {
    return this.answer.retry_after;
  }
}

async function send(options) {
  const entry = await exchange(options);
  if (entry.status >= 200 && entry.status < 300 && entry.answer?.code === 'ok') return entry.answer;
  throw new ApiError(entry.status, typeof entry.answer === 'object' ? entry.answer : undefined);
}

export const open = (device, method, path, body, headers) => send({ device, method, path, body, headers });

const refreshing = new Map();

export function refresh(device) {
  if (!refreshing.has(device)) {
    const work = rotate(device).finally(() => refreshing.delete(device));
    refreshing.set(device, work);
  }
  return refreshing.get(device);
}

async function rotate(device) {
  try {
    const answer = await send({ device, method: 'POST', path: '/v1/token/refresh', body: { refresh_token: device.tokens.refresh } });
    device.accept(answer.data);
    return answer;
  } catch (error) {
    if (error.status === 401) device.forget(ending(error));
    throw error;
  }
}

const ending = (error) => ({ code: error.code, reason: error.answer.reason, message: error.message });

export async function call(device, method, path, body, { form } = {}) {
  const attempt = async (token) => {
    try {
      return await send({ device, method, path, body, form, token });
    } catch (error) {
      if (error.status === 401 && error.code !== 'token_expired' && device.tokens?.access === token) device.forget(ending(error));
      throw error;
    }
  };
  const token = device.tokens?.access;
  try {
    return await attempt(token);
  } catch (error) {
    if (error.code !== 'token_expired' || !device.tokens) throw error;
  }
  if (device.tokens.access === token) await refresh(device);
  return attempt(device.tokens.access);
}
