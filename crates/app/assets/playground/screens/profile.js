import { refresh } from '../api.js';
import { busy, button, h, icon } from '../dom.js';
import { t } from '../i18n.js';
import { serves } from '../operations.js';
import { fillFromWechat, linkWechat, unlink, uploadAvatar } from '../session.js';
import { everyHalfSecond, span } from '../time.js';
import { complain, say } from '../toast.js';
import { group, row } from './rows.js';

const unreachable = new Set();

export function profile({ device, go }) {
  const { user } = device;
  const press = (work) => (event) => busy(event.currentTarget, () => work().catch(complain));
  const linked = user.identities ?? [];
  return h(
    'section',
    { class: 'screen screen-profile', testid: 'screen-profile' },
    h(
      'header',
      { class: 'me' },
      avatar(device),
      h('div', { class: 'me-words' }, h('h2', { testid: 'profile-nickname' }, user.nickname), h('p', { class: 'me-bio', testid: 'profile-bio' }, user.bio ?? t('no_bio'))),
      serves('PATCH /v1/me') && button('', { kind: 'ghost', symbol: 'pencil', aria: t('edit_profile'), testid: 'nav-edit', onClick: () => go('edit') }),
    ),
    h('p', { class: 'me-id' }, h('span', {}, 'ID'), h('code', { testid: 'profile-user-id' }, user.id)),
    device.phoneRequired && h('p', { class: 'notice', testid: 'phone-required' }, icon('alert'), h('span', {}, t('phone_required'))),
    group(
      t('ways_to_sign_in'),
      row({
        symbol: 'phone',
        title: t('phone'),
        detail: user.phone_masked ?? t('not_bound'),
        detailTestid: 'profile-phone',
        testid: 'nav-bind-phone',
        onClick: serves('POST /v1/me/phone') ? () => go('bind-phone') : undefined,
      }),
      linked.map((identity) =>
        row({
          symbol: 'wechat',
          title: t('wechat'),
          detail: t(`provider_${identity.provider}`),
          detailTestid: 'profile-wechat',
          testid: 'identity-row',
          control: serves('DELETE /v1/me/identities/{id}') && button(t('unlink'), { kind: 'chip', testid: 'unlink-wechat', onClick: press(() => unlink(device, identity)) }),
        }),
      ),
      !linked.length &&
        row({
          symbol: 'wechat',
          title: t('wechat'),
          detail: t('not_linked'),
          detailTestid: 'profile-wechat',
          control: serves('POST /v1/me/wechat') && button(t('link'), { kind: 'chip', symbol: 'link', testid: 'link-wechat', onClick: press(() => linkWechat(device)) }),
        }),
      serves('POST /v1/me/wechat/decrypt') &&
        linked.some((identity) => identity.provider === 'wechat_mini_program') &&
        row({
          symbol: 'spark',
          title: t('wechat_profile'),
          control: button(t('fill_in'), { kind: 'chip', testid: 'decrypt-wechat', onClick: press(() => fillFromWechat(device)) }),
        }),
    ),
    tokens(device),
  );
}

function tokens(device) {
  const left = h('strong', { class: 'token-left', testid: 'access-left' });
  const bar = h('span', { class: 'token-bar' }, h('i', {}));
  everyHalfSecond(left, () => {
    if (!device.tokens) return;
    const rest = device.tokens.accessUntil - Date.now();
    left.textContent = rest > 0 ? span(rest) : t('expired');
    bar.firstChild.style.transform = `scaleX(${Math.min(1, Math.max(0, rest / device.tokens.accessFor))})`;
  });
  return group(
    t('session'),
    h(
      'div',
      { class: 'token', testid: 'session-card', data: { session: device.tokens.session } },
      h('span', { class: 'token-label' }, t('access_token_left')),
      left,
      bar,
      serves('POST /v1/token/refresh') && button(t('refresh_now'), {
        kind: 'chip',
        symbol: 'refresh',
        testid: 'refresh-now',
        onClick: (event) => busy(event.currentTarget, () => refresh(device).then(() => say(t('refreshed'))).catch(complain)),
      }),
    ),
  );
}

function avatar(device) {
  const { user } = device;
  const picture = h('span', { class: 'avatar' }, h('span', { class: 'avatar-seal', 'aria-hidden': 'true' }, [...(user.nickname ?? '?')][0]));
  if (user.avatar_url && !unreachable.has(user.avatar_url)) {
    const gone = () => {
      unreachable.add(user.avatar_url);
      image.remove();
    };
    const image = h('img', { src: user.avatar_url, alt: '', testid: 'profile-avatar', on: { error: gone } });
    picture.append(image);
  }
  if (!serves('POST /v1/me/avatar')) return picture;
  const file = h('input', {
    type: 'file',
    accept: 'image/png,image/jpeg,image/webp',
    class: 'sr-only',
    testid: 'avatar-file',
    'aria-label': t('change_avatar'),
    on: { change: () => file.files[0] && uploadAvatar(device, file.files[0]).catch(complain) },
  });
  return h('label', { class: 'avatar-pick', title: t('change_avatar') }, picture, h('span', { class: 'avatar-camera' }, icon('camera')), file);
}
