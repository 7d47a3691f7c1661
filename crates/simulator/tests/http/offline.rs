//! A simulator on a free port, and what asks it.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use menshen_simulator::{RunningSimulator, SettableClock, Simulator, SimulatorConfig, defaults};
use reqwest::{Client, Method, Response, redirect};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

pub(crate) const APP_ID: &str = defaults::MINI_PROGRAM_APP_ID;
pub(crate) const SECRET: &str = defaults::MINI_PROGRAM_APP_SECRET;

/// A running simulator; its clock starts at 2026-01-01T00:00:00Z.
pub(crate) struct Offline {
    pub(crate) client: Client,
    pub(crate) clock: Arc<SettableClock>,
    running: RunningSimulator,
}

impl Offline {
    pub(crate) async fn start() -> Self {
        Self::start_with(SimulatorConfig {
            seed: Some(1),
            ..SimulatorConfig::default()
        })
        .await
    }

    pub(crate) async fn start_with(config: SimulatorConfig) -> Self {
        let clock = Arc::new(SettableClock::new(start_of_2026()));
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let simulator = Simulator::with_clock(config, clock.clone());
        let running = simulator.start(listen).await.expect("a free port");
        let client = Client::builder()
            .no_proxy()
            .redirect(redirect::Policy::none());
        Self {
            client: client.build().expect("a client"),
            clock,
            running,
        }
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.clock.advance(TimeDelta::seconds(seconds));
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.running.address()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address())
    }

    pub(crate) async fn get(&self, path: &str, query: &[(&str, &str)]) -> Response {
        self.client
            .get(self.url(path))
            .query(query)
            .send()
            .await
            .expect("an answer")
    }

    pub(crate) async fn get_json(&self, path: &str, query: &[(&str, &str)]) -> Value {
        self.get(path, query).await.json().await.expect("JSON")
    }

    pub(crate) async fn post_json(&self, path: &str, body: &Value) -> Value {
        let sent = self.client.post(self.url(path)).json(body).send().await;
        sent.expect("an answer").json().await.expect("JSON")
    }

    /// A control call: its status and its answer.
    pub(crate) async fn control(&self, method: Method, path: &str, body: &Value) -> (u16, Value) {
        let sent = self
            .client
            .request(method, self.url(path))
            .json(body)
            .send()
            .await
            .expect("an answer");
        (sent.status().as_u16(), sent.json().await.expect("JSON"))
    }

    /// A code of the client half: `login`, `phone` or `oauth`.
    pub(crate) async fn code(&self, kind: &str, body: &Value) -> String {
        let (status, answer) = self
            .control(Method::POST, &format!("/control/wechat/{kind}"), body)
            .await;
        assert_eq!(status, 200, "{answer}");
        answer["code"].as_str().expect("a code").to_owned()
    }

    pub(crate) async fn login_code(&self, person: &str) -> String {
        self.code("login", &json!({"person": person})).await
    }

    /// code2Session with the right credentials.
    pub(crate) async fn code2session(&self, code: &str) -> Value {
        let query = [
            ("appid", APP_ID),
            ("secret", SECRET),
            ("js_code", code),
            ("grant_type", "authorization_code"),
        ];
        self.get_json("/sns/jscode2session", &query).await
    }

    pub(crate) async fn stable_token(&self, force_refresh: bool) -> Value {
        let body = json!({
            "grant_type": "client_credential", "appid": APP_ID, "secret": SECRET, "force_refresh": force_refresh,
        });
        self.post_json("/cgi-bin/stable_token", &body).await
    }

    /// getPhoneNumber with an access token.
    pub(crate) async fn phone_number(&self, token: &str, body: &Value) -> Value {
        self.with_token("/wxa/business/getuserphonenumber", token, body)
            .await
    }

    /// A POST with an access token.
    pub(crate) async fn with_token(&self, path: &str, token: &str, body: &Value) -> Value {
        let sent = self
            .client
            .post(self.url(path))
            .query(&[("access_token", token)])
            .json(body)
            .send()
            .await;
        sent.expect("an answer").json().await.expect("JSON")
    }

    pub(crate) async fn set_fault(&self, fault: &Value) {
        let (status, answer) = self.control(Method::PUT, "/control/faults", fault).await;
        assert_eq!(status, 200, "{answer}");
    }

    /// Exact bytes over TCP, and all that comes back.
    pub(crate) async fn raw(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(self.address())
            .await
            .expect("a connection");
        stream
            .write_all(request.as_bytes())
            .await
            .expect("a request");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.expect("an answer");
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// A request of a vector, byte for byte, to `target`; its status and answer.
    pub(crate) async fn send_vector(&self, request: &Value, target: &str) -> (u16, Value) {
        let body = text(request, "body_utf8");
        let mut head = format!("{} {target} HTTP/1.1\r\n", text(request, "method"));
        for header in request["headers"].as_array().expect("headers") {
            let part = |index: usize| header[index].as_str().expect("a name and a value");
            write!(head, "{}: {}\r\n", part(0), part(1)).expect("a string grows");
        }
        let length = body.len();
        write!(
            head,
            "connection: close\r\ncontent-length: {length}\r\n\r\n{body}"
        )
        .expect("a string grows");
        let answer = self.raw(&head).await;
        let (start, body) = answer.split_once("\r\n\r\n").expect("a response");
        let status = start.split(' ').nth(1).and_then(|word| word.parse().ok());
        let body = serde_json::from_str(body).expect("JSON");
        (status.expect("a status"), body)
    }

    /// Sets the clock to so many seconds after 1970.
    pub(crate) fn set_clock(&self, unix: &Value) {
        let seconds = unix.as_i64().expect("seconds");
        self.clock
            .set(DateTime::from_timestamp(seconds, 0).expect("a time"));
    }

    /// The messages to a number, newest first; all with an empty number.
    pub(crate) async fn inbox(&self, phone: &str) -> Vec<Value> {
        let messages = self.get_json("/control/sms", &[("phone", phone)]).await;
        messages.as_array().expect("an array").clone()
    }

    pub(crate) async fn stop(self) {
        self.running.stop().await;
    }
}

pub(crate) fn start_of_2026() -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_225_600, 0).expect("a time")
}

/// A string member of a JSON answer.
pub(crate) fn text(value: &Value, name: &str) -> String {
    value[name]
        .as_str()
        .unwrap_or_else(|| panic!("{name} in {value}"))
        .to_owned()
}
