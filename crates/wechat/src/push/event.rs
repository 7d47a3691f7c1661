//! What an authentic message says about a person.

use aws_lc_rs::digest::{Context, SHA256};
use menshen_domain::model::wechat::{AppId, OpenId, UnionId};
use menshen_domain::model::wechat_push::{PushEvent, PushKey, PushKind, RevokedPermission};

use crate::push::message::Members;

/// The event, if a login service has anything to do about it. What names no
/// person, or another application, is acknowledged like everything authentic,
/// since WeChat would only send it again.
///
/// Source: `WeChat` event `authorized_user_information_changes`.
pub(super) fn of(app: &AppId, members: &Members) -> Option<PushEvent> {
    let said = |name: &str| members.get(name).map_or("", |value| value.trim());
    if said("MsgType") != "event" {
        return None;
    }
    let kind = match said("Event") {
        "user_info_modified" => PushKind::UserInfoModified,
        "user_authorization_revoke" => {
            PushKind::AuthorizationRevoked(permissions(said("RevokeInfo")))
        }
        "user_authorization_cancellation" => PushKind::AuthorizationCancelled,
        _ => return None,
    };
    let (app_id, event) = (app.as_str(), kind.as_str());
    let named = said("AppID");
    if !named.is_empty() && named != app_id {
        tracing::warn!(
            app_id,
            event,
            "a pushed event names another application and is passed over"
        );
        return None;
    }
    let Ok(openid) = OpenId::parse(said("OpenID")) else {
        tracing::warn!(
            app_id,
            event,
            "a pushed event names no person and is passed over"
        );
        return None;
    };
    let key = key(&[
        app_id,
        said("FromUserName"),
        said("CreateTime"),
        event,
        openid.as_str(),
        said("RevokeInfo"),
    ]);
    Some(PushEvent {
        kind,
        app_id: app.clone(),
        openid,
        union_id: UnionId::parse(said("UnionID")).ok(),
        key,
    })
}

/// One number; a list would be taken too.
fn permissions(text: &str) -> Vec<RevokedPermission> {
    let numbers = text.split(|c: char| !c.is_ascii_digit());
    let numbers = numbers.filter_map(|number| number.parse().ok());
    numbers.map(RevokedPermission::of_number).collect()
}

/// What WeChat says tells repeats apart is sender, time, event and person; the
/// permission is added, since two may be withdrawn within one second.
fn key(parts: &[&str]) -> PushKey {
    let mut digest = Context::new(&SHA256);
    for part in parts {
        digest.update(&(part.len() as u64).to_be_bytes());
        digest.update(part.as_bytes());
    }
    let mut key = [0; 32];
    key.copy_from_slice(digest.finish().as_ref());
    PushKey(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPENID: &str = "oGZUI0egBJY1zhBYw2KhdUfwVJJE";

    fn event(changes: &[(&str, &str)]) -> Option<PushEvent> {
        let mut members: Members = [
            ("ToUserName", "gh_1"),
            ("FromUserName", OPENID),
            ("CreateTime", "1700000000"),
            ("MsgType", "event"),
            ("Event", "user_authorization_revoke"),
            ("OpenID", OPENID),
            ("AppID", "wx1"),
            ("RevokeInfo", "8"),
        ]
        .into_iter()
        .chain(changes.iter().copied())
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
        members.retain(|_, value| value != "(none)");
        of(&AppId::parse("wx1").unwrap(), &members)
    }

    #[test]
    fn the_three_events_are_known() {
        let revoked = event(&[]).unwrap();
        assert_eq!(
            revoked.kind,
            PushKind::AuthorizationRevoked(vec![RevokedPermission::PhoneNumber])
        );
        assert_eq!(revoked.openid.as_str(), OPENID);
        assert_eq!(revoked.union_id, None);
        let modified = event(&[("Event", "user_info_modified")]).unwrap();
        assert_eq!(modified.kind, PushKind::UserInfoModified);
        let cancelled = event(&[("Event", "user_authorization_cancellation")]).unwrap();
        assert_eq!(cancelled.kind, PushKind::AuthorizationCancelled);
        let union_id = "ocMvos6NjeKLIBqg5Mr9QjxrP1FA";
        let website = event(&[("UnionID", union_id), ("RevokeInfo", "301")]).unwrap();
        assert_eq!(website.union_id.unwrap().as_str(), union_id);
        assert_eq!(
            website.kind,
            PushKind::AuthorizationRevoked(vec![RevokedPermission::Everything])
        );
    }

    #[test]
    fn what_asks_nothing_of_us_is_passed_over() {
        for change in [
            ("MsgType", "text"),
            ("Event", "debug_demo"),
            ("OpenID", "(none)"),
            ("OpenID", ""),
            ("OpenID", "undefined"),
            ("AppID", "wx2"),
        ] {
            assert_eq!(event(&[change]), None, "{change:?}");
        }
        assert!(event(&[("AppID", "(none)")]).is_some());
    }

    #[test]
    fn permissions_are_numbers_in_any_number() {
        use RevokedPermission::{NicknameAndAvatar, Other, PhoneNumber};
        assert_eq!(permissions("6,8"), [NicknameAndAvatar, PhoneNumber]);
        assert_eq!(permissions(" 13 "), [Other(13)]);
        assert_eq!(permissions(""), []);
        assert_eq!(permissions("99999999999"), []);
    }

    #[test]
    fn repeats_have_one_key_and_nothing_else_has_it() {
        let first = event(&[]).unwrap().key;
        assert_eq!(event(&[("ToUserName", "gh_2")]).unwrap().key, first);
        for change in [
            ("FromUserName", "gh_9"),
            ("CreateTime", "1700000001"),
            ("Event", "user_info_modified"),
            ("OpenID", "ogzui0EGbjy1ZHbyW2kHDuFWvjje"),
            ("RevokeInfo", "6"),
        ] {
            assert_ne!(event(&[change]).unwrap().key, first, "{change:?}");
        }
    }
}
