//! What the clauses do, step by step.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use menshen_domain::model::client::ClientType;
use menshen_domain::model::verification::{ChallengeId, CodeScope, CodeSeed, Purpose};
use menshen_domain::ports::code_store::{Attempt, CodeStore, Draft};

use crate::sample::{self, SeededRandomness};

pub(super) type Store = Arc<dyn CodeStore>;

/// A life that no clause outlives.
pub(super) const LONG: Duration = Duration::from_mins(10);
/// A life that is over soon.
pub(super) const SHORT: Duration = Duration::from_millis(600);
/// More than that life.
pub(super) const PAST_SHORT: Duration = Duration::from_millis(700);
/// With less of its life left, a code is not sent again.
pub(super) const REUSABLE: Duration = Duration::from_millis(100);
/// Tries per challenge.
pub(super) const TRIES: u8 = 5;

/// Random bits that no two calls of one process share.
fn randomness() -> SeededRandomness {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    SeededRandomness::new(NEXT.fetch_add(1, Ordering::Relaxed) << 32)
}

pub(super) fn fresh() -> CodeSeed {
    CodeSeed::generate(&randomness())
}

pub(super) fn challenge() -> ChallengeId {
    ChallengeId::generate(&randomness())
}

pub(super) fn scope(n: u32) -> CodeScope {
    CodeScope {
        purpose: Purpose::Login,
        client_type: ClientType::MiniProgram,
        phone: sample::phone(n),
    }
}

pub(super) async fn draft(store: &Store, scope: &CodeScope, ttl: Duration) -> Draft {
    store
        .draft(scope, fresh(), ttl, REUSABLE)
        .await
        .expect("the store answers")
}

pub(super) async fn commit(store: &Store, scope: &CodeScope, draft: &Draft) -> ChallengeId {
    let challenge = challenge();
    store
        .commit(scope, draft, challenge, TRIES)
        .await
        .expect("the store answers");
    challenge
}

/// Sends a code as a use case does.
pub(super) async fn send(
    store: &Store,
    scope: &CodeScope,
    ttl: Duration,
) -> (CodeSeed, ChallengeId) {
    let draft = draft(store, scope, ttl).await;
    (draft.seed, commit(store, scope, &draft).await)
}

pub(super) async fn attempt(
    store: &Store,
    scope: &CodeScope,
    challenge: Option<ChallengeId>,
) -> Attempt {
    store
        .attempt(scope, challenge, TRIES)
        .await
        .expect("the store answers")
}

pub(super) async fn spend(store: &Store, scope: &CodeScope, seed: CodeSeed) -> bool {
    store
        .spend(scope, seed.id)
        .await
        .expect("the store answers")
}

pub(super) async fn uncount(
    store: &Store,
    scope: &CodeScope,
    tried: Option<ChallengeId>,
    seed: CodeSeed,
) {
    let uncounted = store.uncount(scope, tried, seed.id).await;
    uncounted.expect("the store answers");
}

pub(super) async fn give_back(
    store: &Store,
    scope: &CodeScope,
    tried: Option<ChallengeId>,
    seed: CodeSeed,
) {
    let given = store.give_back(scope, tried, seed.id).await;
    given.expect("the store answers");
}

pub(super) async fn discard(store: &Store, scope: &CodeScope, seed: CodeSeed) {
    let discarded = store.discard(scope, seed.id).await;
    discarded.expect("the store answers");
}

pub(super) async fn end(store: &Store, scopes: &[CodeScope]) {
    store.end(scopes).await.expect("the store answers");
}

pub(super) fn counted(seed: CodeSeed, attempts_left: u8) -> Attempt {
    Attempt::Counted {
        seed,
        attempts_left,
    }
}

pub(super) fn exhausted(attempt: Attempt) -> bool {
    matches!(attempt, Attempt::Exhausted { .. })
}
