import { call } from '../api.js';
import { ask } from '../dialog.js';
import { h } from '../elements.js';
import { t } from '../i18n.js';
import { mayChange } from '../key.js';
import { badge, button, facts, moment, mono, part, say } from '../parts.js';

export function signingKeys() {
  const box = part('signing-keys', async () => {
    const { keys } = await call('GET', 'signing-keys');
    return h('ul', { class: 'rows' }, keys.map((key) => row(key, box)));
  });
  return [h('p', { class: 'recognised' }, t('keys_hint')), box];
}

function row(key, box) {
  const drop = mayChange() && button(t('drop_key'), { kind: 'danger', testid: 'key-drop', onClick: () => dropped(key, box) });
  return h('li', { class: 'row', testid: 'signing-key', data: { kid: key.kid, stage: key.stage } },
    h('div', { class: 'row-head' }, badge('stage', key.stage), h('strong', {}, key.algorithm), drop),
    facts([[t('kid'), mono(key.kid)], [t('not_before'), moment(key.not_before)], [t('retire_at'), moment(key.retire_at)]]));
}

async function dropped(key, box) {
  const done = await ask({
    testid: 'dialog-drop-key',
    title: t('drop_key_title'),
    text: t('drop_key_text'),
    typed: key.kid,
    confirm: t('drop_key'),
    act: () => call('DELETE', `signing-keys/${encodeURIComponent(key.kid)}`),
  });
  if (!done) return;
  say(t('done'));
  box.reload();
}
