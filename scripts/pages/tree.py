"""The pages of both books, as they stand under docs/."""

import os
import re
from collections import namedtuple
from pathlib import Path

BOOKS = {"en": "docs", "zh": "docs/zh"}
OTHER = {"en": "zh", "zh": "en"}
# Pages beside the books whose links are held too.
BESIDE = ("README.md", "README.zh-CN.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")
FENCE = re.compile(r"^( *)(`{3,}|~{3,})(.*)$")
LINK = re.compile(r"(!?\[(?:[^\[\]]|\[[^\]]*\])*\])\(([^)\s]+)\)")
CODE = re.compile(r"(`+)(?:(?!\1).)+?\1", re.S)


class Wrong(Exception):
    """What does not hold, in words."""


Block = namedtuple("Block", "line language code remark")


def read(path):
    return Path(path).read_text(encoding="utf-8")


def pages(language):
    """Every page of a book, from its folder: the table of contents is none."""
    folder = Path(BOOKS[language])
    found = (path.relative_to(folder) for path in folder.rglob("*.md"))
    inside = (page for page in found if language == "zh" or page.parts[0] not in ("zh", "theme"))
    return sorted(str(page) for page in inside if str(page) != "SUMMARY.md")


def chapters(language):
    """The pages in the order of the table of contents, each with its depth."""
    summary = read(f"{BOOKS[language]}/SUMMARY.md")
    return [(len(indent), page) for indent, page in re.findall(r"^( *)(?:- )?\[.*\]\((\S+)\)$", summary, re.M)]


def lines_of(text):
    """Each line with its place and whether it is code."""
    fence = None
    for place, line in enumerate(text.splitlines(keepends=True), 1):
        found = FENCE.match(line.rstrip("\n"))
        if fence is None and found:
            fence = found[2]
            yield place, line, True
        elif fence and found and found[2].startswith(fence) and not found[3].strip():
            fence = None
            yield place, line, True
        else:
            yield place, line, fence is not None


def prose(text):
    """The text without its code, and as many lines."""
    without = "".join("\n" if code else line for _, line, code in lines_of(text))
    return CODE.sub(lambda found: "\n" * found[0].count("\n"), without)


def headings(text):
    plain = "".join("\n" if code else line for _, line, code in lines_of(text))
    return re.findall(r"^(#+) +(.+?) *#*$", plain, re.M)


def anchors(text):
    """The places that a link may name, as GitHub makes them of headings."""
    seen, found = {}, set()
    for _, heading in headings(text):
        bare = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        name = re.sub(r"[^\w\- ]", "", bare).replace(" ", "-")
        found.add(name if name not in seen else f"{name}-{seen[name]}")
        seen[name] = seen.get(name, 0) + 1
    return found | set(re.findall(r'<a (?:id|name)="([^"]+)"', text))


def blocks(text):
    """Every fenced block: its line, its language, its code, and the remark right above it."""
    found, opened, before = [], None, ""
    for place, line, code in lines_of(text):
        mark = FENCE.match(line.rstrip("\n")) if code else None
        if mark and opened is None:
            remark = re.fullmatch(r"<!-- (.*) -->", before.strip())
            opened = (place, mark[3].strip(), [], remark[1] if remark else "")
        elif mark and not mark[3].strip():
            found.append(Block(opened[0], opened[1], "".join(opened[2]), opened[3]))
            opened = None
        elif opened:
            opened[2].append(line)
        before = line
    return found


def target_of(page, link):
    """Where in the repository a relative link leads, and to which place of it."""
    path, _, anchor = link.partition("#")
    path = os.path.normpath(os.path.join(os.path.dirname(page), path)) if path else page
    return path, anchor


def is_outside(link):
    return re.match(r"[a-z][a-z0-9+.-]*:", link) is not None
