import { devices } from './device.js';
import { loadIcons } from './dom.js';
import { Exchanges } from './exchanges.js';
import { mountHand } from './hand.js';
import { language, onLanguage, setLanguage, translatePage } from './i18n.js';
import { mountInbox } from './inbox.js';
import { learnOperations } from './operations.js';
import { Phone } from './phone.js';
import { read, write } from './store.js';
import { mountUpstreams } from './upstreams.js';

const find = (testid) => document.querySelector(`[data-testid="${testid}"]`);

loadIcons();
translatePage();
onLanguage(() => translatePage());
find('lang-toggle').addEventListener('click', () => setLanguage(language() === 'zh' ? 'en' : 'zh'));

const panes = document.querySelector('.panes');
const paneTabs = [...document.querySelectorAll('.pane-tab')];

function showPane(name) {
  panes.dataset.pane = name;
  for (const tab of paneTabs) tab.setAttribute('aria-pressed', String(tab.dataset.pane === name));
}

for (const tab of paneTabs) tab.addEventListener('click', () => showPane(tab.dataset.pane));
showPane('phone');

new Exchanges({ list: find('exchange-list'), badge: find('exchange-count'), clear: find('exchanges-clear'), filter: find('exchanges-filter') });

await learnOperations();

let active = devices[read('active')] ?? devices.a;
const phone = new Phone(find('phone'), devices);
const drawHand = mountHand(find('hand'), devices, () => active, choose);

function choose(device) {
  active = device;
  write('active', device.name);
  phone.use(device);
  drawHand();
}

phone.use(active);
mountUpstreams(find('upstreams'));
mountInbox(find('inbox-list'), find('inbox-count'), () => showPane('phone'));
