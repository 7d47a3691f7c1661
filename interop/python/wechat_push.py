"""wechatpy takes in the simulator's message push: signature, decryption, application."""

import json
from importlib.metadata import version

from wechatpy.crypto import WeChatCrypto
from wechatpy.utils import check_signature

from receiver import Receiver
from simulator import MINI_PROGRAM, control, expect, finish, step

CLIENT = f"wechatpy {version('wechatpy')}"
TOKEN = "pushtoken"
# Its last letter has bits to spare, which strict decoders of base64 refuse.
KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"

crypto = WeChatCrypto(TOKEN, KEY, MINI_PROGRAM[0])
events = []


def answer(query, body):
    if not body:
        check_signature(TOKEN, query["signature"], query["timestamp"], query["nonce"])
        return query["echostr"]
    message = json.loads(body) if body.startswith(b"{") else body
    clear = crypto.decrypt_message(message, query["msg_signature"], query["timestamp"], query["nonce"])
    events.append(clear if isinstance(clear, str) else clear.decode())
    return "success"


receiver = Receiver(answer)


def address():
    push = {"app_id": MINI_PROGRAM[0], "url": f"{receiver.base}/push", "token": TOKEN, "aes_key": KEY}
    expect(control("wechat/push", push, "PUT")["verified"], True)
    return "the echo came back"


def happens(**more):
    event = {"person": "carol", "event": "user_authorization_revoke", "revoke_info": "8", **more}
    return control("wechat/events", event)


def taken_in(form):
    events.clear()
    expect(happens(format=form)["accepted"], True)
    expect("user_authorization_revoke" in events[0], True)
    return events[0].replace("\n", "")[:60] + "…"


def forged(what):
    events.clear()
    answered = happens(forged=what)
    expect((answered["accepted"], events), (False, []))
    return "refused: " + answered["deliveries"][0]["body"].split(":")[0]


step(CLIENT, "push: check of the address", address)
step(CLIENT, "push: an event as JSON", lambda: taken_in("json"))
step(CLIENT, "push: an event as XML", lambda: taken_in("xml"))
step(CLIENT, "push: a forged signature", lambda: forged("signature"))
step(CLIENT, "push: another application's", lambda: forged("app_id"))
finish()
