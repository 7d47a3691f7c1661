// One box that knows what it was given. What is looked for goes in a body and is in no
// address: numbers belong in no history.
import { call } from '../api.js';
import { h } from '../elements.js';
import { t } from '../i18n.js';
import { badge, button, failureBox, link, moment, mono, nothing } from '../parts.js';

const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const NUMBER = /^\+?[\d\s()-]{5,24}$/;
const WECHAT = /^[\w-]{6,128}$/;

export function recognise(text) {
  const given = text.trim();
  if (!given) return null;
  if (ID.test(given)) return { kind: 'user_id', given: given.toLowerCase() };
  if (NUMBER.test(given)) return { kind: 'phone', given };
  if (WECHAT.test(given)) return { kind: 'identity', given };
  return { kind: 'unknown', given };
}

async function search({ kind, given }) {
  const by = async (body) => (await call('POST', 'users/search', body)).users;
  if (kind === 'user_id') return by({ user_id: given });
  if (kind === 'phone') return by({ phone: given });
  // An identity means something within its application, or its platform, only.
  const { applications } = await call('GET', 'applications');
  const platforms = [...new Set(applications.map((one) => one.platform).filter(Boolean))];
  const ways = [...applications.map(({ app_id }) => ({ openid: given, app_id })), ...platforms.map((platform) => ({ union_id: given, platform }))];
  for (const way of ways) {
    const users = await by(way);
    if (users.length) return users;
  }
  return [];
}

export function find() {
  const seen = h('p', { class: 'recognised', testid: 'recognised', 'aria-live': 'polite' }, t('find_hint'));
  const found = h('div', { class: 'found', testid: 'found', 'aria-live': 'polite' });
  const box = h('input', { class: 'field field-large', type: 'search', testid: 'find', 'aria-label': t('find_label'), placeholder: t('find_label'), autocomplete: 'off', autocapitalize: 'off', spellcheck: 'false', on: { input: () => { seen.textContent = told(recognise(box.value)); } } });
  const go = button(t('search'), { kind: 'primary', type: 'submit', symbol: 'search', testid: 'find-go' });
  let turn = 0;
  async function look(event) {
    event?.preventDefault();
    const what = recognise(box.value);
    if (!what || what.kind === 'unknown') return;
    turn += 1;
    const mine = turn;
    found.replaceChildren(h('p', { class: 'waiting' }, t('loading')));
    try {
      const users = await search(what);
      if (mine === turn) found.replaceChildren(...(users.length ? users.map(line) : [nothing(t('nobody_found'), 'nobody')]));
    } catch (failure) {
      if (mine === turn && !failure.locked) found.replaceChildren(failureBox(failure, look));
    }
  }
  queueMicrotask(() => box.focus());
  return [h('form', { class: 'find', on: { submit: look } }, box, go), seen, found];
}

const told = (what) => (what ? t(`recognised_${what.kind}`) : t('find_hint'));

function line(user) {
  return h('article', { class: 'card user-line', testid: 'user-line', data: { user: user.id } },
    h('div', { class: 'user-line-name' }, h('strong', { testid: 'user-nickname' }, user.nickname || t('none')), badge('status', user.status)),
    h('div', { class: 'user-line-facts' }, mono(user.id), h('span', {}, user.phone_masked ?? t('no_phone')), h('span', {}, t('identity_count', { count: user.identity_count })), h('span', {}, t('last_login'), ' ', moment(user.last_login_at))),
    h('div', {}, link(t('see_whole'), `#/people/${user.id}`, 'user-open'), user.merged_into && link(t('merged_into'), `#/people/${user.merged_into}`)));
}
