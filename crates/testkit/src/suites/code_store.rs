//! What every `CodeStore` must do.
//!
//! The clauses run in real time with lives of a fraction of a second, so that
//! they suit a store in another process too. Each takes an empty store.
#![expect(
    clippy::missing_panics_doc,
    reason = "a clause panics where it does not hold"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use menshen_domain::model::client::ClientType;
use menshen_domain::model::identifiers::UserId;
use menshen_domain::model::verification::{
    ChallengeId, CodeScope, CodeSeed, MAX_FAILURES_PER_CODE, Purpose,
};
use menshen_domain::ports::code_store::{Attempt, CodeStore, Draft};
use tokio::task::JoinSet;
use tokio::time::sleep;
use uuid::Uuid;

use crate::sample::{self, SeededRandomness};

type Store = Arc<dyn CodeStore>;

/// A life that no clause outlives.
const LONG: Duration = Duration::from_mins(10);
/// A life that is over soon.
const SHORT: Duration = Duration::from_millis(600);
/// More than that life.
const PAST_SHORT: Duration = Duration::from_millis(700);
/// With less of its life left, a code is not sent again.
const REUSABLE: Duration = Duration::from_millis(100);
/// Tries per challenge.
const TRIES: u8 = 5;

/// Makes one named test of each clause. The expression gives an empty
/// `Arc<dyn CodeStore>`; it is evaluated once per test, and may await.
#[macro_export]
macro_rules! code_store {
    ($store:expr) => {
        $crate::clauses! {
            $crate::suites::code_store, $store,
            a_draft_opens_nothing,
            two_asks_at_once_get_one_draft,
            a_draft_is_kept_for_its_life,
            a_committed_code_takes_tries,
            asking_again_gives_the_code_that_lives,
            a_code_near_its_end_is_not_sent_again,
            a_code_without_tries_is_not_sent_again,
            a_new_code_ends_the_old_one_when_it_is_committed,
            a_discarded_draft_leaves_the_live_code,
            a_discard_spares_other_drafts,
            a_draft_that_was_discarded_can_be_committed,
            sending_again_extends_no_life,
            sending_again_resets_no_count,
            a_code_ends_with_its_life,
            a_challenge_has_tries_of_its_own,
            tries_without_a_challenge_share_their_own,
            an_unknown_challenge_is_absent,
            a_code_dies_after_all_its_tries,
            scopes_do_not_mix,
            an_uncounted_try_is_given_back,
            uncounting_another_code_changes_nothing,
            a_spent_code_is_gone,
            only_the_live_code_can_be_spent,
            a_spent_code_is_not_committed_again,
            a_code_given_back_has_its_counts,
            a_code_given_back_has_its_life,
            a_code_is_not_given_back_over_another,
            only_the_spent_code_is_given_back,
            the_time_since_the_message_is_told,
            concurrent_asks_get_one_code,
            concurrent_tries_are_counted_exactly,
            concurrent_right_tries_spend_once,
            concurrent_tries_and_spends_leave_nothing,
        }
    };
}

/// Random bits that no two calls of one process share.
fn randomness() -> SeededRandomness {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    SeededRandomness::new(NEXT.fetch_add(1, Ordering::Relaxed) << 32)
}

fn fresh() -> CodeSeed {
    CodeSeed::generate(&randomness())
}

fn challenge() -> ChallengeId {
    ChallengeId::generate(&randomness())
}

fn scope(n: u32) -> CodeScope {
    CodeScope {
        purpose: Purpose::Login,
        client_type: ClientType::MiniProgram,
        phone: sample::phone(n),
    }
}

async fn draft(store: &Store, scope: &CodeScope, ttl: Duration) -> Draft {
    store
        .draft(scope, fresh(), ttl, REUSABLE)
        .await
        .expect("the store answers")
}

async fn commit(store: &Store, scope: &CodeScope, draft: &Draft) -> ChallengeId {
    let challenge = challenge();
    store
        .commit(scope, draft, challenge, TRIES)
        .await
        .expect("the store answers");
    challenge
}

/// Sends a code as a use case does.
async fn send(store: &Store, scope: &CodeScope, ttl: Duration) -> (CodeSeed, ChallengeId) {
    let draft = draft(store, scope, ttl).await;
    (draft.seed, commit(store, scope, &draft).await)
}

async fn attempt(store: &Store, scope: &CodeScope, challenge: Option<ChallengeId>) -> Attempt {
    store
        .attempt(scope, challenge, TRIES)
        .await
        .expect("the store answers")
}

