//! A cluster for each test, and clients that ask it.

use std::net::IpAddr;
use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::time::{Duration, Instant};

use menshen_cluster::{Cluster, Options, Profile};
use menshen_simulator::defaults;
use menshen_sql::{Database, DatabaseOptions};
use reqwest::Method;
use sea_orm::{ConnectionTrait as _, DatabaseConnection, Statement};
use serde_json::{Value, json};
use tokio::sync::{Mutex, MutexGuard};

/// What would stop a load that comes from one machine.
const UNLIMITED: [(&str, &str); 13] = [
    ("sms.per_ip_hour", "0"),
    ("sms.per_ip_day", "0"),
    ("sms.failures_per_ip", "0"),
    ("sms.deployment_day", "0"),
    ("sms.per_network_hour", "0"),
    ("sms.per_prefix_hour", "0"),
    ("sms.deployment_minute", "0"),
    ("sms.failures_per_network", "0"),
    ("sms.guard", "off"),
    ("tokens.refresh_per_ip", "0"),
    ("tokens.refresh_per_session", "0"),
    ("sessions.max_per_client_type", "0"),
    ("wechat.phone_per_user_day", "0"),
];

/// One cluster at a time: each has all processors to itself, and the bounds that it
/// keeps are its own.
static ALONE: Mutex<()> = Mutex::const_new(());

/// A cluster, as long as it is needed.
pub(crate) struct Stage {
    cluster: Cluster,
    _alone: MutexGuard<'static, ()>,
}

impl Deref for Stage {
    type Target = Cluster;

    fn deref(&self) -> &Cluster {
        &self.cluster
    }
}

impl DerefMut for Stage {
    fn deref_mut(&mut self) -> &mut Cluster {
        &mut self.cluster
    }
}

/// Two replicas as for people, with these settings too.
pub(crate) async fn cluster(more: &[(&str, &str)]) -> Stage {
    replicas(2, more).await
}

/// So many replicas.
pub(crate) async fn replicas(count: usize, more: &[(&str, &str)]) -> Stage {
    let alone = ALONE.lock().await;
    let all = UNLIMITED.iter().chain(more);
    let options = Options {
        binary: Path::new(env!("CARGO_BIN_EXE_menshen")).to_owned(),
        profile: Profile::Production,
        replicas: count,
        settings: all
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect(),
    };
    let cluster = Cluster::start(&options).await.expect("a cluster");
    Stage {
        cluster,
        _alone: alone,
    }
}

/// What was answered.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl Answer {
    /// The envelope's code.
    pub(crate) fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    pub(crate) fn is_ok(&self) -> bool {
        self.status == 200 && self.code() == "ok"
    }

    /// A text within `data`.
    #[track_caller]
    pub(crate) fn text(&self, pointer: &str) -> String {
        let text = self.body["data"].pointer(pointer).and_then(Value::as_str);
        text.unwrap_or_else(|| panic!("no {pointer} in {self:?}"))
            .to_owned()
    }
}

/// Somebody with an address of their own who asks one base URL.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
}

impl Client {
    /// Asks `base` from the `n`th address of the loopback.
    pub(crate) fn new(base: &str, n: u8) -> Self {
        let http = reqwest::Client::builder()
            .no_proxy()
            .local_address(IpAddr::from([127, 0, 1, n]))
            .timeout(Duration::from_secs(20))
            .build()
            .expect("a client");
        Self {
            http,
            base: base.to_owned(),
        }
    }

