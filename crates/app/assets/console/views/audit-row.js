import { h } from '../elements.js';
import { t, word } from '../i18n.js';
import { facts, link, moment, mono } from '../parts.js';

// How it was done; of operators' acts, which.
const how = (event) => event.method && word(event.actor ? 'act' : 'method', event.method);

// A row of the audit log: in a line, and whole when it is opened.
export function auditRow(event) {
  return h('li', { testid: 'event', data: { action: event.action } }, h('details', { class: 'row row-details' },
    h('summary', { testid: 'event-open' },
      h('span', { class: 'event-at' }, moment(event.at)),
      h('strong', {}, word('action', event.action)),
      h('span', { class: 'event-note' }, [event.actor, event.subject, how(event), event.reason].filter(Boolean).map((text) => h('span', {}, text)))),
    facts([
      [t('action'), mono(event.action)],
      [t('actor'), event.actor],
      [t('account'), event.user_id && link(event.user_id, `#/people/${event.user_id}`)],
      [t('subject'), event.subject],
      [t('how'), event.method && mono(event.method)],
      [t('reason'), event.reason],
      [t('session_id'), event.session_id && mono(event.session_id)],
      [t('address'), event.address && mono(event.address)],
      [t('device_id'), event.device_id && mono(event.device_id)],
      [t('request_id'), event.request_id && mono(event.request_id)],
      [t('row_id'), mono(event.id)],
    ])));
}
