import { busy, button, h } from '../dom.js';
import { t } from '../i18n.js';
import { update } from '../session.js';
import { complain } from '../toast.js';

export function edit({ device, go }) {
  const { user } = device;
  const nickname = h('input', { class: 'input', testid: 'edit-nickname', value: user.nickname ?? '', autocomplete: 'off' });
  const bio = h('textarea', { class: 'input', rows: 4, testid: 'edit-bio', value: user.bio ?? '' });
  const birthday = h('input', { class: 'input', type: 'date', testid: 'edit-birthday', value: user.birthday ?? '' });
  const save = button(t('save'), { kind: 'primary', type: 'submit', testid: 'edit-save' });

  async function submit() {
    const wanted = { nickname: nickname.value || null, bio: bio.value || null, birthday: birthday.value || null };
    const changes = Object.fromEntries(Object.entries(wanted).filter(([name, value]) => value !== (user[name] ?? null)));
    if (!Object.keys(changes).length) return go('profile');
    try {
      await update(device, changes);
      go('profile');
    } catch (error) {
      complain(error);
    }
  }

  return h(
    'form',
    {
      class: 'screen form',
      testid: 'screen-edit',
      novalidate: true,
      on: {
        submit: (event) => {
          event.preventDefault();
          busy(save, submit);
        },
      },
    },
    labelled(t('nickname'), nickname, t('nickname_hint')),
    labelled(t('bio'), bio, t('bio_hint')),
    labelled(t('birthday'), birthday),
    save,
  );
}

const labelled = (label, input, hint) => h('label', { class: 'labelled' }, h('span', {}, label), input, hint && h('small', {}, hint));
