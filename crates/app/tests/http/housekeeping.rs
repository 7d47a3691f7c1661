//! What was kept long enough goes by itself, by one replica at a time.

use std::time::Duration;

use chrono::TimeDelta;
use menshen_app::clock::SystemClock;
use menshen_domain::ports::clock::Clock as _;
use sea_orm::{ConnectionTrait as _, Statement};

use crate::support::Service;

/// How long to wait for what happens in the background.
const PATIENCE: Duration = Duration::from_mins(1);

/// Looks all the time.
const EAGER: [(&str, &str); 2] = [("retention.interval", "100ms"), ("retention.pause", "0s")];

const HELD: &str = "menshen_housekeeping_lease_held";
const DONE: &str = r#"menshen_housekeeping_runs_total{outcome="done"}"#;
const ELSEWHERE: &str = r#"menshen_housekeeping_runs_total{outcome="elsewhere"}"#;
const SESSIONS: &str = r#"menshen_housekeeping_rows_total{kind="sessions"}"#;
const LAST: &str = "menshen_housekeeping_last_success_timestamp_seconds";

/// A metric, a whole number.
async fn metric(service: &Service, name: &str) -> u64 {
    let answer = service.get("/metrics").raw().await;
    let text = answer.text().await.expect("a text");
    let value = text.lines().find_map(|line| line.strip_prefix(name));
    let value = value.unwrap_or_else(|| panic!("no {name} in {text}"));
    value.trim().parse().expect("a number")
}

async fn until(mut holds: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, waiting).await;
    waited.expect("it holds in time");
}

#[tokio::test]
async fn a_session_that_was_over_long_ago_goes_and_others_stay() {
    let service = Service::with(&EAGER).await;
    let (over, live) = (service.one_tap("alice").await, service.one_tap("bob").await);
    let logout = service.post("/v1/logout").bearer(over.access());
    logout.send().await.ok();
    until(async || metric(&service, DONE).await >= 2).await;
    assert_eq!(service.count("sessions").await, 2, "it is kept for a while");
    let told = service.refresh(over.refresh()).await;
    assert_eq!(told.fails(401, "session_revoked")["reason"], "signed_out");

    let then = (SystemClock.now() - TimeDelta::days(31)).to_rfc3339();
    let aged = format!("UPDATE sessions SET ended_at = '{then}' WHERE ended_at IS NOT NULL");
    service.sql(&aged).await;
    until(async || metric(&service, SESSIONS).await == 1).await;
    assert_eq!(service.count("sessions").await, 1);
    assert!(metric(&service, LAST).await > 1_700_000_000);
    let gone = service.refresh(over.refresh()).await;
    gone.fails(401, "refresh_token_invalid");
    service
        .me(over.access())
        .await
        .fails(401, "session_revoked");
    service.refresh(live.refresh()).await.ok();
}

#[tokio::test]
async fn one_of_two_replicas_sees_to_it_and_the_other_one_after_its_end() {
    let one = Service::with(&EAGER).await;
    let two = one.beside().await;
    until(async || {
        let (held, elsewhere) = (
            metric(&one, HELD).await + metric(&two, HELD).await,
            metric(&one, ELSEWHERE).await + metric(&two, ELSEWHERE).await,
        );
        held == 1 && elsewhere >= 3
    })
    .await;
    let leases = "leases WHERE name = 'housekeeping'";
    assert_eq!(one.count(leases).await, 1);
    let (holder, other) = if metric(&one, HELD).await == 1 {
        (one, two)
    } else {
        (two, one)
    };
    let before = metric(&other, DONE).await;
    drop(holder);
    until(async || metric(&other, HELD).await == 1 && metric(&other, DONE).await > before).await;
}

#[tokio::test]
async fn whoever_stops_leaves_the_rest_to_the_others_at_once() {
    let service = Service::with(&EAGER).await;
    let database = service.witness();
    until(async || metric(&service, HELD).await == 1).await;
    drop(service);
    // An ended lease would leave its row.
    let sql = "SELECT COUNT(*) FROM leases";
    let db = database.connection();
    let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), sql));
    let row = row.await.expect("an answer").expect("a row");
    assert_eq!(row.try_get_by_index::<i64>(0).expect("a number"), 0);
}

#[tokio::test]
async fn nothing_is_removed_at_the_start() {
    let service = Service::start().await;
    service.one_tap("alice").await;
    assert_eq!(metric(&service, DONE).await, 0);
    assert_eq!(metric(&service, ELSEWHERE).await, 0);
    assert_eq!(service.count("leases").await, 0);
}
