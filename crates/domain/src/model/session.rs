//! One login of one device.

use std::net::IpAddr;

use chrono::{DateTime, Utc};

use crate::model::client::{Client, ClientType, Label};
use crate::model::identifiers::{SessionId, UserId};
use crate::model::refresh::RefreshState;
use crate::model::wechat::AppId;

/// Why a session ended, as `reason` tells the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EndReason {
    /// The person signed it out.
    SignedOut,
    /// A newer login of the same client type took its place.
    Replaced,
    /// A refresh token was used that must not be in use any more.
    ReuseDetected,
    /// The account was disabled.
    Disabled,
    /// The account was merged into another.
    Merged,
    /// The account was cancelled.
    Cancelled,
    /// The account's phone number was changed.
    PhoneChanged,
    /// Its time was over.
    Expired,
}

impl EndReason {
    const ALL: [Self; 8] = [
        Self::SignedOut,
        Self::Replaced,
        Self::ReuseDetected,
        Self::Disabled,
        Self::Merged,
        Self::Cancelled,
        Self::PhoneChanged,
        Self::Expired,
    ];

    /// The stable word of the contract and of the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SignedOut => "signed_out",
            Self::Replaced => "replaced",
            Self::ReuseDetected => "reuse_detected",
            Self::Disabled => "disabled",
            Self::Merged => "merged",
            Self::Cancelled => "cancelled",
            Self::PhoneChanged => "phone_changed",
            Self::Expired => "expired",
        }
    }

    /// Reads the stable word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == text)
    }
}

/// One login of one device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its id, the `sid` of access tokens.
    pub id: SessionId,
    /// Whose it is.
    pub user: UserId,
    /// The client as it described itself.
    pub client: Client,
    /// The WeChat application that it was opened through, if any.
    pub app_id: Option<AppId>,
    /// The address that opened it.
    pub address: IpAddr,
    /// The user agent that opened it.
    pub user_agent: Option<Label<256>>,
    /// When it was opened.
    pub created_at: DateTime<Utc>,
    /// When it was last refreshed.
    pub last_seen_at: DateTime<Utc>,
    /// When the person last proved who they are in it.
    pub proven_at: DateTime<Utc>,
    /// When it ends whatever happens.
    pub expires_at: DateTime<Utc>,
    /// When and why it ended.
    pub ended: Option<(DateTime<Utc>, EndReason)>,
    /// The generations of its refresh tokens.
    pub refresh: RefreshState,
    /// The generation whose replay has been audited already.
    pub replay_noted: Option<u32>,
}

impl Session {
    /// The client's type.
    #[must_use]
    pub fn client_type(&self) -> ClientType {
        self.client.kind
    }

    /// Why the session is over at `now`, if it is.
    #[must_use]
    pub fn over_at(&self, now: DateTime<Utc>) -> Option<EndReason> {
        match self.ended {
            Some((_, reason)) => Some(reason),
            None if now >= self.expires_at => Some(EndReason::Expired),
            None => None,
        }
    }
}
