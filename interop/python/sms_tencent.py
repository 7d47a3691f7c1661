"""Tencent Cloud's own SDK for Python against the simulator: only its endpoint is set."""

from importlib.metadata import version

from tencentcloud.common import credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.sms.v20210111 import models, sms_client

from simulator import HOST, expect, finish, inbox, refused, step

CLIENT = f"tencentcloud-sdk-python-sms {version('tencentcloud-sdk-python-sms')}"


def send(phone, secret="fake-tencent-secret-key", key="fake-tencent-secret-id", template="100001", params=("012347",)):
    client = sms_client.SmsClient(
        credential.Credential(key, secret), "ap-guangzhou",
        ClientProfile(httpProfile=HttpProfile(protocol="http", endpoint=HOST)))
    request = models.SendSmsRequest()
    request.PhoneNumberSet = [phone]
    request.SmsSdkAppId = "1400000001"
    request.SignName = "门神演示"
    request.TemplateId = template
    request.TemplateParamSet = list(params)
    request.SessionContext = "interop"
    return client.SendSms(request).SendStatusSet[0]


def signed_send():
    status = send("+8613900000011")
    expect(status.Code, "Ok")
    expect(status.SessionContext, "interop")
    expect(inbox("13900000011")[0]["code"], "012347")
    return f"{status.Code}, SerialNo {status.SerialNo}, fee {status.Fee}, delivered"


def refusal(wanted, **wrong):
    found = refused(lambda: send("+8613900000012", **wrong), TencentCloudSDKException,
                    lambda error: f"refused: {error.get_code()}")
    return expect(found, f"refused: {wanted}")


def of_number(wanted, phone, **wrong):
    return expect(send(phone, **wrong).Code, wanted)


step(CLIENT, "signed send", signed_send)
step(CLIENT, "bad number", lambda: of_number("InvalidParameterValue.IncorrectPhoneNumber", "+8612345"))
step(CLIENT, "too many variables", lambda: of_number(
    "FailedOperation.TemplateParamSetNotMatchApprovedTemplate", "+8613900000012", params=("012347", "5")))
step(CLIENT, "wrong secret", lambda: refusal("AuthFailure.SignatureFailure", secret="fake-wrong"))
step(CLIENT, "unknown key", lambda: refusal("AuthFailure.SecretIdNotFound", key="fake-unknown"))
finish()
