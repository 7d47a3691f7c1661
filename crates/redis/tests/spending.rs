//! Messages in Redis: what an emptied server asks for and for how long, and how much is
//! kept of what they are weighed in.
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

mod support;

use std::time::Duration;

use menshen_domain::model::limits::{LimitKey, LimitRule, Window};
use menshen_domain::model::spend::{SpendScope, Tally};
use menshen_domain::ports::rate_limiter::{
    Admission, MessagePlaces, RateLimiter as _, Remembered, Reservation,
};
use menshen_redis::rate_limiter::RedisRateLimiter;
use menshen_testkit::sample::phone;
use menshen_testkit::servers::redis::RedisServer;
use support::Stores;

fn places(n: u32) -> MessagePlaces {
    let person = LimitKey::SmsPhone(phone(n));
    MessagePlaces {
        windows: vec![Window {
            rule: LimitRule::SmsVolume,
            key: person.clone(),
            limit: 3,
            per: Duration::from_hours(24),
        }],
        person: Some(person),
        scopes: vec![SpendScope::Deployment],
    }
}

async fn ask(limiter: &RedisRateLimiter, n: u32) -> Remembered {
    limiter.reserve_recalled(&places(n)).await.unwrap()
}

#[track_caller]
fn admitted(remembered: Remembered) -> Reservation {
    match remembered {
        Remembered::Known(Admission::Reserved(reservation)) => reservation,
        other => panic!("{other:?}"),
    }
}

/// The only key whose name has this part.
fn key(server: &RedisServer, part: &str) -> String {
    let keys = server.command(&["KEYS", &format!("*{part}*")]);
    assert_eq!(keys.lines().count(), 1, "{keys}");
    keys.trim().to_owned()
}

/// A day after the loss, or where nothing was ever lost, an ask costs no second call.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_are_asked_for_a_day_after_the_loss_and_no_longer() {
    let server = RedisServer::start();
    let limiter = Stores::over(&server.url()).limiter();
    assert_eq!(ask(&limiter, 1).await, Remembered::Nothing);
    assert!(limiter.recall(&[]).await.unwrap());
    assert_eq!(ask(&limiter, 1).await, Remembered::NotThePerson);
    let mark = key(&server, ":remembers:");
    let told: u64 = server.command(&["GET", &mark]).trim().parse().unwrap();
    let day = 86_400 * 1_000_000;
    let before = |ago: u64| (told - ago).to_string();
    server.command(&["SET", &mark, &before(day - 60_000_000), "PX", "60000"]);
    assert_eq!(ask(&limiter, 1).await, Remembered::NotThePerson);
    server.command(&["SET", &mark, &before(day), "PX", "60000"]);
    admitted(ask(&limiter, 1).await);
    // Whatever is sent keeps what was told: it is not told again every day.
    let left: u64 = server.command(&["PTTL", &mark]).trim().parse().unwrap();
    assert!(left > 24 * 3_600 * 1_000, "{left}");
    // What another version wrote is of long ago.
    server.command(&["SET", &mark, "1", "PX", "60000"]);
    admitted(ask(&limiter, 2).await);
    server.command(&["FLUSHALL"]);
    assert_eq!(ask(&limiter, 1).await, Remembered::Nothing);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_what_is_weighed_a_day_is_kept() {
    let server = RedisServer::start();
    let limiter = Stores::over(&server.url()).limiter();
    assert!(limiter.recall(&[]).await.unwrap());
    for n in 1..=2 {
        assert!(
            limiter
                .recall_person(&LimitKey::SmsPhone(phone(n)), &[])
                .await
                .unwrap()
        );
    }
    let first = admitted(ask(&limiter, 1).await);
    let (at, scope) = (first.spend.at, key(&server, ":spend:"));
    // The oldest hour that counts, the one before it, and the same of two minutes.
    let (fine, coarse) = (at / 120, at / 3_600);
    for (field, value) in [
        (format!("c{}s", coarse - 23), "5"),
        (format!("c{}v", coarse - 24), "7"),
        (format!("f{}s", fine - 30), "5"),
        (format!("f{}v", fine - 32), "7"),
    ] {
        server.command(&["HSET", &scope, &field, value]);
    }
    let second = admitted(ask(&limiter, 2).await);
    let counted = second.spend.counted[0].1.total();
    let expected = Tally {
        sent: 6,
        verified: 0,
    };
    // Unless an hour has just begun.
    if second.spend.at / 3_600 == coarse {
        assert_eq!(counted, expected);
    }
    let fields = server.command(&["HKEYS", &scope]);
    assert!(!fields.contains(&format!("c{}v", coarse - 24)), "{fields}");
    assert!(!fields.contains(&format!("f{}v", fine - 32)), "{fields}");
    let left: i64 = server.command(&["TTL", &scope]).trim().parse().unwrap();
    assert!((86_000..=86_400).contains(&left), "{left}");
}
