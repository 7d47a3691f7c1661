//! One call of WeChat's API: how often it is tried, where, and for how long.

use std::collections::HashMap;
use std::time::Duration;

use menshen_domain::model::wechat::AppId;
use menshen_outbound::{CallError, CircuitBreaker, Client, Method, Request, encode};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep, timeout};

use crate::errcodes::{Duty, Endpoint, duty};
use crate::failure::CallFailure;
use crate::holds::Holds;
use crate::hosts::Hosts;
use crate::metrics::WeChatMetrics;
use crate::reply::{self, Reply};

/// How many calls may be under way at once, so that a WeChat that hangs holds
/// only so much of us.
const SLOTS: usize = 64;
/// How many may wait for one of them, and for how long: enough for a burst of a
/// hundred on a WeChat in health and a machine that is busy, little on a WeChat
/// that hangs.
const QUEUE: usize = 192;
const SLOT_WAIT: Duration = Duration::from_millis(500);
/// The pause before a call that was answered -1 is tried again, and the longest
/// before a read is; see [`Tries::pause`].
const PAUSE: Duration = Duration::from_millis(100);
/// With less time than this left, a call that spends a code is not begun.
const LEAST_TIME: Duration = Duration::from_millis(100);
/// How often an exchange of a code may be made, and how often a read. More would
/// turn a WeChat in trouble into a WeChat under a flood; the circuit breaker and
/// the next request do more good than a third try.
const EXCHANGE_TRIES: u8 = 2;
const READ_TRIES: u8 = 2;

/// How often a call may still be tried; one of these goes with each code.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tries {
    left: u8,
    /// True where a call that may have arrived can be made again.
    repeatable: bool,
}

impl Tries {
    /// Two: the second only where the first certainly did not arrive, or was
    /// answered -1.
    pub(crate) fn new() -> Self {
        Self {
            left: EXCHANGE_TRIES,
            repeatable: false,
        }
    }

    /// Two, of a call that changes nothing: the second whatever became of the
    /// first.
    pub(crate) fn of_a_read() -> Self {
        Self {
            left: READ_TRIES,
            repeatable: true,
        }
    }

    /// The pause before the next: of reads a random part of 100 ms (full jitter),
    /// so that those who failed together do not come back together.
    fn pause(self) -> Duration {
        if !self.repeatable {
            return PAUSE;
        }
        let mut byte = [u8::MAX];
        // Without random bytes the pause is the longest.
        let _ = aws_lc_rs::rand::fill(&mut byte);
        PAUSE * u32::from(byte[0]) / u32::from(u8::MAX)
    }

    /// One more, after a refusal of our own token: that try spent nothing.
    pub(crate) fn grant_one(&mut self) {
        self.left += 1;
    }
}

/// A call to be made.
pub(crate) struct Call<'a> {
    pub(crate) app: &'a AppId,
    pub(crate) endpoint: Endpoint,
    pub(crate) query: &'a [(&'static str, &'a str)],
    /// JSON; with it the call is a POST.
    pub(crate) body: Option<Vec<u8>>,
}

/// The way to WeChat, shared by all calls of the process.
pub(crate) struct Transport {
    client: Client,
    hosts: Hosts,
    slots: Semaphore,
    queue: Semaphore,
    breakers: HashMap<AppId, [CircuitBreaker; Endpoint::ALL.len()]>,
    holds: Holds,
    metrics: WeChatMetrics,
}

#[derive(Debug, thiserror::Error)]
enum NotBegun {
    #[error("too many calls to WeChat are under way")]
    Busy,
    #[error("too little time was left")]
    NoTime,
    #[error("the application is not configured")]
    UnknownApp,
}

