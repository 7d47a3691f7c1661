//! How tries are counted.
#![expect(
    clippy::missing_panics_doc,
    reason = "a clause panics where it does not hold"
)]

use menshen_domain::model::client::ClientType;
use menshen_domain::model::identifiers::UserId;
use menshen_domain::model::verification::{CodeScope, MAX_FAILURES_PER_CODE, Purpose};
use menshen_domain::ports::code_store::Attempt;
use uuid::Uuid;

use super::steps::{
    LONG, Store, TRIES, attempt, challenge, counted, exhausted, fresh, scope, send, spend, uncount,
};
use crate::sample;

/// A code counts the tries of the challenge that it was sent with.
pub async fn a_committed_code_takes_tries(store: Store) {
    let (seed, challenge) = send(&store, &scope(1), LONG).await;
    for left in (0..TRIES).rev() {
        let tried = attempt(&store, &scope(1), Some(challenge)).await;
        assert_eq!(tried, counted(seed, left));
    }
    assert!(exhausted(attempt(&store, &scope(1), Some(challenge)).await));
    // That try is refused; one that was counted before may still prove right.
    assert!(spend(&store, &scope(1), seed).await);
}

/// Nobody burns another person's tries.
pub async fn a_challenge_has_tries_of_its_own(store: Store) {
    let (seed, mine) = send(&store, &scope(1), LONG).await;
    let (_, theirs) = send(&store, &scope(1), LONG).await;
    for _ in 0..TRIES + 2 {
        attempt(&store, &scope(1), Some(theirs)).await;
        attempt(&store, &scope(1), None).await;
    }
    let tried = attempt(&store, &scope(1), Some(mine)).await;
    assert_eq!(tried, counted(seed, TRIES - 1));
}

/// Tries that name no challenge have a common number of tries.
pub async fn tries_without_a_challenge_share_their_own(store: Store) {
    let (seed, _) = send(&store, &scope(1), LONG).await;
    for left in (0..TRIES).rev() {
        assert_eq!(attempt(&store, &scope(1), None).await, counted(seed, left));
    }
    assert!(exhausted(attempt(&store, &scope(1), None).await));
}

/// A made-up challenge uses up nothing.
pub async fn an_unknown_challenge_is_absent(store: Store) {
    let (seed, known) = send(&store, &scope(1), LONG).await;
    for _ in 0..=MAX_FAILURES_PER_CODE {
        let tried = attempt(&store, &scope(1), Some(challenge())).await;
        assert_eq!(tried, Attempt::Absent);
    }
    let tried = attempt(&store, &scope(1), Some(known)).await;
    assert_eq!(tried, counted(seed, TRIES - 1));
}

/// However many challenges a code has, it is tried so often and no more; and
/// nobody is told of tries that will not be given.
pub async fn a_code_dies_after_all_its_tries(store: Store) {
    let mut challenges = Vec::new();
    for _ in 0..4 {
        challenges.push(send(&store, &scope(1), LONG).await.1);
    }
    let mut given = 0;
    for challenge in &challenges {
        for _ in 0..TRIES {
            let tried = attempt(&store, &scope(1), Some(*challenge)).await;
            let left = MAX_FAILURES_PER_CODE - given;
            match tried {
                Attempt::Counted { attempts_left, .. } => {
                    given += 1;
                    assert!(attempts_left < left, "{attempts_left} of {left}");
                }
                other => assert!(exhausted(other) && left == 0, "{other:?}"),
            }
        }
    }
    assert_eq!(given, MAX_FAILURES_PER_CODE);
    assert!(exhausted(attempt(&store, &scope(1), None).await));
}

/// Asking again gives tries to the new challenge, and none to the old ones.
pub async fn sending_again_resets_no_count(store: Store) {
    let (seed, first) = send(&store, &scope(1), LONG).await;
    for _ in 0..TRIES {
        attempt(&store, &scope(1), Some(first)).await;
        attempt(&store, &scope(1), None).await;
    }
    let (again, second) = send(&store, &scope(1), LONG).await;
    assert_eq!(again, seed);
    assert!(exhausted(attempt(&store, &scope(1), Some(first)).await));
    assert!(exhausted(attempt(&store, &scope(1), None).await));
    let tried = attempt(&store, &scope(1), Some(second)).await;
    assert_eq!(tried, counted(seed, TRIES - 1));
}

/// Purpose, user, client type and number all count.
pub async fn scopes_do_not_mix(store: Store) {
    let user = |n| UserId::from_uuid(Uuid::from_u128(n));
    let with = |purpose, client_type, n| CodeScope {
        purpose,
        client_type,
        phone: sample::phone(n),
    };
    let scopes = [
        with(Purpose::Login, ClientType::App, 1),
        with(Purpose::Login, ClientType::Web, 1),
        with(Purpose::Login, ClientType::App, 2),
        with(Purpose::BindPhone(user(1)), ClientType::App, 1),
        with(Purpose::BindPhone(user(2)), ClientType::App, 1),
        with(Purpose::StepUp(user(1)), ClientType::App, 1),
    ];
    let (seed, challenge) = send(&store, &scopes[0], LONG).await;
    for other in &scopes[1..] {
        let tried = attempt(&store, other, Some(challenge)).await;
        assert_eq!(tried, Attempt::Absent, "{other:?}");
        assert_eq!(attempt(&store, other, None).await, Attempt::Absent);
        assert!(!spend(&store, other, seed).await, "{other:?}");
    }
    for other in &scopes[1..] {
        assert_ne!(send(&store, other, LONG).await.0, seed);
    }
    assert!(spend(&store, &scopes[0], seed).await);
}

/// A try that a limit stopped before the comparison was none.
pub async fn an_uncounted_try_is_given_back(store: Store) {
    let (seed, challenge) = send(&store, &scope(1), LONG).await;
    for tried in [Some(challenge), None] {
        for _ in 0..MAX_FAILURES_PER_CODE * 2 {
            let outcome = attempt(&store, &scope(1), tried).await;
            assert_eq!(outcome, counted(seed, TRIES - 1));
            uncount(&store, &scope(1), tried, seed).await;
        }
    }
}

/// Taking back what was never counted gives no more tries.
pub async fn uncounting_another_code_changes_nothing(store: Store) {
    let (seed, known) = send(&store, &scope(1), LONG).await;
    uncount(&store, &scope(1), Some(known), seed).await;
    let tried = attempt(&store, &scope(1), Some(known)).await;
    assert_eq!(tried, counted(seed, TRIES - 1));
    uncount(&store, &scope(1), Some(known), fresh()).await;
    uncount(&store, &scope(1), Some(challenge()), seed).await;
    let tried = attempt(&store, &scope(1), Some(known)).await;
    assert_eq!(tried, counted(seed, TRIES - 2));
}
