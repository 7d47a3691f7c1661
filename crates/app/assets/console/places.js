// Which view an address leads to. Addresses hold ids and filters, never a phone number
// and never the key: they stay in the browser's history.
import { audit } from './views/audit.js';
import { find } from './views/find.js';
import { person } from './views/person.js';
import { sends } from './views/sends.js';
import { signingKeys } from './views/signing-keys.js';
import { testNumbers } from './views/test-numbers.js';
import { today } from './views/today.js';
import { webhooks } from './views/webhooks.js';

export const PLACES = [
  { path: 'today', symbol: 'chart', view: today },
  { path: 'find', symbol: 'search', view: find },
  { path: 'people', under: 'find', view: person },
  { path: 'audit', symbol: 'list', view: audit },
  { path: 'sends', symbol: 'message', view: sends },
  { path: 'signing-keys', symbol: 'key', view: signingKeys },
  { path: 'test-numbers', symbol: 'phone', view: testNumbers },
  { path: 'webhooks', symbol: 'exchange', view: webhooks },
];

export function here() {
  const [path, query] = location.hash.replace(/^#\/?/, '').split('?');
  const [name, id] = path.split('/');
  const place = PLACES.find((one) => one.path === name) ?? PLACES[0];
  return { place, id, query: Object.fromEntries(new URLSearchParams(query ?? '')) };
}

export const onPlace = (listener) => addEventListener('hashchange', listener);
