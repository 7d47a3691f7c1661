//! The access tokens of applications, of both kinds.
//!
//! Source: `WeChat` server API, getAccessToken and getStableAccessToken.

use std::collections::{HashMap, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};

use crate::random::Random;

/// More tokens than this are not remembered: the oldest go first.
const MOST_TOKENS: usize = 10_000;
const LIFETIME: TimeDelta = TimeDelta::seconds(7200);
/// A stable token is replaced this long before its end, and a classic one works
/// this long after it was replaced.
const OVERLAP: TimeDelta = TimeDelta::seconds(300);
const FORCE_INTERVAL: TimeDelta = TimeDelta::seconds(30);

#[derive(Debug)]
struct Issued {
    app_id: String,
    expires_at: DateTime<Utc>,
    /// From when on it is refused, and with which errcode.
    refused: Option<(DateTime<Utc>, i64)>,
}

#[derive(Debug)]
struct Current {
    token: String,
    expires_at: DateTime<Utc>,
    forced_at: Option<DateTime<Utc>>,
}

/// Every token that was given out, and which are current.
#[derive(Debug, Default)]
pub(crate) struct AppTokens {
    issued: HashMap<String, Issued>,
    oldest_first: VecDeque<String>,
    stable: HashMap<String, Current>,
    classic: HashMap<String, String>,
}

impl AppTokens {
    /// The application that `token` speaks for, or why it is refused:
    /// 40014 (no token of ours by its form), 40001 (unknown, replaced or revoked), 42001 (expired).
    pub(crate) fn check(&self, token: &str, now: DateTime<Utc>) -> Result<&str, i64> {
        let Some(issued) = self.issued.get(token) else {
            return Err(if is_well_formed(token) { 40001 } else { 40014 });
        };
        match issued.refused {
            Some((since, errcode)) if now >= since => Err(errcode),
            _ if now >= issued.expires_at => Err(42001),
            _ => Ok(&issued.app_id),
        }
    }

    /// The application that a token was given to, though it may be dead.
    pub(crate) fn owner(&self, token: &str) -> Option<&str> {
        self.issued.get(token).map(|issued| issued.app_id.as_str())
    }

    /// A new classic token; the one before works for five minutes more.
    pub(crate) fn issue_classic(
        &mut self,
        app_id: &str,
        now: DateTime<Utc>,
        random: &mut Random,
    ) -> (String, i64) {
        let token = self.issue(app_id, now, random);
        if let Some(before) = self.classic.insert(app_id.to_owned(), token.clone()) {
            self.refuse(&before, now + OVERLAP, 40001);
        }
        (token, LIFETIME.num_seconds())
    }

    /// The stable token and the seconds that are left of it.
    pub(crate) fn stable(
        &mut self,
        app_id: &str,
        now: DateTime<Utc>,
        random: &mut Random,
    ) -> (String, i64) {
        if let Some(current) = self.stable.get(app_id)
            && now < current.expires_at - OVERLAP
            && self.issued.contains_key(&current.token)
        {
            return (
                current.token.clone(),
                (current.expires_at - now).num_seconds().max(1),
            );
        }
        let forced_at = self
            .stable
            .get(app_id)
            .and_then(|current| current.forced_at);
        self.replace_stable(app_id, forced_at, now, random)
    }

    /// Whether the last forced refresh is long enough ago.
    pub(crate) fn may_force(&self, app_id: &str, now: DateTime<Utc>) -> bool {
        let last = self
            .stable
            .get(app_id)
            .and_then(|current| current.forced_at);
        last.is_none_or(|last| now - last >= FORCE_INTERVAL)
    }

    /// Revokes the stable token and gives another.
    pub(crate) fn force_stable(
        &mut self,
        app_id: &str,
        now: DateTime<Utc>,
        random: &mut Random,
    ) -> (String, i64) {
        if let Some(before) = self.stable.remove(app_id) {
            self.refuse(&before.token, now, 40001);
        }
        self.replace_stable(app_id, Some(now), now, random)
    }

