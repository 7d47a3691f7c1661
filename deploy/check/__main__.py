"""Checks the files under deploy/ and docker-compose.yml.

Each check is a function whose name says what holds. A broken rule is printed with the
file that breaks it; the exit status is 1 if there is any.
"""

import sys
import traceback

import compose
import kubernetes
import nginx
import systemd


def main():
    failed = 0
    for part in (compose, kubernetes, nginx, systemd):
        for name, check in vars(part).items():
            if not name.startswith("check_"):
                continue
            said = f"{part.__name__}: {name.removeprefix('check_').replace('_', ' ')}"
            try:
                check()
                print(f"ok    {said}")
            except Exception:
                failed += 1
                print(f"WRONG {said}")
                traceback.print_exc()
    sys.exit(1 if failed else 0)


main()
