//! Nicknames, bios and avatars, of people and of WeChat: any text.

use menshen_domain::model::profile::{AvatarUrl, Bio, Birthday, Nickname};
use menshen_domain::model::text::{is_bidi_control, is_control};
use menshen_domain::model::wechat_profile::WeChatProfile;

use crate::input;

/// What is kept is bounded, has no invisible or reordering characters, and stays as
/// it is when it comes again.
pub(crate) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(nickname) = Nickname::parse(text) {
        shown(nickname.as_str(), Nickname::MAX_CHARS);
        assert_eq!(Nickname::parse(nickname.as_str()), Ok(nickname));
    }
    if let Ok(bio) = Bio::parse(text) {
        let flat = bio.as_str().replace(['\n', '\t'], "");
        shown(&flat, Bio::MAX_CHARS);
        assert_eq!(Bio::parse(bio.as_str()), Ok(bio));
    }
    if let Ok(avatar) = AvatarUrl::parse(text) {
        address(&avatar);
    }
    if let Ok(birthday) = Birthday::parse(text, input::now()) {
        assert_eq!(birthday.as_date().to_string(), text);
    }
    let cleaned = WeChatProfile::cleaned(Some(text), Some(text));
    if let Some(nickname) = &cleaned.nickname {
        shown(nickname.as_str(), Nickname::MAX_CHARS);
        let again = WeChatProfile::cleaned(Some(nickname.as_str()), None);
        assert_eq!(again.nickname.as_ref(), Some(nickname));
    }
    cleaned.avatar_url.iter().for_each(address);
}

fn shown(text: &str, longest: usize) {
    assert!(text.chars().count() <= longest, "{text:?}");
    let hidden = |c: char| is_control(c) || is_bidi_control(c);
    assert!(!text.chars().any(hidden), "{text:?}");
}

fn address(avatar: &AvatarUrl) {
    let text = avatar.as_str();
    assert!(text.len() <= 512 && text.starts_with("https://"), "{text}");
    assert!(!text.contains(['"', '<', '>', ' ', '\\']), "{text}");
}
