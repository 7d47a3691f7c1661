//! A command of Redis, by `redis-benchmark`.

use std::error::Error;
use std::process::Command;
use std::time::{Duration, Instant};

use menshen_testkit::servers::redis::RedisServer;

use super::{Cost, cost};
use crate::usage;

/// Connections, as many as the server has.
const CLIENTS: &str = "16";
/// How many are done at first, to learn how many fit into the time.
const TRIAL: u64 = 10_000;

/// How many commands a second Redis does when each is asked for and answered by
/// itself, and what one costs: a value of the size of a claim, with its end.
///
/// # Errors
///
/// If `redis-benchmark` fails.
pub(super) fn measure(redis: &RedisServer, time: Duration) -> Result<Cost, Box<dyn Error>> {
    let trial = some(redis, TRIAL)?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rate is a positive number far below 2^64"
    )]
    let count = (trial.per_second * time.as_secs_f64()) as u64;
    some(redis, count.max(TRIAL))
}

fn some(redis: &RedisServer, count: u64) -> Result<Cost, Box<dyn Error>> {
    let pid = redis.pid().ok_or("Redis is gone")?;
    let value = "v".repeat(100);
    let before = (usage::process(pid)?, usage::ended_children()?);
    let start = Instant::now();
    let output = Command::new("redis-benchmark")
        .args(["-p", &redis.port().to_string(), "-c", CLIENTS, "-q"])
        .args(["-n", &count.to_string(), "-r", "1000000"])
        .args(["SET", "menshen:bench:__rand_int__", &value, "PX", "60000"])
        .output()?;
    let took = start.elapsed();
    let used = usage::process(pid)?.saturating_sub(before.0)
        + usage::ended_children()?.saturating_sub(before.1);
    if output.status.success() {
        Ok(cost(count, took, used))
    } else {
        let problem = String::from_utf8_lossy(&output.stderr);
        Err(format!("redis-benchmark: {problem}").into())
    }
}
