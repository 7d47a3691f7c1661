//! What the audit log tells: who, what, from where, with which outcome. Never
//! a secret, and of personal data only masked forms.

use std::net::IpAddr;

use chrono::{DateTime, Utc};

use crate::model::identifiers::{EventId, SessionId, UserId};
use crate::model::operator::Operator;
use crate::model::origin::Origin;
use crate::model::verification::CodeScope;
use crate::ports::randomness::Randomness;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AuditAction {
    /// A code was asked for and is about to be sent.
    CodeRequested,
    /// A vendor took the message.
    CodeSent,
    /// A vendor left open whether it took the message.
    CodeSendUnknown,
    /// No message was sent.
    CodeRefused,
    /// A code was right.
    CodeVerified,
    /// A code was wrong.
    CodeFailed,
    /// Too many codes were wrong.
    CodeLocked,
    /// A hundred codes in a row were wrong at a number.
    OtpGuessing,
    /// Wrong codes come in a wave, over all numbers.
    OtpSpray,
    /// A test number's fixed code was used.
    TestNumberUsed,
    /// A person signed in.
    SignedIn,
    /// A right proof was refused.
    SignInRefused,
    /// An account was made.
    AccountCreated,
    /// A phone number or an identity was linked.
    Linked,
    /// The evidence named another account too, which was left alone.
    LinkConflict,
    /// Two accounts became one.
    Merged,
    /// A phone number was replaced.
    PhoneChanged,
    /// A phone number was proven anew, by a better proof.
    PhoneConfirmed,
    /// A phone number was taken away.
    PhoneRemoved,
    /// A number that was lost is about to be told so.
    NumberNoticeBegun,
    /// A vendor took the word to a number that was lost, or may have taken it.
    NumberTold,
    /// A number that was lost could not be told.
    NumberNotTold,
    /// An identity or a unionid was taken away.
    Unlinked,
    /// A person was given all that is held about them.
    Exported,
    /// An account was cancelled by its owner, to be erased later.
    Cancelled,
    /// An account was erased.
    Erased,
    /// A provider told something about a person.
    NoticeReceived,
    /// A key of open data was replaced by a newer one.
    SessionKeyReplaced,
    /// A key of open data was dropped: the provider does not know it any more.
    SessionKeyDropped,
    /// Identity headers of a trusted proxy made no sense.
    HostedIdentityRefused,
    /// A cancellation was taken back.
    Restored,
    /// A profile was edited.
    ProfileUpdated,
    /// A replaced refresh token was answered again.
    RefreshReplayed,
    /// A lost answer was recovered.
    RefreshRecovered,
    /// A refresh token was used that must not be in use any more.
    RefreshReused,
    /// A person proved again who they are.
    SteppedUp,
    /// A session was ended by its owner.
    SignedOut,
    /// A session was ended by a newer one or by a change of the account.
    SessionEnded,
    /// Sessions were ended by an operator, or by another service.
    SessionRevoked,
    /// An operator shut an account.
    AccountDisabled,
    /// An operator opened an account again.
    AccountEnabled,
    /// An operator made a test number.
    TestNumberMade,
    /// An operator took a test number back.
    TestNumberRemoved,
    /// An operator had events delivered again.
    WebhooksReplayed,
    /// An operator looked at something.
    AdminRead,
    /// An operator asked for something that was refused, or had nothing to change.
    AdminRefused,
    /// A signing key was made.
    KeyCreated,
    /// A signing key was dropped before its time.
    KeyDropped,
    /// A key of the keyring was made to take the place of another.
    RingKeyCreated,
    /// An older key of the keyring left it: nothing needs it any more.
    RingKeyRemoved,
    /// Security event: the day's budget of messages is used up.
    SmsBudgetSpent,
    /// Security event: replaced refresh tokens of one session come again and again.
    RefreshReplaysMany,
    /// Security event: too few of the messages sent were verified.
    SmsOverdrawn,
    /// A process of the service started, with which version and settings.
    ProcessStarted,
}

