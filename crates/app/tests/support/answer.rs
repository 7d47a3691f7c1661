//! One request and its answer. Every answer is held against the rules that all
//! answers keep, and against the documentation.

use std::net::SocketAddr;

use reqwest::header::{HeaderMap, HeaderName};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};

use super::documented;

/// A request that is not sent yet.
pub(crate) struct Call {
    method: Method,
    path: String,
    request: RequestBuilder,
    at_any_door: bool,
}

impl Call {
    pub(super) fn new(http: &Client, address: SocketAddr, method: Method, path: &str) -> Self {
        Self {
            request: http.request(method.clone(), format!("http://{address}{path}")),
            method,
            path: path.to_owned(),
            at_any_door: false,
        }
    }

    /// At a listener that may serve nothing of the kind: the description is of one that
    /// serves everything.
    pub(super) fn at_any_door(mut self) -> Self {
        self.at_any_door = true;
        self
    }

    pub(crate) fn bearer(mut self, token: &str) -> Self {
        self.request = self.request.bearer_auth(token);
        self
    }

    #[expect(
        clippy::needless_pass_by_value,
        reason = "bodies are written where they are used"
    )]
    pub(crate) fn json(mut self, body: Value) -> Self {
        self.request = self.request.json(&body);
        self
    }

    /// A JSON body as these very bytes.
    pub(crate) fn text(self, body: impl Into<reqwest::Body>) -> Self {
        self.header("content-type", "application/json").body(body)
    }

    /// A form.
    pub(crate) fn form(self, body: &str) -> Self {
        let form = "application/x-www-form-urlencoded";
        self.header("content-type", form).body(body.to_owned())
    }

    /// A body as these very bytes, whatever they are.
    pub(crate) fn body(mut self, body: impl Into<reqwest::Body>) -> Self {
        self.request = self.request.body(body);
        self
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    /// In English.
    pub(crate) fn english(self) -> Self {
        self.header("accept-language", "en")
    }

    /// Sends it, and holds the answer against what all answers keep to.
    pub(crate) async fn send(self) -> Answer {
        let (method, path) = (self.method.clone(), self.path.clone());
        let at_any_door = self.at_any_door;
        let response = self.raw().await;
        let answer = Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            text: response.text().await.expect("a body"),
            method,
            path,
        };
        answer.minds_its_manners();
        let not_here = at_any_door && answer.status == 404;
        if answer.method != Method::HEAD && !not_here {
            documented::holds(&answer);
        }
        answer
    }

    /// Sends it, and answers whatever comes.
    pub(crate) async fn raw(self) -> reqwest::Response {
        let sent = self.request.send().await;
        sent.unwrap_or_else(|error| panic!("no answer to {}: {error:?}", self.path))
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let name: HeaderName = name.parse().expect("a header's name");
        self.headers
            .get(name)
            .map(|value| value.to_str().expect("text"))
    }

    pub(crate) fn body(&self) -> Value {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|error| panic!("{self:?} is not JSON: {error}"))
    }

    pub(crate) fn code(&self) -> String {
        let body = self.body();
        body["code"].as_str().expect("a code").to_owned()
    }

    /// The data of a success.
    #[track_caller]
    pub(crate) fn ok(&self) -> Value {
        assert_eq!(
            self.status, 200,
            "{} {}: {}",
            self.method, self.path, self.text
        );
        self.body()["data"].clone()
    }

    /// The whole body of this failure.
    #[track_caller]
    pub(crate) fn fails(&self, status: u16, code: &str) -> Value {
        let said = (self.status, self.code());
        assert_eq!(
            said,
            (status, code.to_owned()),
            "{} {}: {}",
            self.method,
            self.path,
            self.text
        );
        self.body()
    }

    /// The failure is about this member, and nothing else.
    #[track_caller]
    pub(crate) fn blames(&self, field: &str, fault: &str) {
        let errors = &self.body()["errors"];
        let blamed = json!([{ "field": field, "code": fault }]);
        let mut shown = errors.clone();
        for error in shown.as_array_mut().into_iter().flatten() {
            if let Some(members) = error.as_object_mut() {
                members.remove("message");
            }
        }
        assert_eq!(
            shown, blamed,
            "{} {}: {}",
            self.method, self.path, self.text
        );
    }

    /// What every answer keeps to, whatever was asked.
    fn minds_its_manners(&self) {
        let id = self.header("x-request-id").unwrap_or_default();
        let well_formed = (8..=64).contains(&id.len())
            && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        assert!(well_formed, "{self:?}");
        assert_eq!(self.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(self.header("referrer-policy"), Some("no-referrer"));
        assert!(self.header("content-security-policy").is_some(), "{self:?}");
        assert_eq!(self.header("server"), None);
        assert_eq!(self.header("set-cookie"), None);
        assert_ne!(self.status, 500, "{self:?}");
        if self.method == Method::HEAD {
            return;
        }
        // Vendors, WeChat and the RFCs of OAuth have fixed what they want to read.
        let theirs = [
            "/v1/sms/receipts/",
            "/v1/wechat/push/",
            "/v1/token/introspect",
            "/v1/token/revoke",
        ];
        let acknowledged =
            self.status == 200 && theirs.iter().any(|path| self.path.starts_with(path));
        let of_the_api = self.path.starts_with("/v1") || self.path.starts_with("/admin/v1");
        if of_the_api && !acknowledged || self.is_a_failure_of_ours() {
            self.is_an_envelope(id);
        }
    }

    fn is_a_failure_of_ours(&self) -> bool {
        self.status >= 400
            && !self.path.starts_with("/simulator")
            && !self.path.starts_with("/readyz")
    }

    fn is_an_envelope(&self, id: &str) {
        let body = self.body();
        assert_eq!(
            self.header("content-type"),
            Some("application/json; charset=utf-8"),
            "{self:?}"
        );
        assert_eq!(self.header("cache-control"), Some("no-store"), "{self:?}");
        assert!(!body["message"].as_str().expect("a message").is_empty());
        if self.status == 200 {
            assert_eq!(body["code"], "ok", "{self:?}");
            assert!(body["data"].is_object(), "{self:?}");
            return;
        }
        assert!(self.status >= 400, "a failure is a failure: {self:?}");
        assert_ne!(body["code"], "ok", "{self:?}");
        assert_eq!(body["request_id"], id, "{self:?}");
        let retry_after = body["retry_after"].as_u64();
        assert_eq!(
            self.header("retry-after").map(ToOwned::to_owned),
            retry_after.map(|seconds| seconds.to_string()),
            "{self:?}"
        );
        match self.status {
            429 => assert!(retry_after.is_some_and(|seconds| seconds >= 1), "{self:?}"),
            401 => {
                let challenge = self.header("www-authenticate").unwrap_or_default();
                assert!(challenge.starts_with("Bearer"), "{self:?}");
            }
            405 => assert!(self.header("allow").is_some(), "{self:?}"),
            _ => {}
        }
    }
}
