//! What a limiter is told of the time before it was asked.

use std::sync::Arc;
use std::time::Duration;

use menshen_domain::model::identifiers::SessionId;
use menshen_domain::model::limits::{LimitKey, PastUse, Window};
use menshen_domain::ports::rate_limiter::{Admission, MessagePlaces, Remembered};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::{
    LONG, Limiter, PAST_SHORT, SHORT, admitted, release, reserve, reserved, source, volume,
};

fn past(key: LimitKey, ago: Duration, times: u32) -> PastUse {
    PastUse {
        key,
        per: LONG,
        ago,
        times,
    }
}

/// Asks for places with the past in mind; nothing if the limiter knows none.
async fn with_the_past(limiter: &Limiter, windows: &[Window]) -> Option<Admission> {
    let places = MessagePlaces {
        windows: windows.to_vec(),
        ..MessagePlaces::default()
    };
    match limiter.reserve_recalled(&places).await.expect("an answer") {
        Remembered::Known(admission) => Some(admission),
        Remembered::Nothing => None,
        Remembered::NotThePerson => panic!("nobody was named"),
    }
}

async fn remembers(limiter: &Limiter) -> bool {
    with_the_past(limiter, &[]).await.is_some()
}

async fn recall(limiter: &Limiter, uses: &[PastUse]) -> bool {
    limiter.recall(uses).await.expect("the limiter answers")
}

/// Counting does not make it remember: others may have counted before.
pub async fn a_new_limiter_remembers_nothing_until_it_is_told(limiter: Limiter) {
    let windows = [volume(source(1), 1)];
    assert!(!remembers(&limiter).await);
    assert_eq!(with_the_past(&limiter, &windows).await, None);
    // Nothing was counted.
    assert!(admitted(&limiter, &windows).await);
    assert!(!remembers(&limiter).await);
    assert_eq!(with_the_past(&limiter, &windows).await, None);
    assert!(recall(&limiter, &[past(LimitKey::SmsDeployment, LONG / 2, 1)]).await);
    assert!(remembers(&limiter).await);
}

/// In windows of every kind, which hold all of them or none, and are given back.
pub async fn what_is_reserved_with_the_past_in_mind_counts_like_anything_else(limiter: Limiter) {
    let session = SessionId::from_uuid(uuid::Uuid::from_u128(1));
    let windows = [
        volume(LimitKey::RefreshSession(session), 2),
        volume(LimitKey::SmsDeployment, 3),
        volume(source(1), 2),
    ];
    assert!(recall(&limiter, &[past(LimitKey::SmsDeployment, LONG / 2, 1)]).await);
    let Some(Admission::Reserved(first)) = with_the_past(&limiter, &windows).await else {
        panic!("refused");
    };
    assert_eq!(first.windows, windows);
    assert!(admitted(&limiter, &windows).await);
    let refused = with_the_past(&limiter, &windows).await;
    assert!(
        matches!(refused, Some(Admission::Refused { .. })),
        "{refused:?}"
    );
    release(&limiter, &first).await;
    let again = with_the_past(&limiter, &windows).await;
    assert!(matches!(again, Some(Admission::Reserved(_))), "{again:?}");
    assert!(!admitted(&limiter, &[volume(LimitKey::SmsDeployment, 3)]).await);
}

/// Whoever is refused because of them waits as long as if they had been counted
/// when they happened.
pub async fn acts_of_the_past_take_places_for_what_is_left_of_their_time(limiter: Limiter) {
    let key = LimitKey::SmsDeployment;
    let uses = [
        past(key.clone(), LONG / 4, 1),
        past(key.clone(), LONG / 2, 2),
        past(key.clone(), LONG.saturating_sub(SHORT), 1),
    ];
    assert!(recall(&limiter, &uses).await);
    let wait = async |limit| match reserve(&limiter, &[volume(key.clone(), limit)]).await {
        Admission::Refused { retry_after, .. } => retry_after,
        Admission::Reserved(_) => panic!("admitted as one of {limit}"),
    };
    let near = |wait: Duration, expected: Duration| {
        let late = Duration::from_secs(30);
        expected < wait + late && wait <= expected + Duration::from_secs(1)
    };
    assert!(near(wait(1).await, LONG * 3 / 4));
    assert!(near(wait(2).await, LONG / 2));
    assert!(near(wait(3).await, LONG / 2));
    assert!(wait(4).await <= Duration::from_secs(1));
    sleep(PAST_SHORT).await;
    let windows = [volume(key.clone(), 4)];
    assert!(admitted(&limiter, &windows).await);
    assert!(!admitted(&limiter, &windows).await);
}

