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

async function asPerson(device, path, more = {}) {
  const ask = () => control(device, 'POST', path, { person: device.person, ...more });
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
export const oauthCode = async (device) => (await asPerson(device, '/wechat/oauth', { app_id: await applicationFor(device) })).code;
export const ownCode = (device) => (device.client === 'mini_program' ? wechatCode(device) : oauthCode(device));
export const openData = (device) => asPerson(device, '/wechat/open-data');

export const solvedCaptcha = async (device) => (await control(device, 'POST', '/captcha', {})).captcha;

/* The native app and the website are two applications of WeChat, each with codes of its own. */
async function applicationFor(device) {
  const kind = device.client === 'web' ? 'website' : 'app';
  const apps = await control(device, 'GET', '/apps');
  return apps.find((app) => app.kind === kind)?.app_id;
}

export async function messages() {
  const entry = await exchange({ side: 'simulator', path: `${BASE}/sms`, quiet: true });
  return entry.status === 200 && Array.isArray(entry.answer) ? entry.answer : null;
}

export async function faults() {
  const entry = await exchange({ side: 'simulator', path: `${BASE}/faults`, quiet: true });
  return entry.status === 200 && Array.isArray(entry.answer) ? entry.answer : null;
}

export const setFault = (fault) => control(undefined, 'PUT', '/faults', fault);
export const endFault = (target) => control(undefined, 'DELETE', '/faults', { target });
export const endFaults = () => control(undefined, 'DELETE', '/faults');

const CIRCUIT = ['closed', 'half_open', 'open'];

/* The vendors that the service sends through, as its metrics tell: each with its
   circuit, and how many messages it carried. */
export async function vendors() {
  const entry = await exchange({ side: 'simulator', path: '/metrics', quiet: true });
  const found = new Map();
  for (const line of String(entry.answer ?? '').split('\n')) {
    const circuit = /^menshen_sms_circuit\{vendor="(\w+)"\} (\d)/.exec(line);
    if (circuit) found.set(circuit[1], { name: circuit[1], circuit: CIRCUIT[circuit[2]], carried: 0, ...found.get(circuit[1]) });
    const carried = /^menshen_sms_attempts_total\{vendor="(\w+)",outcome="accepted"\} (\d+)/.exec(line);
    if (carried) found.set(carried[1], { name: carried[1], circuit: 'closed', ...found.get(carried[1]), carried: Number(carried[2]) });
  }
  return [...found.values()].sort((one, other) => one.name.localeCompare(other.name));
}
