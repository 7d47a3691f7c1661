//! The nonces of signed requests, each good for one use.

use std::collections::{HashSet, VecDeque};

use chrono::{DateTime, Utc};

/// More nonces than this are not remembered: the oldest go first.
const MOST_NONCES: usize = 200_000;

/// Nonces by access key, until the requests that carry them are too old anyway.
#[derive(Debug, Default)]
pub(crate) struct Nonces {
    seen: HashSet<(String, String)>,
    oldest_first: VecDeque<(DateTime<Utc>, (String, String))>,
}

impl Nonces {
    pub(crate) fn is_used(&mut self, key_id: &str, nonce: &str, now: DateTime<Utc>) -> bool {
        while let Some((until, pair)) = self.oldest_first.front()
            && (*until <= now || self.oldest_first.len() > MOST_NONCES)
        {
            self.seen.remove(pair);
            self.oldest_first.pop_front();
        }
        self.seen.contains(&(key_id.to_owned(), nonce.to_owned()))
    }

    pub(crate) fn remember(&mut self, key_id: &str, nonce: &str, until: DateTime<Utc>) {
        let pair = (key_id.to_owned(), nonce.to_owned());
        if self.seen.insert(pair.clone()) {
            self.oldest_first.push_back((until, pair));
        }
    }
}
