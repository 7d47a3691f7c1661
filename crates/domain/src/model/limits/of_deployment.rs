//! The limits of a deployment, and which of them each act is counted against.

use std::net::IpAddr;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{LimitKey, LimitRule, PastUse, Window, Windows};
use crate::model::audit::AuditAction;
use crate::model::identifiers::{SessionId, UserId};
use crate::model::origin::{neighbourhood, source_network};
use crate::model::phone_number::PhoneNumber;
use crate::model::sms_delivery::SentCount;
use crate::model::spend::SpendScope;
use crate::model::verification::CodeScope;

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);
/// In what time wrong tries are counted by source.
const TRIES: Duration = Duration::from_mins(15);
/// Rotations of one session with replays in a day that are nothing to tell of:
/// answers do get lost.
const USUAL_REPLAYS: u32 = 20;

/// The limits of the deployment; zero turns one off.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
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
    /// `sms.per_network_hour`: by neighbourhood of source networks.
    pub per_network_hour: u32,
    /// `sms.per_prefix_hour`: by block of ten thousand numbers.
    pub per_prefix_hour: u32,
    /// `sms.per_account_day`: what one signed-in person asks for.
    pub per_account_day: u32,
    /// `sms.deployment_minute`.
    pub deployment_minute: u32,
    /// `sms.deployment_day`.
    pub deployment_day: u32,
    /// `sms.failures_per_phone_day`: wrong tries without a challenge.
    pub failures_per_phone_day: u32,
    /// `sms.failures_per_ip`: wrong and malformed tries per 15 minutes.
    pub failures_per_ip: u32,
    /// `sms.failures_per_network`: the same by neighbourhood.
    pub failures_per_network: u32,
    /// `tokens.refresh_per_session`: rotations per 5 minutes.
    pub refresh_per_session: u32,
    /// `tokens.refresh_per_ip`: rotations per 5 minutes.
    pub refresh_per_ip: u32,
}

impl Limits {
    /// The windows that one message is counted against.
    #[must_use]
    pub fn for_sms(&self, scope: &CodeScope, address: IpAddr) -> Vec<Window> {
        use LimitRule as R;
        let source = LimitKey::SmsSource(source_network(address));
        let network = LimitKey::SmsNetwork(neighbourhood(address));
        let to_phone = || LimitKey::SmsPhone(scope.phone.clone());
        let prefix = LimitKey::SmsPrefix(scope.phone.prefix());
        let all = LimitKey::SmsDeployment;
        let mut windows = Windows(Vec::with_capacity(10));
        windows.add(R::ResendInterval, to_phone(), 1, self.resend_interval);
        windows.add(R::SmsVolume, to_phone(), self.per_phone_hour, HOUR);
        windows.add(R::SmsVolume, to_phone(), self.per_phone_day, DAY);
        windows.add(R::SmsVolume, source.clone(), self.per_ip_hour, HOUR);
        windows.add(R::SmsVolume, source, self.per_ip_day, DAY);
        windows.add(R::SmsNetwork, network, self.per_network_hour, HOUR);
        windows.add(R::SmsPrefix, prefix, self.per_prefix_hour, HOUR);
        if let Some(user) = scope.purpose.user() {
            let account = LimitKey::SmsAccount(user);
            windows.add(R::SmsAccount, account, self.per_account_day, DAY);
        }
        let minute = self.deployment_minute;
        windows.add(R::DeploymentMinute, all.clone(), minute, MINUTE);
        windows.add(R::DeploymentDay, all, self.deployment_day, DAY);
        windows.0
    }

    /// Since when messages count against the budget of the whole deployment;
    /// nothing if it has none.
    #[must_use]
    pub fn budget_since(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        (self.deployment_day > 0).then(|| now - DAY)
    }

    /// Since when messages to a number count against it; nothing if nothing limits them.
    #[must_use]
    pub fn person_since(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let limited = self.per_phone_hour > 0 || self.per_phone_day > 0;
        (limited || !self.resend_interval.is_zero()).then(|| now - DAY)
    }

