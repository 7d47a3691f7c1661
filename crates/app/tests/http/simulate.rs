//! The offline WeChat and vendors with applications, accounts and templates that
//! are not their own.

use std::fs;

use serde_json::{Value, json};

use crate::support::{Login, Process, Service, client, client_of, ended, menshen, said};

const NAMES: [&str; 5] = ["aliyun", "tencent", "huawei", "volcengine", "twilio"];

/// Applications and accounts that are made up, and none of the simulator's.
const FILE: &str = r#"
[[wechat.apps]]
app_id = "wx00000000000000c1"
app_secret = "fa4e00000000000000000000000000c1"
kind = "mini_program"

[sms]
regions = ["CN", "HK"]

[sms.aliyun]
access_key_id = "our-aliyun-id"
access_key_secret = "our-aliyun-hush"
sign_name = "我们"
template_code = "SMS_555000001"

[sms.tencent]
secret_id = "our-tencent-id"
secret_key = "our-tencent-hush"
sdk_app_id = "1400000555"
sign_name = "我们"
template_id = "555001"

[sms.huawei]
app_key = "our-huawei-id"
app_secret = "our-huawei-hush"
sender = "8800000000555"
overseas_sender = "isms0000000555"
template_id = "5550000000000000000000000000000a"
signature = "我们"

[sms.volcengine]
access_key_id = "our-volcengine-id"
secret_access_key_file = "volcengine.secret"
sms_account = "7a000555"
sign = "我们"
template_id = "ST_00000555"

[sms.twilio]
account_sid = "AC00000000000000000000000000000555"
auth_token = "our-twilio-hush"
from = "MG00000000000000000000000000000555"

[[sms.templates]]
vendor = "huawei"
region = "overseas"
template = "5550000000000000000000000000000b"
sign = "我们二"
variables = ["minutes", "code"]
"#;

#[test]
fn the_file_has_the_accounts_of_all_vendors_whoever_is_chosen() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("a file");
    write("theirs.toml", FILE);
    write("volcengine.secret", "our-volcengine-hush\n");
    let arguments = [
        "--config",
        "theirs.toml",
        "simulate",
        "--listen",
        "127.0.0.1:0",
    ];
    let offline = Process::start(menshen(folder.path(), &[], &arguments), "Listening");
    let base = format!("http://{}", offline.address);
    let endpoints = NAMES.map(|name| {
        let key = format!("sms.{name}.endpoint");
        (key, format!("{base}/sms/{name}"))
    });
    let mut settings = vec![("wechat.base_url", base.as_str())];
    settings.extend(endpoints.iter().map(|(k, v)| (k.as_str(), v.as_str())));
    let check = |vendors: &str, more: &[(&str, &str)], phone: &str| {
        let mut settings = settings.clone();
        settings.push(("sms.vendors", vendors));
        settings.extend(more);
        let arguments = [
            "--config",
            "theirs.toml",
            "config",
            "check",
            "--live",
            "--phone",
            phone,
        ];
        ended(menshen(folder.path(), &settings, &arguments))
    };
    let all = format!("{NAMES:?}");
    let right = check(&all, &[], "13800138000");
    let (out, err) = said(&right);
    assert_eq!(right.status.code(), Some(0), "{out}{err}");
    let proven = |line: &&str| line.starts_with("ok") && line.contains("accepted");
    assert_eq!(out.lines().filter(proven).count(), NAMES.len(), "{out}");
    let overseas = check(r#"["huawei"]"#, &[], "+85251234567");
    assert_eq!(overseas.status.code(), Some(0), "{:?}", said(&overseas));
    for secret in [
        "sms.aliyun.access_key_secret",
        "sms.tencent.secret_key",
        "sms.huawei.app_secret",
        "sms.twilio.auth_token",
    ] {
        let name = secret.split('.').nth(1).expect("a vendor");
        let wrong = check(&format!("[{name:?}]"), &[(secret, "no")], "13800138001");
        assert_eq!(wrong.status.code(), Some(1), "{:?}", said(&wrong));
    }
    offline.signal("TERM");
    let (status, heard) = offline.end();
    assert_eq!(status, Some(0), "{heard}");
    assert!(!heard.contains("hush"), "{heard}");
    for word in ["our-huawei-id", "7a000555", "MG0000", "wx00000000000000c1"] {
        assert!(heard.contains(word), "{word}: {heard}");
    }
}

#[test]
fn an_account_that_looks_real_is_refused_whoever_is_chosen() {
    let folder = tempfile::tempdir().expect("a folder");
    let settings = [("sms.huawei.app_key", "c8RWg3ggEcyd4D3p94bf3Y7x1Ile")];
    let arguments = ["simulate", "--listen", "127.0.0.1:0"];
    let output = ended(menshen(folder.path(), &settings, &arguments));
    let (_, err) = said(&output);
    assert_eq!(output.status.code(), Some(1), "{err}");
    assert!(err.contains("app_key of huawei looks like a real"), "{err}");
}

#[tokio::test]
async fn inside_the_service_templates_of_the_settings_are_approved() {
    for (name, template, phone) in [
        ("aliyun", "SMS_555000001", "13900000001"),
        ("tencent", "555001", "13900000001"),
        ("huawei", "5550000000000000000000000000000a", "13900000001"),
        ("volcengine", "ST_00000555", "13900000001"),
        ("twilio", "{code}, {minutes}", "+85251234567"),
    ] {
        let sign = match name {
            "twilio" => "",
            _ => r#", sign = "我们", variables = ["minutes", "code"]"#,
        };
        let region = match name {
            "twilio" => "overseas",
            _ => "mainland",
        };
        let templates = format!(
            r#"[{{ vendor = "{name}", purpose = "login", region = "{region}", template = "{template}"{sign} }}]"#
        );
        let service = Service::with(&[
            ("sms.vendors", &format!("[{name:?}]")),
            ("sms.regions", r#"["CN", "HK"]"#),
            ("sms.templates", &templates),
        ])
        .await;
        service.ask(phone).await.ok();
        let messages = service.inbox(&phone.replace('+', "%2B")).await;
        let text = messages[0]["text"].as_str().expect("a text");
        assert!(text.contains("10"), "{name}: {text}");
        assert_eq!(text.contains("我们"), name != "twilio", "{name}: {text}");
    }
}

#[tokio::test]
async fn inside_the_service_applications_of_the_settings_are_known() {
    let app = |n: u8, kind: &str| {
        format!(
            r#"{{ app_id = "wx00000000000000d{n}", app_secret = "fa4e00000000000000000000000000d{n}", kind = "{kind}", platform = "ours" }}"#
        )
    };
    let apps = [app(1, "mini_program"), app(2, "app"), app(3, "website")].join(", ");
    let service = Service::with(&[("wechat.apps", &format!("[{apps}]"))]).await;
    let tap = json!({ "person": "alice", "app_id": "wx00000000000000d1" });
    let code = service
        .control(reqwest::Method::POST, "wechat/login", tap)
        .await;
    let body = json!({ "code": code["code"], "client": client() });
    let first = Login::of(&service.post("/v1/login/wechat").json(body).send().await);
    for (app_id, client_type) in [("wx00000000000000d2", "app"), ("wx00000000000000d3", "web")] {
        let code = service.oauth_code(app_id, "alice").await;
        let body = json!({ "code": code, "client": client_of(client_type) });
        let answer = service.post("/v1/login/wechat-oauth").json(body);
        let login = Login::of(&answer.send().await);
        assert_eq!(login.0["user"]["id"], first.0["user"]["id"], "{app_id}");
        assert_eq!(login.0["is_new_user"], Value::Bool(false));
    }
}
