//! Signing keys over their whole life, on several replicas.

mod common;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use chrono::{DateTime, Utc};
use common::{Deployment, claims, config};
use menshen_domain::model::token::{AccessToken, Scope};
use menshen_domain::ports::signing_key_store::SigningKeyStore as _;
use menshen_domain::ports::token_issuer::TokenIssuer as _;
use menshen_domain::ports::token_verifier::{TokenVerifier as _, TokenVerifierError};
use menshen_testkit::sample::now;
use menshen_token::algorithm::Algorithm;
use menshen_token::key_set::{KeySet, KeySetError, KeyStage, TokenConfig};
use menshen_token::system_randomness::SystemRandomness;
use tokio::task::JoinSet;

const MINUTE: Duration = Duration::from_mins(1);
const DAY: Duration = Duration::from_hours(24);

fn daily() -> TokenConfig {
    TokenConfig {
        key_rotation: DAY,
        ..config(Algorithm::Es256)
    }
}

fn issue(keys: &KeySet, at: DateTime<Utc>) -> AccessToken {
    keys.issue(&claims(at, Scope::User)).expect("a token")
}

fn kids(keys: &KeySet, at: DateTime<Utc>) -> Vec<String> {
    let jwks = keys.jwks(at);
    let keys = jwks["keys"].as_array().expect("a list");
    let kid = |key: &serde_json::Value| key["kid"].as_str().expect("a kid").to_owned();
    keys.iter().map(kid).collect()
}

fn kid_of(token: &AccessToken) -> String {
    let header = jsonwebtoken::decode_header(token.expose()).expect("a header");
    header.kid.expect("a kid")
}

