//! What the vendor takes and refuses.

use menshen_simulator::defaults;
use serde_json::{Value, json};

use super::{Request, request};
use crate::offline::{Offline, text};

#[tokio::test]
async fn a_sent_code_reaches_the_phone_under_either_path() {
    let offline = Offline::start().await;
    let sent = request("+8613800138000").with("SessionContext", json!("ctx-1"));
    let response = sent.send(&offline).await;
    let serial = text(&response["SendStatusSet"][0], "SerialNo");
    assert!(serial.starts_with("1000:"), "{serial}");
    assert_eq!(
        response["SendStatusSet"],
        json!([{
            "SerialNo": serial, "PhoneNumber": "+8613800138000", "Fee": 1, "SessionContext": "ctx-1",
            "Code": "Ok", "Message": "send success", "IsoCode": "CN",
        }])
    );
    assert_eq!(
        offline.inbox("13800138000").await,
        [json!({
            "vendor": "tencent", "phone": "+8613800138000", "code": "048291",
            "text": "【门神演示】您的验证码是048291，10分钟内有效", "at": "2026-01-01T00:00:00Z",
        })]
    );
    let response = request("+8613800138001").send_to(&offline, "/").await;
    assert_eq!(response["SendStatusSet"][0]["Code"], "Ok");
}

#[tokio::test]
async fn the_action_may_be_signed_too_in_lower_case() {
    let offline = Offline::start().await;
    let sent = Request {
        signs_action: true,
        content_type: "application/json",
        ..request("+8613800138000")
    };
    assert_eq!(sent.status(&offline).await, "Ok");
}

#[tokio::test]
async fn templates_have_regions_and_the_code_its_place() {
    let offline = Offline::start().await;
    let bind = request("13800138000")
        .with("TemplateId", json!(defaults::TENCENT_BIND_TEMPLATE_ID))
        .with("TemplateParamSet", json!(["0482", "5"]))
        .with("SignName", json!(defaults::SECOND_SIGN));
    assert_eq!(bind.status(&offline).await, "Ok");
    let message = &offline.inbox("13800138000").await[0];
    assert_eq!(message["code"], "0482");
    assert_eq!(
        message["text"],
        "【门神安全】您正在绑定手机号，验证码0482，5分钟内有效"
    );
    let overseas = || json!(defaults::TENCENT_OVERSEAS_TEMPLATE_ID);
    let mut abroad = request("+85298765432").with("TemplateId", overseas());
    abroad.body.as_object_mut().unwrap().remove("SignName");
    let response = abroad.send(&offline).await;
    assert_eq!(response["SendStatusSet"][0]["IsoCode"], "HK");
    let messages = offline.inbox("+85298765432").await;
    assert_eq!(
        messages[0]["text"],
        "Your code is 048291, good for 10 minutes"
    );
    for (request, code) in [
        (
            request("+85298765432"),
            "UnsupportedOperation.ChineseMainlandTemplateToGlobalPhone",
        ),
        (
            request("+8613800138001").with("TemplateId", overseas()),
            "UnsupportedOperation.GlobalTemplateToChineseMainlandPhone",
        ),
        (
            request("").with("PhoneNumberSet", json!(["+8613800138001", "+85298765432"])),
            "UnsupportedOperation.ContainDomesticAndInternationalPhoneNumber",
        ),
    ] {
        assert_eq!(request.status(&offline).await, code);
    }
    assert_eq!(offline.inbox("").await.len(), 2);
}

