//! Two replicas over one PostgreSQL and one Redis: what ends on one is over on the
//! other.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header, jwk::JwkSet};
use menshen_app::clock::SystemClock;
use menshen_domain::ports::clock::Clock as _;
use menshen_testkit::servers::postgres::PostgresDatabase;
use menshen_testkit::servers::redis::RedisServer;
use serde_json::json;
use tokio::task::spawn_blocking;
use tokio::time::{sleep, sleep_until};

use crate::support::{Login, Service};

const MASTER: &str = "MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ub3BxcnN0dXY=";
/// The number of the simulator's person of that name.
const PHONE_OF_ALICE: &str = "+8613800138000";
/// How long a replica may go on believing that a session lives.
const BOUND: Duration = Duration::from_secs(1);
/// How long what is meant to happen at once may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// Two replicas and what they share.
struct Pair {
    one: Service,
    other: Service,
    redis: Arc<RedisServer>,
    _database: PostgresDatabase,
}

async fn pair() -> Pair {
    let redis = spawn_blocking(RedisServer::start).await;
    let redis = Arc::new(redis.expect("a Redis server"));
    let database = PostgresDatabase::fresh().await;
    let (store, shared) = (database.url.clone(), redis.url());
    let one = Service::with(&[
        ("database.url", store.as_str()),
        ("ephemeral.url", shared.as_str()),
        ("secrets.master_key", MASTER),
        // One person of these tests refreshes more often than an app does.
        ("tokens.refresh_per_session", "0"),
        ("tokens.refresh_per_ip", "0"),
    ])
    .await;
    let other = one.replica().await;
    Pair {
        one,
        other,
        redis,
        _database: database,
    }
}

/// A figure of `/metrics`.
async fn metric(service: &Service, line: &str) -> u64 {
    let text = service.get("/metrics").raw().await.text().await;
    let text = text.expect("text");
    let value = text.lines().find_map(|found| found.strip_prefix(line));
    let value = value.unwrap_or_else(|| panic!("{line} is not in {text}"));
    value.trim().parse().expect("a number")
}

/// Waits until a replica listens to the others.
async fn listens(service: &Service) {
    let since = Instant::now();
    while metric(service, "menshen_session_notices_subscribed").await != 1 {
        assert!(since.elapsed() < PATIENCE, "nobody listens");
        sleep(Duration::from_millis(20)).await;
    }
}

async fn received(service: &Service) -> u64 {
    let line = "menshen_session_notices_total{fate=\"received\"}";
    metric(service, line).await
}

/// The session is over there, for this reason, at the latest when the bound is.
async fn over_in_time(service: &Service, login: &Login, ended: Instant, reason: &str) {
    sleep_until((ended + BOUND).into()).await;
    let answer = service.verify(login.access()).await;
    assert_eq!(answer.fails(401, "session_revoked")["reason"], reason);
    let answer = service.me(login.access()).await;
    assert_eq!(answer.fails(401, "session_revoked")["reason"], reason);
}

