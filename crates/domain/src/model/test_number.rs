//! Test numbers that operators make while the service runs.

use chrono::{DateTime, TimeDelta, Utc};
use subtle::ConstantTimeEq as _;

use crate::model::identifiers::TestNumberId;
use crate::model::phone_number::PhoneNumber;
use crate::model::sms_code::SmsCode;
use crate::ports::mac::{Mac, MacUse};

/// How far ahead the end of a test number may be.
pub const LONGEST: TimeDelta = TimeDelta::days(90);

/// How many there may be at a time.
pub const MOST: usize = 100;

/// A number with a fixed code, to which no message is sent.
///
/// Neither number nor code is in it, only keyed hashes of them, so that nobody who
/// holds a copy of the database knows either.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredTestNumber {
    /// Its id.
    pub id: TestNumberId,
    /// The blind index of the number, as accounts have it.
    pub phone_tag: [u8; 32],
    /// The number, masked.
    pub phone_masked: String,
    /// A keyed hash of number and code.
    pub code_tag: [u8; 32],
    /// When it stops working.
    pub until: DateTime<Utc>,
    /// When it was made.
    pub made_at: DateTime<Utc>,
    /// Who made it.
    pub made_by: String,
    /// What it is for.
    pub note: Option<String>,
}

/// The end is past, or more than [`LONGEST`] ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the end of a test number is ahead, and at most 90 days")]
pub struct TestNumberEndError;

/// A test number as it is to be made.
#[derive(Debug, Clone)]
pub struct NewTestNumber {
    /// The number.
    pub phone: PhoneNumber,
    /// Its code.
    pub code: SmsCode,
    /// When it stops working.
    pub until: DateTime<Utc>,
    /// What it is for.
    pub note: Option<String>,
}

impl StoredTestNumber {
    /// Makes one.
    ///
    /// # Errors
    ///
    /// [`TestNumberEndError`].
    pub fn new(
        mac: &dyn Mac,
        id: TestNumberId,
        made_by: &str,
        new: NewTestNumber,
        now: DateTime<Utc>,
    ) -> Result<Self, TestNumberEndError> {
        if new.until <= now || new.until > now + LONGEST {
            return Err(TestNumberEndError);
        }
        Ok(Self {
            id,
            phone_tag: phone_tag(mac, &new.phone),
            phone_masked: new.phone.masked(),
            code_tag: code_tag(mac, &new.phone, new.code),
            until: new.until,
            made_at: now,
            made_by: made_by.to_owned(),
            note: new.note,
        })
    }

    /// Whether it is the number's of this [tag](phone_tag), and works still.
    #[must_use]
    pub fn covers(&self, tag: &[u8; 32], now: DateTime<Utc>) -> bool {
        now < self.until && self.phone_tag == *tag
    }

    /// Whether this is the code; compared in constant time.
    #[must_use]
    pub fn opens_with(&self, mac: &dyn Mac, phone: &PhoneNumber, code: SmsCode) -> bool {
        self.code_tag.ct_eq(&code_tag(mac, phone, code)).into()
    }
}

/// The blind index of a number.
#[must_use]
pub fn phone_tag(mac: &dyn Mac, phone: &PhoneNumber) -> [u8; 32] {
    mac.tag(MacUse::BlindIndex, phone.as_e164().as_bytes())
}

/// Under the key that does not rotate. What is tagged elsewhere with it is a number
/// and begins with a plus sign.
fn code_tag(mac: &dyn Mac, phone: &PhoneNumber, code: SmsCode) -> [u8; 32] {
    let message = format!("test-code/{}/{}", phone.as_e164(), code.expose());
    mac.tag(MacUse::BlindIndex, message.as_bytes())
}
