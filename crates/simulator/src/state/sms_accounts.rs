//! How the accounts of the SMS vendors stand: paid, capped, or not.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike as _, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// Whether an account may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Standing {
    #[default]
    Active,
    /// Nothing is left to pay with.
    Arrears,
    /// The service is stopped.
    Suspended,
}

/// A vendor's error codes for what is wrong with an account; none for a cap
/// that the vendor does not have.
pub(crate) struct AccountCodes {
    pub(crate) arrears: &'static str,
    pub(crate) suspended: &'static str,
    pub(crate) day_cap: Option<&'static str>,
    pub(crate) month_cap: Option<&'static str>,
}

/// How one account stands, as `PUT /control/sms/accounts` takes it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccountState {
    pub(crate) vendor: String,
    #[serde(default)]
    pub(crate) standing: Standing,
    /// How many messages it sends on a day in Beijing; any number when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) day_cap: Option<usize>,
    /// How many messages it sends in a month in Beijing; any number when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) month_cap: Option<usize>,
}

/// Accounts by vendor; those that were never set are active and have no caps.
#[derive(Debug, Default)]
pub(crate) struct SmsAccounts {
    states: BTreeMap<String, AccountState>,
    sent: BTreeMap<&'static str, Sent>,
}

/// What an account sent on the last day and in the last month that it sent.
#[derive(Debug, Default)]
struct Sent {
    day: (i32, usize),
    month: (i32, usize),
}

impl SmsAccounts {
    /// Sets how an account stands.
    pub(crate) fn set(&mut self, state: AccountState) {
        self.states.insert(state.vendor.clone(), state);
    }

    pub(crate) fn list(&self) -> Vec<&AccountState> {
        self.states.values().collect()
    }

    /// The code of an account that may not send at all.
    pub(crate) fn refusal(&self, vendor: &str, codes: &AccountCodes) -> Option<&'static str> {
        match self.states.get(vendor)?.standing {
            Standing::Active => None,
            Standing::Arrears => Some(codes.arrears),
            Standing::Suspended => Some(codes.suspended),
        }
    }

    /// Counts so many messages, unless they would be over a cap: then its code.
    pub(crate) fn spend(
        &mut self,
        vendor: &'static str,
        codes: &AccountCodes,
        messages: usize,
        now: DateTime<Utc>,
    ) -> Option<&'static str> {
        let there = (now + TimeDelta::hours(8)).date_naive();
        let (day, month) = (
            there.num_days_from_ce(),
            there.year() * 12 + there.month0().cast_signed(),
        );
        let sent = self.sent.entry(vendor).or_default();
        if sent.day.0 != day {
            sent.day = (day, 0);
        }
        if sent.month.0 != month {
            sent.month = (month, 0);
        }
        let state = self.states.get(vendor);
        let is_over =
            |cap: Option<usize>, sent: usize| cap.is_some_and(|cap| sent + messages > cap);
        if is_over(state.and_then(|state| state.day_cap), sent.day.1) {
            return codes.day_cap;
        }
        if is_over(state.and_then(|state| state.month_cap), sent.month.1) {
            return codes.month_cap;
        }
        sent.day.1 += messages;
        sent.month.1 += messages;
        None
    }
}
