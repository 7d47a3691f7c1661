"""wechatpy, a WeChat SDK for Python, against the simulator.

It has no option for the address and writes `https://api.weixin.qq.com` into
its calls; requests, by which it speaks, lets a transport be mounted for that
address, and ours carries the requests, as wechatpy made them, to the simulator.
"""

from importlib.metadata import version

import requests
from requests.adapters import HTTPAdapter
from wechatpy.client import WeChatClient
from wechatpy.exceptions import WeChatClientException

from simulator import BASE, MINI_PROGRAM, control, expect, finish, refused, step

CLIENT = f"wechatpy {version('wechatpy')}"
WECHAT = "https://api.weixin.qq.com"


class ToSimulator(HTTPAdapter):
    def send(self, request, **options):
        assert request.url.startswith(WECHAT), request.url
        request.url = BASE + request.url[len(WECHAT):]
        return super().send(request, **options)


def client(secret=MINI_PROGRAM[1]):
    made = WeChatClient(MINI_PROGRAM[0], secret)
    assert isinstance(made._http, requests.Session)
    made._http.mount(WECHAT, ToSimulator())
    return made


def errcode(error):
    return f"refused: {error.errcode}"


wechat = client()


def token():
    return f"{len(wechat.fetch_access_token()['access_token'])} characters"


def code_to_session():
    code = control("wechat/login", {"person": "alice"})["code"]
    person = wechat.wxa.code_to_session(code)
    expect(len(person["session_key"]), 24)
    again = refused(lambda: wechat.wxa.code_to_session(code), WeChatClientException, errcode)
    expect(again, "refused: 40163")
    return f"openid {person['openid'][:6]}…, the code a second time {again}"


def phone_number():
    code = control("wechat/phone", {"person": "alice"})["code"]
    return expect(wechat.wxa.get_phone_number(code)["phone_info"]["purePhoneNumber"], "13800138000")


def revoked_token():
    control("wechat/revoke-token", {})
    return "renewed by itself, " + phone_number()


step(CLIENT, "access token", token)
step(CLIENT, "code2Session", code_to_session)
step(CLIENT, "code2Session, made-up code", lambda: expect(
    refused(lambda: wechat.wxa.code_to_session("made-up"), WeChatClientException, errcode), "refused: 40029"))
step(CLIENT, "getuserphonenumber", phone_number)
step(CLIENT, "getuserphonenumber, revoked token", revoked_token)
step(CLIENT, "access token, wrong secret", lambda: expect(
    refused(client("0" * 32).fetch_access_token, WeChatClientException, errcode), "refused: 40125"))
finish()
