//! When a captcha must come with an ask for a code, and what it is.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};

use crate::model::limits::{LimitKey, LimitRule, Window};
use crate::model::origin::source_network;
use crate::model::verification::Purpose;

const HOUR: Duration = Duration::from_hours(1);
const FAILURES_PER: Duration = Duration::from_mins(15);

/// What a person's device got for a solved captcha, as it will be shown to
/// whoever made it: 1 to [`LONGEST`](Self::LONGEST) printable ASCII characters,
/// whose form the maker decides. Its `Debug` shows nothing of it.
#[derive(Clone)]
pub struct CaptchaToken(SecretString);

/// The text is none that a captcha service gives out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a captcha is 1 to 8192 printable ASCII characters")]
pub struct CaptchaTokenError;

impl CaptchaToken {
    /// The longest, in bytes: the parameter of Alibaba Cloud carries what is known
    /// of a device, a few KB.
    pub const LONGEST: usize = 8192;

    /// Reads one.
    ///
    /// # Errors
    ///
    /// [`CaptchaTokenError`].
    pub fn parse(text: &str) -> Result<Self, CaptchaTokenError> {
        let fits = (1..=Self::LONGEST).contains(&text.len());
        let printable = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        (fits && printable)
            .then(|| Self(text.into()))
            .ok_or(CaptchaTokenError)
    }

    /// The text, for whoever made it.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for CaptchaToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CaptchaToken(…)")
    }
}

/// A token with what it is bound to.
#[derive(Debug, Clone)]
pub struct SolvedCaptcha {
    /// The token.
    pub token: CaptchaToken,
    /// From where it was handed in.
    pub address: IpAddr,
    /// What the code that is asked for is for.
    pub purpose: Purpose,
}

/// `sms.captcha.*`: when a captcha is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CaptchaPolicy {
    /// `sms.captcha.always`: with every code.
    pub always: bool,
    /// `sms.captcha.after`: from so many codes an hour and source network on; 0
    /// means that this asks for none.
    pub after: u32,
    /// `sms.captcha.failures_per_ip`: captchas that may fail per source network and
    /// 15 minutes; 0 means no limit.
    pub failures_per_ip: u32,
}

/// What is known of an ask for a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CaptchaGrounds {
    /// The source network has got its codes of this hour already.
    pub source_is_busy: bool,
    /// Wrong codes in a row were tried at the number.
    pub number_is_guessed: bool,
    /// Wrong codes are tried in a wave, over all numbers.
    pub wave: bool,
}

/// Why a captcha is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CaptchaReason {
    /// The deployment wants one with every code.
    Always,
    /// Many codes go to one source network.
    Source,
    /// Somebody guesses at the number.
    Guessing,
    /// Somebody guesses at many numbers.
    Wave,
}

impl CaptchaReason {
    /// Every reason.
    pub const ALL: [Self; 4] = [Self::Always, Self::Source, Self::Guessing, Self::Wave];

    /// The stable word of the metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::Source => "source",
            Self::Guessing => "guessing",
            Self::Wave => "wave",
        }
    }
}

impl CaptchaPolicy {
    /// Whether a captcha must come with the ask, and why: the widest reason first.
    #[must_use]
    pub fn decide(&self, grounds: CaptchaGrounds) -> Option<CaptchaReason> {
        let CaptchaGrounds {
            source_is_busy,
            number_is_guessed,
            wave,
        } = grounds;
        let reasons = [
            (self.always, CaptchaReason::Always),
            (wave, CaptchaReason::Wave),
            (number_is_guessed, CaptchaReason::Guessing),
            (self.after > 0 && source_is_busy, CaptchaReason::Source),
        ];
        reasons
            .into_iter()
            .find_map(|(holds, reason)| holds.then_some(reason))
    }

    /// The window whose places are the codes that a source network gets without a
    /// captcha; for an ask that came `with` one, it counts and refuses nothing.
    #[must_use]
    pub fn source(&self, address: IpAddr, with: bool) -> Window {
        let free = if with || self.after == 0 {
            u32::MAX
        } else {
            self.after
        };
        Window {
            rule: LimitRule::Captcha,
            key: LimitKey::SmsSource(source_network(address)),
            limit: free,
            per: HOUR,
        }
    }

    /// The window of captchas that failed.
    #[must_use]
    pub fn failures(&self, address: IpAddr) -> Vec<Window> {
        let window = Window {
            rule: LimitRule::CaptchaFailures,
            key: LimitKey::CaptchaFailures(source_network(address)),
            limit: self.failures_per_ip,
            per: FAILURES_PER,
        };
        (self.failures_per_ip > 0)
            .then_some(window)
            .into_iter()
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_printable_and_bounded() {
        for good in [
            "x",
            "t03ab*;@Q7G",
            r#"{"sceneId":"a b"}"#,
            &"~".repeat(8192),
        ] {
            assert_eq!(CaptchaToken::parse(good).unwrap().expose(), good);
        }
        for bad in ["", "a\nb", "a\u{7f}", "验证", "tab\t", &"x".repeat(8193)] {
            assert!(CaptchaToken::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_token_is_not_shown() {
        let token = CaptchaToken::parse("0.Solved.captcha").unwrap();
        let solved = SolvedCaptcha {
            token,
            address: [203, 0, 113, 7].into(),
            purpose: Purpose::Login,
        };
        assert!(!format!("{solved:?}").contains("Solved.captcha"));
    }

    /// Every combination of the settings and of what is known, against the rule as
    /// a sentence.
    #[test]
    fn a_captcha_is_asked_for_where_anything_speaks_for_it() {
        for bits in 0..32_u8 {
            let bit = |n: u8| bits & (1 << n) != 0;
            let policy = CaptchaPolicy {
                always: bit(0),
                after: if bit(1) { 3 } else { 0 },
                failures_per_ip: 30,
            };
            let grounds = CaptchaGrounds {
                source_is_busy: bit(2),
                number_is_guessed: bit(3),
                wave: bit(4),
            };
            let expected = bit(0) || bit(3) || bit(4) || bit(1) && bit(2);
            let decided = policy.decide(grounds);
            assert_eq!(decided.is_some(), expected, "{policy:?} {grounds:?}");
            let only_source = expected && !bit(0) && !bit(3) && !bit(4);
            assert_eq!(decided == Some(CaptchaReason::Source), only_source);
        }
    }

    #[test]
    fn codes_of_a_household_are_counted_together_and_only_refused_without_a_captcha() {
        let policy = CaptchaPolicy {
            always: false,
            after: 3,
            failures_per_ip: 0,
        };
        let [one, other] = ["2001:db8:1:2::1", "2001:db8:1:2:3:4:5:6"].map(|a| a.parse().unwrap());
        assert_eq!(policy.source(one, false), policy.source(other, false));
        assert_eq!(policy.source(one, false).limit, 3);
        assert_eq!(policy.source(one, true).limit, u32::MAX);
        assert!(policy.failures(one).is_empty());
        let off = CaptchaPolicy { after: 0, ..policy };
        assert_eq!(off.source(one, false).limit, u32::MAX);
    }
}
