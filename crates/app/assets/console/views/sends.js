// Messages by number. The number is in this view and in the body of the call: an
// address would stay in the browser's history.
import { h } from '../elements.js';
import { t } from '../i18n.js';
import { button } from '../parts.js';
import { messages } from './messages.js';

export function sends() {
  const list = h('div', { class: 'part' });
  const field = h('input', { class: 'field field-large', type: 'tel', testid: 'sends-phone', 'aria-label': t('phone'), placeholder: t('phone'), autocomplete: 'off' });
  const look = (event) => {
    event.preventDefault();
    const phone = field.value.trim();
    if (phone) list.replaceChildren(...messages(phone));
  };
  queueMicrotask(() => field.focus());
  return [h('form', { class: 'find', on: { submit: look } }, field, button(t('search'), { kind: 'primary', type: 'submit', symbol: 'search', testid: 'sends-go' })), h('p', { class: 'recognised' }, t('sends_hint')), list];
}
