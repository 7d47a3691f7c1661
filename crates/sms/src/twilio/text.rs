//! Free text: what it says, how long it may be, and what it costs.

use menshen_domain::model::region::Region;

use crate::template::Template;

/// The longest text, in characters, placeholders filled in.
pub const MAX_CHARACTERS: usize = 500;

/// Why a text cannot be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadText {
    /// The code has no place in it.
    #[error("the text lacks {{code}}")]
    NoCode,
    /// It has a brace, and is one that takes nothing in.
    #[error("a notice takes nothing in: it may have no brace")]
    NoticeBraces,
    /// It has a brace that is neither `{code}` nor `{minutes}`.
    #[error("the text has a brace that is neither {{code}} nor {{minutes}}")]
    Braces,
    /// It is longer than [`MAX_CHARACTERS`].
    #[error("the text is longer than 500 characters")]
    TooLong,
    /// It costs several messages.
    #[error(
        "the text costs {0} messages: shorten it to 160 characters, or 70 where it has any beyond GSM 7-bit"
    )]
    Segments(usize),
}

/// The text for numbers of a region without one of the operator's own.
pub(crate) fn built_in(region: Region) -> Template {
    let traditional = ["HK", "MO", "TW"].map(Region::parse);
    let text = if region == Region::CN {
        "您的验证码是 {code}，{minutes} 分钟内有效，请勿告诉他人。"
    } else if traditional.contains(&Some(region)) {
        "您的驗證碼是 {code}，{minutes} 分鐘內有效，請勿告訴他人。"
    } else {
        "{code} is your verification code, valid for {minutes} min. Do not share it."
    };
    Template::with_code(text)
}

/// Whether a text with placeholders can be sent as one message.
///
/// # Errors
///
/// See [`BadText`].
pub fn check(text: &str) -> Result<(), BadText> {
    if !text.contains("{code}") {
        return Err(BadText::NoCode);
    }
    let longest = text.replace("{code}", "000000").replace("{minutes}", "10");
    if longest.contains(['{', '}']) {
        return Err(BadText::Braces);
    }
    fits(&longest)
}

/// Whether a text can be sent as one message that says what it says and nothing else.
///
/// # Errors
///
/// See [`BadText`].
pub fn check_notice(text: &str) -> Result<(), BadText> {
    if text.contains(['{', '}']) {
        return Err(BadText::NoticeBraces);
    }
    fits(text)
}

fn fits(longest: &str) -> Result<(), BadText> {
    if longest.chars().count() > MAX_CHARACTERS {
        return Err(BadText::TooLong);
    }
    match segments(longest) {
        0 | 1 => Ok(()),
        several => Err(BadText::Segments(several)),
    }
}

/// How many messages a text is billed as. In GSM 7-bit there are 160 places in
/// one and 153 in each of several, in UCS-2 70 and 67.
///
/// Source: 3GPP TS 23.038, section 6.2.1; TS 23.040, section 9.2.3.24.
#[must_use]
pub fn segments(text: &str) -> usize {
    let septets: Option<usize> = text.chars().map(septets).sum();
    let (places, one, several) = match septets {
        Some(septets) => (septets, 160, 153),
        None => (text.encode_utf16().count(), 70, 67),
    };
    if places <= one {
        usize::from(places > 0)
    } else {
        places.div_ceil(several)
    }
}

/// How many places a character takes in GSM 7-bit; none if it has no place there.
fn septets(character: char) -> Option<usize> {
    const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?\
                         ¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
    const EXTENDED: &str = "|^€{}[]~\\\u{c}";
    if BASIC.contains(character) {
        Some(1)
    } else {
        EXTENDED.contains(character).then_some(2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_costs_by_its_alphabet() {
        for (text, expected) in [
            (String::new(), 0),
            ("a".repeat(160), 1),
            ("a".repeat(161), 2),
            ("a".repeat(306), 2),
            ("a".repeat(307), 3),
            ("€".repeat(80), 1),
            ("€".repeat(81), 2),
            ("码".repeat(70), 1),
            ("码".repeat(71), 2),
            ("😀".repeat(35), 1),
            ("😀".repeat(36), 2),
            (format!("{}ç", "a".repeat(70)), 2),
        ] {
            assert_eq!(segments(&text), expected, "{text}");
        }
    }

    #[test]
    fn our_own_texts_are_one_message_each() {
        for region in ["CN", "HK", "MO", "TW", "US", "SG"] {
            let template = built_in(Region::parse(region).unwrap());
            assert_eq!(check(&template.id), Ok(()), "{region}");
            assert!(template.id.contains("{minutes}"));
        }
        let text = |region| built_in(Region::parse(region).unwrap()).id;
        assert_ne!(text("CN"), text("HK"));
        assert_eq!(text("HK"), text("TW"));
        assert!(text("US").is_ascii());
    }

    #[test]
    fn a_notice_is_one_message_without_places() {
        let short = "This number no longer signs in. Not you? Contact us.";
        assert_eq!(check_notice(short), Ok(()));
        let long = "a".repeat(161);
        for (text, why) in [
            ("Your number {code}", BadText::NoticeBraces),
            (&long, BadText::Segments(2)),
        ] {
            assert_eq!(check_notice(text), Err(why), "{text}");
        }
    }

    #[test]
    fn a_text_that_cannot_be_sent_is_told_why() {
        let long = format!("{{code}}{}", "a".repeat(160));
        let chinese = format!("{{code}}{}", "码".repeat(65));
        let endless = format!("{{code}}{}", "a".repeat(500));
        for (text, why) in [
            ("your code", BadText::NoCode),
            ("{code} {name}", BadText::Braces),
            ("{code} {", BadText::Braces),
            (&long, BadText::Segments(2)),
            (&chinese, BadText::Segments(2)),
            (&endless, BadText::TooLong),
        ] {
            assert_eq!(check(text), Err(why), "{text}");
        }
    }
}
