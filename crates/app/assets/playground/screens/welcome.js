import { busy, button, h, icon } from '../dom.js';
import { t } from '../i18n.js';
import { serves } from '../operations.js';
import { loginWithPhoneButton, loginWithSms, loginWithWechat } from '../session.js';
import { complain } from '../toast.js';
import { codeForm } from './code-form.js';

export function welcome({ device }) {
  const oneTap = device.client === 'app' ? 'POST /v1/login/wechat-oauth' : 'POST /v1/login/wechat';
  const phoneButton = device.client === 'mini_program' && serves('POST /v1/login/wechat-phone');
  const press = (work) => (event) => busy(event.currentTarget, () => work(device).catch(complain));
  return h(
    'section',
    { class: 'gate', testid: 'screen-welcome' },
    h('div', { class: 'plaque', 'aria-hidden': 'true' }, h('span', {}, '门神')),
    h(
      'div',
      { class: 'gate-card' },
      device.ended && notice(device.ended),
      h('h2', { class: 'sr-only' }, t('sign_in')),
      serves(oneTap) && button(t('login_wechat'), { kind: 'wechat', symbol: 'wechat', testid: 'login-wechat', onClick: press(loginWithWechat) }),
      phoneButton && button(t('login_phone_button'), { kind: 'outline', symbol: 'phone', testid: 'login-phone-button', onClick: press(loginWithPhoneButton) }),
      h('div', { class: 'divider' }, h('span', {}, t('or_by_sms'))),
      codeForm({
        device,
        draft: 'login',
        purpose: 'login',
        ids: { phone: 'sms-phone', send: 'sms-send', code: 'sms-code', submit: 'sms-login' },
        submitLabel: t('login_sms'),
        submit: (proof) => loginWithSms(device, proof),
      }),
    ),
  );
}

function notice(ended) {
  const key = `ended_${ended.reason ?? ended.code}`;
  const known = t(key);
  return h('p', { class: 'notice', role: 'status', testid: 'session-notice', data: { reason: ended.reason ?? '', code: ended.code } }, icon('alert'), h('span', {}, known === key ? ended.message : known));
}
