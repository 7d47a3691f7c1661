//! The OAuth2 tokens of users: unrelated to those of applications.

use std::collections::{HashMap, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};

/// More tokens than this are not remembered: the oldest go first.
const MOST_TOKENS: usize = 20_000;
/// Two hours, as `expires_in` says.
pub(crate) const USER_TOKEN_SECONDS: i64 = 7200;

/// What a user's token stands for.
#[derive(Debug, Clone)]
pub(crate) struct UserToken {
    pub(crate) app_id: String,
    pub(crate) person: String,
    pub(crate) scope: &'static str,
    pub(crate) issued_at: DateTime<Utc>,
}

/// Every user token that was given out.
#[derive(Debug, Default)]
pub(crate) struct UserTokens {
    by_value: HashMap<String, UserToken>,
    oldest_first: VecDeque<String>,
}

impl UserTokens {
    pub(crate) fn add(&mut self, value: String, token: UserToken) {
        if self.oldest_first.len() >= MOST_TOKENS
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.by_value.remove(&oldest);
        }
        self.oldest_first.push_back(value.clone());
        self.by_value.insert(value, token);
    }

    /// The token, or why it is refused: 40001 (unknown) or 42001 (expired).
    pub(crate) fn check(&self, value: &str, now: DateTime<Utc>) -> Result<&UserToken, i64> {
        let token = self.by_value.get(value).ok_or(40001)?;
        if now - token.issued_at < TimeDelta::seconds(USER_TOKEN_SECONDS) {
            Ok(token)
        } else {
            Err(42001)
        }
    }
}
