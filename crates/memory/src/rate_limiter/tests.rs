//! Exactness, which takes a clock that the tests move, and bounds.

use std::net::IpAddr;

use super::*;

fn window(key: LimitKey, limit: u32, seconds: u64) -> Window {
    Window {
        rule: LimitRule::SmsVolume,
        key,
        limit,
        per: Duration::from_secs(seconds),
    }
}

fn source(n: u8) -> LimitKey {
    LimitKey::SmsSource([10, 0, 0, n].into())
}

fn small(keys: usize, places: usize) -> MemoryRateLimiter {
    MemoryRateLimiter::new(RateLimiterCapacity { keys, places })
}

async fn admitted(limiter: &MemoryRateLimiter, windows: &[Window]) -> bool {
    matches!(
        limiter.reserve(windows).await.unwrap(),
        Admission::Reserved(_)
    )
}

/// A reservation of no places.
fn nothing() -> Reservation {
    Reservation {
        id: 0,
        windows: Vec::new(),
        spend: Spend::default(),
    }
}

#[tokio::test(start_paused = true)]
async fn a_place_is_free_exactly_when_the_window_has_rolled_on() {
    let limiter = MemoryRateLimiter::default();
    let windows = [window(source(1), 2, 60)];
    assert!(admitted(&limiter, &windows).await);
    tokio::time::advance(Duration::from_secs(20)).await;
    assert!(admitted(&limiter, &windows).await);
    tokio::time::advance(Duration::from_millis(39_999)).await;
    assert_eq!(
        limiter.reserve(&windows).await.unwrap(),
        Admission::Refused {
            rule: LimitRule::SmsVolume,
            retry_after: Duration::from_secs(1)
        }
    );
    tokio::time::advance(Duration::from_millis(1)).await;
    assert!(admitted(&limiter, &windows).await);
    assert!(!admitted(&limiter, &windows).await);
}

#[tokio::test(start_paused = true)]
async fn the_wait_of_several_windows_on_a_key_is_the_longest() {
    let limiter = MemoryRateLimiter::default();
    let mut windows = [
        window(source(1), 1, 60),
        window(source(1), 2, 3600),
        window(source(1), 3, 86_400),
    ];
    windows[0].rule = LimitRule::ResendInterval;
    assert!(admitted(&limiter, &windows).await);
    let wait = |answer| match answer {
        Admission::Refused { rule, retry_after } => (rule, retry_after.as_secs()),
        Admission::Reserved(_) => panic!("admitted"),
    };
    assert_eq!(
        wait(limiter.reserve(&windows).await.unwrap()),
        (LimitRule::ResendInterval, 60)
    );
    tokio::time::advance(Duration::from_mins(1)).await;
    assert!(admitted(&limiter, &windows).await);
    assert_eq!(
        wait(limiter.reserve(&windows).await.unwrap()),
        (LimitRule::SmsVolume, 3540)
    );
    tokio::time::advance(Duration::from_mins(59)).await;
    assert!(admitted(&limiter, &windows).await);
    assert_eq!(
        wait(limiter.reserve(&windows).await.unwrap()),
        (LimitRule::SmsVolume, 86_400 - 3600)
    );
}

#[tokio::test(start_paused = true)]
async fn a_full_limiter_refuses_new_keys_and_keeps_the_old_counts() {
    let limiter = small(2, 100);
    assert!(admitted(&limiter, &[window(source(1), 1, 60)]).await);
    assert!(admitted(&limiter, &[window(source(2), 2, 60)]).await);
    for n in 3..200 {
        assert!(matches!(
            limiter.reserve(&[window(source(n), 1, 60)]).await,
            Err(RateLimiterError::Full)
        ));
    }
    assert!(!admitted(&limiter, &[window(source(1), 1, 60)]).await);
    assert!(admitted(&limiter, &[window(source(2), 2, 60)]).await);
    tokio::time::advance(Duration::from_mins(1)).await;
    assert!(admitted(&limiter, &[window(source(3), 1, 60)]).await);
}

#[tokio::test(start_paused = true)]
async fn a_reservation_that_does_not_fit_takes_no_place_at_all() {
    let limiter = small(2, 100);
    assert!(admitted(&limiter, &[window(source(1), 2, 60)]).await);
    let both = [
        window(source(1), 2, 60),
        window(source(2), 1, 60),
        window(source(3), 1, 60),
    ];
    assert!(matches!(
        limiter.reserve(&both).await,
        Err(RateLimiterError::Full)
    ));
    assert!(admitted(&limiter, &both[..2]).await);
}

#[tokio::test(start_paused = true)]
async fn the_number_of_remembered_acts_is_bounded() {
    let limiter = small(10, 3);
    let windows = [window(source(1), 100, 60)];
    for _ in 0..3 {
        assert!(admitted(&limiter, &windows).await);
    }
    assert!(matches!(
        limiter.reserve(&windows).await,
        Err(RateLimiterError::Full)
    ));
    limiter.pardon(&nothing(), &[source(1)], &[]).await.unwrap();
    assert!(admitted(&limiter, &windows).await);
}

#[tokio::test(start_paused = true)]
async fn what_was_given_back_or_forgotten_leaves_nothing_behind() {
    let limiter = small(4, 8);
    for n in 0..100 {
        let windows = [window(source(n), 1, 60), window(source(n), 5, 3600)];
        let Admission::Reserved(reservation) = limiter.reserve(&windows).await.unwrap() else {
            panic!("refused");
        };
        if n % 2 == 0 {
            limiter.release(&reservation).await.unwrap();
            limiter.release(&reservation).await.unwrap();
        } else {
            limiter.pardon(&nothing(), &[source(n)], &[]).await.unwrap();
        }
    }
    assert_eq!(lock(&limiter.state).places, 0);
    assert_eq!(lock(&limiter.state).logs.room(), 4);
}

