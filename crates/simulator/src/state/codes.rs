//! Codes that a client got from `WeChat` and a server exchanges.

use std::collections::{HashMap, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};

use crate::phone::Phone;

/// More codes than this are not remembered: the oldest go first.
const MOST_CODES: usize = 100_000;

/// What a code is good for; one kind is never taken for another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CodeKind {
    /// From `wx.login`, with the key that this login gave. 5 minutes.
    Login { session_key: [u8; 16] },
    /// From the getPhoneNumber button, with the number that was chosen. 5 minutes.
    Phone { phone: Phone },
    /// From the OAuth2 consent. 10 minutes.
    OAuth {
        scope: &'static str,
        snapshot_user: bool,
    },
}

impl CodeKind {
    fn lifetime(&self) -> TimeDelta {
        TimeDelta::minutes(match self {
            Self::Login { .. } | Self::Phone { .. } => 5,
            Self::OAuth { .. } => 10,
        })
    }
}

/// A code that was given out.
#[derive(Debug, Clone)]
pub(crate) struct Code {
    pub(crate) kind: CodeKind,
    pub(crate) app_id: String,
    pub(crate) person: String,
    pub(crate) issued_at: DateTime<Utc>,
    pub(crate) used: bool,
}

impl Code {
    fn is_alive(&self, now: DateTime<Utc>) -> bool {
        now - self.issued_at < self.kind.lifetime()
    }
}

/// Every code that may still matter.
#[derive(Debug, Default)]
pub(crate) struct Codes {
    by_value: HashMap<String, Code>,
    oldest_first: VecDeque<String>,
}

impl Codes {
    pub(crate) fn add(&mut self, value: String, code: Code) {
        while let Some(oldest) = self.oldest_first.front() {
            let is_dead = self
                .by_value
                .get(oldest)
                .is_none_or(|code_before| !code_before.is_alive(code.issued_at));
            if !is_dead && self.oldest_first.len() < MOST_CODES {
                break;
            }
            self.by_value.remove(oldest);
            self.oldest_first.pop_front();
        }
        self.oldest_first.push_back(value.clone());
        self.by_value.insert(value, code);
    }

    /// The code, if it was given out and has not expired; it may be used.
    pub(crate) fn find(&self, value: &str, now: DateTime<Utc>) -> Option<&Code> {
        self.by_value.get(value).filter(|code| code.is_alive(now))
    }

    pub(crate) fn mark_used(&mut self, value: &str) {
        if let Some(code) = self.by_value.get_mut(value) {
            code.used = true;
        }
    }
}