    /// How many of the newest messages to a number tell all that its limits ask.
    #[must_use]
    pub fn person_room(&self) -> u32 {
        self.per_phone_day.max(self.per_phone_hour).max(1)
    }

    /// Messages of the past as the limits of a number count them, of those within a
    /// day the newest.
    #[must_use]
    pub fn past_of(
        &self,
        phone: &PhoneNumber,
        sent: &[SentCount],
        now: DateTime<Utc>,
    ) -> Vec<PastUse> {
        let key = LimitKey::SmsPhone(phone.clone());
        past(sent, now, &key, self.person_room())
    }

    /// Messages of the past as the budget of the whole deployment counts them:
    /// of those within its day as many of the newest as it has places.
    #[must_use]
    pub fn past_uses(&self, sent: &[SentCount], now: DateTime<Utc>) -> Vec<PastUse> {
        past(sent, now, &LimitKey::SmsDeployment, self.deployment_day)
    }

    /// The window of one export: `per_day` of them for each person.
    #[must_use]
    pub fn for_export(user: UserId, per_day: u32) -> Vec<Window> {
        Windows::one(LimitRule::Exports, LimitKey::Exports(user), per_day, DAY)
    }

    /// The window of one upload: `per_hour` pictures for each person.
    #[must_use]
    pub fn for_avatar(user: UserId, per_hour: u32) -> Vec<Window> {
        Windows::one(LimitRule::Avatars, LimitKey::Avatars(user), per_hour, HOUR)
    }

    /// The window of the audit rows about refused messages. A refusal costs the
    /// asker nothing: one row a minute tells of it, and no flood of them fills the
    /// log or keeps the database busy.
    #[must_use]
    pub fn for_refusal_row(address: IpAddr) -> Vec<Window> {
        let key = LimitKey::RefusalRows(source_network(address));
        Windows::one(LimitRule::RefusalRows, key, 1, MINUTE)
    }

    /// The window of the row that tells of a security event of the whole
    /// deployment: once a day, however often it happens.
    #[must_use]
    pub fn for_event(event: AuditAction) -> Vec<Window> {
        let key = LimitKey::Events(event);
        Windows::one(LimitRule::SecurityEvents, key, 1, DAY)
    }

    /// The window of the rows about overdrawn budgets of one kind: one an hour.
    #[must_use]
    pub fn for_guard_row(scope: &SpendScope) -> Vec<Window> {
        let key = LimitKey::GuardRows(scope.as_str());
        Windows::one(LimitRule::SecurityEvents, key, 1, HOUR)
    }

    /// As [`for_event`](Self::for_event), of one session.
    #[must_use]
    pub fn for_event_of(event: AuditAction, session: SessionId) -> Vec<Window> {
        let key = LimitKey::EventsOf(event, session);
        Windows::one(LimitRule::SecurityEvents, key, 1, DAY)
    }

    /// The window of the rotations of a session whose replaced token was answered
    /// again: more of them in a day are an event, and refuse nothing.
    #[must_use]
    pub fn for_replays(session: SessionId) -> Vec<Window> {
        let key = LimitKey::Replays(session);
        Windows::one(LimitRule::Replays, key, USUAL_REPLAYS, DAY)
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
        let mut windows = Windows(Vec::with_capacity(3));
        if !with_challenge {
            let key = LimitKey::FailuresPhone(phone.clone());
            let day = self.failures_per_phone_day;
            windows.add(LimitRule::PhoneFailures, key, day, DAY);
        }
        windows.0.extend(self.for_malformed_try(address));
        windows.0
    }

