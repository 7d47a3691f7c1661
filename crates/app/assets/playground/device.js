import { uuid } from './ids.js';
import { onOtherTab, read, write } from './store.js';

export class Device extends EventTarget {
  constructor(name) {
    super();
    this.name = name;
    this.route = 'profile';
    this.load();
  }

  load() {
    const saved = read(`device.${this.name}`) ?? {};
    this.deviceId = saved.deviceId ?? uuid();
    this.person = saved.person ?? 'alice';
    this.client = saved.client ?? 'mini_program';
    this.tokens = saved.tokens;
    this.user = saved.user;
    this.phoneRequired = saved.phoneRequired ?? false;
    this.drafts = saved.drafts ?? {};
    this.ended = saved.ended;
  }

  save() {
    const { deviceId, person, client, tokens, user, phoneRequired, drafts, ended } = this;
    write(`device.${this.name}`, { deviceId, person, client, tokens, user, phoneRequired, drafts, ended });
  }

  changed() {
    this.save();
    const { deviceId, signedIn, person, client, user, phoneRequired, ended } = this;
    const visible = JSON.stringify({ deviceId, signedIn, person, client, user, phoneRequired, ended });
    if (visible === this.visible) return;
    this.visible = visible;
    this.dispatchEvent(new Event('change'));
  }

  get signedIn() {
    return Boolean(this.tokens);
  }

  accept(data) {
    this.tokens = {
      access: data.access_token,
      accessUntil: Date.now() + data.expires_in * 1000,
      accessFor: data.expires_in * 1000,
      refresh: data.refresh_token,
      refreshUntil: Date.now() + data.refresh_expires_in * 1000,
      session: data.session_id,
    };
    this.user = data.user ?? this.user;
    this.phoneRequired = data.phone_required ?? false;
    this.ended = undefined;
    this.changed();
  }

  remember(user) {
    this.user = user;
    if (user.phone) this.phoneRequired = false;
    this.changed();
  }

  forget(ended) {
    this.tokens = undefined;
    this.user = undefined;
    this.phoneRequired = false;
    this.route = 'profile';
    this.drafts = {};
    this.ended = ended;
    this.changed();
  }

  erase() {
    this.deviceId = uuid();
    this.forget();
  }

  hold(person) {
    this.person = person;
    this.changed();
  }

  become(client) {
    this.client = client;
    this.changed();
  }
}

export const devices = { a: new Device('a'), b: new Device('b') };
for (const device of Object.values(devices)) device.changed();

onOtherTab((key) => {
  const device = devices[key.replace('device.', '')];
  if (!device) return;
  device.load();
  device.changed();
});
