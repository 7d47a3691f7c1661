import { button, h, icon } from './dom.js';
import { onLanguage, t } from './i18n.js';
import { serves } from './operations.js';
import { account } from './screens/account.js';
import { bindPhoneScreen } from './screens/bind-phone.js';
import { edit } from './screens/edit.js';
import { profile } from './screens/profile.js';
import { sessionsScreen } from './screens/sessions.js';
import { welcome } from './screens/welcome.js';
import { reload } from './session.js';
import { closeSheet, mountSheets } from './sheet.js';
import { clock, everyHalfSecond } from './time.js';
import { complain, mountToasts } from './toast.js';

const SCREENS = { profile, edit, 'bind-phone': bindPhoneScreen, devices: sessionsScreen, account };
const TABS = [
  ['profile', 'person', 'tab_me', 'GET /v1/me'],
  ['devices', 'devices', 'tab_devices', 'GET /v1/me/sessions'],
  ['account', 'shield', 'tab_account', 'POST /v1/logout'],
];
const PARENT = { edit: 'profile', 'bind-phone': 'profile' };

export class Phone {
  constructor(host, devices) {
    this.host = host;
    this.title = h('span', { class: 'nav-title' });
    this.back = button('', { kind: 'ghost', symbol: 'back', testid: 'nav-back' });
    this.back.addEventListener('click', () => this.go('profile'));
    this.capsule = icon('capsule', 'capsule');
    this.time = everyHalfSecond(h('span', {}), (node) => {
      node.textContent = clock(Date.now()).slice(0, 5);
    });
    this.view = h('div', { class: 'view' });
    this.tabs = h('nav', { class: 'tabbar' });
    this.gate = h('div', { class: 'gate-layer' });
    this.doors = h('div', { class: 'doors', 'aria-hidden': 'true' }, h('i', { class: 'leaf leaf-left' }), h('i', { class: 'leaf leaf-right' }));
    const sheets = h('div', { class: 'sheet-layer' });
    const toasts = h('div', { class: 'toasts' });
    const bar = h('header', { class: 'navbar' }, this.back, this.title, this.capsule);
    this.screen = h('div', { class: 'phone-screen', testid: 'phone-screen' }, h('div', { class: 'statusbar', 'aria-hidden': 'true' }, this.time, icon('status', 'status')), bar, this.view, this.tabs, this.doors, this.gate, sheets, toasts);
    host.append(this.screen);
    mountToasts(toasts);
    mountSheets(sheets, [bar, this.view, this.tabs, this.gate]);
    for (const device of Object.values(devices)) device.addEventListener('change', () => device === this.device && this.render());
    onLanguage(() => this.render());
  }

  use(device) {
    closeSheet();
    this.device = device;
    this.screen.classList.add('still');
    this.render();
    requestAnimationFrame(() => requestAnimationFrame(() => this.screen.classList.remove('still')));
    if (device.signedIn) reload(device).catch(complain);
  }

  go(route) {
    this.device.route = route;
    this.render();
    this.view.scrollTop = 0;
  }

  render() {
    const { device } = this;
    const route = device.signedIn && device.user ? (device.route in SCREENS ? device.route : 'profile') : 'welcome';
    const focused = this.screen.contains(document.activeElement) ? document.activeElement.dataset.testid : null;
    const scroll = this.view.scrollTop;
    const context = { device, go: (next) => this.device === device && this.go(next) };
    Object.assign(this.screen.dataset, { screen: route, device: device.name, signedIn: String(route !== 'welcome') });
    this.screen.classList.toggle('open', route !== 'welcome');
    this.screen.classList.toggle('native', device.client !== 'mini_program');
    this.screen.setAttribute('aria-label', t(`device_name_${device.name}`));
    if (route === 'welcome') {
      this.gate.classList.toggle('settled', this.gate.hasChildNodes() || this.screen.classList.contains('still'));
      this.gate.replaceChildren(welcome(context));
      this.view.replaceChildren();
      this.tabs.replaceChildren();
    } else {
      this.gate.replaceChildren();
      this.view.replaceChildren(SCREENS[route](context));
      this.view.scrollTop = scroll;
      this.renderTabs(route);
    }
    const parent = PARENT[route];
    this.back.hidden = !parent;
    this.back.setAttribute('aria-label', t('back'));
    this.title.textContent = route === 'welcome' ? '' : t(`title_${route}`);
    if (focused) this.screen.querySelector(`[data-testid="${focused}"]`)?.focus({ preventScroll: true });
  }

  renderTabs(route) {
    const active = PARENT[route] ?? route;
    this.tabs.setAttribute('aria-label', t('phone_tabs'));
    this.tabs.replaceChildren(
      ...TABS.filter(([, , , operation]) => serves(operation)).map(([name, symbol, label]) =>
        h('button', { type: 'button', class: 'tab', testid: `nav-${name}`, 'aria-current': active === name ? 'page' : null, on: { click: () => this.go(name) } }, icon(symbol), h('span', {}, t(label))),
      ),
    );
  }
}
