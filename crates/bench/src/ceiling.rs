//! What this machine could do at best: each part of a scenario by itself, and the
//! scenario if nothing but its parts cost anything.

pub mod empty_http;
pub mod postgres;
pub mod redis;
pub mod signatures;

use std::error::Error;
use std::thread;
use std::time::Duration;

use menshen_testkit::servers::postgres::DurablePostgres;
use menshen_testkit::servers::redis::RedisServer;

use crate::scenario::Scenario;

/// A part by itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cost {
    /// How many a second there were.
    pub per_second: f64,
    /// Processor time of one, of everybody who took part in it.
    pub each: Duration,
}

/// The parts, each by itself.
#[derive(Debug)]
pub struct Parts {
    /// A request to a handler that does nothing, the asking included.
    pub http: Cost,
    /// An ES256 signature.
    pub sign: Cost,
    /// The check of one.
    pub verify: Cost,
    /// A command of Redis, the asking included.
    pub redis: Cost,
    /// The statements of each scenario, the asking included.
    pub statements: Vec<(Scenario, Cost)>,
}

impl Parts {
    /// Measures each part for so long.
    ///
    /// # Errors
    ///
    /// If one of the tools (`pgbench`, `redis-benchmark`) does not work.
    pub fn measure(
        postgres: &DurablePostgres,
        redis: &RedisServer,
        users: u64,
        connections: usize,
        time: Duration,
    ) -> Result<Self, Box<dyn Error>> {
        let mut statements = Vec::new();
        for scenario in Scenario::ALL {
            if let Some(script) = postgres::script(scenario) {
                let cost = postgres::measure(postgres, &script, users, time)?;
                statements.push((scenario, cost));
            }
        }
        Ok(Self {
            http: empty_http::measure(connections, time)?,
            sign: signatures::signing(time / 2),
            verify: signatures::checking(time / 2),
            redis: redis::measure(redis, time)?,
            statements,
        })
    }

    /// How often a second the scenario would happen if nothing but its parts cost
    /// anything.
    #[must_use]
    pub fn ceiling(&self, scenario: Scenario) -> f64 {
        let needs = Needs::of(scenario);
        let statements = self.statements.iter().find(|(of, _)| *of == scenario);
        let statements = statements.map_or(Duration::ZERO, |(_, cost)| cost.each);
        let each = self.http.each * needs.requests
            + self.redis.each * needs.commands
            + self.sign.each * needs.signatures
            + statements;
        cores() / each.as_secs_f64().max(f64::MIN_POSITIVE)
    }
}

/// What a scenario cannot do without, beside its statements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Needs {
    /// Requests, those to upstreams included.
    requests: u32,
    /// Commands of Redis, each one step of the protocol of codes or claims.
    commands: u32,
    /// Signatures. None to check: who has shown a token before is known by it.
    signatures: u32,
}

impl Needs {
    fn of(scenario: Scenario) -> Self {
        let (requests, commands, signatures) = match scenario {
            // The claim of the code, what WeChat vouched for, and the session.
            Scenario::WechatReturning | Scenario::WechatFirst => (2, 3, 1),
            // The draft, its commitment, the try, and the spending.
            Scenario::SmsLogin => (3, 4, 1),
            Scenario::Refresh => (1, 0, 1),
            Scenario::Me | Scenario::Verify => (1, 0, 0),
        };
        Self {
            requests,
            commands,
            signatures,
        }
    }
}

/// The cores that all of it shares.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "a machine has few cores")]
pub fn cores() -> f64 {
    thread::available_parallelism().map_or(1.0, |cores| cores.get() as f64)
}

/// What so many of something cost, that used so much processor time.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn cost(count: u64, took: Duration, used: Duration) -> Cost {
    let count = count.max(1) as f64;
    Cost {
        per_second: count / took.as_secs_f64().max(f64::MIN_POSITIVE),
        each: used.div_f64(count),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ceiling_is_what_the_cores_can_do_of_all_parts_together() {
        let each = |micros| Cost {
            per_second: 1.0,
            each: Duration::from_micros(micros),
        };
        let parts = Parts {
            http: each(20),
            sign: each(10),
            verify: each(40),
            redis: each(5),
            statements: vec![(Scenario::WechatReturning, each(135))],
        };
        // 2 × 20 + 3 × 5 + 10 + 135 microseconds of each core's million.
        let ceiling = parts.ceiling(Scenario::WechatReturning);
        assert!((ceiling - cores() * 5000.0).abs() < 1.0, "{ceiling}");
        let verify = parts.ceiling(Scenario::Verify);
        assert!((verify - cores() * 50_000.0).abs() < 1.0, "{verify}");
    }
}
