import { locale, t } from './i18n.js';

const UNITS = [
  ['day', 86400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
];

export function relative(instant) {
  const seconds = (new Date(instant).getTime() - Date.now()) / 1000;
  if (Math.abs(seconds) < 8) return t('just_now');
  const [unit, size] = UNITS.find(([, length]) => Math.abs(seconds) >= length) ?? UNITS[3];
  return new Intl.RelativeTimeFormat(locale(), { numeric: 'auto' }).format(Math.round(seconds / size), unit);
}

export function clock(instant) {
  return new Intl.DateTimeFormat(locale(), { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' }).format(new Date(instant));
}

export function dateTime(instant) {
  return new Intl.DateTimeFormat(locale(), { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(instant));
}

export function span(milliseconds) {
  const total = Math.max(0, Math.ceil(milliseconds / 1000));
  const pad = (number) => String(number).padStart(2, '0');
  const hours = Math.floor(total / 3600);
  const rest = `${pad(Math.floor((total % 3600) / 60))}:${pad(total % 60)}`;
  return hours ? `${hours}:${rest}` : rest;
}

const ticking = new Map();

export function everyHalfSecond(node, update) {
  ticking.set(node, update);
  update(node);
  return node;
}

setInterval(() => {
  for (const [node, update] of ticking) {
    if (node.isConnected) update(node);
    else ticking.delete(node);
  }
}, 500);
