import { h } from './elements.js';

export { append, h } from './elements.js';

const SVG = 'http://www.w3.org/2000/svg';

export function icon(name, extra = '') {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('class', `icon ${extra}`.trim());
  svg.setAttribute('aria-hidden', 'true');
  const use = document.createElementNS(SVG, 'use');
  use.setAttribute('href', `#icon-${name}`);
  svg.append(use);
  return svg;
}

export function button(label, { testid, kind = 'plain', symbol, onClick, disabled, aria, type = 'button' } = {}) {
  return h(
    'button',
    { type, class: `btn btn-${kind}`, testid, disabled, 'aria-label': aria, title: aria, on: onClick ? { click: onClick } : undefined },
    symbol && icon(symbol),
    label && h('span', {}, label),
  );
}

export async function loadIcons() {
  const response = await fetch('/playground/icons.svg');
  const sprite = new DOMParser().parseFromString(await response.text(), 'image/svg+xml').documentElement;
  sprite.setAttribute('class', 'sprite');
  sprite.setAttribute('aria-hidden', 'true');
  document.body.append(document.importNode(sprite, true));
}

export async function busy(control, work) {
  if (control.dataset.busy) return undefined;
  control.dataset.busy = 'true';
  control.setAttribute('aria-busy', 'true');
  try {
    return await work();
  } finally {
    delete control.dataset.busy;
    control.removeAttribute('aria-busy');
  }
}
