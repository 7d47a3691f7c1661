//! How the connections to the stores are used.

use std::fmt;

use menshen_redis::Redis;
use menshen_sql::Database;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

/// Asks the pools at each scrape.
pub(crate) struct Pools {
    database: Database,
    redis: Option<Redis>,
}

/// One pool at this moment.
struct Reading {
    store: &'static str,
    limit: u64,
    in_use: u64,
    idle: u64,
    waiting: u64,
    timeouts: u64,
    breaks: u64,
}

/// A metric of each pool: its name, what it tells, and its value.
type Told = (&'static str, &'static str, fn(&Reading) -> u64);

const GAUGES: [Told; 2] = [
    ("pool_limit", "Connections to a store at most", |one| {
        one.limit
    }),
    (
        "pool_waiting",
        "Operations that wait for a connection",
        |one| one.waiting,
    ),
];

const COUNTERS: [Told; 2] = [
    (
        "pool_timeouts",
        "Operations that got no connection in time",
        |one| one.timeouts,
    ),
    (
        "pool_breaks",
        "How often connections turned out to be worth nothing any more",
        |one| one.breaks,
    ),
];

impl Pools {
    /// The pools of a process; without Redis there is one.
    pub(crate) fn new(database: Database, redis: Option<Redis>) -> Self {
        Self { database, redis }
    }

    fn read(&self) -> Vec<Reading> {
        let sql = self.database.pool_state();
        let mut all = vec![Reading {
            store: "sql",
            limit: sql.limit.into(),
            in_use: sql.open.saturating_sub(sql.idle).into(),
            idle: sql.idle.into(),
            waiting: sql.waiting.into(),
            timeouts: sql.timeouts,
            breaks: sql.breaks,
        }];
        if let Some(redis) = &self.redis {
            let redis = redis.pool_state();
            all.push(Reading {
                store: "redis",
                limit: number(redis.limit),
                in_use: number(redis.open.saturating_sub(redis.idle)),
                idle: number(redis.idle),
                waiting: number(redis.waiting),
                timeouts: redis.timeouts,
                breaks: redis.breaks,
            });
        }
        all
    }
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

impl fmt::Debug for Pools {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pools")
    }
}

impl Collector for Pools {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let all = self.read();
        let gauge = |count| ConstGauge::new(i64::try_from(count).unwrap_or(i64::MAX));
        let help = "Connections to a store by what they do";
        let kind = MetricType::Gauge;
        let mut told = encoder.encode_descriptor("pool_connections", help, None, kind)?;
        for one in &all {
            for (state, count) in [("in_use", one.in_use), ("idle", one.idle)] {
                let labels = [("store", one.store), ("state", state)];
                gauge(count).encode(told.encode_family(&labels)?)?;
            }
        }
        for (name, help, value) in GAUGES {
            let mut told = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            for one in &all {
                let labels = [("store", one.store)];
                gauge(value(one)).encode(told.encode_family(&labels)?)?;
            }
        }
        for (name, help, value) in COUNTERS {
            let mut told = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
            for one in &all {
                let labels = [("store", one.store)];
                ConstCounter::new(value(one)).encode(told.encode_family(&labels)?)?;
            }
        }
        Ok(())
    }
}
