//! Volcengine SMS, by a client of our own, and the vendor's own vectors.

use menshen_simulator::{SimulatorConfig, SmsRegion, SmsTemplate, VolcengineAccount, defaults};
use reqwest::RequestBuilder;
use serde_json::{Value, json};

use super::offline::{Offline, start_of_2026, text};
use super::signing::{canonical_headers, hmac_chain, sha256};

const PATH: &str = "/sms/volcengine";

/// A request before it is signed, at the start of 2026 and so many seconds.
struct Request {
    body: Value,
    query: &'static str,
    seconds: i64,
    key_id: &'static str,
    secret: &'static str,
    region: &'static str,
    date: Option<&'static str>,
    token: Option<&'static str>,
    /// Whether host and content type are signed, as the client for Python does.
    signs_all: bool,
}

/// A right request.
fn request(numbers: &str) -> Request {
    Request {
        body: json!({
            "SmsAccount": defaults::VOLCENGINE_SMS_ACCOUNT,
            "Sign": defaults::VOLCENGINE_SIGN,
            "TemplateID": defaults::VOLCENGINE_TEMPLATE_ID,
            "TemplateParam": r#"{"code":"048291"}"#,
            "PhoneNumbers": numbers,
            "Tag": "our-id",
        }),
        query: "Action=SendSms&Version=2020-01-01",
        seconds: 0,
        key_id: defaults::VOLCENGINE_ACCESS_KEY_ID,
        secret: defaults::VOLCENGINE_SECRET_ACCESS_KEY,
        region: defaults::VOLCENGINE_REGION,
        date: None,
        token: None,
        signs_all: true,
    }
}

/// Sends a code.
pub(crate) async fn send_code(offline: &Offline, phone: &str) -> Value {
    request(phone).send(offline).await.1
}

