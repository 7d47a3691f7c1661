export function toE164(typed) {
  const bare = typed.replace(/[\s()-]/g, '');
  return /^1\d{10}$/.test(bare) ? `+86${bare}` : bare;
}
