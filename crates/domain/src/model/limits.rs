//! Which limits an act is counted against.

use std::net::IpAddr;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::model::identifiers::{SessionId, UserId};
use crate::model::origin::source_network;
use crate::model::phone_number::PhoneNumber;
use crate::model::sms_delivery::SentCount;
use crate::model::wechat::{AppId, OpenId};

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// The limits of the deployment; zero turns one off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// `sms.resend_interval`: time between two messages to one number.
    pub resend_interval: Duration,
    /// `sms.per_phone_hour`.
    pub per_phone_hour: u32,
    /// `sms.per_phone_day`.
    pub per_phone_day: u32,
    /// `sms.per_ip_hour`.
    pub per_ip_hour: u32,
    /// `sms.per_ip_day`.
    pub per_ip_day: u32,
    /// `sms.deployment_day`.
    pub deployment_day: u32,
    /// `sms.failures_per_phone_day`: wrong tries without a challenge.
    pub failures_per_phone_day: u32,
    /// `sms.failures_per_ip`: wrong and malformed tries per 15 minutes.
    pub failures_per_ip: u32,
    /// `tokens.refresh_per_session`: rotations per 5 minutes.
    pub refresh_per_session: u32,
    /// `tokens.refresh_per_ip`: rotations per 5 minutes.
    pub refresh_per_ip: u32,
}

/// What a limit counts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum LimitKey {
    /// Messages to a number.
    SmsPhone(PhoneNumber),
    /// Messages asked for from a source network.
    SmsSource(IpAddr),
    /// Messages of the whole deployment.
    SmsDeployment,
    /// Wrong tries at a number that carry no challenge.
    FailuresPhone(PhoneNumber),
    /// Wrong and malformed tries from a source network.
    FailuresSource(IpAddr),
    /// Audit rows about messages that were refused to a source network.
    RefusalRows(IpAddr),
    /// Rotations of a session's refresh token.
    RefreshSession(SessionId),
    /// Rotations from a source network.
    RefreshSource(IpAddr),
    /// Billed phone-number calls of an application.
    PhoneCalls(AppId),
    /// Billed phone-number calls for one person of an application.
    PhoneCallsFor(AppId, OpenId),
    /// Open data decrypted for a session.
    OpenData(SessionId),
    /// Open data that comes along with the logins of a person of an application.
    OpenDataOf(AppId, OpenId),
    /// Exports of all that is held about a person.
    Exports(UserId),
    /// Wrong admin keys from a source network.
    AdminKeys(IpAddr),
    /// Searches for numbers by the admin key of this name.
    AdminSearches(String),
}

impl LimitKey {
    /// True for acts that go on with limits of each process while the shared store
    /// is away: refreshing, what `WeChat` logins ask for, exports, and admin keys.
    /// Messages, and tries at the codes in them, do not. New keys must choose.
    #[must_use]
    pub fn counts_without_the_shared_store(&self) -> bool {
        match self {
            Self::RefreshSession(_)
            | Self::RefreshSource(_)
            | Self::PhoneCalls(_)
            | Self::PhoneCallsFor(..)
            | Self::OpenData(_)
            | Self::OpenDataOf(..)
            | Self::Exports(_)
            | Self::AdminKeys(_)
            | Self::AdminSearches(_) => true,
            Self::SmsPhone(_)
            | Self::SmsSource(_)
            | Self::SmsDeployment
            | Self::FailuresPhone(_)
            | Self::FailuresSource(_)
            | Self::RefusalRows(_) => false,
        }
    }
}

/// Which rule a window belongs to, so that a refusal can be told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LimitRule {
    /// The time between two messages to one number.
    ResendInterval,
    /// Messages by hour or day: of a number, a source, the deployment.
    SmsVolume,
    /// Audit rows about messages that were refused.
    RefusalRows,
    /// Wrong tries at a number.
    PhoneFailures,
    /// Wrong tries from a source.
    SourceFailures,
    /// Rotations of refresh tokens.
    Refresh,
    /// Billed phone-number calls.
    PhoneCalls,
    /// Open data decrypted.
    OpenData,
    /// Exports of all that is held about a person.
    Exports,
    /// Wrong admin keys.
    AdminKeys,
    /// Searches for numbers by operators who may only look.
    AdminSearches,
}

