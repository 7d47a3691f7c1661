// Asks before something changes. The browser's own dialog: it holds the focus, Escape
// closes it, and what is behind cannot be reached.
import { h } from './elements.js';
import { t } from './i18n.js';
import { onLock } from './key.js';
import { button, failureBox } from './parts.js';

const TYPED = 6;

// `fields`: what the act needs. `typed`: the id whose last characters must be typed;
// `word`: what must be typed whole. `act` is given the values, and a way to tell how
// far it is; what it throws is told, and may be tried again.
export function ask({ title, text, fields = [], typed, word, confirm, danger = true, act, testid }) {
  return new Promise((resolve) => {
    const told = h('div', { class: 'dialog-told' });
    const go = button(confirm, { type: 'submit', kind: danger ? 'primary' : 'wechat', testid: 'dialog-go' });
    const inputs = fields.map(field);
    const proof = typed ? proofField(typed, TYPED, t('type_the_end', { count: TYPED })) : word && proofField(word, word.length, t('type_the_word'));
    const all = proof ? [...inputs, proof] : inputs;
    const form = h('form', { class: 'dialog-form', novalidate: true }, h('h2', {}, title), text && h('p', {}, text), all.map((one) => one.node), told,
      h('div', { class: 'dialog-actions' }, button(t('cancel'), { kind: 'quiet', testid: 'dialog-cancel', onClick: () => dialog.close() }), go));
    const dialog = h('dialog', { class: 'dialog', testid, 'aria-label': title }, form);
    let done;
    const ready = () => all.every((one) => one.ready());
    const look = () => { go.disabled = !ready() || Boolean(form.dataset.busy); };
    form.addEventListener('input', look);
    form.addEventListener('submit', async (event) => {
      event.preventDefault();
      if (!ready() || form.dataset.busy) return;
      form.dataset.busy = 'true';
      look();
      try {
        done = { value: await act(Object.fromEntries(inputs.map((one) => [one.name, one.value()])), (far) => told.replaceChildren(h('p', { role: 'status', testid: 'dialog-progress' }, far))) };
        dialog.close();
      } catch (failure) {
        if (!failure.locked) told.replaceChildren(failureBox(failure));
      } finally {
        delete form.dataset.busy;
        look();
      }
    });
    const forget = onLock(() => dialog.close());
    dialog.addEventListener('close', () => {
      forget();
      dialog.remove();
      resolve(done);
    });
    document.body.append(dialog);
    look();
    dialog.showModal();
  });
}

function field({ name, label, hint, type = 'text', required = true, value = '', maxlength, mode, id }) {
  const input = h('input', { type, class: type === 'checkbox' ? 'tick' : id ? 'field mono' : 'field', value: type === 'checkbox' ? undefined : value, testid: `dialog-${name}`, maxlength, inputmode: mode, autocomplete: 'off', spellcheck: 'false', required: required && type !== 'checkbox' });
  const checkbox = type === 'checkbox';
  return {
    name,
    node: h('label', { class: checkbox ? 'labelled labelled-tick' : 'labelled' }, checkbox ? [input, h('span', {}, label)] : [h('span', {}, label), input], hint && h('small', {}, hint)),
    value: () => (checkbox ? input.checked : input.value.trim()),
    ready: () => checkbox || !required || input.value.trim() !== '',
  };
}

function proofField(text, count, told) {
  const input = h('input', { type: 'text', class: 'field mono', testid: 'dialog-typed', maxlength: count, autocomplete: 'off', autocapitalize: 'off', spellcheck: 'false' });
  const end = text.slice(-count);
  return {
    node: h('label', { class: 'labelled' }, h('span', {}, told), h('code', { class: 'mono proof' }, text.slice(0, -count), h('mark', {}, end)), input),
    ready: () => input.value === end,
  };
}
