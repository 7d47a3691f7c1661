//! What every `RateLimiter` must do.
//!
//! The clauses run in real time with windows of a fraction of a second, so that
//! they suit a limiter in another process too. Each takes an empty limiter, or at
//! least one that has counted nothing for the keys of that clause.
#![expect(
    clippy::missing_panics_doc,
    reason = "a clause panics where it does not hold"
)]

mod persons;
mod recalling;
mod spending;

pub use persons::*;
pub use recalling::*;
pub use spending::*;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use menshen_domain::model::identifiers::SessionId;
use menshen_domain::model::limits::{LimitKey, LimitRule, Window};
use menshen_domain::ports::rate_limiter::{Admission, RateLimiter, Reservation};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::sample;

type Limiter = Arc<dyn RateLimiter>;

/// A window that is over soon.
const SHORT: Duration = Duration::from_millis(600);
/// More than that window.
const PAST_SHORT: Duration = Duration::from_millis(650);
/// A window that no clause outlives.
const LONG: Duration = Duration::from_hours(1);

/// Makes one named test of each clause. The expression gives an empty
/// `Arc<dyn RateLimiter>`; it is evaluated once per test, and may await.
#[macro_export]
macro_rules! rate_limiter {
    ($limiter:expr) => {
        $crate::clauses! {
            $crate::suites::rate_limiter, $limiter,
            a_window_admits_up_to_its_limit,
            no_windows_are_always_admitted,
            a_place_is_free_again_when_the_window_has_rolled_on,
            a_refusal_counts_nothing,
            a_look_counts_nothing_and_tells_the_wait,
            a_refusal_in_one_window_takes_no_place_in_another,
            a_refusal_names_the_window_that_stays_full_the_longest,
            windows_on_one_key_share_what_they_count,
            a_window_that_is_left_out_forgets_nothing,
            keys_are_counted_apart,
            the_kinds_of_keys_are_counted_apart,
            a_release_gives_the_places_back,
            a_release_gives_back_no_more_than_its_own,
            a_release_after_a_pardon_does_nothing,
            a_pardon_forgets_one_key,
            a_pardon_gives_the_other_places_back,
            a_pardon_forgets_several_keys_at_once,
            reservations_have_ids_of_their_own,
            concurrent_reservations_share_out_the_places_exactly,
            concurrent_reservations_of_several_windows_keep_them_equal,
            a_new_limiter_remembers_nothing_until_it_is_told,
            what_is_reserved_with_the_past_in_mind_counts_like_anything_else,
            acts_of_the_past_take_places_for_what_is_left_of_their_time,
            acts_that_are_over_take_no_place,
            a_limiter_that_remembers_is_told_nothing,
            what_was_counted_before_a_recall_is_replaced_and_the_rest_stays,
            an_empty_past_is_a_past_too,
            of_many_that_recall_at_once_one_restores,
            after_a_loss_the_past_of_each_person_is_asked_for_once,
            what_a_person_had_before_counts_for_what_is_left_of_its_time,
            a_person_without_a_past_is_known_too,
            a_person_who_is_counted_is_told_nothing,
            of_many_that_recall_a_person_at_once_one_restores,
            messages_and_right_codes_are_counted_for_each_scope,
            what_is_refused_or_given_back_weighs_nothing,
            a_right_code_that_is_taken_back_is_counted_once,
            scopes_are_weighed_apart,
            simultaneous_messages_are_all_weighed,
        }
    };
}

fn window(rule: LimitRule, key: LimitKey, limit: u32, per: Duration) -> Window {
    Window {
        rule,
        key,
        limit,
        per,
    }
}

fn phone(n: u32) -> LimitKey {
    LimitKey::SmsPhone(sample::phone(n))
}

fn source(n: u8) -> LimitKey {
    LimitKey::SmsSource(IpAddr::from([203, 0, 113, n]))
}

fn volume(key: LimitKey, limit: u32) -> Window {
    window(LimitRule::SmsVolume, key, limit, LONG)
}

async fn reserve(limiter: &Limiter, windows: &[Window]) -> Admission {
    limiter.reserve(windows).await.expect("the limiter answers")
}

async fn admitted(limiter: &Limiter, windows: &[Window]) -> bool {
    matches!(reserve(limiter, windows).await, Admission::Reserved(_))
}

async fn reserved(limiter: &Limiter, windows: &[Window]) -> Reservation {
    match reserve(limiter, windows).await {
        Admission::Reserved(reservation) => reservation,
        refused @ Admission::Refused { .. } => panic!("{refused:?}"),
    }
}

async fn pardon(limiter: &Limiter, reservation: &Reservation, key: &LimitKey) {
    let keys = std::slice::from_ref(key);
    let pardoned = limiter.pardon(reservation, keys, &[]).await;
    pardoned.expect("the limiter answers");
}

