// The search of the book: Pagefind's index, which lies beside the pages, in a dialog.
(() => {
  const dialog = document.getElementById("search");
  if (!dialog) return;
  const words = document.getElementById("search-words");
  const state = document.getElementById("search-state");
  const results = document.getElementById("search-results");
  // Of the best by Pagefind's count so many are read, and so many are shown.
  const READ = 40;
  const SHOWN = 12;
  let index;
  let asked = 0;

  const load = () => (index ??= import(new URL(dialog.dataset.index, location.href)));

  function open() {
    if (dialog.open) return;
    dialog.showModal();
    words.select();
    // Early, so that it is there when the first word is.
    load().then((pagefind) => pagefind.init(), fail);
  }

  function fail() {
    index = undefined;
    say(dialog.dataset.fails);
  }

  function say(text) {
    state.textContent = text;
    results.replaceChildren();
  }

  // Chinese is written without spaces, and the index knows words.
  function apart(text) {
    if (!/\p{Script=Han}/u.test(text) || !Intl.Segmenter) return text;
    const pieces = [...new Intl.Segmenter("zh", { granularity: "word" }).segment(text)];
    return pieces.map(({ segment }) => segment).join(" ");
  }

  function row({ url, title, excerpt }) {
    const item = document.createElement("li");
    const link = document.createElement("a");
    const name = document.createElement("strong");
    const piece = document.createElement("span");
    link.href = url;
    name.textContent = title;
    // Pagefind escapes it, but for its own marks.
    piece.innerHTML = excerpt;
    link.append(name, piece);
    item.append(link);
    return item;
  }

  // Words that stand together as they were typed say more than words that are somewhere.
  // Why something is so, and how it is proven, comes after how it is.
  function closeness({ url, meta, content, sub_results: sections = [] }, text) {
    const less = /\/adr\/|\/requirements/.test(url) ? 1.5 : 0;
    const has = (where) => (where ?? "").toLowerCase().includes(text.toLowerCase());
    if (meta.title?.toLowerCase() === text.toLowerCase()) return 4 - less;
    if (has(meta.title)) return 3 - less;
    if (sections.some(({ title }) => has(title))) return 2 - less;
    return (has(content) ? 1 : 0) - less;
  }

  // Pagefind answers the nearest word that it has, however far: what shares not even the
  // greater part of one word was not meant.
  function isMeant({ meta, content }, text) {
    const all = `${meta.title} ${content}`.toLowerCase();
    const stem = (word) => (/\p{Script=Han}/u.test(word) ? word : word.slice(0, Math.ceil(word.length * 0.6)));
    const words = apart(text.toLowerCase()).split(/\s+/).filter(Boolean);
    return words.some((word) => all.includes(stem(word)));
  }

  // The page, or the section of it that is called so or has most of the words.
  function best({ url, meta, excerpt, sub_results: sections = [] }, text) {
    const called = ({ title }) => (title.toLowerCase().includes(text.toLowerCase()) ? 1000 : 0);
    const weight = (section) => called(section) + (section.locations ?? []).length;
    const [section] = [...sections].sort((a, b) => weight(b) - weight(a));
    if (!section || section.url === url || section.title === meta.title) return { url, title: meta.title, excerpt };
    return { url: section.url, title: `${meta.title} › ${section.title}`, excerpt: section.excerpt };
  }

  async function search() {
    const mine = ++asked;
    const text = words.value.trim();
    if (!text) return say("");
    try {
      const pagefind = await load();
      const found = await pagefind.search(apart(text));
      const read = await Promise.all(found.results.slice(0, READ).map((result) => result.data()));
      if (mine !== asked) return;
      const pages = read.filter((page) => isMeant(page, text));
      // Sorting keeps the order of those that are alike.
      pages.sort((a, b) => closeness(b, text) - closeness(a, text));
      say(pages.length ? "" : `${dialog.dataset.none} “${text}”`);
      results.append(...pages.slice(0, SHOWN).map((page) => row(best(page, text))));
    } catch {
      if (mine === asked) fail();
    }
  }

  document.getElementById("search-open").addEventListener("click", open);
  words.addEventListener("input", search);
  // Enter goes to the first result, and the dialog does not close under it.
  dialog.querySelector("form").addEventListener("submit", (event) => {
    if (event.submitter && document.activeElement === event.submitter) return;
    event.preventDefault();
    results.querySelector("a")?.click();
  });
  // A result may be a place of this very page.
  results.addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  // Before mdBook's own keys, which would turn the page.
  dialog.addEventListener("keydown", (event) => event.stopPropagation());
  document.addEventListener("keydown", (event) => {
    const writing = event.target.closest?.("input, textarea, [contenteditable]");
    const meant = (event.key === "/" || event.key === "s") && !writing;
    const usual = event.key === "k" && (event.ctrlKey || event.metaKey);
    if (usual || (meant && !event.ctrlKey && !event.metaKey && !event.altKey)) {
      event.preventDefault();
      open();
    }
  });
})();
