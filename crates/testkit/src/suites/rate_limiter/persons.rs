//! What a limiter that was emptied is told of each person.

use std::sync::Arc;

use menshen_domain::model::limits::{LimitKey, PastUse, Window};
use menshen_domain::ports::rate_limiter::{Admission, MessagePlaces, Remembered};
use tokio::task::JoinSet;

use super::{LONG, Limiter, admitted, phone, release, source, volume};

/// Asks for places of a message to a number.
async fn ask(limiter: &Limiter, person: &LimitKey, windows: &[Window]) -> Remembered {
    let places = MessagePlaces {
        windows: windows.to_vec(),
        person: Some(person.clone()),
        scopes: Vec::new(),
    };
    limiter.reserve_recalled(&places).await.expect("an answer")
}

/// Twice an hour ago, and once just now.
fn past(key: &LimitKey) -> Vec<PastUse> {
    let acts = [(LONG / 2, 2), (LONG / 60, 1)];
    let past = acts.map(|(ago, times)| PastUse {
        key: key.clone(),
        per: LONG,
        ago,
        times,
    });
    past.to_vec()
}

async fn recall(limiter: &Limiter, key: &LimitKey, uses: &[PastUse]) -> bool {
    let restored = limiter.recall_person(key, uses).await;
    restored.expect("the limiter answers")
}

/// A limiter that was emptied, and told of the deployment.
async fn emptied(limiter: &Limiter) {
    assert!(limiter.recall(&[]).await.expect("an answer"));
}

fn is_admitted(remembered: &Remembered) -> bool {
    matches!(remembered, Remembered::Known(Admission::Reserved(_)))
}

/// Nothing is counted before it is told, in no window.
pub async fn after_a_loss_the_past_of_each_person_is_asked_for_once(limiter: Limiter) {
    let windows = |n| [volume(phone(n), 9), volume(source(1), 1)];
    let asked = ask(&limiter, &phone(1), &windows(1)).await;
    assert_eq!(asked, Remembered::Nothing);
    emptied(&limiter).await;
    for n in 1..=3 {
        let asked = ask(&limiter, &phone(n), &windows(n)).await;
        assert_eq!(asked, Remembered::NotThePerson);
    }
    assert!(recall(&limiter, &phone(1), &past(&phone(1))).await);
    assert!(!recall(&limiter, &phone(1), &past(&phone(1))).await);
    let asked = ask(&limiter, &phone(1), &windows(1)).await;
    assert!(is_admitted(&asked), "{asked:?}");
    let asked = ask(&limiter, &phone(2), &windows(2)).await;
    assert_eq!(asked, Remembered::NotThePerson);
    // The one place of the source is that of the first.
    assert!(recall(&limiter, &phone(2), &[]).await);
    let asked = ask(&limiter, &phone(2), &windows(2)).await;
    assert!(matches!(
        asked,
        Remembered::Known(Admission::Refused { .. })
    ));
}

/// Whoever is refused because of them waits as long as if nothing had been lost.
pub async fn what_a_person_had_before_counts_for_what_is_left_of_its_time(limiter: Limiter) {
    emptied(&limiter).await;
    assert!(recall(&limiter, &phone(1), &past(&phone(1))).await);
    for (limit, left) in [(1, LONG * 59 / 60), (3, LONG / 2)] {
        let asked = ask(&limiter, &phone(1), &[volume(phone(1), limit)]).await;
        let Remembered::Known(Admission::Refused { retry_after, .. }) = asked else {
            panic!("{asked:?}");
        };
        let late = std::time::Duration::from_secs(30);
        let soonest = left.saturating_sub(late);
        assert!(
            soonest < retry_after && retry_after <= left + late,
            "{retry_after:?}"
        );
    }
    let asked = ask(&limiter, &phone(1), &[volume(phone(1), 4)]).await;
    assert!(is_admitted(&asked), "{asked:?}");
    assert!(!admitted(&limiter, &[volume(phone(1), 4)]).await);
}

/// Most people had nothing: they are asked for once as well.
pub async fn a_person_without_a_past_is_known_too(limiter: Limiter) {
    emptied(&limiter).await;
    assert!(recall(&limiter, &phone(1), &[]).await);
    assert!(!recall(&limiter, &phone(1), &past(&phone(1))).await);
    let windows = [volume(phone(1), 1)];
    let asked = ask(&limiter, &phone(1), &windows).await;
    let Remembered::Known(Admission::Reserved(reservation)) = asked else {
        panic!("{asked:?}");
    };
    assert!(!admitted(&limiter, &windows).await);
    release(&limiter, &reservation).await;
    assert!(admitted(&limiter, &windows).await);
}

/// What was counted since the loss is not replaced.
pub async fn a_person_who_is_counted_is_told_nothing(limiter: Limiter) {
    emptied(&limiter).await;
    assert!(admitted(&limiter, &[volume(phone(1), 9)]).await);
    assert!(!recall(&limiter, &phone(1), &past(&phone(1))).await);
    let asked = ask(&limiter, &phone(1), &[volume(phone(1), 2)]).await;
    assert!(is_admitted(&asked), "{asked:?}");
    assert!(!admitted(&limiter, &[volume(phone(1), 2)]).await);
}

/// And none of the messages that are counted meanwhile is lost.
pub async fn of_many_that_recall_a_person_at_once_one_restores(limiter: Limiter) {
    emptied(&limiter).await;
    let mut racing = JoinSet::new();
    for _ in 0..16 {
        let limiter = Arc::clone(&limiter);
        racing.spawn(async move {
            let restored = recall(&limiter, &phone(1), &past(&phone(1))).await;
            let asked = ask(&limiter, &phone(1), &[volume(phone(1), 100)]).await;
            assert!(is_admitted(&asked), "{asked:?}");
            restored
        });
    }
    let restored = racing.join_all().await;
    assert_eq!(restored.iter().filter(|one| **one).count(), 1);
    // Three of before, and sixteen.
    assert!(!admitted(&limiter, &[volume(phone(1), 19)]).await);
    assert!(admitted(&limiter, &[volume(phone(1), 20)]).await);
}
