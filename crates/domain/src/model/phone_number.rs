//! Phone numbers, reduced to one spelling before anything is looked up.

use std::fmt;
use std::ops::RangeInclusive;

use crate::model::region::Region;

/// The longest input that is looked at, in bytes.
const MAX_INPUT: usize = 32;
/// How many digits a number has, its country code included: 15 at most (E.164 6.1), and
/// no country has mobile numbers of less than seven.
const DIGITS: RangeInclusive<usize> = 7..=15;

/// A phone number in E.164 form (`+8613800138000`), with its region.
///
/// A value of this type is always valid: [`parse`](Self::parse) is the only
/// way in. `Debug` masks the middle digits, so it is safe in logs.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PhoneNumber {
    e164: String,
    region: Region,
}

/// The block of ten thousand numbers that a number is of: all but its last four
/// digits, as carriers hand numbers out. Whoever is paid for messages owns blocks.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PhonePrefix(String);

impl PhonePrefix {
    /// The digits that the numbers of the block have in common, `+` included.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Most of a number: no log needs it.
impl fmt::Debug for PhonePrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PhonePrefix(…)")
    }
}

/// Why a text is not a phone number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a phone number that can receive messages")]
pub struct PhoneNumberError;

impl PhoneNumber {
    /// Reads a number as people and WeChat write it.
    ///
    /// Mainland numbers may come as 11 digits or with `+86`, `86` or `0086`
    /// before them; all others need `+` (or `00`) and their country code.
    /// Spaces and hyphens are passed over. New mainland ranges appear often and
    /// numbers are portable, so any `1[3-9]` with nine digits is accepted.
    ///
    /// # Errors
    ///
    /// [`PhoneNumberError`] for anything else: other characters (full-width
    /// digits, letters, extensions), more than 32 bytes, a wrong length, or a
    /// number that its country has not assigned.
    pub fn parse(raw: &str) -> Result<Self, PhoneNumberError> {
        if raw.len() > MAX_INPUT {
            return Err(PhoneNumberError);
        }
        let compact: String = raw.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
        let (international, digits) = match compact.strip_prefix('+') {
            Some(rest) => (true, rest),
            None => match compact.strip_prefix("00") {
                Some(rest) => (true, rest),
                None => (false, compact.as_str()),
            },
        };
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(PhoneNumberError);
        }
        if let Some(national) = digits.strip_prefix("86").filter(|d| is_mainland_mobile(d)) {
            return Ok(Self::mainland(national));
        }
        match international {
            false if is_mainland_mobile(digits) => Ok(Self::mainland(digits)),
            false => Err(PhoneNumberError),
            true if digits.starts_with("86") => Err(PhoneNumberError),
            true => Self::overseas(digits),
        }
    }

    /// Reads a number as people of `region` write it among themselves, without its
    /// country code; one with its country code (`+` or `00` before it) as [`parse`]
    /// does.
    ///
    /// # Errors
    ///
    /// [`PhoneNumberError`], as of [`parse`].
    ///
    /// [`parse`]: Self::parse
    pub fn parse_in(raw: &str, region: Region) -> Result<Self, PhoneNumberError> {
        let international = raw.trim_start().starts_with('+') || raw.starts_with("00");
        if international || region == Region::CN || raw.len() > MAX_INPUT {
            return Self::parse(raw);
        }
        let country = region.to_string().parse().map_err(|_| PhoneNumberError)?;
        let number = phonenumber::parse(Some(country), raw).map_err(|_| PhoneNumberError)?;
        Self::parse(&number.format().mode(phonenumber::Mode::E164).to_string())
    }

    fn mainland(national: &str) -> Self {
        Self {
            e164: format!("+86{national}"),
            region: Region::CN,
        }
    }

    fn overseas(digits: &str) -> Result<Self, PhoneNumberError> {
        // Some ranges of Germany are listed with more, and some with less.
        if !DIGITS.contains(&digits.len()) {
            return Err(PhoneNumberError);
        }
        let e164 = format!("+{digits}");
        let number = phonenumber::parse(None, &e164).map_err(|_| PhoneNumberError)?;
        // A trunk zero after the country code would be dropped silently.
        let same = number.format().mode(phonenumber::Mode::E164).to_string() == e164;
        if !same || !phonenumber::is_valid(&number) {
            return Err(PhoneNumberError);
        }
        let region = number
            .country()
            .id()
            .and_then(|id| Region::parse(id.as_ref()))
            .ok_or(PhoneNumberError)?;
        Ok(Self { e164, region })
    }

    /// The number in E.164 form, `+` included.
    #[must_use]
    pub fn as_e164(&self) -> &str {
        &self.e164
    }

    /// Where the number is from.
    #[must_use]
    pub fn region(&self) -> Region {
        self.region
    }

    /// The block of numbers that it is of.
    #[must_use]
    pub fn prefix(&self) -> PhonePrefix {
        PhonePrefix(self.e164[..self.e164.len().saturating_sub(4)].to_owned())
    }

    /// The number with its middle hidden, fit for a screen or a log:
    /// `138****8000`, or `+852****5678` for numbers from elsewhere.
    #[must_use]
    pub fn masked(&self) -> String {
        let (shown, rest) = if self.region == Region::CN {
            self.e164["+86".len()..].split_at(3)
        } else {
            self.e164.split_at(4)
        };
        // Of a short number no more than half of what is behind the country code.
        let last = (rest.len() / 2).min(4);
        format!("{shown}****{}", &rest[rest.len() - last..])
    }
}

