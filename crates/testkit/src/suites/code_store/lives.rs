//! How long drafts and codes live.
#![expect(
    clippy::missing_panics_doc,
    reason = "a clause panics where it does not hold"
)]

use menshen_domain::ports::code_store::Attempt;
use tokio::time::sleep;

use super::steps::{
    LONG, PAST_SHORT, SHORT, Store, TRIES, attempt, commit, counted, draft, fresh, give_back,
    scope, send, spend,
};

/// A draft that nobody came back for does not stay.
pub async fn a_draft_is_kept_for_its_life(store: Store) {
    let first = draft(&store, &scope(1), SHORT).await;
    assert!(first.expires_in <= SHORT && first.expires_in > SHORT / 2);
    sleep(PAST_SHORT).await;
    let second = draft(&store, &scope(1), SHORT).await;
    assert_ne!(first.seed, second.seed);
    assert!(second.expires_in > SHORT / 2);
}

/// A vendor that is slow does not make a code live longer.
pub async fn the_life_of_a_code_begins_with_its_draft(store: Store) {
    let draft = draft(&store, &scope(1), SHORT).await;
    sleep(SHORT / 2).await;
    let challenge = commit(&store, &scope(1), &draft).await;
    let tried = attempt(&store, &scope(1), Some(challenge)).await;
    assert_eq!(tried, counted(draft.seed, TRIES - 1));
    sleep(PAST_SHORT / 2).await;
    assert!(!spend(&store, &scope(1), draft.seed).await);
}

/// After its life a code is as if it had never been.
pub async fn a_code_ends_with_its_life(store: Store) {
    let (seed, challenge) = send(&store, &scope(1), SHORT).await;
    let tried = attempt(&store, &scope(1), Some(challenge)).await;
    assert_eq!(tried, counted(seed, TRIES - 1));
    sleep(PAST_SHORT).await;
    let tried = attempt(&store, &scope(1), Some(challenge)).await;
    assert_eq!(tried, Attempt::Absent);
    assert!(!spend(&store, &scope(1), seed).await);
    assert_ne!(draft(&store, &scope(1), SHORT).await.seed, seed);
}

/// The life of a code begins once.
pub async fn sending_again_extends_no_life(store: Store) {
    let (seed, _) = send(&store, &scope(1), SHORT).await;
    sleep(SHORT / 2).await;
    let again = draft(&store, &scope(1), SHORT).await;
    assert_eq!(again.seed, seed);
    assert!(again.expires_in <= SHORT / 2, "{:?}", again.expires_in);
    let challenge = commit(&store, &scope(1), &again).await;
    sleep(PAST_SHORT / 2).await;
    let tried = attempt(&store, &scope(1), Some(challenge)).await;
    assert_eq!(tried, Attempt::Absent);
}

/// Giving back extends no life.
pub async fn a_code_given_back_has_its_life(store: Store) {
    let (seed, challenge) = send(&store, &scope(1), SHORT).await;
    assert!(spend(&store, &scope(1), seed).await);
    give_back(&store, &scope(1), Some(challenge), seed).await;
    sleep(PAST_SHORT).await;
    let tried = attempt(&store, &scope(1), Some(challenge)).await;
    assert_eq!(tried, Attempt::Absent);
    // Nor does it bring one back that is over.
    let (seed, _) = send(&store, &scope(1), SHORT).await;
    assert!(spend(&store, &scope(1), seed).await);
    sleep(PAST_SHORT).await;
    give_back(&store, &scope(1), None, seed).await;
    assert!(!spend(&store, &scope(1), seed).await);
}

/// Each life ends by itself: that of a code beside a draft…
pub async fn a_code_is_gone_though_a_draft_lives(store: Store) {
    let (old, challenge) = send(&store, &scope(1), SHORT).await;
    let drafted = store.draft(&scope(1), fresh(), LONG, LONG).await;
    let new = drafted.expect("the store answers");
    sleep(PAST_SHORT).await;
    for tried in [Some(challenge), None] {
        assert_eq!(attempt(&store, &scope(1), tried).await, Attempt::Absent);
    }
    assert!(!spend(&store, &scope(1), old).await);
    assert_eq!(draft(&store, &scope(1), LONG).await.seed, new.seed);
}

/// … that of a draft beside a code…
pub async fn a_draft_is_gone_though_a_code_lives(store: Store) {
    let (old, _) = send(&store, &scope(1), LONG).await;
    let drafted = store.draft(&scope(1), fresh(), SHORT, LONG * 2).await;
    let first = drafted.expect("the store answers").seed;
    sleep(PAST_SHORT).await;
    let drafted = store.draft(&scope(1), fresh(), SHORT, LONG * 2).await;
    let second = drafted.expect("the store answers").seed;
    assert!(second != first && second != old);
    assert!(spend(&store, &scope(1), old).await);
}

/// … and that of a spent code beside a draft.
pub async fn a_spent_code_is_gone_though_a_draft_lives(store: Store) {
    let (old, _) = send(&store, &scope(1), SHORT).await;
    assert!(spend(&store, &scope(1), old).await);
    draft(&store, &scope(1), LONG).await;
    sleep(PAST_SHORT).await;
    give_back(&store, &scope(1), None, old).await;
    assert!(!spend(&store, &scope(1), old).await);
}

/// From it follows how soon another message may be asked for.
pub async fn the_time_since_the_message_is_told(store: Store) {
    let (_, challenge) = send(&store, &scope(1), LONG).await;
    for _ in 0..TRIES {
        attempt(&store, &scope(1), Some(challenge)).await;
    }
    sleep(SHORT).await;
    let sent_ago = |attempt| match attempt {
        Attempt::Exhausted { sent_ago } => sent_ago,
        other => panic!("{other:?}"),
    };
    let ago = sent_ago(attempt(&store, &scope(1), Some(challenge)).await);
    assert!(ago >= SHORT && ago < SHORT * 20, "{ago:?}");
    send(&store, &scope(1), LONG).await;
    let ago = sent_ago(attempt(&store, &scope(1), Some(challenge)).await);
    assert!(ago < SHORT, "{ago:?}");
}