impl LimitRule {
    /// Every rule.
    pub const ALL: [Self; 11] = [
        Self::ResendInterval,
        Self::SmsVolume,
        Self::RefusalRows,
        Self::PhoneFailures,
        Self::SourceFailures,
        Self::Refresh,
        Self::PhoneCalls,
        Self::OpenData,
        Self::Exports,
        Self::AdminKeys,
        Self::AdminSearches,
    ];

    /// The stable word of the metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ResendInterval => "resend_interval",
            Self::SmsVolume => "sms_volume",
            Self::RefusalRows => "refusal_rows",
            Self::PhoneFailures => "phone_failures",
            Self::SourceFailures => "source_failures",
            Self::Refresh => "refresh",
            Self::PhoneCalls => "phone_calls",
            Self::OpenData => "open_data",
            Self::Exports => "exports",
            Self::AdminKeys => "admin_keys",
            Self::AdminSearches => "admin_searches",
        }
    }
}

/// At most `limit` acts in any `per` long span of time.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Window {
    /// The rule that this window belongs to.
    pub rule: LimitRule,
    /// What is counted.
    pub key: LimitKey,
    /// How many are allowed, at least 1.
    pub limit: u32,
    /// In which rolling span of time.
    pub per: Duration,
}

/// Acts that happened before the limiter was asked, or that it has forgotten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastUse {
    /// What they count against.
    pub key: LimitKey,
    /// How long they count: the longest window on the key.
    pub per: Duration,
    /// How long ago they happened.
    pub ago: Duration,
    /// How many they are.
    pub times: u32,
}

/// Collects windows, leaving out those that are switched off.
pub(super) struct Windows(pub(super) Vec<Window>);

impl Windows {
    pub(super) fn add(&mut self, rule: LimitRule, key: LimitKey, limit: u32, per: Duration) {
        if limit > 0 && !per.is_zero() {
            self.0.push(Window {
                rule,
                key,
                limit,
                per,
            });
        }
    }
}

impl Limits {
    /// The windows that one message is counted against.
    #[must_use]
    pub fn for_sms(&self, phone: &PhoneNumber, address: IpAddr) -> Vec<Window> {
        let source = source_network(address);
        let to_phone = || LimitKey::SmsPhone(phone.clone());
        let mut windows = Windows(Vec::with_capacity(6));
        windows.add(
            LimitRule::ResendInterval,
            to_phone(),
            1,
            self.resend_interval,
        );
        windows.add(LimitRule::SmsVolume, to_phone(), self.per_phone_hour, HOUR);
        windows.add(LimitRule::SmsVolume, to_phone(), self.per_phone_day, DAY);
        windows.add(
            LimitRule::SmsVolume,
            LimitKey::SmsSource(source),
            self.per_ip_hour,
            HOUR,
        );
        windows.add(
            LimitRule::SmsVolume,
            LimitKey::SmsSource(source),
            self.per_ip_day,
            DAY,
        );
        windows.add(
            LimitRule::SmsVolume,
            LimitKey::SmsDeployment,
            self.deployment_day,
            DAY,
        );
        windows.0
    }

    /// Since when messages count against the budget of the whole deployment;
    /// nothing if it has none.
    #[must_use]
    pub fn budget_since(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        (self.deployment_day > 0).then(|| now - DAY)
    }

    /// Messages of the past as the budget of the whole deployment counts them:
    /// of those within its day as many of the newest as it has places.
    #[must_use]
    pub fn past_uses(&self, sent: &[SentCount], now: DateTime<Utc>) -> Vec<PastUse> {
        let mut room = self.deployment_day;
        let mut uses = Vec::new();
        for one in sent.iter().rev() {
            // What another machine wrote with a clock ahead of ours is of now.
            let ago = (now - one.at).to_std().unwrap_or_default();
            let times = one.times.min(room);
            if times == 0 || ago >= DAY {
                break;
            }
            room -= times;
            uses.push(PastUse {
                key: LimitKey::SmsDeployment,
                per: DAY,
                ago,
                times,
            });
        }
        uses
    }

    /// The window of one export: `per_day` of them for each person.
    #[must_use]
    pub fn for_export(user: UserId, per_day: u32) -> Vec<Window> {
        let mut windows = Windows(Vec::with_capacity(1));
        windows.add(LimitRule::Exports, LimitKey::Exports(user), per_day, DAY);
        windows.0
    }

