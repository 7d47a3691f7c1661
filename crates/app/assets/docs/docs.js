const WORDS = {
  zh: { title: '接口文档', playground: '演练场', other_language: 'English', waiting: '正在读取接口描述…', failed: '读取接口描述失败', find: '查找接口' },
  en: { title: 'API reference', playground: 'Playground', other_language: '中文', waiting: 'Reading the API description…', failed: 'The API description could not be read', find: 'Find an operation' },
};
const METHODS = ['get', 'post', 'put', 'patch', 'delete'];
const LANGUAGE_KEY = 'menshen.playground.language';

const pick = (selector) => document.querySelector(selector);
let language = stored() ?? (/^zh/i.test(navigator.language) ? 'zh' : 'en');

function stored() {
  try {
    return JSON.parse(localStorage.getItem(LANGUAGE_KEY)) ?? undefined;
  } catch {
    return undefined;
  }
}

function visitedPlayground() {
  try {
    return localStorage.getItem('menshen.playground.device.a') !== null;
  } catch {
    return false;
  }
}

function translate() {
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
  document.title = `${WORDS[language].title} · Menshen`;
  for (const node of document.querySelectorAll('[data-t]')) node.textContent = WORDS[language][node.dataset.t];
  pick('.find').placeholder = WORDS[language].find;
  pick('.find').setAttribute('aria-label', WORDS[language].find);
}

function followScheme() {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const apply = () => document.documentElement.classList.toggle('dark-mode', dark.matches);
  dark.addEventListener('change', apply);
  apply();
}

function element(tag, className, text) {
  const node = document.createElement(tag);
  node.className = className;
  if (text) node.textContent = text;
  return node;
}

function operations(spec) {
  const found = [];
  for (const [path, item] of Object.entries(spec.paths ?? {})) {
    for (const method of METHODS.filter((name) => item[name])) {
      const operation = item[method];
      found.push({ path, method, tag: operation.tags?.[0] ?? 'default', summary: operation.summary ?? '', deprecated: operation.deprecated });
    }
  }
  return found;
}

function contents(spec) {
  const all = operations(spec);
  const known = (spec.tags ?? []).map((tag) => tag.name);
  const tags = [...new Set([...known, ...all.map((operation) => operation.tag)])];
  const list = pick('.contents-list');
  for (const tag of tags) {
    const own = all.filter((operation) => operation.tag === tag);
    if (!own.length) continue;
    const group = element('section', 'contents-group');
    group.append(element('h2', '', tag), ...own.map(entry));
    list.append(group);
  }
  pick('.find').addEventListener('input', (event) => {
    const wanted = event.target.value.trim().toLowerCase();
    for (const link of list.querySelectorAll('.contents-link')) link.hidden = !link.dataset.text.includes(wanted);
    for (const group of list.children) group.hidden = !group.querySelector('.contents-link:not([hidden])');
  });
}

function entry(operation) {
  const link = element('a', `contents-link${operation.deprecated ? ' deprecated' : ''}`);
  link.dataset.text = `${operation.method} ${operation.path} ${operation.summary}`.toLowerCase();
  link.dataset.testid = 'docs-operation';
  link.title = operation.summary;
  link.href = `#${operation.method}${encodeURI(operation.path)}`;
  link.append(element('span', `verb verb-${operation.method}`, operation.method === 'delete' ? 'DEL' : operation.method.toUpperCase()), element('span', 'contents-path', operation.path));
  link.addEventListener('click', (event) => {
    const block = blockOf(operation);
    if (!block) return;
    event.preventDefault();
    if (!block.classList.contains('is-open')) block.querySelector('.opblock-summary-control')?.click();
    history.replaceState(null, '', link.href);
    requestAnimationFrame(() => block.scrollIntoView({ block: 'start', behavior: matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth' }));
    for (const other of document.querySelectorAll('.contents-link[aria-current]')) other.removeAttribute('aria-current');
    link.setAttribute('aria-current', 'true');
  });
  return link;
}

function blockOf(operation) {
  const matches = (block) => {
    const path = block.querySelector('.opblock-summary-path, .opblock-summary-path__deprecated')?.dataset.path;
    return path === operation.path && block.querySelector('.opblock-summary-method')?.textContent.toLowerCase() === operation.method;
  };
  return [...document.querySelectorAll('.reference .opblock')].find(matches);
}

function openLinked() {
  const wanted = [...document.querySelectorAll('.contents-link')].find((link) => link.getAttribute('href') === location.hash);
  wanted?.click();
}

addEventListener('hashchange', openLinked);

async function start() {
  followScheme();
  translate();
  pick('[data-testid="playground-link"]').hidden = !visitedPlayground();
  pick('[data-testid="lang-toggle"]').addEventListener('click', () => {
    language = language === 'zh' ? 'en' : 'zh';
    try {
      localStorage.setItem(LANGUAGE_KEY, JSON.stringify(language));
    } finally {
      translate();
    }
  });
  const response = await fetch('/openapi.json', { headers: { accept: 'application/json' } });
  if (!response.ok) throw new Error(String(response.status));
  const spec = await response.json();
  contents(spec);
  window.SwaggerUIBundle({
    spec,
    domNode: pick('.reference'),
    presets: [window.SwaggerUIBundle.presets.apis],
    layout: 'BaseLayout',
    docExpansion: 'list',
    defaultModelsExpandDepth: 0,
    defaultModelExpandDepth: 2,
    displayRequestDuration: true,
    persistAuthorization: false,
    validatorUrl: null,
    requestInterceptor: (request) => {
      request.headers['Accept-Language'] = language === 'zh' ? 'zh-CN' : 'en';
      return request;
    },
  });
  whenDrawn(openLinked);
}

function whenDrawn(next, tries = 300) {
  if (document.querySelector('.reference .opblock')) next();
  else if (tries > 0) requestAnimationFrame(() => whenDrawn(next, tries - 1));
}

start().catch(() => {
  const waiting = pick('.waiting');
  if (waiting) waiting.dataset.t = 'failed';
  translate();
});
