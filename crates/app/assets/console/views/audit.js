// The audit log, by the conditions of the API.
import { call, query } from '../api.js';
import { h } from '../elements.js';
import { toField, toInstant } from '../format.js';
import { knownWords, t, word } from '../i18n.js';
import { button, pages } from '../parts.js';
import { auditRow } from './audit-row.js';

const ACTIONS = 'audit-actions';

export function audit({ query: given }) {
  const field = (name, props = {}) => h('input', { class: 'field', type: 'text', name, testid: `audit-${name}`, value: given[name] ?? '', autocomplete: 'off', autocapitalize: 'off', spellcheck: 'false', ...props });
  const fields = {
    action: field('action', { list: ACTIONS, placeholder: 'login.refused' }),
    user_id: field('user_id', { class: 'field mono', placeholder: '0198…' }),
    actor: field('actor', { placeholder: 'ops.alice' }),
    from: field('from', { type: 'datetime-local', value: toField(given.from) }),
    to: field('to', { type: 'datetime-local', value: toField(given.to) }),
  };
  const values = () => ({
    action: fields.action.value.trim(),
    user_id: fields.user_id.value.trim(),
    actor: fields.actor.value.trim(),
    from: toInstant(fields.from.value),
    to: toInstant(fields.to.value),
  });
  const list = h('div', { class: 'part' });
  const show = (conditions) => list.replaceChildren(...pages('events', {
    none: t('no_events'),
    row: auditRow,
    load: async (cursor) => {
      const page = await call('GET', `audit-events${query({ ...conditions, cursor })}`);
      return { rows: page.events, next: page.next_cursor };
    },
  }));
  // The same conditions twice mean: look again.
  const apply = (event) => {
    event.preventDefault();
    const address = `#/audit${query(values())}`;
    if (location.hash === address) show(values());
    else location.assign(address);
  };
  const label = (name) => h('label', { class: 'labelled' }, h('span', {}, t(`audit_${name}`)), fields[name]);
  show(values());
  return [
    h('form', { class: 'filters', testid: 'filters', on: { submit: apply } }, Object.keys(fields).map(label),
      h('datalist', { id: ACTIONS }, knownWords('action').map((action) => h('option', { value: action }, word('action', action)))),
      h('div', { class: 'filters-go' }, h('a', { class: 'btn btn-quiet', href: '#/audit', testid: 'audit-clear' }, t('clear')), button(t('show'), { kind: 'primary', type: 'submit', testid: 'audit-go' }))),
    list,
  ];
}
