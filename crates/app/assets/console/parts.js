// What every view is made of. All that strangers wrote comes in as text.
import { h } from './elements.js';
import { dateTime } from './format.js';
import { t, word } from './i18n.js';

const SVG = 'http://www.w3.org/2000/svg';

export function icon(name) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  const use = document.createElementNS(SVG, 'use');
  use.setAttribute('href', `/console/icons.svg#icon-${name}`);
  svg.append(use);
  return svg;
}

export function button(label, { kind = 'outline', symbol, testid, onClick, type = 'button', aria } = {}) {
  return h('button', { type, class: `btn btn-${kind}`, testid, 'aria-label': aria, on: onClick && { click: onClick } }, symbol && icon(symbol), h('span', {}, label));
}

export const link = (label, href, testid) => h('a', { class: 'inline-link', href, testid }, label);
export const mono = (text, testid) => h('code', { class: 'mono', testid }, text);
export const badge = (kind, value, testid) => h('span', { class: `badge badge-${value}`, testid, data: { value } }, word(kind, value));

export function card(title, { testid, tools, note } = {}, ...content) {
  return h('section', { class: 'card', testid }, h('header', { class: 'card-head' }, h('h3', {}, title), note && h('p', {}, note), tools && h('div', { class: 'card-tools' }, tools)), content);
}

// Pairs of a name and what it is; what is not there is left out.
export function facts(pairs) {
  const there = pairs.filter(([, value]) => value !== null && value !== undefined && value !== '');
  return h('dl', { class: 'facts' }, there.map(([name, value, testid]) => h('div', {}, h('dt', {}, name), h('dd', { testid }, value))));
}

export const moment = (instant) => (instant ? h('time', { datetime: instant }, dateTime(instant)) : t('none'));
export const nothing = (text, testid) => h('p', { class: 'nothing', testid }, text);

// A failure of the API, in its own words, with what to tell whoever looks after it.
export function failureBox(failure, again) {
  const wait = h('span', { class: 'wait', testid: 'failure-wait' });
  const retry = again && button(t('try_again'), { testid: 'failure-again', symbol: 'refresh', onClick: again });
  const box = h(
    'div',
    { class: 'failure', role: 'alert', testid: 'failure', data: { code: failure.code ?? 'unknown' } },
    icon('alert'),
    h(
      'div',
      { class: 'failure-body' },
      h('strong', { testid: 'failure-message' }, failure.message || String(failure)),
      failure.reason && h('span', { testid: 'failure-reason' }, word('conflict', failure.reason)),
      (failure.errors ?? []).map((one) => h('span', {}, `${word('field', one.field)}: ${one.message ?? one.code}`)),
      wait,
      h('span', { class: 'failure-code' }, failure.code ?? 'unknown', failure.requestId && [' · ', h('span', { testid: 'failure-request' }, failure.requestId)]),
    ),
    retry,
  );
  countDown(box, wait, retry, failure);
  return box;
}

function countDown(box, wait, retry, failure) {
  if (!failure.wait) return;
  const tick = () => {
    wait.textContent = failure.wait ? t('wait', { seconds: failure.wait }) : '';
    if (retry) retry.disabled = failure.wait > 0;
    if (failure.wait && (box.isConnected || tick.young)) setTimeout(tick, 500);
    tick.young = false;
  };
  tick.young = true;
  tick();
}

// A place on a view that loads itself, and tells when it cannot.
export function part(testid, load) {
  const box = h('div', { class: 'part', testid });
  let turn = 0;
  box.reload = async () => {
    turn += 1;
    const mine = turn;
    box.setAttribute('aria-busy', 'true');
    if (!box.firstChild || box.querySelector('.failure')) box.replaceChildren(h('p', { class: 'waiting', role: 'status' }, t('loading')));
    try {
      const content = await load();
      if (mine === turn) box.replaceChildren(...[content].flat(2).filter(Boolean));
    } catch (failure) {
      if (mine === turn && !failure.locked) box.replaceChildren(failureBox(failure, box.reload));
    } finally {
      if (mine === turn) box.removeAttribute('aria-busy');
    }
  };
  box.reload();
  return box;
}

// Rows that go on behind a cursor.
export function pages(testid, { load, row, none }) {
  const list = h('ul', { class: 'rows', testid });
  const foot = h('div', { class: 'more' });
  async function more(cursor) {
    foot.replaceChildren(h('p', { class: 'waiting', role: 'status' }, t('loading')));
    try {
      const { rows, next } = await load(cursor);
      list.append(...rows.map(row));
      foot.replaceChildren();
      if (!list.children.length) foot.append(nothing(none, `${testid}-none`));
      if (next) foot.append(button(t('older'), { testid: `${testid}-more`, onClick: () => more(next) }));
      else if (list.children.length) foot.append(h('p', { class: 'waiting', testid: `${testid}-end` }, t('that_is_all', { count: list.children.length })));
    } catch (failure) {
      if (!failure.locked) foot.replaceChildren(failureBox(failure, () => more(cursor)));
    }
  }
  more();
  return [list, foot];
}

export function say(text) {
  const toasts = document.querySelector('.toasts');
  const toast = h('p', { class: 'toast', testid: 'toast' }, icon('check'), text);
  toasts.replaceChildren(toast);
  setTimeout(() => toast.remove(), 5_000);
}
