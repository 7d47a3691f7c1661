//! Known numbers, codes, tokens, keys and ids go through every operation, while all is
//! well and while each dependency is away, with the log at its most talkative. None of
//! them comes out where it does not belong.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use menshen_app::clock::SystemClock;
use menshen_app::http::operations::{self, Operation, Schemas};
use menshen_domain::ports::clock::Clock as _;
use menshen_outbound::mock::{MockServer, Reaction, Seen};
use menshen_testkit::servers::postgres::PostgresServer;
use menshen_testkit::servers::redis::RedisServer;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::spawn_blocking;

use crate::secrecy::Secrets;
use crate::support::{Answer, Call, Login, Process, client, menshen};

const PHONE: &str = "13900000001";
const OTHER_PHONE: &str = "13900000002";
const TEST_PHONE: &str = "13900000003";
const OPENID: &str = "oPENidOfNobodyElse0123456789";
const UNIONID: &str = "uNIONidOfNobodyElse012345678";
const BIO: &str = "a bio that nobody else reads";
const MASTER_KEY: &str = "q0xTlXvS2mY8cQd1Zr5hWn7uEoPa3KfGjBt9yLiV6sM=";
const SESSION_KEY: &str = "c2Vzc2lvbktleTAxMjM0NQ==";
const WECHAT_TOKEN: &str = "WECHAT_ACCESS_TOKEN_0123456789abcdef";
const APP_SECRET: &str = "0fa15ecre70fa15ecre70fa15ecre700";
const WEBHOOK_SECRET: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
const RECEIPT_SECRET: &str = "r3ceipts0nlyForThoseWhoKnowThis1";
const PUSH_TOKEN: &str = "pusht0kenOfNobodyElse";
const PUSH_KEY: &str = "pushKey0fNobodyElse0123456789abcdefghijklmn";
const ADMIN_KEY: &str = "mak_x4NrQm8TzK1wYb6HsJc3VdLg9EaPo5UiRt2FvSxZ7Q8";
const CAPTCHA: &str = "captchaTokenOfNobodyElse0123456789";
const TRACE_KEY: &str = "Bearer of-the-collector-alone-0123";
const SEALED: &str = "c2VhbGVkIGZvciBub2JvZHkgZWxzZSB0byByZWFkLi4=";
const MADE_UP: &str = "madeUpSecretOfNobodyElse0123456789";
const APP: &str = "wx00000000000000aa";
const DAY: &str = "2026-01-01";

/// What comes out of the process nowhere at all.
const NEVER: [&str; 13] = [
    MASTER_KEY,
    SESSION_KEY,
    WECHAT_TOKEN,
    APP_SECRET,
    WEBHOOK_SECRET,
    RECEIPT_SECRET,
    PUSH_TOKEN,
    PUSH_KEY,
    ADMIN_KEY,
    CAPTCHA,
    TRACE_KEY,
    SEALED,
    MADE_UP,
];
/// What stands in answers to whom it belongs, and nowhere else.
const PERSONAL: [&str; 6] = [PHONE, OTHER_PHONE, TEST_PHONE, OPENID, UNIONID, BIO];

/// How WeChat and the vendor are at the moment.
const WELL: usize = 0;
const CLOSING: usize = 1;
const TALKATIVE: usize = 2;

/// A WeChat that knows one person, and tells secrets where it fails.
fn wechat(seen: &Seen, mood: usize) -> Reaction {
    let person = json!({ "openid": OPENID, "unionid": UNIONID, "session_key": SESSION_KEY });
    let phone = json!({
        "errcode": 0, "errmsg": "ok",
        "phone_info": {
            "phoneNumber": PHONE, "purePhoneNumber": PHONE, "countryCode": "86",
            "watermark": { "timestamp": SystemClock.now().timestamp(), "appid": APP },
        },
    });
    let everything = format!("{person} {WECHAT_TOKEN} {} {}", seen.target, seen.text());
    match (mood, seen.path()) {
        (CLOSING, _) => Reaction::Close,
        (TALKATIVE, "/sns/jscode2session") => {
            Reaction::ok(json!({ "errcode": 45099, "errmsg": everything }).to_string())
        }
        (TALKATIVE, _) => Reaction::status(500, everything),
        (_, "/sns/jscode2session") => Reaction::ok(person.to_string()),
        (_, "/cgi-bin/stable_token") => {
            let token = json!({ "access_token": WECHAT_TOKEN, "expires_in": 7200 });
            Reaction::ok(token.to_string())
        }
        (_, "/wxa/business/getuserphonenumber") => Reaction::ok(phone.to_string()),
        _ => Reaction::status(404, ""),
    }
}

