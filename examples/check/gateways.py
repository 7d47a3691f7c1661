"""nginx as it stands under examples/gateways, in front of the real server; the others as far as they can be read."""

import json
import os
import subprocess
import threading
import time
import traceback
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import yaml

from backend import free_port
from menshen import Menshen

PLACE = "examples/gateways"
NAMES = ("X-User-Id", "X-Session-Id", "X-Client-Type")


class Echo(BaseHTTPRequestHandler):
    """A service that tells what it was asked."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        said = json.dumps({"headers": {k.lower(): v for k, v in self.headers.items()}, "body": body}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    do_GET = do_POST

    def log_message(self, *_):
        """Nothing is printed for each request."""


class Nginx:
    """nginx with the example's configuration, whose three ports are others here."""

    def __init__(self, folder, ports):
        with open(f"{PLACE}/nginx/nginx.conf", encoding="utf-8") as example:
            text = example.read()
        for written, port in ports.items():
            assert f"127.0.0.1:{written}" in text, written
            text = text.replace(f"127.0.0.1:{written}", f"127.0.0.1:{port}")
        # Where anybody may write.
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        paths = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
        text = text.replace("http {", f"http {{ {paths}", 1)
        with open(f"{folder}/nginx.conf", "w", encoding="utf-8") as written:
            written.write(text)
        self.url = f"http://127.0.0.1:{ports[8000]}"
        command = ["nginx", "-p", folder, "-e", "error.log", "-c", f"{folder}/nginx.conf"]
        tried = subprocess.run([*command, "-t"], capture_output=True, text=True, timeout=30)
        assert tried.returncode == 0 and "[warn]" not in tried.stderr, tried.stderr
        self.process = subprocess.Popen([*command, "-g", "daemon off;"], stderr=subprocess.DEVNULL)

    def ask(self, path, headers=None, body=None):
        request = urllib.request.Request(self.url + path, body, headers or {})
        try:
            answer = urllib.request.urlopen(request, timeout=20)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            text = answer.read()
            return answer.status, answer.headers, json.loads(text) if text.startswith(b"{") else text

    def wait(self):
        deadline = time.monotonic() + 30
        while True:
            try:
                return self.ask("/v1/me")
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def end(self):
        self.process.terminate()
        self.process.wait(timeout=30)


def nginx_tells_the_service_who_is_there_and_nobody_else_can(nginx, login, _):
    spoofed = {name: "somebody-else" for name in NAMES} | {"X-Forwarded-For": "203.0.113.9"}
    # Some frameworks read these as those.
    spoofed |= {name.replace("-", "_"): "somebody-else" for name in NAMES}
    bearer = {"Authorization": f"Bearer {login['access_token']}", "Content-Type": "text/plain"}
    status, _, seen = nginx.ask("/orders?a=b", spoofed | bearer, b"two apples")
    assert status == 200, (status, seen)
    head = seen["headers"]
    assert (head["x-user-id"], head["x-session-id"]) == (login["user"]["id"], login["session_id"]), head
    assert head["x-client-type"] == "mini_program" and head["x-forwarded-for"] == "127.0.0.1", head
    assert "authorization" not in head and "somebody-else" not in json.dumps(seen), seen
    assert seen["body"] == "two apples", seen


def nginx_refuses_in_the_words_of_menshen(nginx, login, onboarding):
    for headers, status, code, why in (
        ({}, 401, "token_missing", "Bearer"),
        ({"X-User-Id": login["user"]["id"]}, 401, "token_missing", "Bearer"),
        ({"Authorization": "Bearer nonsense"}, 401, "token_invalid", 'error="invalid_token"'),
        ({"Authorization": f"Bearer {onboarding}"}, 403, "phone_required", None),
    ):
        for body in (None, b"two apples"):
            got, head, said = nginx.ask("/orders", headers, body)
            assert (got, said["code"]) == (status, code), (got, said)
            assert said["message"] and said["request_id"], said
            assert why is None or why in head["WWW-Authenticate"], head
    english = nginx.ask("/orders", {"Accept-Language": "en"})[2]["message"]
    assert english.isascii(), english


