//! What an account gives up when its owner takes back what WeChat was allowed to
//! tell us, as one pure function.

use crate::model::account::{Account, Identity};
use crate::model::evidence::PhoneProof;
use crate::model::identifiers::IdentityId;
use crate::model::unlinking::is_reached;
use crate::model::wechat::{OpenId, Platform, Provider, WeChatApp, WeChatApps};
use crate::model::wechat_push::{PushKind, RevokedPermission};

/// What an account gives up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Withdrawal {
    /// Some of what it shows or holds; perhaps nothing at all.
    Data(WithdrawnData),
    /// One way in, with the data that came through it. Another way in remains.
    Identity {
        /// The identity.
        id: IdentityId,
        /// The platform whose unionid goes too, since no other identity of the
        /// account belongs to it.
        union_id: Option<Platform>,
        /// What goes with it.
        data: WithdrawnData,
    },
    /// Everything: its last way in is gone.
    Account,
}

/// The data that an account gives up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WithdrawnData {
    /// The nickname becomes a random one.
    pub nickname: bool,
    /// The avatar becomes the default one.
    pub avatar: bool,
    /// The phone number goes.
    pub phone: bool,
}

/// Decides what an account gives up that holds `openid` of `app`.
///
/// - WeChat's button supplied a number whose last proof is WeChat's: such a one
///   goes with permission 8. A number that an SMS code has proven is the
///   person's own and stays.
/// - Nicknames and avatars are WeChat's, or were screened by it, whichever way
///   they came.
/// - Permission 301 and the end of a WeChat account take the identity with all
///   that came through it, and the account where no other way in remains.
///
/// Source: `WeChat` "`authorized_user_information_changes`" (event).
#[must_use]
pub fn withdraw(
    kind: &PushKind,
    account: &Account,
    app: &WeChatApp,
    openid: &OpenId,
    apps: &WeChatApps,
) -> Withdrawal {
    match kind {
        PushKind::UserInfoModified => Withdrawal::Data(WithdrawnData {
            nickname: true,
            avatar: true,
            phone: false,
        }),
        PushKind::AuthorizationRevoked(permissions)
            if !permissions.contains(&RevokedPermission::Everything) =>
        {
            Withdrawal::Data(data_of(permissions, account))
        }
        PushKind::AuthorizationRevoked(_) | PushKind::AuthorizationCancelled => {
            leave(account, app, openid, apps)
        }
    }
}

fn data_of(permissions: &[RevokedPermission], account: &Account) -> WithdrawnData {
    let mut data = WithdrawnData::default();
    for permission in permissions {
        match permission {
            RevokedPermission::NicknameAndAvatar => {
                data.nickname = true;
                data.avatar = true;
            }
            RevokedPermission::Nickname => data.nickname = true,
            RevokedPermission::Avatar => data.avatar = true,
            RevokedPermission::PhoneNumber => data.phone = supplied_by_wechat(account),
            RevokedPermission::Everything | RevokedPermission::Other(_) => {}
        }
    }
    data
}

fn supplied_by_wechat(account: &Account) -> bool {
    account.phone.is_some() && account.phone_proof == Some(PhoneProof::WeChat)
}

/// The identity goes: what remains of the account?
fn leave(account: &Account, app: &WeChatApp, openid: &OpenId, apps: &WeChatApps) -> Withdrawal {
    let provider = app.kind.provider();
    let goes = |identity: &&Identity| {
        identity.provider == provider && identity.app_id == app.id && identity.openid == *openid
    };
    let Some(leaving) = account.identities.iter().find(goes) else {
        return Withdrawal::Data(WithdrawnData::default());
    };
    let others = || {
        account
            .identities
            .iter()
            .filter(|identity| identity.id != leaving.id)
    };
    // Only mini-programs have the button that supplied the number.
    let button_remains = others().any(|other| other.provider == Provider::WeChatMiniProgram);
    let phone = supplied_by_wechat(account) && !button_remains;
    let phone_remains = account.phone.is_some() && !phone;
    if others().next().is_none() && !phone_remains {
        return Withdrawal::Account;
    }
    let held = app
        .platform
        .clone()
        .filter(|platform| account.union_id_of(platform).is_some());
    Withdrawal::Identity {
        id: leaving.id,
        union_id: held.filter(|platform| !is_reached(platform, others(), apps)),
        data: WithdrawnData {
            nickname: true,
            avatar: true,
            phone,
        },
    }
}