/// A vendor that takes messages, or tells all about them.
fn vendor(seen: &Seen, mood: usize) -> Reaction {
    match mood {
        WELL => Reaction::status(204, ""),
        CLOSING => Reaction::Close,
        _ => Reaction::status(500, format!("{} {:?}", seen.text(), seen.headers)),
    }
}

/// An upstream whose mood the test changes.
async fn upstream(react: fn(&Seen, usize) -> Reaction, mood: &Arc<AtomicUsize>) -> MockServer {
    let mood = Arc::clone(mood);
    let started = MockServer::start(move |seen, _| react(seen, mood.load(Ordering::SeqCst))).await;
    started.expect("an upstream")
}

/// The service with all around it.
struct Stage {
    menshen: Process,
    vendor: MockServer,
    mood: Arc<AtomicUsize>,
    secrets: Secrets,
    /// The tokens of a session that lives, as long as anybody can sign in.
    login: Login,
    /// Names codes of WeChat.
    asked: usize,
}

impl Stage {
    fn of(menshen: Process, vendor: MockServer, mood: Arc<AtomicUsize>) -> Self {
        let mut secrets = Secrets::default();
        for secret in NEVER.iter().chain(&PERSONAL) {
            secrets.add(*secret);
        }
        Self {
            menshen,
            vendor,
            mood,
            secrets,
            login: Login(json!({ "access_token": "", "user": { "id": MADE_UP } })),
            asked: 0,
        }
    }

    fn call(&self, operation: &Operation, path: &str) -> Call {
        let method = Method::from_bytes(operation.method.as_bytes()).expect("a method");
        let separator = if path.contains('?') { '&' } else { '?' };
        // What belongs into no query, and is there all the same, is not repeated.
        let stray = format!("access_token={}&phone={PHONE}", self.login.access());
        let path = match operation.optional_query {
            [] if !operation.admin_key && operation.query.is_empty() => {
                format!("{path}{separator}{stray}")
            }
            _ => path.to_owned(),
        };
        let call = self.menshen.call(method, &path);
        let call = call.header("cookie", &format!("session={MADE_UP}"));
        match (operation.bearer, operation.admin_key) {
            (true, _) => call.bearer(self.login.access()),
            (_, true) => call.bearer(ADMIN_KEY),
            _ => call,
        }
    }

    fn wechat_code(&mut self, kind: &str) -> String {
        self.asked += 1;
        let code = format!("{kind}CodeOfNobodyElse{:08}", self.asked);
        self.secrets.add(&code);
        code
    }

    /// The newest code that the vendor was sent, if any was.
    fn sms_code(&mut self) -> String {
        let seen = self.vendor.seen();
        // Word to a lost number has none.
        let newest = seen.iter().rev().find_map(|message| {
            let body: Value = serde_json::from_slice(&message.body).ok()?;
            Some(body["code"].as_str()?.to_owned())
        });
        newest.unwrap_or_else(|| "482915".to_owned())
    }