impl AuditAction {
    /// What an operator is told of at once: rows that begin with `security.`, each
    /// written seldom, however often it happens.
    pub const SECURITY: [Self; 5] = [
        Self::SmsBudgetSpent,
        Self::RefreshReplaysMany,
        Self::SmsOverdrawn,
        Self::OtpGuessing,
        Self::OtpSpray,
    ];

    /// The word of a security event; nothing for all other rows.
    #[must_use]
    pub fn security_event(self) -> Option<&'static str> {
        self.as_str().strip_prefix("security.")
    }

    /// The stable word of the log.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CodeRequested => "code.requested",
            Self::CodeSent => "code.sent",
            Self::CodeSendUnknown => "code.send_unknown",
            Self::CodeRefused => "code.refused",
            Self::CodeVerified => "code.verified",
            Self::CodeFailed => "code.failed",
            Self::CodeLocked => "code.locked",
            Self::OtpGuessing => "security.otp_guessing",
            Self::OtpSpray => "security.otp_spray",
            Self::TestNumberUsed => "code.test_number_used",
            Self::SignedIn => "login.succeeded",
            Self::SignInRefused => "login.refused",
            Self::AccountCreated => "account.created",
            Self::Linked => "account.linked",
            Self::LinkConflict => "account.link_conflict",
            Self::Merged => "account.merged",
            Self::PhoneChanged => "account.phone_changed",
            Self::PhoneConfirmed => "account.phone_confirmed",
            Self::PhoneRemoved => "account.phone_removed",
            Self::NumberNoticeBegun => "account.number_notice_begun",
            Self::NumberTold => "account.number_told",
            Self::NumberNotTold => "account.number_not_told",
            Self::Unlinked => "account.unlinked",
            Self::Exported => "account.exported",
            Self::Cancelled => "account.cancelled",
            Self::Erased => "account.erased",
            Self::NoticeReceived => "wechat.notice_received",
            Self::SessionKeyReplaced => "wechat.session_key_replaced",
            Self::SessionKeyDropped => "wechat.session_key_dropped",
            Self::HostedIdentityRefused => "wechat.hosted_identity_refused",
            Self::Restored => "account.restored",
            Self::ProfileUpdated => "account.profile_updated",
            Self::RefreshReplayed => "refresh.replayed",
            Self::RefreshRecovered => "refresh.recovered",
            Self::RefreshReused => "refresh.reused",
            Self::SteppedUp => "session.stepped_up",
            Self::SignedOut => "session.signed_out",
            Self::SessionEnded => "session.ended",
            Self::SessionRevoked => "session.revoked",
            Self::AccountDisabled => "account.disabled",
            Self::AccountEnabled => "account.enabled",
            Self::TestNumberMade => "test_number.made",
            Self::TestNumberRemoved => "test_number.removed",
            Self::WebhooksReplayed => "webhooks.replayed",
            Self::AdminRead => "admin.read",
            Self::AdminRefused => "admin.refused",
            Self::KeyCreated => "key.created",
            Self::KeyDropped => "key.dropped",
            Self::RingKeyCreated => "key.ring_created",
            Self::RingKeyRemoved => "key.ring_removed",
            Self::SmsBudgetSpent => "security.sms_budget",
            Self::RefreshReplaysMany => "security.refresh_replays",
            Self::SmsOverdrawn => "security.sms_guard",
            Self::ProcessStarted => "process.started",
        }
    }
}

