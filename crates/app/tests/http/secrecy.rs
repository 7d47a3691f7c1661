//! What is never said: a journey through everything, with the log at its most
//! talkative.

use std::fs;
use std::time::Duration;

use menshen_app::clock::SystemClock;
use menshen_domain::ports::clock::Clock as _;
use menshen_outbound::mock::{MockServer, Reaction, Seen};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Login, Process, client, menshen};

const PHONE: &str = "13900000001";
const OPENID: &str = "oPENidOfNobodyElse0123456789";
const UNIONID: &str = "uNIONidOfNobodyElse012345678";
const SESSION_KEY: &str = "c2Vzc2lvbktleTAxMjM0NQ==";
const WECHAT_TOKEN: &str = "WECHAT_ACCESS_TOKEN_0123456789abcdef";
const APP_SECRET: &str = "0fa15ecre70fa15ecre70fa15ecre700";
const WEBHOOK_SECRET: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
const MASTER_KEY: &str = "q0xTlXvS2mY8cQd1Zr5hWn7uEoPa3KfGjBt9yLiV6sM=";
const RECEIPT_SECRET: &str = "r3ceipts0nlyForThoseWhoKnowThis1";
const PUSH_TOKEN: &str = "pusht0kenOfNobodyElse";
const PUSH_KEY: &str = "pushKey0fNobodyElse0123456789abcdefghijklmn";
const ALIYUN_SECRET: &str = "aliyunS3cretOfNobodyElse01";
const APP: &str = "wx00000000000000aa";

/// A WeChat that knows one person, and misbehaves for some codes.
fn wechat(seen: &Seen, _: usize) -> Reaction {
    let answer = |body: Value| Reaction::ok(body.to_string());
    let person = json!({ "openid": OPENID, "unionid": UNIONID, "session_key": SESSION_KEY });
    match seen.path() {
        "/sns/jscode2session" if seen.query().contains("refused") => answer(json!({
            "errcode": 40029, "errmsg": format!("invalid code {SESSION_KEY} rid: 1"),
        })),
        "/sns/jscode2session" if seen.query().contains("closed") => Reaction::Close,
        "/sns/jscode2session" if seen.query().contains("half") => {
            Reaction::CutShort(person.to_string().into_bytes())
        }
        "/sns/jscode2session" if seen.query().contains("html") => {
            Reaction::status(502, format!("<html>{SESSION_KEY} {OPENID}</html>"))
        }
        "/sns/jscode2session" => answer(person),
        "/cgi-bin/stable_token" => {
            answer(json!({ "access_token": WECHAT_TOKEN, "expires_in": 7200 }))
        }
        "/wxa/business/getuserphonenumber" => answer(json!({
            "errcode": 0, "errmsg": "ok",
            "phone_info": {
                "phoneNumber": PHONE, "purePhoneNumber": PHONE, "countryCode": "86",
                "watermark": { "timestamp": SystemClock.now().timestamp(), "appid": APP },
            },
        })),
        _ => Reaction::status(404, ""),
    }
}

/// Everything secret or personal that the journey has touched.
#[derive(Default)]
pub(crate) struct Secrets(Vec<String>);

impl Secrets {
    pub(crate) fn add(&mut self, secret: impl Into<String>) {
        self.0.push(secret.into());
    }

    pub(crate) fn of(&mut self, answer: &Answer) -> Login {
        let login = Login::of(answer);
        for token in [login.access(), login.refresh()] {
            // The last part makes a token: a session's id alone is no secret.
            let proof = token.rsplit('.').next().expect("a part");
            self.add(proof);
            self.add(token);
        }
        login
    }

    /// Panics where one of them stands in `text` as a word of its own.
    pub(crate) fn are_not_in(&self, what: &str, text: &str) {
        for secret in &self.0 {
            let mut rest = text;
            while let Some(at) = rest.find(secret.as_str()) {
                let before = rest[..at].chars().next_back();
                let after = rest[at + secret.len()..].chars().next();
                let digits = secret.bytes().all(|b| b.is_ascii_digit()) && secret.len() < 8;
                let within = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
                // Six digits may stand inside an id by chance.
                if !digits || !(within(before) || within(after)) {
                    let start = rest[..at].rfind('\n').map_or(0, |line| line + 1);
                    let line = rest[start..].lines().next().unwrap_or_default();
                    panic!("{what} tells {secret}: {line}");
                }
                rest = &rest[at + secret.len()..];
            }
        }
    }
}

/// The newest code that the receiver was sent.
fn newest_code(receiver: &MockServer) -> String {
    let seen = receiver.seen();
    let message = seen.last().expect("a message");
    let body: Value = serde_json::from_slice(&message.body).expect("JSON");
    body["code"].as_str().expect("a code").to_owned()
}

struct Journey {
    menshen: Process,
    receiver: MockServer,
    secrets: Secrets,
}

