//! Huawei Cloud SMS, by a client of our own.

mod vectors;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use menshen_simulator::defaults;
use reqwest::{RequestBuilder, Url};
use serde_json::{Value, json};

use crate::offline::{Offline, start_of_2026, text};
use crate::signing::{canonical_headers, hmac_chain, sha256};

const FORM_PATH: &str = "/sms/huawei/sms/batchSendSms/v1";
const JSON_PATH: &str = "/sms/huawei/sms/batchSendDiffSms/v1";
const FORM: &str = "application/x-www-form-urlencoded";

/// Who asks, and how.
#[derive(Clone, Copy)]
struct Signer {
    key: &'static str,
    secret: &'static str,
    seconds: i64,
    wsse: bool,
    /// Whether the signed path is the one below the vendor's prefix.
    signs_bare_path: bool,
}

const RIGHT: Signer = Signer {
    key: defaults::HUAWEI_APP_KEY,
    secret: defaults::HUAWEI_APP_SECRET,
    seconds: 0,
    wsse: false,
    signs_bare_path: false,
};

/// A right form to these numbers.
fn form(to: &str) -> Vec<(&'static str, String)> {
    vec![
        ("from", defaults::HUAWEI_SENDER.to_owned()),
        ("to", to.to_owned()),
        ("templateId", defaults::HUAWEI_TEMPLATE_ID.to_owned()),
        ("templateParas", r#"["048291"]"#.to_owned()),
    ]
}

fn with(
    mut form: Vec<(&'static str, String)>,
    name: &'static str,
    value: &str,
) -> Vec<(&'static str, String)> {
    form.retain(|(key, _)| *key != name);
    form.push((name, value.to_owned()));
    form
}

fn encoded(form: &[(&'static str, String)]) -> String {
    let url = Url::parse_with_params("http://x/", form).expect("a URL");
    url.query().unwrap_or_default().to_owned()
}

impl Signer {
    fn prepare(self, offline: &Offline, path: &str, kind: &str, body: String) -> RequestBuilder {
        let at = start_of_2026() + chrono::TimeDelta::seconds(self.seconds);
        let mut request = offline
            .client
            .post(offline.url(path))
            .header("content-type", kind);
        if self.wsse {
            let created = at.format("%Y-%m-%dT%H:%M:%SZ").to_string();
            let digest =
                STANDARD.encode(sha256(format!("n0nce{created}{}", self.secret).as_bytes()));
            request = request
                .header("authorization", r#"WSSE realm="SDP",profile="UsernameToken",type="Appkey""#)
                .header("x-wsse", format!(
                    r#"UsernameToken Username="{}",PasswordDigest="{digest}",Nonce="n0nce",Created="{created}""#,
                    self.key
                ));
        } else {
            let mut signed = vec![
                ("content-type", kind.to_owned()),
                ("host", offline.address().to_string()),
                ("x-sdk-date", at.format("%Y%m%dT%H%M%SZ").to_string()),
            ];
            let mut payload = sha256(body.as_bytes());
            if kind == FORM {
                "UNSIGNED-PAYLOAD".clone_into(&mut payload);
                signed.push(("x-sdk-content-sha256", payload.clone()));
            }
            let (lines, names) = canonical_headers(&signed);
            let uri = if self.signs_bare_path {
                path.replacen("/sms/huawei", "", 1)
            } else {
                path.to_owned()
            };
            let canonical = format!("POST\n{uri}/\n\n{lines}\n{names}\n{payload}");
            let to_sign = format!(
                "SDK-HMAC-SHA256\n{}\n{}",
                signed[2].1,
                sha256(canonical.as_bytes())
            );
            request = request.header(
                "authorization",
                format!(
                    "SDK-HMAC-SHA256 Access={}, SignedHeaders={names}, Signature={}",
                    self.key,
                    hex::encode(hmac_chain(self.secret, &[&to_sign]))
                ),
            );
            for (name, value) in signed.iter().filter(|(name, _)| name.starts_with("x-")) {
                request = request.header(*name, value);
            }
        }
        request.body(body)
    }

    async fn send(self, offline: &Offline, path: &str, kind: &str, body: String) -> (u16, Value) {
        let request = self.prepare(offline, path, kind, body);
        let answer = request.send().await.expect("an answer");
        (answer.status().as_u16(), answer.json().await.expect("JSON"))
    }

    async fn form(self, offline: &Offline, form: &[(&'static str, String)]) -> (u16, Value) {
        self.send(offline, FORM_PATH, FORM, encoded(form)).await
    }
}

/// Sends a code, whose receipt goes to `callback`.
pub(crate) async fn send_code(offline: &Offline, phone: &str, code: &str, callback: &str) -> Value {
    let form = with(form(phone), "templateParas", &json!([code]).to_string());
    let form = with(with(form, "statusCallback", callback), "extend", "our-id");
    RIGHT.form(offline, &form).await.1
}

/// A right request of a code, with these members in place of its own.
pub(crate) fn prepared(
    offline: &Offline,
    phone: &str,
    members: &[(&'static str, Value)],
) -> RequestBuilder {
    let changed = members.iter().fold(form(phone), |form, (name, value)| {
        let value = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        with(form, name, &value)
    });
    RIGHT.prepare(offline, FORM_PATH, FORM, encoded(&changed))
}

/// A right request of different texts, as its one content is.
pub(crate) fn prepared_content(offline: &Offline, content: &Value) -> RequestBuilder {
    let body = json!({"from": defaults::HUAWEI_SENDER, "smsContent": [content]});
    RIGHT.prepare(offline, JSON_PATH, "application/json", body.to_string())
}

/// The code of the request and the status of the one number.
async fn codes(offline: &Offline, form: &[(&'static str, String)]) -> (String, String) {
    let (status, answer) = RIGHT.form(offline, form).await;
    assert_eq!(status, 200, "{answer}");
    (text(&answer, "code"), text(&answer["result"][0], "status"))
}

fn pair(code: &str, status: &str) -> (String, String) {
    (code.to_owned(), status.to_owned())
}

#[tokio::test]
async fn a_sent_code_reaches_the_phone_by_either_signature_and_path() {
    let offline = Offline::start().await;
    let (status, answer) = RIGHT
        .form(&offline, &form("+8613800138000,13800138001"))
        .await;
    assert_eq!(status, 200);
    assert_eq!(answer["code"], "000000");
    let first = &answer["result"][0];
    let id = text(first, "smsMsgId");
    assert_eq!(
        first,
        &json!({
            "originTo": "+8613800138000", "createTime": "2026-01-01T00:00:00Z", "from": "8800000000001",
            "smsMsgId": id, "status": "000000", "countryId": "CN", "total": 1,
        })
    );
    assert_eq!(
        offline.inbox("13800138001").await,
        [json!({
            "vendor": "huawei", "phone": "+8613800138001", "code": "048291",
            "text": "【门神演示】您的验证码是048291，10分钟内有效", "at": "2026-01-01T00:00:00Z",
        })]
    );
    let bare = Signer {
        signs_bare_path: true,
        ..RIGHT
    };
    let wsse = Signer {
        wsse: true,
        ..RIGHT
    };
    for (signer, number) in [(bare, "13800138002"), (wsse, "13800138003")] {
        assert_eq!(
            signer.form(&offline, &form(number)).await.1["code"],
            "000000"
        );
    }
    let sent = RIGHT.send(
        &offline,
        "/sms/batchSendSms/v1",
        FORM,
        encoded(&form("13800138004")),
    );
    assert_eq!(sent.await.1["code"], "000000");
}

#[tokio::test]
async fn different_texts_go_out_in_one_request() {
    let offline = Offline::start().await;
    let body = json!({"from": defaults::HUAWEI_SENDER, "smsContent": [
        {"to": ["+8613800138000"], "templateId": defaults::HUAWEI_TEMPLATE_ID, "templateParas": ["111111"]},
        {"to": ["+8613800138001"], "templateId": defaults::HUAWEI_BIND_TEMPLATE_ID,
         "templateParas": ["222222", "5"], "signature": defaults::SECOND_SIGN},
    ]});
    let sent = RIGHT.send(&offline, JSON_PATH, "application/json", body.to_string());
    assert_eq!(sent.await.1["code"], "000000");
    assert_eq!(offline.inbox("13800138000").await[0]["code"], "111111");
    let second = &offline.inbox("13800138001").await[0];
    assert_eq!(
        second["text"],
        "【门神安全】您正在绑定手机号，验证码222222，5分钟内有效"
    );
    let sent = RIGHT.send(&offline, JSON_PATH, FORM, body.to_string());
    let (status, answer) = sent.await;
    assert_eq!((status, &answer["code"]), (400, &json!("E000040")));
}

#[tokio::test]
async fn what_does_not_fit_is_the_status_of_the_number() {
    let offline = Offline::start().await;
    let right = || form("+8613800138000");
    for (form, status) in [
        (with(right(), "from", "8800000000009"), "E200018"),
        (with(right(), "signature", "别的"), "E200020"),
        (
            with(right(), "templateId", "ffffffffffffffffffffffffffffffff"),
            "E200030",
        ),
        (
            with(right(), "templateId", defaults::HUAWEI_OVERSEAS_TEMPLATE_ID),
            "E200033",
        ),
        (with(right(), "templateParas", "[]"), "E200028"),
        (with(right(), "templateParas", r#"["0482 91"]"#), "E200028"),
        (with(right(), "templateParas", r#"["{1}"]"#), "E200028"),
        (form("+85298765432"), "E200033"),
    ] {
        assert_eq!(
            codes(&offline, &form).await,
            pair("E000510", status),
            "{form:?}"
        );
    }
    let abroad = with(
        form("+85298765432"),
        "from",
        defaults::HUAWEI_OVERSEAS_SENDER,
    );
    let abroad = with(abroad, "templateId", defaults::HUAWEI_OVERSEAS_TEMPLATE_ID);
    assert_eq!(codes(&offline, &abroad).await, pair("000000", "000000"));
    let long = "9".repeat(129);
    let many = vec!["+8613800138000"; 501].join(",");
    for (form, code) in [
        (with(right(), "templateParas", "048291"), "E000000"),
        (with(right(), "templateParas", "{}"), "E000000"),
        (
            with(right(), "to", "+8613800138000;+8613800138001"),
            "E000503",
        ),
        (with(right(), "to", "12345"), "E000503"),
        (with(right(), "to", ""), "E000503"),
        (with(right(), "to", &many), "E000503"),
        (with(right(), "templateId", "1"), "E000503"),
        (with(right(), "extend", &long), "E000503"),
        (with(right(), "from", ""), "E000503"),
    ] {
        let (status, answer) = RIGHT.form(&offline, &form).await;
        assert_eq!((status, answer["code"].as_str()), (400, Some(code)));
    }
    assert_eq!(offline.inbox("").await.len(), 1);
}

#[tokio::test]
async fn who_asks_and_when_is_checked() {
    let offline = Offline::start().await;
    let wsse = Signer {
        wsse: true,
        ..RIGHT
    };
    for (signer, status, code) in [
        (
            Signer {
                key: "fake-other",
                ..RIGHT
            },
            403,
            "E000102",
        ),
        (
            Signer {
                secret: "wrong",
                ..RIGHT
            },
            403,
            "E000045",
        ),
        (
            Signer {
                seconds: 901,
                ..RIGHT
            },
            400,
            "E000110",
        ),
        (
            Signer {
                seconds: -901,
                ..RIGHT
            },
            400,
            "E000110",
        ),
        (
            Signer {
                key: "fake-other",
                ..wsse
            },
            403,
            "E000101",
        ),
        (
            Signer {
                secret: "wrong",
                ..wsse
            },
            403,
            "E000111",
        ),
        (
            Signer {
                seconds: 86_401,
                ..wsse
            },
            400,
            "E000110",
        ),
    ] {
        let (got, answer) = signer.form(&offline, &form("+8613800138000")).await;
        assert_eq!((got, answer["code"].as_str()), (status, Some(code)));
    }
    for seconds in [-900, 900] {
        let signer = Signer { seconds, ..RIGHT };
        assert_eq!(signer.form(&offline, &form("+8613800138000")).await.0, 200);
    }
    let unsigned = offline
        .client
        .post(offline.url(FORM_PATH))
        .send()
        .await
        .unwrap();
    assert_eq!(unsigned.status(), 400);
    assert_eq!(unsigned.json::<Value>().await.unwrap()["code"], "E000001");
    for request in [
        offline.client.get(offline.url(FORM_PATH)),
        offline.client.post(offline.url("/sms/huawei/sms/other/v1")),
    ] {
        assert_eq!(request.send().await.unwrap().status(), 404);
    }
}

#[tokio::test]
async fn the_same_text_goes_out_twice_in_59_seconds_and_no_more() {
    let offline = Offline::start().await;
    let mut seconds = 0;
    for (pause, status) in [(0, "000000"), (1, "000000"), (57, "E200041"), (1, "000000")] {
        offline.advance(pause);
        seconds += pause;
        let signer = Signer { seconds, ..RIGHT };
        let (_, answer) = signer.form(&offline, &form("+8613800138000")).await;
        assert_eq!(answer["result"][0]["status"], status, "after {seconds} s");
    }
}

#[tokio::test]
async fn a_fault_answers_at_the_level_of_its_code() {
    let offline = Offline::start().await;
    for (code, status, of_number) in [
        ("E200015", 200, true),
        ("E200041", 200, true),
        ("E299999", 200, true),
        ("E000112", 403, false),
        ("E000500", 500, false),
        ("E099999", 400, false),
    ] {
        let fault = json!({"target": "sms/huawei", "errcode": code, "times": 1});
        offline.set_fault(&fault).await;
        let (got, answer) = RIGHT.form(&offline, &form("+8613800138000")).await;
        assert_eq!(got, status, "{code}");
        let said = if of_number {
            &answer["result"][0]["status"]
        } else {
            &answer["code"]
        };
        assert_eq!(said, code);
    }
    assert!(offline.inbox("").await.is_empty());
}