    /// What an operation is asked with; each has to be here.
    fn body_of(&mut self, method: &str, path: &str) -> Option<Value> {
        let client = client();
        let by_code = json!({ "phone": PHONE, "code": self.sms_code(), "client": client });
        Some(match (method, path) {
            ("POST", "/v1/sms/codes") => json!({
                "phone": PHONE, "purpose": "login", "client_type": "mini_program",
                "captcha": CAPTCHA,
            }),
            ("POST", "/v1/login/sms") => by_code,
            ("POST", "/v1/login/wechat") => {
                json!({ "code": self.wechat_code("login"), "client": client, "restore": true })
            }
            ("POST", "/v1/login/wechat-phone") => json!({
                "phone_code": self.wechat_code("phone"), "login_code": self.wechat_code("login"),
                "client": client, "restore": true,
            }),
            ("POST", "/v1/login/wechat-oauth") => json!({
                "code": self.wechat_code("oauth"), "client": { "type": "app" },
            }),
            ("POST", "/v1/token/refresh") => json!({ "refresh_token": self.login.refresh() }),
            ("POST", "/v1/logout") => json!({ "scope": "others" }),
            ("PATCH", "/v1/me") => json!({ "bio": BIO }),
            ("POST", "/v1/me/phone") => json!({ "phone": OTHER_PHONE, "code": self.sms_code() }),
            ("POST", "/v1/me/step-up") => json!({ "wechat_code": self.wechat_code("proof") }),
            ("POST", "/v1/me/wechat") => json!({ "code": self.wechat_code("link") }),
            ("POST", "/v1/me/wechat/decrypt") => {
                json!({ "encrypted_data": SEALED, "iv": "AAECAwQFBgcICQoLDA0ODw==" })
            }
            ("POST", "/admin/v1/users/search" | "/admin/v1/sends/search") => {
                json!({ "phone": PHONE })
            }
            ("POST", "/admin/v1/users/merge") => json!({
                "from": self.login.user(), "into": self.login.user(), "reason": "ticket 1",
            }),
            (
                "POST",
                "/admin/v1/users/{id}/disable"
                | "/admin/v1/users/{id}/enable"
                | "/admin/v1/users/{id}/detach-phone",
            ) => json!({ "reason": "ticket 1" }),
            // With another word, nobody is signed out.
            ("POST", "/admin/v1/sessions/end") => json!({
                "confirm": "nobody", "reason": "ticket 1", "cursor": self.login.user(),
            }),
            ("POST", "/admin/v1/webhooks/deliveries/replay") => json!({
                "event_id": self.login.user(), "receiver": "crm",
            }),
            ("POST", "/admin/v1/test-numbers") => json!({
                "phone": TEST_PHONE, "code": "739164",
                "until": SystemClock.now() + chrono::TimeDelta::days(1),
            }),
            ("POST", "/v1/sms/receipts/{vendor}/{secret}") => json!([{
                "phone_number": PHONE, "success": false, "err_code": "X", "err_msg": PHONE,
                "biz_id": "900000000000000001^0", "out_id": PHONE,
                "send_time": "2026-01-01 08:00:00", "report_time": "2026-01-01 08:00:03",
            }]),
            ("POST", "/v1/wechat/push/{app_id}") => {
                json!({ "ToUserName": "gh_1", "Encrypt": SEALED })
            }
            // A form, or nothing but who asks, where, and for what.
            ("POST", "/v1/token/introspect" | "/v1/token/revoke" | "/v1/me/avatar")
            | (
                "GET" | "DELETE",
                "/v1/me"
                | "/v1/me/export"
                | "/v1/me/identities/{id}"
                | "/v1/me/sessions"
                | "/v1/me/sessions/{id}"
                | "/v1/auth/verify"
                | "/avatars/{name}"
                | "/.well-known/jwks.json"
                | "/v1/wechat/push/{app_id}"
                | "/healthz"
                | "/readyz"
                | "/metrics"
                | "/openapi.json"
                | "/docs"
                | "/console"
                | "/admin/v1/key"
                | "/admin/v1/users/{id}"
                | "/admin/v1/users/{id}/sessions"
                | "/admin/v1/users/{id}/sessions/{session_id}"
                | "/admin/v1/audit-events"
                | "/admin/v1/applications"
                | "/admin/v1/counters"
                | "/admin/v1/signing-keys"
                | "/admin/v1/signing-keys/{kid}"
                | "/admin/v1/test-numbers"
                | "/admin/v1/test-numbers/{id}"
                | "/admin/v1/webhooks/deliveries",
            ) => return None,
            unknown => panic!("{unknown:?} is a new operation: tell the canary how to ask for it"),
        })
    }

    /// The path, with something secret in the place of each parameter that may be anything.
    fn path_of(&self, operation: &Operation) -> String {
        let of_the_user = operation.path.starts_with("/admin/v1/users/{id}");
        let id = if of_the_user {
            self.login.user()
        } else {
            MADE_UP
        };
        let path = operation
            .path
            .replace("{vendor}", "aliyun")
            .replace("{secret}", RECEIPT_SECRET)
            .replace("{app_id}", APP)
            .replace("{id}", id)
            .replace("{session_id}", MADE_UP)
            .replace("{name}", MADE_UP)
            .replace("{kid}", MADE_UP);
        let query: Vec<String> = operation
            .query
            .iter()
            .map(|name| format!("{name}={MADE_UP}"))
            .collect();
        match query.as_slice() {
            [] if path == "/admin/v1/counters" => format!("{path}?date={DAY}"),
            [] => path,
            members => format!("{path}?{}", members.join("&")),
        }
    }

