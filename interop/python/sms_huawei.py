"""Huawei Cloud's own SDK core for Python against the simulator.

Huawei has no SDK of its own for this service; its core signs requests to any,
and those are sent as it signed them.
"""

import json
from importlib.metadata import version
from urllib.parse import urlencode

import requests
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.sdk_request import SdkRequest
from huaweicloudsdkcore.signer.signer import Signer

from simulator import BASE, HOST, expect, finish, inbox, step

CLIENT = f"huaweicloudsdkcore {version('huaweicloudsdkcore')}"
TEMPLATE = "0123456789abcdef0123456789abcdef"


def post(path, content_type, body, secret="fake-huawei-app-secret", key="fake-huawei-app-key"):
    request = SdkRequest(
        method="POST", schema="http", host=HOST, resource_path="/sms/huawei" + path,
        query_params=[], header_params={"Content-Type": content_type}, body=body)
    signed = Signer(BasicCredentials(key, secret, "interop")).sign(request)
    return requests.post(BASE + "/sms/huawei" + path, data=signed.body, headers=signed.header_params, timeout=10).json()


def send_one(phone, template=TEMPLATE, **wrong):
    """As `batchSendDiffSms`: JSON, covered by the signature."""
    content = {"to": [phone], "templateId": template, "templateParas": ["012352"], "signature": "门神演示"}
    body = json.dumps({"from": "8800000000001", "smsContent": [content]}, ensure_ascii=False)
    return post("/sms/batchSendDiffSms/v1", "application/json", body, **wrong)


def send_form(phone):
    """As `batchSendSms`: a form, signed as UNSIGNED-PAYLOAD."""
    body = urlencode({"from": "8800000000001", "to": phone, "templateId": TEMPLATE,
                      "templateParas": '["012353"]', "signature": "门神演示"})
    return post("/sms/batchSendSms/v1", "application/x-www-form-urlencoded", body)


def sent(answer, phone, code):
    expect((answer["code"], answer["result"][0]["status"]), ("000000", "000000"))
    expect(inbox(phone)[0]["code"], code)
    return f"smsMsgId {answer['result'][0]['smsMsgId']}, delivered"


step(CLIENT, "signed send, JSON", lambda: sent(send_one("+8613900000031"), "13900000031", "012352"))
step(CLIENT, "signed send, form", lambda: sent(send_form("+8613900000032"), "13900000032", "012353"))
step(CLIENT, "wrong secret", lambda: expect(send_one("+8613900000033", secret="fake-wrong")["code"], "E000045"))
step(CLIENT, "unknown key", lambda: expect(send_one("+8613900000033", key="fake-unknown")["code"], "E000102"))
finish()
