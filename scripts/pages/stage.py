"""Copies a book to where mdBook builds it, with links that work in what is built."""

import html
import os
import re
import shutil
import subprocess
from pathlib import Path

from tree import BOOKS, CODE, LINK, Wrong, is_outside, lines_of, pages, read, target_of

THEME = "docs/theme"
IMAGES = "docs/images"


def page_of(path):
    """The book and the page in it that a path of the repository is, if it is one."""
    for language in ("zh", "en"):
        folder = BOOKS[language] + "/"
        if f"{path}/".startswith(folder) and not path.startswith((THEME, IMAGES)):
            inside = os.path.relpath(path, folder)
            if os.path.isdir(path):
                inside = os.path.normpath(os.path.join(inside, "README.md"))
            return language, inside if inside.endswith(".md") and os.path.isfile(folder + inside) else None
    return None


def built(page):
    """How mdBook names a page; its table of contents stands beside each of them."""
    if page == "SUMMARY.md":
        return "index.html"
    folder, name = os.path.split(page)
    return os.path.join(folder, "index.html" if name == "README.md" else name.removesuffix(".md") + ".html")


# A line that ends and a line that begins with Chinese: a browser would put a space between.
WRAPPED = re.compile(r"(?m)^(?!#)(.*[\u3000-\u9fff\uff00-\uffef]) *\n *(?=[\u3000-\u9fff\uff00-\uffef“‘])")


def joined(text):
    """Chinese without spaces where its lines were broken."""
    while (once := WRAPPED.sub(r"\1", text)) != text:
        text = once
    return text


def shown(path):
    """The page that shows a file; mdBook would take one that ends with .md.html for a page of its own."""
    return f"source/{path.removesuffix('.md')}{'_md' if path.endswith('.md') else ''}.html"


class Stage:
    """One book; `sources` gathers what it shows of the rest of the repository."""

    def __init__(self, language, folder, sources):
        self.language, self.folder, self.sources = language, Path(folder), sources

    def fill(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        source = Path(BOOKS[self.language])
        (self.folder / "src").mkdir(parents=True)
        shutil.copy(source / "book.toml", self.folder)
        shutil.copy(source / "SUMMARY.md", self.folder / "src")
        shutil.copytree(THEME, self.folder / "theme")
        shutil.copytree(IMAGES, self.folder / "src/images")
        for page in pages(self.language):
            place = self.folder / "src" / page
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(self.rewritten(page), encoding="utf-8")

    def rewritten(self, page):
        """The page with each link as it must be in what is built."""
        whole, prose = [], []

        def flush():
            whole.append(joined(self.links("".join(prose), page)))
            prose.clear()

        for _, line, code in lines_of(read(f"{BOOKS[self.language]}/{page}")):
            if code:
                flush()
                whole.append(line)
            else:
                prose.append(line)
        flush()
        return "".join(whole)

    def links(self, text, page):
        kept = []

        def keep(found):
            kept.append(found[0])
            return f"\0{len(kept) - 1}\0"

        def unkeep(piece):
            for place, code in reversed(list(enumerate(kept))):
                piece = piece.replace(f"\0{place}\0", code)
            return piece

        text = CODE.sub(keep, text)
        return unkeep(LINK.sub(lambda found: f"{found[1]}({self.address(page, found[2])})", text))

    def address(self, page, link):
        if is_outside(link) or link.startswith("#"):
            return link
        path, anchor = target_of(f"{BOOKS[self.language]}/{page}", link)
        if not os.path.exists(path):
            raise Wrong(f"{BOOKS[self.language]}/{page}: {link} leads nowhere")
        return self.place_of(path, page) + (f"#{anchor}" if anchor else "")

    def place_of(self, path, page):
        up = "../" * page.count("/")
        if path.startswith(IMAGES + "/"):
            return up + os.path.relpath(path, "docs")
        if found := page_of(path):
            language, inside = found
            if inside is None:
                raise Wrong(f"{page}: {path} is no page of a book")
            return (
                os.path.relpath(built(inside), os.path.dirname(page) or ".")
                if language == self.language
                else f"{up}../{language}/{built(inside)}"
            )
        self.sources.add(path)
        return f"{up}../{shown(path)}"


def tracked(folder):
    """The files below a folder that are kept in the repository."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", folder],
        check=True,
        capture_output=True,
    )
    return sorted(file for file in listed.stdout.decode().split("\0") if file and os.path.isfile(file))


SHOWN = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · Menshen</title>
<link rel="stylesheet" href="{up}source.css">
</head>
<body>
<header><a href="{up}en/index.html">Menshen 门神</a><code>{title}</code></header>
{body}
</body>
</html>
"""


def show_sources(sources, folder):
    """Writes a page for each file, and for each folder one that lists its files."""
    waiting, done = sorted(sources), set()
    while waiting:
        path = waiting.pop()
        if path in done:
            continue
        done.add(path)
        up = "../" * (path.count("/") + 1)
        if os.path.isdir(path):
            files = tracked(path)
            waiting.extend(files)
            rows = "".join(f'<li><a href="{up}{shown(file)}">{os.path.relpath(file, path)}</a></li>' for file in files)
            body = f"<ul>{rows}</ul>"
        else:
            try:
                body = f"<pre>{html.escape(read(path))}</pre>"
            except UnicodeDecodeError:
                body = "<p>This file is no text.</p>"
        place = Path(folder) / shown(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(SHOWN.format(title=html.escape(path), up=up, body=body), encoding="utf-8")
    shutil.copy(f"{THEME}/source.css", folder)
