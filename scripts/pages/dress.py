"""What mdBook's pages lack: the other language, a search, and words in Chinese."""

import html
import os
import re
from pathlib import Path

from tree import OTHER

# The theme is ours by day and by night; mdBook's other colours are not offered.
THEMES = {"en": ("Auto", "Light", "Dark"), "zh": ("跟随系统", "浅色", "深色")}
LANGUAGE = {"en": ("zh-CN", "中文", "本页中文版"), "zh": ("en", "English", "This page in English")}
SEARCH = {
    "en": {
        "open": "Search",
        "hint": "Search the documentation",
        "none": "Nothing found for",
        "close": "Close",
        "fails": "The search could not be loaded",
    },
    "zh": {"open": "搜索", "hint": "搜索文档", "none": "没有找到", "close": "关闭", "fails": "搜索未能加载"},
}
CHINESE = {
    "Table of contents": "目录",
    "Toggle Table of Contents": "显示或隐藏目录",
    "Change theme": "更换颜色",
    "Themes": "颜色",
    "Page navigation": "翻页",
    "Previous chapter": "上一章",
    "Next chapter": "下一章",
    "Keyboard shortcuts": "快捷键",
    "to navigate between chapters": "翻页",
    "to show this help": "显示此帮助",
    "to hide this help": "关闭此帮助",
    "Press": "按",
    "or": "或",
}
LENS = '<svg viewBox="0 0 24 24" aria-hidden="true"><circle cx="10.5" cy="10.5" r="6"/><path d="M15 15l5 5"/></svg>'


def themes(language):
    rows = zip(("default_theme", "light", "navy"), THEMES[language])
    return "".join(
        f'<li role="none"><button role="menuitem" class="theme" id="mdbook-theme-{name}">{label}</button></li>'
        for name, label in rows
    )


def buttons(language, up, page):
    code, name, title = LANGUAGE[language]
    word = {key: html.escape(text) for key, text in SEARCH[language].items()}
    return f"""<button type="button" id="search-open" class="icon-button" title="{word["open"]}"
  aria-label="{word["open"]}" aria-haspopup="dialog" aria-keyshortcuts="/">{LENS}<span>{word["open"]}</span></button>
<a id="other-language" class="icon-button" lang="{code}" hreflang="{code}" title="{title}"
  href="{up}../{OTHER[language]}/{page}">{name}</a>
<dialog id="search" aria-label="{word["open"]}" data-index="{up}../pagefind/pagefind.js"
  data-none="{word["none"]}" data-fails="{word["fails"]}">
<form method="dialog">
<input id="search-words" type="search" placeholder="{word["hint"]}" aria-label="{word["hint"]}"
  autocomplete="off" spellcheck="false"><button>{word["close"]}</button>
</form>
<p id="search-state" role="status"></p>
<ol id="search-results"></ol>
</dialog>"""


def in_chinese(text):
    for english, chinese in CHINESE.items():
        text = re.sub(rf'((?:title|aria-label)="){re.escape(english)}"', rf'\1{chinese}"', text)
    popup = re.compile(r'<div id="mdbook-help-popup">.*?</div>\s*</div>', re.S)
    words = sorted(CHINESE, key=len, reverse=True)
    pattern = re.compile(r"\b(" + "|".join(map(re.escape, words)) + r")\b")
    return popup.sub(lambda found: pattern.sub(lambda word: CHINESE[word[0]], found[0]), text)


def dressed(text, language, page):
    up = "../" * page.count("/")
    for pattern, put in (
        (r'(<ul id="mdbook-theme-list"[^>]*>).*?(</ul>)', lambda found: found[1] + themes(language) + found[2]),
        (r'(<div class="right-buttons">)', lambda found: found[1] + buttons(language, up, page)),
        (r"<main>", lambda _: "<main data-pagefind-body>"),
        (
            r'(<h1 class="menu-title">)(.*?)(</h1>)',
            lambda found: f'<a class="menu-title" href="{up}index.html">{found[2]}</a>',
        ),
    ):
        text, count = re.subn(pattern, put, text, count=1, flags=re.S)
        if count != 1:
            raise ValueError(f"{page}: mdBook's page has no {pattern}")
    return in_chinese(text) if language == "zh" else text


def dress(language, folder):
    for file in sorted(Path(folder).rglob("*.html")):
        page = os.path.relpath(file, folder)
        if page == "toc.html":
            continue
        if page == "404.html":
            # It is served for any path, and would have to know where the book lies.
            file.unlink()
            continue
        file.write_text(dressed(file.read_text(encoding="utf-8"), language, page), encoding="utf-8")
