//! Which code a message carries.
#![expect(
    clippy::missing_panics_doc,
    reason = "a clause panics where it does not hold"
)]

use std::time::Duration;

use menshen_domain::model::verification::{CodeScope, MAX_FAILURES_PER_CODE};
use menshen_domain::ports::code_store::Attempt;

use super::steps::{
    LONG, Store, TRIES, attempt, commit, counted, discard, draft, fresh, scope, send, spend,
};

/// What has not been sent cannot be used.
pub async fn a_draft_opens_nothing(store: Store) {
    let draft = draft(&store, &scope(1), LONG).await;
    assert_eq!(attempt(&store, &scope(1), None).await, Attempt::Absent);
    assert!(!spend(&store, &scope(1), draft.seed).await);
}

/// The second of two asks sends the code of the first.
pub async fn two_asks_at_once_get_one_draft(store: Store) {
    let first = draft(&store, &scope(1), LONG).await;
    let second = draft(&store, &scope(1), LONG).await;
    assert_eq!(first.seed, second.seed);
    let one = commit(&store, &scope(1), &first).await;
    let two = commit(&store, &scope(1), &second).await;
    for challenge in [one, two] {
        let tried = attempt(&store, &scope(1), Some(challenge)).await;
        assert_eq!(tried, counted(first.seed, TRIES - 1));
    }
}

/// Messages come late and out of order: all of them carry one code.
pub async fn asking_again_gives_the_code_that_lives(store: Store) {
    let (seed, _) = send(&store, &scope(1), LONG).await;
    let again = draft(&store, &scope(1), LONG).await;
    assert_eq!(again.seed, seed);
    assert!(again.expires_in <= LONG && again.expires_in > LONG / 2);
}

/// A code that is about to end is replaced by a new one.
pub async fn a_code_near_its_end_is_not_sent_again(store: Store) {
    let (old, challenge) = send(&store, &scope(1), LONG).await;
    let reusable_for = LONG + Duration::from_secs(1);
    let drafted = store.draft(&scope(1), fresh(), LONG, reusable_for).await;
    assert_ne!(drafted.expect("the store answers").seed, old);
    // Until that is sent, the old one is good.
    let tried = attempt(&store, &scope(1), Some(challenge)).await;
    assert_eq!(tried, counted(old, TRIES - 1));
}

/// A code that was tried too often is replaced by a new one.
pub async fn a_code_without_tries_is_not_sent_again(store: Store) {
    let (old, _) = send(&store, &scope(1), LONG).await;
    use_up(&store, &scope(1)).await;
    let new = draft(&store, &scope(1), LONG).await;
    assert_ne!(new.seed, old);
    let challenge = commit(&store, &scope(1), &new).await;
    let tried = attempt(&store, &scope(1), Some(challenge)).await;
    assert_eq!(tried, counted(new.seed, TRIES - 1));
}

/// Tries a live code as often as it may be tried at all.
async fn use_up(store: &Store, scope: &CodeScope) {
    for _ in 0..MAX_FAILURES_PER_CODE {
        let (_, challenge) = send(store, scope, LONG).await;
        let tried = attempt(store, scope, Some(challenge)).await;
        assert!(matches!(tried, Attempt::Counted { .. }), "{tried:?}");
    }
}

/// There is one live code per scope.
pub async fn a_new_code_ends_the_old_one_when_it_is_committed(store: Store) {
    let (old, old_challenge) = send(&store, &scope(1), LONG).await;
    let drafted = store.draft(&scope(1), fresh(), LONG, LONG * 2).await;
    let new = drafted.expect("the store answers");
    commit(&store, &scope(1), &new).await;
    let tried = attempt(&store, &scope(1), Some(old_challenge)).await;
    assert_eq!(tried, Attempt::Absent);
    assert!(!spend(&store, &scope(1), old).await);
    assert!(spend(&store, &scope(1), new.seed).await);
}

/// A failed send leaves no code behind, and the earlier one untouched.
pub async fn a_discarded_draft_leaves_the_live_code(store: Store) {
    let (old, challenge) = send(&store, &scope(1), LONG).await;
    let drafted = store.draft(&scope(1), fresh(), LONG, LONG * 2).await;
    let new = drafted.expect("the store answers").seed;
    discard(&store, &scope(1), new).await;
    assert!(!spend(&store, &scope(1), new).await);
    let tried = attempt(&store, &scope(1), Some(challenge)).await;
    assert_eq!(tried, counted(old, TRIES - 1));
    // The same where the message of the live code was to be sent again.
    discard(&store, &scope(1), old).await;
    assert!(spend(&store, &scope(1), old).await);
    let third = draft(&store, &scope(1), LONG).await;
    assert!(third.seed != new && third.seed != old);
}

/// Only the draft that is named goes.
pub async fn a_discard_spares_other_drafts(store: Store) {
    let first = draft(&store, &scope(1), LONG).await;
    discard(&store, &scope(1), fresh()).await;
    assert_eq!(draft(&store, &scope(1), LONG).await.seed, first.seed);
}

/// Of two messages with one code, the first failed and the second went out.
pub async fn a_draft_that_was_discarded_can_be_committed(store: Store) {
    let first = draft(&store, &scope(1), LONG).await;
    let second = draft(&store, &scope(1), LONG).await;
    discard(&store, &scope(1), first.seed).await;
    let challenge = commit(&store, &scope(1), &second).await;
    let tried = attempt(&store, &scope(1), Some(challenge)).await;
    assert_eq!(tried, counted(second.seed, TRIES - 1));
}
