// Columns by the hour, drawn by hand: readable by ear (title, description, a table)
// and by keyboard (arrow keys read the hours out).
import { h } from './elements.js';
import { hour, number } from './format.js';
import { t } from './i18n.js';

const SVG = 'http://www.w3.org/2000/svg';
const HOURS = 24;
const HEIGHT = 196;
const EDGE = { top: 10, right: 6, bottom: 24, left: 40 };
let drawn = 0;

function s(tag, attributes = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

const sum = (values) => values.reduce((all, value) => all + value, 0);

// A round number over all of them, and the lines below it.
function scale(most) {
  const step = [1, 2, 5].flatMap((digit) => Array.from({ length: 12 }, (_, power) => digit * 10 ** power)).sort((a, b) => a - b).find((size) => size * 4 >= most) ?? most;
  const lines = Math.max(1, Math.ceil(most / step));
  return { top: lines * step, lines: Array.from({ length: lines + 1 }, (_, line) => line * step) };
}

// `series`: {label, tone, values}; `before`: the same of the day before, as a line.
export function columns({ testid, title, about, series, before, stacked }) {
  drawn += 1;
  const names = { title: `chart-${drawn}-title`, about: `chart-${drawn}-about` };
  const svg = s('svg', { class: 'chart-picture', role: 'img', tabindex: '0', 'aria-labelledby': `${names.title} ${names.about}` });
  const readout = h('p', { class: 'chart-readout', 'aria-live': 'polite', testid: `${testid}-readout` });
  const all = before ? [...series, { ...before, tone: 'before' }] : series;
  let chosen = null;

  const most = Math.max(1, ...(before?.values ?? []), ...Array.from({ length: HOURS }, (_, at) => {
    const there = series.map((one) => one.values[at] ?? 0);
    return stacked ? sum(there) : Math.max(0, ...there);
  }));
  const { top, lines } = scale(most);

  function choose(at) {
    chosen = at;
    for (const node of svg.querySelectorAll('.chart-slot')) node.classList.toggle('chosen', Number(node.dataset.hour) === at);
    readout.textContent = at === null ? t('chart_hint') : [`${hour(at)}–${hour(at + 1)}`, ...all.map((one) => `${one.label} ${number(one.values[at] ?? 0)}`)].join(' · ');
  }

  function draw(width) {
    const inner = width - EDGE.left - EDGE.right;
    const high = HEIGHT - EDGE.top - EDGE.bottom;
    const slot = inner / HOURS;
    const y = (value) => EDGE.top + high - (value / top) * high;
    svg.setAttribute('viewBox', `0 0 ${width} ${HEIGHT}`);
    svg.replaceChildren(s('title', { id: names.title }, title), s('desc', { id: names.about }, about));
    for (const line of lines) {
      svg.append(s('line', { class: 'chart-line', x1: EDGE.left, x2: width - EDGE.right, y1: y(line), y2: y(line) }));
      svg.append(s('text', { class: 'chart-label', x: EDGE.left - 6, y: y(line) + 4, 'text-anchor': 'end' }, short(line)));
    }
    for (let at = 0; at < HOURS; at += slot < 18 ? 6 : 3) svg.append(s('text', { class: 'chart-label', x: EDGE.left + (at + 0.5) * slot, y: HEIGHT - 7, 'text-anchor': 'middle' }, hour(at)));
    for (let at = 0; at < HOURS; at += 1) svg.append(slotAt(at, slot, high, y));
    if (before) svg.append(s('path', { class: 'chart-before', d: steps(before.values, slot, y) }));
    choose(chosen);
  }

  function slotAt(at, slot, high, y) {
    const left = EDGE.left + at * slot;
    const group = s('g', { class: 'chart-slot' });
    group.dataset.hour = at;
    group.append(s('rect', { class: 'chart-ground', x: left, y: EDGE.top, width: slot, height: high }));
    const room = slot * 0.74;
    const wide = stacked ? room : room / series.length;
    let base = 0;
    series.forEach((one, place) => {
      const value = one.values[at] ?? 0;
      if (!value) return;
      const x = left + slot * 0.13 + (stacked ? 0 : place * wide);
      group.append(s('rect', { class: `tone-${one.tone}`, x, y: y(base + value), width: Math.max(1, wide - (stacked ? 0 : 0.6)), height: Math.max(1.5, y(base) - y(base + value)) }));
      if (stacked) base += value;
    });
    const look = () => choose(at);
    group.addEventListener('pointerenter', look);
    group.addEventListener('pointerdown', look);
    return group;
  }

  svg.addEventListener('keydown', (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by) return;
    event.preventDefault();
    choose(Math.min(HOURS - 1, Math.max(0, (chosen ?? (by > 0 ? -1 : HOURS)) + by)));
  });
  const stage = h('div', { class: 'chart-stage' }, svg);
  new ResizeObserver(() => stage.clientWidth && draw(stage.clientWidth)).observe(stage);
  return h('figure', { class: 'chart', testid }, h('figcaption', {}, h('h3', {}, title), legend(all)), stage, readout, table(title, all));
}

const short = (value) => new Intl.NumberFormat('en', { notation: 'compact' }).format(value);

function steps(values, slot, y) {
  return values.map((value, at) => {
    const left = EDGE.left + at * slot;
    return `${at ? 'L' : 'M'}${left.toFixed(1)} ${y(value).toFixed(1)}H${(left + slot).toFixed(1)}`;
  }).join('');
}

function legend(all) {
  return h('ul', { class: 'legend' }, all.map((one) => h('li', {}, h('i', { class: `swatch tone-${one.tone}` }), one.label, ' ', h('b', {}, number(sum(one.values))))));
}

function table(title, all) {
  const head = h('tr', {}, h('th', { scope: 'col' }, t('hour')), all.map((one) => h('th', { scope: 'col' }, one.label)));
  const rows = Array.from({ length: Math.max(0, ...all.map((one) => one.values.length)) }, (_, at) => h('tr', {}, h('th', { scope: 'row' }, hour(at)), all.map((one) => h('td', {}, at < one.values.length ? number(one.values[at]) : t('none')))));
  return h('details', { class: 'chart-table' }, h('summary', {}, t('as_table')), h('div', { class: 'chart-scroll' }, h('table', {}, h('caption', { class: 'sr-only' }, title), h('thead', {}, head), h('tbody', {}, rows))));
}

// Bars beside their names, the longest first.
export function bars({ testid, title, items, none }) {
  const most = Math.max(1, ...items.map((one) => one.value));
  const sorted = [...items].sort((a, b) => b.value - a.value);
  const rows = sorted.map((one) => h('li', { testid: `${testid}-row`, data: { name: one.name } },
    h('span', { class: 'bar-name' }, one.label),
    h('b', {}, number(one.value)),
    bar(one.value / most, one.tone),
    one.note && h('small', {}, one.note)));
  return h('section', { class: 'chart', testid }, h('h3', {}, title), rows.length ? h('ul', { class: 'bars' }, rows) : h('p', { class: 'nothing' }, none));
}

function bar(part, tone) {
  const svg = s('svg', { class: 'bar', 'aria-hidden': 'true', preserveAspectRatio: 'none', viewBox: '0 0 100 8' });
  svg.append(s('rect', { class: 'bar-ground', width: 100, height: 8 }), s('rect', { class: `tone-${tone}`, width: Math.max(part * 100, part > 0 ? 0.6 : 0), height: 8 }));
  return svg;
}
