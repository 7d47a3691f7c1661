//! Phone numbers that were handed to clients encrypted, by the hash of the data.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::request_log::sha256_hex;

/// More data than this is not remembered.
const MOST_DATA: usize = 50_000;
/// How long it can be asked for.
const KEPT: TimeDelta = TimeDelta::days(3);

/// When which data was made, per application and hash.
#[derive(Debug, Default)]
pub(crate) struct PhoneData(HashMap<(String, String), DateTime<Utc>>);

impl PhoneData {
    pub(crate) fn remember(&mut self, app_id: &str, encrypted_data: &str, now: DateTime<Utc>) {
        if self.0.len() >= MOST_DATA {
            self.0.clear();
        }
        let hash = sha256_hex(encrypted_data.as_bytes());
        self.0.insert((app_id.to_owned(), hash), now);
    }

    /// When the data with this lower-case hex SHA-256 was made, of the last three days.
    pub(crate) fn made_at(
        &self,
        app_id: &str,
        hash: &str,
        now: DateTime<Utc>,
    ) -> Option<DateTime<Utc>> {
        let made = self.0.get(&(app_id.to_owned(), hash.to_owned()));
        made.copied().filter(|made| now - *made < KEPT)
    }
}