/// One row of the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEvent {
    /// The row's id.
    pub id: EventId,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// What happened.
    pub action: AuditAction,
    /// Whose account it concerns, where that is known.
    pub user: Option<UserId>,
    /// Which session it concerns.
    pub session: Option<SessionId>,
    /// The subject in masked form: a phone number, an openid.
    pub subject: Option<String>,
    /// How it was done, such as `sms` or `wechat_mini_program`.
    pub method: Option<&'static str>,
    /// Why it came out so.
    pub reason: Option<String>,
    /// From which address; the log [keeps](crate::model::origin::kept_address) of it
    /// the network and a keyed tag.
    pub address: Option<IpAddr>,
    /// The device's own name for itself, masked.
    pub device_id: Option<String>,
    /// The request's id.
    pub request_id: Option<String>,
    /// Who did it, where it was not the person: an operator's name.
    pub actor: Option<String>,
}

impl AuditEvent {
    /// Begins a row; the rest is filled in with the `with_…` methods.
    #[must_use]
    pub fn new(action: AuditAction, at: DateTime<Utc>, randomness: &dyn Randomness) -> Self {
        Self {
            id: EventId::generate(randomness, at),
            at,
            action,
            user: None,
            session: None,
            subject: None,
            method: None,
            reason: None,
            address: None,
            device_id: None,
            request_id: None,
            actor: None,
        }
    }

    /// Begins a row about a verification code: its number masked, its purpose
    /// as the method.
    #[must_use]
    pub fn about_code(
        action: AuditAction,
        scope: &CodeScope,
        origin: &Origin,
        at: DateTime<Utc>,
        randomness: &dyn Randomness,
    ) -> Self {
        let mut row = Self::new(action, at, randomness)
            .with_subject(scope.phone.masked())
            .with_method(scope.purpose.as_str())
            .with_origin(origin);
        row.user = scope.purpose.user();
        row
    }

    /// Names the account.
    #[must_use]
    pub fn with_user(mut self, user: UserId) -> Self {
        self.user = Some(user);
        self
    }

    /// Names the session.
    #[must_use]
    pub fn with_session(mut self, session: SessionId) -> Self {
        self.session = Some(session);
        self
    }

    /// Names the masked subject.
    #[must_use]
    pub fn with_subject(mut self, masked: String) -> Self {
        self.subject = Some(masked);
        self
    }

    /// Names the method.
    #[must_use]
    pub fn with_method(mut self, method: &'static str) -> Self {
        self.method = Some(method);
        self
    }

    /// Names the reason.
    #[must_use]
    pub fn with_reason(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    /// Names where the request came from.
    #[must_use]
    pub fn with_origin(mut self, origin: &Origin) -> Self {
        self.address = Some(origin.address);
        self.request_id = Some(origin.request_id.clone());
        self
    }

    /// Names the device, masked: the row outlives whoever owned it.
    #[must_use]
    pub fn with_device(mut self, device_id: Option<&str>) -> Self {
        self.device_id = device_id.map(masked_device);
        self
    }

    /// Names the operator who did it.
    #[must_use]
    pub fn with_actor(mut self, operator: &Operator) -> Self {
        self.actor = Some(operator.name().to_owned());
        self
    }
}

/// The first four characters, and no more than half of them.
fn masked_device(id: &str) -> String {
    let shown = id.chars().count().div_ceil(2).min(4);
    let mut masked: String = id.chars().take(shown).collect();
    masked.push('…');
    masked
}

#[cfg(test)]
mod tests {
    use super::{AuditAction, masked_device};

    #[test]
    fn security_events_are_named_and_nothing_else_is_one() {
        for action in AuditAction::SECURITY {
            assert!(action.security_event().is_some(), "{action:?}");
        }
        assert_eq!(AuditAction::CodeRefused.security_event(), None);
        let spent = AuditAction::SmsBudgetSpent.security_event();
        assert_eq!(spent, Some("sms_budget"));
    }

    #[test]
    fn a_device_is_recognised_and_not_named() {
        for (id, masked) in [
            ("a", "a…"),
            ("abc", "ab…"),
            ("3F2504E0-4F89-41D3", "3F25…"),
            ("小明的手机壳子", "小明的手…"),
        ] {
            assert_eq!(masked_device(id), masked);
        }
    }
}
