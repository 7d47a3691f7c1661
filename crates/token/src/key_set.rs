//! The keys that sign access tokens, and their rotation.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use chrono::{DateTime, Utc};
use menshen_domain::ports::randomness::Randomness;
use menshen_domain::ports::sealer::Sealer;
use menshen_domain::ports::signing_key_store::{
    SealedSigningKey, SigningKeyStore, SigningKeyStoreError,
};
use serde_json::{Value, json};

use crate::algorithm::Algorithm;
use crate::dropping::{self, Change};
use crate::jwks::jwk;
use crate::learning::Learning;
use crate::signing_key::{self, KeyPair, SigningKey};
use crate::verified::VerifiedTokens;

/// How far clocks may differ when a token is checked.
pub const LEEWAY: Duration = Duration::from_secs(30);

/// How long a key is published before it signs: more than the ten minutes that
/// verifiers may keep a key set, by what replicas need to hear of it.
const PUBLISHED_BEFORE: Duration = Duration::from_mins(15);

/// How long a key outlives the last token signed with it: the leeway, and the
/// time by which a replica's clock may be late.
const OUTLIVES_TOKENS: Duration = Duration::from_mins(5);

/// How many ids of keys that have gone are remembered.
const MOST_REMEMBERED: usize = 64;

/// How often an addition starts again because another replica was faster.
const MAX_ROUNDS: usize = 5;

/// What access tokens say, and how they are signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenConfig {
    /// `tokens.issuer`.
    pub issuer: String,
    /// `tokens.audience`; onboarding tokens have `<audience>:onboarding`.
    pub audience: String,
    /// `tokens.algorithm`.
    pub algorithm: Algorithm,
    /// `tokens.key_rotation`: how long a key signs; zero turns rotation off.
    pub key_rotation: Duration,
    /// The longest life of an access token, over all client types.
    pub longest_access_ttl: Duration,
}

/// Why the keys cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum KeySetError {
    /// A stored key cannot be read.
    #[error(
        "the signing key `{kid}` cannot be read: it was sealed with another keyring, \
         or made by a newer version"
    )]
    Unreadable {
        /// The key.
        kid: String,
    },
    /// No key could be made.
    #[error("a signing key could not be made")]
    NotMade,
    /// There is no such key, or it has gone already.
    #[error("there is no signing key `{kid}` in use; `menshen keys list` shows those that are")]
    NotThere {
        /// What was asked for.
        kid: String,
    },
    /// Other replicas changed the keys each time they were read.
    #[error("the signing keys keep changing; try again")]
    Contended,
    /// The store did not answer.
    #[error("the signing keys cannot be read")]
    Store(#[from] SigningKeyStoreError),
}

/// Where a key stands in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyStage {
    /// Published, and does not sign yet.
    Next,
    /// Signs.
    Signing,
    /// Only checks what it signed.
    Checking,
}

/// A key as an operator sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyInfo {
    /// Its id.
    pub kid: String,
    /// Its algorithm.
    pub algorithm: Algorithm,
    /// Where it stands.
    pub stage: KeyStage,
    /// From when on it signs.
    pub not_before: DateTime<Utc>,
    /// When it goes.
    pub retire_at: Option<DateTime<Utc>>,
}

/// The keys that sign access tokens: the domain's `TokenIssuer` and
/// `TokenVerifier`. Issuing and checking do no I/O. `Debug` shows no key.
pub struct KeySet {
    pub(crate) config: TokenConfig,
    pub(crate) onboarding_audience: String,
    store: Arc<dyn SigningKeyStore>,
    sealer: Arc<dyn Sealer>,
    randomness: Arc<dyn Randomness>,
    keys: RwLock<Arc<[SigningKey]>>,
    pub(crate) verified: VerifiedTokens,
    /// Ids of keys that were here and have gone, the last ones: nothing is to be
    /// learnt of them.
    gone: RwLock<Vec<String>>,
    /// Readings take turns, so that none undoes what a later one has found.
    reading: tokio::sync::Mutex<()>,
    pub(crate) learning: Learning,
    made_at_open: Option<String>,
}

/// What became of the others when a key was [dropped](KeySet::drop_key).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dropped {
    /// The key that signs from then on, if that is another one than before.
    pub heir: Option<String>,
    /// The key that was made in its place, if there was none to take it.
    pub made: Option<String>,
}

