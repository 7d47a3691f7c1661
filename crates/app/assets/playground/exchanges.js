import { busy, button, h, icon } from './dom.js';
import { onExchange } from './http.js';
import { onLanguage, t } from './i18n.js';
import { jsonView, shorten } from './json-view.js';
import { decode } from './jwt.js';
import { read, write } from './store.js';
import { clock, dateTime, relative } from './time.js';

const KEEP = 120;

export class Exchanges {
  constructor({ list, badge, clear, filter }) {
    this.list = list;
    this.badge = badge;
    this.filter = filter;
    this.entries = [];
    this.nodes = new Map();
    this.newest = null;
    filter.checked = read('show_simulator') ?? true;
    filter.addEventListener('change', () => {
      write('show_simulator', filter.checked);
      this.applyFilter();
    });
    clear.addEventListener('click', () => {
      this.entries = [];
      this.nodes.clear();
      this.draw();
    });
    onExchange((entry) => this.take(entry));
    onLanguage(() => this.draw());
    this.applyFilter();
    this.draw();
  }

  applyFilter() {
    this.list.classList.toggle('only-api', !this.filter.checked);
  }

  take(entry) {
    const known = this.nodes.get(entry.id);
    const node = this.card(entry);
    if (known) {
      node.open = known.open;
      node.dataset.touched = known.dataset.touched ?? '';
      known.replaceWith(node);
    } else {
      if (!this.entries.length) this.list.replaceChildren();
      this.entries.unshift(entry);
      this.list.prepend(node);
      if (entry.side === 'api') this.unfold(entry, node);
      for (const old of this.entries.splice(KEEP)) {
        this.nodes.get(old.id)?.remove();
        this.nodes.delete(old.id);
      }
    }
    this.nodes.set(entry.id, node);
    this.count();
  }

  unfold(entry, node) {
    const before = this.nodes.get(this.newest);
    if (before && !before.dataset.touched) before.open = false;
    node.open = true;
    this.newest = entry.id;
  }

  count() {
    const api = this.entries.filter((entry) => entry.side === 'api').length;
    this.badge.textContent = api || '';
    this.badge.hidden = !api;
  }

  draw() {
    const open = new Set([...this.nodes].filter(([, node]) => node.open).map(([id]) => id));
    this.nodes.clear();
    const cards = this.entries.map((entry) => {
      const node = this.card(entry);
      node.open = open.has(entry.id);
      this.nodes.set(entry.id, node);
      return node;
    });
    this.list.replaceChildren(...(cards.length ? cards : [empty()]));
    this.count();
  }

  card(entry) {
    const simulated = entry.side === 'simulator';
    const body = h('div', { class: 'exchange-body' });
    const node = h(
      'details',
      {
        class: `exchange exchange-${entry.side} is-${outcome(entry.status)}`,
        testid: 'exchange',
        data: { side: entry.side, method: entry.method, path: entry.path, status: entry.status ?? 'pending', code: entry.answer?.code ?? '' },
        on: { toggle: () => node.open && !body.childNodes.length && body.append(...details(entry)) },
      },
      h(
        'summary',
        {
          on: {
            click: () => {
              node.dataset.touched = 'true';
            },
          },
        },
        simulated && icon('hand', 'hand'),
        h('span', { class: 'method' }, entry.method),
        h('span', { class: 'path' }, entry.path),
        !simulated && entry.answer?.code && entry.answer.code !== 'ok' && h('span', { class: 'answer-code' }, entry.answer.code),
        entry.device && h('span', { class: 'who', title: t(`device_name_${entry.device}`) }, entry.device.toUpperCase()),
        h('span', { class: 'status-pill', testid: 'exchange-status' }, entry.status === null ? '···' : entry.status || t('no_answer')),
        h('span', { class: 'took' }, entry.took === undefined ? '' : `${Math.round(entry.took)} ms`),
      ),
      body,
    );
    return node;
  }
}

const outcome = (status) => (status === null ? 'pending' : status >= 200 && status < 300 ? 'good' : status >= 400 && status < 500 ? 'refused' : 'broken');

