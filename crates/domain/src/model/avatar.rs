//! The pictures that people upload, as they are kept.

use std::fmt;

use chrono::TimeDelta;

use crate::model::profile::{AvatarUrl, Profile};
use crate::ports::randomness::Randomness;

/// Width and height of every avatar, in points.
pub const SIDE: u32 = 256;

/// How long a picture may wait for its account to show it. An upload takes seconds;
/// what waits longer was given up.
pub const UNSHOWN_FOR: TimeDelta = TimeDelta::hours(1);

/// The name of a picture: 128 random bits, which nobody guesses. Whoever knows it may
/// see the picture.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AvatarName(u128);

impl AvatarName {
    /// Draws a name.
    #[must_use]
    pub fn generate(randomness: &dyn Randomness) -> Self {
        let mut bits = [0; 16];
        randomness.fill(&mut bits);
        Self::from_bytes(bits)
    }

    /// The name as it is stored.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }

    /// Takes a name that was stored before.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(u128::from_be_bytes(bytes))
    }

    /// Reads the only spelling that there is: 32 digits of lower-case hexadecimal.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digit = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
        let spelt = text.len() == 32 && text.bytes().all(digit);
        spelt
            .then(|| u128::from_str_radix(text, 16).ok())?
            .map(Self)
    }
}

impl fmt::Display for AvatarName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// Who knows the name sees the picture: logs tell the beginning only.
impl fmt::Debug for AvatarName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AvatarName({:08x}…)", self.0 >> 96)
    }
}

/// How a picture is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AvatarFormat {
    /// Without transparency.
    Jpeg,
    /// With transparency.
    Png,
}

impl AvatarFormat {
    /// The media type.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
        }
    }

    /// What every file of this format begins with.
    const fn signature(self) -> &'static [u8] {
        match self {
            Self::Jpeg => &[0xff, 0xd8, 0xff],
            Self::Png => b"\x89PNG\r\n\x1a\n",
        }
    }
}

/// A picture that was drawn anew: of what somebody sent only the points are left,
/// [`SIDE`] by [`SIDE`] of them. An
/// [`ImageReader`](crate::ports::image_reader::ImageReader) makes it, and stores give
/// back what it made.
#[derive(Clone, PartialEq, Eq)]
pub struct Avatar {
    format: AvatarFormat,
    bytes: Vec<u8>,
}

impl Avatar {
    /// The longest file, in bytes: the points themselves, four bytes each, and what a
    /// format adds where nothing can be made smaller.
    pub const MAX_BYTES: usize = 260 * 1024;

    /// Takes a file that an image reader wrote, or that a store was given before;
    /// nothing if it begins like no format of ours, or is longer than any.
    #[must_use]
    pub fn of(bytes: Vec<u8>) -> Option<Self> {
        let formats = [AvatarFormat::Jpeg, AvatarFormat::Png].into_iter();
        let format = formats
            .into_iter()
            .find(|format| bytes.starts_with(format.signature()))?;
        (bytes.len() <= Self::MAX_BYTES).then_some(Self { format, bytes })
    }

    /// How it is written.
    #[must_use]
    pub fn format(&self) -> AvatarFormat {
        self.format
    }

    /// The file.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The file, without a copy.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

/// Nobody's face belongs into a log.
impl fmt::Debug for Avatar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Avatar")
            .field("format", &self.format)
            .field("bytes", &self.bytes.len())
            .finish()
    }
}

/// Where pictures are kept for a while, as the addresses of profiles tell it.
const PLACE: &str = "/avatars/";

/// From where people load pictures: `https://login.example`, without the path of a
/// picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AvatarBase(String);

impl AvatarBase {
    /// Takes an http or https address of at most 256 bytes, without query and
    /// fragment; nothing for anything else. Whether http will do, the settings know.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim_end_matches('/');
        let rest = text
            .strip_prefix("https://")
            .or_else(|| text.strip_prefix("http://"))?;
        let named = rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '[');
        let plain = rest.bytes().all(|b| {
            b.is_ascii_graphic()
                && !matches!(b, b'"' | b'<' | b'>' | b'\\' | b'`' | b'?' | b'#' | b'@')
        });
        (named && plain && text.len() <= 256).then(|| Self(text.to_owned()))
    }

    /// The address of a picture.
    #[must_use]
    pub fn address(&self, name: AvatarName) -> AvatarUrl {
        AvatarUrl::made(format!("{}{PLACE}{name}", self.0))
    }

    /// The address as text, without a slash at its end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Profile {
    /// The name in the address of its picture, where it has the form of ours. From
    /// which base it is does not count: that may have been another one then. Somebody
    /// may have copied it from another account, so it proves nothing: whoever removes
    /// by it names the account as well.
    #[must_use]
    pub fn kept_avatar(&self) -> Option<AvatarName> {
        let url = self.avatar_url.as_ref()?.as_str();
        AvatarName::parse(&url[url.rfind(PLACE)? + PLACE.len()..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::profile::Nickname;

    const NAME: &str = "00c0ffee00000000000000000000beef";

    fn showing(url: &str) -> Profile {
        Profile {
            nickname: Nickname::parse("a").unwrap(),
            avatar_url: AvatarUrl::stored(url).ok(),
            birthday: None,
            bio: None,
        }
    }

    #[test]
    fn a_name_has_one_spelling() {
        let name = AvatarName::parse(NAME).unwrap();
        assert_eq!(name.to_string(), NAME);
        assert!(!format!("{name:?}").contains("beef"));
        for bad in [
            "",
            "0",
            &NAME.to_uppercase(),
            &format!("{NAME}0"),
            &format!("+{}", &NAME[1..]),
        ] {
            assert!(AvatarName::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_profile_tells_which_picture_of_ours_it_shows() {
        let base = AvatarBase::parse("https://cdn.example/a/").unwrap();
        let name = AvatarName::parse(NAME).unwrap();
        let url = base.address(name);
        assert_eq!(
            url.as_str(),
            format!("https://cdn.example/a/avatars/{NAME}")
        );
        assert_eq!(showing(url.as_str()).kept_avatar(), Some(name));
        for other in [
            "https://cdn.example/a.png".to_owned(),
            format!("https://cdn.example/{NAME}"),
            format!("https://cdn.example/avatars/{NAME}/x"),
            format!("https://cdn.example/avatars/{NAME}?x"),
        ] {
            assert_eq!(showing(&other).kept_avatar(), None, "{other}");
        }
    }

    #[test]
    fn a_base_is_a_bare_address() {
        for good in [
            "https://a.example",
            "http://127.0.0.1:8080",
            "https://[::1]/p/",
        ] {
            assert!(AvatarBase::parse(good).is_some(), "{good}");
        }
        let long = format!("https://{}", "a".repeat(256));
        for bad in [
            "",
            "a.example",
            "ftp://a",
            "https://",
            "https://u:p@a",
            "https://a?b",
            "https://a#b",
            &long,
        ] {
            assert!(AvatarBase::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn only_what_begins_as_a_picture_of_ours_is_one() {
        let jpeg = [0xff, 0xd8, 0xff, 0xe0].to_vec();
        assert_eq!(Avatar::of(jpeg).unwrap().format(), AvatarFormat::Jpeg);
        let png = b"\x89PNG\r\n\x1a\n".to_vec();
        assert_eq!(Avatar::of(png.clone()).unwrap().format(), AvatarFormat::Png);
        assert!(Avatar::of(b"<html>".to_vec()).is_none());
        assert!(Avatar::of(Vec::new()).is_none());
        let long = [png, vec![0; Avatar::MAX_BYTES]].concat();
        assert!(Avatar::of(long).is_none());
    }
}