impl KeySet {
    /// Reads the keys, and makes the first one where there is none; that one
    /// signs at once. Replicas that do this at once end with the same key.
    ///
    /// # Errors
    ///
    /// See [`KeySetError`].
    pub async fn open(
        config: TokenConfig,
        store: Arc<dyn SigningKeyStore>,
        sealer: Arc<dyn Sealer>,
        randomness: Arc<dyn Randomness>,
        now: DateTime<Utc>,
    ) -> Result<Self, KeySetError> {
        let mut set = Self {
            made_at_open: None,
            onboarding_audience: format!("{}:onboarding", config.audience),
            config,
            store,
            sealer,
            randomness,
            keys: RwLock::new(Arc::new([])),
            verified: VerifiedTokens::default(),
            gone: RwLock::default(),
            reading: tokio::sync::Mutex::default(),
            learning: Learning::new(),
        };
        for _ in 0..MAX_ROUNDS {
            set.reload(now).await?;
            if !set.keys().is_empty() {
                let successor = set.maintain(now).await?;
                set.made_at_open = successor.or(set.made_at_open);
                return Ok(set);
            }
            let first = set.generate(now)?;
            if set.store.add(&first, None, now).await? {
                set.made_at_open = Some(first.kid);
            }
        }
        Err(KeySetError::Contended)
    }

    /// The id of the key that opening made, for the audit log: the first key, or a
    /// successor that was due.
    #[must_use]
    pub fn made_at_open(&self) -> Option<&str> {
        self.made_at_open.as_deref()
    }

    /// Takes over what other replicas did, and makes a successor for the newest
    /// key when that has signed for as long as it may, or is of another algorithm
    /// than the configured one. Answers the id of a key that this call made.
    /// To be called at least once a minute; when it fails, the keys stay as they
    /// are.
    ///
    /// # Errors
    ///
    /// See [`KeySetError`].
    pub async fn maintain(&self, now: DateTime<Utc>) -> Result<Option<String>, KeySetError> {
        self.reload(now).await?;
        let due = self.keys().last().is_some_and(|newest| {
            let age = (now - newest.not_before).to_std().unwrap_or_default();
            let rotation = self.config.key_rotation;
            let old = !rotation.is_zero() && age >= rotation;
            let other = newest.key.algorithm != self.config.algorithm;
            newest.not_before <= now && (old || other)
        });
        if due {
            self.succeed(now).await
        } else {
            Ok(None)
        }
    }

    /// Makes a successor for the newest key, whatever its age; it is published at
    /// once and signs later, and the newest key goes when its last token is dead.
    /// Answers the new key's id.
    ///
    /// # Errors
    ///
    /// See [`KeySetError`].
    pub async fn rotate(&self, now: DateTime<Utc>) -> Result<String, KeySetError> {
        for _ in 0..MAX_ROUNDS {
            self.reload(now).await?;
            if let Some(kid) = self.succeed(now).await? {
                return Ok(kid);
            }
        }
        Err(KeySetError::Contended)
    }

    /// Takes a key out of use at once, on this replica; on others when they look
    /// after their keys next. Tokens that it signed are worth nothing from then on.
    /// If it signs, the next key signs at once, or a new one if there is none.
    ///
    /// # Errors
    ///
    /// [`KeySetError::NotThere`], and as of [`rotate`](Self::rotate).
    pub async fn drop_key(&self, kid: &str, now: DateTime<Utc>) -> Result<Dropped, KeySetError> {
        for _ in 0..MAX_ROUNDS {
            self.reload(now).await?;
            let keys = self.keys();
            let plan = dropping::plan(&keys, kid, now, || self.generate(now))?;
            let (done, made) = match plan.change {
                Change::Succeed { key, after } => {
                    let added = self.store.add(&key, Some(after), now).await?;
                    (added, Some(key.kid))
                }
                Change::Revise { lives, newest } => {
                    (self.store.revise(&lives, &newest).await?, None)
                }
            };
            if done && !plan.again {
                // The key is gone. Whoever dropped it is to hear that and to tell it,
                // also if the new list comes with the next look.
                if let Err(error) = self.reload(now).await {
                    tracing::error!(
                        kid,
                        error = &error as &dyn std::error::Error,
                        "a dropped key is still taken here until the keys are read again"
                    );
                }
                let heir = plan.heir;
                return Ok(Dropped { heir, made });
            }
        }
        Err(KeySetError::Contended)
    }

