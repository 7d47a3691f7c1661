import { exchange } from './http.js';
import { t } from './i18n.js';
import { digits } from './ids.js';
import { read, write } from './store.js';

const BASE = '/simulator/control';
const BORN = ['alice', 'bob', 'carol'];
const NAMES = ['dave', 'erin', 'frank', 'grace', 'heidi', 'ivan', 'judy', 'kim', 'leo', 'mei'];

export class SimulatorError extends Error {
  constructor(entry) {
    const { answer } = entry;
    super(entry.status ? `${t('error_simulator')} ${answer?.message ?? answer?.error?.message ?? answer?.error ?? answer ?? ''}`.trim() : t('error_offline'));
    this.status = entry.status;
    this.code = entry.status ? 'simulator' : 'offline';
  }
}

async function control(device, method, path, body) {
  const entry = await exchange({ side: 'simulator', device, method, path: `${BASE}${path}`, body });
  if (entry.status >= 200 && entry.status < 300) return entry.answer;
  throw new SimulatorError(entry);
}

const made = () => read('people') ?? [];

export const people = () => [...BORN, ...made().map((person) => person.name)];

export async function newPerson(device) {
  const taken = people();
  const name = NAMES.find((candidate) => !taken.includes(candidate)) ?? `guest${digits(4)}`;
  const person = { name, phone: `+86139${digits(8)}` };
  await control(device, 'POST', '/people', person);
  write('people', [...made(), person].slice(-3));
  return name;
}

async function asPerson(device, path) {
  const ask = () => control(device, 'POST', path, { person: device.person });
  try {
    return await ask();
  } catch (error) {
    const person = made().find((candidate) => candidate.name === device.person);
    if (!person || !(error.status >= 400 && error.status < 500)) throw error;
    await control(device, 'POST', '/people', person);
    return ask();
  }
}

export const wechatCode = async (device) => (await asPerson(device, '/wechat/login')).code;
export const phoneCode = async (device) => (await asPerson(device, '/wechat/phone')).code;
export const oauthCode = async (device) => (await asPerson(device, '/wechat/oauth')).code;
export const ownCode = (device) => (device.client === 'app' ? oauthCode(device) : wechatCode(device));
export const openData = (device) => asPerson(device, '/wechat/open-data');

export async function messages() {
  const entry = await exchange({ side: 'simulator', path: `${BASE}/sms`, quiet: true });
  return entry.status === 200 && Array.isArray(entry.answer) ? entry.answer : null;
}
