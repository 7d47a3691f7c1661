// What a key that may change does to an account. Each act asks first, and says why.
import { call } from '../api.js';
import { ask } from '../dialog.js';
import { h } from '../elements.js';
import { t } from '../i18n.js';
import { button, say } from '../parts.js';

const REASON = () => ({ name: 'reason', label: t('reason'), hint: t('reason_hint'), maxlength: 200 });

export function acts(user, again) {
  const act = (label, run, options) => button(label, { ...options, onClick: async () => {
    if (!(await run(user))) return;
    say(t('done'));
    again();
  } });
  return h('div', { class: 'toolbar', testid: 'acts' },
    user.status === 'active' && act(t('disable'), disable, { kind: 'danger', testid: 'act-disable' }),
    user.status === 'disabled' && act(t('enable'), enable, { kind: 'outline', testid: 'act-enable' }),
    user.phone_masked && act(t('detach_phone'), detachPhone, { kind: 'danger', testid: 'act-detach' }),
    user.status === 'active' && act(t('merge'), merge, { kind: 'danger', testid: 'act-merge' }));
}

function change(user, what, { danger = true, fields = [] } = {}) {
  return ask({
    testid: `dialog-${what}`,
    title: t(`${what}_title`),
    text: t(`${what}_text`, { name: user.nickname }),
    fields: [...fields, REASON()],
    confirm: t(what),
    danger,
    act: (values) => call('POST', `users/${user.id}/${what.replace('_', '-')}`, values),
  });
}

const disable = (user) => change(user, 'disable');
const enable = (user) => change(user, 'enable', { danger: false });
const detachPhone = (user) => change(user, 'detach_phone', { fields: [{ name: 'even_the_last', label: t('even_the_last'), type: 'checkbox' }] });

// Both are named: the one that stays, and the one that goes, whose end is typed.
async function merge(user) {
  const named = await ask({
    testid: 'dialog-merge',
    title: t('merge_title'),
    text: t('merge_text'),
    fields: [
      { name: 'into', label: t('merge_into'), value: user.id, id: true },
      { name: 'from', label: t('merge_from'), hint: t('merge_from_hint'), id: true },
      REASON(),
    ],
    confirm: t('go_on'),
    act: async (values) => ({ values, goes: await call('GET', `users/${encodeURIComponent(values.from)}`), stays: await call('GET', `users/${encodeURIComponent(values.into)}`) }),
  });
  if (!named) return undefined;
  const { values, goes, stays } = named.value;
  const done = await ask({
    testid: 'dialog-merge-proof',
    title: t('merge_title'),
    text: t('merge_proof', { goes: shown(goes), stays: shown(stays) }),
    typed: values.from,
    confirm: t('merge'),
    act: () => call('POST', 'users/merge', values),
  });
  if (done && values.into !== user.id) location.assign(`#/people/${values.into}`);
  return done;
}

const shown = (user) => `${user.nickname} · ${user.phone_masked ?? t('no_phone')} · ${user.id}`;

export const endDevice = (user, session) => ask({
  testid: 'dialog-end',
  title: t('end_title'),
  text: t('end_text', { name: session.device_name || t('nameless_device') }),
  confirm: t('end'),
  act: () => call('DELETE', `users/${user.id}/sessions/${session.id}`),
}).then(told);

export const endDevices = (user) => ask({
  testid: 'dialog-end-all',
  title: t('end_all_title'),
  text: t('end_all_text', { name: user.nickname }),
  confirm: t('end_all'),
  act: () => call('DELETE', `users/${user.id}/sessions`),
}).then(told);

function told(done) {
  if (done) say(t('ended', { count: done.value.count }));
  return done;
}
