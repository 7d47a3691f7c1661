"""What every receiver of webhooks must do. Signed here as the specification says, without its libraries."""

import base64
import hashlib
import hmac
import json
import time
import urllib.error
import urllib.request
import uuid

from cases import soon
from menshen import Menshen

KEY = b"the secret of this test's hooks!"
SECRET = f"whsec_{base64.b64encode(KEY).decode()}"
PATH = "/webhooks/menshen"
USER = "01a1fc74-5b8e-7c3d-9f20-1234567890ab"
NAMES = ("webhook-id", "webhook-timestamp", "webhook-signature")


def event(kind="user.created", user=USER):
    return json.dumps({"type": kind, "timestamp": "2026-01-01T00:00:00.000Z", "data": {"user_id": user, "名": "小明"}}).encode()


def signature(name, at, body, key=KEY):
    signed = b".".join((name.encode(), str(at).encode(), body))
    return f"v1,{base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()}"


def headers(body, key=KEY, at=None):
    name, at = f"evt_{uuid.uuid4()}", int(time.time()) if at is None else at
    return dict(zip(NAMES, (name, str(at), signature(name, at, body, key))))


def send(receiver, body, head, content_type="application/json", method="POST"):
    head = {"Content-Type": content_type, **head}
    request = urllib.request.Request(f"http://127.0.0.1:{receiver.port}{PATH}", body, head, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status
    except urllib.error.HTTPError as answer:
        with answer:
            return answer.code


def a_signed_event_is_taken(receiver, _):
    body = event()
    head = headers(body)
    assert send(receiver, body, head) == 204
    soon(10, lambda: written(receiver, head["webhook-id"], "user.created", USER))


def an_event_that_comes_again_is_taken_again(receiver, _):
    body = event("session.created")
    head = headers(body)
    assert [send(receiver, body, head) for _ in range(2)] == [204, 204]


def one_of_several_signatures_is_enough(receiver, _):
    body = event()
    head = headers(body)
    other = signature(head["webhook-id"], head["webhook-timestamp"], body, b"x" * 32)
    head["webhook-signature"] = f"{other} v2,abc= {head['webhook-signature']}"
    assert send(receiver, body, head) == 204


def a_changed_body_is_refused(receiver, _):
    body = event()
    head = headers(body)
    changed = body.replace(b"user.created", b"user.erased ")
    for other in (changed, body + b" ", b" " + body, body.replace(b": ", b":"), b"{}"):
        assert send(receiver, other, head) in (400, 401), other


def another_secret_is_refused(receiver, _):
    body = event()
    for key in (b"x" * 32, b"", SECRET.encode()):
        assert send(receiver, body, headers(body, key)) == 401, key


def another_id_or_time_is_refused(receiver, _):
    body = event()
    head = headers(body)
    assert send(receiver, body, {**head, "webhook-id": "evt_other"}) == 401
    assert send(receiver, body, {**head, "webhook-timestamp": str(int(head["webhook-timestamp"]) - 1)}) == 401


def what_was_signed_long_ago_or_ahead_is_refused(receiver, _):
    body, now = event(), int(time.time())
    for at in (now - 600, now + 600, 0):
        assert send(receiver, body, headers(body, at=at)) == 401, at


def what_is_not_signed_is_refused(receiver, _):
    body = event()
    head = headers(body)
    for name in NAMES:
        assert send(receiver, body, {k: v for k, v in head.items() if k != name}) in (400, 401), name
    for nonsense in ("", "v1", "v1,", "v1,%%%", "v2," + head["webhook-signature"][3:], head["webhook-signature"][3:], "," * 50):
        assert send(receiver, body, {**head, "webhook-signature": nonsense}) in (400, 401), nonsense
    for nonsense in ("now", "", "1e9", "-1"):
        assert send(receiver, body, {**head, "webhook-timestamp": nonsense}) in (400, 401), nonsense


def nothing_is_read_by_another_method(receiver, _):
    body = event()
    assert send(receiver, None, headers(body), method="GET") in (401, 404, 405)


def every_receiver_hears_of_what_happens_at_menshen(receivers, folder):
    """The real server tells all of them: what it signs is what their libraries verify."""
    with open(f"{folder}/menshen.toml", "w", encoding="utf-8") as settings:
        for receiver in receivers:
            url = f"http://127.0.0.1:{receiver.port}{PATH}"
            settings.write(f'[[webhooks]]\nname = "{receiver.name}"\nurl = "{url}"\nsecret = "{SECRET}"\n')
    with Menshen(folder) as menshen:
        login = menshen.sign_in()
        menshen.sign_out(login["access_token"])
        user = login["user"]["id"]
        for receiver in receivers:
            for kind in ("user.created", "session.created", "session.ended"):
                soon(60, lambda: written(receiver, kind, user))


def written(receiver, *words):
    """That the receiver has written down a line with these words."""
    with open(receiver.log, encoding="utf-8", errors="replace") as log:
        assert any(all(word in line for word in words) for line in log), f"{receiver.name}: {words}"


CASES = (
    a_signed_event_is_taken,
    an_event_that_comes_again_is_taken_again,
    one_of_several_signatures_is_enough,
    a_changed_body_is_refused,
    another_secret_is_refused,
    another_id_or_time_is_refused,
    what_was_signed_long_ago_or_ahead_is_refused,
    what_is_not_signed_is_refused,
    nothing_is_read_by_another_method,
)
