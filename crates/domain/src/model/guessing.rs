//! When wrong codes look like somebody who guesses: many in a row at one number,
//! or many a minute over all numbers.

use std::time::Duration;

use crate::model::limits::{LimitKey, LimitRule, Window};
use crate::model::phone_number::PhoneNumber;

/// So many wrong codes in a row at a number are no person who mistypes
/// (NIST SP 800-63B-4, section 3.2.2).
pub const RUN: u32 = 100;
/// So many wrong codes a minute over all numbers are a wave.
pub const WAVE: u32 = 1000;

const MINUTE: Duration = Duration::from_mins(1);
const DAY: Duration = Duration::from_hours(24);
/// How long a wrong code counts in a row that no right one ends.
const RUN_LASTS: Duration = Duration::from_hours(30 * 24);
/// How often a wave that goes on is told of.
const WAVE_IS_TOLD: Duration = Duration::from_mins(10);

/// The wrong codes in a row at a number: full once they are [`RUN`]. A new code
/// changes nothing, a right one empties it, and it locks nothing.
#[must_use]
pub fn run_at(phone: &PhoneNumber) -> Window {
    Window {
        rule: LimitRule::GuessRun,
        key: LimitKey::GuessRun(phone.clone()),
        limit: RUN,
        per: RUN_LASTS,
    }
}

/// The wrong codes of the last minute over all numbers: an act that finds no place
/// is above [`WAVE`].
#[must_use]
pub fn wave() -> Window {
    Window {
        rule: LimitRule::GuessWave,
        key: LimitKey::WrongCodes,
        limit: WAVE,
        per: MINUTE,
    }
}

/// A row a day tells of guesses at a number.
#[must_use]
pub fn row_about(phone: &PhoneNumber) -> Window {
    Window {
        rule: LimitRule::GuessRows,
        key: LimitKey::GuessRows(Some(phone.clone())),
        limit: 1,
        per: DAY,
    }
}

/// A row every ten minutes tells of a wave.
#[must_use]
pub fn row_about_a_wave() -> Window {
    Window {
        rule: LimitRule::GuessRows,
        key: LimitKey::GuessRows(None),
        limit: 1,
        per: WAVE_IS_TOLD,
    }
}
