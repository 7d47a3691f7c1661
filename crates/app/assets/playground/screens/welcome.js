import { busy, button, h, icon } from '../dom.js';
import { t } from '../i18n.js';
import { serves } from '../operations.js';
import { loginWithPhoneButton, loginWithProfile, loginWithSms, loginWithWechat } from '../session.js';
import { complain } from '../toast.js';
import { codeForm } from './code-form.js';

export function welcome({ device }) {
  const mini = device.client === 'mini_program';
  const oneTap = mini ? 'POST /v1/login/wechat' : 'POST /v1/login/wechat-oauth';
  const phoneButton = mini && serves('POST /v1/login/wechat-phone');
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
      serves(oneTap) && button(t(`login_wechat_${device.client}`), { kind: 'wechat', symbol: 'wechat', testid: 'login-wechat', onClick: press(loginWithWechat) }),
      phoneButton && button(t('login_phone_button'), { kind: 'outline', symbol: 'phone', testid: 'login-phone-button', onClick: press(loginWithPhoneButton) }),
      mini && serves(oneTap) && button(t('login_wechat_profile'), { kind: 'outline', symbol: 'person', testid: 'login-wechat-profile', onClick: press(loginWithProfile) }),
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
