import { busy, h } from './dom.js';
import { t } from './i18n.js';
import { solvedCaptcha } from './simulator.js';
import { complain } from './toast.js';

/* Stands in for the widget of a captcha service, which would come from the internet: ticking
   it asks the simulator for what a person who solved one would have. */
export function captchaBox({ device, solved }) {
  const tick = h('input', { type: 'checkbox', testid: 'captcha-tick', on: { change: () => tick.checked && busy(box, solve) } });
  const box = h('label', { class: 'captcha-box', testid: 'captcha', hidden: true }, tick, h('span', {}, t('captcha_human')), h('small', {}, t('captcha_simulated')));

  async function solve() {
    try {
      await solved(await solvedCaptcha(device));
    } catch (error) {
      complain(error);
      tick.checked = false;
    }
  }

  return {
    box,
    show() {
      tick.checked = false;
      box.hidden = false;
      tick.focus();
    },
    hide() {
      box.hidden = true;
    },
  };
}
