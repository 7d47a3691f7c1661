//! What was sent to each number lately, for the vendors' limits per number.

use std::collections::{HashMap, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};

use super::request_log::sha256_hex;

/// Beyond this many receivers those without a send in 24 hours are forgotten.
const MOST_RECEIVERS: usize = 100_000;
/// No vendor allows as many to one receiver in 24 hours.
const MOST_SENDS: usize = 200;

/// One message to one receiver.
#[derive(Debug, Clone)]
pub(crate) struct Send {
    pub(crate) at: DateTime<Utc>,
    /// Equal for equal texts.
    pub(crate) fingerprint: String,
}

impl Send {
    pub(crate) fn new(at: DateTime<Utc>, text: &str) -> Self {
        let mut fingerprint = sha256_hex(text.as_bytes());
        fingerprint.truncate(16);
        Self { at, fingerprint }
    }
}

/// The sends of the last day by vendor and receiver, oldest first. A receiver
/// is a number, or a sign and a number, as the vendor counts.
#[derive(Debug, Default)]
pub(crate) struct SendLog(HashMap<(&'static str, String), VecDeque<Send>>);

impl SendLog {
    /// How many sends to `receiver` are like this.
    pub(crate) fn count(
        &self,
        vendor: &'static str,
        receiver: &str,
        like: impl Fn(&Send) -> bool,
    ) -> usize {
        self.0
            .get(&(vendor, receiver.to_owned()))
            .map_or(0, |sends| sends.iter().filter(|send| like(send)).count())
    }

    /// Counts a send.
    pub(crate) fn record(&mut self, vendor: &'static str, receiver: &str, send: Send) {
        if self.0.len() >= MOST_RECEIVERS {
            let day_ago = send.at - TimeDelta::hours(24);
            self.0
                .retain(|_, sends| sends.back().is_some_and(|last| last.at > day_ago));
        }
        if self.0.len() >= 2 * MOST_RECEIVERS {
            self.0.clear();
        }
        let sends = self.0.entry((vendor, receiver.to_owned())).or_default();
        if sends.len() >= MOST_SENDS {
            sends.pop_front();
        }
        sends.push_back(send);
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}
