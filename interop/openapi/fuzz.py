"""Calls that schemathesis makes up from the OpenAPI description, against the real server.

    fuzz.py SERVER [--examples N] [--seed N] [--calls N]

No answer is a 5xx, every status, content type, header and body is one that the
description tells of, a method that it does not name is refused, and no operation lets
anybody in without what it demands. The server is one of the development profile on the
loopback, with its limits off. Prints what was answered how often, as the server counts it.
"""

import argparse
import collections
import os
import re
import secrets
import subprocess
import sys
import tempfile
import threading
import urllib.request

CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
    "allow_header_conformance",
    "ignored_auth",
]
LIMITS_OFF = {
    "SMS__RESEND_INTERVAL": "0s",
    "SMS__PER_PHONE_HOUR": "0",
    "SMS__PER_PHONE_DAY": "0",
    "SMS__PER_IP_HOUR": "0",
    "SMS__PER_IP_DAY": "0",
    "SMS__DEPLOYMENT_DAY": "0",
    "SMS__FAILURES_PER_PHONE_DAY": "0",
    "SMS__FAILURES_PER_IP": "0",
    "SMS__CAPTCHA__AFTER": "0",
    "TOKENS__REFRESH_PER_SESSION": "0",
    "TOKENS__REFRESH_PER_IP": "0",
}


def start(server, folder, key):
    digest = subprocess.run([server, "admin", "hash-key"], input=key, capture_output=True, text=True, check=True, cwd=folder)
    digest = re.search(r"[0-9a-f]{64}", digest.stdout)[0]
    settings = LIMITS_OFF | {
        "SERVER__LISTEN": "127.0.0.1:0",
        "SERVER__TRUSTED_PROXIES": '["127.0.0.0/8"]',
        "ADMIN__KEYS": f'[{{ name = "fuzz", sha256 = "{digest}", scope = "write" }}]',
    }
    environment = {f"MENSHEN_{key}": value for key, value in settings.items()}
    process = subprocess.Popen([server, "serve"], cwd=folder, env=environment, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True)
    said = []
    for line in process.stdout:
        said.append(line)
        found = re.search(r"(http://127\.0\.0\.1:\d+)/playground", line)
        if found:
            # What it says from now on is read all the while, or it would wait for us.
            threading.Thread(target=lambda: said.extend(process.stdout), daemon=True).start()
            return process, found[1], said
    sys.exit("the server did not start:\n" + "".join(said))


def answered(base):
    """Answers by status, as the server counts them."""
    counts = collections.Counter()
    with urllib.request.urlopen(base + "/metrics", timeout=10) as answer:
        for status, number in re.findall(r'^menshen_http_requests_total\{.*status="(\d+)".*\} (\d+)$', answer.read().decode(), re.M):
            counts[status] += int(number)
    return counts


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("server")
    parser.add_argument("--examples", type=int, default=12, help="made-up calls of each kind and operation at most")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--calls", type=int, default=0, help="the fewest answers that count as a run")
    given = parser.parse_args()
    server, key = os.path.abspath(given.server), secrets.token_urlsafe(32)
    here = os.path.dirname(os.path.abspath(__file__))
    with tempfile.TemporaryDirectory() as folder:
        process, base, said = start(server, folder, key)
        try:
            before = answered(base)
            environment = dict(os.environ, PYTHONDONTWRITEBYTECODE="1", NO_PROXY="127.0.0.1",
                               SCHEMATHESIS_HOOKS=os.path.join(here, "hooks.py"), OPENAPI_FUZZ_BASE=base, OPENAPI_FUZZ_KEY=key)
            command = [
                os.path.join(os.path.dirname(sys.executable), "schemathesis"), "run", base + "/openapi.json",
                "--checks", ",".join(CHECKS), "--phases", "examples,coverage,fuzzing", "--mode", "all",
                "--max-examples", str(given.examples), "--seed", str(given.seed), "--request-timeout", "10",
                "--suppress-health-check", "all", "--warnings", "off", "--continue-on-failure",
            ]
            failed = subprocess.run(command, cwd=folder, env=environment).returncode
            counts = answered(base) - before
        finally:
            process.terminate()
            ended = process.wait(timeout=30)
    log = "".join(said)
    print("answers:", ", ".join(f"{number} × {status}" for status, number in sorted(counts.items())), "=", counts.total())
    if failed:
        sys.exit("schemathesis has findings")
    if any(status.startswith("5") for status in counts):
        sys.exit("some answers were 5xx:\n" + "\n".join(line for line in log.splitlines() if "ERROR" in line)[:4000])
    if "panicked" in log or ended != 0:
        sys.exit(f"the server panicked, or did not end well ({ended}):\n{log[-4000:]}")
    if counts.total() < given.calls:
        sys.exit(f"only {counts.total()} answers, {given.calls} are a run")


main()
