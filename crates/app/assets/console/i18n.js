import { Signal } from './signal.js';
import en from './locales/en.js';
import zh from './locales/zh.js';

const words = { zh, en };
// The same as the playground's and the documentation's: one choice for all pages.
const STORED = 'menshen.playground.language';
const changed = new Signal();
let current = stored() ?? (/^zh/i.test(navigator.language) ? 'zh' : 'en');

function stored() {
  try {
    const language = JSON.parse(localStorage.getItem(STORED));
    return language in words ? language : undefined;
  } catch {
    return undefined;
  }
}

export const language = () => current;
export const locale = () => (current === 'zh' ? 'zh-CN' : 'en');
export const onLanguage = (listener) => changed.listen(listener);

export function setLanguage(next) {
  current = next;
  try {
    localStorage.setItem(STORED, JSON.stringify(next));
  } catch {
    // It lasts as long as the page, then.
  }
  changed.tell(next);
}

export function t(key, values = {}) {
  const text = words[current][key] ?? words.en[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? '');
}

// A word of the service in people's words; one that is not known stays as it is.
export function word(kind, value) {
  if (value === null || value === undefined || value === '') return t('none');
  return words[current][`${kind}.${value}`] ?? value;
}

export function knownWords(kind) {
  const prefix = `${kind}.`;
  return Object.keys(words.en).filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));
}

export function translatePage() {
  document.documentElement.lang = locale();
  document.title = t('page_title');
  for (const node of document.querySelectorAll('[data-t]')) node.textContent = t(node.dataset.t);
  for (const node of document.querySelectorAll('[data-t-label]')) node.setAttribute('aria-label', t(node.dataset.tLabel));
}