#[tokio::test]
async fn the_first_key_signs_at_once_and_is_kept() {
    let deployment = Deployment::new().await;
    let first = deployment.replica(daily(), now()).await;
    let token = issue(&first, now());
    assert!(first.verify(token.expose(), now()).is_ok());
    let second = deployment.replica(daily(), now()).await;
    assert!(second.verify(token.expose(), now()).is_ok());
    assert_eq!(kids(&first, now()), kids(&second, now()));
    assert_eq!(kids(&first, now()).len(), 1);
    assert_eq!(first.maintain(now()).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn replicas_that_start_at_once_have_one_key() {
    for _ in 0..20 {
        let deployment = Arc::new(Deployment::new().await);
        let mut replicas = JoinSet::new();
        for _ in 0..8 {
            let deployment = Arc::clone(&deployment);
            replicas.spawn(async move {
                let keys = deployment.replica(daily(), now()).await;
                kids(&keys, now())
            });
        }
        let kids = replicas.join_all().await;
        assert!(
            kids.iter()
                .all(|other| *other == kids[0] && other.len() == 1)
        );
    }
}

/// Four days of daily rotation on two replicas, of which one maintains its keys
/// once a minute and the other every five: whatever either issues, both accept
/// for the whole of its life and its leeway.
#[tokio::test]
async fn nothing_that_was_issued_before_a_rotation_fails_after_it() {
    let deployment = Deployment::new().await;
    let one = deployment.replica(daily(), now()).await;
    let two = deployment.replica(daily(), now()).await;
    let mut alive: Vec<(DateTime<Utc>, AccessToken)> = Vec::new();
    let mut signers = Vec::new();
    for minute in 0..(4 * 24 * 60_u32) {
        let at = now() + MINUTE * minute;
        one.maintain(at).await.unwrap();
        if minute % 5 == 0 {
            two.maintain(at).await.unwrap();
        }
        if minute % 7 == 0 {
            for keys in [&one, &two] {
                let token = issue(keys, at);
                signers.push(kid_of(&token));
                alive.push((at, token));
            }
        }
        alive.retain(|(issued, token)| {
            let end = *issued + Duration::from_secs(3600 + 29);
            if at + MINUTE > end {
                for keys in [&one, &two] {
                    assert!(keys.verify(token.expose(), end).is_ok(), "minute {minute}");
                }
            }
            at + MINUTE <= end
        });
        for (_, token) in alive.iter().rev().take(2) {
            for keys in [&one, &two] {
                assert!(keys.verify(token.expose(), at).is_ok(), "minute {minute}");
            }
        }
    }
    signers.dedup();
    assert_eq!(signers.len(), 4, "{signers:?}");
}

#[tokio::test]
async fn a_key_is_published_for_ten_minutes_before_it_signs() {
    let deployment = Deployment::new().await;
    let keys = deployment.replica(daily(), now()).await;
    let old = kids(&keys, now());
    let at = now() + DAY;
    let made = keys.maintain(at).await.unwrap().expect("a successor");
    assert_eq!(kids(&keys, at), [old[0].clone(), made.clone()]);
    assert_eq!(kid_of(&issue(&keys, at + MINUTE * 10)), old[0]);
    assert_eq!(kid_of(&issue(&keys, at + MINUTE * 16)), made);
    // It does not get another successor meanwhile.
    assert_eq!(keys.maintain(at + MINUTE).await.unwrap(), None);
    assert_eq!(keys.maintain(at + MINUTE * 20).await.unwrap(), None);
}

#[tokio::test]
async fn a_key_goes_when_its_last_token_is_dead() {
    let deployment = Deployment::new().await;
    let keys = deployment.replica(daily(), now()).await;
    let old = kids(&keys, now()).remove(0);
    let at = now() + DAY;
    keys.maintain(at).await.unwrap().expect("a successor");
    let last_signed = at + MINUTE * 15;
    let token = issue(&keys, last_signed - Duration::from_secs(1));
    assert_eq!(kid_of(&token), old);
    let last_use = last_signed + Duration::from_secs(3600 + 28);
    assert!(keys.verify(token.expose(), last_use).is_ok());
    assert!(kids(&keys, last_use).contains(&old));
    let later = last_use + MINUTE * 10;
    // Also where the store could not be asked since.
    assert!(!kids(&keys, later).contains(&old));
    assert_eq!(
        keys.verify(token.expose(), later),
        Err(TokenVerifierError::Invalid)
    );
    keys.maintain(later).await.unwrap();
    assert_eq!(keys.list(later).len(), 1);
}

#[tokio::test]
async fn a_rotation_on_demand_is_seen_by_the_other_replica() {
    let deployment = Deployment::new().await;
    let one = deployment.replica(daily(), now()).await;
    let two = deployment.replica(daily(), now()).await;
    let made = one.rotate(now()).await.unwrap();
    assert!(!kids(&two, now()).contains(&made));
    two.maintain(now()).await.unwrap();
    assert_eq!(kids(&one, now()), kids(&two, now()));
    let stages = |keys: &KeySet, at| -> Vec<_> {
        let keys = keys.list(at);
        keys.into_iter().map(|key| key.stage).collect()
    };
    assert_eq!(stages(&two, now()), [KeyStage::Signing, KeyStage::Next]);
    let later = now() + MINUTE * 16;
    assert_eq!(stages(&two, later), [KeyStage::Checking, KeyStage::Signing]);
    let token = issue(&two, later);
    assert_eq!(kid_of(&token), made);
    assert!(one.verify(token.expose(), later).is_ok());
}

#[tokio::test]
async fn rotating_twice_at_once_loses_no_token() {
    let deployment = Deployment::new().await;
    let keys = deployment.replica(daily(), now()).await;
    let before = issue(&keys, now());
    keys.rotate(now()).await.unwrap();
    keys.rotate(now()).await.unwrap();
    assert_eq!(keys.list(now()).len(), 3);
    let end = now() + Duration::from_secs(3600 + 29);
    assert!(keys.verify(before.expose(), end).is_ok());
    for minute in 0..120 {
        let at = now() + MINUTE * minute;
        let token = issue(&keys, at);
        let end = at + Duration::from_secs(3600 + 29);
        assert!(keys.verify(token.expose(), end).is_ok(), "minute {minute}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn replicas_that_find_a_key_old_at_once_make_one_successor() {
    let deployment = Deployment::new().await;
    let at = now() + DAY;
    let mut replicas = Vec::new();
    for _ in 0..8 {
        replicas.push(deployment.replica(daily(), now()).await);
    }
    let mut maintaining = JoinSet::new();
    for keys in replicas {
        maintaining.spawn(async move { keys.maintain(at).await.unwrap() });
    }
    let made = maintaining.join_all().await;
    assert_eq!(made.iter().flatten().count(), 1);
    assert_eq!(deployment.keys.load(at).await.unwrap().len(), 2);
}

#[tokio::test]
async fn another_algorithm_takes_over_without_loss() {
    let deployment = Deployment::new().await;
    let before = deployment.replica(config(Algorithm::Es256), now()).await;
    let token = issue(&before, now());
    let after = deployment.replica(config(Algorithm::EdDsa), now()).await;
    assert!(after.verify(token.expose(), now()).is_ok());
    let later = now() + MINUTE * 16;
    let token = issue(&after, later);
    let header = jsonwebtoken::decode_header(token.expose()).unwrap();
    assert_eq!(header.alg, jsonwebtoken::Algorithm::EdDSA);
    before.maintain(now()).await.unwrap();
    assert!(before.verify(token.expose(), later).is_ok());
}

/// While a new setting is rolled out, replicas of both settings run.
#[tokio::test]
async fn replicas_of_two_settings_do_not_outbid_each_other() {
    let deployment = Deployment::new().await;
    let old = deployment.replica(config(Algorithm::Es256), now()).await;
    let new = deployment.replica(config(Algorithm::EdDsa), now()).await;
    for minute in 0..15 {
        let at = now() + MINUTE * minute;
        assert_eq!(old.maintain(at).await.unwrap(), None);
        assert_eq!(new.maintain(at).await.unwrap(), None);
    }
    assert_eq!(new.list(now()).len(), 2);
}

#[tokio::test]
async fn without_the_store_keys_go_on_as_they_are() {
    let deployment = Deployment::new().await;
    let keys = deployment.replica(daily(), now()).await;
    *deployment.keys.down.lock().unwrap() = true;
    let at = now() + DAY * 2;
    let error = keys.maintain(at).await.unwrap_err();
    assert!(matches!(error, KeySetError::Store(_)), "{error}");
    let token = issue(&keys, at);
    assert!(keys.verify(token.expose(), at).is_ok());
    assert_eq!(kids(&keys, at).len(), 1);
}

#[tokio::test]
async fn a_key_of_another_keyring_is_refused_by_name() {
    let deployment = Deployment::new().await;
    let keys = deployment.replica(daily(), now()).await;
    let stranger = Deployment {
        keys: Arc::clone(&deployment.keys),
        ..Deployment::new().await
    };
    let opened = KeySet::open(
        daily(),
        stranger.keys,
        stranger.ring,
        Arc::new(SystemRandomness),
        now(),
    );
    let error = opened.await.unwrap_err();
    assert!(matches!(&error, KeySetError::Unreadable { kid } if *kid == kids(&keys, now())[0]));
}

#[tokio::test]
async fn a_key_that_was_taken_out_of_the_store_is_dropped() {
    let deployment = Deployment::new().await;
    let keys = deployment.replica(daily(), now()).await;
    let token = issue(&keys, now());
    keys.rotate(now()).await.unwrap();
    // What an operator does in an emergency.
    deployment.keys.rows.lock().unwrap()[0].retire_at = Some(now());
    keys.maintain(now()).await.unwrap();
    let verified = keys.verify(token.expose(), now());
    assert_eq!(verified, Err(TokenVerifierError::Invalid));
    // The next key takes its place before its time.
    assert!(keys.verify(issue(&keys, now()).expose(), now()).is_ok());
}

/// What another replica made a moment ago is no reason to refuse anybody.
#[tokio::test(start_paused = true)]
async fn a_token_of_a_key_that_is_new_here_is_accepted_after_reading_the_keys() {
    let deployment = Deployment::new().await;
    let one = deployment.replica(daily(), now()).await;
    let two = deployment.replica(daily(), now()).await;
    let old = kids(&one, now()).remove(0);
    one.drop_key(&old, now()).await.unwrap();
    let token = issue(&one, now());
    let verified = two.verify(token.expose(), now());
    assert_eq!(verified, Err(TokenVerifierError::UnknownKey));
    two.learn_keys(now()).await.unwrap();
    assert!(two.verify(token.expose(), now()).is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_unknown_keys_is_a_read_every_two_seconds() {
    let deployment = Deployment::new().await;
    let keys = Arc::new(deployment.replica(daily(), now()).await);
    let before = deployment.keys.loads.load(Ordering::SeqCst);
    let begun = tokio::time::Instant::now();
    let mut flood = JoinSet::new();
    for n in 0..5000 {
        let keys = Arc::clone(&keys);
        flood.spawn(async move {
            tokio::time::sleep(Duration::from_millis(n * 2)).await;
            keys.learn_keys(now()).await.unwrap();
        });
    }
    flood.join_all().await;
    let loads = deployment.keys.loads.load(Ordering::SeqCst) - before;
    assert!((5..=7).contains(&loads), "{loads}");
    assert!(begun.elapsed() < Duration::from_secs(13));
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_the_keys_gets_those_that_were_made_meanwhile() {
    let deployment = Deployment::new().await;
    let one = deployment.replica(daily(), now()).await;
    let two = deployment.replica(daily(), now()).await;
    // Somebody makes up a key, and at the same moment there is a new one.
    two.learn_keys(now()).await.unwrap();
    let old = kids(&one, now()).remove(0);
    one.drop_key(&old, now()).await.unwrap();
    let token = issue(&one, now());
    two.learn_keys(now()).await.unwrap();
    assert!(two.verify(token.expose(), now()).is_ok());
}

#[tokio::test(start_paused = true)]
async fn without_the_store_an_unknown_key_is_not_judged() {
    let deployment = Deployment::new().await;
    let keys = deployment.replica(daily(), now()).await;
    *deployment.keys.down.lock().unwrap() = true;
    keys.learn_keys(now()).await.unwrap_err();
}

/// Over all shapes: one key; a key and its successor that waits, of which either
/// goes; a successor that signs already, of which either goes; two that wait.
#[tokio::test]
async fn a_dropped_key_is_worth_nothing_and_what_is_signed_then_lives_its_whole_life() {
    for waiting in 0..3 {
        for elapsed in [Duration::ZERO, MINUTE * 20] {
            for which in 0..=waiting {
                let deployment = Deployment::new().await;
                let one = deployment.replica(daily(), now()).await;
                let two = deployment.replica(daily(), now()).await;
                for _ in 0..waiting {
                    one.rotate(now()).await.unwrap();
                }
                let at = now() + elapsed;
                let case = format!("{waiting} waited, {which} goes after {elapsed:?}");
                let before = issue(&one, at);
                let target = one.list(at)[which].kid.clone();
                one.drop_key(&target, at).await.unwrap();
                let kept = kid_of(&before) != target;
                two.maintain(at).await.unwrap();
                for keys in [&one, &two] {
                    assert_eq!(keys.verify(before.expose(), at).is_ok(), kept, "{case}");
                    assert!(!kids(keys, at).contains(&target), "{case}");
                }
                // From now on as ever, on both.
                for minute in 0..150 {
                    let at = at + MINUTE * minute;
                    for keys in [&one, &two] {
                        keys.maintain(at).await.unwrap();
                        let token = issue(keys, at);
                        let end = at + Duration::from_secs(3600 + 29);
                        for checks in [&one, &two] {
                            let verified = checks.verify(token.expose(), end);
                            assert!(verified.is_ok(), "{case}, minute {minute}");
                        }
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn a_published_key_takes_the_place_of_a_dropped_one() {
    let deployment = Deployment::new().await;
    let keys = deployment.replica(daily(), now()).await;
    let (old, next) = (
        kids(&keys, now()).remove(0),
        keys.rotate(now()).await.unwrap(),
    );
    let dropped = keys.drop_key(&old, now()).await.unwrap();
    // Verifiers have it already.
    assert_eq!((dropped.heir, dropped.made), (Some(next.clone()), None));
    assert_eq!(kid_of(&issue(&keys, now())), next);
}

#[tokio::test]
async fn only_a_key_in_use_can_be_dropped() {
    let deployment = Deployment::new().await;
    let keys = deployment.replica(daily(), now()).await;
    let old = kids(&keys, now()).remove(0);
    keys.drop_key(&old, now()).await.unwrap();
    for kid in ["nonsense", &old] {
        let error = keys.drop_key(kid, now()).await.unwrap_err();
        assert!(matches!(&error, KeySetError::NotThere { kid: named } if named == kid));
    }
    assert_eq!(keys.list(now()).len(), 1);
}

/// It would be taken for an option.
#[tokio::test]
async fn no_key_id_begins_with_a_hyphen() {
    struct Hyphens;
    impl menshen_domain::ports::randomness::Randomness for Hyphens {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(0xf8);
        }
    }
    let deployment = Deployment::new().await;
    let keys = KeySet::open(
        daily(),
        deployment.keys,
        deployment.ring,
        Arc::new(Hyphens),
        now(),
    );
    let kid = keys.await.unwrap().list(now())[0].kid.clone();
    assert!(kid.starts_with('e'), "{kid}");
}
