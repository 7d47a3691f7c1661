//! Several vendors behind one port: in order, each with a circuit breaker.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use menshen_domain::model::sms_delivery::SmsAttempt;
use menshen_domain::ports::clock::Clock;
use menshen_domain::ports::randomness::Randomness;
use menshen_domain::ports::sms_sender::{
    SmsDelivery, SmsMessage, SmsReport, SmsSendError, SmsSender,
};
use menshen_outbound::Pass;
use tokio::time::{Instant, sleep};

use crate::attempt_log;
use crate::health::VendorHealth;
use crate::metrics::SmsMetrics;
use crate::order::{Candidate, Weights, order};
use crate::outcome::{Outcome, SameVendor};
use crate::slot::Slot;
use crate::vendor::{Serves, SmsVendor};
use crate::verdict::{Refusals, settled};

/// The time for everything, under the six seconds of the port: a request does
/// more than this, and is answered within six seconds itself.
const TOTAL: Duration = Duration::from_secs(5);
/// With less time than this left no attempt is begun: one that is cut off leaves
/// the fate of the message unknown.
const LEAST_TIME: Duration = Duration::from_millis(500);
/// The longest pause before the same vendor is asked again.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Sends through the first vendor that takes the message.
///
/// Each vendor is asked once, and once more where its answer allows it; whoever
/// may have sent the message is the last one asked. A vendor that fails again
/// and again, or refuses our account, is left alone until a single message has
/// found it back in order. One that refused our account is asked all the same
/// where nobody else took the message: the operator may just have paid.
pub struct FailoverSender {
    vendors: Vec<Slot>,
    weights: Weights,
    health: Arc<VendorHealth>,
    metrics: SmsMetrics,
    clock: Arc<dyn Clock>,
    randomness: Arc<dyn Randomness>,
}

/// One message on its way.
struct Search<'a> {
    message: &'a SmsMessage,
    deadline: Instant,
    attempts: Vec<SmsAttempt>,
    refusals: Refusals,
}

impl FailoverSender {
    /// Vendors in order of preference.
    #[must_use]
    pub fn new(
        vendors: Vec<Arc<dyn SmsVendor>>,
        clock: Arc<dyn Clock>,
        randomness: Arc<dyn Randomness>,
    ) -> Self {
        Self {
            vendors: vendors.into_iter().map(Slot::new).collect(),
            weights: Weights::new(),
            health: Arc::default(),
            metrics: SmsMetrics::default(),
            clock,
            randomness,
        }
    }

    /// Draws the first vendor of each message by these weights.
    #[must_use]
    pub fn with_weights(self, weights: Weights) -> Self {
        Self { weights, ..self }
    }

    /// Asks vendors last whose messages do not arrive.
    #[must_use]
    pub fn with_health(self, health: Arc<VendorHealth>) -> Self {
        Self { health, ..self }
    }

    /// Counts in `metrics`, which name every vendor from now on.
    #[must_use]
    pub fn with_metrics(self, metrics: SmsMetrics) -> Self {
        let counting = Self { metrics, ..self };
        counting.tell_standing();
        counting
    }

    /// The vendors in the order in which they are asked for this message.
    fn order(&self, message: &SmsMessage) -> Vec<&Slot> {
        let candidate = |slot: &Slot| {
            let name = slot.vendor.name();
            Candidate {
                serves: slot.vendor.serves(message),
                poor: self.health.is_poor(name),
                admits: slot.breaker.would_admit(),
                weight: self.weights.get(name).copied(),
            }
        };
        let candidates: Vec<Candidate> = self.vendors.iter().map(candidate).collect();
        let order = order(&candidates, self.draw());
        order.into_iter().map(|n| &self.vendors[n]).collect()
    }

    fn draw(&self) -> u64 {
        let mut bytes = [0; 8];
        if !self.weights.is_empty() {
            self.randomness.fill(&mut bytes);
        }
        u64::from_le_bytes(bytes)
    }

