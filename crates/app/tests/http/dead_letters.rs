//! What no receiver took within a day: listed, and delivered again when somebody asks.

use chrono::TimeDelta;
use menshen_app::clock::SystemClock;
use menshen_domain::ports::clock::Clock as _;
use menshen_outbound::mock::Reaction;
use serde_json::{Value, json};

use crate::administration::{READ, admin_keys, get, post};
use crate::support::{Login, Service, ended, menshen, said};
use crate::webhooks::{Told, metric, until};

const DELIVERIES: &str = "webhooks/deliveries";
const REPLAY: &str = "webhooks/deliveries/replay";
const FIRST: [&str; 3] = ["user.created", "user.identity_linked", "session.created"];

/// Somebody came a day ago, and the receiver has not heard of it: three dead letters.
async fn a_day_later() -> (Told, Service, Login) {
    let told = Told::answering(false, Reaction::status(500, "")).await;
    let (keys, webhooks) = (admin_keys(), told.alone());
    let given = [("admin.keys", keys.as_str()), ("webhooks", &webhooks)];
    let service = Service::with(&given).await;
    let login = service.one_tap("alice").await;
    until("it was handed over", async || {
        service.count("webhook_deliveries").await == 3
    })
    .await;
    let past = (SystemClock.now() - TimeDelta::minutes(1)).to_rfc3339();
    let aged = format!("UPDATE webhook_deliveries SET give_up_at = '{past}'");
    service.sql(&aged).await;
    until("all of it is given up", async || {
        service
            .count("webhook_deliveries WHERE dead_at IS NOT NULL")
            .await
            == 3
    })
    .await;
    (told, service, login)
}

fn types(listed: &Value) -> Vec<&str> {
    let rows = listed["deliveries"].as_array().expect("a list");
    let names = rows.iter().map(|row| row["type"].as_str());
    names.map(|name| name.expect("a name")).collect()
}

#[tokio::test]
async fn dead_letters_are_listed_and_arrive_when_they_are_replayed() {
    let (told, service, login) = a_day_later().await;
    let listed = get(&service, DELIVERIES).send().await.ok();
    let mut latest_first = FIRST;
    latest_first.reverse();
    assert_eq!(types(&listed), latest_first);
    let receiver = json!([{
        "name": "crm", "configured": true, "events": [], "pending": 0, "dead": 3,
        "oldest_pending_at": null,
    }]);
    assert_eq!(listed["receivers"], receiver);
    let row = &listed["deliveries"][2];
    assert_eq!(row["user_id"], login.user());
    assert_eq!(
        (&row["state"], &row["receiver"]),
        (&json!("dead"), &json!("crm"))
    );
    assert_eq!(row["last_outcome"], "http_500");
    assert!(row["attempts"].as_u64() >= Some(1) && row["next_try_at"].is_null());

    told.goes(true);
    let before = told.names().len();
    let replayed = post(&service, REPLAY, json!({ "all": true, "receiver": "crm" }));
    let replayed = replayed.send().await.ok();
    assert_eq!(replayed, json!({ "count": 3, "more": false }));
    until("all of it", async || told.names().len() == before + 3).await;
    assert_eq!(told.names()[before..], FIRST, "in their order");
    until("nothing is left", async || {
        service.count("webhook_deliveries").await == 0
    })
    .await;
    let row = "audit_events WHERE action = 'webhooks.replayed' AND actor = 'ops.alice' \
               AND subject = 'dead crm' AND method = 'webhooks.replay'";
    assert_eq!(service.count(row).await, 1);
}

#[tokio::test]
async fn one_event_is_replayed_by_its_id_and_pages_go_on() {
    let (told, service, _) = a_day_later().await;
    let page = async |query: &str| {
        let path = format!("{DELIVERIES}?state=dead&receiver=crm&limit=2{query}");
        get(&service, &path).send().await.ok()
    };
    let first = page("").await;
    assert_eq!(types(&first).len(), 2);
    let cursor = first["next_cursor"].as_str().expect("a cursor");
    let second = page(&format!("&cursor={cursor}")).await;
    assert_eq!(types(&second), ["user.created"]);
    assert!(second["next_cursor"].is_null());
    told.goes(true);
    let event = &second["deliveries"][0]["event_id"];
    let replayed = post(&service, REPLAY, json!({ "event_id": event }))
        .send()
        .await;
    assert_eq!(replayed.ok()["count"], 1);
    until("it arrives", async || {
        service.count("webhook_deliveries").await == 2
    })
    .await;
    // It was made: there is no such delivery any more.
    let again = post(&service, REPLAY, json!({ "event_id": event }))
        .send()
        .await;
    again.fails(404, "not_found");
    let refused = "audit_events WHERE action = 'admin.refused' AND reason = 'not_found'";
    assert_eq!(service.count(refused).await, 1);
}

