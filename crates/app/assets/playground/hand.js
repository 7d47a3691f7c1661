import { busy, button, h, icon } from './dom.js';
import { onLanguage, t } from './i18n.js';
import { newPerson, people } from './simulator.js';
import { complain } from './toast.js';

export function mountHand(host, devices, current, choose) {
  const render = () => {
    const device = current();
    host.replaceChildren(deviceTabs(devices, device, choose), holder(device), clients(device));
  };
  for (const device of Object.values(devices)) device.addEventListener('change', render);
  onLanguage(render);
  render();
  return render;
}

function deviceTabs(devices, active, choose) {
  return h(
    'div',
    { class: 'device-tabs', role: 'group', 'aria-label': t('phones') },
    Object.values(devices).map((device) =>
      h(
        'button',
        { type: 'button', class: 'device-tab', testid: `device-${device.name}`, 'aria-pressed': String(device === active), data: { signedIn: String(device.signedIn) }, on: { click: () => choose(device) } },
        icon('phone'),
        h('span', { class: 'device-name' }, t(`device_name_${device.name}`)),
        h('span', { class: 'device-who' }, device.user?.nickname ?? t('signed_out')),
      ),
    ),
    button('', { kind: 'ghost', symbol: 'trash', aria: t('erase_device'), testid: 'device-erase', onClick: () => active.erase() }),
  );
}

function holder(device) {
  const names = people();
  const add = button('', {
    aria: t('new_person'),
    kind: 'add',
    symbol: 'plus',
    testid: 'person-new',
    onClick: () => busy(add, async () => device.hold(await newPerson(device))).catch(complain),
  });
  return h(
    'div',
    { class: 'holder' },
    h('span', { class: 'hand-label', id: 'holder-label' }, icon('hand'), h('span', {}, t('held_by'))),
    h(
      'div',
      { class: `people${names.length > 3 ? ' many' : ''}`, role: 'group', 'aria-labelledby': 'holder-label' },
      names.map((name) =>
        h('button', { type: 'button', class: 'btn btn-person', testid: `person-${name}`, 'aria-pressed': String(device.person === name), title: name, on: { click: () => device.hold(name) } }, h('i', { 'aria-hidden': 'true' }, name[0]), h('span', {}, name)),
      ),
      add,
    ),
  );
}

function clients(device) {
  return h(
    'div',
    { class: 'clients', role: 'group', 'aria-label': t('client') },
    ['mini_program', 'app', 'web'].map((kind) =>
      h('button', { type: 'button', class: 'segment', testid: `client-${kind.replace('_', '-')}`, 'aria-pressed': String(device.client === kind), disabled: device.signedIn, on: { click: () => device.become(kind) } }, t(`client_${kind}`)),
    ),
  );
}
