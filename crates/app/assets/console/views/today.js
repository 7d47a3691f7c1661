// The counters of a day, beside those of the day before.
import { call, query } from '../api.js';
import { bars, columns } from '../chart.js';
import { h } from '../elements.js';
import { change, clock, hour, isDate, longDate, number, offset, percent, plusDays, today as todayHere } from '../format.js';
import { t, word } from '../i18n.js';
import { button, icon, part } from '../parts.js';

const TONES = { sms: 1, wechat_mini_program: 2, wechat_phone: 3, wechat_app: 4, wechat_website: 5 };
const TILES = ['logins', 'refused_logins', 'new_users', 'sent', 'verified', 'refused_codes', 'wrong_codes'];

const countersOf = (date) => call('GET', `counters${query({ date, offset: offset(date) })}`);

export function today({ query: given }) {
  const now = todayHere();
  const date = isDate(given.date) && given.date <= now ? given.date : now;
  const box = part('day', async () => {
    const [day, before] = await Promise.all([countersOf(date), countersOf(plusDays(date, -1))]);
    return drawn(day, before);
  });
  return [tools(date, now, box), box];
}

function tools(date, now, box) {
  const to = (day) => (day === now ? '#/today' : `#/today?date=${day}`);
  const pick = h('input', { type: 'date', class: 'field', testid: 'date', 'aria-label': t('date'), value: date, max: now, on: { change: () => isDate(pick.value) && location.assign(to(pick.value)) } });
  return h('div', { class: 'toolbar' },
    h('a', { class: 'btn btn-outline', href: to(plusDays(date, -1)), testid: 'day-before', 'aria-label': t('day_before') }, icon('back')),
    pick,
    date < now && h('a', { class: 'btn btn-outline', href: to(plusDays(date, 1)), testid: 'day-after', 'aria-label': t('day_after') }, icon('chevron')),
    h('span', { class: 'toolbar-text' }, longDate(date)),
    button(t('refresh'), { symbol: 'refresh', testid: 'refresh', onClick: () => box.reload() }));
}

function drawn(day, before) {
  const of = (hours, name) => hours.map((one) => one[name]);
  const whole = day.hours.length === 24 && day.as_of >= day.to;
  const series = (name, tone) => ({ label: t(`count_${name}`), tone, values: of(day.hours, name) });
  const yesterday = (name) => ({ label: t('before'), values: of(before.hours, name) });
  return [
    h('p', { class: 'as-of', testid: 'as-of' }, t('as_of', { time: clock(day.as_of) })),
    h('ul', { class: 'tiles' }, TILES.map((name) => tile(name, day, before, whole)), units(day, before)),
    h('div', { class: 'charts' },
      columns({ testid: 'chart-logins', title: t('chart_logins'), about: t('about_logins', { count: number(day.totals.logins) }), stacked: true, series: methods(day), before: yesterday('logins') }),
      columns({ testid: 'chart-codes', title: t('chart_codes'), about: t('about_codes', { sent: number(day.totals.sent), verified: number(day.totals.verified) }), series: [series('sent', 1), series('verified', 2), series('refused_codes', 4)] }),
      columns({ testid: 'chart-new', title: t('chart_new'), about: t('about_new', { count: number(day.totals.new_users) }), series: [series('new_users', 3)], before: yesterday('new_users') }),
      h('div', { class: 'charts-column' }, spend(day), verdicts(day))),
  ];
}

// The tile says what can be compared: the hours that are over, with the same of the day
// before.
function tile(name, day, before, whole) {
  const over = whole ? 24 : Math.max(0, day.hours.length - 1);
  const until = (counters) => counters.hours.slice(0, over).reduce((sum, one) => sum + one[name], 0);
  const [now, then] = [until(day), until(before)];
  const trend = over && then ? change(now / then - 1) : null;
  const when = whole ? t('than_before') : t('by_hour', { hour: hour(over) });
  return h('li', { class: 'tile', testid: `tile-${name}` },
    h('span', { class: 'tile-name' }, t(`count_${name}`)),
    h('b', { class: 'tile-value', testid: `tile-${name}-value` }, number(day.totals[name])),
    h('small', {}, t('before_total', { count: number(before.totals[name]) }), trend && [' · ', h('span', { class: 'tile-trend' }, trend), ' ', when]));
}

const unitsOf = (counters) => counters.spend.reduce((sum, one) => sum + one.units, 0);

function units(day, before) {
  const right = day.totals.sent ? percent(day.totals.verified / day.totals.sent) : t('none');
  return h('li', { class: 'tile', testid: 'tile-units' },
    h('span', { class: 'tile-name' }, t('count_units')),
    h('b', { class: 'tile-value' }, number(unitsOf(day))),
    h('small', {}, t('before_total', { count: number(unitsOf(before)) }), ' · ', t('verified_share', { share: right })));
}

function methods(day) {
  return day.logins_by_method.map((one) => ({
    label: word('method', one.name),
    tone: TONES[one.name] ?? 6,
    values: day.hours.map((each) => each.logins_by_method.find((other) => other.name === one.name)?.count ?? 0),
  }));
}

function spend(day) {
  const items = day.spend.map((one) => ({ name: one.vendor, label: word('vendor', one.vendor), value: one.units, tone: 3, note: t('spend_note', { accepted: number(one.accepted), tries: number(one.tries) }) }));
  return bars({ testid: 'spend', title: t('spend_title'), items, none: t('no_sends') });
}

function verdicts(day) {
  const items = day.sends_by_verdict.map((one) => ({ name: one.name, label: word('verdict', one.name), value: one.count, tone: one.name === 'accepted' ? 2 : 4 }));
  return bars({ testid: 'verdicts', title: t('verdicts_title'), items, none: t('no_sends') });
}