/// A right request of a code, with these members in place of its own.
pub(crate) fn prepared(
    offline: &Offline,
    phone: &str,
    members: &[(&'static str, Value)],
) -> RequestBuilder {
    let mut changed = request(phone);
    for (name, value) in members {
        changed.body[name] = value.clone();
    }
    changed.prepare(offline, PATH)
}

impl Request {
    fn but(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.body[name] = json!(value);
        self
    }

    fn prepare(self, offline: &Offline, path: &str) -> RequestBuilder {
        let at = start_of_2026() + chrono::TimeDelta::seconds(self.seconds);
        let time = at.format("%Y%m%dT%H%M%SZ").to_string();
        let time = self.date.unwrap_or(&time);
        let date = &time[..8];
        let body = self.body.to_string();
        let hash = sha256(body.as_bytes());
        let mut signed = vec![
            ("x-content-sha256", hash.clone()),
            ("x-date", time.to_owned()),
        ];
        if self.signs_all {
            signed.push(("host", offline.address().to_string()));
            signed.push(("content-type", "application/json".to_owned()));
        }
        if let Some(token) = self.token {
            signed.push(("x-security-token", token.to_owned()));
        }
        let (lines, names) = canonical_headers(&signed);
        let canonical = format!("POST\n/\n{}\n{lines}\n{names}\n{hash}", self.query);
        let scope = format!("{date}/{}/volcSMS/request", self.region);
        let canonical = sha256(canonical.as_bytes());
        let to_sign = format!("HMAC-SHA256\n{time}\n{scope}\n{canonical}");
        let steps = [date, self.region, "volcSMS", "request", to_sign.as_str()];
        let authorization = format!(
            "HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={}",
            self.key_id,
            hex::encode(hmac_chain(self.secret, &steps))
        );
        let mut request = offline
            .client
            .post(format!("{}?{}", offline.url(path), self.query))
            .header("content-type", "application/json")
            .header("authorization", authorization);
        for (name, value) in signed.iter().filter(|(name, _)| name.starts_with("x-")) {
            request = request.header(*name, value);
        }
        request.body(body)
    }

    async fn send_to(self, offline: &Offline, path: &str) -> (u16, Value) {
        let answer = self.prepare(offline, path).send().await.expect("an answer");
        (answer.status().as_u16(), answer.json().await.expect("JSON"))
    }

    async fn send(self, offline: &Offline) -> (u16, Value) {
        self.send_to(offline, PATH).await
    }

    async fn code(self, offline: &Offline) -> (u16, String) {
        let (status, answer) = self.send(offline).await;
        assert!(answer.get("Result").is_none(), "{answer}");
        let error = &answer["ResponseMetadata"]["Error"];
        (status, text(error, "Code"))
    }
}

#[tokio::test]
async fn a_sent_code_reaches_the_phone_under_either_path() {
    let offline = Offline::start().await;
    let (status, answer) = request("13800138000,+8613800138001").send(&offline).await;
    assert_eq!(status, 200);
    assert_eq!(answer["Result"]["MessageID"].as_array().unwrap().len(), 2);
    let metadata = &answer["ResponseMetadata"];
    assert!(metadata["RequestId"].is_string() && metadata.get("Error").is_none());
    assert_eq!(
        (&metadata["Action"], &metadata["Service"]),
        (&json!("SendSms"), &json!("volcSMS"))
    );
    assert_eq!(
        offline.inbox("13800138001").await,
        [json!({
            "vendor": "volcengine", "phone": "+8613800138001", "code": "048291",
            "text": "【门神演示】您的验证码是048291，10分钟内有效", "at": "2026-01-01T00:00:00Z",
        })]
    );
    let as_node_signs = request("13800138002").but(|r| r.signs_all = false);
    assert_eq!(as_node_signs.send_to(&offline, "/").await.0, 200);
    assert_eq!(offline.inbox("13800138002").await.len(), 1);
}

#[tokio::test]
async fn templates_have_regions_and_named_variables() {
    let offline = Offline::start().await;
    let bind = request("13800138000")
        .with("TemplateID", defaults::VOLCENGINE_BIND_TEMPLATE_ID)
        .with("TemplateParam", r#"{"minutes":"5","code":"4829"}"#)
        .with("Sign", defaults::SECOND_SIGN);
    assert_eq!(bind.send(&offline).await.0, 200);
    let message = &offline.inbox("13800138000").await[0];
    assert_eq!(message["code"], "4829");
    assert_eq!(
        message["text"],
        "【门神安全】您正在绑定手机号，验证码4829，5分钟内有效"
    );
    let overseas = defaults::VOLCENGINE_OVERSEAS_TEMPLATE_ID;
    let abroad = request("+85298765432").with("TemplateID", overseas);
    assert_eq!(abroad.send(&offline).await.0, 200);
    for wrong in [
        request("+85298765432"),
        request("13800138000").with("TemplateID", overseas),
        request("13800138000,+85298765432"),
    ] {
        assert_eq!(wrong.code(&offline).await, (200, "RE:0011".to_owned()));
    }
}

#[tokio::test]
async fn what_the_account_does_not_have_is_refused_with_200() {
    let offline = Offline::start().await;
    let many = vec!["13800138000"; 201].join(",");
    for (name, value, code) in [
        ("SmsAccount", "7a000009", "RE:0003"),
        ("Sign", "别的", "RE:0004"),
        ("TemplateID", "ST_9", "RE:0005"),
        ("TemplateParam", "", "RE:0009"),
        ("TemplateParam", r#"{"code":48291}"#, "RE:0009"),
        ("TemplateParam", r#"{"kode":"48291"}"#, "RE:0009"),
        ("TemplateParam", r#"{"code":"48 291"}"#, "RE:0009"),
        ("PhoneNumbers", "12345", "RE:0006"),
        ("PhoneNumbers", "", "RE:0006"),
        ("PhoneNumbers", "85298765432", "RE:0006"),
        ("PhoneNumbers", many.as_str(), "RE:0006"),
    ] {
        let refused = request("13800138000").with(name, value);
        let expected = (200, code.to_owned());
        assert_eq!(refused.code(&offline).await, expected, "{name}={value}");
    }
    let unreadable = request("13800138000").but(|r| r.body = json!(["x"]));
    assert_eq!(unreadable.code(&offline).await.1, "RE:0009");
    assert!(offline.inbox("").await.is_empty());
}

#[tokio::test]
async fn the_gateway_checks_who_asks_and_when() {
    let offline = Offline::start().await;
    let right = || request("13800138000");
    for (request, status, code) in [
        (
            right().but(|r| r.query = "Version=2020-01-01"),
            400,
            "MissingParameter",
        ),
        (
            right().but(|r| r.query = "Action=Sing&Version=2020-01-01"),
            404,
            "InvalidActionOrVersion",
        ),
        (
            right().but(|r| r.query = "Action=SendSms&Version=2019"),
            404,
            "InvalidActionOrVersion",
        ),
        (
            right().but(|r| r.query = "Action=Conversion&Version=2020-01-01"),
            404,
            "InvalidActionOrVersion",
        ),
        (
            right().but(|r| r.key_id = "fake/other"),
            401,
            "InvalidAccessKey",
        ),
        (
            right().but(|r| r.secret = "wrong"),
            401,
            "SignatureDoesNotMatch",
        ),
        (
            right().but(|r| r.region = "mars"),
            401,
            "SignatureDoesNotMatch",
        ),
        (
            right().but(|r| r.token = Some("of-nobody")),
            401,
            "InvalidAccessKey",
        ),
        (right().but(|r| r.seconds = 901), 400, "InvalidTimestamp"),
        (right().but(|r| r.seconds = -901), 400, "InvalidTimestamp"),
        (
            right().but(|r| r.date = Some("20260101000000")),
            400,
            "InvalidTimestamp",
        ),
        (
            right().but(|r| {
                (r.query, r.seconds) = ("Action=SendSms&Version=2020-01-01&X-Expires=60", -61);
            }),
            400,
            "InvalidTimestamp",
        ),
    ] {
        assert_eq!(request.code(&offline).await, (status, code.to_owned()));
    }
    let unsigned = offline
        .client
        .post(offline.url(&format!("{PATH}?Action=SendSms&Version=2020-01-01")));
    let answer: Value = unsigned.send().await.unwrap().json().await.unwrap();
    assert_eq!(
        answer["ResponseMetadata"]["Error"]["Code"],
        "MissingRequestInfo"
    );
    assert_eq!(
        right().but(|r| r.seconds = -900).send(&offline).await.0,
        200
    );
}

#[tokio::test]
async fn a_fault_may_answer_any_word_of_the_vendor() {
    let offline = Offline::start().await;
    for (code, status, number) in [
        ("RE:0010", 200, None),
        ("RE:9999", 200, None),
        ("AccessDenied", 403, Some(100_013)),
        ("InternalError", 500, Some(100_014)),
        ("InternalServiceTimeout", 504, Some(100_016)),
    ] {
        let fault = json!({"target": "sms/volcengine", "errcode": code, "times": 1});
        offline.set_fault(&fault).await;
        let (got, answer) = request("13800138000").send(&offline).await;
        let error = &answer["ResponseMetadata"]["Error"];
        assert_eq!((got, text(error, "Code").as_str()), (status, code));
        assert_eq!(error["CodeN"].as_u64(), number);
    }
    assert!(offline.inbox("").await.is_empty());
}

/// A template without variables is sent without values, and its code is none.
#[tokio::test]
async fn a_notice_has_no_variables_and_arrives_without_a_code() {
    let offline = Offline::start().await;
    let notice = request("13800138000").with("TemplateID", defaults::VOLCENGINE_NOTICE_TEMPLATE_ID);
    let notice = notice.but(|one| {
        let body = one.body.as_object_mut().expect("an object");
        body.remove("TemplateParam");
    });
    let (status, answer) = notice.send(&offline).await;
    assert_eq!(status, 200, "{answer}");
    let inbox = offline.inbox("13800138000").await;
    assert_eq!(text(&inbox[0], "code"), "");
    assert!(text(&inbox[0], "text").contains("不再用于登录"));
}

/// Where there is a group for notices, neither group sends what is the other's.
#[tokio::test]
async fn a_message_group_sends_its_own_type_only() {
    let volcengine = VolcengineAccount {
        notice_sms_account: Some("7a000009".to_owned()),
        ..VolcengineAccount::default()
    };
    let config = SimulatorConfig {
        volcengine,
        ..SimulatorConfig::default()
    };
    let offline = Offline::start_with(config).await;
    let (codes, notices) = (defaults::VOLCENGINE_SMS_ACCOUNT, "7a000009");
    let code = defaults::VOLCENGINE_TEMPLATE_ID;
    let notice = defaults::VOLCENGINE_NOTICE_TEMPLATE_ID;
    for (group, template, refused) in [
        (codes, code, None),
        (notices, notice, None),
        (codes, notice, Some("RE:0012")),
        (notices, code, Some("RE:0012")),
        ("7a000008", notice, Some("RE:0003")),
    ] {
        let sent = request("13800138000").with("SmsAccount", group);
        let (_, answer) = sent.with("TemplateID", template).send(&offline).await;
        let error = answer["ResponseMetadata"]["Error"]["Code"].as_str();
        assert_eq!(error, refused, "{group} {template}: {answer}");
    }
}

/// A simulator that knows the key, sign and template of a vector, at its time.
async fn offline_at(keys: &Value, inputs: &Value, unix: &Value) -> Offline {
    let params = &inputs["params"];
    let param: Value = serde_json::from_str(&text(params, "TemplateParam")).expect("JSON");
    let names: Vec<_> = param.as_object().expect("an object").keys().collect();
    let names: Vec<_> = names.into_iter().map(String::as_str).collect();
    let volcengine = VolcengineAccount {
        access_key_id: text(keys, "access_key_id"),
        secret_access_key: text(keys, "access_key_secret"),
        security_token: inputs["security_token"].as_str().map(str::to_owned),
        sms_account: text(params, "SmsAccount"),
        notice_sms_account: None,
        signs: vec![text(params, "Sign")],
        templates: vec![SmsTemplate::new(
            &text(params, "TemplateID"),
            SmsRegion::Mainland,
            &names,
        )],
    };
    let config = SimulatorConfig {
        volcengine,
        ..SimulatorConfig::default()
    };
    let offline = Offline::start_with(config).await;
    offline.set_clock(unix);
    offline
}

fn vectors() -> Value {
    serde_json::from_str(include_str!("../vectors/volcengine.json")).expect("JSON")
}

/// The vector's target under another path.
fn target_under(path: &str, request: &Value) -> String {
    format!("{path}{}", &text(request, "target")[1..])
}

#[tokio::test]
async fn every_vector_is_taken_as_it_was_sent() {
    for vector in vectors()["vectors"].as_array().unwrap() {
        let (inputs, request) = (&vector["inputs"], &vector["expected"]);
        for path in ["/", PATH] {
            let offline = offline_at(inputs, inputs, &inputs["timestamp_unix"]).await;
            let target = target_under(path, request);
            let (status, answer) = offline.send_vector(request, &target).await;
            assert_eq!(status, 200, "{}: {answer}", vector["id"]);
            let param: Value =
                serde_json::from_str(&text(&inputs["params"], "TemplateParam")).unwrap();
            // Symbols exist there to test encoding: as a code they are refused, after the signature.
            if text(&param, "code")
                .bytes()
                .all(|byte| byte.is_ascii_digit())
            {
                assert!(answer["Result"]["MessageID"][0].is_string(), "{answer}");
            } else {
                assert_eq!(answer["ResponseMetadata"]["Error"]["Code"], "RE:0009");
            }
        }
    }
}

#[tokio::test]
async fn every_negative_vector_is_refused_in_the_vendors_words() {
    let vectors = vectors();
    for vector in vectors["negative_vectors"].as_array().unwrap() {
        let inputs = &vectors["vectors"][0]["inputs"];
        let offline = offline_at(&vector["server_knows"], inputs, &vector["verify_at_unix"]).await;
        let target = target_under(PATH, &vector["request"]);
        let (status, answer) = offline.send_vector(&vector["request"], &target).await;
        let expected = match vector["expect"].as_str().unwrap() {
            "signature_mismatch" => (401, "SignatureDoesNotMatch", 100_010),
            "timestamp_out_of_window" => (400, "InvalidTimestamp", 100_006),
            other => panic!("{other}"),
        };
        let error = &answer["ResponseMetadata"]["Error"];
        let number = error["CodeN"].as_u64().expect("a number");
        let code = text(error, "Code");
        assert_eq!(
            (status, code.as_str(), number),
            expected,
            "{}",
            vector["id"]
        );
    }
}
