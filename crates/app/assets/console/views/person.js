// One account whole.
import { call } from '../api.js';
import { h } from '../elements.js';
import { t, word } from '../i18n.js';
import { mayChange } from '../key.js';
import { badge, button, card, facts, link, moment, mono, nothing, part } from '../parts.js';
import { acts, endDevice, endDevices } from './person-acts.js';
import { history } from './history.js';
import { messages } from './messages.js';

export function person({ id }) {
  const box = part('person', async () => {
    const user = await call('GET', `users/${encodeURIComponent(id ?? '')}`);
    const again = () => box.reload();
    return [head(user), mayChange() && acts(user, again), h('div', { class: 'columns' }, profile(user), identities(user)), devices(user, again), history(user), messagesTo(user)];
  });
  return box;
}

function head(user) {
  return h('div', { class: 'person-head' },
    h('strong', { class: 'person-name', testid: 'person-nickname' }, user.nickname || t('none')),
    badge('status', user.status, 'person-status'),
    user.merged_into && link(t('merged_into'), `#/people/${user.merged_into}`, 'person-merged-into'),
    user.purge_at && h('span', { class: 'as-of' }, t('purge_at'), ' ', moment(user.purge_at)),
    mono(user.id, 'person-id'));
}

function profile(user) {
  return card(t('profile'), { testid: 'person-profile' }, facts([
    [t('phone'), user.phone ?? user.phone_masked ?? t('no_phone'), 'person-phone'],
    [t('phone_proof'), user.phone_proof && word('proof', user.phone_proof)],
    [t('birthday'), user.birthday],
    [t('bio'), user.bio && h('span', { class: 'prewrap' }, user.bio), 'person-bio'],
    // Not shown as a picture: whoever chose it would learn who looks, and when.
    [t('avatar'), user.avatar_url && h('span', { class: 'mono wrap' }, user.avatar_url)],
    [t('consent'), user.consent && [user.consent.version, ' · ', moment(user.consent.at)]],
    [t('created_at'), moment(user.created_at)],
    [t('last_login'), moment(user.last_login_at)],
    [t('updated_at'), [moment(user.updated_at), ` · v${user.version}`]],
  ]), !mayChange() && h('p', { class: 'as-of' }, t('masked_for_read')));
}

function identities(user) {
  const openids = user.identities.map((one) => h('li', { class: 'row', testid: 'identity' }, h('div', { class: 'row-head' }, h('strong', {}, word('provider', one.provider)), mono(one.app_id)), mono(one.openid, 'identity-openid'), h('small', {}, t('linked_at'), ' ', moment(one.linked_at))));
  const unions = user.union_ids.map((one) => h('li', { class: 'row', testid: 'union-id' }, h('div', { class: 'row-head' }, h('strong', {}, 'UnionID'), mono(one.platform)), mono(one.union_id, 'union-id-value')));
  const all = [...openids, ...unions];
  return card(t('identities'), { testid: 'person-identities' }, all.length ? h('ul', { class: 'rows' }, all) : nothing(t('no_identities')));
}

function devices(user, again) {
  const list = user.sessions.map((session) => h('li', { class: 'row', testid: 'device', data: { session: session.id } },
    h('div', { class: 'row-head' }, h('strong', { testid: 'device-name' }, session.device_name || t('nameless_device')), h('span', { class: 'badge' }, word('client', session.client_type)), mayChange() && button(t('end'), { kind: 'danger', testid: 'device-end', onClick: () => endDevice(user, session).then((done) => done && again()) })),
    facts([
      [t('last_seen'), moment(session.last_seen_at)],
      [t('signed_in_at'), moment(session.created_at)],
      [t('expires_at'), moment(session.expires_at)],
      [t('address'), session.address && mono(session.address)],
      [t('version'), session.version],
      [t('app'), session.app_id && mono(session.app_id)],
      [t('device_id'), session.device_id && mono(session.device_id)],
      [t('session_id'), mono(session.id)],
      [t('user_agent'), session.user_agent],
    ])));
  const tools = mayChange() && list.length > 0 && button(t('end_all'), { kind: 'danger', testid: 'devices-end-all', onClick: () => endDevices(user).then((done) => done && again()) });
  return card(t('devices', { count: list.length }), { testid: 'person-devices', tools }, list.length ? h('ul', { class: 'rows' }, list) : nothing(t('no_devices'), 'no-devices'));
}

function messagesTo(user) {
  if (!user.phone) return card(t('sends_to'), {}, nothing(user.phone_masked ? t('sends_need_number') : t('no_phone')));
  const place = h('div');
  const show = button(t('show_sends'), { testid: 'person-sends', onClick: () => { show.remove(); place.append(...messages(user.phone)); } });
  return card(t('sends_to'), { testid: 'person-messages' }, show, place);
}