    /// Kills the stable token: `errcode` is the answer to whoever uses it.
    /// `sticky`: the token endpoint goes on giving it until a forced refresh.
    /// False when the application has none.
    pub(crate) fn revoke_stable(
        &mut self,
        app_id: &str,
        errcode: i64,
        sticky: bool,
        now: DateTime<Utc>,
    ) -> bool {
        let Some(token) = self.stable.get(app_id).map(|current| current.token.clone()) else {
            return false;
        };
        self.refuse(&token, now, errcode);
        if !sticky {
            self.stable.remove(app_id);
        }
        true
    }

    fn replace_stable(
        &mut self,
        app_id: &str,
        forced_at: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
        random: &mut Random,
    ) -> (String, i64) {
        let token = self.issue(app_id, now, random);
        let current = Current {
            token: token.clone(),
            expires_at: now + LIFETIME,
            forced_at,
        };
        self.stable.insert(app_id.to_owned(), current);
        (token, LIFETIME.num_seconds())
    }

    fn issue(&mut self, app_id: &str, now: DateTime<Utc>, random: &mut Random) -> String {
        if self.oldest_first.len() >= MOST_TOKENS
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.issued.remove(&oldest);
        }
        let token = format!("{}_{}", random.digits(2), random.base64url(100));
        let issued = Issued {
            app_id: app_id.to_owned(),
            expires_at: now + LIFETIME,
            refused: None,
        };
        self.issued.insert(token.clone(), issued);
        self.oldest_first.push_back(token.clone());
        token
    }

    fn refuse(&mut self, token: &str, since: DateTime<Utc>, errcode: i64) {
        if let Some(issued) = self.issued.get_mut(token) {
            issued.refused = Some((since, errcode));
        }
    }
}

fn is_well_formed(token: &str) -> bool {
    (100..=512).contains(&token.len())
        && token
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(1_700_000_000 + seconds)
    }

    #[test]
    fn a_stable_token_stays_until_five_minutes_before_its_end() {
        let (mut tokens, mut random) = (AppTokens::default(), Random::new(Some(1)));
        let (first, left) = tokens.stable("wx", at(0), &mut random);
        assert_eq!(left, 7200);
        assert_eq!(
            tokens.stable("wx", at(6899), &mut random),
            (first.clone(), 301)
        );
        let (second, left) = tokens.stable("wx", at(6900), &mut random);
        assert_ne!(second, first);
        assert_eq!(left, 7200);
        assert_eq!(tokens.check(&first, at(7199)), Ok("wx"));
        assert_eq!(tokens.check(&first, at(7200)), Err(42001));
    }

    #[test]
    fn a_replaced_classic_token_works_five_minutes_more() {
        let (mut tokens, mut random) = (AppTokens::default(), Random::new(Some(1)));
        let (first, _) = tokens.issue_classic("wx", at(0), &mut random);
        let (stable, _) = tokens.stable("wx", at(0), &mut random);
        tokens.issue_classic("wx", at(10), &mut random);
        assert_eq!(tokens.check(&first, at(309)), Ok("wx"));
        assert_eq!(tokens.check(&first, at(310)), Err(40001));
        assert_eq!(
            tokens.check(&stable, at(310)),
            Ok("wx"),
            "the two kinds are separate"
        );
    }

    #[test]
    fn a_sticky_revocation_ends_with_a_forced_refresh() {
        let (mut tokens, mut random) = (AppTokens::default(), Random::new(Some(1)));
        let (first, _) = tokens.stable("wx", at(0), &mut random);
        assert!(tokens.revoke_stable("wx", 42001, true, at(1)));
        assert_eq!(tokens.stable("wx", at(1), &mut random).0, first);
        assert_eq!(tokens.check(&first, at(1)), Err(42001));
        let (second, _) = tokens.force_stable("wx", at(1), &mut random);
        assert_eq!(tokens.check(&second, at(1)), Ok("wx"));
        assert!(!tokens.may_force("wx", at(30)));
        assert!(tokens.may_force("wx", at(31)));
    }
}
