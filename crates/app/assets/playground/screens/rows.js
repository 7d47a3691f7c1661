import { h, icon } from '../dom.js';

export function row({ symbol, title, detail, testid, onClick, control, detailTestid }) {
  const inside = [
    symbol && icon(symbol, 'row-icon'),
    h('span', { class: 'row-title' }, title),
    detail !== undefined && h('span', { class: 'row-detail', testid: detailTestid }, detail),
    control,
    onClick && !control && icon('chevron', 'row-chevron'),
  ];
  if (onClick && !control) return h('button', { type: 'button', class: 'row', testid, on: { click: onClick } }, inside);
  return h('div', { class: 'row', testid }, inside);
}

export const group = (title, ...rows) => h('section', { class: 'group' }, title && h('h3', {}, title), h('div', { class: 'rows' }, rows));
