//! What WeChat says of a person's looks, fit to be shown.

use crate::model::profile::{AvatarUrl, Nickname};
use crate::model::text::is_personal_text;

/// The nickname of everybody who told WeChat nothing.
const PLACEHOLDER: &str = "微信用户";
/// The last part but one of the grey avatar's address.
const GREY_AVATAR: &str =
    "POgEwh4mIHO4nibH0KlMECNjjGxQUq24ZEaGT4poC6icRiccVGKSyXwibcPq4BWmiaIGuG1icwxaQX6grC9VemZoJ8rg";

/// A person's nickname and avatar as WeChat gave them, cleaned. It is a
/// convenience and never an identity.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WeChatProfile {
    /// The nickname, if it is one that somebody chose.
    pub nickname: Option<Nickname>,
    /// The avatar, if it is one that somebody chose.
    pub avatar_url: Option<AvatarUrl>,
}

impl WeChatProfile {
    /// Cleans what WeChat said: invisible characters are dropped (emoji keep
    /// their joiners), a long nickname is cut, an avatar's address becomes
    /// https. WeChat's placeholder, "微信用户" with a grey avatar, is no profile.
    ///
    /// What is of no use is left out; nothing is an error.
    ///
    /// Source: `WeChat` announcements on `wx.getUserInfo` (2021-04) and
    /// `wx.getUserProfile` (2022-10-25).
    #[must_use]
    pub fn cleaned(nickname: Option<&str>, avatar_url: Option<&str>) -> Self {
        let nickname = nickname.and_then(clean_nickname);
        if nickname.as_ref().is_some_and(|n| n.as_str() == PLACEHOLDER) {
            return Self::default();
        }
        Self {
            nickname,
            avatar_url: avatar_url.and_then(clean_avatar),
        }
    }

    /// True if there is nothing to show.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nickname.is_none() && self.avatar_url.is_none()
    }
}

fn clean_nickname(text: &str) -> Option<Nickname> {
    let seen: String = text.chars().filter(|c| is_personal_text(*c)).collect();
    let cut: String = seen.trim().chars().take(Nickname::MAX_CHARS).collect();
    Nickname::parse(&cut).ok()
}

fn clean_avatar(text: &str) -> Option<AvatarUrl> {
    let address = match text.strip_prefix("http://") {
        Some(rest) => format!("https://{rest}"),
        None => text.to_owned(),
    };
    let chosen = !address.contains(GREY_AVATAR);
    chosen.then(|| AvatarUrl::parse(&address).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nickname(text: &str) -> Option<String> {
        let profile = WeChatProfile::cleaned(Some(text), None);
        profile
            .nickname
            .map(|nickname| nickname.as_str().to_owned())
    }

    fn avatar(text: &str) -> Option<String> {
        let profile = WeChatProfile::cleaned(None, Some(text));
        profile.avatar_url.map(|url| url.as_str().to_owned())
    }

    #[test]
    fn nicknames_are_cleaned_and_never_refused_for_their_dirt() {
        assert_eq!(nickname("  Band\u{0}\n ").as_deref(), Some("Band"));
        assert_eq!(nickname("👨‍👩‍👧 王").as_deref(), Some("👨‍👩‍👧 王"));
        assert_eq!(nickname("a\u{202e}b").as_deref(), Some("ab"));
        assert_eq!(nickname(&"字".repeat(40)), Some("字".repeat(32)));
        assert_eq!(nickname(""), None);
        assert_eq!(nickname("\u{200d}\u{1}"), None);
    }

    #[test]
    fn avatars_become_https() {
        let secure = "https://wx.qlogo.cn/mmopen/vi_32/abc/0";
        assert_eq!(
            avatar("http://wx.qlogo.cn/mmopen/vi_32/abc/0").as_deref(),
            Some(secure)
        );
        assert_eq!(avatar(secure).as_deref(), Some(secure));
        for bad in ["", "ftp://wx.qlogo.cn/a", "http://", "javascript:alert(1)"] {
            assert_eq!(avatar(bad), None, "{bad}");
        }
        let long = format!("https://wx.qlogo.cn/{}", "a".repeat(600));
        assert_eq!(avatar(&long), None);
    }

    #[test]
    fn the_placeholder_is_no_profile() {
        let grey = format!("https://thirdwx.qlogo.cn/mmopen/vi_32/{GREY_AVATAR}/132");
        assert!(WeChatProfile::cleaned(Some("微信用户"), Some(&grey)).is_empty());
        assert!(
            WeChatProfile::cleaned(Some(" 微信用户 "), Some("https://wx.qlogo.cn/x")).is_empty()
        );
        let half = WeChatProfile::cleaned(Some("Band"), Some(&grey));
        assert_eq!(half.avatar_url, None);
        assert!(half.nickname.is_some());
    }
}
