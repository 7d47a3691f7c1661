"""The commands of a page, run as they stand there against a server of their own."""

import json
import os
import re
import signal
import subprocess
import tempfile
import time
from contextlib import contextmanager, nullcontext

from server import SERVER, Menshen

WRITTEN = "http://127.0.0.1:8080"
# The simulator as a server of its own, as one page shows it.
ALONE = "http://127.0.0.1:9090"
LONGEST = 30


@contextmanager
def simulator(folder):
    """`menshen simulate` on a free port."""
    log = os.path.join(folder, "simulate.log")
    with open(log, "wb") as out:
        process = subprocess.Popen(
            [SERVER, "simulate", "--listen", "127.0.0.1:0"], cwd=folder, stdout=out, stderr=subprocess.STDOUT
        )
    try:
        deadline = time.monotonic() + LONGEST
        while True:
            with open(log, encoding="utf-8") as said:
                found = re.search(r"Listening +(http://127\.0\.0\.1:\d+)", said.read())
            if found:
                yield found[1]
                return
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("the simulator did not start")
            time.sleep(0.05)
    finally:
        process.terminate()
        process.wait(timeout=30)


def documents(said):
    """Every JSON document in what was printed."""
    found, place, reader = [], 0, json.JSONDecoder()
    while (start := re.compile(r"[{\[]").search(said, place)) is not None:
        try:
            document, place = reader.raw_decode(said, start.start())
            found.append(document)
        except ValueError:
            place = start.end()
    return found


def shape(value):
    """What kind of value it is, and which members it has."""
    if isinstance(value, dict):
        return {key: shape(member) for key, member in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value).__name__


def alike(shown, real):
    """Whether an answer is of the shape that the page shows; `null` may be anything."""
    if isinstance(shown, dict) and isinstance(real, dict):
        return shown.keys() == real.keys() and all(alike(shown[key], real[key]) for key in shown)
    if isinstance(shown, list) and isinstance(real, list):
        return not shown or not real or alike(shown[0], real[0])
    return shown == real or "NoneType" in (shown, real)


def is_failure(document):
    return isinstance(document, dict) and (
        {"code", "message", "request_id"} <= document.keys()
        or "error" in document
        or {"errcode", "errmsg"} <= document.keys()
    )


def script(blocks, needs):
    """The blocks as one script, with what must be there before."""
    text = "".join(block.code + "\n" for block in blocks)
    for written, put in needs.get("replace", {}).items():
        if written not in text:
            return None, f"nothing to replace: {written}"
        text = text.replace(written, put)
    return needs.get("before", "") + "\n" + text, None


def not_said(page, block, server):
    """What a page shows of the server's start, and the server does not say."""
    with open(server.log, encoding="utf-8") as log:
        said = log.read().replace(server.base, WRITTEN)
    lines = [line.strip() for line in block.code.splitlines()]
    return [f"{page}:{block.line}: the server does not say: {line}" for line in lines if line not in said]


def in_shell(text, folder, settings):
    """What a script printed, or why it did not come to its end."""
    path = f"{os.path.dirname(SERVER)}:{os.environ['PATH']}"
    environment = dict(os.environ, **settings, PATH=path)
    out, err = subprocess.PIPE, subprocess.PIPE
    # A group of its own, so that nothing outlives it.
    process = subprocess.Popen(
        ["sh", "-eu", "-c", text],
        cwd=folder,
        env=environment,
        stdout=out,
        stderr=err,
        text=True,
        start_new_session=True,
    )
    try:
        said, complained = process.communicate(timeout=LONGEST)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return "", f"it had no end after {LONGEST} seconds"
    return said, f"ended with {process.returncode}: {complained[-600:]}" if process.returncode else None


def run(page, blocks, answers, needs, start=None):
    """What is wrong with the commands of a page, and with the answers that it shows."""
    place = f"{page}:{blocks[0].line}"
    text, wrong = script(blocks, needs)
    if wrong:
        return [f"{place}: {wrong}"]
    settings = needs.get("environment", {})
    with tempfile.TemporaryDirectory() as folder, Menshen(folder, settings) as server:
        with simulator(folder) if needs.get("simulator") else nullcontext(ALONE) as alone:
            text = text.replace(WRITTEN, server.base).replace(ALONE, alone)
            said, wrong = in_shell(text, folder, settings)
        silent = not_said(page, start, server) if start else []
    found = documents(said)
    failed = [document for document in found if is_failure(document)]
    if wrong or failed:
        return [f"{place}: {text.strip()}\n{wrong or failed}"]
    real = [shape(document) for document in found]
    unlike = [block for block, shown in answers if not any(alike(shape(shown), each) for each in real)]
    return silent + [f"{page}:{block.line}: no answer has the members that are shown" for block in unlike]
