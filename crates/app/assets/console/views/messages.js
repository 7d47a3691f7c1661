import { call } from '../api.js';
import { h } from '../elements.js';
import { number } from '../format.js';
import { t, word } from '../i18n.js';
import { badge, facts, moment, mono, pages } from '../parts.js';

// The messages to a number, newest first.
export function messages(phone) {
  return pages('sends', {
    none: t('no_messages'),
    row: message,
    load: async (cursor) => {
      const page = await call('POST', 'sends/search', { phone, ...(cursor && { cursor }) });
      return { rows: page.sends, next: page.next_cursor };
    },
  });
}

function message(send) {
  return h('li', { testid: 'send', data: { verdict: send.verdict ?? 'pending' } }, h('details', { class: 'row row-details' },
    h('summary', { testid: 'send-open' }, h('span', { class: 'event-at' }, moment(send.at)), badge('verdict', send.verdict ?? 'pending'), h('span', { class: 'event-note' }, h('span', {}, send.phone_masked), h('span', {}, word('purpose', send.purpose)), h('span', {}, word('client', send.client_type)))),
    facts([[t('source'), send.source && mono(send.source)], [t('message_id'), mono(send.id)]]),
    h('ol', { class: 'tries' }, send.attempts.map(attempt), send.receipts.map(receipt))));
}

function attempt(one) {
  return h('li', { testid: 'attempt' }, h('strong', {}, word('vendor', one.vendor)), badge('outcome', one.outcome), facts([
    [t('at'), moment(one.at)],
    [t('took'), `${number(one.took_ms)} ms`],
    [t('vendor_code'), one.vendor_code && mono(one.vendor_code)],
    [t('units'), one.cost_units === null ? null : number(one.cost_units)],
    [t('vendor_message_id'), one.message_id && mono(one.message_id)],
    [t('vendor_request_id'), one.request_id && mono(one.request_id)],
  ]));
}

function receipt(one) {
  return h('li', { testid: 'receipt' }, h('strong', {}, word('vendor', one.vendor)), badge('receipt', one.delivered ? 'delivered' : 'undelivered'), facts([
    [t('reported_at'), moment(one.reported_at)],
    [t('vendor_code'), one.code && mono(one.code)],
    [t('segments'), one.segments === null ? null : number(one.segments)],
    [t('vendor_message_id'), mono(one.message_id)],
  ]));
}
