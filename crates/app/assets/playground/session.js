import { call, open } from './api.js';
import { uuid } from './ids.js';
import { t } from './i18n.js';
import { serves } from './operations.js';
import { sheet } from './sheet.js';
import * as simulator from './simulator.js';
import { dateTime } from './time.js';
import { askStepUp } from './step-up.js';
import { say } from './toast.js';

const client = (device) => ({ type: device.client, device_id: device.deviceId, device_name: t(`device_name_${device.name}`), version: 'playground' });

async function login(device, path, proof) {
  let body = { ...proof, client: client(device) };
  for (;;) {
    try {
      const answer = await open(device, 'POST', path, body, { 'idempotency-key': uuid() });
      device.accept(answer.data);
      const left = answer.data.not_attached ?? [];
      const greeting = t(answer.data.is_new_user ? 'welcome_new' : 'welcome_back', { name: answer.data.user.nickname });
      say(answer.message, left.length ? t('not_attached', { what: left.map((item) => t(`evidence_${item}`)).join(' / ') }) : greeting);
      return answer;
    } catch (error) {
      const more = await completion(device, error);
      if (!more) throw error;
      body = { ...body, ...more };
    }
  }
}

async function completion(device, error) {
  const ask = (testid, title, text, label) => sheet({ testid, title, text, actions: [{ label, value: true, testid: 'sheet-confirm' }] });
  switch (error.code) {
    case 'account_cancelling': {
      const when = error.answer.purge_at ? dateTime(error.answer.purge_at) : '';
      return (await ask('sheet-restore', t('restore_title'), t('restore_text', { when }), t('restore_action'))) && { restore: true };
    }
    case 'consent_required':
      return (await ask('sheet-consent', t('consent_title'), t('consent_text', { version: error.answer.version }), t('consent_action'))) && { consent: { version: error.answer.version } };
    case 'identity_confirmation_required':
      return (await ask('sheet-identity', t('identity_title'), error.message, t('identity_action'))) && { wechat: { code: await simulator.ownCode(device) } };
    default:
      return null;
  }
}

export async function loginWithWechat(device) {
  const path = device.client === 'mini_program' ? '/v1/login/wechat' : '/v1/login/wechat-oauth';
  return login(device, path, { code: await simulator.ownCode(device) });
}

/* The open data is sealed under the key that this very code stands for. */
export async function loginWithProfile(device) {
  const code = await simulator.wechatCode(device);
  return login(device, '/v1/login/wechat', { code, profile: await simulator.openData(device) });
}

export async function loginWithPhoneButton(device) {
  const login_code = await simulator.wechatCode(device);
  return login(device, '/v1/login/wechat-phone', { phone_code: await simulator.phoneCode(device), login_code });
}

export const loginWithSms = (device, proof) => login(device, '/v1/login/sms', proof);

export async function withStepUp(device, work) {
  try {
    return await work();
  } catch (error) {
    if (error.code !== 'step_up_required' || !serves('POST /v1/me/step-up')) throw error;
    if (!(await askStepUp(device, error.answer.methods ?? ['sms', 'wechat']))) return null;
    return work();
  }
}

async function absorb(device, answer, done) {
  if (!answer) return null;
  if (answer.data.access_token) device.accept(answer.data);
  else device.remember(answer.data.user);
  say(done, answer.data.merged ? t('merged') : undefined);
  return answer;
}

export const bindPhone = async (device, proof) => absorb(device, await withStepUp(device, () => call(device, 'POST', '/v1/me/phone', proof)), t('phone_bound'));

export const bindPhoneByButton = async (device) =>
  absorb(device, await withStepUp(device, async () => call(device, 'POST', '/v1/me/phone', { phone_code: await simulator.phoneCode(device) })), t('phone_bound'));

export async function linkWechat(device) {
  return absorb(device, await call(device, 'POST', '/v1/me/wechat', { code: await simulator.ownCode(device) }), t('wechat_linked'));
}

export async function unlink(device, identity) {
  const answer = await withStepUp(device, () => call(device, 'DELETE', `/v1/me/identities/${identity.id}`));
  if (!answer) return;
  await reload(device);
  say(t('wechat_unlinked'));
}

export async function reload(device) {
  const answer = await call(device, 'GET', '/v1/me');
  device.remember(answer.data);
}

export async function update(device, changes) {
  const answer = await call(device, 'PATCH', '/v1/me', changes);
  device.remember(answer.data);
  say(t('saved'));
}

export async function uploadAvatar(device, file) {
  const form = new FormData();
  form.append('file', file);
  await call(device, 'POST', '/v1/me/avatar', undefined, { form });
  await reload(device);
  say(t('saved'));
}

export async function fillFromWechat(device) {
  const sealed = await simulator.openData(device);
  const clear = (await call(device, 'POST', '/v1/me/wechat/decrypt', sealed)).data;
  if (clear.nickName) await update(device, { nickname: clear.nickName });
}

export const sessions = async (device) => (await call(device, 'GET', '/v1/me/sessions')).data.sessions;

export const endSession = (device, id) => call(device, 'DELETE', `/v1/me/sessions/${id}`);

export async function logout(device, scope) {
  const answer = await call(device, 'POST', '/v1/logout', { scope });
  if (scope !== 'others') device.forget();
  say(answer.message);
}

export const exportData = (device) => withStepUp(device, () => call(device, 'GET', '/v1/me/export'));

export async function cancelAccount(device) {
  const sure = await sheet({ testid: 'sheet-cancel-account', title: t('cancel_account'), text: t('cancel_account_text'), actions: [{ label: t('cancel_account_confirm'), value: true, kind: 'danger', testid: 'sheet-confirm' }] });
  if (!sure) return;
  const answer = await withStepUp(device, () => call(device, 'DELETE', '/v1/me'));
  if (!answer) return;
  device.forget({ code: 'session_revoked', reason: 'cancelled' });
  say(answer.message);
}