#[tokio::test]
async fn what_is_wrong_is_named_and_a_key_that_looks_replays_nothing() {
    let (_told, service, _) = a_day_later().await;
    for (body, field, fault) in [
        (json!({}), "event_id", "required"),
        (json!({ "event_id": "x" }), "event_id", "invalid_value"),
        (
            json!({ "all": true, "receiver": "A b" }),
            "receiver",
            "invalid_value",
        ),
    ] {
        let answer = post(&service, REPLAY, body).send().await;
        answer.fails(400, "invalid_request");
        answer.blames(field, fault);
    }
    for query in [
        "state=late",
        "receiver=A%20b",
        "limit=0",
        "limit=101",
        "cursor=x",
    ] {
        let answer = get(&service, &format!("{DELIVERIES}?{query}")).send().await;
        answer.fails(400, "invalid_request");
    }
    let call = service.post(&format!("/admin/v1/{REPLAY}")).bearer(READ);
    let call = call.json(json!({ "all": true })).send().await;
    call.fails(403, "forbidden");
    let look = service.get(&format!("/admin/v1/{DELIVERIES}")).bearer(READ);
    assert_eq!(types(&look.send().await.ok()).len(), 3);
}

/// On the machine of the service, with its settings.
fn run(service: &Service, arguments: &[&str]) -> (Option<i32>, String, String) {
    let all = [&["--config", "service.toml", "webhooks"], arguments].concat();
    let mut command = menshen(service.folder(), &[], &all);
    command.env("USER", "carol");
    let output = ended(command);
    let (out, err) = said(&output);
    (output.status.code(), out, err)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dead_letters_are_looked_after_by_command() {
    let (told, service, _) = a_day_later().await;
    let (status, out, err) = run(&service, &["list", "--state", "dead", "--format", "json"]);
    assert_eq!(status, Some(0), "{out}{err}");
    let listed: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(types(&listed).len(), 3);
    assert_eq!(listed["receivers"][0]["configured"], true);
    let (status, table, _) = run(&service, &["list"]);
    assert_eq!(status, Some(0));
    assert!(
        table.contains("receivers (1)") && table.contains("user.created"),
        "{table}"
    );
    let (status, table, _) = run(&service, &["list", "--state", "pending"]);
    assert_eq!(status, Some(0));
    assert!(!table.contains("user.created"), "{table}");
    told.goes(true);
    let event = listed["deliveries"][2]["event_id"].as_str().expect("an id");
    let (status, out, err) = run(&service, &["replay", event, "--receiver", "crm"]);
    assert_eq!(status, Some(0), "{out}{err}");
    let (status, out, err) = run(&service, &["replay", "--all"]);
    assert_eq!(status, Some(0), "{out}{err}");
    until("nothing is left", async || {
        service.count("webhook_deliveries").await == 0
    })
    .await;
    let told_by = "audit_events WHERE action = 'webhooks.replayed' AND actor = 'cli:carol'";
    assert_eq!(service.count(told_by).await, 2);
    for (arguments, words) in [
        (&["replay", event][..], "no such delivery"),
        (&["replay", "x"], "36 characters"),
        (&["list", "--receiver", "A b"], "--receiver: a name is"),
        (&["list", "--limit", "0"], "--limit"),
    ] {
        let (status, _, err) = run(&service, arguments);
        assert_eq!(status, Some(1), "{err}");
        assert!(err.contains(words), "{err}");
    }
    for arguments in [&["replay"][..], &["replay", event, "--all"]] {
        assert_eq!(run(&service, arguments).0, Some(2), "{arguments:?}");
    }
}

/// As many as are replayed at once, twice: nothing is left, and nobody is refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_portion_that_is_the_last_is_told_as_such() {
    let service = Service::with(&[("admin.keys", &admin_keys())]).await;
    let now = SystemClock.now().to_rfc3339();
    let dead = format!(
        "INSERT INTO webhook_deliveries \
         (event_id, receiver, user_id, kind, at, data, due_at, give_up_at, dead_at) \
         WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 1000) \
         SELECT unhex(format('%032d', n)), 'crm', unhex(format('%032d', n)), 'user.updated', \
         '{now}', '{{}}', '{now}', '{now}', '{now}' FROM numbers"
    );
    service.sql(&dead).await;
    let replay = async || post(&service, REPLAY, json!({ "all": true })).send().await;
    assert_eq!(replay().await.ok(), json!({ "count": 500, "more": true }));
    assert_eq!(replay().await.ok(), json!({ "count": 500, "more": false }));
    service
        .sql(&format!("UPDATE webhook_deliveries SET dead_at = '{now}'"))
        .await;
    let (status, out, err) = run(&service, &["replay", "--all", "--format", "json"]);
    assert_eq!(status, Some(0), "{out}{err}");
    let replayed: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(replayed, json!({ "count": 1000, "more": false }));
    for (row, count) in [("webhooks.replayed", 4), ("admin.refused", 0)] {
        let rows = format!("audit_events WHERE action = '{row}'");
        assert_eq!(service.count(&rows).await, count, "{row}");
    }
}

/// What was given up is counted, where it is delivered.
#[tokio::test]
async fn dead_letters_are_counted() {
    let (_told, service, _) = a_day_later().await;
    let service = service.restarted().await;
    let dead = r#"menshen_webhook_dead{receiver="crm"}"#;
    until("they are counted", async || {
        metric(&service, dead).await == 3
    })
    .await;
    let pending = r#"menshen_webhook_pending{receiver="crm"}"#;
    assert_eq!(metric(&service, pending).await, 0);
}