async fn release(limiter: &Limiter, reservation: &Reservation) {
    limiter
        .release(reservation)
        .await
        .expect("the limiter answers");
}

/// A window of three admits three.
pub async fn a_window_admits_up_to_its_limit(limiter: Limiter) {
    let windows = [volume(phone(1), 3)];
    for _ in 0..3 {
        assert!(admitted(&limiter, &windows).await);
    }
    for _ in 0..3 {
        let Admission::Refused { rule, retry_after } = reserve(&limiter, &windows).await else {
            panic!("a fourth place");
        };
        assert_eq!(rule, LimitRule::SmsVolume);
        // The wait may be rounded up to whole seconds.
        assert!(retry_after <= LONG + Duration::from_secs(1));
        assert!(retry_after > LONG / 2);
    }
}

/// Whoever only looks takes no place, and is told what a refusal would tell.
pub async fn a_look_counts_nothing_and_tells_the_wait(limiter: Limiter) {
    let windows = [volume(phone(1), 2), volume(source(1), 3)];
    let wait = async || limiter.wait(&windows).await.expect("the limiter answers");
    for _ in 0..10 {
        assert_eq!(wait().await, None);
    }
    let first = reserved(&limiter, &windows).await;
    assert_eq!(wait().await, None);
    reserved(&limiter, &windows).await;
    let told = wait().await.expect("a full window");
    assert!(told > LONG / 2 && told <= LONG + Duration::from_secs(1));
    release(&limiter, &first).await;
    assert_eq!(wait().await, None);
    assert_eq!(limiter.wait(&[]).await.expect("an answer"), None);
}

/// Where every limit is switched off, everything is admitted.
pub async fn no_windows_are_always_admitted(limiter: Limiter) {
    for _ in 0..10 {
        let reservation = reserved(&limiter, &[]).await;
        assert_eq!(reservation.windows, []);
        release(&limiter, &reservation).await;
    }
}

/// Windows roll: each place is free again by itself, and the wait that a refusal
/// tells is not too short.
pub async fn a_place_is_free_again_when_the_window_has_rolled_on(limiter: Limiter) {
    let windows = [window(LimitRule::ResendInterval, phone(1), 2, SHORT)];
    assert!(admitted(&limiter, &windows).await);
    sleep(SHORT / 2).await;
    assert!(admitted(&limiter, &windows).await);
    let Admission::Refused { retry_after, .. } = reserve(&limiter, &windows).await else {
        panic!("a third place");
    };
    assert!(retry_after >= Duration::from_secs(1), "{retry_after:?}");
    sleep(PAST_SHORT / 2).await;
    // The first place is free, the second is not yet.
    assert!(admitted(&limiter, &windows).await);
    assert!(!admitted(&limiter, &windows).await);
    sleep(retry_after).await;
    assert!(admitted(&limiter, &windows).await);
}

/// Asking while refused does not make the wait longer.
pub async fn a_refusal_counts_nothing(limiter: Limiter) {
    let windows = [window(LimitRule::ResendInterval, phone(1), 1, SHORT)];
    assert!(admitted(&limiter, &windows).await);
    for _ in 0..6 {
        assert!(!admitted(&limiter, &windows).await);
        sleep(SHORT / 12).await;
    }
    sleep(PAST_SHORT / 2).await;
    assert!(admitted(&limiter, &windows).await);
}

/// All or nothing, whichever window is full and whatever the order.
pub async fn a_refusal_in_one_window_takes_no_place_in_another(limiter: Limiter) {
    assert!(admitted(&limiter, &[volume(source(1), 1)]).await);
    for _ in 0..3 {
        let both = [volume(phone(1), 1), volume(source(1), 1)];
        assert!(!admitted(&limiter, &both).await);
        let both = [volume(source(1), 1), volume(phone(1), 1)];
        assert!(!admitted(&limiter, &both).await);
    }
    assert!(admitted(&limiter, &[volume(phone(1), 1)]).await);
}

/// Whoever waits as long as a refusal says is not refused for another reason.
pub async fn a_refusal_names_the_window_that_stays_full_the_longest(limiter: Limiter) {
    let windows = [
        window(LimitRule::ResendInterval, phone(1), 1, SHORT),
        window(LimitRule::SmsVolume, phone(1), 2, LONG),
        window(LimitRule::Refresh, source(1), 2, LONG / 2),
    ];
    assert!(admitted(&limiter, &windows).await);
    let Admission::Refused { rule, .. } = reserve(&limiter, &windows).await else {
        panic!("admitted within the interval");
    };
    assert_eq!(rule, LimitRule::ResendInterval);
    sleep(PAST_SHORT).await;
    assert!(admitted(&limiter, &windows).await);
    let Admission::Refused { rule, retry_after } = reserve(&limiter, &windows).await else {
        panic!("admitted a third time");
    };
    assert_eq!(rule, LimitRule::SmsVolume);
    assert!(retry_after > LONG / 2, "{retry_after:?}");
}