#[tokio::test(start_paused = true)]
async fn reservations_of_one_instant_are_told_apart() {
    let limiter = MemoryRateLimiter::default();
    let windows = [window(source(1), 100, 60)];
    let mut ids = Vec::new();
    for _ in 0..100 {
        match limiter.reserve(&windows).await.unwrap() {
            Admission::Reserved(reservation) => ids.push(reservation.id),
            Admission::Refused { .. } => panic!("refused"),
        }
    }
    ids.dedup();
    assert_eq!(ids.len(), 100);
    // Being told apart costs no time: all of them are free at once.
    tokio::time::advance(Duration::from_mins(1)).await;
    for _ in 0..100 {
        assert!(admitted(&limiter, &windows).await);
    }
}

fn past(key: LimitKey, seconds_ago: u64, times: u32) -> PastUse {
    PastUse {
        key,
        per: Duration::from_mins(1),
        ago: Duration::from_secs(seconds_ago),
        times,
    }
}

#[tokio::test(start_paused = true)]
async fn the_past_frees_its_places_to_the_microsecond() {
    let limiter = MemoryRateLimiter::default();
    let uses = [past(source(1), 20, 2), past(source(1), 50, 5_000)];
    assert!(limiter.recall(&uses).await.unwrap());
    let windows = [window(source(1), 5_002, 60)];
    let refused = |seconds| Admission::Refused {
        rule: LimitRule::SmsVolume,
        retry_after: Duration::from_secs(seconds),
    };
    assert_eq!(limiter.reserve(&windows).await.unwrap(), refused(10));
    tokio::time::advance(Duration::from_secs(10)).await;
    assert!(admitted(&limiter, &windows).await);
    let two = [window(source(1), 2, 60)];
    assert_eq!(limiter.reserve(&two).await.unwrap(), refused(30));
}

#[tokio::test(start_paused = true)]
async fn a_past_that_does_not_fit_changes_nothing() {
    let limiter = small(2, 4);
    assert!(admitted(&limiter, &[window(source(1), 9, 60)]).await);
    for uses in [
        vec![past(source(1), 5, 5)],
        vec![past(source(2), 5, 4)],
        vec![past(source(2), 5, 1), past(source(3), 5, 1)],
        vec![past(source(1), 5, u32::MAX), past(source(1), 5, u32::MAX)],
    ] {
        let refused = limiter.recall(&uses).await;
        assert!(matches!(refused, Err(RateLimiterError::Full)));
        let places = MessagePlaces {
            windows: vec![window(source(9), 1, 60)],
            ..MessagePlaces::default()
        };
        let remembered = limiter.reserve_recalled(&places).await.unwrap();
        assert_eq!(remembered, Remembered::Nothing);
    }
    assert!(!admitted(&limiter, &[window(source(1), 1, 60)]).await);
    // What it replaces makes room.
    assert!(limiter.recall(&[past(source(1), 5, 4)]).await.unwrap());
    assert_eq!(lock(&limiter.state).places, 4);
    tokio::time::advance(Duration::from_mins(1)).await;
    assert!(admitted(&limiter, &[window(source(2), 1, 60)]).await);
    assert_eq!(lock(&limiter.state).places, 1);
}

/// After a day every window of theirs is empty, whatever was forgotten.
#[tokio::test(start_paused = true)]
async fn a_day_after_it_was_told_the_limiter_knows_everybody() {
    let limiter = MemoryRateLimiter::default();
    assert!(limiter.recall(&[]).await.unwrap());
    let ask = async |n| {
        let places = MessagePlaces {
            windows: vec![window(source(n), 1, 60)],
            person: Some(source(n)),
            scopes: Vec::new(),
        };
        limiter.reserve_recalled(&places).await.unwrap()
    };
    let moment = Duration::from_millis(1);
    tokio::time::advance(DAY.saturating_sub(moment)).await;
    assert_eq!(ask(1).await, Remembered::NotThePerson);
    tokio::time::advance(moment).await;
    assert!(matches!(
        ask(1).await,
        Remembered::Known(Admission::Reserved(_))
    ));
}

/// A flood of networks is refused; those that are weighed stay.
#[tokio::test(start_paused = true)]
async fn scopes_are_bounded_and_forgotten_after_a_day() {
    let limiter = MemoryRateLimiter::default();
    assert!(limiter.recall(&[]).await.unwrap());
    let ask = async |n: u32| {
        let network = SpendScope::Network(IpAddr::from(n.to_be_bytes()));
        let places = MessagePlaces {
            scopes: vec![network],
            ..MessagePlaces::default()
        };
        limiter.reserve_recalled(&places).await
    };
    for n in 0..30_000 {
        assert!(ask(n).await.is_ok(), "{n}");
    }
    assert!(matches!(ask(30_000).await, Err(RateLimiterError::Full)));
    let Ok(Remembered::Known(Admission::Reserved(known))) = ask(7).await else {
        panic!("a scope that is known");
    };
    assert_eq!(known.spend.counted[0].1.total(), Tally::SENT);
    tokio::time::advance(DAY).await;
    let Ok(Remembered::Known(Admission::Reserved(new))) = ask(30_001).await else {
        panic!("room again");
    };
    assert_eq!(new.spend.counted[0].1.total(), Tally::default());
}
