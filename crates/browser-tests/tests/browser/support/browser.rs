//! A browser with a fresh profile, and the commands of it that `WebDriver` lacks.

use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use url::{ParseError, Url};

use super::driver::{Driver, installed};

/// What keeps Chromium to the page: no first run, no updates, no accounts.
const FLAGS: &[&str] = &[
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-device-scale-factor=1",
    "--lang=zh-CN",
    "--accept-lang=zh-CN",
];

/// A browser that runs until it is dropped.
pub(crate) struct Browser {
    pub(crate) client: Client,
    // The order of the fields is the order of their ends.
    _driver: Driver,
    _profile: TempDir,
}

impl Browser {
    /// Starts one.
    pub(crate) async fn start() -> Self {
        let profile = tempfile::tempdir().expect("a folder");
        let chromium = installed("chromium");
        let folder = profile.path().to_owned();
        let mut driver = tokio::task::spawn_blocking(move || Driver::start(&folder))
            .await
            .expect("chromedriver");
        let own = profile.path().join("profile");
        let own = format!("--user-data-dir={}", own.display());
        let flags: Vec<&str> = FLAGS.iter().copied().chain([own.as_str()]).collect();
        let wanted = json!({
            "browserName": "chrome",
            "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
            "goog:chromeOptions": { "binary": chromium, "args": flags },
        });
        let wanted: Map<String, Value> = serde_json::from_value(wanted).expect("a table");
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(wanted)
            .connect(&driver.url())
            .await
            .expect("a browser");
        driver.owns(client.session_id().await.expect("a session"));
        let browser = Self {
            client,
            _driver: driver,
            _profile: profile,
        };
        browser.leave_start_page().await;
        browser
    }

    /// Leaves the page that Chromium opens with, and what it wrote down.
    async fn leave_start_page(&self) {
        self.client.goto("about:blank").await.expect("a blank page");
        self.log("browser").await;
        self.log("performance").await;
    }

    /// A command of the `DevTools` protocol.
    pub(crate) async fn devtools(&self, command: &str, parameters: &Value) -> Value {
        let body = json!({ "cmd": command, "params": parameters });
        self.issue("goog/cdp/execute", body).await
    }

    /// What a log has gathered since it was last asked for.
    pub(crate) async fn log(&self, kind: &str) -> Vec<Value> {
        let entries = self.issue("se/log", json!({ "type": kind })).await;
        entries.as_array().cloned().expect("a list of entries")
    }

    async fn issue(&self, path: &'static str, body: Value) -> Value {
        let command = Extension { path, body };
        self.client.issue_cmd(command).await.expect(path)
    }
}

/// A command that Chromedriver has beside those of the standard.
#[derive(Debug)]
struct Extension {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for Extension {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!(
            "session/{}/{}",
            session.unwrap_or_default(),
            self.path
        ))
    }

    fn method_and_body(&self, _: &Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(self.body.to_string()))
    }
}
