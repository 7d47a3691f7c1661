import { call } from './api.js';
import { button, busy, h } from './dom.js';
import { t } from './i18n.js';
import { codeForm } from './screens/code-form.js';
import { sheet } from './sheet.js';
import { ownCode } from './simulator.js';
import { complain } from './toast.js';

export async function askStepUp(device, methods) {
  const done = await sheet({
    testid: 'sheet-step-up',
    title: t('step_up_title'),
    text: t('step_up_text'),
    content: (finish) => {
      const prove = (body) => call(device, 'POST', '/v1/me/step-up', body).then(() => finish(true));
      return h(
        'div',
        { class: 'stack' },
        methods.includes('sms') &&
          codeForm({ device, draft: 'step_up', purpose: 'step_up', ids: { send: 'step-up-send', code: 'step-up-code', submit: 'step-up-submit' }, submitLabel: t('step_up_action'), submit: ({ code, challenge_id }) => prove({ code, challenge_id }) }),
        methods.includes('wechat') &&
          button(t('step_up_wechat'), {
            kind: 'wechat',
            symbol: 'wechat',
            testid: 'step-up-wechat',
            onClick: (event) => busy(event.currentTarget, async () => prove({ wechat_code: await ownCode(device) }).catch(complain)),
          }),
      );
    },
  });
  return done === true;
}
