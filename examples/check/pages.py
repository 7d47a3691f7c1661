"""The guide shows what the examples are, in both languages, and its commands are run."""

import glob
import os
import re
import subprocess
import traceback

GUIDES = ("docs/guides/backends.md", "docs/zh/guides/backends.md")
READ = (*GUIDES, "crates/client/README.md", *glob.glob("examples/**/README.md", recursive=True))
LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)\s]+))?\)")
# Lines that are not empty, in one file.
LONGEST = 60
SHOWN = re.compile(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```\n", re.S)
RUN = re.compile(r"<!-- run -->\n```sh\n(.*?)```\n", re.S)


def read(file):
    with open(file, encoding="utf-8") as text:
        return text.read()


def sources():
    """The files that people copy."""
    found = [
        file
        for end in ("js", "py", "go", "java", "php")
        for file in glob.glob(f"examples/backends/*/**/*.{end}", recursive=True)
        if "/node_modules/" not in file and "/target/" not in file and "/vendor/" not in file
    ]
    return [*found, "crates/client/examples/orders.rs", "crates/client/examples/webhooks.rs"]


def no_example_is_longer_than_it_says():
    assert len(sources()) >= 8, sources()
    for file in sources():
        lines = [line for line in read(file).splitlines() if line.strip()]
        assert len(lines) <= LONGEST, f"{file}: {len(lines)} lines"


def what_the_guide_shows_stands_in_the_examples():
    shown = [SHOWN.findall(read(guide)) for guide in GUIDES]
    assert shown[0] == shown[1], "the two languages show different code"
    assert len(shown[0]) >= 8
    for file, code in shown[0]:
        assert code in read(file), f"{file} has not: {code}"
    for guide in GUIDES:
        for file in sources():
            assert f"/{file})" in read(guide), f"{guide} does not lead to {file}"


def both_languages_run_the_same():
    # Beside their remarks.
    runs = [[re.sub(r" +#.*", "", run) for run in RUN.findall(read(guide))] for guide in GUIDES]
    assert runs[0] and runs[0] == runs[1], runs


def anchors(page):
    """The places of a page that a link may name, as they are made of its headings."""
    headings = re.findall(r"^#+ (.+)$", re.sub(r"```.*?```", "", read(page), flags=re.S), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links_lead_somewhere():
    for page in READ:
        if "/node_modules/" in page or page.startswith("examples/miniprogram"):
            continue
        for path, anchor in LINK.findall(re.sub(r"```.*?```", "", read(page), flags=re.S)):
            if path.startswith("http"):
                continue
            target = os.path.normpath(os.path.join(os.path.dirname(page), path)) if path else page
            assert os.path.exists(target), f"{page}: {path}"
            assert not anchor or anchor in anchors(target), f"{page}: {path}#{anchor}"


def the_commands_of_the_guide_do_what_they_say(menshen, backend):
    [text] = RUN.findall(read(GUIDES[0]))
    for written, url in (("http://127.0.0.1:8080", menshen.base), ("http://127.0.0.1:3000", f"http://127.0.0.1:{backend.port}")):
        assert written in text
        text = text.replace(written, url)
    done = subprocess.run(["sh", "-eu", "-c", text], capture_output=True, text=True, timeout=60)
    # Names of headers are of any case.
    said = done.stdout.lower()
    assert done.returncode == 0, done.stderr
    order = ['{"user":"', "401 unauthorized", "www-authenticate: bearer", '"code":"ok"', '"code":"session_revoked"']
    places = [said.find(words) for words in order]
    assert -1 not in places and places == sorted(places), said


READING = (
    no_example_is_longer_than_it_says,
    what_the_guide_shows_stands_in_the_examples,
    both_languages_run_the_same,
    links_lead_somewhere,
)


def check(cases=READING, *arguments):
    """What went wrong."""
    failed = []
    for case in cases:
        name = case.__name__.replace("_", " ")
        try:
            case(*arguments)
            print(f"ok    pages: {name}", flush=True)
        except Exception:
            failed.append(name)
            print(f"WRONG pages: {name}\n{traceback.format_exc()}", flush=True)
    return failed
