import { busy, button, h } from '../dom.js';
import { t } from '../i18n.js';
import { serves } from '../operations.js';
import { cancelAccount, exportData, logout } from '../session.js';
import { complain, say } from '../toast.js';
import { group, row } from './rows.js';

export function account({ device }) {
  const press = (work) => (event) => busy(event.currentTarget, () => work().catch(complain));
  const out = (scope, testid) => row({ symbol: 'exit', title: t(`logout_${scope}`), testid, onClick: press(() => logout(device, scope)) });
  return h(
    'section',
    { class: 'screen', testid: 'screen-account' },
    group(t('sign_out'), out('this', 'logout-this'), out('others', 'logout-others'), out('all', 'logout-all')),
    serves('GET /v1/me/export') && group(
      t('my_data'),
      row({ symbol: 'download', title: t('export'), testid: 'export', onClick: press(async () => (await exportData(device)) && say(t('exported'))) }),
    ),
    serves('DELETE /v1/me') && h('div', { class: 'danger-zone' }, button(t('cancel_account'), { kind: 'danger', symbol: 'trash', testid: 'cancel-account', onClick: press(() => cancelAccount(device)) })),
  );
}
