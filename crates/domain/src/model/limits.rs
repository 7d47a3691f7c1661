//! Which limits an act is counted against.

mod of_deployment;
mod of_notices;

use std::net::IpAddr;
use std::time::Duration;

use crate::model::audit::AuditAction;
use crate::model::identifiers::{SessionId, UserId};
use crate::model::phone_number::{PhoneNumber, PhonePrefix};
use crate::model::wechat::{AppId, OpenId};

pub use of_deployment::Limits;

/// What a limit counts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum LimitKey {
    /// Messages to a number.
    SmsPhone(PhoneNumber),
    /// Messages asked for from a source network.
    SmsSource(IpAddr),
    /// Messages asked for from a neighbourhood of source networks.
    SmsNetwork(IpAddr),
    /// Messages to a block of numbers.
    SmsPrefix(PhonePrefix),
    /// Messages that a signed-in person asks for.
    SmsAccount(UserId),
    /// Messages of the whole deployment.
    SmsDeployment,
    /// Notices to a number that an account has lost.
    NumberNotices(PhoneNumber),
    /// Wrong tries at a number that carry no challenge.
    FailuresPhone(PhoneNumber),
    /// Wrong and malformed tries from a source network.
    FailuresSource(IpAddr),
    /// Wrong and malformed tries from a neighbourhood of source networks.
    FailuresNetwork(IpAddr),
    /// Wrong tries in a row at a number, with a challenge or without.
    GuessRun(PhoneNumber),
    /// Wrong and malformed tries at all numbers.
    WrongCodes,
    /// Audit rows about guesses at a number; none stands for guesses at all.
    GuessRows(Option<PhoneNumber>),
    /// Captchas from a source network that failed.
    CaptchaFailures(IpAddr),
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
    /// Pictures that a person uploads.
    Avatars(UserId),
    /// Wrong admin keys from a source network.
    AdminKeys(IpAddr),
    /// Searches for numbers by the admin key of this name.
    AdminSearches(String),
    /// Rotations of a session whose replaced token was answered again.
    Replays(SessionId),
    /// Rows that tell of a security event of the whole deployment.
    Events(AuditAction),
    /// Rows that tell of a security event of a session.
    EventsOf(AuditAction, SessionId),
    /// Rows about budgets that are overdrawn, by the word of their scope.
    GuardRows(&'static str),
}

impl LimitKey {
    /// True for acts that go on with limits of each process while the shared store
    /// is away: refreshing and its events, what `WeChat` logins ask for, exports,
    /// pictures, and admin keys.
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
            | Self::Avatars(_)
            | Self::AdminKeys(_)
            | Self::AdminSearches(_)
            | Self::Replays(_)
            | Self::EventsOf(..) => true,
            Self::SmsPhone(_)
            | Self::SmsSource(_)
            | Self::SmsNetwork(_)
            | Self::SmsPrefix(_)
            | Self::SmsAccount(_)
            | Self::SmsDeployment
            | Self::NumberNotices(_)
            | Self::FailuresPhone(_)
            | Self::FailuresSource(_)
            | Self::FailuresNetwork(_)
            | Self::RefusalRows(_)
            | Self::Events(_)
            | Self::GuardRows(_)
            | Self::GuessRun(_)
            | Self::WrongCodes
            | Self::GuessRows(_)
            | Self::CaptchaFailures(_) => false,
        }
    }
}

/// Which rule a window belongs to, so that a refusal can be told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LimitRule {
    /// The time between two messages to one number.
    ResendInterval,
    /// Messages by hour or day: of a number, a source.
    SmsVolume,
    /// Messages by hour of a neighbourhood of source networks.
    SmsNetwork,
    /// Messages by hour to a block of numbers.
    SmsPrefix,
    /// Messages by day that a signed-in person asks for.
    SmsAccount,
    /// Messages of the whole deployment by minute.
    DeploymentMinute,
    /// Messages of the whole deployment by day: its budget.
    DeploymentDay,
    /// Notices by day to a number that an account has lost.
    NumberNotices,
    /// Audit rows about messages that were refused.
    RefusalRows,
    /// Wrong tries at a number.
    PhoneFailures,
    /// Wrong tries from a source.
    SourceFailures,
    /// Wrong tries from a neighbourhood of sources.
    NetworkFailures,
    /// Codes that a source gets without a captcha.
    Captcha,
    /// Captchas that failed.
    CaptchaFailures,
    /// Wrong tries in a row at a number. Refuses no try: see `guessing`.
    GuessRun,
    /// Wrong tries at all numbers. Refuses no try either.
    GuessWave,
    /// Audit rows about guesses.
    GuessRows,
    /// Rotations of refresh tokens.
    Refresh,
    /// Billed phone-number calls.
    PhoneCalls,
    /// Open data decrypted.
    OpenData,
    /// Exports of all that is held about a person.
    Exports,
    /// Pictures that are uploaded.
    Avatars,
    /// Wrong admin keys.
    AdminKeys,
    /// Searches for numbers by operators who may only look.
    AdminSearches,
    /// Rotations whose replaced token was answered again: nothing is refused.
    Replays,
    /// Rows that tell of a security event.
    SecurityEvents,
}

impl LimitRule {
    /// Every rule.
    pub const ALL: [Self; 26] = [
        Self::ResendInterval,
        Self::SmsVolume,
        Self::SmsNetwork,
        Self::SmsPrefix,
        Self::SmsAccount,
        Self::DeploymentMinute,
        Self::DeploymentDay,
        Self::NumberNotices,
        Self::RefusalRows,
        Self::PhoneFailures,
        Self::SourceFailures,
        Self::NetworkFailures,
        Self::Captcha,
        Self::CaptchaFailures,
        Self::GuessRun,
        Self::GuessWave,
        Self::GuessRows,
        Self::Refresh,
        Self::PhoneCalls,
        Self::OpenData,
        Self::Exports,
        Self::Avatars,
        Self::AdminKeys,
        Self::AdminSearches,
        Self::Replays,
        Self::SecurityEvents,
    ];

    /// The stable word of the metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ResendInterval => "resend_interval",
            Self::SmsVolume => "sms_volume",
            Self::SmsNetwork => "sms_network",
            Self::SmsPrefix => "sms_prefix",
            Self::SmsAccount => "sms_account",
            Self::DeploymentMinute => "sms_deployment_minute",
            Self::DeploymentDay => "sms_deployment_day",
            Self::NumberNotices => "number_notices",
            Self::RefusalRows => "refusal_rows",
            Self::PhoneFailures => "phone_failures",
            Self::SourceFailures => "source_failures",
            Self::NetworkFailures => "network_failures",
            Self::Captcha => "captcha",
            Self::CaptchaFailures => "captcha_failures",
            Self::GuessRun => "guess_run",
            Self::GuessWave => "guess_wave",
            Self::GuessRows => "guess_rows",
            Self::Refresh => "refresh",
            Self::PhoneCalls => "phone_calls",
            Self::OpenData => "open_data",
            Self::Exports => "exports",
            Self::Avatars => "avatars",
            Self::AdminKeys => "admin_keys",
            Self::AdminSearches => "admin_searches",
            Self::Replays => "replays",
            Self::SecurityEvents => "security_events",
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

    /// One window; none if it is switched off.
    pub(super) fn one(rule: LimitRule, key: LimitKey, limit: u32, per: Duration) -> Vec<Window> {
        let mut windows = Self(Vec::with_capacity(1));
        windows.add(rule, key, limit, per);
        windows.0
    }
}
