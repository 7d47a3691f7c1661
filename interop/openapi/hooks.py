"""What schemathesis must know to get past the door: who calls, with which key.

An operation that the description gives to people gets a live access token, one that it
gives to operators an operator's key. Some operations end the session or the account that
they are called with, so the token is looked at before each call, and made anew.
"""

import itertools
import os

import requests
import schemathesis

BASE = os.environ["OPENAPI_FUZZ_BASE"]
KEY = os.environ["OPENAPI_FUZZ_KEY"]
calls = itertools.count()
http = requests.Session()
http.trust_env = False


def post(path, body):
    answer = http.post(BASE + path, json=body, timeout=10)
    answer.raise_for_status()
    return answer.json()


def signed_in():
    """A token of a person whom nobody else is; one who left comes back."""
    code = post("/simulator/control/wechat/login", {"person": "alice"})["code"]
    body = {"code": code, "client": {"type": "mini_program"}, "restore": True}
    answer = http.post(BASE + "/v1/login/wechat", json=body, timeout=10)
    if answer.status_code == 403 and answer.json()["code"] == "account_disabled":
        # An operator's call hit her: she is let in again.
        found = http.post(BASE + "/admin/v1/users/search", json={"nickname": "alice"}, headers=operator(), timeout=10)
        raise SystemExit(f"alice was disabled: {found.text}")
    answer.raise_for_status()
    return answer.json()["data"]["access_token"]


def operator():
    return {"Authorization": f"Bearer {KEY}"}


@schemathesis.auth(refresh_interval=None)
class Door:
    token = None

    def get(self, case, context):
        schemes = {name for each in case.operation.definition.raw.get("security", []) for name in each}
        if "admin_key" in schemes:
            return KEY
        if "bearer" not in schemes:
            return None
        headers = {"Authorization": f"Bearer {Door.token}"}
        if Door.token is None or http.get(BASE + "/v1/auth/verify", headers=headers, timeout=10).status_code != 200:
            Door.token = signed_in()
        return Door.token

    def set(self, case, data, context):
        if data is not None:
            case.headers = case.headers or {}
            case.headers["Authorization"] = f"Bearer {data}"


@schemathesis.hook
def before_call(context, case, kwargs):
    """Each call comes from an address of its own: what some of them do wrong on purpose
    would otherwise shut the door on all others, and nothing behind it be reached."""
    number = next(calls)
    case.headers = case.headers or {}
    case.headers["X-Forwarded-For"] = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
