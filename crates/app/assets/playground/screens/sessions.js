import { busy, button, h, icon } from '../dom.js';
import { t } from '../i18n.js';
import { serves } from '../operations.js';
import { endSession, sessions } from '../session.js';
import { dateTime, relative } from '../time.js';
import { complain, say } from '../toast.js';

export function sessionsScreen({ device }) {
  const list = h('ul', { class: 'sessions', testid: 'session-list', 'aria-live': 'polite' });
  const node = h(
    'section',
    { class: 'screen', testid: 'screen-devices' },
    h(
      'div',
      { class: 'screen-bar' },
      h('p', { class: 'lead' }, t('devices_lead')),
      button('', { kind: 'ghost', symbol: 'refresh', aria: t('reload'), testid: 'sessions-reload', onClick: (event) => busy(event.currentTarget, load) }),
    ),
    list,
  );

  async function load() {
    try {
      const found = await sessions(device);
      list.replaceChildren(...found.map(item));
    } catch (error) {
      complain(error);
    }
  }

  const item = (session) =>
    h(
      'li',
      { class: 'session', testid: 'session-row', data: { session: session.id, current: String(session.current) } },
      icon(session.client_type === 'web' ? 'globe' : 'phone', 'row-icon'),
      h(
        'div',
        { class: 'session-words' },
        h('strong', { testid: 'session-name' }, session.device_name ?? t(`client_${session.client_type}`)),
        h('span', {}, [t(`client_${session.client_type}`), session.address].filter(Boolean).join(' · ')),
        h('time', { datetime: session.last_seen_at, title: dateTime(session.created_at) }, t('last_seen', { when: relative(session.last_seen_at) })),
      ),
      session.current
        ? h('span', { class: 'tag', testid: 'session-current' }, t('this_device'))
        : serves('DELETE /v1/me/sessions/{id}') && button(t('sign_out'), {
            kind: 'chip',
            testid: 'session-revoke',
            onClick: (event) =>
              busy(event.currentTarget, async () => {
                await endSession(device, session.id);
                say(t('session_ended'));
                await load();
              }).catch(complain),
          }),
    );

  list.append(h('li', { class: 'loading' }, h('span', {}), h('span', {})));
  load();
  return node;
}