def nginx_lets_people_sign_in_and_keeps_what_is_for_gateways_to_itself(nginx, _, __):
    assert nginx.ask("/v1/me")[2]["code"] == "token_missing"
    for path in ("/v1/auth/verify", "/v1/token/introspect", "/v1/token/revoke"):
        assert nginx.ask(path)[0] == 404, path
    assert nginx.ask("/_menshen")[0] == 404


def through_nginx_a_sign_out_is_seen_at_once(nginx, login, _):
    bearer = {"Authorization": f"Bearer {login['access_token']}"}
    assert nginx.ask("/orders", bearer)[0] == 200
    assert nginx.ask("/v1/logout", bearer | {"Content-Type": "application/json"}, b"{}")[0] == 200
    status, _, said = nginx.ask("/orders", bearer)
    assert (status, said["code"], said["reason"]) == (401, "session_revoked", "signed_out"), said


def while_menshen_is_away_nginx_lets_nobody_through(nginx, login, _):
    status, _, said = nginx.ask("/orders", {"Authorization": f"Bearer {login['access_token']}"})
    assert (status, said["code"]) == (503, "unavailable"), (status, said)


def files_of_gateways_that_are_not_run_here_are_whole():
    """What names what, and the same three headers everywhere."""
    for file in ("traefik/dynamic.yml", "apisix/apisix.yaml", "kong/kong.yml"):
        with open(f"{PLACE}/{file}", encoding="utf-8") as text:
            text = text.read()
        told = yaml.safe_load(text)
        assert all(name in text for name in NAMES) and "/v1/auth/verify" in text, file
        for kept in ("auth/verify", "token/introspect", "token/revoke"):
            assert text.count(kept) >= 1, (file, kept)
        if file.startswith("traefik"):
            http = told["http"]
            for router in http["routers"].values():
                assert router["service"] in http["services"], router
                assert set(router.get("middlewares", ())) <= set(http["middlewares"]), router
        if file.startswith("apisix"):
            assert text.endswith("#END\n"), "APISIX reads a file that ends so, and no other"
            for route in told["routes"]:
                assert route["upstream"]["nodes"] and ("uri" in route or "uris" in route), route


def the_lua_of_kong_lets_through_whom_menshen_names_and_nobody_else(folder):
    """Run with a stand-in for Kong."""
    with open(f"{PLACE}/kong/kong.yml", encoding="utf-8") as text:
        told = yaml.safe_load(text)
    [code] = told["services"][1]["plugins"][0]["config"]["access"]
    with open(f"{folder}/access.lua", "w", encoding="utf-8") as file:
        file.write(code)
    done = subprocess.run(
        ["lua5.1", "examples/check/kong.lua", f"{folder}/access.lua"], capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 0, done.stdout + done.stderr


def check(folder):
    """What went wrong."""
    failed = []

    def case(function, *arguments):
        name = function.__name__.replace("_", " ")
        try:
            function(*arguments)
            print(f"ok    gateways: {name}", flush=True)
        except Exception:
            failed.append(name)
            print(f"WRONG gateways: {name}\n{traceback.format_exc()}", flush=True)

    case(files_of_gateways_that_are_not_run_here_are_whole)
    case(the_lua_of_kong_lets_through_whom_menshen_names_and_nobody_else, folder)
    with Menshen(folder, {"MENSHEN_ACCOUNTS__REQUIRE_PHONE": "always"}) as menshen:
        onboarding = menshen.sign_in()["access_token"]
    service = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=service.serve_forever, daemon=True).start()
    nginx = None
    try:
        with Menshen(folder) as menshen:
            port = int(menshen.base.rsplit(":", 1)[1])
            os.chmod(folder, 0o755)
            nginx = Nginx(folder, {8080: port, 3000: service.server_address[1], 8000: free_port()})
            nginx.wait()
            login, leaving = menshen.sign_in(), menshen.sign_in()
            case(nginx_tells_the_service_who_is_there_and_nobody_else_can, nginx, login, onboarding)
            case(nginx_refuses_in_the_words_of_menshen, nginx, login, onboarding)
            case(nginx_lets_people_sign_in_and_keeps_what_is_for_gateways_to_itself, nginx, login, onboarding)
            case(through_nginx_a_sign_out_is_seen_at_once, nginx, leaving, onboarding)
        case(while_menshen_is_away_nginx_lets_nobody_through, nginx, login, onboarding)
    finally:
        if nginx:
            nginx.end()
        service.shutdown()
    return failed
