"""`scripts/book`: builds both books, and holds them against what they promise."""

import sys
import time
import traceback

import build
import links
import reference
import seen
import snippets
import twins

# In this order: what is cheap and says most comes first.
CHECKS = {
    "both books have the same pages": twins.twins,
    "links of the pages lead somewhere": links.links_of_pages,
    "the reference is what the program says": reference.compare,
    "commands and code of the pages are held": snippets.snippets,
    "both books are built without a warning": build.build,
}
# Of what is built; without that, they have nothing to say.
OF_THE_BUILT = {
    "links of what is built lead somewhere": links.links_of_what_is_built,
    "readers find what they look for": seen.seen,
}


def failed(checks):
    """Which of them do not hold."""
    found = []
    for name, does in checks.items():
        began = time.monotonic()
        try:
            told = does()
            print(f"ok    {name}: {told} ({time.monotonic() - began:.1f} s)", flush=True)
        except Exception as wrong:
            found.append(name)
            told = wrong if isinstance(wrong, build.Wrong) else traceback.format_exc()
            print(f"WRONG {name}:\n{told}", flush=True)
    return found


def check():
    wrong = failed(CHECKS) or failed(OF_THE_BUILT)
    if wrong:
        sys.exit(f"the book is not right: {'; '.join(wrong)}")


COMMANDS = {
    "build": lambda: print(build.build()),
    "check": check,
    "reference": reference.write,
    "serve": build.serve,
}


def main():
    name = sys.argv[1] if len(sys.argv) > 1 else "build"
    if name not in COMMANDS or len(sys.argv) > 2:
        sys.exit(f"usage: scripts/book [{'|'.join(COMMANDS)}]")
    try:
        COMMANDS[name]()
    except build.Wrong as wrong:
        sys.exit(str(wrong))


if __name__ == "__main__":
    main()
