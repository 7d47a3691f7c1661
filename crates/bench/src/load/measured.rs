//! What a load came to.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use hdrhistogram::Histogram;

use crate::meter::Reading;

/// The longest time that is told apart, in microseconds.
const LONGEST: u64 = 120_000_000;

/// Why a visit failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The service answered something else: the status and the word of its
    /// envelope.
    Refused(u16, String),
    /// The connection broke.
    Broken(std::io::ErrorKind),
    /// The answer was a success and lacked this.
    Lacks(&'static str),
    /// No answer came.
    Unanswered,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(status, code) => write!(f, "{status} {code}"),
            Self::Broken(kind) => write!(f, "connection: {kind}"),
            Self::Lacks(what) => write!(f, "answer without {what}"),
            Self::Unanswered => write!(f, "no answer"),
        }
    }
}

/// What a load came to.
#[derive(Debug)]
pub struct Measured {
    /// How long was counted.
    pub time: Duration,
    /// Processor time meanwhile.
    pub used: Reading,
    /// What failed, and how often.
    pub errors: BTreeMap<String, u64>,
    latencies: Histogram<u64>,
}

impl Measured {
    pub(super) fn new(time: Duration) -> Self {
        Self {
            time,
            used: Reading::default(),
            errors: BTreeMap::new(),
            // Three digits of anything from a microsecond on are what it can do.
            latencies: Histogram::new_with_max(LONGEST, 3).expect("a histogram"),
        }
    }

    pub(super) fn note(&mut self, took: Duration, outcome: &Result<(), Failure>) {
        match outcome {
            Ok(()) => {
                let micros = u64::try_from(took.as_micros()).unwrap_or(LONGEST);
                self.latencies.saturating_record(micros.max(1));
            }
            Err(failure) => self.fail(failure),
        }
    }

    pub(super) fn fail(&mut self, failure: &Failure) {
        *self.errors.entry(failure.to_string()).or_default() += 1;
    }

    /// Visits that went well.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.latencies.len()
    }

    /// Visits that did not.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.errors.values().sum()
    }

    /// Visits a second that went well.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    pub fn per_second(&self) -> f64 {
        self.count() as f64 / self.time.as_secs_f64()
    }

    /// Within what time this share of the visits was answered, in percent.
    #[must_use]
    pub fn at(&self, percent: f64) -> Duration {
        Duration::from_micros(self.latencies.value_at_percentile(percent))
    }

    /// Processor time of one visit, of so much in all.
    #[must_use]
    pub fn each(&self, used: Duration) -> Duration {
        u32::try_from(self.count())
            .ok()
            .and_then(|count| used.checked_div(count))
            .unwrap_or_default()
    }
}
