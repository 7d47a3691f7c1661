import { fillCode } from './code-target.js';
import { busy, button, h, icon } from './dom.js';
import { onLanguage, t } from './i18n.js';
import { messages as delivered } from './simulator.js';
import { clock, dateTime, everyHalfSecond, relative } from './time.js';

const EVERY = 1500;
let list;
let badge;
let filled;
let messages = [];
const seen = new Set();

export function mountInbox(host, counter, onFilled) {
  list = host;
  badge = counter;
  filled = onFilled;
  onLanguage(draw);
  document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && poll());
  setInterval(() => document.visibilityState === 'visible' && poll(), EVERY);
  draw();
  poll();
}

export function poke() {
  for (const delay of [60, 400, 900]) setTimeout(poll, delay);
}

let polling = false;

async function poll() {
  if (polling) return;
  polling = true;
  const next = await delivered();
  polling = false;
  if (!next || JSON.stringify(next) === JSON.stringify(messages)) return;
  messages = next;
  draw();
}

const identity = (message) => `${message.phone} ${message.at} ${message.code}`;

function draw() {
  badge.textContent = messages.length || '';
  badge.hidden = !messages.length;
  const first = !seen.size;
  list.replaceChildren(...(messages.length ? messages.slice(0, 40).map((message, index) => bubble(message, index, first)) : [empty()]));
  for (const message of messages) seen.add(identity(message));
}

function bubble(message, index, first) {
  const fresh = !first && !seen.has(identity(message));
  const at = h('time', { datetime: message.at, title: dateTime(message.at) });
  everyHalfSecond(at, () => {
    const text = Date.now() - new Date(message.at) < 3_600_000 ? relative(message.at) : clock(message.at);
    if (at.textContent !== text) at.textContent = text;
  });
  return h(
    'li',
    { class: `message${fresh ? ' fresh' : ''}${index === 0 ? ' newest' : ''}`, testid: 'inbox-message', data: { phone: message.phone, code: message.code ?? '' } },
    h('header', {}, h('strong', {}, message.phone), h('span', { class: 'vendor', testid: 'vendor' }, message.vendor), at),
    h('p', {}, message.text),
    message.code &&
      h(
        'div',
        { class: 'message-code' },
        h('button', { type: 'button', class: 'code', testid: 'inbox-code', title: t('fill_code'), 'aria-label': t('fill_code_label', { code: message.code }), on: { click: () => fillCode(message.code) && filled() } }, message.code),
        copy(message.code),
      ),
  );
}

function copy(code) {
  const control = button('', {
    kind: 'ghost',
    symbol: 'copy',
    aria: t('copy'),
    testid: 'inbox-copy',
    onClick: () =>
      busy(control, async () => {
        await navigator.clipboard?.writeText(code);
        control.classList.add('done');
        setTimeout(() => control.classList.remove('done'), 1200);
      }).catch(() => undefined),
  });
  return control;
}

const empty = () => h('li', { class: 'empty', testid: 'inbox-empty' }, icon('message', 'empty-icon'), h('strong', {}, t('inbox_empty')), h('p', {}, t('inbox_empty_text')));