    /// Asks once for everything, and holds every answer against what may be in it.
    async fn ask_for_all(&mut self, well: bool) {
        // What ends the session, or the account, comes when all else has been asked.
        let last = |operation: &&Operation| {
            let revokes = operation.path.ends_with("/disable") || operation.form.is_some();
            let ends = operation.method == "DELETE";
            usize::from(revokes) + 2 * usize::from(ends)
        };
        let mut all: Vec<&Operation> = operations::all().collect();
        all.sort_by_key(last);
        for operation in all {
            if well {
                self.sign_in().await;
            }
            let body = self.body_of(operation.method, operation.path);
            let call = self.call(operation, &self.path_of(operation));
            let answer = match (body, operation.form) {
                (Some(body), _) => call.json(body).send().await,
                (None, Some(_)) => {
                    let form = format!("token={}", self.login.refresh());
                    call.form(&form).send().await
                }
                (None, None) => call.send().await,
            };
            self.look_at(operation, &answer);
            if well && operation.path == "/v1/sms/codes" {
                answer.ok();
                let code = self.sms_code();
                self.secrets.add(code);
            }
        }
    }

    /// Ends the process, and looks for secrets in all that it has said and kept.
    async fn ends_in_silence(self, collector: &MockServer, kept: &str, audit: &str) {
        let metrics = self.menshen.get("/metrics").send().await.text;
        self.menshen.signal("TERM");
        let (_, log) = self.menshen.end();
        assert!(log.contains("request answered"), "{log}");
        assert!(log.contains("\"level\":\"DEBUG\""), "it says little: {log}");
        assert!(audit.lines().count() > 30, "{audit}");
        assert!(audit.contains("139****0001"), "{audit}");
        assert!(audit.contains("account.number_told"), "{audit}");
        let told = collector.seen();
        assert!(told.len() > 1, "nothing was traced");
        let traces: String = told.iter().map(Seen::text).collect();
        for (place, text) in [
            ("the log", log.as_str()),
            ("a metric", &metrics),
            ("a trace", &traces),
            ("a row of the audit log", audit),
            ("Redis", kept),
        ] {
            self.secrets.are_not_in(place, text);
        }
    }

    /// A new session, whatever became of the one before.
    async fn sign_in(&mut self) {
        if !self.login.access().is_empty() {
            let me = self.menshen.get("/v1/me").bearer(self.login.access());
            if me.send().await.status == 200 {
                return;
            }
        }
        let enable = format!("/admin/v1/users/{}/enable", self.login.user());
        let enable = self.menshen.post(&enable).bearer(ADMIN_KEY);
        enable.json(json!({ "reason": "ticket 1" })).send().await;
        // A WeChat that failed a moment ago is left alone for a while.
        for _ in 0..150 {
            let body = json!({
                "phone_code": self.wechat_code("phone"), "login_code": self.wechat_code("login"),
                "client": client(), "restore": true,
            });
            let call = self.menshen.post("/v1/login/wechat-phone").json(body);
            let answer = call.send().await;
            if answer.status != 503 {
                answer.ok();
                self.login = self.secrets.of(&answer);
                return;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        panic!("nobody can sign in");
    }

    fn look_at(&mut self, operation: &Operation, answer: &Answer) {
        let what = format!("{} {}: {}", operation.method, operation.path, answer.status);
        let body: Option<Value> = serde_json::from_str(&answer.text).ok();
        let issued = body.and_then(|body| body.pointer("/data/refresh_token").cloned());
        if issued.is_some() {
            self.login = self.secrets.of(answer);
        }
        let headers = format!("{:?}", answer.headers);
        for text in [&answer.text, &headers] {
            for secret in NEVER {
                assert!(!text.contains(secret), "{what} tells {secret}: {text}");
            }
        }
        let about_people = matches!(operation.answer, Schemas::Envelope(_) | Schemas::Plain(_));
        if answer.status >= 400 || !about_people {
            self.secrets.are_not_in(&what, &answer.text);
            self.secrets.are_not_in(&what, &headers);
        }
    }
}

fn settings<'a>(urls: &'a [String; 5], apps: &'a str, keys: &'a str) -> Vec<(&'a str, &'a str)> {
    let [wechat, vendor, collector, redis, postgres] = urls.each_ref().map(String::as_str);
    vec![
        ("server.listen", "127.0.0.1:0"),
        ("log.level", "trace"),
        ("log.format", "json"),
        ("RUST_LOG", "trace"),
        ("database.url", postgres),
        ("ephemeral.url", redis),
        ("wechat.base_url", wechat),
        ("wechat.apps", apps),
        ("wechat.phone_per_user_day", "0"),
        ("admin.keys", keys),
        ("sms.vendors", "[\"webhook\"]"),
        ("sms.webhook.url", vendor),
        ("sms.webhook.secret", WEBHOOK_SECRET),
        ("sms.webhook.notices", "on"),
        ("sms.receipt_secret", RECEIPT_SECRET),
        ("sms.resend_interval", "0s"),
        ("tracing.otlp_endpoint", collector),
        ("tracing.authorization", TRACE_KEY),
        ("tracing.sample_ratio", "1"),
        ("secrets.master_key", MASTER_KEY),
    ]
}

/// All keys of Redis, and all that stands in them.
fn copy_of(redis: &RedisServer) -> String {
    let keys = redis.command(&["KEYS", "*"]);
    assert!(keys.lines().count() > 3, "{keys}");
    let mut copy = keys.clone();
    for key in keys.lines() {
        copy += &match redis.command(&["TYPE", key]).as_str() {
            "string" => redis.command(&["GET", key]),
            "hash" => redis.command(&["HGETALL", key]),
            "zset" => redis.command(&["ZRANGE", key, "0", "-1", "WITHSCORES"]),
            other => panic!("{key} is a {other}"),
        };
    }
    copy
}

/// Runs what blocks, away from the tasks.
async fn aside<T: Send + 'static>(act: impl FnOnce() -> T + Send + 'static) -> T {
    spawn_blocking(act).await.expect("done")
}