impl Transport {
    /// The way for these applications, each with circuits of its own: what one
    /// is refused for says nothing about another.
    pub(crate) fn new<'a>(
        client: Client,
        hosts: Hosts,
        apps: impl IntoIterator<Item = &'a AppId>,
        metrics: WeChatMetrics,
    ) -> Self {
        let closed = || std::array::from_fn(|_| CircuitBreaker::default());
        Self {
            client,
            hosts,
            slots: Semaphore::new(SLOTS),
            queue: Semaphore::new(SLOTS + QUEUE),
            breakers: apps
                .into_iter()
                .map(|app| (app.clone(), closed()))
                .collect(),
            holds: Holds::default(),
            metrics,
        }
    }

    /// Whether a call would be held back, since WeChat refused it a moment ago.
    pub(crate) fn check(&self, app: &AppId, endpoint: Endpoint) -> Result<(), CallFailure> {
        Ok(self.holds.check(app, endpoint)?)
    }

    /// Makes a call, as often as `tries` allows and before `deadline`.
    pub(crate) async fn call(
        &self,
        call: &Call<'_>,
        tries: &mut Tries,
        deadline: Instant,
    ) -> Result<Reply, CallFailure> {
        let endpoint = call.endpoint;
        self.check(call.app, endpoint)?;
        let breaker = self
            .breakers
            .get(call.app)
            .map(|circuits| &circuits[endpoint as usize])
            .ok_or_else(|| CallFailure::not_made(endpoint, NotBegun::UnknownApp))?;
        let pass = breaker
            .admit()
            .map_err(|open| CallFailure::circuit_open(endpoint, open))?;
        let _slots = self
            .slot()
            .await
            .ok_or_else(|| CallFailure::not_made(endpoint, NotBegun::Busy))?;
        let result = self.try_hosts(call, tries, deadline).await;
        match &result {
            Err(CallFailure::Refused { refusal, .. }) => {
                self.holds.note(call.app, endpoint, refusal);
                match duty(endpoint, refusal.errcode) {
                    Duty::Retry | Duty::Unknown => pass.failed(),
                    Duty::QuotaGone => drop(pass),
                    _ => pass.succeeded(),
                }
            }
            Err(_) => pass.failed(),
            Ok(_) => pass.succeeded(),
        }
        self.metrics.circuit(call.app, endpoint, breaker.is_open());
        result
    }

    async fn slot(&self) -> Option<(SemaphorePermit<'_>, SemaphorePermit<'_>)> {
        let queued = self.queue.try_acquire().ok()?;
        let slot = timeout(SLOT_WAIT, self.slots.acquire()).await.ok()?.ok()?;
        Some((queued, slot))
    }

    async fn try_hosts(
        &self,
        call: &Call<'_>,
        tries: &mut Tries,
        deadline: Instant,
    ) -> Result<Reply, CallFailure> {
        let order = self.hosts.order();
        let mut next = order.iter().cycle();
        // `Hosts` holds at least one.
        let mut host = next.next().copied().unwrap_or_default();
        let mut arrived = false;
        loop {
            tries.left = tries.left.saturating_sub(1);
            let result = self.try_once(call, host, deadline).await;
            if arrived {
                self.note_spent(call.endpoint, &result);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if tries.left == 0 || left < PAUSE + LEAST_TIME {
                return result;
            }
            let Err(failure) = &result else {
                return result;
            };
            let pause = match failure {
                CallFailure::NotMade { .. } | CallFailure::Unclear { .. } if tries.repeatable => {
                    tries.pause()
                }
                CallFailure::NotMade { .. } => Duration::ZERO,
                _ if failure.duty() == Some(Duty::Retry) => tries.pause(),
                _ => return result,
            };
            if matches!(failure, CallFailure::NotMade { .. }) {
                host = next.next().copied().unwrap_or_default();
            } else {
                arrived = true;
            }
            if left < pause + LEAST_TIME {
                return result;
            }
            sleep(pause).await;
        }
    }

    async fn try_once(
        &self,
        call: &Call<'_>,
        host: usize,
        deadline: Instant,
    ) -> Result<Reply, CallFailure> {
        let endpoint = call.endpoint;
        let begun = Instant::now();
        if deadline.saturating_duration_since(begun) < LEAST_TIME {
            return Err(CallFailure::not_made(endpoint, NotBegun::NoTime));
        }
        let answer = self.client.send(self.request(call, host), deadline).await;
        let result = match answer {
            Ok(answer) => {
                self.hosts.mark_well(host);
                match reply::read(answer.status(), answer.body()) {
                    Ok(Ok(reply)) => Ok(reply),
                    Ok(Err(refusal)) => Err(CallFailure::Refused { endpoint, refusal }),
                    Err(bad) => Err(CallFailure::unclear(endpoint, bad)),
                }
            }
            Err(error @ CallError::NotSent(_)) => {
                self.hosts.mark_sick(host);
                Err(CallFailure::not_made(endpoint, error))
            }
            Err(error) => Err(CallFailure::unclear(endpoint, error)),
        };
        let took = begun.elapsed();
        self.metrics.answered(endpoint, result.as_ref().err(), took);
        log(call, &result, took);
        result
    }

    /// A code that is refused as used after WeChat answered -1 to our own first
    /// try was spent by that try, and not by the client.
    fn note_spent(&self, endpoint: Endpoint, result: &Result<Reply, CallFailure>) {
        if let Err(CallFailure::Refused { refusal, .. }) = result
            && endpoint.spends_a_code()
            && matches!(refusal.errcode, 40029 | 40163)
        {
            self.metrics.spent_by_us(endpoint);
            tracing::warn!(
                endpoint = endpoint.path(),
                "a code was spent by our own first try"
            );
        }
    }

    fn request(&self, call: &Call<'_>, host: usize) -> Request {
        let pairs: Vec<String> = call
            .query
            .iter()
            .map(|(name, value)| format!("{name}={}", encode(value)))
            .collect();
        let url = self.hosts.url(host, call.endpoint.path(), &pairs.join("&"));
        let (method, headers) = match &call.body {
            None => (Method::GET, Vec::new()),
            Some(_) => (
                Method::POST,
                vec![("content-type", "application/json".to_owned())],
            ),
        };
        Request {
            method,
            url,
            headers,
            body: call.body.clone(),
        }
    }
}

/// One line per try. WeChat's own words are in none, nor is the address.
fn log(call: &Call<'_>, result: &Result<Reply, CallFailure>, took: Duration) {
    let endpoint = call.endpoint.path();
    let app_id = call.app.as_str();
    let duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    match result {
        Ok(_) => tracing::debug!(
            endpoint,
            app_id,
            outcome = "ok",
            duration_ms,
            "WeChat answered"
        ),
        Err(CallFailure::Refused { refusal, .. }) => {
            let errcode = refusal.errcode;
            match duty(call.endpoint, errcode) {
                Duty::Misconfigured(_) | Duty::QuotaGone => {
                    tracing::error!(endpoint, app_id, outcome = "misconfigured", errcode, duration_ms, %refusal, "WeChat refuses our credentials, settings or quota");
                }
                Duty::RefuseCode | Duty::BlockLogin => {
                    tracing::info!(endpoint, app_id, outcome = "refused", errcode, duration_ms, %refusal, "WeChat refuses a code");
                }
                Duty::Retry | Duty::RenewToken | Duty::SlowDown | Duty::Unknown => {
                    tracing::warn!(endpoint, app_id, outcome = "refused", errcode, duration_ms, %refusal, "WeChat refuses a call");
                }
            }
        }
        Err(failure) => {
            let error = failure as &dyn std::error::Error;
            tracing::warn!(
                endpoint,
                app_id,
                outcome = "unavailable",
                duration_ms,
                error,
                "WeChat gave no usable answer"
            );
        }
    }
}
