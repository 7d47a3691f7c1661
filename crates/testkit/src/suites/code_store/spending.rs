//! Spending a code, and giving it back.
#![expect(
    clippy::missing_panics_doc,
    reason = "a clause panics where it does not hold"
)]

use menshen_domain::ports::code_store::Attempt;

use super::steps::{
    LONG, Store, TRIES, attempt, commit, counted, draft, end, fresh, give_back, scope, send, spend,
};

/// A code works once.
pub async fn a_spent_code_is_gone(store: Store) {
    let (seed, challenge) = send(&store, &scope(1), LONG).await;
    attempt(&store, &scope(1), Some(challenge)).await;
    assert!(spend(&store, &scope(1), seed).await);
    assert!(!spend(&store, &scope(1), seed).await);
    for tried in [Some(challenge), None] {
        assert_eq!(attempt(&store, &scope(1), tried).await, Attempt::Absent);
    }
    assert_ne!(draft(&store, &scope(1), LONG).await.seed, seed);
}

/// A code of another ask, or none, is not spent.
pub async fn only_the_live_code_can_be_spent(store: Store) {
    assert!(!spend(&store, &scope(1), fresh()).await);
    let (seed, _) = send(&store, &scope(1), LONG).await;
    assert!(!spend(&store, &scope(1), fresh()).await);
    assert!(spend(&store, &scope(1), seed).await);
}

/// Its message is sent again while it is used: that does not make it good again.
pub async fn a_spent_code_is_not_committed_again(store: Store) {
    let (seed, _) = send(&store, &scope(1), LONG).await;
    let again = draft(&store, &scope(1), LONG).await;
    assert_eq!(again.seed, seed);
    assert!(spend(&store, &scope(1), seed).await);
    let challenge = commit(&store, &scope(1), &again).await;
    let tried = attempt(&store, &scope(1), Some(challenge)).await;
    assert_eq!(tried, Attempt::Absent);
    assert!(!spend(&store, &scope(1), seed).await);
}

/// The try that spent a code is not counted, the wrong ones before it are.
pub async fn a_code_given_back_has_its_counts(store: Store) {
    let (seed, challenge) = send(&store, &scope(1), LONG).await;
    let other = send(&store, &scope(1), LONG).await.1;
    attempt(&store, &scope(1), Some(challenge)).await;
    attempt(&store, &scope(1), Some(challenge)).await;
    assert!(spend(&store, &scope(1), seed).await);
    give_back(&store, &scope(1), Some(challenge), seed).await;
    let tried = attempt(&store, &scope(1), Some(challenge)).await;
    assert_eq!(tried, counted(seed, TRIES - 2));
    let tried = attempt(&store, &scope(1), Some(other)).await;
    assert_eq!(tried, counted(seed, TRIES - 1));
    assert!(spend(&store, &scope(1), seed).await);
    assert!(!spend(&store, &scope(1), seed).await);
}

/// The newer code stays the only one.
pub async fn a_code_is_not_given_back_over_another(store: Store) {
    let (old, _) = send(&store, &scope(1), LONG).await;
    assert!(spend(&store, &scope(1), old).await);
    let (new, challenge) = send(&store, &scope(1), LONG).await;
    give_back(&store, &scope(1), None, old).await;
    assert!(!spend(&store, &scope(1), old).await);
    let tried = attempt(&store, &scope(1), Some(challenge)).await;
    assert_eq!(tried, counted(new, TRIES - 1));
}

/// What was not spent is not given back.
pub async fn only_the_spent_code_is_given_back(store: Store) {
    let (seed, _) = send(&store, &scope(1), LONG).await;
    let never = fresh();
    give_back(&store, &scope(1), None, never).await;
    assert!(!spend(&store, &scope(1), never).await);
    assert!(spend(&store, &scope(1), seed).await);
    give_back(&store, &scope(1), None, never).await;
    assert!(!spend(&store, &scope(1), seed).await);
}

/// Whether they live or are drafts; the store answers for all of them at once.
pub async fn an_ended_scope_has_no_codes_and_others_keep_theirs(store: Store) {
    let mut sent = Vec::new();
    for n in 1..=3 {
        sent.push(send(&store, &scope(n), LONG).await);
    }
    let drafted = draft(&store, &scope(4), LONG).await;
    end(&store, &[scope(1), scope(2), scope(4), scope(5)]).await;
    for (n, (seed, challenge)) in (1..=3).zip(&sent) {
        let ended = n < 3;
        for tried in [Some(*challenge), None] {
            let tried = attempt(&store, &scope(n), tried).await;
            assert_eq!(tried == Attempt::Absent, ended, "{n}");
        }
        assert_eq!(spend(&store, &scope(n), *seed).await, !ended, "{n}");
    }
    let again = draft(&store, &scope(4), LONG).await;
    assert_ne!(again.seed, drafted.seed);
}

/// The request that it is to be completed with comes too late.
pub async fn what_was_spent_is_not_given_back_after_an_end(store: Store) {
    let (seed, challenge) = send(&store, &scope(1), LONG).await;
    assert!(spend(&store, &scope(1), seed).await);
    end(&store, &[scope(1)]).await;
    give_back(&store, &scope(1), Some(challenge), seed).await;
    assert!(!spend(&store, &scope(1), seed).await);
}

/// Whoever has the number by then asks for a code.
pub async fn a_code_that_is_sent_after_an_end_is_good(store: Store) {
    let (old, _) = send(&store, &scope(1), LONG).await;
    end(&store, &[scope(1)]).await;
    let (new, challenge) = send(&store, &scope(1), LONG).await;
    assert_ne!(old, new);
    let tried = attempt(&store, &scope(1), Some(challenge)).await;
    assert_eq!(tried, counted(new, TRIES - 1));
    assert!(spend(&store, &scope(1), new).await);
}
