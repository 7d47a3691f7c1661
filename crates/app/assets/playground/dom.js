const SVG = 'http://www.w3.org/2000/svg';

export function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === 'testid') node.dataset.testid = value;
    else if (name === 'on') for (const [type, listener] of Object.entries(value)) node.addEventListener(type, listener);
    else if (name === 'data') for (const [key, item] of Object.entries(value)) node.dataset[key] = item;
    else if (name === 'value') node.value = value;
    else node.setAttribute(name, value === true ? '' : String(value));
  }
  append(node, children);
  return node;
}

export function append(node, children) {
  for (const child of children.flat(Infinity)) {
    if (child === undefined || child === null || child === false) continue;
    node.append(child instanceof Node ? child : String(child));
  }
  return node;
}

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
