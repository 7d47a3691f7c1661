//! The six digits of a message.

use std::fmt;

use subtle::ConstantTimeEq as _;

/// A verification code: six ASCII digits, leading zeros kept.
///
/// `Debug` shows no digit, and comparison takes the same time whatever differs.
#[derive(Clone, Copy)]
pub struct SmsCode([u8; 6]);

/// The text is not six ASCII digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a verification code is six digits")]
pub struct SmsCodeError;

impl SmsCode {
    /// Reads exactly six ASCII digits; full-width digits, spaces and signs are
    /// refused.
    ///
    /// # Errors
    ///
    /// [`SmsCodeError`] for any other text.
    pub fn parse(text: &str) -> Result<Self, SmsCodeError> {
        let digits: [u8; 6] = text.as_bytes().try_into().map_err(|_| SmsCodeError)?;
        digits
            .iter()
            .all(u8::is_ascii_digit)
            .then_some(Self(digits))
            .ok_or(SmsCodeError)
    }

    /// Takes six digits out of a message authentication code.
    ///
    /// 128 of its bits are reduced modulo 10⁶, so that no digit is likelier
    /// than another by more than 2⁻¹⁰⁸.
    #[must_use]
    pub fn from_tag(tag: &[u8; 32]) -> Self {
        let mut half = [0; 16];
        half.copy_from_slice(&tag[..16]);
        let mut number = u128::from_be_bytes(half) % 1_000_000;
        let mut digits = [b'0'; 6];
        for digit in digits.iter_mut().rev() {
            // A remainder of ten fits into a byte.
            *digit = b'0' + u8::try_from(number % 10).unwrap_or(0);
            number /= 10;
        }
        Self(digits)
    }

    /// The digits, for the message and nothing else.
    #[must_use]
    pub fn expose(&self) -> &str {
        // Only ASCII digits enter a value of this type.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Compares in constant time.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl fmt::Debug for SmsCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SmsCode(…)")
    }
}
