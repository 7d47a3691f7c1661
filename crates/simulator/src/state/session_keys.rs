//! The `session_key` of each person in each mini-program.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::config::SessionKeyRotation;
use crate::random::Random;

/// More keys than this are not remembered.
const MOST_KEYS: usize = 200_000;
/// How long a key lives after a login. The real time is undisclosed.
const LIFETIME: TimeDelta = TimeDelta::days(30);

#[derive(Debug, Clone, Copy)]
struct Key {
    bytes: [u8; 16],
    expires_at: DateTime<Utc>,
}

/// The one key that is valid now, per application and person.
#[derive(Debug, Default)]
pub(crate) struct SessionKeys(HashMap<(String, String), Key>);

impl SessionKeys {
    /// What `wx.login` does: keeps the key, or replaces it.
    pub(crate) fn log_in(
        &mut self,
        app_id: &str,
        person: &str,
        mode: SessionKeyRotation,
        now: DateTime<Utc>,
        random: &mut Random,
    ) -> [u8; 16] {
        let keep = match mode {
            SessionKeyRotation::Always => false,
            SessionKeyRotation::Never => true,
            SessionKeyRotation::Sometimes => random.chance(0.5),
        };
        let held = self.current(app_id, person, now).filter(|_| keep);
        let bytes = held.unwrap_or_else(|| random.block());
        if self.0.len() >= MOST_KEYS {
            self.0.clear();
        }
        let key = Key {
            bytes,
            expires_at: now + LIFETIME,
        };
        self.0.insert(place(app_id, person), key);
        bytes
    }

    /// The key under which the data API encrypts now.
    pub(crate) fn current(
        &self,
        app_id: &str,
        person: &str,
        now: DateTime<Utc>,
    ) -> Option<[u8; 16]> {
        self.0
            .get(&place(app_id, person))
            .filter(|key| now < key.expires_at)
            .map(|key| key.bytes)
    }

    /// Replaces a living key by one that ends when the old one would have.
    pub(crate) fn reset(
        &mut self,
        app_id: &str,
        person: &str,
        now: DateTime<Utc>,
        random: &mut Random,
    ) -> Option<[u8; 16]> {
        let key = self
            .0
            .get_mut(&place(app_id, person))
            .filter(|key| now < key.expires_at)?;
        key.bytes = random.block();
        Some(key.bytes)
    }

    /// Ends the key of one person; false when there was none.
    pub(crate) fn expire(&mut self, app_id: &str, person: &str) -> bool {
        self.0.remove(&place(app_id, person)).is_some()
    }
}

fn place(app_id: &str, person: &str) -> (String, String) {
    (app_id.to_owned(), person.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(number: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(20_000 + number)
    }

    #[test]
    fn a_reset_key_ends_when_the_old_one_would_have() {
        let (mut keys, mut random) = (SessionKeys::default(), Random::new(Some(1)));
        let first = keys.log_in("wx", "a", SessionKeyRotation::Never, day(0), &mut random);
        let second = keys.reset("wx", "a", day(29), &mut random).unwrap();
        assert_ne!(first, second);
        assert_eq!(keys.current("wx", "a", day(29)), Some(second));
        assert_eq!(keys.current("wx", "a", day(30)), None);
        assert_eq!(keys.reset("wx", "a", day(30), &mut random), None);
    }

    #[test]
    fn a_login_makes_a_kept_key_live_longer() {
        let (mut keys, mut random) = (SessionKeys::default(), Random::new(Some(1)));
        let first = keys.log_in("wx", "a", SessionKeyRotation::Never, day(0), &mut random);
        keys.log_in("wx", "a", SessionKeyRotation::Never, day(20), &mut random);
        assert_eq!(keys.current("wx", "a", day(40)), Some(first));
        let after_the_end = keys.log_in("wx", "a", SessionKeyRotation::Never, day(60), &mut random);
        assert_ne!(after_the_end, first);
    }
}