/// Not even until somebody looks.
pub async fn acts_that_are_over_take_no_place(limiter: Limiter) {
    let key = LimitKey::SmsDeployment;
    let uses = [
        past(key.clone(), LONG, 3),
        past(key.clone(), LONG * 2, 3),
        past(key.clone(), Duration::ZERO, 1),
    ];
    assert!(recall(&limiter, &uses).await);
    let windows = [volume(key, 2)];
    assert!(admitted(&limiter, &windows).await);
    assert!(!admitted(&limiter, &windows).await);
}

/// Else every replica that starts would count the day once more.
pub async fn a_limiter_that_remembers_is_told_nothing(limiter: Limiter) {
    let key = LimitKey::SmsDeployment;
    assert!(recall(&limiter, &[past(key.clone(), LONG / 2, 1)]).await);
    assert!(!recall(&limiter, &[past(key.clone(), LONG / 2, 9)]).await);
    assert!(!recall(&limiter, &[past(source(1), LONG / 2, 9)]).await);
    let windows = [volume(key, 2), volume(source(1), 1)];
    assert!(admitted(&limiter, &windows).await);
    assert!(!admitted(&limiter, &windows).await);
}

/// The past tells all of a key; of others it tells nothing. A reservation of
/// before is given back without harm.
pub async fn what_was_counted_before_a_recall_is_replaced_and_the_rest_stays(limiter: Limiter) {
    let key = LimitKey::SmsDeployment;
    let both = [volume(key.clone(), 9), volume(source(1), 3)];
    let old = reserved(&limiter, &both).await;
    assert!(admitted(&limiter, &both).await);
    assert!(recall(&limiter, &[past(key.clone(), LONG / 2, 2)]).await);
    release(&limiter, &old).await;
    let windows = [volume(key, 3)];
    assert!(admitted(&limiter, &windows).await);
    assert!(!admitted(&limiter, &windows).await);
    // Two were counted for the source, one of which was given back.
    assert!(admitted(&limiter, &[volume(source(1), 2)]).await);
    assert!(!admitted(&limiter, &[volume(source(1), 2)]).await);
}

/// Nothing was sent in the last day.
pub async fn an_empty_past_is_a_past_too(limiter: Limiter) {
    assert!(recall(&limiter, &[]).await);
    assert!(remembers(&limiter).await);
    assert!(!recall(&limiter, &[past(source(1), LONG / 2, 9)]).await);
    assert!(admitted(&limiter, &[volume(source(1), 1)]).await);
}

/// The others find it remembering, and what was counted meanwhile stays.
pub async fn of_many_that_recall_at_once_one_restores(limiter: Limiter) {
    let mut racing = JoinSet::new();
    for _ in 0..16 {
        let limiter = Arc::clone(&limiter);
        racing.spawn(async move {
            let uses = [past(LimitKey::SmsDeployment, LONG / 2, 1)];
            let restored = recall(&limiter, &uses).await;
            reserved(&limiter, &[volume(LimitKey::SmsDeployment, 100)]).await;
            restored
        });
    }
    let restored = racing.join_all().await;
    assert_eq!(restored.iter().filter(|one| **one).count(), 1);
    let windows = |limit| [volume(LimitKey::SmsDeployment, limit)];
    assert!(!admitted(&limiter, &windows(17)).await);
    assert!(admitted(&limiter, &windows(18)).await);
}
