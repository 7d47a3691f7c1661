// The audit log about one account: the newest rows came with it, older ones are asked
// for.
import { call, query } from '../api.js';
import { h } from '../elements.js';
import { t } from '../i18n.js';
import { button, card, nothing, pages } from '../parts.js';
import { auditRow } from './audit-row.js';

// As many as come with an account; fewer are all there are.
const CAME = 20;

export function history(user) {
  const rows = user.history;
  if (!rows.length) return card(t('history'), { testid: 'person-history' }, nothing(t('no_history')));
  const older = h('div');
  const more = button(t('older'), { testid: 'history-older', onClick: () => { more.remove(); older.append(...earlier(user, rows)); } });
  return card(t('history'), { testid: 'person-history' }, h('ul', { class: 'rows' }, rows.map(auditRow)), rows.length >= CAME && more, older);
}

// Times are told to the millisecond, and several rows may share one: the page begins
// with that millisecond again, and passes over what is shown already.
function earlier(user, rows) {
  const shown = new Set(rows.map((row) => row.id));
  const to = new Date(new Date(rows.at(-1).at).getTime() + 1).toISOString();
  return pages('history', {
    none: t('no_history'),
    row: auditRow,
    load: async (cursor) => {
      const page = await call('GET', `audit-events${query({ user_id: user.id, to, cursor })}`);
      return { rows: page.events.filter((row) => !shown.has(row.id)), next: page.next_cursor };
    },
  });
}
