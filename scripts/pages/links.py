"""Every link leads somewhere: as GitHub shows the pages, and in what is built of them."""

import os
import re
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from build import OUT
from tree import BESIDE, BOOKS, LINK, Wrong, anchors, is_outside, pages, prose, read, target_of

REFERENCE = re.compile(r"^\[[^\]]+\]:\s", re.M)
PICTURE = re.compile(r'<(?:img|source)[^>]+src(?:set)?="([^"]+)"')


def held():
    """Every page whose links are held."""
    listed = subprocess.run(
        [
            "git",
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
            "examples",
            "sdk",
            "crates",
            "deploy",
            "fuzz",
            "interop",
        ],
        check=True,
        capture_output=True,
    )
    others = [file for file in listed.stdout.decode().split("\0") if file.endswith(".md") and os.path.exists(file)]
    books = [f"{BOOKS[language]}/{page}" for language in BOOKS for page in [*pages(language), "SUMMARY.md"]]
    return [*BESIDE, *others, *books]


def wrong_with(page, link, known):
    if is_outside(link):
        return None
    if link.startswith("/"):
        return "it begins with /"
    path, anchor = target_of(page, link)
    if path.startswith("..") or not os.path.exists(path):
        return "nothing is there"
    if anchor and path.endswith(".md"):
        if path not in known:
            known[path] = anchors(read(path))
        return None if unquote(anchor) in known[path] else "no such heading"
    return None


def links_of_pages():
    known, wrong = {}, []
    checked = held()
    for page in checked:
        text = prose(read(page))
        if REFERENCE.search(text):
            wrong.append(f"{page}: links by reference are not looked at; write them out")
        for link in [found[1] for found in LINK.findall(text)] + PICTURE.findall(text):
            if fault := wrong_with(page, link, known):
                wrong.append(f"{page}: {link}: {fault}")
    if wrong:
        raise Wrong("\n".join(wrong))
    return f"{len(checked)} pages"


class Page(HTMLParser):
    """The places of a page, and what it asks for."""

    def __init__(self, text):
        super().__init__()
        self.places, self.asks = set(), []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.places.update(given[name] for name in ("id", "name") if given.get(name))
        # What is loaded without being asked for, and what a person may follow.
        self.asks += [(tag, given[name]) for name in ("href", "src", "srcset", "data-index") if given.get(name)]


def links_of_what_is_built():
    files = {str(file): Page(file.read_text(encoding="utf-8")) for file in Path(OUT).rglob("*.html")}
    wrong = []
    for file, page in files.items():
        for tag, link in page.asks:
            address = urlsplit(link)
            if address.scheme or address.netloc:
                if tag != "a":
                    wrong.append(f"{file}: <{tag}> loads {link} from another host")
                continue
            path = (
                os.path.normpath(os.path.join(os.path.dirname(file), unquote(address.path))) if address.path else file
            )
            if not os.path.isfile(path):
                wrong.append(f"{file}: {link}: nothing is there")
            elif address.fragment and path in files and unquote(address.fragment) not in files[path].places:
                wrong.append(f"{file}: {link}: no such place")
    if wrong:
        raise Wrong("\n".join(sorted(wrong)))
    return f"{len(files)} files"
