//! What a store is asked to carry out, all of it or nothing.

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::account::{Account, Identity};
use crate::model::audit::AuditEvent;
use crate::model::avatar::AvatarName;
use crate::model::event::OutboxEvent;
use crate::model::evidence::PhoneProof;
use crate::model::identifiers::{IdentityId, SessionId, UserId};
use crate::model::phone_number::PhoneNumber;
use crate::model::profile::Profile;
use crate::model::session::{EndReason, Session};
use crate::model::verification::CodeId;
use crate::model::wechat::{AppId, OpenId, Platform, Provider, SessionKey, UnionId};

/// What a store is asked to carry out in one transaction.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// The accounts that the decision was made on, each still at this version.
    pub expected: Vec<Expected>,
    /// The session of whoever asks, which must still live.
    pub caller: Option<SessionId>,
    /// What is to be done, in this order.
    pub steps: Vec<Step>,
    /// What the audit log is to tell.
    pub audit: Vec<AuditEvent>,
    /// What other services are to be told.
    pub outbox: Vec<OutboxEvent>,
}

impl Changes {
    /// When all of this happens: the time of its first audit row, or of its first
    /// event or sign-in. Whatever changes an account is audited, so changes
    /// without a time do nothing.
    #[must_use]
    pub fn at(&self) -> Option<DateTime<Utc>> {
        let audited = self.audit.first().map(|row| row.at);
        audited
            .or_else(|| self.outbox.first().map(|event| event.at))
            .or_else(|| self.expected.iter().find_map(|one| one.signed_in_at))
    }
}

/// An account that a decision was made on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expected {
    /// The account.
    pub user: UserId,
    /// The version that the decision saw.
    pub version: i64,
    /// Whether the changes make a new version of it.
    pub changed: bool,
    /// When the person had last signed in, as the decision saw it. An account that
    /// was signed in to since is no other account: only a store that carries a
    /// login out in one step wants to know.
    pub last_login_at: DateTime<Utc>,
    /// When the person signed in, where the changes are a login.
    pub signed_in_at: Option<DateTime<Utc>>,
}

