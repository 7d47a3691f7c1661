import { locale, t } from './i18n.js';

export const number = (value) => new Intl.NumberFormat(locale()).format(value);

export function dateTime(instant) {
  if (!instant) return t('none');
  return new Intl.DateTimeFormat(locale(), { year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' }).format(new Date(instant));
}

export function clock(instant) {
  return new Intl.DateTimeFormat(locale(), { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' }).format(new Date(instant));
}

export function longDate(date) {
  return new Intl.DateTimeFormat(locale(), { dateStyle: 'full' }).format(noon(date));
}

export const percent = (part) => new Intl.NumberFormat(locale(), { style: 'percent', maximumFractionDigits: 1 }).format(part);
export const change = (part) => new Intl.NumberFormat(locale(), { style: 'percent', maximumFractionDigits: 0, signDisplay: 'exceptZero' }).format(part);

const pad = (value) => String(value).padStart(2, '0');
const noon = (date) => new Date(`${date}T12:00:00`);

// Dates are those of the operator's clock: `2026-01-31`.
export const dateOf = (when) => `${String(when.getFullYear()).padStart(4, '0')}-${pad(when.getMonth() + 1)}-${pad(when.getDate())}`;
export const today = () => dateOf(new Date());

export function plusDays(date, days) {
  const when = noon(date);
  when.setDate(when.getDate() + days);
  return dateOf(when);
}

export const isDate = (text) => /^\d{4}-\d{2}-\d{2}$/.test(text ?? '') && !Number.isNaN(noon(text).getTime());

// How far the operator's clock is ahead of UTC on that day, as RFC 3339 writes it.
export function offset(date) {
  const minutes = -noon(date).getTimezoneOffset();
  const size = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${pad(Math.floor(size / 60))}:${pad(size % 60)}`;
}

export const hour = (index) => `${pad(index)}:00`;

// Between a field of a form, which knows no zone, and the API.
export const toInstant = (field) => (field ? new Date(field).toISOString() : undefined);

export function toField(instant) {
  if (!instant) return '';
  const when = new Date(instant);
  return Number.isNaN(when.getTime()) ? '' : `${dateOf(when)}T${pad(when.getHours())}:${pad(when.getMinutes())}`;
}
