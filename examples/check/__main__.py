"""Runs every backend under examples/backends against the real server, and the gateways in front of it.

Arguments name the backends to run; without any, all of them.
"""

import os
import signal
import sys
import tempfile
import time
import traceback
from concurrent.futures import ThreadPoolExecutor

import cases
import gateways
import pages
import webhooks
from backend import Backend
from between import Between
from forged import Forger
from menshen import Menshen, header_of

HOME = os.path.abspath("target/backends")
# What is typed to start each of them is what the guide says, with the tools that scripts/backends has put there.
COMMANDS = {
    "node": ["node", "server.js"],
    "python": [f"{HOME}/venv/bin/uvicorn", "main:app", "--host", "127.0.0.1", "--port", "$PORT"],
    "go": [f"{HOME}/orders"],
    "java": ["java", "-jar", "target/orders.jar"],
    "rust": [os.path.abspath("target/debug/examples/orders")],
}


# Of two of them, the receiver of webhooks is a program of its own.
RECEIVERS = {
    "rust": [os.path.abspath("target/debug/examples/webhooks")],
    "php": ["php", "-S", "127.0.0.1:$PORT", "webhooks.php"],
}


class World:
    """Tokens of every kind, and the server that issued them."""

    def __init__(self, folder):
        self.folder, self.forger = folder, Forger()
        # Two hours ago the same service issued what has expired by now.
        self.expired = self.token(hours_ago=2)
        self.other_audience = self.token({"MENSHEN_TOKENS__AUDIENCE": "somebody-else"})
        self.other_issuer = self.token({"MENSHEN_TOKENS__ISSUER": "https://example.com"})
        self.onboarding = self.token({"MENSHEN_ACCOUNTS__REQUIRE_PHONE": "always"})

    def token(self, settings=None, hours_ago=0):
        with Menshen(self.folder, settings, hours_ago) as menshen:
            return menshen.sign_in()["access_token"]

    def rotate(self):
        """The key that signed so far is dropped; somebody signs in with the next one."""
        old = header_of(self.login["access_token"])["kid"]
        self.menshen.drop_key(old)
        self.after_rotation = self.menshen.sign_in()
        assert header_of(self.after_rotation["access_token"])["kid"] != old


def run(backend, wanted, world):
    """What went wrong."""
    failed = []
    for case in wanted:
        since = time.monotonic()
        name = case.__name__.replace("_", " ")
        try:
            case(backend, world)
            print(f"ok    {backend.name}: {name} ({time.monotonic() - since:.1f} s)", flush=True)
        except Exception:
            failed.append(name)
            print(f"WRONG {backend.name}: {name}\n{traceback.format_exc()}{backend.said()}", flush=True)
    return failed


def receivers(names, running, folder):
    """What went wrong where webhooks are received: in the backends that run, and in programs of their own."""
    own = []
    try:
        for name in RECEIVERS.keys() & {*names, "php"}:
            log, settings = f"{folder}/{name}-webhooks.log", {"MENSHEN_WEBHOOK_SECRET": webhooks.SECRET}
            own.append(Backend(name, f"examples/backends/{name}", RECEIVERS[name], log, settings))
        for receiver in own:
            receiver.wait()
        wrong = [name for receiver in (*running, *own) for name in run(receiver, webhooks.CASES, None)]
        with tempfile.TemporaryDirectory() as place:
            try:
                webhooks.every_receiver_hears_of_what_happens_at_menshen([*running, *own], place)
                print("ok    webhooks: every receiver hears of what happens at Menshen", flush=True)
            except Exception:
                wrong.append("every receiver hears")
                print(f"WRONG webhooks: every receiver hears of what happens at Menshen\n{traceback.format_exc()}", flush=True)
        return wrong
    finally:
        for receiver in own:
            receiver.end()


def backends(names, folder):
    world = World(folder)
    with Menshen(folder) as world.menshen:
        world.login = world.menshen.sign_in()
        running = []
        try:
            for name in names:
                between = Between(world.menshen.base, world.forger.jwk)
                between.cut = True
                settings = {"MENSHEN_URL": between.url, "MENSHEN_WEBHOOK_SECRET": webhooks.SECRET}
                log = f"{folder}/{name}.log"
                running.append(Backend(name, f"examples/backends/{name}", COMMANDS[name], log, settings, between))
            for backend in running:
                backend.wait()
            failed = receivers(names, [backend for backend in running if backend.name not in RECEIVERS], folder)
            with ThreadPoolExecutor(len(running)) as together:
                for some in together.map(lambda backend: run(backend, cases.BEFORE, world), running):
                    failed += some
                for backend in running[:1]:
                    failed += pages.check([pages.the_commands_of_the_guide_do_what_they_say], world.menshen, backend)
                world.rotate()
                for some in together.map(lambda backend: run(backend, cases.AFTER_A_ROTATION, world), running):
                    failed += some
            return failed
        finally:
            for backend in running:
                backend.end()


def main():
    # Ended from outside, it ends what it has started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended before it was through"))
    names = sys.argv[1:] or list(COMMANDS)
    failed = pages.check() if not sys.argv[1:] else []
    with tempfile.TemporaryDirectory() as folder:
        failed += backends(names, folder)
    if not sys.argv[1:]:
        with tempfile.TemporaryDirectory() as folder:
            failed += gateways.check(folder)
    if failed:
        sys.exit(f"{len(failed)} of the checks failed")
    print("every backend and every gateway does what it must")


main()