async fn spend(store: &Store, scope: &CodeScope, seed: CodeSeed) -> bool {
    store
        .spend(scope, seed.id)
        .await
        .expect("the store answers")
}

async fn uncount(store: &Store, scope: &CodeScope, tried: Option<ChallengeId>, seed: CodeSeed) {
    let uncounted = store.uncount(scope, tried, seed.id).await;
    uncounted.expect("the store answers");
}

async fn give_back(store: &Store, scope: &CodeScope, tried: Option<ChallengeId>, seed: CodeSeed) {
    let given = store.give_back(scope, tried, seed.id).await;
    given.expect("the store answers");
}

async fn discard(store: &Store, scope: &CodeScope, seed: CodeSeed) {
    let discarded = store.discard(scope, seed.id).await;
    discarded.expect("the store answers");
}

fn counted(seed: CodeSeed, attempts_left: u8) -> Attempt {
    Attempt::Counted {
        seed,
        attempts_left,
    }
}

fn exhausted(attempt: Attempt) -> bool {
    matches!(attempt, Attempt::Exhausted { .. })
}

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

/// A draft that nobody came back for does not stay.
pub async fn a_draft_is_kept_for_its_life(store: Store) {
    let first = draft(&store, &scope(1), SHORT).await;
    assert!(first.expires_in <= SHORT && first.expires_in > SHORT / 2);
    sleep(PAST_SHORT).await;
    let second = draft(&store, &scope(1), SHORT).await;
    assert_ne!(first.seed, second.seed);
    assert!(second.expires_in > SHORT / 2);
}

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

/// However many ask at once, one code goes out; each of twenty times.
pub async fn concurrent_asks_get_one_code(store: Store) {
    for round in 0..20 {
        let mut asks = JoinSet::new();
        for _ in 0..20 {
            let store = Arc::clone(&store);
            asks.spawn(async move { send(&store, &scope(round), LONG).await.0.id.0 });
        }
        let mut seeds = asks.join_all().await;
        seeds.sort_unstable();
        seeds.dedup();
        assert_eq!(seeds.len(), 1, "round {round}");
    }
}

/// A hundred tries at once get exactly the tries that there are; each of twenty
/// times.
pub async fn concurrent_tries_are_counted_exactly(store: Store) {
    for round in 0..20 {
        let (_, challenge) = send(&store, &scope(round), LONG).await;
        let mut tries = JoinSet::new();
        for task in 0..100 {
            let store = Arc::clone(&store);
            let named = (task % 2 == 0).then_some(challenge);
            tries.spawn(async move { (named, attempt(&store, &scope(round), named).await) });
        }
        let outcomes = tries.join_all().await;
        for named in [Some(challenge), None] {
            let mut left: Vec<u8> = outcomes
                .iter()
                .filter(|(of, _)| *of == named)
                .filter_map(|(_, outcome)| match outcome {
                    Attempt::Counted { attempts_left, .. } => Some(*attempts_left),
                    _ => None,
                })
                .collect();
            left.sort_unstable();
            assert_eq!(left, (0..TRIES).collect::<Vec<_>>(), "round {round}");
        }
    }
}

/// Of a hundred right tries at once one wins; each of twenty times.
pub async fn concurrent_right_tries_spend_once(store: Store) {
    for round in 0..20 {
        let (seed, _) = send(&store, &scope(round), LONG).await;
        let mut tries = JoinSet::new();
        for _ in 0..100 {
            let store = Arc::clone(&store);
            tries.spawn(async move { spend(&store, &scope(round), seed).await });
        }
        let won = tries
            .join_all()
            .await
            .into_iter()
            .filter(|won| *won)
            .count();
        assert_eq!(won, 1, "round {round}");
    }
}

/// Whoever spends, gives back and spends again at once: at the end as many have
/// spent as have given back, and one more; each of twenty times.
pub async fn concurrent_tries_and_spends_leave_nothing(store: Store) {
    for round in 0..20 {
        let (seed, _) = send(&store, &scope(round), LONG).await;
        let mut tries = JoinSet::new();
        for task in 0..50 {
            let store = Arc::clone(&store);
            tries.spawn(async move {
                let won = spend(&store, &scope(round), seed).await;
                let gives_back = won && task % 2 == 0;
                if gives_back {
                    give_back(&store, &scope(round), None, seed).await;
                }
                i32::from(won) - i32::from(gives_back)
            });
        }
        let kept: i32 = tries.join_all().await.into_iter().sum();
        let rest = i32::from(spend(&store, &scope(round), seed).await);
        assert_eq!(kept + rest, 1, "round {round}");
    }
}
