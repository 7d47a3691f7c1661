//! What every `WeChatTokenCache` must do.
//!
//! The clauses run in real time with lives of a fraction of a second, so that
//! they suit a cache in another process too. Each takes an empty cache.
#![expect(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a clause panics where it does not hold"
)]

use std::sync::Arc;
use std::time::Duration;

use menshen_domain::model::wechat::AppId;
use menshen_domain::ports::wechat_token_cache::{WeChatAccessToken, WeChatTokenCache};
use secrecy::ExposeSecret as _;
use tokio::task::JoinSet;
use tokio::time::sleep;

type Cache = Arc<dyn WeChatTokenCache>;

/// A time that no clause outlives.
const LONG: Duration = Duration::from_mins(10);
/// A time that is over soon.
const SHORT: Duration = Duration::from_millis(500);
/// More than that time.
const PAST_SHORT: Duration = Duration::from_millis(600);

/// Makes one named test of each clause. The expression gives an empty
/// `Arc<dyn WeChatTokenCache>`; it is evaluated once per test, and may await.
#[macro_export]
macro_rules! wechat_token_cache {
    ($cache:expr) => {
        $crate::clauses! {
            $crate::suites::wechat_token_cache, $cache,
            a_token_is_kept_with_its_times,
            applications_do_not_mix,
            a_token_is_gone_when_it_has_expired,
            a_token_that_is_no_longer_fresh_is_found_until_it_expires,
            a_token_without_life_is_not_kept,
            who_comes_late_overwrites_nothing_newer,
            only_the_refused_token_is_dropped,
            force_is_granted_once_per_cooldown,
            force_is_granted_so_often_a_day,
            concurrent_claims_of_force_grant_one,
        }
    };
}

fn app() -> AppId {
    AppId::parse("wx4f4bc4dec97d474b").unwrap()
}

fn token(value: &str, fresh_for: Duration, expires_in: Duration) -> WeChatAccessToken {
    WeChatAccessToken {
        value: value.into(),
        fresh_for,
        expires_in,
    }
}

async fn held(cache: &Cache) -> Option<String> {
    let found = cache.find(&app()).await.unwrap();
    found.map(|token| token.value.expose_secret().to_owned())
}

/// Both times are told as what is left of them.
pub async fn a_token_is_kept_with_its_times(cache: Cache) {
    assert_eq!(held(&cache).await, None);
    let kept = token("T", LONG / 2, LONG);
    cache.keep(&app(), &kept).await.unwrap();
    let found = cache.find(&app()).await.unwrap().unwrap();
    assert_eq!(found.value.expose_secret(), "T");
    let near = |left: Duration, whole: Duration| left <= whole && left + LONG / 10 > whole;
    assert!(near(found.fresh_for, LONG / 2) && near(found.expires_in, LONG));
}

/// A token of one application opens nothing of another.
pub async fn applications_do_not_mix(cache: Cache) {
    let other = AppId::parse("wx0000000000000000").unwrap();
    cache.keep(&app(), &token("T", LONG, LONG)).await.unwrap();
    assert!(cache.find(&other).await.unwrap().is_none());
    cache.drop_refused(&other, &"T".into()).await.unwrap();
    assert_eq!(held(&cache).await.as_deref(), Some("T"));
    for app in [app(), other] {
        assert!(cache.claim_forced_renewal(&app, LONG, 9).await.unwrap());
    }
}

/// No token is kept for ever.
pub async fn a_token_is_gone_when_it_has_expired(cache: Cache) {
    cache.keep(&app(), &token("T", SHORT, SHORT)).await.unwrap();
    sleep(PAST_SHORT).await;
    assert_eq!(held(&cache).await, None);
}

/// While `WeChat` is down, an old token is better than none.
pub async fn a_token_that_is_no_longer_fresh_is_found_until_it_expires(cache: Cache) {
    cache.keep(&app(), &token("T", SHORT, LONG)).await.unwrap();
    sleep(PAST_SHORT).await;
    let found = cache.find(&app()).await.unwrap().unwrap();
    assert_eq!(found.fresh_for, Duration::ZERO);
    assert!(found.expires_in > Duration::ZERO);
}

/// A life of nothing must not become a life without end.
pub async fn a_token_without_life_is_not_kept(cache: Cache) {
    let dead = token("T", Duration::ZERO, Duration::ZERO);
    cache.keep(&app(), &dead).await.unwrap();
    assert_eq!(held(&cache).await, None);
}

/// Of two tokens the one that expires later stays, whichever comes last.
pub async fn who_comes_late_overwrites_nothing_newer(cache: Cache) {
    cache.keep(&app(), &token("new", LONG, LONG)).await.unwrap();
    let old = token("old", LONG / 4, LONG / 2);
    cache.keep(&app(), &old).await.unwrap();
    assert_eq!(held(&cache).await.as_deref(), Some("new"));
    let newer = token("newer", LONG, LONG * 2);
    cache.keep(&app(), &newer).await.unwrap();
    assert_eq!(held(&cache).await.as_deref(), Some("newer"));
}

/// Whoever learns late that a token is dead does not drop its successor.
pub async fn only_the_refused_token_is_dropped(cache: Cache) {
    cache.drop_refused(&app(), &"T1".into()).await.unwrap();
    cache.keep(&app(), &token("T2", LONG, LONG)).await.unwrap();
    cache.drop_refused(&app(), &"T1".into()).await.unwrap();
    assert_eq!(held(&cache).await.as_deref(), Some("T2"));
    cache.drop_refused(&app(), &"T2".into()).await.unwrap();
    assert_eq!(held(&cache).await, None);
    // After a refusal a token of less life may follow.
    let shorter = token("T3", LONG / 4, LONG / 2);
    cache.keep(&app(), &shorter).await.unwrap();
    assert_eq!(held(&cache).await.as_deref(), Some("T3"));
}

/// The second has to wait until the cooldown of the first is over.
pub async fn force_is_granted_once_per_cooldown(cache: Cache) {
    let claim = async || cache.claim_forced_renewal(&app(), SHORT, 9).await.unwrap();
    assert!(claim().await);
    assert!(!claim().await);
    sleep(PAST_SHORT).await;
    assert!(claim().await);
}

/// And that only so often in 24 hours.
pub async fn force_is_granted_so_often_a_day(cache: Cache) {
    let none = Duration::from_millis(1);
    let mut granted = 0;
    for _ in 0..6 {
        granted += u32::from(cache.claim_forced_renewal(&app(), none, 3).await.unwrap());
        sleep(none * 5).await;
    }
    assert_eq!(granted, 3);
}

/// Of sixteen at once one is granted, each of twenty times.
pub async fn concurrent_claims_of_force_grant_one(cache: Cache) {
    for round in 0..20 {
        let app = AppId::parse(&format!("wx{round}")).unwrap();
        let mut claims = JoinSet::new();
        for _ in 0..16 {
            let (cache, app) = (Arc::clone(&cache), app.clone());
            claims.spawn(async move { cache.claim_forced_renewal(&app, LONG, 9).await.unwrap() });
        }
        let granted = claims
            .join_all()
            .await
            .into_iter()
            .filter(|granted| *granted);
        assert_eq!(granted.count(), 1, "round {round}");
    }
}
