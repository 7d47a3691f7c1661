//! Real servers, the service over them, and a load.

use std::sync::Arc;
use std::time::Duration;

use menshen_testkit::servers::postgres::PostgresServer;
use menshen_testkit::servers::redis::RedisServer;
use tokio::sync::{Mutex, MutexGuard};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep};

use crate::expected::Expected;
use crate::load::Load;
use crate::record::{Kind, Outcome, Sample, summary};
use crate::support::Service;

/// No answer may take longer, whatever hangs.
pub(crate) const LONGEST: Duration = Duration::from_secs(6);
/// How soon all is well after a dependency is back.
const BACK: Duration = Duration::from_secs(5);
/// How long errors may go on once the first has been served again.
const BURST: Duration = Duration::from_secs(2);
/// How long a test waits for enough answers.
const PATIENCE: Duration = Duration::from_secs(40);
/// Answers of each kind that are enough.
const ENOUGH: usize = 6;

/// The limits would get in the way of the load, and are tested elsewhere; beside
/// PostgreSQL there is no folder to keep a made key in.
const SETTINGS: [(&str, &str); 14] = [
    (
        "secrets.master_key",
        "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=",
    ),
    ("tokens.refresh_per_session", "0"),
    ("tokens.refresh_per_ip", "0"),
    ("sms.per_ip_hour", "0"),
    ("sms.per_ip_day", "0"),
    ("sms.deployment_day", "0"),
    ("sms.per_network_hour", "0"),
    ("sms.per_prefix_hour", "0"),
    ("sms.deployment_minute", "0"),
    ("sms.failures_per_network", "0"),
    ("sms.failures_per_ip", "0"),
    ("sms.captcha.after", "0"),
    ("sms.guard", "off"),
    ("sessions.max_per_client_type", "0"),
];

/// Servers, the service over them, and a load on it.
pub(crate) struct Stage {
    pub(crate) redis: Arc<RedisServer>,
    pub(crate) postgres: Arc<PostgresServer>,
    pub(crate) service: Arc<Service>,
    _alone: MutexGuard<'static, ()>,
}

/// Waits until no other fault is tested.
pub(crate) async fn alone() -> MutexGuard<'static, ()> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());
    ONE_AT_A_TIME.lock().await
}

impl Stage {
    pub(crate) async fn set() -> Self {
        let alone = alone().await;
        let servers = spawn_blocking(|| (RedisServer::start(), PostgresServer::start()));
        let (redis, postgres) = servers.await.expect("servers");
        let (redis_url, database_url) = (redis.url(), postgres.url());
        let mut given = SETTINGS.to_vec();
        given.push(("ephemeral.url", &redis_url));
        given.push(("database.url", &database_url));
        let service = Service::with(&given).await;
        Self {
            redis: Arc::new(redis),
            postgres: Arc::new(postgres),
            service: Arc::new(service),
            _alone: alone,
        }
    }

    pub(crate) async fn redis(&self, act: impl FnOnce(&RedisServer) + Send + 'static) {
        let redis = Arc::clone(&self.redis);
        spawn_blocking(move || act(&redis)).await.expect("done");
    }

    pub(crate) async fn postgres(&self, act: impl FnOnce(&PostgresServer) + Send + 'static) {
        let postgres = Arc::clone(&self.postgres);
        spawn_blocking(move || act(&postgres)).await.expect("done");
    }
}

/// A fault under load, from before it to after it.
pub(crate) struct Fault {
    load: Load,
    expected: fn(Kind) -> Expected,
}

impl Fault {
    /// Lets everything be served first.
    pub(crate) async fn expecting(service: &Arc<Service>, expected: fn(Kind) -> Expected) -> Self {
        let load = Load::start(service).await;
        let began = Instant::now();
        load.until(PATIENCE, |samples| {
            enough(samples, |sample| sample.asked >= began && sample.served())
        })
        .await;
        Self { load, expected }
    }

