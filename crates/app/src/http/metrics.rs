//! What is counted, in Prometheus' text form. No label has unbounded values, and
//! none names a person.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::Data;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use crate::http::App;
use crate::http::error::ApiError;

/// What a request came to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    /// The route's pattern; `other` for paths that are none of ours.
    route: String,
    /// The HTTP status.
    status: u16,
    /// The envelope's code; `ok` for a success.
    code: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    route: String,
}

/// What a push of delivery receipts came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReceiptPushOutcome {
    /// On record.
    Acknowledged,
    /// Receipts are not taken at all: `sms.receipt_secret` is not set.
    NotTaken,
    /// Somebody guesses, or a vendor has an old address.
    WrongSecret,
    /// No such vendor is configured.
    UnknownVendor,
    /// The body did not come, or is too large.
    Unreadable,
    /// Not of the vendor's form.
    Malformed,
    /// Without the vendor's signature.
    Forged,
    /// More receipts than a push may hold.
    TooMany,
    /// The record did not answer.
    Unavailable,
}

impl ReceiptPushOutcome {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Acknowledged => "acknowledged",
            Self::NotTaken => "not_taken",
            Self::WrongSecret => "wrong_secret",
            Self::UnknownVendor => "unknown_vendor",
            Self::Unreadable => "unreadable",
            Self::Malformed => "malformed",
            Self::Forged => "forged",
            Self::TooMany => "too_many",
            Self::Unavailable => "unavailable",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReceiptPushes {
    outcome: &'static str,
}

/// What became of a pushed message.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Pushed {
    /// WeChat's word for the event; `unknown` for what was not opened.
    event: &'static str,
    /// What became of it.
    outcome: &'static str,
}

/// Counts what happens.
pub struct Metrics {
    registry: Registry,
    requests: Family<Outcome, Counter<u64, AtomicU64>>,
    durations: Family<Route, Histogram>,
    forwarded_ignored: Counter<u64, AtomicU64>,
    receipt_pushes: Family<ReceiptPushes, Counter<u64, AtomicU64>>,
    pushes: Family<Pushed, Counter<u64, AtomicU64>>,
}

/// From half a millisecond to eight seconds.
fn histogram() -> Histogram {
    Histogram::new(exponential_buckets(0.0005, 2.0, 15))
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("menshen");
        let requests = Family::default();
        let durations: Family<Route, Histogram> = Family::new_with_constructor(histogram);
        let version = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The version that runs", version);
        registry.register(
            "http_requests",
            "Requests by route, status and outcome",
            requests.clone(),
        );
        registry.register_with_unit(
            "http_request_duration",
            "Time until the answer",
            Unit::Seconds,
            durations.clone(),
        );
        let forwarded_ignored = Counter::default();
        registry.register(
            "forwarded_ignored",
            "Requests of private peers whose X-Forwarded-For is ignored: a proxy missing in server.trusted_proxies",
            forwarded_ignored.clone(),
        );
        let receipt_pushes = Family::default();
        registry.register(
            "sms_receipt_pushes",
            "Pushes of delivery receipts by what they came to",
            receipt_pushes.clone(),
        );
        let pushes = Family::default();
        registry.register(
            "wechat_pushes",
            "Messages that WeChat pushed, by event and outcome",
            pushes.clone(),
        );
        Self {
            registry,
            requests,
            durations,
            forwarded_ignored,
            receipt_pushes,
            pushes,
        }
    }
}

impl Metrics {
    /// Counts one answered request.
    pub fn answered(&self, route: &str, status: u16, code: &'static str, took: Duration) {
        let route = route.to_owned();
        self.durations
            .get_or_create(&Route {
                route: route.clone(),
            })
            .observe(took.as_secs_f64());
        self.requests
            .get_or_create(&Outcome {
                route,
                status,
                code,
            })
            .inc();
    }

    /// Shows what an adapter counts; `register` names it.
    pub fn show(&mut self, register: impl FnOnce(&mut Registry)) {
        register(&mut self.registry);
    }

    /// Counts one push of delivery receipts.
    pub fn receipts_pushed(&self, outcome: ReceiptPushOutcome) {
        let outcome = outcome.as_str();
        self.receipt_pushes
            .get_or_create(&ReceiptPushes { outcome })
            .inc();
    }

    /// Counts one message that WeChat pushed.
    pub fn pushed(&self, event: &'static str, outcome: &'static str) {
        self.pushes.get_or_create(&Pushed { event, outcome }).inc();
    }

    /// The text form (Prometheus, `OpenMetrics` 1.0).
    ///
    /// # Errors
    ///
    /// [`std::fmt::Error`] if a value cannot be written, which a string never says.
    pub fn text(&self, forwarded_ignored: u64) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        let seen = self.forwarded_ignored.inner();
        seen.store(forwarded_ignored, Ordering::Relaxed);
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

/// `GET /metrics`
pub(super) async fn serve(app: Data<App>) -> Result<HttpResponse, ApiError> {
    let text = app
        .metrics
        .text(app.proxies.ignored())
        .map_err(ApiError::internal)?;
    Ok(HttpResponse::Ok()
        .content_type("application/openmetrics-text; version=1.0.0; charset=utf-8")
        .body(text))
}
