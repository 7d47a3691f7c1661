import { button, h, icon } from './dom.js';
import { t } from './i18n.js';
import { everyHalfSecond } from './time.js';

let region;
export const mountToasts = (node) => {
  region = node;
};

function show(node, life) {
  region.replaceChildren(node);
  setTimeout(() => {
    node.classList.add('leaving');
    setTimeout(() => node.remove(), 220);
  }, life);
}

export function say(message, detail) {
  show(
    h('div', { class: 'toast toast-good', role: 'status', testid: 'toast', data: { kind: 'success' } }, icon('check'), h('div', { class: 'toast-body' }, h('strong', { testid: 'toast-message' }, message), detail && h('span', {}, detail))),
    3200,
  );
}

export function complain(error) {
  const answer = error.answer ?? {};
  const until = Date.now() + (error.retryAfter ?? 0) * 1000;
  const wait = h('span', { testid: 'toast-retry-after' });
  const node = h(
    'div',
    { class: 'toast toast-bad', role: 'alert', testid: 'toast', data: { kind: 'error', code: error.code ?? 'unknown' } },
    icon('alert'),
    h(
      'div',
      { class: 'toast-body' },
      h('strong', { testid: 'toast-message' }, error.message),
      (answer.errors ?? []).map((item) => item.message && item.message !== error.message && h('span', {}, item.message)),
      answer.attempts_left !== undefined && h('span', {}, t('attempts_left', { count: answer.attempts_left })),
      error.retryAfter && everyHalfSecondLater(wait, until),
      h('code', { testid: 'toast-code' }, error.code ?? 'unknown'),
    ),
    button('', { kind: 'ghost', symbol: 'close', aria: t('dismiss'), testid: 'toast-close', onClick: () => node.remove() }),
  );
  show(node, error.retryAfter ? 9000 : 7000);
}

function everyHalfSecondLater(node, until) {
  return everyHalfSecond(node, () => {
    const left = Math.max(0, Math.ceil((until - Date.now()) / 1000));
    node.textContent = left ? t('retry_after', { seconds: left }) : t('retry_now');
  });
}