function details(entry) {
  const headers = Object.entries(entry.sent).filter(([name]) => name !== 'accept' && name !== 'content-type');
  const part = (title, ...content) => h('section', { class: 'part' }, h('h3', {}, title), content);
  return [
    h('p', { class: 'exchange-meta' }, h('time', {}, clock(entry.at)), entry.took !== undefined && h('span', { class: 'meta-took' }, `${Math.round(entry.took)} ms`), entry.requestId && h('span', { testid: 'exchange-request-id' }, 'X-Request-Id ', h('code', {}, entry.requestId)), copyCurl(entry)),
    part(
      t('request'),
      headers.length > 0 && h('dl', { class: 'headers' }, headers.map(([name, value]) => [h('dt', {}, name), h('dd', {}, name === 'authorization' ? `Bearer ${shorten(value.slice(7))}` : value)])),
      entry.body !== undefined && jsonView(entry.body),
      entry.form && h('p', { class: 'faint' }, 'multipart/form-data'),
    ),
    entry.status !== null && part(t('response'), entry.answer === null ? h('p', { class: 'faint' }, t('no_body')) : jsonView(entry.answer)),
    entry.answer?.data?.access_token && token(entry.answer.data.access_token),
  ].filter(Boolean);
}

function token(text) {
  const parts = decode(text);
  if (!parts) return null;
  const human = (name, value) => (['exp', 'iat', 'nbf'].includes(name) ? `${dateTime(value * 1000)}${name === 'exp' ? ` · ${relative(value * 1000)}` : ''}` : null);
  const explain = (name, value) => human(name, value) ?? (t(`claim_${name}`) === `claim_${name}` ? '' : t(`claim_${name}`));
  const rows = (object) =>
    Object.entries(object).map(([name, value]) => h('tr', {}, h('th', { scope: 'row' }, name), h('td', {}, h('code', {}, typeof value === 'string' ? value : JSON.stringify(value)), explain(name, value) && h('small', {}, explain(name, value)))));
  return h(
    'section',
    { class: 'part jwt', testid: 'jwt' },
    h('h3', {}, icon('key'), t('access_token')),
    h('table', {}, h('tbody', {}, h('tr', { class: 'jwt-head' }, h('th', { colspan: 2 }, t('jwt_header'))), rows(parts.header), h('tr', { class: 'jwt-head' }, h('th', { colspan: 2 }, t('jwt_claims'))), rows(parts.claims))),
  );
}

function copyCurl(entry) {
  const quote = (text) => `'${String(text).replace(/'/g, `'\\''`)}'`;
  const command = [
    `curl -X ${entry.method} ${quote(location.origin + entry.path)}`,
    ...Object.entries(entry.sent).map(([name, value]) => `-H ${quote(`${name}: ${value}`)}`),
    ...(entry.body === undefined ? [] : [`-d ${quote(JSON.stringify(entry.body))}`]),
  ].join(' \\\n  ');
  const control = button(t('copy_curl'), {
    kind: 'chip',
    symbol: 'copy',
    testid: 'exchange-curl',
    onClick: () =>
      busy(control, async () => {
        await navigator.clipboard?.writeText(command);
        control.lastChild.textContent = t('copied');
        setTimeout(() => {
          control.lastChild.textContent = t('copy_curl');
        }, 1400);
      }).catch(() => undefined),
  });
  return control;
}

function empty() {
  const step = (symbol, title, text) => h('li', {}, h('span', { class: 'step-mark' }, icon(symbol)), h('div', {}, h('strong', {}, t(title)), h('p', {}, t(text))));
  return h(
    'div',
    { class: 'empty empty-exchanges', testid: 'exchanges-empty' },
    h('h3', {}, t('exchanges_empty')),
    h('ol', { class: 'steps' }, step('hand', 'step_hand', 'step_hand_text'), step('shield', 'step_menshen', 'step_menshen_text'), step('key', 'step_token', 'step_token_text')),
  );
}
