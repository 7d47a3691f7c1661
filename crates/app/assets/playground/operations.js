const METHODS = ['get', 'post', 'put', 'patch', 'delete'];
const plain = (method, path) => `${method.toUpperCase()} ${path.replace(/\{[^}]*\}/g, '{}')}`;

let served = null;

export async function learnOperations() {
  const response = await fetch('/openapi.json', { headers: { accept: 'application/json' }, credentials: 'omit', cache: 'no-cache' }).catch(() => null);
  const description = response?.ok ? await response.json().catch(() => null) : null;
  if (!description?.paths) return;
  const operations = Object.entries(description.paths).flatMap(([path, item]) => METHODS.filter((method) => item[method]).map((method) => plain(method, path)));
  served = new Set(operations);
}

export function serves(operation) {
  const [method, path] = operation.split(' ');
  return served === null || served.has(plain(method, path));
}
