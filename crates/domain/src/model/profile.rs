//! What a person shows of themselves.

use chrono::{DateTime, Datelike, NaiveDate, Utc};

use crate::model::text::{is_control, is_personal_text};
use crate::ports::randomness::Randomness;

/// Why a profile value is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    /// A nickname has 1 to 32 characters, none of them invisible.
    #[error("a nickname has 1 to 32 visible characters")]
    Nickname,
    /// An avatar is an https address of at most 512 bytes.
    #[error("an avatar is an https address of at most 512 bytes")]
    AvatarUrl,
    /// A birthday is a past day, 1900 or later.
    #[error("a birthday is a past day, not before 1900")]
    Birthday,
    /// A bio has at most 200 characters; line breaks are allowed.
    #[error("a bio has at most 200 characters")]
    Bio,
}

/// A nickname: 1 to 32 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nickname(String);

impl Nickname {
    /// The longest nickname, in characters.
    pub const MAX_CHARS: usize = 32;

    /// Takes 1 to 32 characters, surrounding white space dropped.
    ///
    /// # Errors
    ///
    /// [`ProfileError::Nickname`] for other lengths and invisible characters.
    pub fn parse(text: &str) -> Result<Self, ProfileError> {
        let text = text.trim();
        let short = text.len() <= Self::MAX_CHARS * 4;
        let fits = short && (1..=Self::MAX_CHARS).contains(&text.chars().count());
        let seen = text.chars().any(|c| !crate::model::text::is_zero_width(c));
        if fits && seen && text.chars().all(is_personal_text) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ProfileError::Nickname)
        }
    }

    /// Makes a nickname of `prefix` and six random characters.
    ///
    /// Letters and digits that are easily confused are not used.
    #[must_use]
    pub fn random(prefix: &str, randomness: &dyn Randomness) -> Self {
        const ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz023456789";
        let mut bytes = [0; 6];
        randomness.fill(&mut bytes);
        let suffix = bytes
            .iter()
            .map(|b| char::from(ALPHABET[usize::from(b % 32)]));
        let kept = prefix
            .chars()
            .filter(|c| is_personal_text(*c))
            .take(Self::MAX_CHARS - 6);
        Self(kept.chain(suffix).collect())
    }

    /// The nickname as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The address of a picture: https, at most 512 bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AvatarUrl(String);

impl AvatarUrl {
    /// Takes an https address of printable ASCII.
    ///
    /// # Errors
    ///
    /// [`ProfileError::AvatarUrl`] for anything else.
    pub fn parse(text: &str) -> Result<Self, ProfileError> {
        let host = text.strip_prefix("https://").unwrap_or_default();
        Self::of_host(text, host)
    }

    /// Takes an address that was stored before. Those that were made here may be of
    /// plain http, on a developer's machine.
    ///
    /// # Errors
    ///
    /// [`ProfileError::AvatarUrl`] for what was never stored.
    pub fn stored(text: &str) -> Result<Self, ProfileError> {
        let plain = || text.strip_prefix("http://");
        let host = text.strip_prefix("https://").or_else(plain);
        Self::of_host(text, host.unwrap_or_default())
    }

    /// Takes an address that is made here.
    pub(super) fn made(text: String) -> Self {
        Self(text)
    }

    fn of_host(text: &str, host: &str) -> Result<Self, ProfileError> {
        let named = host.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '[');
        let plain = text
            .bytes()
            .all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'<' | b'>' | b'\\' | b'`'));
        if text.len() <= 512 && named && plain {
            Ok(Self(text.to_owned()))
        } else {
            Err(ProfileError::AvatarUrl)
        }
    }

    /// The address as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A day of birth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Birthday(NaiveDate);

impl Birthday {
    /// Reads `YYYY-MM-DD`: a day before today (UTC), 1900 or later.
    ///
    /// # Errors
    ///
    /// [`ProfileError::Birthday`] for anything else.
    pub fn parse(text: &str, now: DateTime<Utc>) -> Result<Self, ProfileError> {
        let date = (text.len() == "YYYY-MM-DD".len())
            .then(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok())
            .flatten()
            // chrono passes over white space and takes `-9` for `-09`.
            .filter(|date| date.to_string() == text)
            .filter(|date| date.year() >= 1900 && *date < now.date_naive());
        date.map(Self).ok_or(ProfileError::Birthday)
    }

    /// Takes a day that was stored before.
    #[must_use]
    pub fn from_date(date: NaiveDate) -> Self {
        Self(date)
    }

    /// The day.
    #[must_use]
    pub fn as_date(&self) -> NaiveDate {
        self.0
    }
}

/// A few words about oneself: at most 200 characters, line breaks allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bio(String);

impl Bio {
    /// The longest bio, in characters.
    pub const MAX_CHARS: usize = 200;

