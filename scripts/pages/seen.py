"""What a reader does with the book, in a real browser: search, change the language, read on a phone."""

import threading
from contextlib import contextmanager

from browser import Browser
from build import server
from tree import BOOKS, Wrong

ENTER = "\ue007"
# What somebody types, and the page on which it ends; in Chinese as it is written, without spaces.
SEARCHES = (
    ("en", "housekeeping", "operations/housekeeping.html"),
    ("en", "refresh_token_reused", "concepts/tokens.html"),
    ("en", "getPhoneNumber button", None),
    ("zh", "人机验证", "captcha.html"),
    ("zh", "威胁模型", "security/threat-model.html"),
    ("zh", "备份与恢复", "operations/backup.html"),
)
# A page about a word may be joined by others; it must be among the first.
NEAR = 3
READ = (
    "index.html",
    "start.html",
    "concepts/flows.html",
    "concepts/tokens.html",
    "guides/backends.html",
    "reference/routes.html",
    "reference/commands.html",
    "configuration.html",
    "http-api.html",
    "operations/failures.html",
    "security/requirements.html",
    "accounts.html",
)
PHONE = 390

RESULTS = """
    const found = document.querySelectorAll("#search-results a");
    return found.length && [...found].map((link) => link.href);"""
ARRIVED = """
    return document.readyState === "complete" && location.pathname.endsWith(arguments[0])
        && !document.getElementById("search").open;"""
FOREIGN = """
    return performance.getEntriesByType("resource").map(({ name }) => name)
        .filter((name) => !name.startsWith(location.origin + "/"));"""
# The page, and what of it is moved by itself: its content is.
TOO_WIDE = """
    const wide = ["html", ".page-wrapper", ".page", ".content", "main"].map((name) => document.querySelector(name));
    return wide.some((node) => node && node.scrollWidth > innerWidth) && Math.max(...wide.map((node) => node?.scrollWidth ?? 0));"""
# What scrolls by itself may be wider.
OUTSIDE = """
    const read = 'main p, main li, main h1, main h2, main h3, main img:not([src$=".svg"]), .menu-bar a, .menu-bar button';
    return [...document.querySelectorAll(read)]
        .map((node) => [node, node.getBoundingClientRect()])
        .filter(([node, box]) => box.width > 1 && box.right > innerWidth + 1 && !node.closest(".table-wrapper, pre"))
        .map(([node]) => node.textContent.slice(0, 40) || node.src);"""

# A picture that is wider than a phone has a shade on the side where there is more of it.
SHADES = """
    const box = document.querySelector('main .checkbox-label:has(> img[src$=".svg"])');
    box.scrollLeft = arguments[0] ? box.scrollWidth : 0;
    const [left, right] = ["::before", "::after"].map((side) => getComputedStyle(box, side));
    const shown = [left, right].every((side) => side.position === "sticky" && side.backgroundImage !== "none");
    return box.scrollWidth > box.clientWidth && shown
        && [left.opacity, right.opacity].join() === (arguments[0] ? "1,0" : "0,1");"""


@contextmanager
def served():
    with server() as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{running.server_port}"
        finally:
            running.shutdown()


def search(browser, base, language, words, page):
    browser.open(f"{base}/{language}/index.html")
    browser.tap("#search-open")
    browser.write("#search-words", words)
    found = browser.until(f"results for {words}", RESULTS)
    assert all(f"/{language}/" in address for address in found), f"{words}: results of the other language: {found}"
    if page:
        places = [place for place, address in enumerate(found[:NEAR]) if f"/{language}/{page}" in address]
        assert places, f"{words}: {page} is not among the first of {found}"
        if places[0] == 0:
            browser.write("#search-words", ENTER)
        else:
            browser.tap(f"#search-results li:nth-child({places[0] + 1}) a")
        browser.until(f"{words} leads to {page}", ARRIVED, f"/{language}/{page}")


def what_is_not_there_is_told(browser, base):
    browser.open(f"{base}/en/start.html")
    browser.tap("#search-open")
    browser.write("#search-words", "qzxqzx")
    told = browser.until("an answer", "return document.getElementById('search-state').textContent")
    assert "qzxqzx" in told, told


def the_other_language_is_the_same_page(browser, base):
    for language, other in (("en", "zh"), ("zh", "en")):
        browser.open(f"{base}/{language}/guides/backends.html")
        browser.tap("#other-language")
        browser.until("the other language", ARRIVED, f"/{other}/guides/backends.html")


def colours_can_be_chosen(browser, base):
    colour = "return getComputedStyle(document.documentElement).backgroundColor"
    seen = set()
    for theme in ("light", "navy"):
        browser.open(f"{base}/en/start.html")
        browser.tap("#mdbook-theme-toggle")
        browser.tap(f"#mdbook-theme-{theme}")
        seen.add(browser.ask(colour))
    assert len(seen) == 2, seen


def pages_fit_a_phone_and_ask_nobody_else(browser, base):
    browser.width(PHONE)
    for language in BOOKS:
        for page in READ:
            browser.open(f"{base}/{language}/{page}")
            assert browser.ask("return innerWidth") == PHONE
            wide, outside, foreign = (browser.ask(script) for script in (TOO_WIDE, OUTSIDE, FOREIGN))
            assert not wide and not outside, f"{language}/{page} is too wide: {wide} {outside}"
            assert not foreign, f"{language}/{page} loads {foreign}"


def a_wide_picture_shows_that_it_scrolls(browser, base):
    browser.width(PHONE)
    for language in BOOKS:
        browser.open(f"{base}/{language}/concepts/flows.html")
        for end in (False, True):
            browser.until("a shade where there is more", SHADES, end)


def seen():
    try:
        with served() as base, Browser() as browser:
            for asked in SEARCHES:
                search(browser, base, *asked)
            what_is_not_there_is_told(browser, base)
            the_other_language_is_the_same_page(browser, base)
            colours_can_be_chosen(browser, base)
            pages_fit_a_phone_and_ask_nobody_else(browser, base)
            a_wide_picture_shows_that_it_scrolls(browser, base)
    except (AssertionError, RuntimeError) as wrong:
        raise Wrong(str(wrong)) from wrong
    return f"{len(SEARCHES)} searches, {len(READ) * len(BOOKS)} pages"