async fn logout(service: &Service, login: &Login) -> Instant {
    let call = service.post("/v1/logout").bearer(login.access());
    call.json(json!({})).send().await.ok();
    Instant::now()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_lives_on_both_and_ends_on_both() {
    let pair = pair().await;
    let (one, other) = (&pair.one, &pair.other);
    let issued = one.one_tap("alice").await;
    other.verify(issued.access()).await.ok();
    let refreshed = Login::of(&other.refresh(issued.refresh()).await);
    one.verify(refreshed.access()).await.ok();
    one.me(refreshed.access()).await.ok();
    let again = Login::of(&one.refresh(refreshed.refresh()).await);
    let ended = logout(other, &again).await;
    over_in_time(one, &again, ended, "signed_out").await;
    over_in_time(other, &again, ended, "signed_out").await;
    let refused = one.refresh(again.refresh()).await;
    assert_eq!(
        refused.fails(401, "session_revoked")["reason"],
        "signed_out"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_ends_on_one_is_told_to_the_other() {
    let pair = pair().await;
    let (one, other) = (&pair.one, &pair.other);
    listens(other).await;
    for person in ["alice", "bob", "carol"] {
        let login = one.one_tap(person).await;
        let before = received(other).await;
        other.verify(login.access()).await.ok();
        logout(one, &login).await;
        let since = Instant::now();
        while received(other).await == before {
            assert!(since.elapsed() < PATIENCE, "nothing was heard");
            sleep(Duration::from_millis(5)).await;
        }
        let answer = other.verify(login.access()).await;
        answer.fails(401, "session_revoked");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_redis_an_end_is_seen_within_the_second() {
    let pair = pair().await;
    let (one, other) = (&pair.one, &pair.other);
    listens(other).await;
    let (emptied, killed, hangs) = (
        one.one_tap("alice").await,
        one.one_tap("bob").await,
        one.one_tap("carol").await,
    );
    pair.redis.command(&["FLUSHALL"]);
    other.verify(emptied.access()).await.ok();
    let ended = logout(one, &emptied).await;
    over_in_time(other, &emptied, ended, "signed_out").await;
    pair.redis.freeze();
    other.verify(hangs.access()).await.ok();
    let ended = logout(one, &hangs).await;
    over_in_time(other, &hangs, ended, "signed_out").await;
    pair.redis.thaw();
    pair.redis.kill();
    other.verify(killed.access()).await.ok();
    let ended = logout(one, &killed).await;
    over_in_time(other, &killed, ended, "signed_out").await;
    // And what was revoked stays so when Redis is back, with nothing in it.
    pair.redis.restart();
    for login in [&emptied, &hangs, &killed] {
        let answer = other.verify(login.access()).await;
        answer.fails(401, "session_revoked");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_merged_account_is_over_on_the_other_replica_in_time() {
    let pair = pair().await;
    let (one, other) = (&pair.one, &pair.other);
    let owner = one.sms_login(PHONE_OF_ALICE).await;
    let tapped = one.one_tap("alice").await;
    other.verify(tapped.access()).await.ok();
    let merged = Login::of(&one.bind_by_button(&tapped, "alice").await);
    let ended = Instant::now();
    assert_eq!(merged.0["merged"], true);
    over_in_time(other, &tapped, ended, "merged").await;
    for login in [&merged, &owner] {
        other.verify(login.access()).await.ok();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_that_is_shut_in_the_database_is_over_everywhere_in_time() {
    let pair = pair().await;
    let (one, other) = (&pair.one, &pair.other);
    for (person, reason) in [("alice", "disabled"), ("bob", "cancelled")] {
        let login = one.one_tap(person).await;
        one.verify(login.access()).await.ok();
        other.verify(login.access()).await.ok();
        // As another program of the operator's would: nobody is told.
        one.sql(&format!(
            "UPDATE sessions SET ended_at = now(), end_reason = '{reason}' WHERE user_id = '{}'",
            login.user()
        ))
        .await;
        let ended = Instant::now();
        over_in_time(other, &login, ended, reason).await;
        over_in_time(one, &login, ended, reason).await;
    }
}

fn kid(login: &Login) -> String {
    let header = decode_header(login.access()).expect("a header");
    header.kid.expect("a key")
}

async fn published(service: &Service) -> JwkSet {
    let answer = service.get("/.well-known/jwks.json").send().await;
    serde_json::from_value(answer.body()).expect("a key set")
}

fn kids(set: &JwkSet) -> BTreeSet<String> {
    let keys = set.keys.iter();
    keys.filter_map(|key| key.common.key_id.clone()).collect()
}

/// What a backend that keeps a key set makes of a token.
fn holds(set: &JwkSet, login: &Login) -> bool {
    let Some(key) = set.find(&kid(login)) else {
        return false;
    };
    let mut rules = Validation::new(Algorithm::ES256);
    rules.set_audience(&["menshen"]);
    let key = DecodingKey::from_jwk(key).expect("a public key");
    decode::<serde_json::Value>(login.access(), &key, &rules).is_ok()
}

/// Refreshes again and again, on one replica and on the other in turn, and holds
/// every token against both, and against the key sets that a backend fetched from
/// both in this round and the one before; until `reached`.
async fn rotate_under_load(
    pair: &Pair,
    issued: &mut Vec<Login>,
    sets: &mut Vec<[JwkSet; 2]>,
    reached: impl Fn(&[Login], &[JwkSet; 2]) -> bool,
) {
    let since = Instant::now();
    let both = [&pair.one, &pair.other];
    loop {
        let set = [published(both[0]).await, published(both[1]).await];
        sets.push(set.clone());
        // A backend may keep a key set for minutes; here it keeps the one before.
        let kept = &sets[sets.len().saturating_sub(2)];
        let mut round = Vec::new();
        for service in both {
            let last: &Login = round.last().or(issued.last()).expect("a session");
            round.push(Login::of(&service.refresh(last.refresh()).await));
        }
        for login in issued.iter().rev().take(4).chain(&round) {
            for service in both {
                service.verify(login.access()).await.ok();
            }
            for set in kept.iter().chain(&set) {
                assert!(holds(set, login), "{} is not in {set:?}", kid(login));
            }
        }
        let done = reached(&round, &set);
        issued.extend(round);
        if done {
            return;
        }
        assert!(since.elapsed() < Duration::from_mins(2), "not reached");
        sleep(Duration::from_millis(200)).await;
    }
}

/// The clock is moved by moving the keys: what was published a moment ago is made
/// to have been published long enough.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_rotate_under_load_and_a_dropped_one_is_worth_nothing_within_a_minute() {
    let pair = pair().await;
    let mut issued = vec![pair.one.one_tap("alice").await];
    let mut sets = Vec::new();
    rotate_under_load(&pair, &mut issued, &mut sets, |_, _| true).await;
    let old = kid(&issued[0]);
    let operator = pair.one.keys_aside().await;
    let next = operator.rotate(SystemClock.now()).await.expect("a key");
    let in_both = |set: &[JwkSet; 2]| set.iter().all(|set| kids(set).contains(&next));
    rotate_under_load(&pair, &mut issued, &mut sets, |_, set| in_both(set)).await;
    // It does not sign yet, anywhere.
    assert!(issued.iter().all(|login| kid(login) == old));
    pair.one
        .sql(&format!(
            "UPDATE signing_keys SET not_before = now() WHERE kid = '{next}'"
        ))
        .await;
    let by_next = |round: &[Login]| round.iter().all(|login| kid(login) == next);
    rotate_under_load(&pair, &mut issued, &mut sets, |round, _| by_next(round)).await;
    // What was signed before is good still.
    let last_old = issued.iter().rfind(|login| kid(login) == old);
    let last_old = last_old.expect("a token of the old key");
    assert!(holds(&published(&pair.other).await, last_old));
    // The emergency.
    let begun = Instant::now();
    operator
        .drop_key(&next, SystemClock.now())
        .await
        .expect("it is there");
    let newest = issued.last().expect("a token");
    for service in [&pair.one, &pair.other] {
        loop {
            let answer = service.verify(newest.access()).await;
            if answer.status == 401 {
                answer.fails(401, "token_invalid");
                break;
            }
            assert!(begun.elapsed() < Duration::from_mins(1), "it lives still");
            sleep(Duration::from_millis(100)).await;
        }
        assert!(!kids(&published(service).await).contains(&next));
    }
    issued.drain(..issued.len() - 1);
    sets.clear();
    let last = issued[0].refresh().to_owned();
    issued[0] = Login::of(&pair.other.refresh(&last).await);
    rotate_under_load(&pair, &mut issued, &mut sets, |_, _| true).await;
    assert!(issued.iter().all(|login| kid(login) != next));
}
