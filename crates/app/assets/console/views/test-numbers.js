import { call } from '../api.js';
import { ask } from '../dialog.js';
import { h } from '../elements.js';
import { toField, toInstant } from '../format.js';
import { t } from '../i18n.js';
import { mayChange } from '../key.js';
import { button, facts, moment, nothing, part, say } from '../parts.js';

const DAY = 86_400_000;

export function testNumbers() {
  const box = part('test-numbers', async () => {
    const { test_numbers: numbers } = await call('GET', 'test-numbers');
    return numbers.length ? h('ul', { class: 'rows' }, numbers.map((one) => row(one, box))) : nothing(t('no_test_numbers'), 'no-test-numbers');
  });
  const add = mayChange() && h('div', { class: 'toolbar' }, button(t('make_number'), { kind: 'primary', symbol: 'plus', testid: 'number-make', onClick: () => made(box) }));
  return [h('p', { class: 'recognised' }, t('test_numbers_hint')), add, box];
}

function row(one, box) {
  const end = mayChange() && button(t('end_number'), { kind: 'danger', testid: 'number-end', onClick: () => ended(one, box) });
  return h('li', { class: 'row', testid: 'test-number', data: { id: one.id } },
    h('div', { class: 'row-head' }, h('strong', {}, one.phone_masked), end),
    facts([[t('until'), moment(one.until), 'number-until'], [t('note'), one.note], [t('made_by'), one.made_by], [t('made_at'), moment(one.made_at)]]));
}

async function made(box) {
  const done = await ask({
    testid: 'dialog-number',
    title: t('make_number'),
    text: t('make_number_text'),
    danger: false,
    fields: [
      { name: 'phone', label: t('phone'), type: 'tel' },
      { name: 'code', label: t('fixed_code'), hint: t('fixed_code_hint'), maxlength: 6, mode: 'numeric' },
      { name: 'until', label: t('until'), hint: t('until_hint'), type: 'datetime-local', value: toField(new Date(Date.now() + 7 * DAY).toISOString()) },
      { name: 'note', label: t('note'), hint: t('note_hint'), required: false, maxlength: 200 },
    ],
    confirm: t('make_number'),
    act: ({ phone, code, until, note }) => call('POST', 'test-numbers', { phone, code, until: toInstant(until), ...(note && { note }) }),
  });
  await shown(done, box);
}

async function ended(one, box) {
  const done = await ask({
    testid: 'dialog-end-number',
    title: t('end_number_title'),
    text: t('end_number_text', { number: one.phone_masked }),
    confirm: t('end_number'),
    act: () => call('DELETE', `test-numbers/${encodeURIComponent(one.id)}`),
  });
  await shown(done, box);
}

async function shown(done, box) {
  if (!done) return;
  say(t('done'));
  await box.reload();
}
