import { busy, button, h } from '../dom.js';
import { t } from '../i18n.js';
import { bindPhone, bindPhoneByButton } from '../session.js';
import { complain } from '../toast.js';
import { codeForm } from './code-form.js';

export function bindPhoneScreen({ device, go }) {
  const done = (answer) => answer && go('profile');
  const known = device.user.phone_masked;
  const linked = (device.user.identities ?? []).some((identity) => identity.provider === 'wechat_mini_program');
  return h(
    'section',
    { class: 'screen form', testid: 'screen-bind-phone' },
    h('p', { class: 'lead' }, known ? t('change_phone_lead', { phone: known }) : t('bind_phone_lead')),
    codeForm({
      device,
      draft: 'bind_phone',
      purpose: 'bind_phone',
      ids: { phone: 'bind-phone-number', send: 'bind-phone-send', code: 'bind-phone-code', submit: 'bind-phone-submit' },
      submitLabel: t(known ? 'change_phone' : 'bind_phone'),
      submit: async (proof) => done(await bindPhone(device, proof)),
    }),
    device.client === 'mini_program' &&
      linked && [
        h('div', { class: 'divider' }, h('span', {}, t('or'))),
        button(t('bind_phone_button'), {
          kind: 'outline',
          symbol: 'wechat',
          testid: 'bind-phone-button',
          onClick: (event) => busy(event.currentTarget, () => bindPhoneByButton(device).then(done).catch(complain)),
        }),
      ],
  );
}