impl Journey {
    async fn post(&self, path: &str, token: Option<&str>, body: Value) -> Answer {
        let call = self.menshen.post(path).json(body);
        match token {
            Some(token) => call.bearer(token).send().await,
            None => call.send().await,
        }
    }

    async fn tap(&mut self, code: &str) -> Answer {
        self.secrets.add(code);
        let body = json!({ "code": code, "client": client() });
        self.post("/v1/login/wechat", None, body).await
    }

    async fn by_sms(&mut self) -> Login {
        let ask = json!({ "phone": PHONE, "purpose": "login", "client_type": "mini_program" });
        self.post("/v1/sms/codes", None, ask.clone()).await.ok();
        let code = newest_code(&self.receiver);
        self.secrets.add(&code);
        let again = self.post("/v1/sms/codes", None, ask).await;
        again.fails(429, "sms_too_frequent");
        let body = json!({ "phone": PHONE, "code": "000000", "client": client() });
        self.post("/v1/login/sms", None, body).await;
        let malformed = json!({ "phone": PHONE, "code": format!("{code}x"), "client": client() });
        let refused = self.post("/v1/login/sms", None, malformed).await;
        refused.fails(400, "invalid_request");
        let body = json!({ "phone": PHONE, "code": code, "client": client() });
        let login = self.post("/v1/login/sms", None, body).await;
        self.secrets.of(&login)
    }

    async fn by_wechat(&mut self) -> Login {
        for (code, status) in [
            ("refusedcode0123456789", 400),
            ("closedcode0123456789", 503),
            ("halfcode0123456789", 503),
            ("htmlcode0123456789", 503),
        ] {
            assert_eq!(self.tap(code).await.status, status, "{code}");
        }
        let login = self.tap("goodcode0123456789").await;
        let login = self.secrets.of(&login);
        let again = self.tap("goodcode0123456789").await;
        self.secrets.of(&again);
        login
    }

    async fn by_button(&mut self) -> Login {
        for code in ["phonecode0123456789", "logincode0123456789"] {
            self.secrets.add(code);
        }
        let body = json!({
            "phone_code": "phonecode0123456789", "login_code": "logincode0123456789",
            "client": client(),
        });
        let login = self.post("/v1/login/wechat-phone", None, body).await;
        self.secrets.of(&login)
    }

    /// Open data that cannot be opened, pushed messages and receipts, true and not.
    async fn hear_from_outside(&mut self, login: &Login) {
        let sealed = "c2VhbGVkIGZvciBub2JvZHkgZWxzZSB0byByZWFkLi4=";
        self.secrets.add(sealed);
        let open = json!({ "encrypted_data": sealed, "iv": "AAECAwQFBgcICQoLDA0ODw==" });
        let refused = self.post("/v1/me/wechat/decrypt", Some(login.access()), open);
        refused.await.fails(400, "decrypt_failed");

        let query =
            "signature=5176f&timestamp=1&nonce=n&echostr=e&msg_signature=5176f&encrypt_type=aes";
        let push = format!("/v1/wechat/push/{APP}?{query}&openid={OPENID}");
        self.menshen.get(&push).send().await.fails(403, "forbidden");
        let body = json!({ "ToUserName": "gh_1", "Encrypt": sealed }).to_string();
        let pushed = self.menshen.post(&push).text(body).send().await;
        pushed.fails(403, "forbidden");

        let told = json!([{
            "phone_number": PHONE, "success": false, "err_code": "MOBILE_SEND_LIMIT",
            "err_msg": PHONE, "biz_id": "900000000000000001^0", "out_id": PHONE,
            "send_time": "2026-01-01 08:00:00", "report_time": "2026-01-01 08:00:03",
        }]);
        for (secret, body, status) in [
            (RECEIPT_SECRET, told.to_string(), 200),
            (
                RECEIPT_SECRET,
                format!("[{{\"phone_number\":\"{PHONE}\""),
                400,
            ),
            ("r3ceipts0nlyForThoseWhoKnowThis2", told.to_string(), 404),
        ] {
            self.secrets.add(secret);
            let path = format!("/v1/sms/receipts/aliyun/{secret}");
            let answer = self.menshen.post(&path).text(body).send().await;
            assert_eq!(answer.status, status, "{answer:?}");
        }
    }

