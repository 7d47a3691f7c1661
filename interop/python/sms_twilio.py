"""Twilio's own SDK for Python against the simulator.

Its addresses are built in; `http_client` is the option by which requests take
another way, and ours sends them, as Twilio's SDK made them, to the simulator.
"""

from importlib.metadata import version

from urllib.parse import parse_qsl

from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from receiver import Receiver
from simulator import BASE, control, expect, finish, inbox, refused, step

CLIENT = f"twilio {version('twilio')}"
ACCOUNT = "AC00000000000000000000000000000001"
TWILIO = "https://api.twilio.com"


class ToSimulator(TwilioHttpClient):
    def request(self, method, url, *arguments, **options):
        assert url.startswith(TWILIO), url
        return super().request(method, BASE + "/sms/twilio" + url[len(TWILIO):], *arguments, **options)


def send(phone, token="fake-twilio-auth-token", sender="+14155550100"):
    client = Client(ACCOUNT, token, http_client=ToSimulator())
    return client.messages.create(
        to=phone, from_=sender, body="012351 is your verification code, valid for 10 min. Do not share it.")


def send_with_token():
    message = send("+14155550123")
    expect(message.error_code, None)
    expect(inbox("+14155550123")[0]["code"], "012351")
    return f"{message.status}, sid {message.sid[:6]}…, delivered"


def refusal(wanted, *arguments, **wrong):
    found = refused(lambda: send(*arguments, **wrong), TwilioRestException,
                    lambda error: f"refused: HTTP {error.status}, {error.code}")
    return expect(found, f"refused: {wanted}")


def signed_receipt():
    receiver = Receiver(lambda query, body: "")
    url = f"{receiver.base}/receipts?tenant=a"
    control("sms/receipts", {"vendor": "twilio", "url": url, "delay_ms": 0, "outcome": "delivered"}, "PUT")
    sent = send("+14155550125")
    headers, body = receiver.next()
    said = dict(parse_qsl(body.decode(), keep_blank_values=True))
    expect(said["MessageSid"], sent.sid)
    validator = RequestValidator("fake-twilio-auth-token")
    signature = headers["X-Twilio-Signature"]
    expect(validator.validate(url, said, signature), True)
    expect(validator.validate(url, {**said, "MessageStatus": "failed!"}, signature), False)
    return f"{said['MessageStatus']}, its signature holds, and none that was changed"


step(CLIENT, "send", send_with_token)
step(CLIENT, "signed receipt", signed_receipt)
step(CLIENT, "bad number", lambda: refusal("HTTP 400, 21211", "+1"))
step(CLIENT, "another's sender", lambda: refusal("HTTP 400, 21659", "+14155550124", sender="+14155559999"))
step(CLIENT, "wrong token", lambda: refusal("HTTP 401, 20003", "+14155550124", token="fake-wrong"))
finish()
