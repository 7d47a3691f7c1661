//! Telephone numbers, as the vendors write them.

/// Country calling codes that can be told apart, beside China's.
///
/// A number of any other country is refused: the simulator has no use for it.
const CALLING_CODES: &[&str] = &[
    "852", "853", "886", "855", "856", "880", "960", "966", "971", "1", "7", "20", "27", "30",
    "31", "33", "34", "39", "41", "44", "46", "49", "52", "54", "55", "60", "61", "62", "63", "64",
    "65", "66", "81", "82", "84", "90", "91", "92", "95",
];

/// A number split as `WeChat` splits it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Phone {
    /// The country calling code, without `+`.
    pub(crate) country_code: String,
    /// The rest.
    pub(crate) national: String,
}

impl Phone {
    /// Reads `+8613800138000`, `8613800138000`, `008613800138000`,
    /// `13800138000`, or the number of another country with or without `+`.
    pub(crate) fn parse(raw: &str) -> Option<Self> {
        let raw = raw.trim();
        let digits = raw
            .strip_prefix('+')
            .or_else(|| raw.strip_prefix("00"))
            .unwrap_or(raw);
        if !(7..=15).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let bare = digits.len() == raw.len();
        if bare && is_mainland_mobile(digits) {
            return Some(Self::new("86", digits));
        }
        if let Some(national) = digits.strip_prefix("86") {
            return is_mainland_mobile(national).then(|| Self::new("86", national));
        }
        let code = CALLING_CODES
            .iter()
            .find(|code| digits.starts_with(**code))?;
        // Eleven digits that begin with 1 are a mistyped mainland number.
        (!(bare && *code == "1")).then(|| Self::new(code, &digits[code.len()..]))
    }

    fn new(country_code: &str, national: &str) -> Self {
        Self {
            country_code: country_code.to_owned(),
            national: national.to_owned(),
        }
    }

    /// Whether it is a number of mainland China.
    pub(crate) fn is_mainland(&self) -> bool {
        self.country_code == "86"
    }

    /// The ISO 3166 code of the country, where the vendors name it.
    pub(crate) fn iso_code(&self) -> Option<&'static str> {
        match self.country_code.as_str() {
            "86" => Some("CN"),
            "852" => Some("HK"),
            "853" => Some("MO"),
            "886" => Some("TW"),
            "81" => Some("JP"),
            "82" => Some("KR"),
            "65" => Some("SG"),
            "44" => Some("GB"),
            _ => None,
        }
    }

    /// `+`, the country code and the number.
    pub(crate) fn e164(&self) -> String {
        format!("+{}{}", self.country_code, self.national)
    }
}

fn is_mainland_mobile(digits: &str) -> bool {
    digits.len() == 11 && matches!(digits.as_bytes(), [b'1', b'3'..=b'9', ..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_write_a_mainland_number_is_one_number() {
        for raw in [
            "13800138000",
            "+8613800138000",
            "8613800138000",
            "008613800138000",
            " 8613800138000",
        ] {
            assert_eq!(Phone::parse(raw).unwrap().e164(), "+8613800138000", "{raw}");
        }
    }

    #[test]
    fn other_countries_keep_their_calling_code() {
        let hong_kong = Phone::parse("85298765432").unwrap();
        assert_eq!(
            (hong_kong.country_code.as_str(), hong_kong.national.as_str()),
            ("852", "98765432")
        );
        assert_eq!(Phone::parse("+12025550123").unwrap().country_code, "1");
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for raw in [
            "",
            "12345",
            "12800138000",
            "1380013800",
            "138001380000",
            "+861280013800",
            "1380013800x",
            "１３８００１３８０００",
        ] {
            assert_eq!(Phone::parse(raw), None, "{raw}");
        }
    }
}
