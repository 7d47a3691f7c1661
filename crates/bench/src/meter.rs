//! Who used how much processor time.

use std::time::{Duration, Instant};

use crate::{load, upstream, usage};

/// Whom to ask.
#[derive(Debug, Default, Clone, Copy)]
pub struct Meter {
    /// The server.
    pub server: Option<u32>,
    /// PostgreSQL's first process.
    pub postgres: Option<u32>,
    /// Redis.
    pub redis: Option<u32>,
}

/// Processor time by who used it.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// When it was read, or how long it took.
    pub wall: Duration,
    /// The server.
    pub server: Duration,
    /// PostgreSQL with all its processes.
    pub postgres: Duration,
    /// Redis.
    pub redis: Duration,
    /// The stand-in for WeChat and the SMS vendor.
    pub upstream: Duration,
    /// This tool.
    pub load: Duration,
}

impl Meter {
    /// What everybody used until now.
    ///
    /// # Panics
    ///
    /// If one of them is gone: nothing that is measured then means anything.
    #[must_use]
    pub fn read(&self) -> Reading {
        let process = |pid: Option<u32>| {
            pid.map_or(Duration::ZERO, |pid| {
                usage::process(pid).unwrap_or_else(|error| panic!("process {pid}: {error}"))
            })
        };
        let postgres = self.postgres.map_or(Duration::ZERO, |pid| {
            usage::family(pid).unwrap_or_else(|error| panic!("process {pid}: {error}"))
        });
        Reading {
            wall: now(),
            server: process(self.server),
            postgres,
            redis: process(self.redis),
            upstream: usage::own_threads(upstream::THREAD),
            load: usage::own_threads(load::THREAD),
        }
    }
}

impl Reading {
    /// What was used between two readings. Threads of this tool that ended
    /// meanwhile count as nothing.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        Self {
            wall: self.wall.saturating_sub(before.wall),
            server: self.server.saturating_sub(before.server),
            postgres: self.postgres.saturating_sub(before.postgres),
            redis: self.redis.saturating_sub(before.redis),
            upstream: self.upstream.saturating_sub(before.upstream),
            load: self.load.saturating_sub(before.load),
        }
    }

    /// All of them together.
    #[must_use]
    pub fn total(&self) -> Duration {
        self.server + self.postgres + self.redis + self.upstream + self.load
    }
}

/// Time since the first reading.
fn now() -> Duration {
    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    START.get_or_init(Instant::now).elapsed()
}