    /// Takes at most 200 characters; `\r\n` becomes `\n`.
    ///
    /// # Errors
    ///
    /// [`ProfileError::Bio`] for longer text and invisible characters.
    pub fn parse(text: &str) -> Result<Self, ProfileError> {
        if text.len() > Self::MAX_CHARS * 5 {
            return Err(ProfileError::Bio);
        }
        let text = text.replace("\r\n", "\n");
        let fits = text.chars().count() <= Self::MAX_CHARS;
        let clean = text
            .chars()
            .all(|c| matches!(c, '\n' | '\t') || (!is_control(c) && is_personal_text(c)));
        if fits && clean {
            Ok(Self(text))
        } else {
            Err(ProfileError::Bio)
        }
    }

    /// The bio as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a person shows of themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// The name that is shown.
    pub nickname: Nickname,
    /// The picture that is shown.
    pub avatar_url: Option<AvatarUrl>,
    /// The day of birth.
    pub birthday: Option<Birthday>,
    /// A few words.
    pub bio: Option<Bio>,
}

impl Profile {
    /// Fills what this profile lacks from `other`, as after a merge. The
    /// nickname stays: every account has one.
    pub fn fill_from(&mut self, other: &Self) {
        self.avatar_url = self.avatar_url.take().or_else(|| other.avatar_url.clone());
        self.birthday = self.birthday.or(other.birthday);
        self.bio = self.bio.take().or_else(|| other.bio.clone());
    }
}

/// A change of one value of a profile.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Edit<T> {
    /// Leave it.
    #[default]
    Keep,
    /// Remove it.
    Clear,
    /// Replace it.
    Set(T),
}

impl<T: Clone> Edit<T> {
    /// The value after the edit.
    fn applied_to(&self, held: Option<&T>) -> Option<T> {
        match self {
            Self::Keep => held.cloned(),
            Self::Clear => None,
            Self::Set(value) => Some(value.clone()),
        }
    }
}

/// The changes that one request asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProfileEdit {
    /// A cleared nickname becomes a random one.
    pub nickname: Edit<Nickname>,
    /// The picture.
    pub avatar_url: Edit<AvatarUrl>,
    /// The day of birth.
    pub birthday: Edit<Birthday>,
    /// The words.
    pub bio: Edit<Bio>,
}

impl ProfileEdit {
    /// The profile after the edit.
    #[must_use]
    pub fn applied_to(
        &self,
        profile: &Profile,
        prefix: &str,
        randomness: &dyn Randomness,
    ) -> Profile {
        let nickname = match &self.nickname {
            Edit::Keep => profile.nickname.clone(),
            Edit::Clear => Nickname::random(prefix, randomness),
            Edit::Set(nickname) => nickname.clone(),
        };
        Profile {
            nickname,
            avatar_url: self.avatar_url.applied_to(profile.avatar_url.as_ref()),
            birthday: self.birthday.applied_to(profile.birthday.as_ref()),
            bio: self.bio.applied_to(profile.bio.as_ref()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nicknames_take_emoji_with_joiners_and_no_invisible_text() {
        for good in ["小明", "👨‍👩‍👧", "a b", &"字".repeat(32)] {
            assert!(Nickname::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "   ",
            "\u{200d}",
            "a\0b",
            "a\u{202e}b",
            "a\nb",
            &"字".repeat(33),
        ] {
            assert!(Nickname::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn avatars_are_https_addresses() {
        assert!(AvatarUrl::parse("https://cdn.example/a.png?x=1").is_ok());
        let long = format!("https://cdn.example/{}", "a".repeat(512));
        for bad in [
            "",
            "http://cdn.example/a",
            "https://",
            "javascript:alert(1)",
            "https://a b",
            "https://a/\"",
            &long,
        ] {
            assert!(AvatarUrl::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn birthdays_are_past_days_since_1900() {
        let now = DateTime::from_timestamp(1_767_225_600, 0).unwrap();
        assert!(Birthday::parse("1900-01-01", now).is_ok());
        assert!(Birthday::parse("2025-12-31", now).is_ok());
        for bad in [
            "1899-12-31",
            "2026-01-01",
            "2999-01-01",
            "2000-02-30",
            "2000-1-1",
            "",
            "2000-01-01T00",
            "+200-01-01",
            "2006-02-\n9",
            "2006-02- 9",
        ] {
            assert!(Birthday::parse(bad, now).is_err(), "{bad}");
        }
    }

    #[test]
    fn bios_keep_line_breaks() {
        assert_eq!(Bio::parse("一\r\n二").unwrap().as_str(), "一\n二");
        assert!(Bio::parse("a\0").is_err());
        assert!(Bio::parse(&"字".repeat(201)).is_err());
        assert!(Bio::parse(&"字".repeat(200)).is_ok());
    }
}
