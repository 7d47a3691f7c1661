"""Every fenced block of the pages is held by something: run, read, found in a file, or listed with a reason."""

import json
import os
import re
import shlex
import sqlite3
import subprocess
import tempfile
import tomllib
from contextlib import closing

from reference import help_of
from run import run
from server import SERVER
from stage import tracked
from tree import BOOKS, Wrong, blocks, pages, read
from twins import code_of

LIST = "scripts/pages/blocks.toml"
# What a program said, or a drawing.
SHOWN = ("", "text", "http")
# Files of an installed service, and what the rest of a whole file would say.
NOT_HERE = re.compile(r"_file: |must be set")
README = ("README.md", "README.zh-CN.md")


def listed():
    with open(LIST, "rb") as file:
        return tomllib.load(file)


def held():
    beside = [
        file for file in tracked(".") if file.endswith(".md") and file.startswith(("crates/", "examples/", "sdk/"))
    ]
    return ["README.md", "CONTRIBUTING.md", *beside, *(f"{BOOKS['en']}/{page}" for page in pages("en"))]


def reads(test, page):
    """Whether a test names a page, from the root or from its own package."""
    package = os.path.dirname(os.path.dirname(test))
    return any(f'"{name}"' in read(test) for name in (page, os.path.relpath(page, package)))


def begins(block):
    return block.code.lstrip()


class Page:
    """One page, and what is wrong with it."""

    def __init__(self, name, known):
        self.name, self.known, self.wrong = name, known, []
        self.commands, self.answers, self.start = [], [], None
        for block in blocks(read(name)):
            self.place = f"{name}:{block.line}"
            self.hold(block)

    def hold(self, block):
        self.parsed(block)
        if block.remark.startswith("file: "):
            return self.quoted(block, block.remark.removeprefix("file: "))
        if any(entry["page"] == self.name for entry in self.known.get("elsewhere", ())):
            return None
        reason = next(
            (
                entry
                for entry in self.known["not_run"]
                if entry["page"] == self.name and begins(block).startswith(entry["begins"])
            ),
            None,
        )
        if reason:
            reason["found"] = True
        elif block.language == "sh":
            self.commands.append(block)
        elif block.language == "toml":
            self.settings(block)
        elif block.language == "json":
            self.answer(block)
        elif block.language == "sql":
            self.queried(block)
        elif "http://127.0.0.1:8080/playground" in block.code:
            self.start = block
        elif block.language not in SHOWN:
            self.wrong.append(
                f"{self.place}: a block in {block.language} that nothing holds: test it, or give a reason in {LIST}"
            )
        return None

    def quoted(self, block, file):
        if not os.path.isfile(file) or block.code not in read(file):
            self.wrong.append(f"{self.place}: not what stands in {file}")

    def settings(self, block):
        with tempfile.TemporaryDirectory() as folder:
            file = os.path.join(folder, "menshen.toml")
            with open(file, "w", encoding="utf-8") as text:
                text.write(block.code)
            done = subprocess.run(
                [SERVER, "--config", file, "config", "check"], cwd=folder, capture_output=True, text=True, timeout=30
            )
        problems = (
            [line.strip() for line in done.stderr.splitlines() if line.startswith("  ")] if done.returncode else []
        )
        if done.returncode and not problems:
            problems = [done.stderr.strip()]
        left_out = [line.partition("=")[0].strip() for line in block.code.splitlines() if "…" in line]
        for problem in problems:
            # What a page leaves out is no value.
            if not NOT_HERE.search(problem) and not any(name in problem or "{" in name for name in left_out):
                self.wrong.append(f"{self.place}: {problem}")

    def queried(self, block):
        """SQL that is not listed is for either engine: here on the schema of SQLite."""
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([SERVER, "migrate", "up"], cwd=folder, check=True, capture_output=True, timeout=60)
            with closing(sqlite3.connect(f"{folder}/data/menshen.db")) as database:
                try:
                    database.executescript(block.code)
                except sqlite3.Error as error:
                    self.wrong.append(f"{self.place}: {error}")

    def answer(self, block):
        try:
            self.answers.append((block, json.loads(block.code.replace("{…}", "{}"))))
        except ValueError as error:
            self.wrong.append(f"{self.place}: no JSON: {error}")

    def parsed(self, block):
        """Commands of ours have the words and options that their help names, also where they are not run."""
        if block.language != "sh":
            return
        for line in block.code.replace("\\\n", " ").splitlines():
            for command in re.findall(r"(?:^|\s)(?<!-p )(?:menshen|cargo run --)\s+([^|;&#)]*)", line):
                self.understood(shlex.split(command))

    def understood(self, words):
        path, skip = (), False
        for word in words:
            if skip:
                skip = False
            elif word.startswith("--"):
                if not re.search(rf"{re.escape(word)}\b", help_of(path)):
                    self.wrong.append(f"{self.place}: menshen {' '.join(path)} has no {word}")
                skip = word == "--config"
            elif re.search(
                rf"^  {re.escape(word)}(\s|$)", help_of(path).partition("Commands:")[2].partition("Options:")[0], re.M
            ):
                path = (*path, word)


def snippets():
    known, wrong, ran = listed(), [], 0
    for name in held():
        page = Page(name, known)
        wrong += page.wrong
        if page.commands:
            ran += len(page.commands)
            wrong += run(name, page.commands, page.answers, known["page"].pop(name, {}), page.start)
    wrong += [
        f"{LIST}: {entry['page']} has no block that begins with {entry['begins']}"
        for entry in known["not_run"]
        if not entry.get("found")
    ]
    wrong += [f"{LIST}: {page} has no commands" for page in known["page"]]
    wrong += [
        f"{entry['by']} does not read {entry['page']}"
        for entry in known["elsewhere"]
        if not reads(entry["by"], entry["page"])
    ]
    if code_of(read(README[0])) != code_of(read(README[1])):
        wrong.append(f"{README[1]} shows other code than {README[0]}")
    if wrong:
        raise Wrong("\n".join(wrong))
    return f"{ran} blocks were run, {len(known['not_run'])} have a reason why not"
