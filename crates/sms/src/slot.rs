//! One vendor of several, with what was learnt about it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use menshen_domain::model::sms_message::MessagePurpose;
use menshen_outbound::{CircuitBreaker, Pass};
use tokio::time::Instant;

use crate::outcome::Outcome;
use crate::persistence::Persistence;
use crate::vendor::SmsVendor;

/// A vendor, its circuit, and its failures of late by their kind.
pub(crate) struct Slot {
    pub(crate) vendor: Arc<dyn SmsVendor>,
    pub(crate) breaker: CircuitBreaker,
    failures: Mutex<BTreeMap<&'static str, Persistence>>,
}

impl Slot {
    pub(crate) fn new(vendor: Arc<dyn SmsVendor>) -> Self {
        Self {
            vendor,
            breaker: CircuitBreaker::default(),
            failures: Mutex::default(),
        }
    }

    /// Tells the circuit what came of a call. Without a pass the call was made in
    /// spite of an open circuit. Of a notice that is refused it learns nothing: its
    /// text or sign may be what is wrong, and codes have others.
    pub(crate) fn learn(&self, pass: Option<Pass<'_>>, purpose: MessagePurpose, outcome: &Outcome) {
        if purpose == MessagePurpose::NumberNotice && matches!(outcome, Outcome::Config(_)) {
            return;
        }
        let refused = outcome.concerns_account();
        let failed = outcome.duties().vendor_failed;
        match pass {
            Some(pass) if refused => pass.refused(),
            Some(pass) if failed => pass.failed(),
            Some(pass) => pass.succeeded(),
            None if refused || failed => {}
            None => self.breaker.close(),
        }
    }

    /// True if failures of this kind go on, so that somebody must look at it.
    pub(crate) fn persists(&self, outcome: &Outcome) -> bool {
        if !outcome.duties().vendor_failed {
            return false;
        }
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let kind = failures.entry(outcome.as_str()).or_default();
        kind.note(Instant::now())
    }
}
