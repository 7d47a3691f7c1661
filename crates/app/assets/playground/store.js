const PREFIX = 'menshen.playground.';

export function read(key) {
  try {
    return JSON.parse(localStorage.getItem(PREFIX + key)) ?? undefined;
  } catch {
    return undefined;
  }
}

export function write(key, value) {
  try {
    if (value === undefined) localStorage.removeItem(PREFIX + key);
    else localStorage.setItem(PREFIX + key, JSON.stringify(value));
  } catch {
    return;
  }
}

export function onOtherTab(listener) {
  addEventListener('storage', (event) => {
    if (event.key?.startsWith(PREFIX)) listener(event.key.slice(PREFIX.length));
  });
}
