import en from './locales/en.js';
import zh from './locales/zh.js';
import { read, write } from './store.js';

const words = { zh, en };
const listeners = new Set();
let current = read('language') ?? (/^zh/i.test(navigator.language) ? 'zh' : 'en');

export const language = () => current;
export const locale = () => (current === 'zh' ? 'zh-CN' : 'en');

export function setLanguage(next) {
  current = next;
  write('language', next);
  for (const listener of listeners) listener();
}

export const onLanguage = (listener) => listeners.add(listener);

export function t(key, values = {}) {
  const text = words[current][key] ?? words.en[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? '');
}

export function translatePage(root = document) {
  document.documentElement.lang = current === 'zh' ? 'zh-CN' : 'en';
  document.title = t('page_title');
  for (const node of root.querySelectorAll('[data-t]')) node.textContent = t(node.dataset.t);
  for (const node of root.querySelectorAll('[data-t-label]')) {
    node.setAttribute('aria-label', t(node.dataset.tLabel));
    if (node.dataset.tip !== undefined) node.title = t(node.dataset.tLabel);
  }
}
