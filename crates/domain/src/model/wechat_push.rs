//! What WeChat pushes to a login service, and what a person has taken back.

use crate::model::wechat::{AppId, OpenId, UnionId};

/// An authentic event about one person, as WeChat pushed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushEvent {
    /// What happened.
    pub kind: PushKind,
    /// The application that it happened in.
    pub app_id: AppId,
    /// The person as that application knows them.
    pub openid: OpenId,
    /// The person as its platform knows them; never sent to mini-programs.
    pub union_id: Option<UnionId>,
    /// Names this event among its repeats.
    pub key: PushKey,
}

/// What a pushed event says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PushKind {
    /// `user_info_modified`: WeChat cleaned a profile that it found risky, so
    /// the copy of its nickname and avatar is stale.
    UserInfoModified,
    /// `user_authorization_revoke`: the person took permissions back, and the
    /// data that they gave must go.
    AuthorizationRevoked(Vec<RevokedPermission>),
    /// `user_authorization_cancellation`: the person closed their WeChat
    /// account.
    AuthorizationCancelled,
}

impl PushKind {
    /// WeChat's word for it.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::UserInfoModified => "user_info_modified",
            Self::AuthorizationRevoked(_) => "user_authorization_revoke",
            Self::AuthorizationCancelled => "user_authorization_cancellation",
        }
    }
}

/// A permission that a person took back (`RevokeInfo`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RevokedPermission {
    /// 6, and 205 of official-account pages: nickname and avatar.
    NicknameAndAvatar,
    /// 8: the phone number that the button gave.
    PhoneNumber,
    /// 19: the nickname from the keyboard.
    Nickname,
    /// 20: the avatar from the picker.
    Avatar,
    /// 301, apps and websites: everything.
    Everything,
    /// Data that a login service does not hold: addresses, steps, pictures….
    Other(u32),
}

impl RevokedPermission {
    /// The permission with this number.
    #[must_use]
    pub const fn of_number(number: u32) -> Self {
        match number {
            6 | 205 => Self::NicknameAndAvatar,
            8 => Self::PhoneNumber,
            19 => Self::Nickname,
            20 => Self::Avatar,
            301 => Self::Everything,
            other => Self::Other(other),
        }
    }
}

/// Names an event among its repeats: a SHA-256 of what WeChat says identifies
/// it. It holds no clear text of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PushKey(pub [u8; 32]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ours_is_told_apart_from_what_is_not() {
        for (number, permission) in [
            (6, RevokedPermission::NicknameAndAvatar),
            (205, RevokedPermission::NicknameAndAvatar),
            (8, RevokedPermission::PhoneNumber),
            (19, RevokedPermission::Nickname),
            (20, RevokedPermission::Avatar),
            (301, RevokedPermission::Everything),
            (13, RevokedPermission::Other(13)),
        ] {
            assert_eq!(RevokedPermission::of_number(number), permission);
        }
    }
}
