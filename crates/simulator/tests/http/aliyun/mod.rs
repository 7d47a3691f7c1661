//! Alibaba Cloud SMS, by a client of our own.

mod limits;

use aws_lc_rs::{digest, hmac};
use menshen_simulator::{SimulatorConfig, defaults};
use reqwest::{Method, RequestBuilder, Response, Url};
use serde_json::{Value, json};

use crate::offline::Offline;

const PATH: &str = "/sms/aliyun";

/// A request before it is signed.
struct Request {
    params: Vec<(&'static str, String)>,
    headers: Vec<(&'static str, String)>,
    key_id: &'static str,
    secret: &'static str,
}

/// A right request at the simulator's present time.
fn request(phone: &str, nonce: &str) -> Request {
    Request {
        params: vec![
            ("PhoneNumbers", phone.to_owned()),
            ("SignName", defaults::ALIYUN_SIGN_NAME.to_owned()),
            ("TemplateCode", defaults::ALIYUN_TEMPLATE_CODE.to_owned()),
            ("TemplateParam", r#"{"code":"123456"}"#.to_owned()),
        ],
        headers: vec![
            ("x-acs-action", "SendSms".to_owned()),
            ("x-acs-version", "2017-05-25".to_owned()),
            ("x-acs-date", "2026-01-01T00:00:00Z".to_owned()),
            ("x-acs-signature-nonce", nonce.to_owned()),
            ("x-acs-content-sha256", sha256(b"")),
        ],
        key_id: defaults::ALIYUN_ACCESS_KEY_ID,
        secret: defaults::ALIYUN_ACCESS_KEY_SECRET,
    }
}

/// Sends a code; the nonce is good once.
pub(crate) async fn send_code(offline: &Offline, phone: &str, nonce: &str, out_id: &str) -> Value {
    let sent = request(phone, nonce).param("OutId", out_id);
    sent.send(offline).await.json().await.expect("JSON")
}

/// A right request of a code, with these members in place of its own.
pub(crate) fn prepared(
    offline: &Offline,
    phone: &str,
    nonce: &str,
    members: &[(&'static str, Value)],
) -> RequestBuilder {
    let right = request(phone, nonce);
    let changed = members.iter().fold(right, |request, (name, value)| {
        let value = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        request.param(name, &value)
    });
    changed.prepare(offline)
}

impl Request {
    fn param(mut self, name: &'static str, value: &str) -> Self {
        self.params.retain(|(key, _)| *key != name);
        self.params.push((name, value.to_owned()));
        self
    }

    fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.retain(|(key, _)| *key != name);
        self.headers.push((name, value.to_owned()));
        self
    }

    fn prepare(self, offline: &Offline) -> RequestBuilder {
        let url = Url::parse_with_params(&offline.url(PATH), &self.params).expect("a URL");
        let mut pairs: Vec<_> = self
            .params
            .iter()
            .map(|(name, value)| format!("{name}={}", encode(value)))
            .collect();
        pairs.sort();
        let mut headers = self.headers.clone();
        headers.push(("host", offline.address().to_string()));
        headers.sort();
        let lines: Vec<_> = headers
            .iter()
            .map(|(name, value)| format!("{name}:{value}\n"))
            .collect();
        let names: Vec<_> = headers.iter().map(|(name, _)| *name).collect();
        let (lines, names) = (lines.concat(), names.join(";"));
        let canonical = format!(
            "POST\n/\n{}\n{lines}\n{names}\n{}",
            pairs.join("&"),
            sha256(b"")
        );
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.secret.as_bytes());
        let tag = hmac::sign(
            &key,
            format!("ACS3-HMAC-SHA256\n{}", sha256(canonical.as_bytes())).as_bytes(),
        );
        let authorization = format!(
            "ACS3-HMAC-SHA256 Credential={},SignedHeaders={names},Signature={}",
            self.key_id,
            hex::encode(tag)
        );
        let mut request = offline
            .client
            .post(url)
            .header("authorization", authorization);
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        request
    }

    async fn send(self, offline: &Offline) -> Response {
        self.prepare(offline).send().await.expect("an answer")
    }

    async fn code(self, offline: &Offline) -> (u16, String) {
        let answer = self.send(offline).await;
        let status = answer.status().as_u16();
        let body: Value = answer.json().await.expect("JSON");
        (status, body["Code"].as_str().expect("a code").to_owned())
    }
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(digest::digest(&digest::SHA256, bytes))
}

fn encode(text: &str) -> String {
    let one = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(one).collect::<Vec<_>>().concat()
}

async fn inbox(offline: &Offline, phone: &str) -> Value {
    offline.get_json("/control/sms", &[("phone", phone)]).await
}

#[tokio::test]
async fn a_sent_code_reaches_the_phone() {
    let offline = Offline::start().await;
    let answer = request("13800138000", "n1").send(&offline).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(
        answer.headers()["content-type"],
        "application/json;charset=utf-8"
    );
    let body: Value = answer.json().await.unwrap();
    assert_eq!(
        (&body["Code"], &body["Message"]),
        (&json!("OK"), &json!("OK"))
    );
    assert!(body["BizId"].as_str().unwrap().ends_with("^0"));
    assert_eq!(body["RequestId"].as_str().unwrap().len(), 36);
    assert_eq!(
        inbox(&offline, "+8613800138000").await,
        json!([{
            "vendor": "aliyun", "phone": "+8613800138000", "code": "123456",
            "text": "【门神演示】您的验证码是123456，10分钟内有效", "at": "2026-01-01T00:00:00Z",
        }])
    );
}

#[tokio::test]
async fn a_message_goes_to_each_number_once_whatever_its_form() {
    let offline = Offline::start().await;
    let numbers = "+8613800138000,008613800138001,8613800138002,85298765432";
    assert_eq!(
        request(numbers, "n1").code(&offline).await,
        (200, "OK".to_owned())
    );
    for phone in ["13800138000", "13800138001", "13800138002", "+85298765432"] {
        assert_eq!(
            inbox(&offline, phone).await.as_array().unwrap().len(),
            1,
            "{phone}"
        );
    }
    assert_eq!(inbox(&offline, "").await.as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn what_the_account_does_not_have_is_refused_with_200() {
    let offline = Offline::start().await;
    for (number, (name, value, code)) in [
        ("SignName", "别的签名", "isv.SMS_SIGNATURE_ILLEGAL"),
        ("TemplateCode", "SMS_999", "isv.SMS_TEMPLATE_ILLEGAL"),
        ("TemplateParam", "", "isv.TEMPLATE_MISSING_PARAMETERS"),
        ("TemplateParam", "{}", "isv.TEMPLATE_MISSING_PARAMETERS"),
        (
            "TemplateParam",
            r#"{"code":123456}"#,
            "isv.INVALID_JSON_PARAM",
        ),
        (
            "TemplateParam",
            r#"{"code":"1 2 3 4"}"#,
            "isv.TEMPLATE_PARAMS_ILLEGAL",
        ),
        ("PhoneNumbers", "12345", "isv.MOBILE_NUMBER_ILLEGAL"),
    ]
    .into_iter()
    .enumerate()
    {
        let answer = request("13800138000", &format!("n{number}"))
            .param(name, value)
            .send(&offline)
            .await;
        assert_eq!(answer.status(), 200);
        let body: Value = answer.json().await.unwrap();
        assert_eq!(body["Code"], code, "{name}={value}");
        assert!(body.get("BizId").is_none() && body.get("HostId").is_none());
    }
    for name in ["PhoneNumbers", "SignName", "TemplateCode"] {
        let (status, code) = request("13800138000", name)
            .param(name, "")
            .code(&offline)
            .await;
        assert_eq!((status, code), (400, format!("Missing{name}")));
    }
    assert_eq!(inbox(&offline, "").await, json!([]));
}

#[tokio::test]
async fn the_gateway_checks_who_asks_and_when() {
    let offline = Offline::start().await;
    let refused = [
        (
            request("13800138000", "a").header("x-acs-action", "Nothing"),
            404,
            "InvalidAction.NotFound",
        ),
        (
            request("13800138000", "b").header("x-acs-version", "2017"),
            400,
            "InvalidVersion",
        ),
        (
            Request {
                key_id: "unknown",
                ..request("13800138000", "c")
            },
            404,
            "InvalidAccessKeyId.NotFound",
        ),
        (
            request("13800138000", "d").header("x-acs-date", "yesterday"),
            400,
            "InvalidTimeStamp.Format",
        ),
        (
            request("13800138000", "e").header("x-acs-date", "2026-01-01T00:15:01Z"),
            400,
            "InvalidTimeStamp.Expired",
        ),
        (
            request("13800138000", "f").header("x-acs-date", "2025-12-31T23:44:59Z"),
            400,
            "InvalidTimeStamp.Expired",
        ),
        (
            Request {
                secret: "wrong",
                ..request("13800138000", "g")
            },
            400,
            "SignatureDoesNotMatch",
        ),
    ];
    for (request, status, code) in refused {
        assert_eq!(request.code(&offline).await, (status, code.to_owned()));
    }
    let mut unsigned = request("13800138000", "h");
    unsigned
        .headers
        .retain(|(name, _)| *name != "x-acs-content-sha256");
    assert_eq!(
        unsigned.code(&offline).await,
        (400, "IncompleteSignature".to_owned())
    );
    let earliest = request("13800138000", "i").header("x-acs-date", "2025-12-31T23:45:00Z");
    assert_eq!(earliest.code(&offline).await, (200, "OK".to_owned()));
}

#[tokio::test]
async fn a_nonce_is_good_once_and_not_spent_by_a_forgery() {
    let offline = Offline::start_with(SimulatorConfig {
        sms_limits: false,
        ..SimulatorConfig::default()
    })
    .await;
    let forged = Request {
        secret: "wrong",
        ..request("13800138000", "n")
    };
    assert_eq!(forged.code(&offline).await.1, "SignatureDoesNotMatch");
    assert_eq!(request("13800138000", "n").code(&offline).await.1, "OK");
    assert_eq!(
        request("13800138000", "n").code(&offline).await,
        (400, "SignatureNonceUsed".to_owned())
    );
    offline.advance(900);
    let later = request("13800138000", "n").header("x-acs-date", "2026-01-01T00:15:00Z");
    assert_eq!(later.code(&offline).await.1, "OK");
}

#[tokio::test]
async fn an_unsigned_request_is_told_what_is_missing() {
    let offline = Offline::start().await;
    let sent = offline.client.post(offline.url(PATH)).send().await.unwrap();
    assert_eq!(sent.status(), 400);
    assert_eq!(
        sent.json::<Value>().await.unwrap()["Code"],
        "MissingAccessKeyId"
    );
    let sent = offline.client.put(offline.url(PATH)).send().await.unwrap();
    assert_eq!(sent.status(), 405);
}

#[tokio::test]
async fn a_fault_may_answer_any_word_of_the_vendor() {
    let offline = Offline::start().await;
    for (number, (errcode, status)) in [
        ("isv.BUSINESS_LIMIT_CONTROL", 200),
        ("isv.AMOUNT_NOT_ENOUGH", 200),
        ("Throttling.User", 400),
        ("ServiceUnavailable", 503),
    ]
    .into_iter()
    .enumerate()
    {
        offline
            .set_fault(&json!({"target": "sms/aliyun", "errcode": errcode, "times": 1}))
            .await;
        let answer = request("13800138000", &format!("n{number}"))
            .code(&offline)
            .await;
        assert_eq!(answer, (status, errcode.to_owned()));
    }
    let fault = json!({"target": "sms/aliyun", "errcode": "isv.BUSINESS_LIMIT_CONTROL", "message": "触发天级流控Permits:10", "times": 1});
    offline.set_fault(&fault).await;
    let body: Value = request("13800138000", "n9")
        .send(&offline)
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(body["Message"], "触发天级流控Permits:10");
    assert_eq!(
        inbox(&offline, "").await,
        json!([]),
        "a failing call sends nothing"
    );
    offline
        .set_fault(
            &json!({"target": "sms/aliyun", "http_status": 500, "consume": true, "times": 1}),
        )
        .await;
    assert_eq!(
        request("13800138000", "n10").send(&offline).await.status(),
        500
    );
    assert_eq!(
        inbox(&offline, "").await.as_array().unwrap().len(),
        1,
        "unless it is told to"
    );
    assert_eq!(
        offline
            .control(Method::GET, "/control/faults", &json!(null))
            .await
            .1,
        json!([])
    );
}

#[tokio::test]
async fn what_became_of_a_message_can_be_asked() {
    let offline = Offline::start().await;
    let sent = send_code(&offline, "13800138000", "n1", "our-id").await;
    send_code(&offline, "13800138001", "n2", "").await;
    let ask = |nonce: &str, date: &str, page: &str| {
        let mut ask = request("13800138000", nonce).header("x-acs-action", "QuerySendDetails");
        ask.params = vec![
            ("PhoneNumber", "13800138000".to_owned()),
            ("SendDate", date.to_owned()),
            ("PageSize", "10".to_owned()),
            ("CurrentPage", page.to_owned()),
            ("BizId", sent["BizId"].as_str().expect("an id").to_owned()),
        ];
        ask
    };
    let first = ask("q1", "20260101", "1");
    let answer: Value = first.send(&offline).await.json().await.unwrap();
    assert_eq!(
        (&answer["Code"], &answer["TotalCount"]),
        (&json!("OK"), &json!("1"))
    );
    assert_eq!(
        answer["SmsSendDetailDTOs"]["SmsSendDetailDTO"],
        json!([{
            "PhoneNum": "13800138000", "SendStatus": 3, "ErrCode": "DELIVERED",
            "TemplateCode": defaults::ALIYUN_TEMPLATE_CODE,
            "Content": "【门神演示】您的验证码是123456，10分钟内有效",
            "SendDate": "2026-01-01 08:00:00", "ReceiveDate": "2026-01-01 08:00:00", "OutId": "our-id",
        }])
    );
    for (number, date, page, count) in [(2, "20260101", "2", 0), (3, "20251231", "1", 0)] {
        let ask = ask(&format!("q{number}"), date, page);
        let answer: Value = ask.send(&offline).await.json().await.unwrap();
        let details = answer["SmsSendDetailDTOs"]["SmsSendDetailDTO"].as_array();
        assert_eq!(details.map(Vec::len), Some(count), "{date}");
    }
    for (number, date, page) in [
        (4, "2026-01-01", "1"),
        (5, "20251101", "1"),
        (6, "20260101", "0"),
    ] {
        let answer = ask(&format!("q{number}"), date, page).code(&offline).await;
        assert_eq!(
            answer,
            (200, "isv.INVALID_PARAMETERS".to_owned()),
            "{date} {page}"
        );
    }
}
