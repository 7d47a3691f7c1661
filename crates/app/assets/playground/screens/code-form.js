import { call, open } from '../api.js';
import { captchaBox } from '../captcha.js';
import { offerCodeField } from '../code-target.js';
import { busy, button, h } from '../dom.js';
import { t } from '../i18n.js';
import { poke } from '../inbox.js';
import { toE164 } from '../phone-number.js';
import { everyHalfSecond } from '../time.js';
import { complain } from '../toast.js';

export function codeForm({ device, draft: name, purpose, ids, submitLabel, submit }) {
  const draft = (device.drafts[name] ??= { phone: '', code: '' });
  const withPhone = Boolean(ids.phone);
  const phone = withPhone && field({ testid: ids.phone, label: t('phone_number'), type: 'tel', autocomplete: 'tel', placeholder: '138 0013 8000', value: draft.phone, maxlength: 24 });
  const code = field({ testid: ids.code, label: t('sms_code'), inputmode: 'numeric', autocomplete: 'one-time-code', placeholder: t('six_digits'), value: draft.code ?? '', maxlength: 6 });
  offerCodeField(code.input);
  const resend = button(t('send_code'), { kind: 'inline', testid: ids.send, onClick: () => busy(resend, ask) });
  const label = resend.lastChild;
  const captcha = captchaBox({ device, solved: (token) => busy(resend, () => ask(token)) });
  const target = () => (withPhone ? toE164(phone.input.value) : device.user?.phone);

  everyHalfSecond(resend, () => {
    const same = !withPhone || draft.sentTo === toE164(phone.input.value);
    const left = same ? Math.ceil(((draft.resendAt ?? 0) - Date.now()) / 1000) : 0;
    resend.disabled = left > 0;
    const text = left > 0 ? t('resend_in', { seconds: left }) : t(same && draft.sentTo ? 'send_again' : 'send_code');
    if (label.textContent !== text) label.textContent = text;
  });

  async function ask(token) {
    const number = target();
    const body = { purpose, client_type: device.client, ...(withPhone && { phone: number }), ...(token && { captcha: token }) };
    try {
      const answer = purpose === 'login' ? await open(device, 'POST', '/v1/sms/codes', body) : await call(device, 'POST', '/v1/sms/codes', body);
      keep({ sentTo: number, challenge: answer.data.challenge_id, resendAt: Date.now() + answer.data.resend_after * 1000 });
      captcha.hide();
      code.input.focus();
    } catch (error) {
      if (error.code === 'captcha_required' || error.code === 'captcha_invalid') captcha.show();
      if (error.retryAfter) keep({ sentTo: number, resendAt: Date.now() + error.retryAfter * 1000 });
      complain(error);
    }
    poke();
  }

  function keep(changes) {
    Object.assign(draft, changes);
    device.save();
  }

  async function finish() {
    const number = target();
    const proof = { code: code.input.value.trim() };
    if (withPhone) proof.phone = number;
    if (draft.challenge && draft.sentTo === number) proof.challenge_id = draft.challenge;
    try {
      await submit(proof);
      delete device.drafts[name];
      device.save();
    } catch (error) {
      complain(error);
      if (error.code === 'sms_code_incorrect') code.input.select();
    }
  }

  const go = button(submitLabel, { kind: 'primary', testid: ids.submit, type: 'submit' });
  return h(
    'form',
    {
      class: 'code-form',
      novalidate: true,
      on: {
        submit: (event) => {
          event.preventDefault();
          busy(go, finish);
        },
        input: () => {
          draft.phone = withPhone ? phone.input.value : '';
          draft.code = code.input.value;
          device.save();
        },
      },
    },
    phone && h('div', { class: 'field-row' }, h('span', { class: 'prefix', 'aria-hidden': 'true' }, '+86'), phone.input),
    h('div', { class: 'field-row' }, code.input, resend),
    captcha.box,
    go,
  );
}

export function field({ testid, label, ...attributes }) {
  return { input: h('input', { class: 'input', testid, 'aria-label': label, ...attributes }) };
}
