//! HTTP towards vendors, as every adapter needs it: one client with limits, a
//! circuit breaker, and the one percent-encoding that signatures agree on.
//!
//! It knows no vendor and no rule. What it adds to an HTTP client is the answer
//! to the question that single-use codes and messages hang on: did the request
//! certainly not leave ([`CallError::certainly_not_sent`])?

mod breaker;
mod client;
mod encode;
mod error;
#[cfg(feature = "mock")]
pub mod mock;
mod trace_context;

pub use breaker::{CircuitBreaker, CircuitOpen, CircuitState, Pass};
pub use client::{Answer, Client, MAX_ANSWER, Request};
pub use encode::encode;
pub use error::{BadBaseUrl, CallError, ClientError};
pub use reqwest::{Method, Url};
pub use trace_context::name_traces;

/// Reads the base address of a vendor: `http` or `https`, a host, perhaps a
/// path; no credentials, query or fragment, since it is printed in logs.
///
/// # Errors
///
/// [`BadBaseUrl`] for anything else.
pub fn base_url(text: &str) -> Result<Url, BadBaseUrl> {
    let url = Url::parse(text).map_err(|_| BadBaseUrl)?;
    let plain = url.username().is_empty() && url.password().is_none();
    let bare = url.query().is_none() && url.fragment().is_none();
    let web = matches!(url.scheme(), "http" | "https") && url.host_str().is_some();
    (plain && bare && web).then_some(url).ok_or(BadBaseUrl)
}

/// Whether the address is of this machine, where plain HTTP gives nothing away.
#[must_use]
pub fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || bare
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_address_is_bare() {
        for good in ["https://api.weixin.qq.com", "http://127.0.0.1:8/sms/aliyun"] {
            assert!(base_url(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "api.weixin.qq.com",
            "ftp://x",
            "https://u:p@x/",
            "https://x/?secret=1",
            "https://x/#a",
        ] {
            assert!(base_url(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn loopback_is_told_apart() {
        for (text, expected) in [
            ("http://localhost:1", true),
            ("http://127.0.0.9", true),
            ("http://[::1]:80", true),
            ("http://10.0.0.1", false),
            ("http://localhost.evil.com", false),
        ] {
            assert_eq!(is_loopback(&base_url(text).unwrap()), expected, "{text}");
        }
    }
}
