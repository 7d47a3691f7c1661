"""The unit."""

import os
import re
import subprocess
import tempfile

import menshen

UNIT = "deploy/systemd/menshen.service"
SETTINGS = "deploy/systemd/menshen.example.toml"
# systemd's own scale goes from 0.0 (nothing is open) to 10.0 (all is); in tenths.
EXPOSURE = 15


def text():
    with open(UNIT, encoding="utf-8") as unit:
        return unit.read()


def analyze(*arguments):
    """systemd-analyze of the unit; the command that it starts need not be installed."""
    with tempfile.TemporaryDirectory() as folder:
        unit = os.path.join(folder, "menshen.service")
        with open(unit, "w", encoding="utf-8") as copy:
            copy.write(text().replace("/usr/local/bin/menshen", "/bin/true"))
        done = subprocess.run(
            ["systemd-analyze", *arguments, unit], capture_output=True, text=True, timeout=60, env={"PATH": os.environ["PATH"]}
        )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    return said


def check_systemd_understands_the_unit():
    said = analyze("verify", "--man=no")
    assert "menshen.service" not in said, said


def check_little_is_open_to_the_service():
    analyze("security", "--offline=true", f"--threshold={EXPOSURE}")


def check_the_settings_are_good_for_production():
    given = re.findall(r"^Environment=(MENSHEN_\w+)=(.*)$", text(), re.MULTILINE)
    credentials = set(re.findall(r"^LoadCredential=(\w+):", text(), re.MULTILINE))
    read = {value.removeprefix("%d/") for _, value in given}
    assert read == credentials, (read, credentials)
    environment = {name: value.replace("%d", "/run/credentials") for name, value in given}
    menshen.check_settings(SETTINGS, environment, "/run/credentials")
