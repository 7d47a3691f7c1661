import { button, h } from './dom.js';
import { t } from './i18n.js';

let host;
let behind;
let dismiss = null;

export function mountSheets(node, covered) {
  host = node;
  behind = covered;
}

export const closeSheet = () => dismiss?.();

export function sheet({ title, text, testid, content, actions }) {
  closeSheet();
  const before = document.activeElement;
  return new Promise((resolve) => {
    const finish = (value) => {
      dismiss = null;
      host.replaceChildren();
      for (const node of behind) node.inert = false;
      if (before?.isConnected) before.focus();
      resolve(value);
    };
    dismiss = () => finish(null);
    const panel = h(
      'div',
      { class: 'sheet', role: 'dialog', 'aria-modal': 'true', 'aria-label': title, testid, tabindex: '-1', on: { keydown: (event) => event.key === 'Escape' && finish(null) } },
      h('h3', {}, title),
      text && h('p', {}, text),
      content?.(finish),
      h(
        'div',
        { class: 'sheet-actions' },
        (actions ?? []).map((action) => button(action.label, { kind: action.kind ?? 'primary', testid: action.testid, symbol: action.symbol, onClick: () => finish(action.value) })),
        button(t('cancel'), { kind: 'quiet', testid: 'sheet-cancel', onClick: () => finish(null) }),
      ),
    );
    host.replaceChildren(h('div', { class: 'sheet-shade', on: { click: () => finish(null) } }), panel);
    for (const node of behind) node.inert = true;
    panel.focus();
  });
}
