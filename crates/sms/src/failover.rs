//! Several vendors behind one port: in order, each with a circuit breaker.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use menshen_domain::model::sms_delivery::SmsAttempt;
use menshen_domain::ports::clock::Clock;
use menshen_domain::ports::randomness::Randomness;
use menshen_domain::ports::sms_sender::{
    SmsDelivery, SmsMessage, SmsReport, SmsSendError, SmsSender,
};
use menshen_outbound::CircuitBreaker;
use tokio::time::{Instant, sleep};

use crate::outcome::{Outcome, SameVendor};
use crate::vendor::{Attempt, SmsVendor};
use crate::verdict::{Refusals, settled};

/// The time for everything, a little under the six seconds of the port.
const TOTAL: Duration = Duration::from_millis(5_500);
/// With less time than this left no attempt is begun: one that is cut off leaves
/// the fate of the message unknown.
const LEAST_TIME: Duration = Duration::from_millis(500);
/// The longest pause before the same vendor is asked again.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// How long a vendor that refuses our account is asked last.
const ASIDE: Duration = Duration::from_secs(10);

/// Sends through the first vendor that takes the message.
///
/// Each vendor is asked once, and once more where its answer allows it; whoever
/// may have sent the message is the last one asked. A vendor that fails again
/// and again is left alone for a while. One that refuses our account is asked
/// after the others for a while, but never left out: it might be the last.
pub struct FailoverSender {
    vendors: Vec<Slot>,
    clock: Arc<dyn Clock>,
    randomness: Arc<dyn Randomness>,
}

struct Slot {
    vendor: Arc<dyn SmsVendor>,
    breaker: CircuitBreaker,
    aside_until: Mutex<Option<Instant>>,
}

impl FailoverSender {
    /// Vendors in order of preference.
    #[must_use]
    pub fn new(
        vendors: Vec<Arc<dyn SmsVendor>>,
        clock: Arc<dyn Clock>,
        randomness: Arc<dyn Randomness>,
    ) -> Self {
        let slot = |vendor| Slot {
            vendor,
            breaker: CircuitBreaker::default(),
            aside_until: Mutex::new(None),
        };
        Self {
            vendors: vendors.into_iter().map(slot).collect(),
            clock,
            randomness,
        }
    }

    /// Those in favour first, each group in the configured order.
    fn order(&self) -> Vec<&Slot> {
        let now = Instant::now();
        let mut order: Vec<&Slot> = self.vendors.iter().collect();
        order.sort_by_key(|slot| slot.is_aside(now));
        order
    }

    /// Asks one vendor, and once more if that is allowed and there is time.
    async fn ask(
        &self,
        vendor: &dyn SmsVendor,
        message: &SmsMessage,
        deadline: Instant,
        attempts: &mut Vec<SmsAttempt>,
    ) -> Outcome {
        let outcome = self.attempt(vendor, message, deadline, attempts).await;
        let pause = match (outcome.duties().same_vendor, &outcome) {
            (SameVendor::Never, _) => return outcome,
            (SameVendor::OnceAfterPause, Outcome::VendorBusy { wait }) => self.pause(*wait),
            (SameVendor::Once | SameVendor::OnceAfterPause, _) => Some(Duration::ZERO),
        };
        match pause {
            Some(pause) if has_time(deadline, pause) => {
                sleep(pause).await;
                self.attempt(vendor, message, deadline, attempts).await
            }
            _ => outcome,
        }
    }

    /// One attempt, its line in the log, and its part of the report.
    async fn attempt(
        &self,
        vendor: &dyn SmsVendor,
        message: &SmsMessage,
        deadline: Instant,
        attempts: &mut Vec<SmsAttempt>,
    ) -> Outcome {
        let (at, begun) = (self.clock.now(), Instant::now());
        let attempt = vendor.attempt(message, deadline).await;
        let took = begun.elapsed();
        log(vendor.name(), message, &attempt, took);
        attempts.push(SmsAttempt {
            vendor: vendor.name(),
            outcome: attempt.outcome.recorded(),
            vendor_code: attempt.vendor_code,
            request_id: attempt.request_id,
            message_id: attempt.message_id,
            cost_units: attempt.cost_units,
            took,
            at,
        });
        attempt.outcome
    }

    /// Asks vendor after vendor until one settles the answer.
    async fn search(
        &self,
        message: &SmsMessage,
        attempts: &mut Vec<SmsAttempt>,
    ) -> Result<SmsDelivery, SmsSendError> {
        let deadline = Instant::now() + TOTAL;
        let mut refusals = Refusals::default();
        for slot in self.order() {
            let name = slot.vendor.name();
            if !has_time(deadline, Duration::ZERO) {
                refusals.note_skipped(name, "no time left");
                continue;
            }
            let Ok(pass) = slot.breaker.admit() else {
                refusals.note_skipped(name, "circuit open");
                continue;
            };
            let outcome = self.ask(&*slot.vendor, message, deadline, attempts).await;
            if outcome.duties().vendor_failed {
                pass.failed();
            } else {
                pass.succeeded();
            }
            slot.put_aside(outcome.concerns_account());
            if let Some(answer) = settled(name, &outcome) {
                return answer;
            }
            refusals.note(name, &outcome);
        }
        Err(refusals.into_error())
    }

    /// The vendor's wish if it is short enough, and some jitter; none if there is
    /// no use in waiting.
    fn pause(&self, wish: Option<Duration>) -> Option<Duration> {
        let mut byte = [0];
        self.randomness.fill(&mut byte);
        let jitter = Duration::from_millis(u64::from(byte[0]));
        let pause = wish.unwrap_or(Duration::from_millis(150)) + jitter;
        (pause <= LONGEST_PAUSE).then_some(pause)
    }
}

#[async_trait]
impl SmsSender for FailoverSender {
    async fn send(&self, message: &SmsMessage) -> SmsReport {
        let mut attempts = Vec::new();
        let verdict = self.search(message, &mut attempts).await;
        SmsReport { attempts, verdict }
    }
}

impl Slot {
    fn is_aside(&self, now: Instant) -> bool {
        let until = *self
            .aside_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        until.is_some_and(|until| until > now)
    }

    fn put_aside(&self, aside: bool) {
        let until = aside.then(|| Instant::now() + ASIDE);
        *self
            .aside_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = until;
    }
}

fn has_time(deadline: Instant, pause: Duration) -> bool {
    Instant::now() + pause + LEAST_TIME <= deadline
}

fn log(vendor: &str, message: &SmsMessage, attempt: &Attempt, took: Duration) {
    let outcome = attempt.outcome.as_str();
    let duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let phone = message.phone.masked();
    let vendor_code = attempt.vendor_code.as_deref();
    let request_id = attempt.request_id.as_deref();
    let send_id = message.id.to_string();
    match &attempt.outcome {
        Outcome::Accepted => {
            tracing::info!(
                vendor,
                outcome,
                duration_ms,
                phone,
                vendor_code,
                request_id,
                send_id,
                "an SMS vendor took a message"
            );
        }
        refused if refused.duties().alarm => {
            tracing::error!(
                vendor,
                outcome,
                duration_ms,
                phone,
                vendor_code,
                request_id,
                send_id,
                "an SMS vendor refuses our account, settings, text or clock"
            );
        }
        _ => {
            tracing::warn!(
                vendor,
                outcome,
                duration_ms,
                phone,
                vendor_code,
                request_id,
                send_id,
                "an SMS vendor did not take a message"
            );
        }
    }
}