    /// The window of the audit rows about refused messages. A refusal costs the
    /// asker nothing: one row a minute tells of it, and no flood of them fills the
    /// log or keeps the database busy.
    #[must_use]
    pub fn for_refusal_row(address: IpAddr) -> Vec<Window> {
        let key = LimitKey::RefusalRows(source_network(address));
        let mut windows = Windows(Vec::with_capacity(1));
        windows.add(LimitRule::RefusalRows, key, 1, MINUTE);
        windows.0
    }

    /// The windows that one try at a code is counted against until it proves
    /// right; tries with a challenge are bounded by the challenge itself.
    #[must_use]
    pub fn for_code_try(
        &self,
        phone: &PhoneNumber,
        with_challenge: bool,
        address: IpAddr,
    ) -> Vec<Window> {
        let mut windows = Windows(Vec::with_capacity(2));
        if !with_challenge {
            let key = LimitKey::FailuresPhone(phone.clone());
            windows.add(
                LimitRule::PhoneFailures,
                key,
                self.failures_per_phone_day,
                DAY,
            );
        }
        windows.0.extend(self.for_malformed_try(address));
        windows.0
    }

    /// The windows that a malformed try is counted against.
    #[must_use]
    pub fn for_malformed_try(&self, address: IpAddr) -> Vec<Window> {
        let mut windows = Windows(Vec::with_capacity(1));
        let source = LimitKey::FailuresSource(source_network(address));
        windows.add(
            LimitRule::SourceFailures,
            source,
            self.failures_per_ip,
            MINUTE * 15,
        );
        windows.0
    }

    /// The windows that one rotation is counted against.
    #[must_use]
    pub fn for_refresh(&self, session: SessionId, address: IpAddr) -> Vec<Window> {
        let mut windows = Windows(Vec::with_capacity(2));
        windows.add(
            LimitRule::Refresh,
            LimitKey::RefreshSession(session),
            self.refresh_per_session,
            MINUTE * 5,
        );
        let source = LimitKey::RefreshSource(source_network(address));
        windows.add(LimitRule::Refresh, source, self.refresh_per_ip, MINUTE * 5);
        windows.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(deployment_day: u32) -> Limits {
        Limits {
            resend_interval: Duration::ZERO,
            per_phone_hour: 0,
            per_phone_day: 0,
            per_ip_hour: 0,
            per_ip_day: 0,
            deployment_day,
            failures_per_phone_day: 0,
            failures_per_ip: 0,
            refresh_per_session: 0,
            refresh_per_ip: 0,
        }
    }

    /// What is told of messages so many seconds ago, oldest first.
    fn told(deployment_day: u32, sent: &[(i64, u32)]) -> Vec<(u64, u32)> {
        let now = DateTime::UNIX_EPOCH + DAY;
        let count = |(ago, times): &(i64, u32)| SentCount {
            at: now - chrono::TimeDelta::seconds(*ago),
            times: *times,
        };
        let sent: Vec<_> = sent.iter().map(count).collect();
        let uses = limits(deployment_day).past_uses(&sent, now);
        let of_the_day = |past: &PastUse| past.key == LimitKey::SmsDeployment && past.per == DAY;
        assert!(uses.iter().all(of_the_day));
        uses.iter()
            .map(|past| (past.ago.as_secs(), past.times))
            .collect()
    }

    #[test]
    fn the_newest_messages_of_the_day_fill_the_budget() {
        let sent = [(90_000, 9), (86_400, 5), (86_399, 2), (60, 3), (1, 1)];
        assert_eq!(told(100, &sent), [(1, 1), (60, 3), (86_399, 2)]);
        assert_eq!(told(5, &sent), [(1, 1), (60, 3), (86_399, 1)]);
        assert_eq!(told(4, &sent), [(1, 1), (60, 3)]);
        assert_eq!(told(3, &sent), [(1, 1), (60, 2)]);
        assert!(told(0, &sent).is_empty());
        assert!(told(9, &[]).is_empty());
    }

    #[test]
    fn a_message_of_the_future_is_one_of_now() {
        assert_eq!(told(9, &[(5, 1), (-30, 2)]), [(0, 2), (5, 1)]);
    }

    #[test]
    fn without_a_budget_nothing_is_looked_up() {
        let now = DateTime::UNIX_EPOCH + DAY;
        assert_eq!(limits(0).budget_since(now), None);
        assert_eq!(limits(1).budget_since(now), Some(DateTime::UNIX_EPOCH));
    }
}
