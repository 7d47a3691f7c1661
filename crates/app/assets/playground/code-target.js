let target = null;

export function offerCodeField(input) {
  target = input;
  return input;
}

export function fillCode(code) {
  if (!target?.isConnected) return false;
  target.value = code;
  target.dispatchEvent(new Event('input', { bubbles: true }));
  target.focus();
  target.classList.remove('filled');
  requestAnimationFrame(() => target.classList.add('filled'));
  return true;
}