    /// The fault is there now. Waits for answers of every kind, and holds them
    /// against the table.
    ///
    /// What a process believes of a session for a second is left out.
    pub(crate) async fn hit(&self) -> Vec<Sample> {
        sleep(Duration::from_millis(1_100)).await;
        let hit = Instant::now();
        self.load
            .until(PATIENCE, |samples| enough(samples, |one| one.asked >= hit))
            .await;
        let samples = self.load.samples();
        let during: Vec<_> = samples.into_iter().filter(|one| one.asked >= hit).collect();
        for sample in &during {
            let expected = (self.expected)(sample.kind);
            assert!(
                expected.holds(&sample.outcome),
                "{sample:?}, expected {expected:?}\n{}",
                summary(&during)
            );
        }
        during
    }

    /// The dependency is back. Waits until everything is served again and goes on
    /// to be, within the bounds; then holds all answers against them.
    pub(crate) async fn mended(self, service: &Service) -> Vec<Sample> {
        let mended = Instant::now();
        let after = |sample: &Sample| sample.asked >= mended;
        self.load
            .until(PATIENCE, |samples| {
                let settled = mended.elapsed() > BURST;
                settled && enough(samples, |one| after(one) && one.served())
            })
            .await;
        let (samples, ledger) = self.load.stop().await;
        let later: Vec<_> = samples.iter().filter(|one| after(one)).cloned().collect();
        for kind in Kind::ALL {
            let of_kind = || later.iter().filter(|one| one.kind == kind);
            let served = of_kind().filter(|one| one.served()).map(|one| one.asked);
            let failed = of_kind().filter(|one| !one.served()).map(|one| one.asked);
            let (first, last) = (served.min(), failed.max());
            let first = first.unwrap_or_else(|| panic!("{kind:?} is not back"));
            assert!(first < mended + BACK, "{kind:?}\n{}", summary(&later));
            if let Some(last) = last {
                assert!(last < mended + BACK, "{kind:?}\n{}", summary(&later));
                assert!(last < first + BURST, "{kind:?}\n{}", summary(&later));
            }
        }
        in_time(&samples, LONGEST);
        ledger.holds(service).await;
        samples
    }

    /// The test is over before the dependency is back: holds all answers, and what
    /// was acknowledged, against the bounds.
    pub(crate) async fn over(self, service: &Service) {
        let (samples, ledger) = self.load.stop().await;
        in_time(&samples, LONGEST);
        ledger.holds(service).await;
    }
}

/// None of these took as long.
pub(crate) fn in_time(samples: &[Sample], bound: Duration) {
    let longest = samples.iter().map(|sample| sample.took).max();
    assert!(longest < Some(bound), "{}", summary(samples));
}

/// Ninety-nine of a hundred took less.
pub(crate) fn mostly_in_time(samples: &[Sample], bound: Duration) {
    let slow = samples.iter().filter(|sample| sample.took >= bound).count();
    assert!(slow * 100 <= samples.len(), "{}", summary(samples));
}

fn enough(samples: &[Sample], counts: impl Fn(&Sample) -> bool) -> bool {
    Kind::ALL.iter().all(|kind| {
        let of_kind = samples.iter().filter(|one| one.kind == *kind);
        of_kind.filter(|one| counts(one)).take(ENOUGH).count() == ENOUGH
    })
}

/// What a readiness answer says is down.
pub(crate) fn down(body: &serde_json::Value) -> String {
    let dependencies = body["dependencies"].as_object().expect("dependencies");
    let down = dependencies.iter().filter(|(_, word)| *word != "up");
    let names: Vec<&str> = down.map(|(name, _)| name.as_str()).collect();
    names.join(", ")
}

/// What a readiness answer comes to.
pub(crate) fn readiness(status: u16, body: &serde_json::Value) -> Outcome {
    match down(body) {
        none if none.is_empty() && status == 200 => Outcome::Served,
        names => Outcome::Refused(status, names),
    }
}
