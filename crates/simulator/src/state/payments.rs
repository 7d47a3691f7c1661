//! What people paid in mini-programs, for the call that asks a payer's unionid.

use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Utc};

/// More payments than this are not remembered: the oldest go first.
const MOST_PAYMENTS: usize = 1000;
/// How long after it a payment can be asked for.
const FRESH: TimeDelta = TimeDelta::minutes(5);

/// One payment.
#[derive(Debug, Clone)]
pub(crate) struct Payment {
    pub(crate) app_id: String,
    pub(crate) person: String,
    pub(crate) transaction_id: String,
    pub(crate) mch_id: String,
    pub(crate) out_trade_no: String,
    pub(crate) at: DateTime<Utc>,
}

/// The newest payments.
#[derive(Debug, Default)]
pub(crate) struct Payments(VecDeque<Payment>);

impl Payments {
    pub(crate) fn add(&mut self, payment: Payment) {
        if self.0.len() >= MOST_PAYMENTS {
            self.0.pop_front();
        }
        self.0.push_back(payment);
    }

    /// A payment of the last five minutes that `is_meant`.
    pub(crate) fn find(
        &self,
        now: DateTime<Utc>,
        is_meant: impl Fn(&Payment) -> bool,
    ) -> Option<&Payment> {
        self.0
            .iter()
            .find(|payment| now - payment.at < FRESH && is_meant(payment))
    }
}
