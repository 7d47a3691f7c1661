//! The counters of a day, summed up for a page with charts.

use std::collections::BTreeMap;

use menshen_domain::model::audit::AuditAction;
use menshen_domain::model::record::Counts;
use menshen_domain::model::sms_delivery::{SendOutcome, SendVerdict};
use menshen_domain::services::administration::DayCounts;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::account_json::time;

/// A day.
#[derive(Debug, Serialize, ToSchema)]
pub struct CountersJson {
    /// When it begins, RFC 3339.
    from: String,
    /// When it is over, RFC 3339.
    to: String,
    /// Until when was counted, RFC 3339; up to five seconds ago.
    as_of: String,
    /// The whole day.
    totals: TotalsJson,
    /// Hour by hour, up to the present one.
    hours: Vec<HourJson>,
    /// Logins by how they were proven.
    logins_by_method: Vec<NamedCountJson>,
    /// Messages by what became of them; `pending` while one is under way, or if its
    /// process died then.
    sends_by_verdict: Vec<NamedCountJson>,
    /// What vendors were asked.
    spend: Vec<SpendJson>,
    /// Rows of the audit log by action.
    events: Vec<NamedCountJson>,
}

/// How often what people ask for first happened.
#[derive(Debug, Default, Clone, Copy, Serialize, ToSchema)]
pub struct TotalsJson {
    /// Logins.
    logins: u64,
    /// Logins that were refused although their proof was right.
    refused_logins: u64,
    /// Accounts that were made.
    new_users: u64,
    /// Messages that left, or may have.
    sent: u64,
    /// Codes that were right, at a login.
    verified: u64,
    /// Codes that were wrong.
    wrong_codes: u64,
    /// Codes that were asked for and refused, or that no vendor took. Of a flood from
    /// one network not every refusal is on record.
    refused_codes: u64,
}

/// An hour.
#[derive(Debug, Serialize, ToSchema)]
pub struct HourJson {
    /// When it begins, RFC 3339.
    from: String,
    /// What happened.
    #[serde(flatten)]
    totals: TotalsJson,
    /// Logins by how they were proven.
    logins_by_method: Vec<NamedCountJson>,
}

/// How often.
#[derive(Debug, Serialize, ToSchema)]
pub struct NamedCountJson {
    /// What.
    name: String,
    /// How often.
    count: u64,
}

/// What a vendor was asked.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct SpendJson {
    /// The vendor.
    vendor: String,
    /// How often it was asked.
    tries: u64,
    /// How many messages it took.
    accepted: u64,
    /// What they cost, in the vendor's own unit: segments for most.
    units: u64,
}

impl From<&DayCounts> for CountersJson {
    fn from(day: &DayCounts) -> Self {
        let mut sums = Sums::default();
        let mut hours = Vec::with_capacity(day.hours.len());
        let mut totals = TotalsJson::default();
        for hour in &day.hours {
            let of_hour = TotalsJson::of(&hour.counts);
            totals = totals.and(of_hour);
            sums.add(&hour.counts);
            hours.push(HourJson {
                from: time(hour.from),
                totals: of_hour,
                logins_by_method: named(logins_by_method(&hour.counts)),
            });
        }
        Self {
            from: time(day.day.from()),
            to: time(day.day.to()),
            as_of: time(day.as_of),
            totals,
            hours,
            logins_by_method: named(sums.methods),
            sends_by_verdict: named(sums.verdicts),
            spend: sums.vendors.into_values().collect(),
            events: named(sums.actions),
        }
    }
}

impl TotalsJson {
    fn of(counts: &Counts) -> Self {
        let times = |action: AuditAction| {
            let of_action = counts
                .events
                .iter()
                .filter(|event| event.action == action.as_str());
            of_action.map(|event| event.times).sum()
        };
        // What counts against budgets: whatever may have left.
        let left = counts.sends.iter().filter(|send| {
            let verdict = send.verdict.as_deref().and_then(SendVerdict::parse);
            send.verdict.is_none() || verdict.is_some_and(SendVerdict::counts)
        });
        Self {
            logins: times(AuditAction::SignedIn),
            refused_logins: times(AuditAction::SignInRefused),
            new_users: times(AuditAction::AccountCreated),
            sent: left.map(|send| send.times).sum(),
            verified: times(AuditAction::CodeVerified),
            wrong_codes: times(AuditAction::CodeFailed),
            refused_codes: times(AuditAction::CodeRefused),
        }
    }

    fn and(self, more: Self) -> Self {
        Self {
            logins: self.logins + more.logins,
            refused_logins: self.refused_logins + more.refused_logins,
            new_users: self.new_users + more.new_users,
            sent: self.sent + more.sent,
            verified: self.verified + more.verified,
            wrong_codes: self.wrong_codes + more.wrong_codes,
            refused_codes: self.refused_codes + more.refused_codes,
        }
    }
}

/// What the hours come to together.
#[derive(Default)]
struct Sums {
    methods: BTreeMap<String, u64>,
    verdicts: BTreeMap<String, u64>,
    vendors: BTreeMap<String, SpendJson>,
    actions: BTreeMap<String, u64>,
}

impl Sums {
    fn add(&mut self, counts: &Counts) {
        for event in &counts.events {
            *self.actions.entry(event.action.clone()).or_default() += event.times;
        }
        for (method, times) in logins_by_method(counts) {
            *self.methods.entry(method).or_default() += times;
        }
        for send in &counts.sends {
            let verdict = send.verdict.clone().unwrap_or_else(|| "pending".to_owned());
            *self.verdicts.entry(verdict).or_default() += send.times;
        }
        for one in &counts.vendors {
            let spend = self.vendors.entry(one.vendor.clone()).or_default();
            spend.vendor.clone_from(&one.vendor);
            spend.tries += one.tries;
            spend.units += one.units;
            if one.outcome == SendOutcome::Accepted.as_str() {
                spend.accepted += one.tries;
            }
        }
    }
}

fn logins_by_method(counts: &Counts) -> BTreeMap<String, u64> {
    let mut methods = BTreeMap::new();
    for event in &counts.events {
        if event.action == AuditAction::SignedIn.as_str() {
            let method = event.method.clone().unwrap_or_default();
            *methods.entry(method).or_default() += event.times;
        }
    }
    methods
}

fn named(counts: BTreeMap<String, u64>) -> Vec<NamedCountJson> {
    let each = counts.into_iter();
    each.map(|(name, count)| NamedCountJson { name, count })
        .collect()
}