fn is_mainland_mobile(digits: &str) -> bool {
    digits.len() == 11 && matches!(digits.as_bytes(), [b'1', b'3'..=b'9', ..])
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PhoneNumber({})", self.masked())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_of_a_region_needs_no_country_code() {
        let region = |text: &str| Region::parse(text).unwrap();
        let read = |raw: &str, text: &str| {
            let number = PhoneNumber::parse_in(raw, region(text));
            number.map(|number| number.as_e164().to_owned())
        };
        assert_eq!(read("138 0013 8000", "CN").unwrap(), "+8613800138000");
        assert_eq!(read("5123 4567", "HK").unwrap(), "+85251234567");
        assert_eq!(read("91234567", "SG").unwrap(), "+6591234567");
        // What tells its country needs no region, and is not read as of one.
        assert_eq!(read("+86 13800138000", "HK").unwrap(), "+8613800138000");
        assert_eq!(read("0085251234567", "SG").unwrap(), "+85251234567");
        for (raw, text) in [
            ("13800138000", "HK"),
            ("51234567", "CN"),
            ("1", "HK"),
            ("", "HK"),
            ("5123", "XX"),
        ] {
            assert!(read(raw, text).is_err(), "{raw} {text}");
        }
    }

    #[test]
    fn every_spelling_of_a_mainland_number_is_one_number() {
        for raw in [
            "13800138000",
            "+8613800138000",
            "8613800138000",
            "008613800138000",
            "+86 138-0013-8000",
            " 138 0013 8000 ",
        ] {
            let phone = PhoneNumber::parse(raw).unwrap();
            assert_eq!(phone.as_e164(), "+8613800138000", "{raw}");
            assert_eq!(phone.region(), Region::CN);
        }
    }

    #[test]
    fn what_is_not_a_number_is_refused() {
        for raw in [
            "",
            "+",
            "1380013800",
            "138001380000",
            "12800138000",
            "１３８００１３８０００",
            "1380013800a",
            "++8613800138000",
            "+86013800138000",
            "13800138000,1",
            "13800138000 ext 2",
            "\u{200b}13800138000",
            "13800138000\0",
            "+86 1380013800",
            "+000000000",
            "+85200000000",
            "+861380013800013800138000138001",
            "                      13800138000",
            "+440 7911 123456",
            // Listed in Germany, and a digit more than E.164 has.
            "+4951123456162789",
            // Listed there, too.
            "+491689",
        ] {
            assert!(PhoneNumber::parse(raw).is_err(), "{raw:?}");
        }
    }

    #[test]
    fn numbers_from_elsewhere_keep_their_region() {
        for (raw, region) in [
            ("+85251234567", "HK"),
            ("0085251234567", "HK"),
            ("+886912345678", "TW"),
            ("+12025550123", "US"),
            ("+18762345678", "JM"),
            ("+447400123456", "GB"),
            ("+447911123456", "GG"),
        ] {
            let phone = PhoneNumber::parse(raw).unwrap();
            assert_eq!(phone.region().to_string(), region, "{raw}");
            assert_eq!(PhoneNumber::parse(phone.as_e164()).unwrap(), phone);
        }
    }

    #[test]
    fn debug_and_mask_hide_the_middle() {
        let phone = PhoneNumber::parse("13800138000").unwrap();
        assert_eq!(phone.masked(), "138****8000");
        assert_eq!(format!("{phone:?}"), "PhoneNumber(138****8000)");
        assert_eq!(
            PhoneNumber::parse("+85251234567").unwrap().masked(),
            "+852****4567"
        );
        assert_eq!(
            PhoneNumber::parse("+29051234").unwrap().masked(),
            "+290****34"
        );
    }

    #[test]
    fn a_block_is_all_but_the_last_four_digits() {
        let prefix = |raw: &str| PhoneNumber::parse(raw).unwrap().prefix();
        assert_eq!(prefix("13800138000").as_str(), "+861380013");
        assert_eq!(prefix("13800138000"), prefix("+86 138-0013-9999"));
        assert_ne!(prefix("13800138000"), prefix("13800148000"));
        assert_eq!(prefix("+85251234567").as_str(), "+8525123");
        assert!(!format!("{:?}", prefix("13800138000")).contains("1380013"));
    }
}
