//! Tokens whose signature was checked a moment ago.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError, Weak};

use aws_lc_rs::digest::{SHA256, digest};
use chrono::{DateTime, Utc};
use menshen_domain::model::token::AccessClaims;

use crate::signing_key::KeyPair;

/// Tokens are spread over this many locks, so that workers seldom meet at one.
const SHARDS: usize = 16;

/// How many tokens are remembered, over all shards, unless told otherwise: some
/// six megabytes when full.
const REMEMBERED: usize = 32_768;

/// What names a token: a hash of all of it, its signature included. The token
/// itself is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct TokenHash([u8; 32]);

impl TokenHash {
    pub(crate) fn of(compact: &str) -> Self {
        let mut hash = [0; 32];
        // SHA-256 has 32 bytes.
        hash.copy_from_slice(digest(&SHA256, compact.as_bytes()).as_ref());
        Self(hash)
    }

    fn shard(self) -> usize {
        usize::from(self.0[0]) % SHARDS
    }
}

/// A token whose signature holds, and whose issuer and audience are ours.
#[derive(Clone)]
pub(crate) struct Verified {
    /// The key that signed it, which this does not keep in memory. It must still be
    /// one of the set, and not retired, whenever the token is believed.
    pub(crate) key: Weak<KeyPair>,
    pub(crate) claims: AccessClaims,
    pub(crate) not_before: DateTime<Utc>,
}

/// Remembers which tokens were checked, so that the signature of one that comes
/// often is computed once. Whatever depends on the time or on the keys is for the
/// caller to check again.
///
/// Bounded: a shard has two generations. What is used moves into the younger one;
/// when that is full, it takes the older one's place.
pub(crate) struct VerifiedTokens {
    shards: Vec<Mutex<Shard>>,
    per_generation: usize,
}

#[derive(Default)]
struct Shard {
    young: HashMap<TokenHash, Verified>,
    old: HashMap<TokenHash, Verified>,
}

impl Default for VerifiedTokens {
    fn default() -> Self {
        Self::new(REMEMBERED)
    }
}

impl VerifiedTokens {
    fn new(capacity: usize) -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            per_generation: (capacity / SHARDS / 2).max(1),
        }
    }

    /// What is known of a token.
    pub(crate) fn get(&self, hash: TokenHash) -> Option<Verified> {
        let mut shard = self.shard(hash);
        if let Some(known) = shard.young.get(&hash) {
            return Some(known.clone());
        }
        let known = shard.old.remove(&hash)?;
        shard.put(hash, known.clone(), self.per_generation);
        Some(known)
    }

    /// Remembers a token.
    pub(crate) fn put(&self, hash: TokenHash, verified: Verified) {
        self.shard(hash).put(hash, verified, self.per_generation);
    }

    /// Forgets a token, for one that will never be good again.
    pub(crate) fn forget(&self, hash: TokenHash) {
        let mut shard = self.shard(hash);
        shard.young.remove(&hash);
        shard.old.remove(&hash);
    }

    fn shard(&self, hash: TokenHash) -> MutexGuard<'_, Shard> {
        // Each change of a map is whole, so a panic leaves nothing half-done.
        self.shards[hash.shard()]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        let shards = self.shards.iter().map(|shard| shard.lock().unwrap());
        shards
            .map(|shard| shard.young.len() + shard.old.len())
            .sum()
    }
}

impl Shard {
    fn put(&mut self, hash: TokenHash, verified: Verified, per_generation: usize) {
        if self.young.len() >= per_generation && !self.young.contains_key(&hash) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(hash, verified);
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use menshen_domain::model::client::ClientType;
    use menshen_domain::model::identifiers::{EventId, SessionId, UserId};
    use menshen_domain::model::token::Scope;
    use menshen_testkit::sample::{SeededRandomness, now};

    use super::*;

    fn verified() -> Verified {
        let randomness = SeededRandomness::new(1);
        Verified {
            key: Weak::new(),
            claims: AccessClaims {
                user: UserId::generate(&randomness, now()),
                session: SessionId::generate(&randomness, now()),
                id: EventId::generate(&randomness, now()),
                client_type: ClientType::Web,
                scope: Scope::User,
                issued_at: now(),
                expires_at: now() + TimeDelta::hours(1),
            },
            not_before: now(),
        }
    }

    fn hash(n: usize) -> TokenHash {
        TokenHash::of(&n.to_string())
    }

    #[test]
    fn a_remembered_token_is_known_until_it_is_forgotten() {
        let (tokens, verified) = (VerifiedTokens::default(), verified());
        assert!(tokens.get(hash(1)).is_none());
        tokens.put(hash(1), verified.clone());
        assert_eq!(tokens.get(hash(1)).unwrap().claims, verified.claims);
        tokens.forget(hash(1));
        assert!(tokens.get(hash(1)).is_none());
    }

    #[test]
    fn however_many_come_what_is_remembered_is_bounded() {
        let (tokens, verified) = (VerifiedTokens::new(320), verified());
        for n in 0..10_000 {
            tokens.put(hash(n), verified.clone());
        }
        assert!((160..=320).contains(&tokens.len()), "{}", tokens.len());
    }

    #[test]
    fn what_is_used_stays_while_others_come_and_go() {
        let (tokens, verified) = (VerifiedTokens::new(320), verified());
        tokens.put(hash(0), verified.clone());
        for n in 1..10_000 {
            tokens.put(hash(n), verified.clone());
            assert!(tokens.get(hash(0)).is_some(), "after {n}");
        }
    }
}
