import { h } from './dom.js';

const SECRET = new Set(['access_token', 'refresh_token', 'phone_code', 'encrypted_data', 'raw_data', 'signature', 'authorization']);

export function shorten(text) {
  return text.length > 34 ? `${text.slice(0, 16)}…${text.slice(-8)}` : text;
}

const span = (kind, text, title) => h('span', { class: `j-${kind}`, title }, text);

function scalar(value, key) {
  if (typeof value === 'string') {
    if (SECRET.has(key) && value.length > 34) return span('secret', JSON.stringify(shorten(value)), `${value.length}`);
    return span('string', JSON.stringify(value));
  }
  if (typeof value === 'number') return span('number', String(value));
  return span('word', String(value));
}

function lines(value, key, depth) {
  const pad = '  '.repeat(depth);
  const inner = `${pad}  `;
  if (value === null || typeof value !== 'object') return [scalar(value, key)];
  const entries = Object.entries(value);
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  if (!entries.length) return [span('mark', open + close)];
  const out = [span('mark', `${open}\n`)];
  entries.forEach(([name, item], index) => {
    out.push(inner);
    if (!Array.isArray(value)) out.push(span('key', JSON.stringify(name)), span('mark', ': '));
    out.push(...lines(item, name, depth + 1), span('mark', index < entries.length - 1 ? ',\n' : '\n'));
  });
  out.push(pad, span('mark', close));
  return out;
}

export const jsonView = (value) => h('pre', { class: 'json', tabindex: '0' }, h('code', {}, lines(value, '', 0)));
