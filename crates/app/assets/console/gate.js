// The door: asks for the key, and tries it.
import { call } from './api.js';
import { h } from './elements.js';
import { t } from './i18n.js';
import { drop, hold, IDLE_MINUTES, open } from './key.js';
import { button, failureBox, icon } from './parts.js';

export function gate({ why, opened }) {
  const field = h('input', { class: 'field mono', type: 'password', testid: 'key', 'aria-label': t('admin_key'), placeholder: 'mak_…', autocomplete: 'off', autocapitalize: 'off', spellcheck: 'false' });
  const told = h('div', { class: 'gate-told' });
  const go = button(t('unlock'), { kind: 'primary', type: 'submit', testid: 'unlock' });
  const notice = ['idle', 'refused', 'asked'].includes(why) && h('p', { class: 'gate-why', role: 'status', testid: 'why-locked', data: { why } }, icon('lock'), t(`locked_${why}`, { minutes: IDLE_MINUTES }));
  async function enter(event) {
    event.preventDefault();
    const given = field.value.trim();
    if (!given || go.disabled) return;
    go.disabled = true;
    hold(given);
    try {
      const whose = await call('GET', 'key');
      field.value = '';
      open(whose);
      opened();
    } catch (failure) {
      drop();
      told.replaceChildren(failureBox(failure));
    } finally {
      go.disabled = false;
    }
  }
  const form = h('form', { class: 'gate', testid: 'gate', on: { submit: enter } }, notice, h('h2', {}, t('gate_title')), h('p', {}, t('gate_text')), h('label', { class: 'labelled' }, h('span', {}, t('admin_key')), field), go, told, h('p', { class: 'gate-note' }, t('gate_note', { minutes: IDLE_MINUTES })));
  queueMicrotask(() => field.focus());
  return form;
}