    /// Asks vendor after vendor until one settles the answer.
    async fn search(&self, search: &mut Search<'_>) -> Result<SmsDelivery, SmsSendError> {
        let mut refusing = Vec::new();
        for slot in self.order(search.message) {
            let name = slot.vendor.name();
            if slot.vendor.serves(search.message) == Serves::Never {
                search.refusals.note_unserved(name);
                continue;
            }
            match slot.breaker.admit() {
                Ok(pass) => {
                    if let Some(answer) = self.ask_slot(slot, Some(pass), search).await {
                        return answer;
                    }
                }
                Err(open) if open.tripped => refusing.push(slot),
                Err(open) => search.refusals.note_resting(name, open.rest),
            }
            if search.refusals.blame_the_text() {
                break;
            }
        }
        for slot in refusing {
            if let Some(answer) = self.ask_slot(slot, None, search).await {
                return answer;
            }
        }
        Err(std::mem::take(&mut search.refusals).into_error())
    }

    /// Asks one vendor, if there is time, and learns from its answer; `None` if
    /// another may be asked.
    async fn ask_slot(
        &self,
        slot: &Slot,
        pass: Option<Pass<'_>>,
        search: &mut Search<'_>,
    ) -> Option<Result<SmsDelivery, SmsSendError>> {
        let name = slot.vendor.name();
        if !has_time(search.deadline, Duration::ZERO) {
            search.refusals.note_late(name);
            return None;
        }
        let outcome = self.ask(slot, search).await;
        slot.learn(pass, search.message.purpose(), &outcome);
        let answer = settled(name, &outcome);
        if answer.is_none() {
            search.refusals.note(name, &outcome);
        }
        answer
    }

    /// Asks one vendor, and once more if that is allowed and there is time.
    async fn ask(&self, slot: &Slot, search: &mut Search<'_>) -> Outcome {
        let outcome = self.attempt(slot, search).await;
        let pause = match (outcome.duties().same_vendor, &outcome) {
            (SameVendor::Never, _) => return outcome,
            (SameVendor::OnceAfterPause, Outcome::VendorBusy { wait }) => self.pause(*wait),
            (SameVendor::Once | SameVendor::OnceAfterPause, _) => Some(Duration::ZERO),
        };
        match pause {
            Some(pause) if has_time(search.deadline, pause) => {
                sleep(pause).await;
                self.attempt(slot, search).await
            }
            _ => outcome,
        }
    }

    /// One attempt, its line in the log, and its part of the report.
    async fn attempt(&self, slot: &Slot, search: &mut Search<'_>) -> Outcome {
        let (vendor, message) = (slot.vendor.name(), search.message);
        let (at, begun) = (self.clock.now(), Instant::now());
        let attempt = slot.vendor.attempt(message, search.deadline).await;
        let took = begun.elapsed();
        attempt_log::tell(vendor, message, &attempt, took);
        let outcome = attempt.outcome;
        if slot.persists(&outcome) {
            let outcome = outcome.as_str();
            self.metrics.persists(vendor, outcome);
            tracing::error!(vendor, outcome, "an SMS vendor fails again and again");
        }
        let report = SmsAttempt {
            vendor,
            outcome: outcome.recorded(),
            vendor_code: attempt.vendor_code,
            request_id: attempt.request_id,
            message_id: attempt.message_id,
            cost_units: attempt.cost_units,
            took,
            at,
        };
        let region = message.phone.region();
        let accepted = outcome == Outcome::Accepted;
        self.metrics.attempt(&report, region, accepted);
        search.attempts.push(report);
        outcome
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

    fn tell_standing(&self) {
        for slot in &self.vendors {
            let name = slot.vendor.name();
            let poor = self.health.is_poor(name);
            self.metrics.standing(name, slot.breaker.stands(), poor);
        }
    }
}

#[async_trait]
impl SmsSender for FailoverSender {
    async fn send(&self, message: &SmsMessage) -> SmsReport {
        let mut search = Search {
            message,
            deadline: Instant::now() + TOTAL,
            attempts: Vec::new(),
            refusals: Refusals::default(),
        };
        let verdict = self.search(&mut search).await;
        self.tell_standing();
        SmsReport {
            attempts: search.attempts,
            verdict,
        }
    }

    fn has_channel(&self, message: &SmsMessage) -> bool {
        let mut vendors = self.vendors.iter();
        vendors.any(|slot| slot.vendor.serves(message) != Serves::Never)
    }
}

fn has_time(deadline: Instant, pause: Duration) -> bool {
    Instant::now() + pause + LEAST_TIME <= deadline
}
