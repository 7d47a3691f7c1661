"""Volcengine's own SDK for Python against the simulator: only its host and scheme are set."""

import json
from importlib.metadata import version

from tenacity import RetryError
from volcengine.sms.SmsService import SmsService

from simulator import HOST, expect, finish, inbox, refused, step

CLIENT = f"volcengine {version('volcengine')}"


def send(phone, secret="fake-volcengine-secret-access-key", key="fake-volcengine-access-key-id", template="ST_00000001"):
    service = SmsService()  # one object for all, by the SDK's making
    service.set_host(HOST)
    service.set_scheme("http")
    service.set_ak(key)
    service.set_sk(secret)
    return service.send_sms(json.dumps({
        "SmsAccount": "7a000001", "Sign": "门神演示", "TemplateID": template,
        "TemplateParam": '{"code":"012349"}', "PhoneNumbers": phone, "Tag": "interop"}))


def signed_send():
    answer = send("13900000021")
    expect(answer["ResponseMetadata"].get("Error"), None)
    expect(inbox("13900000021")[0]["code"], "012349")
    return f"MessageID {answer['Result']['MessageID'][0]}, delivered"


def code(answer):
    return answer["ResponseMetadata"]["Error"]["Code"]


def gateway(error):
    # The SDK wraps what it could not send twice, and keeps the answer's text.
    answer = error.last_attempt.exception().args[0]
    return f"refused: {code(json.loads(answer))}"


step(CLIENT, "signed send", signed_send)
step(CLIENT, "bad number", lambda: expect(code(send("12345")), "RE:0006"))
step(CLIENT, "unknown template", lambda: expect(code(send("13900000022", template="ST_99999999")), "RE:0005"))
step(CLIENT, "wrong secret", lambda: expect(
    refused(lambda: send("13900000022", secret="fake-wrong"), RetryError, gateway), "refused: SignatureDoesNotMatch"))
step(CLIENT, "unknown key", lambda: expect(
    refused(lambda: send("13900000022", key="fake-unknown"), RetryError, gateway), "refused: InvalidAccessKey"))
finish()
