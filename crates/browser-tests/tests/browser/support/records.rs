//! What the browser wrote down while a test looked elsewhere.

use serde_json::Value;
use url::Url;

use super::Page;

impl Page {
    /// Ends a test: the console must hold no error and no violation of the
    /// content security policy, and no request may have gone anywhere but to
    /// the service. Answers of `refused`, path and status, are meant.
    pub(crate) async fn finish(self, refused: &[(&str, u16)]) {
        self.finish_but(refused, &[]).await;
    }

    /// The same; what holds one of these texts is meant, too.
    pub(crate) async fn finish_but(self, refused: &[(&str, u16)], meant: &[&str]) {
        let is_meant = |entry: &Value| {
            let text = entry["message"].as_str().unwrap_or_default();
            is_meant(entry, refused) || meant.iter().any(|part| text.contains(part))
        };
        let complaints: Vec<String> = self
            .browser
            .log("browser")
            .await
            .iter()
            .filter(|entry| !is_meant(entry))
            .map(ToString::to_string)
            .collect();
        assert!(complaints.is_empty(), "the console: {complaints:#?}");
        let requests = self.requests().await;
        assert!(!requests.is_empty(), "no request was recorded");
        let others = requests.iter().filter(|url| !self.is_own(url));
        let abroad: Vec<&str> = others.map(Url::as_str).collect();
        assert!(abroad.is_empty(), "requests to others: {abroad:#?}");
    }

    async fn requests(&self) -> Vec<Url> {
        let entries = self.browser.log("performance").await;
        entries.iter().filter_map(request).collect()
    }

    fn is_own(&self, url: &Url) -> bool {
        matches!(url.scheme(), "data" | "blob" | "about")
            || url.origin().ascii_serialization() == self.origin()
    }
}

/// An answer that the test asked for; everything else in the console, warnings
/// included, is a fault of the page.
fn is_meant(entry: &Value, refused: &[(&str, u16)]) -> bool {
    if matches!(entry["level"].as_str(), Some("DEBUG" | "INFO")) {
        return true;
    }
    let message = entry["message"].as_str().unwrap_or_default();
    entry["source"] == "network"
        && refused.iter().any(|(path, status)| {
            message.contains(&format!("{path} - "))
                && message.contains(&format!("status of {status}"))
        })
}

/// The address of a request that was sent.
fn request(entry: &Value) -> Option<Url> {
    let event: Value = serde_json::from_str(entry["message"].as_str()?).ok()?;
    let event = &event["message"];
    if event["method"] != "Network.requestWillBeSent" {
        return None;
    }
    event["params"]["request"]["url"].as_str()?.parse().ok()
}