    /// The keys, oldest first.
    #[must_use]
    pub fn list(&self, now: DateTime<Utc>) -> Vec<KeyInfo> {
        let keys = self.keys();
        let signing = signer(&keys, now).map(|key| &key.key.kid);
        let live = keys.iter().filter(|key| !key.retired(now));
        live.map(|key| KeyInfo {
            kid: key.key.kid.clone(),
            algorithm: key.key.algorithm,
            stage: match signing {
                Some(kid) if *kid == key.key.kid => KeyStage::Signing,
                _ if key.not_before > now => KeyStage::Next,
                _ => KeyStage::Checking,
            },
            not_before: key.not_before,
            retire_at: key.retire_at,
        })
        .collect()
    }

    /// The public keys as a JWK set: those that sign, signed, or will sign.
    /// Shared secrets are never in it.
    #[must_use]
    pub fn jwks(&self, now: DateTime<Utc>) -> Value {
        let keys = self.keys();
        let live = keys.iter().filter(|key| !key.retired(now));
        let keys: Vec<Value> = live.filter_map(|key| jwk(&key.key)).collect();
        json!({ "keys": keys })
    }

    /// The keys as they are now; oldest first.
    pub(crate) fn keys(&self) -> Arc<[SigningKey]> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&keys)
    }

    /// Reads the keys; those that are known already are not opened again.
    pub(crate) async fn reload(&self, now: DateTime<Utc>) -> Result<(), KeySetError> {
        let _turn = self.reading.lock().await;
        let rows = self.store.load(now).await?;
        let known = self.keys();
        let mut keys = Vec::with_capacity(rows.len());
        for row in rows {
            let pair = match known.iter().find(|key| key.key.kid == row.kid) {
                Some(key) => Arc::clone(&key.key),
                None => Arc::new(KeyPair::open(&row, self.sealer.as_ref())?),
            };
            keys.push(SigningKey {
                key: pair,
                not_before: row.not_before,
                retire_at: row.retire_at,
            });
        }
        keys.sort_by_key(|key| key.not_before);
        self.remember_gone(&known, &keys);
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys.into();
        Ok(())
    }

    fn remember_gone(&self, before: &[SigningKey], after: &[SigningKey]) {
        let is_in = |keys: &[SigningKey], kid: &str| keys.iter().any(|key| key.key.kid == kid);
        let left = before.iter().map(|key| key.key.kid.clone());
        let left: Vec<_> = left.filter(|kid| !is_in(after, kid)).collect();
        if !left.is_empty() {
            let mut gone = self.gone.write().unwrap_or_else(PoisonError::into_inner);
            gone.extend(left);
            let surplus = gone.len().saturating_sub(MOST_REMEMBERED);
            gone.drain(..surplus);
        }
    }

    /// True for a key that was here once.
    pub(crate) fn has_gone(&self, kid: &str) -> bool {
        let gone = self.gone.read().unwrap_or_else(PoisonError::into_inner);
        gone.iter().any(|known| known == kid)
    }

    /// Adds a successor of the newest key, unless another replica is faster.
    async fn succeed(&self, now: DateTime<Utc>) -> Result<Option<String>, KeySetError> {
        let keys = self.keys();
        let newest = keys.last();
        // Never at the same moment as the newest, which may not have begun yet.
        let after_newest = newest.map(|key| key.not_before + Duration::from_secs(1));
        let begin = after_newest.unwrap_or(now).max(now + PUBLISHED_BEFORE);
        let newest = newest.map(|key| key.key.kid.clone());
        let successor = self.generate(begin)?;
        let last_token = successor.not_before + self.config.longest_access_ttl;
        let retire = last_token + LEEWAY + OUTLIVES_TOKENS;
        let added = self.store.add(&successor, newest, retire).await?;
        self.reload(now).await?;
        if added {
            let (kid, from) = (&successor.kid, successor.not_before);
            tracing::info!(kid, %from, "a signing key is made");
        }
        Ok(added.then_some(successor.kid))
    }

    fn generate(&self, not_before: DateTime<Utc>) -> Result<SealedSigningKey, KeySetError> {
        signing_key::generate(
            self.config.algorithm,
            not_before,
            self.sealer.as_ref(),
            self.randomness.as_ref(),
        )
    }
}

/// The key that signs at `now`: the newest whose time has come. Where none has,
/// the clock of the replica that made the first one is ahead of ours.
pub(crate) fn signer(keys: &[SigningKey], now: DateTime<Utc>) -> Option<&SigningKey> {
    let live = || keys.iter().filter(|key| !key.retired(now));
    let ready = live().rfind(|key| key.not_before <= now);
    ready.or_else(|| live().next())
}

impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<_> = self.keys().iter().map(|key| key.key.kid.clone()).collect();
        f.debug_struct("KeySet")
            .field("keys", &keys)
            .finish_non_exhaustive()
    }
}
