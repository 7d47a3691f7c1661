// The admin key is in this variable and nowhere else: in no storage, no cookie, no
// address. Whatever ends its time goes through lock().
import { Signal } from './signal.js';

export const IDLE_MINUTES = 15;
const IDLE = IDLE_MINUTES * 60_000;
const GLANCE = 2_000;

let key = null;
let operator = null;
let touched = 0;

const locked = new Signal();
export const onLock = (listener) => locked.listen(listener);

export const holder = () => operator;
export const isOpen = () => operator !== null;
export const mayChange = () => operator?.scope === 'write';
export const authorization = () => `Bearer ${key}`;

export function hold(given) {
  key = given;
  touched = Date.now();
}

export function open(whose) {
  operator = whose;
  touched = Date.now();
}

// A key that did not open is not kept for another try.
export function drop() {
  if (!isOpen()) key = null;
}

export function lock(reason) {
  if (!isOpen()) return;
  key = null;
  operator = null;
  locked.tell(reason);
}

function lookAtClock() {
  // A clock that was set back must not keep the key.
  const idle = Date.now() - touched;
  if (isOpen() && (idle >= IDLE || idle < -GLANCE)) lock('idle');
}

for (const type of ['pointerdown', 'pointermove', 'keydown', 'wheel', 'touchstart']) {
  addEventListener(type, () => {
    // Who comes back to a machine that slept finds it locked.
    lookAtClock();
    touched = Date.now();
  }, { capture: true, passive: true });
}
setInterval(lookAtClock, GLANCE);
document.addEventListener('visibilitychange', lookAtClock);
// A page in the browser's back-forward cache would keep its variables.
addEventListener('pagehide', () => lock('left'));
