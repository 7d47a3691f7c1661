//! What Alibaba Cloud is sent, and what its answers mean.

use std::collections::HashMap;
use std::time::Duration;

use menshen_domain::ports::sms_sender::{SmsDelivery, SmsSendError as E, SmsSender as _};
use menshen_outbound::mock::{Reaction, Seen};
use menshen_sms::aliyun::acs3::sign;
use menshen_sms::canonical::{SignedParts, hex_sha256};

use crate::support::{
    KEY_ID, KEY_SECRET, aliyun, always, code, code_saying, message, message_to, sender,
};

fn decoded(seen: &Seen) -> HashMap<String, String> {
    let url = format!("http://x/?{}", seen.query());
    let url = menshen_outbound::Url::parse(&url).unwrap();
    url.query_pairs().into_owned().collect()
}

#[tokio::test]
async fn the_request_is_the_one_that_was_signed() {
    let vendor = always(code("OK")).await;
    let endpoint = format!("{}/sms/aliyun", vendor.url());
    let message = message();
    let report = sender(vec![aliyun(&endpoint)]).send(&message).await;
    let expected = SmsDelivery::Accepted { vendor: "aliyun" };
    assert_eq!(report.verdict.unwrap(), expected);
    let [attempt] = &report.attempts[..] else {
        panic!("{:?}", report.attempts);
    };
    assert_eq!(attempt.request_id.as_deref(), Some("R-1"));
    let message_id = attempt.message_id.as_deref();
    assert_eq!(message_id, Some("900000000000000001^0"));

    let seen = vendor.seen().remove(0);
    assert_eq!((seen.method.as_str(), seen.path()), ("POST", "/sms/aliyun"));
    assert_eq!(seen.header("content-length"), Some("0"));
    assert_eq!(seen.header("host"), vendor.url().strip_prefix("http://"));
    assert!(
        seen.query()
            .contains("SignName=%E9%97%A8%E7%A5%9E%20%E6%BC%94%E7%A4%BA")
    );
    let params = decoded(&seen);
    assert_eq!(params["PhoneNumbers"], "13800138000");
    assert_eq!(params["SignName"], "门神 演示");
    assert_eq!(params["TemplateParam"], r#"{"code":"048291"}"#);
    assert_eq!(params["OutId"], message.id.to_string());
    assert_eq!(params.len(), 5);

    // Verified from the request alone, as the vendor does, over the path `/`.
    let authorization = seen.header("authorization").unwrap();
    let (_, rest) = authorization.split_once("SignedHeaders=").unwrap();
    let names: Vec<&str> = rest.split(',').next().unwrap().split(';').collect();
    let needed =
        "host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version";
    assert_eq!(names.join(";"), needed);
    let headers: Vec<(&str, &str)> = names
        .iter()
        .map(|name| (*name, seen.header(name).unwrap()))
        .collect();
    let query: Vec<(&str, &str)> = params
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let parts = SignedParts {
        method: &seen.method,
        canonical_uri: "/",
        query: &query,
        headers: &headers,
        payload: &hex_sha256(&seen.body),
    };
    assert_eq!(
        sign(&parts, KEY_ID, &KEY_SECRET.into()).authorization,
        authorization
    );
}

#[tokio::test]
async fn numbers_from_elsewhere_go_without_their_plus() {
    let vendor = always(code("OK")).await;
    let sender = sender(vec![aliyun(&vendor.url())]);
    sender
        .send(&message_to("+85251234567"))
        .await
        .verdict
        .unwrap();
    assert_eq!(decoded(&vendor.seen()[0])["PhoneNumbers"], "85251234567");
}

#[tokio::test]
async fn each_attempt_has_its_own_nonce() {
    for (first, calls) in [("InvalidTimeStamp.Expired", 2), ("SignatureNonceUsed", 2)] {
        let vendor = crate::support::server(move |_, before| match before {
            0 => code(first),
            _ => code("OK"),
        })
        .await;
        let sender = sender(vec![aliyun(&vendor.url())]);
        assert!(sender.send(&message()).await.verdict.is_ok());
        let seen = vendor.seen();
        assert_eq!(seen.len(), calls);
        let nonce = |seen: &Seen| seen.header("x-acs-signature-nonce").unwrap().to_owned();
        assert_ne!(nonce(&seen[0]), nonce(&seen[1]));
        assert_eq!(nonce(&seen[0]).len(), 32);
    }
}

#[tokio::test]
async fn a_limit_of_the_number_says_how_long_to_wait() {
    for (text, seconds) in [
        ("触发分钟级流控Permits:1", 60),
        ("触发小时级流控Permits:5", 3600),
        ("触发天级流控Permits:10", 86400),
    ] {
        let vendor = always(code_saying("isv.BUSINESS_LIMIT_CONTROL", text)).await;
        let error = sender(vec![aliyun(&vendor.url())])
            .send(&message())
            .await
            .verdict
            .unwrap_err();
        let E::NumberLimited { retry_after } = error else {
            panic!("{error:?}");
        };
        assert_eq!(retry_after, Duration::from_secs(seconds));
        assert_eq!(vendor.seen().len(), 1);
    }
}

#[tokio::test]
async fn a_refusal_has_its_meaning() {
    for (word, expected, calls) in [
        (
            "isv.MOBILE_NUMBER_ILLEGAL",
            "the number cannot receive messages",
            1,
        ),
        (
            "isv.AMOUNT_NOT_ENOUGH",
            "the vendor refuses our account or settings",
            1,
        ),
        (
            "SignatureDoesNotMatch",
            "the vendor refuses our account or settings",
            1,
        ),
        (
            "isv.SMS_CONTENT_ILLEGAL",
            "the vendor refuses our account or settings",
            1,
        ),
        (
            "SignatureNonceUsed",
            "the vendor refuses our account or settings",
            2,
        ),
        ("isp.SYSTEM_ERROR", "no vendor took the message", 2),
        ("Throttling.User", "no vendor took the message", 2),
    ] {
        let vendor = always(code(word)).await;
        let error = sender(vec![aliyun(&vendor.url())])
            .send(&message())
            .await
            .verdict
            .unwrap_err();
        assert_eq!(error.to_string(), expected, "{word}");
        assert_eq!(vendor.seen().len(), calls, "{word}");
    }
}

#[tokio::test]
async fn nonsense_after_the_request_leaves_its_fate_open() {
    for reaction in [
        Reaction::ok(""),
        Reaction::ok("<html>"),
        Reaction::ok(r#"{"Code":"OK","Mess"#),
        Reaction::ok(r#"{"Message":"OK"}"#),
        Reaction::Endless,
        Reaction::Close,
        Reaction::CutShort(br#"{"Code":"OK"}"#.to_vec()),
    ] {
        let label = format!("{reaction:?}");
        let vendor = always(reaction).await;
        let sent = sender(vec![aliyun(&vendor.url())])
            .send(&message())
            .await
            .verdict;
        assert_eq!(
            sent.unwrap(),
            SmsDelivery::Unknown { vendor: "aliyun" },
            "{label}"
        );
        assert_eq!(vendor.seen().len(), 1, "{label}");
    }
}
