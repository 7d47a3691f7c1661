// Receivers of events: what waits for them, what died, and having it delivered again.
import { call, query } from '../api.js';
import { ask } from '../dialog.js';
import { h } from '../elements.js';
import { number } from '../format.js';
import { t } from '../i18n.js';
import { mayChange } from '../key.js';
import { badge, button, facts, link, moment, mono, nothing, pages, say } from '../parts.js';

const HERE = '#/webhooks';

export function webhooks({ query: given }) {
  const conditions = { state: given.state, receiver: given.receiver };
  const receivers = h('ul', { class: 'rows', testid: 'receivers' });
  const list = h('div', { class: 'part' });
  const show = () => list.replaceChildren(...pages('deliveries', {
    none: t('no_deliveries'),
    row: (one) => delivery(one, show),
    load: async (cursor) => {
      const page = await call('GET', `webhooks/deliveries${query({ ...conditions, cursor })}`);
      if (!cursor) receivers.replaceChildren(...(page.receivers.length ? page.receivers.map((one) => receiver(one, show)) : [nothing(t('no_receivers'), 'no-receivers')]));
      return { rows: page.deliveries, next: page.next_cursor };
    },
  }));
  show();
  return [
    h('p', { class: 'recognised' }, t('webhooks_hint')),
    receivers,
    h('div', { class: 'toolbar' },
      link(t('deliveries_all'), HERE, 'deliveries-all'),
      link(t('deliveries_pending'), HERE + query({ ...conditions, state: 'pending' }), 'deliveries-pending'),
      link(t('deliveries_dead'), HERE + query({ ...conditions, state: 'dead' }), 'deliveries-dead'),
      button(t('refresh'), { kind: 'quiet', symbol: 'refresh', testid: 'deliveries-again', onClick: show })),
    list,
  ];
}

function receiver(one, show) {
  const again = mayChange() && one.dead > 0 && button(t('replay_dead'), { kind: 'outline', symbol: 'refresh', testid: 'receiver-replay', onClick: () => replayedAll(one, show) });
  const events = one.configured ? one.events.join(', ') || t('all_events') : t('not_configured');
  return h('li', { class: 'row', testid: 'receiver', data: { name: one.name } },
    h('div', { class: 'row-head' }, h('strong', {}, link(one.name, HERE + query({ receiver: one.name }))), again),
    facts([
      [t('events'), events],
      [t('deliveries_pending'), number(one.pending), 'receiver-pending'],
      [t('oldest_pending'), one.oldest_pending_at && moment(one.oldest_pending_at)],
      [t('deliveries_dead'), number(one.dead), 'receiver-dead'],
    ]));
}

function delivery(one, show) {
  const again = mayChange() && button(t('replay'), { kind: 'quiet', testid: 'delivery-replay', onClick: () => replayed(one, show) });
  return h('li', { class: 'row', testid: 'delivery', data: { event: one.event_id, state: one.state } },
    h('div', { class: 'row-head' }, badge('delivery', one.state), h('strong', {}, one.type), again),
    facts([
      [t('receiver'), one.receiver],
      [t('at'), moment(one.at)],
      [t('attempts'), number(one.attempts)],
      [t('last_outcome'), one.last_outcome && mono(one.last_outcome)],
      [t('next_try'), one.next_try_at && moment(one.next_try_at)],
      [t('given_up'), one.dead_at && moment(one.dead_at)],
      [t('account'), link(one.user_id, `#/people/${encodeURIComponent(one.user_id)}`)],
      [t('event_id'), mono(one.event_id)],
    ]));
}

async function replayed(one, show) {
  const done = await ask({
    testid: 'dialog-replay',
    title: t('replay_title'),
    text: t('replay_text', { type: one.type, receiver: one.receiver }),
    danger: false,
    confirm: t('replay'),
    act: () => call('POST', 'webhooks/deliveries/replay', { event_id: one.event_id, receiver: one.receiver }),
  });
  told(done, show);
}

async function replayedAll(one, show) {
  const done = await ask({
    testid: 'dialog-replay-dead',
    title: t('replay_dead_title'),
    text: t('replay_dead_text', { count: number(one.dead), receiver: one.name }),
    danger: false,
    confirm: t('replay_dead'),
    act: () => call('POST', 'webhooks/deliveries/replay', { all: true, receiver: one.name }),
  });
  told(done, show);
}

function told(done, show) {
  if (!done) return;
  say(t('replayed', { count: number(done.value.count) }));
  show();
}
