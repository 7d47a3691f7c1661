import { h } from './elements.js';
import { gate } from './gate.js';
import { language, onLanguage, setLanguage, t, translatePage, word } from './i18n.js';
import { holder, isOpen, lock, onLock } from './key.js';
import { icon } from './parts.js';
import { here, onPlace, PLACES } from './places.js';

const find = (testid) => document.querySelector(`[data-testid="${testid}"]`);
const view = find('view');
const places = find('places');

function drawFrame() {
  translatePage();
  const whose = holder();
  const open = isOpen();
  find('lock').hidden = !open;
  places.hidden = !open;
  document.body.dataset.state = open ? 'open' : 'locked';
  find('holder').hidden = !open;
  find('holder').replaceChildren(...(whose ? [h('b', { testid: 'holder-name' }, whose.name), h('span', { class: `badge badge-${whose.scope}`, testid: 'holder-scope' }, word('scope', whose.scope))] : []));
  const at = here().place;
  places.replaceChildren(...PLACES.filter((place) => place.symbol).map((place) =>
    h('a', { class: 'place', href: `#/${place.path}`, testid: `place-${place.path}`, 'aria-current': place === at || place.path === at.under ? 'page' : undefined }, icon(place.symbol), h('span', {}, t(`place_${place.path}`)))));
}

function draw(why) {
  drawFrame();
  // What the last place showed goes, before anything else comes.
  view.replaceChildren();
  if (!isOpen()) {
    view.append(gate({ why, opened: () => draw() }));
    return;
  }
  const { place, id, query } = here();
  const title = h('h2', { class: 'view-title' }, t(`title_${place.path}`));
  view.append(h('div', { class: 'page', testid: `page-${place.path}` }, title, place.view({ id, query })));
  view.scrollTop = 0;
}

onPlace(() => {
  if (!isOpen()) return;
  // Whoever goes by keyboard is in the new view, and not before all links again.
  view.focus({ preventScroll: true });
  draw();
});
onLanguage(() => draw());
onLock((reason) => {
  document.querySelector('.toasts').replaceChildren();
  draw(reason);
});
find('lang-toggle').addEventListener('click', () => setLanguage(language() === 'zh' ? 'en' : 'zh'));
find('lock').addEventListener('click', () => lock('asked'));
draw();