    /// Asks, and says what was answered, if anything was.
    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Option<Value>,
    ) -> Result<Answer, reqwest::Error> {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        answered(request.send().await?).await
    }

    /// What `/readyz` says, and whether the connection ends with it.
    pub(crate) async fn readiness(&self) -> Result<(Answer, bool), reqwest::Error> {
        let response = self
            .http
            .get(format!("{}/readyz", self.base))
            .send()
            .await?;
        let closes = response.headers().get("connection");
        let closes = closes.is_some_and(|value| value == "close");
        let status = response.status().as_u16();
        let body = response.json().await?;
        Ok((Answer { status, body }, closes))
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Result<Answer, reqwest::Error> {
        self.ask(Method::POST, path, None, Some(body)).await
    }

    /// Hands in whatever it is as JSON.
    pub(crate) async fn raw(&self, path: &str, body: String) -> Answer {
        let request = self.http.post(format!("{}{path}", self.base));
        let request = request
            .header("content-type", "application/json")
            .body(body);
        answered(request.send().await.expect("an answer"))
            .await
            .expect("a body")
    }

    /// Hands a body in under these headers.
    pub(crate) async fn with_headers(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Answer {
        let mut request = self.http.post(format!("{}{path}", self.base)).json(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        answered(request.send().await.expect("an answer"))
            .await
            .expect("a body")
    }

    pub(crate) async fn get(&self, path: &str, token: &str) -> Result<Answer, reqwest::Error> {
        self.ask(Method::GET, path, Some(token), None).await
    }

    pub(crate) async fn refresh(&self, token: &str) -> Result<Answer, reqwest::Error> {
        self.post("/v1/token/refresh", json!({ "refresh_token": token }))
            .await
    }

    pub(crate) async fn sign_out(&self, token: &str) -> Result<Answer, reqwest::Error> {
        let body = Some(json!({}));
        self.ask(Method::POST, "/v1/logout", Some(token), body)
            .await
    }

    pub(crate) async fn one_tap(&self, code: &str) -> Result<Answer, reqwest::Error> {
        let body = json!({ "code": code, "client": { "type": "mini_program" } });
        self.post("/v1/login/wechat", body).await
    }

    /// A native app's login.
    pub(crate) async fn oauth(&self, code: &str) -> Result<Answer, reqwest::Error> {
        let body = json!({ "code": code, "client": { "type": "app" } });
        self.post("/v1/login/wechat-oauth", body).await
    }

    pub(crate) async fn try_code(&self, phone: &str, code: &str) -> Result<Answer, reqwest::Error> {
        let client = json!({ "type": "mini_program" });
        let body = json!({ "phone": phone, "code": code, "client": client });
        self.post("/v1/login/sms", body).await
    }

    pub(crate) async fn ask_for_code(&self, phone: &str) -> Result<Answer, reqwest::Error> {
        let ask = json!({ "phone": phone, "purpose": "login", "client_type": "mini_program" });
        self.post("/v1/sms/codes", ask).await
    }
}

async fn answered(response: reqwest::Response) -> Result<Answer, reqwest::Error> {
    let status = response.status().as_u16();
    let text = response.text().await?;
    let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    Ok(Answer { status, body })
}

/// The hand that holds the phones: the control API of the offline WeChat.
#[derive(Debug, Clone)]
pub(crate) struct Hand(Client);

impl Hand {
    pub(crate) fn of(cluster: &Cluster) -> Self {
        Self(Client::new(&cluster.simulator.url(), 1))
    }

    async fn control(&self, path: &str, body: Value) -> Value {
        let answer = self.0.post(&format!("/control/{path}"), body).await;
        let answer = answer.expect("the offline WeChat");
        assert!(answer.status < 300, "{path}: {answer:?}");
        answer.body
    }

    /// Somebody whom nobody knew.
    pub(crate) async fn person(&self, name: &str, phone: Option<&str>) {
        let body = json!({ "name": name, "phone": phone });
        self.control("people", body).await;
    }

    /// `wx.login`.
    pub(crate) async fn login_code(&self, person: &str) -> String {
        let answer = self.control("wechat/login", json!({ "person": person }));
        answer.await["code"].as_str().expect("a code").to_owned()
    }

    /// Consent in a native app.
    pub(crate) async fn oauth_code(&self, person: &str) -> String {
        let body = json!({ "person": person, "app_id": defaults::APP_APP_ID });
        let answer = self.control("wechat/oauth", body);
        answer.await["code"].as_str().expect("a code").to_owned()
    }

    /// The getPhoneNumber button.
    pub(crate) async fn phone_code(&self, person: &str) -> String {
        let answer = self.control("wechat/phone", json!({ "person": person }));
        answer.await["code"].as_str().expect("a code").to_owned()
    }

    /// Lets a call of WeChat take so many milliseconds.
    pub(crate) async fn delay(&self, path: &str, latency_ms: u64) {
        let fault = json!({ "target": path, "latency_ms": latency_ms });
        let put = self
            .0
            .ask(Method::PUT, "/control/faults", None, Some(fault));
        assert!(put.await.expect("the offline WeChat").status < 300);
    }

    /// Waits until somebody has made a call of WeChat.
    pub(crate) async fn wait_for_call(&self, path: &str) {
        let since = Instant::now();
        loop {
            let asked = self
                .0
                .ask(Method::GET, "/control/requests", None, None)
                .await;
            let calls = asked.expect("the offline WeChat").body;
            if calls["counts"][path].as_u64().unwrap_or(0) > 0 {
                return;
            }
            assert!(since.elapsed() < Duration::from_secs(20), "{calls}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// The code in the newest message to a number, if there is one.
    pub(crate) async fn sms_code(&self, phone: &str) -> Option<String> {
        let path = format!("/control/sms?phone={phone}");
        let answer = self.0.ask(Method::GET, &path, None, None).await;
        let answer = answer.expect("the offline vendors");
        answer.body[0]["code"].as_str().map(ToOwned::to_owned)
    }
}

/// A look at the tables, past the service.
pub(crate) struct Tables(Database);

impl Tables {
    pub(crate) async fn of(cluster: &Cluster) -> Self {
        let options = DatabaseOptions {
            max_connections: 2,
            ..DatabaseOptions::default()
        };
        let database = Database::connect(&cluster.database.url, options).await;
        Self(database.expect("the database"))
    }

    /// How many rows there are of `what`: a table, perhaps with conditions.
    pub(crate) async fn count(&self, what: &str) -> i64 {
        let db = self.0.connection();
        let sql = format!("SELECT COUNT(*) FROM {what}");
        let row = db
            .query_one_raw(Statement::from_string(db.get_database_backend(), sql))
            .await
            .expect("an answer")
            .expect("a row");
        row.try_get_by_index(0).expect("a number")
    }

    /// The connections themselves, for what no route does.
    pub(crate) fn connection(&self) -> &DatabaseConnection {
        self.0.connection()
    }

    /// Every active account can be signed into, and every way in leads to one.
    pub(crate) async fn assert_whole(&self) {
        let without_way_in = "users u WHERE status = 'active' AND phone_index IS NULL \
             AND NOT EXISTS (SELECT 1 FROM identities i WHERE i.user_id = u.id)";
        assert_eq!(self.count(without_way_in).await, 0, "{without_way_in}");
        let without_user = "identities i \
             WHERE NOT EXISTS (SELECT 1 FROM users u WHERE u.id = i.user_id AND u.status = 'active')";
        assert_eq!(self.count(without_user).await, 0, "{without_user}");
        let twice = "(SELECT phone_index FROM users WHERE phone_index IS NOT NULL \
             GROUP BY phone_index HAVING COUNT(*) > 1) AS twice";
        assert_eq!(self.count(twice).await, 0, "{twice}");
        let subjects = "(SELECT app_id, subject FROM identities \
             GROUP BY app_id, subject HAVING COUNT(*) > 1) AS twice";
        assert_eq!(self.count(subjects).await, 0, "{subjects}");
    }
}
