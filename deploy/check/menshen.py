"""The service's own opinion of settings."""

import base64
import os
import re
import subprocess
import tempfile

SERVER = os.path.abspath("target/debug/menshen")


def check_settings(file, environment, secrets):
    """Runs `config check` with a settings file and an environment.

    Paths of secrets (`secrets` names their folder) lead to files that are made here.
    """
    with tempfile.TemporaryDirectory() as folder:

        def here(text):
            return re.sub(re.escape(secrets) + r"/([\w.-]+)", made, text)

        def made(match):
            path = os.path.join(folder, match[1])
            with open(path, "wb") as secret:
                secret.write(base64.b64encode(os.urandom(32)))
            return path

        arguments = [SERVER]
        if file:
            with open(file, encoding="utf-8") as given:
                text = here(given.read())
            copy = os.path.join(folder, "menshen.toml")
            with open(copy, "w", encoding="utf-8") as settings:
                settings.write(text)
            arguments += ["--config", copy]
        environment = {name: here(str(value)) for name, value in environment.items()}
        done = subprocess.run(
            [*arguments, "config", "check"], cwd=folder, env=environment, capture_output=True, text=True, timeout=30
        )
        assert done.returncode == 0, done.stdout + done.stderr


def seconds(text):
    """A duration as settings and compose files write it."""
    number, unit = re.fullmatch(r"(\d+)(s|m)", text).groups()
    return int(number) * {"s": 1, "m": 60}[unit]
