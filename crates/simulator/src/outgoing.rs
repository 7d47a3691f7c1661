//! Requests that the vendors make by themselves: message push, receipts.
//!
//! Plain HTTP to this machine only: what is simulated never leaves it.

use std::net::IpAddr;
use std::time::Duration;

use http::{Method, Request, Uri, header};
use http_body_util::{BodyExt as _, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

use crate::call::percent_encode;

/// More than this of a reply is not read.
const LARGEST_REPLY: usize = 64 * 1024;

/// A plain HTTP address on this machine.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct LoopbackUrl(Uri);

impl LoopbackUrl {
    /// Reads `http://127.0.0.1:8080/path`; `localhost` and `[::1]` are loopback too.
    ///
    /// # Errors
    ///
    /// A sentence that says what is wrong with it.
    pub(crate) fn parse(raw: &str) -> Result<Self, &'static str> {
        let uri: Uri = raw.parse().map_err(|_| "url cannot be read")?;
        if uri.scheme_str() != Some("http") {
            return Err("url begins with http://");
        }
        let authority = uri.authority().ok_or("url names no host")?;
        if authority.as_str().contains('@') {
            return Err("url carries no credentials");
        }
        let host = authority.host();
        let address = host.trim_start_matches('[').trim_end_matches(']');
        let is_loopback = host.eq_ignore_ascii_case("localhost")
            || address
                .parse::<IpAddr>()
                .is_ok_and(|address| address.is_loopback());
        if is_loopback {
            Ok(Self(uri))
        } else {
            Err("url is of this machine: 127.0.0.1, [::1] or localhost")
        }
    }

    /// As it was given.
    pub(crate) fn as_string(&self) -> String {
        self.0.to_string()
    }

    /// The same address with more query parameters behind its own, encoded.
    pub(crate) fn with_query(&self, pairs: &[(&str, &str)]) -> String {
        let added: Vec<_> = pairs
            .iter()
            .map(|(name, value)| format!("{}={}", percent_encode(name), percent_encode(value)))
            .collect();
        let base = self.0.to_string();
        let separator = if self.0.query().is_some() { '&' } else { '?' };
        format!("{base}{separator}{}", added.join("&"))
    }
}

impl std::fmt::Debug for LoopbackUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Its path and query may hold a secret.
        f.debug_tuple("LoopbackUrl")
            .field(&self.0.authority().map(http::uri::Authority::as_str))
            .finish()
    }
}

/// What is sent.
#[derive(Debug, Clone)]
pub(crate) struct Outgoing {
    pub(crate) method: Method,
    /// An address that came from a [`LoopbackUrl`].
    pub(crate) url: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reply {
    /// An HTTP answer, its body cut after 64 KiB and read as UTF-8.
    Answered { status: u16, body: String },
    /// Nothing in time.
    TimedOut,
    /// No connection, or one that broke.
    Failed,
}

/// Sends over a connection of its own, and waits at most `limit`. Redirects are
/// not followed.
pub(crate) async fn send(outgoing: Outgoing, limit: Duration) -> Reply {
    match tokio::time::timeout(limit, exchange(outgoing)).await {
        Ok(Some((status, body))) => Reply::Answered { status, body },
        Ok(None) => Reply::Failed,
        Err(_) => Reply::TimedOut,
    }
}

async fn exchange(outgoing: Outgoing) -> Option<(u16, String)> {
    let mut request = Request::builder()
        .method(outgoing.method)
        .uri(outgoing.url)
        .header(header::CONNECTION, "close");
    for (name, value) in outgoing.headers {
        request = request.header(name, value);
    }
    let body = http_body_util::Full::new(actix_web::web::Bytes::from(outgoing.body));
    let request = request.body(body).ok()?;
    // One client for each request: a pooled one would be bound to the runtime of the first.
    let client = Client::builder(TokioExecutor::new()).build_http();
    let answer = client.request(request).await.ok()?;
    let status = answer.status().as_u16();
    let body = Limited::new(answer.into_body(), LARGEST_REPLY)
        .collect()
        .await
        .ok()?
        .to_bytes();
    Some((status, String::from_utf8_lossy(&body).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_reached() {
        for good in [
            "http://127.0.0.1:8080/v1/wechat/push/wx1",
            "http://localhost/",
            "http://[::1]:1/x?y=1",
            "http://127.9.9.9:1/",
        ] {
            assert!(LoopbackUrl::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "https://127.0.0.1/",
            "http://example.com/",
            "http://127.0.0.1@example.com/",
            "http://127.0.0.1.example.com/",
            "http://a:b@127.0.0.1/",
            "http://0.0.0.0/",
            "/path",
            "",
            "http://",
        ] {
            assert!(LoopbackUrl::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_query_is_added_encoded() {
        let url = LoopbackUrl::parse("http://127.0.0.1:1/p?a=1").unwrap();
        assert_eq!(
            url.with_query(&[("b", "x y+&"), ("c", "ü")]),
            "http://127.0.0.1:1/p?a=1&b=x%20y%2B%26&c=%C3%BC"
        );
        let bare = LoopbackUrl::parse("http://127.0.0.1:1/p").unwrap();
        assert_eq!(bare.with_query(&[("b", "1")]), "http://127.0.0.1:1/p?b=1");
    }
}
