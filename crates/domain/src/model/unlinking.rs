//! What an account gives up when its owner takes one way in away, as one pure
//! function.

use crate::model::account::{Account, Identity};
use crate::model::identifiers::IdentityId;
use crate::model::wechat::{Platform, WeChatApps};

/// What unlinking an identity comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unlinking {
    /// The account holds no such identity.
    NotHeld,
    /// It is the last way in.
    LastWay,
    /// It goes.
    Goes {
        /// The platforms whose unionids go along, since no other identity of the
        /// account belongs to them: they would lead the person in again.
        forgets: Vec<Platform>,
    },
}

/// Decides what unlinking `id` comes to. A phone number is a way in, and so is
/// each identity; a unionid is none by itself.
#[must_use]
pub fn decide_unlinking(account: &Account, id: IdentityId, apps: &WeChatApps) -> Unlinking {
    if !account.identities.iter().any(|held| held.id == id) {
        return Unlinking::NotHeld;
    }
    let others = || account.identities.iter().filter(|held| held.id != id);
    if account.phone.is_none() && others().next().is_none() {
        return Unlinking::LastWay;
    }
    let held = account.union_ids.iter().map(|(platform, _)| platform);
    let forgets = held.filter(|platform| !is_reached(platform, others(), apps));
    Unlinking::Goes {
        forgets: forgets.cloned().collect(),
    }
}

/// True if one of the identities is of an application of that platform.
pub(crate) fn is_reached<'a>(
    platform: &Platform,
    mut identities: impl Iterator<Item = &'a Identity>,
    apps: &WeChatApps,
) -> bool {
    identities.any(|identity| {
        apps.all()
            .iter()
            .any(|app| app.id == identity.app_id && app.platform.as_ref() == Some(platform))
    })
}
