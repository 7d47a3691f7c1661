//! Which language people are answered in.

use actix_web::http::header::{ACCEPT_LANGUAGE, HeaderMap};

/// A language that messages are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Locale {
    /// `zh-CN`, the default.
    Chinese,
    /// `en`.
    English,
}

impl Locale {
    /// English where `Accept-Language` (RFC 9110 section 12.5.4) prefers it to
    /// Chinese, else Chinese.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        let wanted = headers
            .get(ACCEPT_LANGUAGE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        if weight(wanted, "en") > weight(wanted, "zh") {
            Self::English
        } else {
            Self::Chinese
        }
    }

    /// Chooses between the two texts of a message.
    #[must_use]
    pub const fn choose(self, zh: &'static str, en: &'static str) -> &'static str {
        match self {
            Self::Chinese => zh,
            Self::English => en,
        }
    }
}

/// The weight of a language in thousandths, 0 if it is not wanted. A range
/// named earlier counts a little more, so that order decides between equals.
fn weight(wanted: &str, language: &str) -> u32 {
    let ranges = wanted.split(',').take(16).enumerate();
    let weights = ranges.filter_map(|(place, range)| {
        let (tag, parameters) = range.split_once(';').unwrap_or((range, ""));
        let primary = tag.trim().split('-').next().unwrap_or_default();
        let quality = parameters
            .trim()
            .strip_prefix("q=")
            .map_or(Some(1.0), |q| q.parse::<f32>().ok())?;
        let known = primary.eq_ignore_ascii_case(language)
            && (0.0..=1.0).contains(&quality)
            && quality > 0.0;
        // Between 0 and 1, so that the product fits.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "0 to 100 000"
        )]
        known.then_some((quality * 100_000.0) as u32 + 16 - u32::try_from(place).unwrap_or(16))
    });
    weights.max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    #[test]
    fn chinese_unless_english_is_preferred() {
        let of = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_str(value).unwrap());
            Locale::of(&headers)
        };
        for english in [
            "en",
            "en-US,en;q=0.9",
            "en,zh;q=0.9",
            "fr, en;q=0.5",
            "zh;q=0.1, en;q=0.2",
        ] {
            assert_eq!(of(english), Locale::English, "{english}");
        }
        for chinese in [
            "",
            "zh-CN",
            "zh,en;q=0.9",
            "fr",
            "*",
            "en;q=0",
            "zh, en",
            "en;q=x",
        ] {
            assert_eq!(of(chinese), Locale::Chinese, "{chinese}");
        }
        assert_eq!(Locale::of(&HeaderMap::new()), Locale::Chinese);
    }
}