/// Two applications, and the key of an operator.
fn apps_and_keys() -> [String; 2] {
    let apps = format!(
        "[{{ app_id = \"{APP}\", app_secret = \"{APP_SECRET}\", kind = \"mini_program\", \
         platform = \"p\", push_token = \"{PUSH_TOKEN}\", push_aes_key = \"{PUSH_KEY}\" }}, \
         {{ app_id = \"wx00000000000000bb\", app_secret = \"{APP_SECRET}\", kind = \"app\", \
         platform = \"p\" }}]"
    );
    let sha256 = hex::encode(digest(&SHA256, ADMIN_KEY.as_bytes()));
    let keys = format!("[{{ name = \"ops\", sha256 = \"{sha256}\", scope = \"write\" }}]");
    [apps, keys]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_operation_and_no_fault_lets_a_secret_out() {
    let servers = aside(|| (RedisServer::start(), PostgresServer::start()));
    let (redis, postgres) = servers.await;
    let (redis, postgres) = (Arc::new(redis), Arc::new(postgres));
    let mood = Arc::new(AtomicUsize::new(WELL));
    let (upstream, vendor) = (upstream(wechat, &mood).await, upstream(vendor, &mood).await);
    let collector = MockServer::start(|_, _| Reaction::ok("")).await;
    let collector = collector.expect("a collector");
    let urls = [
        upstream.url(),
        vendor.url(),
        collector.url(),
        redis.url(),
        postgres.url(),
    ];
    let [apps, keys] = apps_and_keys();
    let folder = tempfile::tempdir().expect("a folder");
    let command = menshen(folder.path(), &settings(&urls, &apps, &keys), &["serve"]);
    let mut stage = Stage::of(Process::start(command, "Playground"), vendor, mood);

    stage.ask_for_all(true).await;
    for mood in [CLOSING, TALKATIVE] {
        stage.sign_in().await;
        stage.mood.store(mood, Ordering::SeqCst);
        stage.ask_for_all(false).await;
        stage.mood.store(WELL, Ordering::SeqCst);
    }
    stage.sign_in().await;
    let kept = Arc::clone(&redis);
    let kept = aside(move || copy_of(&kept)).await;
    let audit = Arc::clone(&postgres);
    let audit = aside(move || audit.execute("SELECT * FROM audit_events")).await;
    aside(move || redis.kill()).await;
    stage.ask_for_all(false).await;
    stage.sign_in().await;
    aside(move || postgres.kill()).await;
    stage.ask_for_all(false).await;
    stage.ends_in_silence(&collector, &kept, &audit).await;
}
