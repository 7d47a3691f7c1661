function part(text) {
  const bytes = Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (char) => char.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes));
}

export function decode(token) {
  const [header, claims, signature] = String(token).split('.');
  if (!signature) return null;
  try {
    return { header: part(header), claims: part(claims) };
  } catch {
    return null;
  }
}
