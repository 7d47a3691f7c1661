//! What a receiver gets, and what is made of its answers.

#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use menshen_domain::model::identifiers::{EventId, UserId};
use menshen_domain::model::webhook::{Delivery, ReceiverName, SendFault, SendOutcome};
use menshen_domain::ports::clock::Clock;
use menshen_domain::ports::webhook_sender::WebhookSender as _;
use menshen_outbound::mock::{MockServer, Reaction, Seen};
use menshen_webhooks::{HttpWebhookSender, Receiver};
use uuid::Uuid;

const KEY: &[u8] = b"0123456789abcdefghijklmn";
/// Long enough for whoever answers at once, on a machine that does much else.
const PATIENCE: Duration = Duration::from_secs(3);

struct Fixed(DateTime<Utc>);

impl Clock for Fixed {
    fn now(&self) -> DateTime<Utc> {
        self.0
    }
}

fn moment() -> DateTime<Utc> {
    DateTime::from_timestamp_millis(1_767_225_600_123).unwrap()
}

fn delivery() -> Delivery {
    Delivery {
        event: EventId::from_uuid(Uuid::from_u128(7)),
        receiver: ReceiverName::parse("a").unwrap(),
        user: UserId::from_uuid(Uuid::from_u128(9)),
        kind: "user.created".to_owned(),
        at: moment(),
        data: r#"{"user_id":"00000000-0000-0000-0000-000000000009"}"#.to_owned(),
        attempts: 0,
        give_up_at: moment() + TimeDelta::hours(24),
    }
}

fn sender(url: &str, now: DateTime<Utc>) -> HttpWebhookSender {
    let secret = format!("whsec_{}", BASE64_STANDARD.encode(KEY));
    let name = ReceiverName::parse("a").unwrap();
    let receiver = Receiver::parse(name, url, &secret.into()).unwrap();
    HttpWebhookSender::new(vec![receiver], Arc::new(Fixed(now)))
        .unwrap()
        .with_patience(PATIENCE)
}

async fn outcome(reaction: Reaction) -> SendOutcome {
    let server = MockServer::start(move |_, _| reaction.clone())
        .await
        .unwrap();
    sender(&server.url(), moment()).send(&delivery()).await
}

/// Computed by the text of the specification, and not by what signs.
fn is_signed(seen: &Seen) -> bool {
    let (id, at) = (
        seen.header("webhook-id").unwrap(),
        seen.header("webhook-timestamp").unwrap(),
    );
    let signed = [id, ".", at, ".", &seen.text()].concat();
    let key = hmac::Key::new(hmac::HMAC_SHA256, KEY);
    let tag = BASE64_STANDARD.encode(hmac::sign(&key, signed.as_bytes()));
    seen.header("webhook-signature") == Some(&format!("v1,{tag}"))
}

#[tokio::test]
async fn each_try_says_the_same_and_is_signed_for_its_moment() {
    let server = MockServer::start(|_, _| Reaction::status(500, ""))
        .await
        .unwrap();
    let url = format!("{}/hooks/menshen", server.url());
    for hours in [0, 5] {
        let sender = sender(&url, moment() + TimeDelta::hours(hours));
        let tried = sender.send(&delivery()).await;
        assert_eq!(tried, SendOutcome::Refused { status: 500 });
    }
    let seen = server.seen();
    for one in &seen {
        assert_eq!((&*one.method, &*one.target), ("POST", "/hooks/menshen"));
        assert_eq!(one.header("content-type"), Some("application/json"));
        assert_eq!(
            one.text(),
            r#"{"type":"user.created","timestamp":"2026-01-01T00:00:00.123Z","data":{"user_id":"00000000-0000-0000-0000-000000000009"}}"#
        );
        let id = one.header("webhook-id");
        assert_eq!(id, Some("00000000-0000-0000-0000-000000000007"));
        assert!(is_signed(one));
        let json: serde_json::Value = serde_json::from_slice(&one.body).unwrap();
        assert_eq!(json["type"], "user.created");
    }
    let moments = seen.iter().map(|one| one.header("webhook-timestamp"));
    let moments: Vec<_> = moments.map(Option::unwrap).collect();
    assert_eq!(moments, ["1767225600", "1767243600"]);
}

#[tokio::test]
async fn an_answer_has_its_outcome() {
    for status in [200, 201, 202, 204, 299] {
        let tried = outcome(Reaction::status(status, "")).await;
        assert_eq!(tried, SendOutcome::Delivered, "{status}");
    }
    for status in [301, 302, 307, 308, 400, 401, 404, 413, 500, 502] {
        let tried = outcome(Reaction::status(status, "")).await;
        assert_eq!(tried, SendOutcome::Refused { status });
    }
    assert_eq!(outcome(Reaction::status(410, "")).await, SendOutcome::Gone);
    for status in [429, 503] {
        for (said, wait) in [
            (None, None),
            (Some("17"), Some(Duration::from_secs(17))),
            (Some("soon"), None),
        ] {
            let said = said.map(|said| ("retry-after", said.to_owned()));
            let reaction = Reaction::Answer {
                status,
                headers: said.into_iter().collect(),
                body: Vec::new(),
            };
            assert_eq!(outcome(reaction).await, SendOutcome::Busy { status, wait });
        }
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = MockServer::start(|_, _| Reaction::ok("")).await.unwrap();
    let reaction = Reaction::Answer {
        status: 307,
        headers: vec![("location", elsewhere.url())],
        body: Vec::new(),
    };
    assert_eq!(
        outcome(reaction).await,
        SendOutcome::Refused { status: 307 }
    );
    assert!(elsewhere.seen().is_empty());
}

#[tokio::test]
async fn who_does_not_answer_is_waited_for_no_longer_than_a_try_may_take() {
    let failed = |fault| SendOutcome::Failed(fault);
    assert_eq!(outcome(Reaction::Hang).await, failed(SendFault::TimedOut));
    assert_eq!(outcome(Reaction::Close).await, failed(SendFault::Broken));
    let gone = MockServer::start(|_, _| Reaction::Hang)
        .await
        .unwrap()
        .url();
    let tried = sender(&gone, moment()).send(&delivery()).await;
    assert_eq!(tried, failed(SendFault::NoConnection));
}

#[tokio::test]
async fn a_2xx_counts_whatever_follows_it() {
    for reaction in [Reaction::Endless, Reaction::CutShort(b"{".to_vec())] {
        assert_eq!(outcome(reaction).await, SendOutcome::Delivered);
    }
}

#[tokio::test]
async fn a_receiver_that_is_not_there_any_more_gets_nothing() {
    let server = MockServer::start(|_, _| Reaction::ok("")).await.unwrap();
    let mut other = delivery();
    other.receiver = ReceiverName::parse("b").unwrap();
    let tried = sender(&server.url(), moment()).send(&other).await;
    assert_eq!(tried, SendOutcome::Failed(SendFault::NoConnection));
    assert!(server.seen().is_empty());
}
