"""The simulator under test, and the lines that say what a client did with it."""

import json
import os
import sys
import traceback
import urllib.parse
import urllib.request

BASE = os.environ["MENSHEN_SIMULATOR"]  # http://127.0.0.1:PORT
HOST = urllib.parse.urlsplit(BASE).netloc

MINI_PROGRAM = ("wx5f3a9c0d7e1b2a48", "fa4e0000000000000000000000000001")

_failed = []


def control(path, body=None, method=None):
    """Asks the control API: what a phone in a hand would do."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{BASE}/control/{path}", data, method=method)
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


def inbox(phone):
    """The messages that a number got, newest first."""
    return control("sms?" + urllib.parse.urlencode({"phone": phone}))


def step(client, what, act):
    """Does one thing with a client and prints its line; `act` answers what came of it, or raises."""
    try:
        print(f"ok    {client:<36} {what:<34} {act()}", flush=True)
    except Exception as error:  # whatever a client throws is a failure to report
        _failed.append(what)
        print(f"FAIL  {client:<36} {what:<34} {type(error).__name__}: {error}", flush=True)
        traceback.print_exc()


def refused(act, exception, code):
    """True to `code`: `act` must raise the client's own `exception`, from which `code` reads the vendor's word."""
    try:
        answer = act()
    except exception as error:
        return code(error)
    raise AssertionError(f"accepted: {answer}")


def expect(found, wanted):
    """What was found, if it is what was wanted."""
    assert found == wanted, f"{found!r} instead of {wanted!r}"
    return found


def finish():
    """Ends the process, 1 if anything failed."""
    sys.exit(1 if _failed else 0)