    /// Refreshing, reuse, a profile, devices, and tokens where none belong.
    async fn onwards(&mut self, login: &Login) {
        let body = json!({ "refresh_token": login.refresh() });
        let next = self.post("/v1/token/refresh", None, body.clone()).await;
        let next = self.secrets.of(&next);
        let again = self.post("/v1/token/refresh", None, body).await;
        self.secrets.of(&again);
        let forged = format!("{}x", next.refresh());
        let body = json!({ "refresh_token": forged, "x": 1 });
        self.post("/v1/token/refresh", None, body).await;
        let token = next.access();
        for path in [
            "/v1/me".to_owned(),
            "/v1/me/sessions".to_owned(),
            "/v1/auth/verify".to_owned(),
            format!("/v1/me?access_token={token}&phone={PHONE}"),
            format!("/v1/nothing/{token}"),
        ] {
            self.menshen.get(&path).bearer(token).send().await;
            self.menshen.get(&path).send().await;
        }
        self.secrets.add("a bio that nobody else reads");
        let patch = json!({ "bio": "a bio that nobody else reads", "nickname": "nobodyselse" });
        let call = self.menshen.call(Method::PATCH, "/v1/me").bearer(token);
        call.json(patch).send().await.ok();
        let text = format!("{{\"refresh_token\":\"{}", next.refresh());
        let call = self.menshen.post("/v1/token/refresh").text(text);
        call.send().await.fails(400, "malformed_json");
        let ask = json!({ "purpose": "step_up", "client_type": "mini_program" });
        // Within the minute of the login code.
        self.post("/v1/sms/codes", Some(token), ask).await;
        let out = self
            .post("/v1/logout", Some(token), json!({ "scope": "all" }))
            .await;
        out.ok();
    }
}

#[tokio::test]
async fn neither_the_log_nor_the_database_tells_a_secret() {
    let folder = tempfile::tempdir().expect("a folder");
    let upstream = MockServer::start(wechat).await.expect("a WeChat");
    let receiver = MockServer::start(|_, _| Reaction::status(204, "")).await;
    let receiver = receiver.expect("a receiver");
    let apps = format!(
        "[{{ app_id = \"{APP}\", app_secret = \"{APP_SECRET}\", kind = \"mini_program\", platform = \"p\", push_token = \"{PUSH_TOKEN}\", push_aes_key = \"{PUSH_KEY}\" }}]"
    );
    let settings = [
        ("server.listen", "127.0.0.1:0"),
        ("log.level", "trace"),
        ("log.format", "json"),
        ("wechat.base_url", &upstream.url()),
        ("wechat.apps", &apps),
        ("sms.vendors", "[\"webhook\", \"aliyun\"]"),
        ("sms.aliyun.endpoint", &upstream.url()),
        ("sms.aliyun.access_key_id", "anId"),
        ("sms.aliyun.access_key_secret", ALIYUN_SECRET),
        ("sms.aliyun.sign_name", "门神"),
        ("sms.aliyun.template_code", "SMS_1"),
        ("sms.receipt_secret", RECEIPT_SECRET),
        ("sms.webhook.url", &receiver.url()),
        ("sms.webhook.secret", WEBHOOK_SECRET),
        ("secrets.master_key", MASTER_KEY),
        ("RUST_LOG", "trace"),
    ];
    let command = menshen(folder.path(), &settings, &["serve"]);
    let mut journey = Journey {
        menshen: Process::start(command, "Playground"),
        receiver,
        secrets: Secrets::default(),
    };
    for secret in [
        PHONE,
        OPENID,
        UNIONID,
        SESSION_KEY,
        WECHAT_TOKEN,
        APP_SECRET,
        WEBHOOK_SECRET,
        MASTER_KEY,
        PUSH_TOKEN,
        PUSH_KEY,
        ALIYUN_SECRET,
    ] {
        journey.secrets.add(secret);
    }
    journey.by_sms().await;
    journey.by_wechat().await;
    let login = journey.by_button().await;
    journey.hear_from_outside(&login).await;
    journey.onwards(&login).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    let metrics = journey.menshen.get("/metrics").send().await.text;
    assert!(metrics.contains("menshen_logins_total"), "{metrics}");
    journey.secrets.are_not_in("a metric", &metrics);

    let Journey {
        menshen,
        mut secrets,
        ..
    } = journey;
    menshen.signal("TERM");
    let (status, log) = menshen.end();
    assert_eq!(status, Some(0), "{log}");
    assert!(log.contains("\"level\":\"DEBUG\""), "it says little: {log}");
    assert!(log.contains("request answered"), "{log}");
    secrets.are_not_in("the log", &log);
    for word in ["Authorization", "authorization", "Bearer ey"] {
        assert!(!log.contains(word), "{word}: {log}");
    }
    let lines = log.lines().filter(|line| line.starts_with('{'));
    for line in lines {
        let event: Value = serde_json::from_str(line).expect("one object a line");
        assert!(
            event["timestamp"]
                .as_str()
                .is_some_and(|at| at.ends_with('Z')),
            "{line}"
        );
    }

    // The database knows openids and profiles, but no number, key, code or token.
    secrets.0.retain(|secret| {
        ![OPENID, UNIONID, "a bio that nobody else reads"].contains(&secret.as_str())
    });
    for entry in fs::read_dir(folder.path().join("data")).expect("data") {
        let path = entry.expect("an entry").path();
        let bytes = fs::read(&path).expect("a file");
        let text = String::from_utf8_lossy(&bytes);
        secrets.are_not_in(&path.display().to_string(), &text);
    }
}