/// A short window does not make a long one on the same key forget.
pub async fn windows_on_one_key_share_what_they_count(limiter: Limiter) {
    let short = window(LimitRule::ResendInterval, phone(1), 1, SHORT / 4);
    let windows = [short, volume(phone(1), 3)];
    for _ in 0..3 {
        assert!(admitted(&limiter, &windows).await);
        sleep(PAST_SHORT / 4).await;
    }
    let Admission::Refused { rule, .. } = reserve(&limiter, &windows).await else {
        panic!("a fourth place");
    };
    assert_eq!(rule, LimitRule::SmsVolume);
}

/// An act that counts against the short window alone does not make the long one
/// forget, and counts in it.
pub async fn a_window_that_is_left_out_forgets_nothing(limiter: Limiter) {
    let short = [window(LimitRule::ResendInterval, phone(1), 9, SHORT / 4)];
    let long = [volume(phone(1), 3)];
    assert!(admitted(&limiter, &long).await);
    for _ in 0..2 {
        sleep(PAST_SHORT / 4).await;
        assert!(admitted(&limiter, &short).await);
    }
    sleep(PAST_SHORT / 4).await;
    assert!(!admitted(&limiter, &long).await);
}

/// Another number, another count.
pub async fn keys_are_counted_apart(limiter: Limiter) {
    for n in 0..20 {
        assert!(admitted(&limiter, &[volume(phone(n), 1)]).await);
    }
    for n in 0..20 {
        assert!(!admitted(&limiter, &[volume(phone(n), 1)]).await);
    }
}

/// A number's messages and its failures are different things.
pub async fn the_kinds_of_keys_are_counted_apart(limiter: Limiter) {
    let number = sample::phone(1);
    let address = IpAddr::from([203, 0, 113, 1]);
    let keys = [
        LimitKey::SmsPhone(number.clone()),
        LimitKey::FailuresPhone(number),
        LimitKey::SmsSource(address),
        LimitKey::FailuresSource(address),
        LimitKey::RefreshSource(address),
        LimitKey::SmsDeployment,
        LimitKey::GuessRun(sample::phone(1)),
        LimitKey::WrongCodes,
        LimitKey::GuessRows(Some(sample::phone(1))),
        LimitKey::GuessRows(None),
        LimitKey::CaptchaFailures(address),
    ];
    for key in keys {
        assert!(admitted(&limiter, &[volume(key.clone(), 1)]).await);
        assert!(!admitted(&limiter, &[volume(key, 1)]).await);
    }
}

/// What did not happen is not counted, in any window.
pub async fn a_release_gives_the_places_back(limiter: Limiter) {
    let windows = [
        window(LimitRule::ResendInterval, phone(1), 1, LONG / 2),
        volume(phone(1), 2),
        volume(source(1), 1),
    ];
    for _ in 0..5 {
        let reservation = reserved(&limiter, &windows).await;
        assert!(!admitted(&limiter, &windows).await);
        release(&limiter, &reservation).await;
    }
    assert!(admitted(&limiter, &windows).await);
}

/// Releasing twice frees nobody else's place.
pub async fn a_release_gives_back_no_more_than_its_own(limiter: Limiter) {
    let windows = [volume(phone(1), 2)];
    let first = reserved(&limiter, &windows).await;
    reserved(&limiter, &windows).await;
    release(&limiter, &first).await;
    release(&limiter, &first).await;
    assert!(admitted(&limiter, &windows).await);
    assert!(!admitted(&limiter, &windows).await);
}

/// A place that was forgotten is not given back a second time.
pub async fn a_release_after_a_pardon_does_nothing(limiter: Limiter) {
    let windows = [volume(phone(1), 1)];
    let old = reserved(&limiter, &windows).await;
    pardon(&limiter, &old, &phone(1)).await;
    assert!(admitted(&limiter, &windows).await);
    release(&limiter, &old).await;
    assert!(!admitted(&limiter, &windows).await);
}

/// A right code clears the number's failures, and nothing else.
pub async fn a_pardon_forgets_one_key(limiter: Limiter) {
    let number = LimitKey::FailuresPhone(sample::phone(1));
    let both = [volume(number.clone(), 2), volume(source(1), 3)];
    assert!(admitted(&limiter, &both).await);
    assert!(admitted(&limiter, &both).await);
    let elsewhere = reserved(&limiter, &[volume(phone(2), 1)]).await;
    pardon(&limiter, &elsewhere, &number).await;
    assert!(admitted(&limiter, &both).await);
    // The source has its three by now.
    assert!(!admitted(&limiter, &both).await);
    assert!(admitted(&limiter, &[volume(number, 2)]).await);
}

