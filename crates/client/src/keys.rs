//! Menshen's published keys, kept for a while.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, Instant};

use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::{Jwk, PublicKeyUse};
use serde::Deserialize;
use tokio::sync::Mutex;
use url::Url;

use crate::error::CheckError;

/// How long a key set is believed: that long, at most, does a key that was dropped
/// still count here.
const LIFE: Duration = Duration::from_mins(5);
/// How often a set is fetched for the sake of keys that are not in it, at most. Anybody
/// can make up the id of a key.
const COOLDOWN: Duration = Duration::from_secs(10);
/// How often Menshen is asked while it does not answer, at most.
const RETRY: Duration = Duration::from_secs(1);
/// The longest key set that is read, in bytes.
const MAX_SET: usize = 64 * 1024;

/// The keys by their ids.
type KeySet = HashMap<String, DecodingKey>;

/// The published keys.
pub(crate) struct Keys {
    http: reqwest::Client,
    url: Url,
    algorithm: jsonwebtoken::Algorithm,
    state: RwLock<State>,
    /// Whoever fetches holds this; others wait, and use what was fetched.
    turn: Mutex<()>,
}

#[derive(Default)]
struct State {
    set: KeySet,
    fetched: Option<Instant>,
    tried: Option<(Instant, Outcome)>,
}

/// What came of the last try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Fetched,
    Failed,
}

/// What to do about a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Use,
    Fetch,
    NoSuchKey,
    Away,
}

/// What to do about a key that is or is not in a set of some age, when the last try
/// was some time ago.
fn step(known: bool, age: Option<Duration>, tried: Option<(Duration, Outcome)>) -> Step {
    let fresh = age.is_some_and(|age| age < LIFE);
    match tried {
        _ if known && fresh => Step::Use,
        Some((ago, Outcome::Failed)) if ago < RETRY => Step::Away,
        Some((ago, Outcome::Fetched)) if ago < COOLDOWN => Step::NoSuchKey,
        _ => Step::Fetch,
    }
}

impl Keys {
    pub(crate) fn new(http: reqwest::Client, url: Url, algorithm: jsonwebtoken::Algorithm) -> Self {
        Self {
            http,
            url,
            algorithm,
            state: RwLock::default(),
            turn: Mutex::default(),
        }
    }

    /// The key of this id; `None` if there is no such key.
    ///
    /// # Errors
    ///
    /// [`CheckError::Unavailable`] if the keys are not to be had.
    pub(crate) async fn find(&self, kid: &str) -> Result<Option<DecodingKey>, CheckError> {
        if let (Step::Use, key) = self.look(kid) {
            return Ok(key);
        }
        let _turn = self.turn.lock().await;
        // Somebody else may have fetched them meanwhile.
        if self.look(kid).0 == Step::Fetch {
            self.refresh().await;
        }
        match self.look(kid) {
            (Step::Use | Step::NoSuchKey, key) => Ok(key),
            (Step::Fetch | Step::Away, _) => Err(CheckError::Unavailable),
        }
    }

    fn look(&self, kid: &str) -> (Step, Option<DecodingKey>) {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let age = state.fetched.map(|then| then.elapsed());
        let tried = state.tried.map(|(then, outcome)| (then.elapsed(), outcome));
        let step = step(state.set.contains_key(kid), age, tried);
        let key = state.set.get(kid).filter(|_| step == Step::Use);
        (step, key.cloned())
    }

    async fn refresh(&self) {
        let set = self.fetch().await;
        let now = Instant::now();
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let Some(set) = set else {
            state.tried = Some((now, Outcome::Failed));
            return;
        };
        *state = State {
            set,
            fetched: Some(now),
            tried: Some((now, Outcome::Fetched)),
        };
    }

    async fn fetch(&self) -> Option<KeySet> {
        let mut answer = self.http.get(self.url.clone()).send().await.ok()?;
        if answer.status() != reqwest::StatusCode::OK {
            return None;
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.ok()? {
            if body.len() + chunk.len() > MAX_SET {
                return None;
            }
            body.extend_from_slice(&chunk);
        }
        read(&body, self.algorithm)
    }
}

/// The keys of a set that sign with this algorithm; others are left out.
fn read(body: &[u8], algorithm: jsonwebtoken::Algorithm) -> Option<KeySet> {
    #[derive(Deserialize)]
    struct Set {
        keys: Vec<serde_json::Value>,
    }
    let set: Set = serde_json::from_slice(body).ok()?;
    let usable = |value| {
        let jwk: Jwk = serde_json::from_value(value).ok()?;
        let signs = !matches!(jwk.common.public_key_use, Some(PublicKeyUse::Encryption));
        let named = jwk.common.key_algorithm?.to_string() == format!("{algorithm:?}");
        let key = DecodingKey::from_jwk(&jwk).ok()?;
        (signs && named).then_some((jwk.common.key_id?, key))
    };
    Some(set.keys.into_iter().filter_map(usable).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_known_key_of_a_young_set_is_used_whatever_came_of_the_last_try() {
        for tried in [None, Some(Outcome::Fetched), Some(Outcome::Failed)] {
            let tried = tried.map(|outcome| (Duration::ZERO, outcome));
            assert_eq!(
                step(true, Some(LIFE.saturating_sub(SECOND)), tried),
                Step::Use
            );
        }
    }

    #[test]
    fn a_set_is_believed_for_five_minutes() {
        let tried = Some((LIFE, Outcome::Fetched));
        assert_eq!(step(true, Some(LIFE), tried), Step::Fetch);
        assert_eq!(step(true, None, None), Step::Fetch);
        // And then it is gone, though nobody answers.
        let tried = Some((Duration::ZERO, Outcome::Failed));
        assert_eq!(step(true, Some(LIFE), tried), Step::Away);
    }

    #[test]
    fn an_unknown_key_is_looked_for_every_ten_seconds() {
        for (ago, wanted) in [
            (Duration::ZERO, Step::NoSuchKey),
            (COOLDOWN.saturating_sub(SECOND), Step::NoSuchKey),
            (COOLDOWN, Step::Fetch),
        ] {
            assert_eq!(
                step(false, Some(ago), Some((ago, Outcome::Fetched))),
                wanted
            );
        }
    }

    #[test]
    fn nobody_is_told_that_a_key_is_unknown_while_the_keys_are_not_to_be_had() {
        for age in [None, Some(SECOND), Some(LIFE)] {
            let at_once = Some((Duration::ZERO, Outcome::Failed));
            assert_eq!(step(false, age, at_once), Step::Away);
            assert_eq!(
                step(false, age, Some((RETRY, Outcome::Failed))),
                Step::Fetch
            );
        }
    }

    #[test]
    fn keys_of_other_algorithms_and_uses_are_left_out() {
        let point = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        let key = |kid: &str, rest: &str| {
            format!(
                r#"{{"kty":"EC","crv":"P-256","x":"{point}","y":"{point}","kid":"{kid}"{rest}}}"#
            )
        };
        let body = format!(
            r#"{{"keys":[{},{},{},{},{{"kty":"XX"}},7]}}"#,
            key("good", r#","alg":"ES256","use":"sig""#),
            key("other", r#","alg":"ES384""#),
            key("encrypts", r#","alg":"ES256","use":"enc""#),
            key("nameless", ""),
        );
        let set = read(body.as_bytes(), jsonwebtoken::Algorithm::ES256).expect("a set");
        assert_eq!(set.keys().collect::<Vec<_>>(), ["good"]);
        assert!(read(b"<html>", jsonwebtoken::Algorithm::ES256).is_none());
    }
}
