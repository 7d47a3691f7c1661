"""Alibaba Cloud's own SDK for Python against the simulator: only its endpoint is set."""

from importlib.metadata import version

from alibabacloud_dysmsapi20170525.client import Client
from alibabacloud_dysmsapi20170525.models import SendSmsRequest
from alibabacloud_tea_openapi.models import Config
from darabonba.exceptions import DaraException
from Tea.exceptions import TeaException

from simulator import HOST, expect, finish, inbox, refused, step

CLIENT = f"alibabacloud_dysmsapi {version('alibabacloud_dysmsapi20170525')}"


def send(phone, secret="fake-aliyun-access-key-secret", template="SMS_100000001", key="fake-aliyun-access-key-id"):
    client = Client(Config(access_key_id=key, access_key_secret=secret, endpoint=HOST, protocol="http"))
    answer = client.send_sms(SendSmsRequest(
        phone_numbers=phone, sign_name="门神演示", template_code=template, template_param='{"code":"012345"}'))
    return answer.body


def signed_send():
    answer = send("13900000001")
    expect(answer.code, "OK")
    expect(inbox("13900000001")[0]["code"], "012345")
    return f"{answer.code}, BizId {answer.biz_id}, delivered"


def limited():
    # One a minute of the clock on the wall: a second may fall into the next minute, a third does not.
    answers = [send("13900000001").code for _ in range(2)]
    return expect(answers[-1], "isv.BUSINESS_LIMIT_CONTROL")


def code(error):
    return f"refused: {error.code}"


def refusal(wanted, **wrong):
    found = refused(lambda: send("13900000002", **wrong), (TeaException, DaraException), code)
    return expect(found, f"refused: {wanted}")


step(CLIENT, "signed send", signed_send)
step(CLIENT, "signed send, again at once", limited)
step(CLIENT, "bad number", lambda: expect(send("12345").code, "isv.MOBILE_NUMBER_ILLEGAL"))
step(CLIENT, "unknown template", lambda: expect(
    send("13900000002", template="SMS_999999999").code, "isv.SMS_TEMPLATE_ILLEGAL"))
step(CLIENT, "wrong secret", lambda: refusal("SignatureDoesNotMatch", secret="fake-wrong"))
step(CLIENT, "unknown key", lambda: refusal("InvalidAccessKeyId.NotFound", key="fake-unknown"))
finish()