    /// The windows that a malformed try is counted against.
    #[must_use]
    pub fn for_malformed_try(&self, address: IpAddr) -> Vec<Window> {
        let source = LimitKey::FailuresSource(source_network(address));
        let network = LimitKey::FailuresNetwork(neighbourhood(address));
        let mut windows = Windows(Vec::with_capacity(2));
        let (one, all) = (self.failures_per_ip, self.failures_per_network);
        windows.add(LimitRule::SourceFailures, source, one, TRIES);
        windows.add(LimitRule::NetworkFailures, network, all, TRIES);
        windows.0
    }

    /// The windows that one rotation is counted against.
    #[must_use]
    pub fn for_refresh(&self, session: SessionId, address: IpAddr) -> Vec<Window> {
        let mut windows = Windows(Vec::with_capacity(2));
        let (rule, per) = (LimitRule::Refresh, MINUTE * 5);
        let own = LimitKey::RefreshSession(session);
        windows.add(rule, own, self.refresh_per_session, per);
        let source = LimitKey::RefreshSource(source_network(address));
        windows.add(rule, source, self.refresh_per_ip, per);
        windows.0
    }
}

/// Of the messages of the last day as many of the newest as there are places.
fn past(sent: &[SentCount], now: DateTime<Utc>, key: &LimitKey, mut room: u32) -> Vec<PastUse> {
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
            key: key.clone(),
            per: DAY,
            ago,
            times,
        });
    }
    uses
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::client::ClientType;
    use crate::model::verification::Purpose;

    fn limits(deployment_day: u32) -> Limits {
        Limits {
            deployment_day,
            ..Limits::default()
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

    fn scope(purpose: Purpose) -> CodeScope {
        CodeScope {
            purpose,
            client_type: ClientType::App,
            phone: PhoneNumber::parse("13800138000").unwrap(),
        }
    }

    #[test]
    fn a_message_counts_for_its_number_block_source_neighbourhood_person_and_all() {
        let each = Limits {
            resend_interval: MINUTE,
            per_phone_hour: 5,
            per_phone_day: 10,
            per_ip_hour: 20,
            per_ip_day: 100,
            per_network_hour: 300,
            per_prefix_hour: 60,
            per_account_day: 7,
            deployment_minute: 600,
            deployment_day: 10_000,
            ..Limits::default()
        };
        let told = |purpose| {
            let windows = each.for_sms(&scope(purpose), [203, 0, 113, 7].into());
            let told = windows.iter().map(|one| {
                let rule = one.rule.as_str();
                (rule, one.limit, one.per.as_secs())
            });
            told.collect::<Vec<_>>()
        };
        let mut expected = vec![
            ("resend_interval", 1, 60),
            ("sms_volume", 5, 3_600),
            ("sms_volume", 10, 86_400),
            ("sms_volume", 20, 3_600),
            ("sms_volume", 100, 86_400),
            ("sms_network", 300, 3_600),
            ("sms_prefix", 60, 3_600),
            ("sms_deployment_minute", 600, 60),
            ("sms_deployment_day", 10_000, 86_400),
        ];
        assert_eq!(told(Purpose::Login), expected);
        expected.insert(7, ("sms_account", 7, 86_400));
        let user = UserId::from_uuid(uuid::Uuid::from_u128(1));
        assert_eq!(told(Purpose::StepUp(user)), expected);
        let none = Limits::default().for_sms(&scope(Purpose::Login), [203, 0, 113, 7].into());
        assert!(none.is_empty());
    }

    #[test]
    fn neighbours_share_what_a_household_does_not() {
        let tries = Limits {
            failures_per_ip: 30,
            failures_per_network: 100,
            ..Limits::default()
        };
        let windows = |address: &str| tries.for_malformed_try(address.parse().unwrap());
        let (one, other) = (windows("203.0.113.7"), windows("203.0.113.8"));
        assert_ne!(one[0], other[0]);
        assert_eq!(one[1], other[1]);
        assert_ne!(one[1], windows("203.0.114.7")[1]);
        assert_eq!(windows("2001:db8:1:2::1")[1], windows("2001:db8:1:3::1")[1]);
    }
}
