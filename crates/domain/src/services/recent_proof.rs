//! A recent proof of who is there, for what must not be done with a stolen token.

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::account::Account;
use crate::model::session::Session;

/// How long a proof of who is there counts as recent.
pub const RECENT: TimeDelta = TimeDelta::minutes(5);

/// The person must prove again who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a recent proof of who is there is required")]
pub struct StepUpRequired {
    /// Whether the account has a phone number to prove.
    pub sms: bool,
    /// Whether the account has a WeChat identity to prove.
    pub wechat: bool,
}

/// Demands a login or step-up of this session within the last five minutes.
///
/// # Errors
///
/// [`StepUpRequired`] with the ways that the account has.
pub(super) fn require_recent_proof(
    me: &Account,
    session: &Session,
    now: DateTime<Utc>,
) -> Result<(), StepUpRequired> {
    if now < session.proven_at + RECENT {
        return Ok(());
    }
    Err(StepUpRequired {
        sms: me.phone.is_some(),
        wechat: !me.identities.is_empty(),
    })
}
