//! A person's account, with every way in that leads to it.

use chrono::{DateTime, Utc};

use crate::model::evidence::{PhoneProof, WeChatIdentity};
use crate::model::identifiers::{IdentityId, UserId};
use crate::model::phone_number::PhoneNumber;
use crate::model::profile::Profile;
use crate::model::wechat::{AppId, OpenId, Platform, Provider, UnionId};

/// Where an account stands in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountStatus {
    /// In use.
    Active,
    /// Shut by an operator.
    Disabled {
        /// When the account will be erased, if its owner had cancelled it before.
        purge_at: Option<DateTime<Utc>>,
    },
    /// Cancelled by its owner, to be erased at `purge_at` unless restored.
    Cancelling {
        /// When the account will be erased.
        purge_at: DateTime<Utc>,
    },
    /// Merged: an alias of `into`.
    Merged {
        /// The account that survived.
        into: UserId,
    },
    /// Erased at its owner's wish; nothing personal is left.
    Erased,
}

impl AccountStatus {
    /// False if the account is gone: merged into another one, or erased.
    #[must_use]
    pub const fn is_there(&self) -> bool {
        match self {
            Self::Active | Self::Disabled { .. } | Self::Cancelling { .. } => true,
            Self::Merged { .. } | Self::Erased => false,
        }
    }

    /// Shut, and not cancelled.
    pub const DISABLED: Self = Self::Disabled { purge_at: None };

    /// When the account will be erased, if its owner cancelled it.
    #[must_use]
    pub const fn purge_at(self) -> Option<DateTime<Utc>> {
        match self {
            Self::Cancelling { purge_at } => Some(purge_at),
            Self::Disabled { purge_at } => purge_at,
            Self::Active | Self::Merged { .. } | Self::Erased => None,
        }
    }
}

/// A way in through WeChat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The link's own id, which clients may know.
    pub id: IdentityId,
    /// Which provider vouches for it.
    pub provider: Provider,
    /// The application that the openid belongs to.
    pub app_id: AppId,
    /// The subject: the person as the application knows them.
    pub openid: OpenId,
    /// When it was linked.
    pub linked_at: DateTime<Utc>,
}

/// A person's account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its id, the `sub` of access tokens.
    pub id: UserId,
    /// Grows with every change but the time of the last login; a decision made
    /// on an older version is stale.
    pub version: i64,
    /// Where it stands.
    pub status: AccountStatus,
    /// The proven phone number.
    pub phone: Option<PhoneNumber>,
    /// How that number was proven last; there is one where there is a number.
    pub phone_proof: Option<PhoneProof>,
    /// What the person shows.
    pub profile: Profile,
    /// The linked identities, oldest first.
    pub identities: Vec<Identity>,
    /// The person's unionids, at most one per Open Platform account.
    pub union_ids: Vec<(Platform, UnionId)>,
    /// When the account was made.
    pub created_at: DateTime<Utc>,
    /// When anything but the last login changed.
    pub updated_at: DateTime<Utc>,
    /// When the person last signed in.
    pub last_login_at: DateTime<Utc>,
}

impl Account {
    /// False once the account was merged into another or erased.
    #[must_use]
    pub fn is_there(&self) -> bool {
        self.status.is_there()
    }

    /// True once the cooling-off time of a cancelled account is over: it is to be
    /// erased, by whoever finds it first.
    #[must_use]
    pub fn is_due(&self, now: DateTime<Utc>) -> bool {
        self.status.purge_at().is_some_and(|at| at <= now)
    }

    /// The openid that this account holds in an application.
    #[must_use]
    pub fn openid_of(&self, provider: Provider, app_id: &AppId) -> Option<&OpenId> {
        self.identities
            .iter()
            .find(|identity| identity.provider == provider && identity.app_id == *app_id)
            .map(|identity| &identity.openid)
    }

    /// The unionid that this account holds on a platform.
    #[must_use]
    pub fn union_id_of(&self, platform: &Platform) -> Option<&UnionId> {
        self.union_ids
            .iter()
            .find(|(held, _)| held == platform)
            .map(|(_, union_id)| union_id)
    }

    /// True if this account holds an openid of that application other than the
    /// one proven.
    #[must_use]
    pub fn holds_other_openid(&self, proven: &WeChatIdentity) -> bool {
        self.openid_of(proven.provider, &proven.app_id)
            .is_some_and(|held| *held != proven.openid)
    }

    /// True if this account holds a unionid of that platform other than the one
    /// proven.
    #[must_use]
    pub fn holds_other_union_id(&self, proven: &WeChatIdentity) -> bool {
        proven
            .union_id
            .as_ref()
            .is_some_and(|(platform, union_id)| {
                self.union_id_of(platform)
                    .is_some_and(|held| held != union_id)
            })
    }

    /// True if both accounts hold an identity in the same place, so that one
    /// account could not hold the identities of both.
    #[must_use]
    pub fn clashes_with(&self, other: &Self) -> bool {
        let openid = self
            .identities
            .iter()
            .any(|i| other.openid_of(i.provider, &i.app_id).is_some());
        openid
            || self
                .union_ids
                .iter()
                .any(|(platform, _)| other.union_id_of(platform).is_some())
    }

    /// True if `self` was made before `other`; ids break a tie.
    #[must_use]
    pub fn is_older_than(&self, other: &Self) -> bool {
        (self.created_at, self.id) < (other.created_at, other.id)
    }
}
