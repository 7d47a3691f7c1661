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
  return [h('p', { class: 'recognised' }, t('keys_hint')), box, mayChange() && everybody()];
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

// For when tokens came into wrong hands, which a dropped key does not end: refresh
// tokens are not signed by it.
function everybody() {
  const end = button(t('end_everybody'), { kind: 'danger', testid: 'everybody-end', onClick: endEverybody });
  return h('div', { class: 'toolbar' }, h('p', { class: 'recognised' }, t('end_everybody_hint')), end);
}

async function endEverybody() {
  // Where it was broken off, the next try goes on.
  let [count, cursor] = [0, undefined];
  const done = await ask({
    testid: 'dialog-everybody',
    title: t('end_everybody_title'),
    text: t('end_everybody_text'),
    fields: [{ name: 'reason', label: t('reason'), hint: t('reason_hint'), maxlength: 200 }],
    word: 'everybody',
    confirm: t('end_everybody'),
    act: async ({ reason }, tell) => {
      do {
        const part = await call('POST', 'sessions/end', { confirm: 'everybody', reason, ...(cursor && { cursor }) });
        count += part.count;
        cursor = part.next_cursor;
        tell(t('ended', { count }));
      } while (cursor);
    },
  });
  if (done) say(t('ended', { count }));
}
