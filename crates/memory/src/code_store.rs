//! Verification codes in process.

use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use menshen_domain::model::verification::{ChallengeId, CodeId, CodeScope, CodeSeed};
use menshen_domain::ports::code_store::{Attempt, CodeStore, CodeStoreError, Draft};

use crate::fingerprint::{Fingerprint, Fingerprints};
use crate::lock;
use crate::moment::{Moment, Stopwatch};
use crate::outstanding::Outstanding;
use crate::shelf::Shelf;

/// How many scopes have a code at a time, unless told otherwise.
pub const DEFAULT_CODE_CAPACITY: usize = 200_000;

/// Verification codes in process: their seeds and counts, never the digits.
///
/// A store that is full of live codes refuses new ones and forgets none.
pub struct MemoryCodeStore {
    names: Fingerprints,
    clock: Stopwatch,
    scopes: Mutex<Shelf<Fingerprint, Outstanding>>,
}

impl MemoryCodeStore {
    /// An empty store for at most `capacity` scopes.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self {
            names: Fingerprints::new(),
            clock: Stopwatch::start(),
            scopes: Mutex::new(Shelf::new(capacity)),
        }
    }

    /// Does one atomic step with the codes of a scope.
    fn step<T>(
        &self,
        scope: &CodeScope,
        step: impl FnOnce(&mut Outstanding, Moment) -> T,
    ) -> Result<T, CodeStoreError> {
        let key = self.names.of(scope);
        let mut scopes = lock(&self.scopes);
        let now = self.clock.now();
        scopes.clear_due(now);
        if let Some(codes) = scopes.get_mut(&key) {
            codes.tidy(now);
            let answer = step(codes, now);
            match codes.over() {
                Some(over) => scopes.postpone(&key, over),
                None => drop(scopes.remove(&key)),
            }
            return Ok(answer);
        }
        let mut codes = Outstanding::default();
        let answer = step(&mut codes, now);
        if let Some(over) = codes.over() {
            scopes
                .put(key, codes, over)
                .map_err(|_| CodeStoreError::Full)?;
        }
        Ok(answer)
    }
}

impl Default for MemoryCodeStore {
    fn default() -> Self {
        Self::new(DEFAULT_CODE_CAPACITY)
    }
}

#[async_trait]
impl CodeStore for MemoryCodeStore {
    async fn draft(
        &self,
        scope: &CodeScope,
        fresh: CodeSeed,
        ttl: Duration,
        reusable_for: Duration,
    ) -> Result<Draft, CodeStoreError> {
        self.step(scope, |codes, now| {
            codes.draft(fresh, ttl, reusable_for, now)
        })
    }

    async fn commit(
        &self,
        scope: &CodeScope,
        draft: &Draft,
        challenge: ChallengeId,
        attempts: u8,
    ) -> Result<(), CodeStoreError> {
        let committed = self.step(scope, |codes, now| {
            codes.commit(draft, challenge, attempts, now)
        })?;
        committed.then_some(()).ok_or(CodeStoreError::Full)
    }

    async fn discard(&self, scope: &CodeScope, seed: CodeId) -> Result<(), CodeStoreError> {
        self.step(scope, |codes, _| codes.discard(seed))
    }

    async fn attempt(
        &self,
        scope: &CodeScope,
        challenge: Option<ChallengeId>,
        attempts: u8,
    ) -> Result<Attempt, CodeStoreError> {
        self.step(scope, |codes, now| codes.attempt(challenge, attempts, now))
    }

    async fn uncount(
        &self,
        scope: &CodeScope,
        challenge: Option<ChallengeId>,
        seed: CodeId,
    ) -> Result<(), CodeStoreError> {
        self.step(scope, |codes, _| codes.uncount(challenge, seed))
    }

    async fn spend(&self, scope: &CodeScope, seed: CodeId) -> Result<bool, CodeStoreError> {
        self.step(scope, |codes, _| codes.spend(seed))
    }

    async fn give_back(
        &self,
        scope: &CodeScope,
        challenge: Option<ChallengeId>,
        seed: CodeId,
    ) -> Result<(), CodeStoreError> {
        self.step(scope, |codes, _| codes.give_back(challenge, seed))
    }

    async fn end(&self, scopes: &[CodeScope]) -> Result<(), CodeStoreError> {
        let mut scopes = scopes.iter();
        scopes.try_for_each(|scope| self.step(scope, |codes, _| *codes = Outstanding::default()))
    }
}

#[cfg(test)]
mod tests {
    use menshen_domain::model::client::ClientType;
    use menshen_domain::model::verification::Purpose;
    use menshen_testkit::sample::{SeededRandomness, phone};

    use super::*;

    fn scope(n: u32) -> CodeScope {
        CodeScope {
            purpose: Purpose::Login,
            client_type: ClientType::App,
            phone: phone(n),
        }
    }

    async fn draft(store: &MemoryCodeStore, n: u32) -> Result<Draft, CodeStoreError> {
        let fresh = CodeSeed::generate(&SeededRandomness::new(u64::from(n)));
        let (ttl, reusable) = (Duration::from_mins(10), Duration::from_mins(2));
        store.draft(&scope(n), fresh, ttl, reusable).await
    }

    #[tokio::test(start_paused = true)]
    async fn a_code_lives_to_the_last_instant_of_its_life() {
        let store = MemoryCodeStore::default();
        let random = SeededRandomness::new(1);
        let challenge = ChallengeId::generate(&random);
        let kept = draft(&store, 1).await.unwrap();
        tokio::time::advance(Duration::from_secs(1)).await;
        store.commit(&scope(1), &kept, challenge, 5).await.unwrap();
        tokio::time::advance(Duration::from_millis(598_999)).await;
        let attempt = store.attempt(&scope(1), Some(challenge), 5).await.unwrap();
        assert!(matches!(attempt, Attempt::Counted { .. }));
        tokio::time::advance(Duration::from_millis(1)).await;
        assert!(!store.spend(&scope(1), kept.seed.id).await.unwrap());
        let attempt = store.attempt(&scope(1), Some(challenge), 5).await.unwrap();
        assert_eq!(attempt, Attempt::Absent);
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_store_refuses_new_codes_and_keeps_the_old_ones() {
        let store = MemoryCodeStore::new(2);
        let first = draft(&store, 1).await.unwrap();
        draft(&store, 2).await.unwrap();
        assert!(matches!(draft(&store, 3).await, Err(CodeStoreError::Full)));
        assert_eq!(draft(&store, 1).await.unwrap(), first);
        // A look at a scope without a code takes no room.
        let attempt = store.attempt(&scope(4), None, 5).await.unwrap();
        assert_eq!(attempt, Attempt::Absent);
        tokio::time::advance(Duration::from_mins(10)).await;
        draft(&store, 3).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_discarded_leaves_nothing_behind() {
        let store = MemoryCodeStore::new(1);
        for n in 0..100 {
            let kept = draft(&store, n).await.unwrap();
            store.discard(&scope(n), kept.seed.id).await.unwrap();
        }
        assert_eq!(lock(&store.scopes).room(), 1);
    }
}
