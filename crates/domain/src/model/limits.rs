//! Which limits an act is counted against.

use std::net::IpAddr;
use std::time::Duration;

use crate::model::identifiers::SessionId;
use crate::model::origin::source_network;
use crate::model::phone_number::PhoneNumber;

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

/// Collects windows, leaving out those that are switched off.
struct Windows(Vec<Window>);

impl Windows {
    fn add(&mut self, rule: LimitRule, key: LimitKey, limit: u32, per: Duration) {
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
