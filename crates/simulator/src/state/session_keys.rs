//! The `session_key` of each person in each mini-program.

use std::collections::HashMap;

use crate::config::SessionKeyRotation;
use crate::random::Random;

/// More keys than this are not remembered.
const MOST_KEYS: usize = 200_000;

/// The one key that is valid now, per application and person.
#[derive(Debug, Default)]
pub(crate) struct SessionKeys(HashMap<(String, String), [u8; 16]>);

impl SessionKeys {
    /// What `wx.login` does: keeps the key, or replaces it.
    pub(crate) fn log_in(
        &mut self,
        app_id: &str,
        person: &str,
        mode: SessionKeyRotation,
        random: &mut Random,
    ) -> [u8; 16] {
        let place = (app_id.to_owned(), person.to_owned());
        let keep = match mode {
            SessionKeyRotation::Always => false,
            SessionKeyRotation::Never => true,
            SessionKeyRotation::Sometimes => random.chance(0.5),
        };
        if let Some(key) = self.0.get(&place).filter(|_| keep) {
            return *key;
        }
        if self.0.len() >= MOST_KEYS {
            self.0.clear();
        }
        let key = random.block();
        self.0.insert(place, key);
        key
    }

    /// The key under which the data API encrypts now.
    pub(crate) fn current(&self, app_id: &str, person: &str) -> Option<[u8; 16]> {
        self.0.get(&(app_id.to_owned(), person.to_owned())).copied()
    }
}