/// One thing to be done.
#[derive(Debug, Clone)]
pub enum Step {
    /// Insert an account, without phone number and identities.
    CreateUser {
        /// The account as it is to be.
        account: Box<Account>,
        /// The consent that the person gave, and that they gave it now.
        consent_version: Option<String>,
    },
    /// Give an account this phone number, instead of any that it has.
    SetPhone {
        /// The account.
        user: UserId,
        /// The number; unique among live accounts.
        phone: PhoneNumber,
        /// How it was proven.
        proof: PhoneProof,
    },
    /// Take the phone number away from an account that has one.
    ClearPhone(UserId),
    /// Link an identity; unique by provider, application and openid.
    LinkIdentity {
        /// The account.
        user: UserId,
        /// The identity.
        identity: Identity,
        /// The key of the person's open data.
        session_key: Option<SessionKey>,
    },
    /// Remember the person's unionid; unique by platform and unionid.
    LinkUnionId {
        /// The account.
        user: UserId,
        /// The row's id.
        id: IdentityId,
        /// The platform.
        platform: Platform,
        /// The unionid.
        union_id: UnionId,
    },
    /// Take an identity, with the key of its open data, away from the account
    /// that holds it.
    UnlinkIdentity {
        /// The account.
        user: UserId,
        /// The identity.
        id: IdentityId,
    },
    /// Forget the unionid that an account holds on a platform.
    UnlinkUnionId {
        /// The account.
        user: UserId,
        /// The platform.
        platform: Platform,
    },
    /// Keep the newest key of the person's open data.
    StoreSessionKey {
        /// The provider of the identity.
        provider: Provider,
        /// The application.
        app_id: AppId,
        /// The openid.
        openid: OpenId,
        /// The key.
        key: SessionKey,
    },
    /// Drop the key of a person's open data, if it is still the one that was
    /// stored then: a newer one stays.
    DropSessionKey {
        /// The provider of the identity.
        provider: Provider,
        /// The application.
        app_id: AppId,
        /// The openid.
        openid: OpenId,
        /// When the key was stored, as
        /// [`StoredSessionKey`](crate::ports::account_store::StoredSessionKey)
        /// tells.
        stored_at: DateTime<Utc>,
    },
    /// Move all identities and pictures of `from` to `into`, end its sessions, each with an
    /// outbox row, and leave it behind as an alias without personal data, with
    /// sessions that tell nothing of devices and addresses. Only a `from` without a
    /// phone number is merged.
    Merge {
        /// The account that becomes an alias.
        from: UserId,
        /// The account that survives.
        into: UserId,
        /// The survivor's profile after the merge.
        profile: Profile,
    },
    /// Replace an account's profile.
    SaveProfile {
        /// The account.
        user: UserId,
        /// The profile as it is to be.
        profile: Profile,
    },
    /// From now on an account shows a picture that was announced for it. A picture that
    /// was dropped meanwhile makes the changes stale.
    ShowAvatar {
        /// The account.
        user: UserId,
        /// The picture.
        name: AvatarName,
    },
    /// An account does not show a picture any more: nobody sees it from now on, and it
    /// is to be removed. A picture that is not the account's stays.
    DropAvatar {
        /// The account.
        user: UserId,
        /// The picture.
        name: AvatarName,
    },
    /// Erase an account: its sessions end as [`EndReason::Cancelled`], each with
    /// an outbox row; identities, unionids, keys, phone number and profile go, with
    /// all pictures that are kept for it, and what its sessions tell of devices and addresses. The id stays, with nothing
    /// personal beside it, and no evidence finds it. An account that is not there
    /// any more is not erased again.
    Erase(UserId),
    /// Begin to cancel an active account: it is erased at `purge_at` unless that is
    /// taken back.
    Cancel {
        /// The account.
        user: UserId,
        /// When it is to be erased.
        purge_at: DateTime<Utc>,
    },
    /// Take an account's cancellation back.
    Restore(UserId),
    /// Shut an active account, or one that is being cancelled; its sessions are ended by a step of their own.
    Disable(UserId),
    /// Open a disabled account again, or go on with its cancellation.
    Enable(UserId),
    /// End live sessions of an account, each with an outbox row.
    EndSessions {
        /// The account.
        user: UserId,
        /// Which.
        which: SessionsOf,
        /// Why.
        reason: EndReason,
    },
    /// End the live sessions of an account that were opened through an
    /// application, each with an outbox row.
    EndSessionsThrough {
        /// The account.
        user: UserId,
        /// The application.
        app_id: AppId,
        /// Why.
        reason: EndReason,
    },
    /// Claim a notice of a provider, so that its effects happen once however often
    /// it is delivered. It is remembered for [`NOTICES_KEPT`] at least.
    ClaimNotice(NoticeKey),
    /// Spend a verification code that opens no session: for good, whatever the
    /// code store forgets. It is remembered for [`CODES_KEPT`] at least.
    SpendCode(CodeId),
    /// Open a session. Live sessions of the same account, client type and
    /// application that have its device id, and the oldest ones beyond
    /// `max_live`, end as [`EndReason::Replaced`], each with an audit row and an
    /// outbox row.
    OpenSession {
        /// The session.
        session: Box<Session>,
        /// How many may live, this one included; zero means no limit.
        max_live: u32,
        /// The verification code that it was opened with; spent for good.
        code: Option<CodeId>,
    },
}

/// How long a notice is remembered: far beyond any repeat of a delivery.
pub const NOTICES_KEPT: TimeDelta = TimeDelta::days(1);

/// How long the use of a code is remembered: far beyond the life of any code.
pub const CODES_KEPT: TimeDelta = TimeDelta::days(1);

/// What tells one notice of a provider from another: a hash of what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NoticeKey(pub [u8; 32]);

/// Which sessions of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionsOf {
    /// This one.
    One(SessionId),
    /// All but this one.
    AllBut(SessionId),
    /// All.
    All,
}