#[tokio::test]
async fn what_the_account_does_not_have_is_said_of_each_number() {
    let offline = Offline::start().await;
    let params = |values: &[&str]| json!(values);
    for (name, value, code) in [
        (
            "SignName",
            json!("别的"),
            "FailedOperation.SignatureIncorrectOrUnapproved",
        ),
        (
            "SignName",
            json!(""),
            "FailedOperation.SignatureIncorrectOrUnapproved",
        ),
        (
            "TemplateId",
            json!("999"),
            "FailedOperation.TemplateIncorrectOrUnapproved",
        ),
        (
            "TemplateParamSet",
            params(&[]),
            "FailedOperation.TemplateParamSetNotMatchApprovedTemplate",
        ),
        (
            "TemplateParamSet",
            params(&["1", "2"]),
            "FailedOperation.TemplateParamSetNotMatchApprovedTemplate",
        ),
        (
            "TemplateParamSet",
            params(&["1234567"]),
            "InvalidParameterValue.TemplateParameterFormatError",
        ),
        (
            "TemplateParamSet",
            params(&["12a4"]),
            "InvalidParameterValue.TemplateParameterFormatError",
        ),
        (
            "TemplateParamSet",
            params(&["http://a"]),
            "InvalidParameterValue.ProhibitedUseUrlInTemplateParameter",
        ),
    ] {
        let sent = request("+8613800138000").with(name, value.clone());
        assert_eq!(sent.status(&offline).await, code, "{name} {value}");
    }
    for number in [
        "12345",
        "+861280013800",
        "85298765432",
        "１３８００１３８０００",
    ] {
        let code = request(number).status(&offline).await;
        assert_eq!(
            code, "InvalidParameterValue.IncorrectPhoneNumber",
            "{number}"
        );
    }
    assert!(offline.inbox("").await.is_empty());
    // One bad number does not hold the others back.
    let mixed = request("").with(
        "PhoneNumberSet",
        json!(["8613800138000", "12345", "008613800138001"]),
    );
    let statuses = mixed.send(&offline).await["SendStatusSet"].clone();
    let codes: Vec<_> = statuses
        .as_array()
        .unwrap()
        .iter()
        .map(|one| text(one, "Code"))
        .collect();
    assert_eq!(
        codes,
        ["Ok", "InvalidParameterValue.IncorrectPhoneNumber", "Ok"]
    );
    assert_eq!(
        (&statuses[1]["Fee"], &statuses[1]["SerialNo"]),
        (&json!(0), &json!(""))
    );
    assert_eq!(offline.inbox("").await.len(), 2);
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_as_a_whole() {
    let offline = Offline::start().await;
    let mut without = request("+8613800138000");
    without.body.as_object_mut().unwrap().remove("TemplateId");
    let many = vec!["+8613800138000"; 201];
    for (request, code) in [
        (without, "MissingParameter"),
        (
            request("").with("PhoneNumberSet", json!([])),
            "MissingParameter.EmptyPhoneNumberSet",
        ),
        (
            request("").with("PhoneNumberSet", json!("+8613800138000")),
            "InvalidParameter",
        ),
        (
            request("").with("PhoneNumberSet", json!(many)),
            "LimitExceeded.PhoneNumberCountLimit",
        ),
        (
            request("+8613800138000").with("TemplateParamSet", json!([48291])),
            "InvalidParameter",
        ),
        (
            request("+8613800138000").with("TemplateId", json!(100_001)),
            "InvalidParameter",
        ),
        (
            request("+8613800138000").with("SessionContext", json!("x".repeat(512))),
            "InvalidParameter",
        ),
        (
            request("+8613800138000").with("Sign", json!("x")),
            "UnknownParameter",
        ),
        (
            request("+8613800138000").with("SmsSdkAppId", json!("1400000009")),
            "UnauthorizedOperation.SmsSdkAppIdVerifyFail",
        ),
        (
            Request {
                body: json!([1]),
                ..request("")
            },
            "FailedOperation.JsonParseFail",
        ),
    ] {
        assert_eq!(request.error(&offline).await, code);
    }
    assert!(offline.inbox("").await.is_empty());
}

#[tokio::test]
async fn the_gateway_checks_who_asks_and_when() {
    let offline = Offline::start().await;
    let right = || request("+8613800138000");
    for (request, code) in [
        (right().but(|r| r.action = ""), "MissingParameter"),
        (right().but(|r| r.action = "SendSmss"), "InvalidAction"),
        (right().but(|r| r.version = "2019-07-11"), "NoSuchVersion"),
        (right().but(|r| r.region = ""), "MissingParameter"),
        (right().but(|r| r.region = "mars"), "UnsupportedRegion"),
        (
            right().but(|r| r.secret_id = "fake-other"),
            "AuthFailure.SecretIdNotFound",
        ),
        (
            right().but(|r| r.secret_key = "wrong"),
            "AuthFailure.SignatureFailure",
        ),
        (
            right().but(|r| r.seconds = 301),
            "AuthFailure.SignatureExpire",
        ),
        (
            right().but(|r| r.seconds = -301),
            "AuthFailure.SignatureExpire",
        ),
        (
            right().but(|r| r.scope_date = Some("2025-12-31")),
            "AuthFailure.SignatureFailure",
        ),
        (
            right().but(|r| r.token = Some("of-nobody")),
            "AuthFailure.TokenFailure",
        ),
        (
            right().but(|r| r.content_type = "text/plain"),
            "UnsupportedProtocol",
        ),
    ] {
        assert_eq!(request.error(&offline).await, code);
    }
    let unsigned = offline
        .client
        .post(offline.url("/"))
        .header("x-tc-action", "SendSms")
        .header("x-tc-version", "2021-01-11")
        .header("x-tc-region", "ap-beijing")
        .header("x-tc-timestamp", "1767225600")
        .json(&json!({}));
    let answer: Value = unsigned.send().await.unwrap().json().await.unwrap();
    assert_eq!(
        answer["Response"]["Error"]["Code"],
        "AuthFailure.InvalidAuthorization"
    );
    for seconds in [-300, 300] {
        let sent = Request {
            seconds,
            ..request(&format!("1380013800{}", seconds.signum() + 2))
        };
        assert_eq!(sent.status(&offline).await, "Ok", "{seconds}");
    }
}

#[tokio::test]
async fn a_number_takes_so_much_and_no_more() {
    let offline = Offline::start().await;
    let mut seconds = 0;
    let mut send = async |pause: i64, code: &str| {
        offline.advance(pause);
        seconds += pause;
        let sent = request("+8613800138000").with("TemplateParamSet", json!([code]));
        Request { seconds, ..sent }.status(&offline).await
    };
    assert_eq!(send(0, "000001").await, "Ok");
    assert_eq!(
        send(29, "000001").await,
        "LimitExceeded.PhoneNumberThirtySecondLimit"
    );
    assert_eq!(send(0, "000002").await, "Ok");
    assert_eq!(send(1, "000001").await, "Ok");
    assert_eq!(send(1, "000003").await, "Ok");
    assert_eq!(send(1, "000004").await, "Ok");
    assert_eq!(
        send(1, "000005").await,
        "LimitExceeded.PhoneNumberOneHourLimit"
    );
    for code in 10..15 {
        assert_eq!(send(3600, &format!("0000{code}")).await, "Ok");
    }
    assert_eq!(
        send(3600, "000020").await,
        "LimitExceeded.PhoneNumberDailyLimit"
    );
    // It was two in the afternoon in Beijing: ten hours later another day begins.
    assert_eq!(send(10 * 3600, "000021").await, "Ok");
}

#[tokio::test]
async fn a_fault_answers_at_the_level_of_its_code() {
    let offline = Offline::start().await;
    let fault = async |code: &str| {
        let fault = json!({"target": "sms/tencent", "errcode": code, "times": 1});
        offline.set_fault(&fault).await;
        request("+8613800138000").send(&offline).await
    };
    for code in [
        "LimitExceeded.PhoneNumberDailyLimit",
        "FailedOperation.InsufficientBalanceInSmsPackage",
        "FailedOperation.PhoneNumberInBlacklist",
        "UnsupportedOperation.Unheard",
    ] {
        let response = fault(code).await;
        assert_eq!(response["SendStatusSet"][0]["Code"], code);
        assert!(response.get("Error").is_none());
    }
    for code in [
        "RequestLimitExceeded",
        "InternalError.Timeout",
        "UnauthorizedOperation.ServiceSuspendDueToArrears",
        "Unheard.Of",
    ] {
        let response = fault(code).await;
        assert_eq!(response["Error"]["Code"], code);
        assert!(response.get("SendStatusSet").is_none());
    }
    assert!(
        offline.inbox("").await.is_empty(),
        "a failing call sends nothing"
    );
}
