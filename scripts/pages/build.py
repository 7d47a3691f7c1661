"""Builds both books with mdBook, dresses their pages, and makes them searchable."""

import functools
import http.server
import os
import re
import shutil
import subprocess
from pathlib import Path

from dress import dress
from stage import Stage, built, show_sources
from tree import BOOKS, Wrong, pages

OUT = "target/book"
STAGE = "target/book-stage"
MDBOOK = "target/tools/bin/mdbook"
PAGEFIND = "target/tools/pagefind/node_modules/.bin/pagefind"
# The rest of what Pagefind writes belongs to user interfaces of its own.
OF_NO_USE = ("pagefind-*ui.*", "pagefind-highlight.js")


def run(command, **more):
    """Runs a tool, whose word of warning is a failure."""
    done = subprocess.run(command, capture_output=True, text=True, **more)
    said = done.stdout + done.stderr
    if done.returncode or re.search(r"\b(WARN|ERROR|warning|error)\b", said):
        raise Wrong(f"{' '.join(map(str, command))}:\n{said}")
    return said


def build():
    """Both books in target/book, and nothing else there."""
    shutil.rmtree(OUT, ignore_errors=True)
    sources = set()
    for language in BOOKS:
        folder = f"{STAGE}/{language}"
        Stage(language, folder, sources).fill()
        out = os.path.abspath(f"{OUT}/{language}")
        run([MDBOOK, "build", folder, "-d", out], env=dict(os.environ, MDBOOK_BOOK__SRC="src"))
        for page in pages(language):
            if not Path(out, built(page)).is_file():
                raise Wrong(f"{BOOKS[language]}/{page} is not in {BOOKS[language]}/SUMMARY.md")
        dress(language, out)
    show_sources(sources, OUT)
    run([PAGEFIND, "--site", OUT, "--silent"])
    for pattern in OF_NO_USE:
        for file in Path(OUT, "pagefind").glob(pattern):
            file.unlink()
    Path(OUT, "index.html").write_text(DOOR, encoding="utf-8")
    return f"{OUT}/en/index.html, {OUT}/zh/index.html"


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def server():
    """What is built, on a free port of the loopback."""
    return http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=OUT))


def serve():
    build()
    with server() as running:
        print(f"http://127.0.0.1:{running.server_port}/en/index.html until Ctrl-C", flush=True)
        try:
            running.serve_forever()
        except KeyboardInterrupt:
            pass


DOOR = """<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<title>Menshen 门神</title>
<meta http-equiv="refresh" content="0; url=en/index.html">
<script>
  if (navigator.languages.some((language) => language.startsWith("zh"))) location.replace("zh/index.html");
</script>
<p><a href="en/index.html">English</a> · <a href="zh/index.html">中文</a></p>
</html>
"""
