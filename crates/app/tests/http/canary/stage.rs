//! Asking for every operation, and looking for secrets in what it answers.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use menshen_app::clock::SystemClock;
use menshen_app::http::operations::{self, Operation, Schemas};
use menshen_domain::ports::clock::Clock as _;
use menshen_outbound::mock::{MockServer, Seen};
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    ADMIN_KEY, APP, BIO, CAPTCHA, DAY, MADE_UP, NEVER, OTHER_PHONE, PERSONAL, PHONE,
    RECEIPT_SECRET, SEALED, TEST_PHONE,
};
use crate::secrecy::Secrets;
use crate::support::{Answer, Call, Login, Process, client};

/// The service with all around it.
pub(super) struct Stage {
    menshen: Process,
    vendor: MockServer,
    pub(super) mood: Arc<AtomicUsize>,
    secrets: Secrets,
    /// The tokens of a session that lives, as long as anybody can sign in.
    login: Login,
    /// Names codes of WeChat.
    asked: usize,
}

impl Stage {
    pub(super) fn of(menshen: Process, vendor: MockServer, mood: Arc<AtomicUsize>) -> Self {
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
    pub(super) async fn ask_for_all(&mut self, well: bool) {
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
    pub(super) async fn ends_in_silence(self, collector: &MockServer, kept: &str, audit: &str) {
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
    pub(super) async fn sign_in(&mut self) {
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
