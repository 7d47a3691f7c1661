"""The two books are the same pages: files, order, headings, tables, code and pictures."""

import os
import re

from tree import BOOKS, LINK, Wrong, blocks, chapters, headings, is_outside, lines_of, pages, prose, read, target_of

# Comments are for people; and what a program says may be in either language.
COMMENT = re.compile(r"(^|\s)(?:#(?!\!)|//|--|<!--|/\*).*?$|\*/|-->", re.M)
# What people read: of a button, and of a line that is printed.
WORDS = re.compile(r"(?<=>)[^<>{}]+(?=</)|(?<=console\.log\()[^)]*(?=\))")
SAID = ("", "text", "http")


def code_of(text):
    """The blocks without what may differ."""
    found = []
    for block in blocks(text):
        plain = COMMENT.sub("", WORDS.sub("", block.code))
        lines = [" ".join(line.split()) for line in plain.splitlines() if line.strip()]
        found.append((block.language, None if block.language in SAID else lines))
    return found


def rows_of(text):
    """How many columns each row of each table has, and what its first one names in code."""
    tables, rows = [], []
    for _, line, code in [*lines_of(text), (0, "", False)]:
        if not code and line.lstrip().startswith("|"):
            named = sorted(re.findall(r"`([^`]+)`", line.split("|")[1]))
            rows.append((len(re.findall(r"(?<!\\)\|", re.sub(r"`[^`]*`", "", line))), *named))
        elif rows:
            tables.append(rows)
            rows = []
    return tables


def pictures_of(text):
    return [
        link.rsplit("/", 1)[-1].replace(".zh", "") for found, link in LINK.findall(prose(text)) if found.startswith("!")
    ]


def differences(page):
    english, chinese = (read(f"{BOOKS[language]}/{page}") for language in ("en", "zh"))
    looks = {
        "headings": lambda text: [len(marks) for marks, _ in headings(text)],
        "code blocks": code_of,
        "tables": rows_of,
        "pictures": pictures_of,
    }
    for name, look in looks.items():
        if look(english) != look(chinese):
            yield f"{page}: other {name} in Chinese: {first_difference(look(english), look(chinese))}"


def first_difference(english, chinese):
    for number, (one, other) in enumerate(zip(english, chinese), 1):
        if one != other and isinstance(one, list) and isinstance(other, list):
            return f"in the {number}. of them {first_difference(one, other)}"
        if one != other:
            return f"{one} and {other}"
    return f"{len(english)} and {len(chinese)} of them"


def led_astray(page):
    """Links of a Chinese page to an English one, but for its own and those that say so."""
    file = f"{BOOKS['zh']}/{page}"
    for text, link in LINK.findall(prose(read(file))):
        if text == "[English]":
            continue
        target = link if is_outside(link) else target_of(file, link)[0]
        inside = os.path.relpath(target, BOOKS["en"])
        if target.endswith(".md") and not inside.startswith(("..", "zh/")) and inside != page:
            yield f"{file}: {link} leads to the English page"


def twins():
    english, chinese = (set(pages(language)) for language in ("en", "zh"))
    wrong = [f"docs/zh/{page} is missing" for page in sorted(english - chinese)]
    wrong += [f"docs/zh/{page} has no page in English" for page in sorted(chinese - english)]
    order = [chapters(language) for language in ("en", "zh")]
    if order[0] != order[1]:
        wrong.append(f"the tables of contents differ: {first_difference(*order)}")
    for page in sorted(english & chinese):
        wrong += [*differences(page), *led_astray(page)]
    listed = [page for _, page in order[0]]
    wrong += [f"{page} is not in SUMMARY.md" for page in sorted(english - set(listed))]
    wrong += [f"{page} is twice in SUMMARY.md" for page in sorted({page for page in listed if listed.count(page) > 1})]
    if wrong:
        raise Wrong("\n".join(wrong))
    return f"{len(english)} pages"