/// Of its own reservation, whatever that holds, and no others': a source keeps what
/// somebody else did from it.
pub async fn a_pardon_gives_the_other_places_back(limiter: Limiter) {
    let number = LimitKey::FailuresPhone(sample::phone(1));
    let session = SessionId::from_uuid(uuid::Uuid::from_u128(1));
    let mine = [
        volume(number.clone(), 3),
        volume(source(1), 2),
        volume(LimitKey::RefreshSession(session), 1),
    ];
    assert!(admitted(&limiter, &mine[..2]).await);
    let right = reserved(&limiter, &mine).await;
    pardon(&limiter, &right, &number).await;
    assert!(admitted(&limiter, &mine).await);
    assert!(!admitted(&limiter, &[volume(source(1), 2)]).await);
    for _ in 0..2 {
        assert!(admitted(&limiter, &[volume(number.clone(), 3)]).await);
    }
    assert!(!admitted(&limiter, &[volume(number, 3)]).await);
}

/// A right code ends both what counts against its number and the row of wrong ones,
/// and gives back its own place elsewhere; keys that are not counted together go too.
pub async fn a_pardon_forgets_several_keys_at_once(limiter: Limiter) {
    let number = LimitKey::FailuresPhone(sample::phone(1));
    let run = LimitKey::GuessRun(sample::phone(1));
    let session = SessionId::from_uuid(uuid::Uuid::from_u128(1));
    let elsewhere = LimitKey::RefreshSession(session);
    let all = [number, run, elsewhere];
    let each = || all.iter().map(|key| volume(key.clone(), 1));
    for window in each() {
        assert!(admitted(&limiter, &[window]).await);
    }
    let mine = reserved(&limiter, &[volume(source(1), 1)]).await;
    let pardoned = limiter.pardon(&mine, &all, &[]).await;
    pardoned.expect("the limiter answers");
    for window in each() {
        assert!(admitted(&limiter, &[window]).await);
    }
    assert!(admitted(&limiter, &[volume(source(1), 1)]).await);
    let nothing = reserved(&limiter, &[]).await;
    assert!(limiter.pardon(&nothing, &[], &[]).await.is_ok());
    for window in each() {
        assert!(!admitted(&limiter, &[window]).await);
    }
}

/// Otherwise one release would give back another's place.
pub async fn reservations_have_ids_of_their_own(limiter: Limiter) {
    let mut ids = Vec::new();
    for n in 0..50 {
        ids.push(reserved(&limiter, &[volume(phone(n % 2), 100)]).await.id);
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 50);
}

/// Of fifty simultaneous acts exactly as many are admitted as there are places,
/// each of twenty times.
pub async fn concurrent_reservations_share_out_the_places_exactly(limiter: Limiter) {
    for round in 0..20 {
        for limit in [1, 7] {
            let windows = vec![
                window(
                    LimitRule::ResendInterval,
                    phone(round * 10 + limit),
                    limit,
                    LONG,
                ),
                window(
                    LimitRule::SmsVolume,
                    phone(round * 10 + limit),
                    limit + 1,
                    LONG,
                ),
            ];
            let won = race(&limiter, 50, |_| windows.clone()).await;
            assert_eq!(won, limit as usize, "round {round}");
        }
    }
}

/// With several keys in play, none of them lets too many or too few through.
pub async fn concurrent_reservations_of_several_windows_keep_them_equal(limiter: Limiter) {
    for round in 0..20_u8 {
        let by = |task: u32| {
            let number = volume(phone(1000 + u32::from(round) * 50 + task), 1);
            let mut windows = vec![number, volume(source(round), 10)];
            if task.is_multiple_of(2) {
                windows.reverse();
            }
            windows
        };
        let won = race(&limiter, 50, by).await;
        assert_eq!(won, 10, "round {round}");
        // Whoever was refused by the source has lost no place of its own.
        let mut free = 0;
        for task in 0..50 {
            let number = phone(1000 + u32::from(round) * 50 + task);
            free += usize::from(admitted(&limiter, &[volume(number, 1)]).await);
        }
        assert_eq!(free, 40, "round {round}");
    }
}

/// Lets tasks reserve at once; answers how many were admitted.
async fn race(limiter: &Limiter, tasks: u32, windows: impl Fn(u32) -> Vec<Window>) -> usize {
    let mut racing = JoinSet::new();
    for task in 0..tasks {
        let (limiter, windows) = (Arc::clone(limiter), windows(task));
        racing.spawn(async move { admitted(&limiter, &windows).await });
    }
    let outcomes = racing.join_all().await;
    outcomes.into_iter().filter(|admitted| *admitted).count()
}
