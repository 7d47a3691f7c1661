//! What users granted by OAuth2: unrelated to the tokens of applications.
//!
//! Source: `WeChat` Open Platform, snsAccessToken and snsRefreshToken.

use std::collections::{HashMap, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};

use crate::random::Random;

/// More grants than this are not remembered: the oldest go first.
const MOST_GRANTS: usize = 20_000;
/// Two hours, as `expires_in` says.
pub(crate) const USER_TOKEN_SECONDS: i64 = 7200;
const REFRESHABLE: TimeDelta = TimeDelta::days(30);

/// What one person lets one application do.
#[derive(Debug, Clone)]
pub(crate) struct UserGrant {
    pub(crate) app_id: String,
    pub(crate) person: String,
    pub(crate) scope: &'static str,
    /// A virtual user of a "snapshot page".
    pub(crate) snapshot_user: bool,
}

/// The two tokens that stand for a grant.
#[derive(Debug, Clone)]
pub(crate) struct UserTokenPair {
    pub(crate) access_token: String,
    pub(crate) refresh_token: String,
}

#[derive(Debug)]
struct Held {
    grant: UserGrant,
    access_token: String,
    access_until: DateTime<Utc>,
    refresh_until: DateTime<Utc>,
    withdrawn: bool,
}

/// Every grant that may still matter, by its refresh token.
#[derive(Debug, Default)]
pub(crate) struct UserTokens {
    grants: HashMap<String, Held>,
    oldest_first: VecDeque<String>,
    /// The refresh token of each access token.
    by_access_token: HashMap<String, String>,
}

impl UserTokens {
    pub(crate) fn add(
        &mut self,
        grant: UserGrant,
        now: DateTime<Utc>,
        random: &mut Random,
    ) -> UserTokenPair {
        if self.oldest_first.len() >= MOST_GRANTS
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            let forgotten = self.grants.remove(&oldest);
            forgotten.map(|held| self.by_access_token.remove(&held.access_token));
        }
        let pair = UserTokenPair {
            access_token: token(random),
            refresh_token: token(random),
        };
        let held = Held {
            grant,
            access_token: pair.access_token.clone(),
            access_until: now + TimeDelta::seconds(USER_TOKEN_SECONDS),
            refresh_until: now + REFRESHABLE,
            withdrawn: false,
        };
        self.grants.insert(pair.refresh_token.clone(), held);
        self.oldest_first.push_back(pair.refresh_token.clone());
        self.by_access_token
            .insert(pair.access_token.clone(), pair.refresh_token.clone());
        pair
    }

    /// What an access token stands for, or why it is refused: 40001 (unknown,
    /// replaced or withdrawn), 42001 (expired).
    pub(crate) fn check(&self, access_token: &str, now: DateTime<Utc>) -> Result<&UserGrant, i64> {
        let held = self
            .by_access_token
            .get(access_token)
            .and_then(|refresh_token| self.grants.get(refresh_token))
            .filter(|held| !held.withdrawn)
            .ok_or(40001)?;
        if now < held.access_until {
            Ok(&held.grant)
        } else {
            Err(42001)
        }
    }

    /// Extends a living access token, or replaces a dead one; or why not: 40030
    /// (unknown, or of another application), 42007 (withdrawn), 42002 (expired).
    pub(crate) fn refresh(
        &mut self,
        app_id: &str,
        refresh_token: &str,
        now: DateTime<Utc>,
        random: &mut Random,
    ) -> Result<(UserGrant, UserTokenPair), i64> {
        let held = self
            .grants
            .get_mut(refresh_token)
            .filter(|held| held.grant.app_id == app_id)
            .ok_or(40030)?;
        if held.withdrawn {
            return Err(42007);
        }
        if now >= held.refresh_until {
            return Err(42002);
        }
        if now >= held.access_until {
            self.by_access_token.remove(&held.access_token);
            held.access_token = token(random);
            self.by_access_token
                .insert(held.access_token.clone(), refresh_token.to_owned());
        }
        held.access_until = now + TimeDelta::seconds(USER_TOKEN_SECONDS);
        let pair = UserTokenPair {
            access_token: held.access_token.clone(),
            refresh_token: refresh_token.to_owned(),
        };
        Ok((held.grant.clone(), pair))
    }

    /// `person` takes back what was granted to one application, or to all;
    /// answers how many grants end.
    pub(crate) fn withdraw(&mut self, app_id: Option<&str>, person: &str) -> usize {
        let ended = self.grants.values_mut().filter(|held| {
            !held.withdrawn
                && held.grant.person == person
                && app_id.is_none_or(|app_id| held.grant.app_id == app_id)
        });
        ended.map(|held| held.withdrawn = true).count()
    }
}

fn token(random: &mut Random) -> String {
    format!("{}_{}", random.digits(2), random.base64url(64))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(1_700_000_000 + seconds)
    }

    fn granted() -> (UserTokens, Random, UserTokenPair) {
        let (mut tokens, mut random) = (UserTokens::default(), Random::new(Some(1)));
        let grant = UserGrant {
            app_id: "wx".to_owned(),
            person: "alice".to_owned(),
            scope: "snsapi_userinfo",
            snapshot_user: false,
        };
        let pair = tokens.add(grant, at(0), &mut random);
        (tokens, random, pair)
    }

    #[test]
    fn a_living_token_is_extended_and_a_dead_one_replaced() {
        let (mut tokens, mut random, first) = granted();
        let mut refresh = |seconds| {
            tokens
                .refresh("wx", &first.refresh_token, at(seconds), &mut random)
                .map(|(_, pair)| pair.access_token)
        };
        assert_eq!(refresh(7199), Ok(first.access_token.clone()));
        let second = refresh(7199 + 7200).unwrap();
        assert_ne!(second, first.access_token);
        let days = 30 * 86_400;
        assert!(
            refresh(days - 1).is_ok(),
            "refreshing does not renew itself"
        );
        assert_eq!(refresh(days), Err(42002));
        assert_eq!(
            tokens.check(&first.access_token, at(20_000)).unwrap_err(),
            40001
        );
    }

    #[test]
    fn a_grant_is_of_one_application_and_ends_when_it_is_withdrawn() {
        let (mut tokens, mut random, pair) = granted();
        let refused = tokens.refresh("other", &pair.refresh_token, at(1), &mut random);
        assert_eq!(refused.unwrap_err(), 40030);
        assert_eq!(tokens.withdraw(Some("other"), "alice"), 0);
        assert_eq!(tokens.withdraw(Some("wx"), "alice"), 1);
        assert_eq!(tokens.withdraw(None, "alice"), 0, "it ended before");
        assert_eq!(tokens.check(&pair.access_token, at(1)).unwrap_err(), 40001);
        let refused = tokens.refresh("wx", &pair.refresh_token, at(1), &mut random);
        assert_eq!(refused.unwrap_err(), 42007);
    }
}
