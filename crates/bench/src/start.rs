//! How long a start takes, and what the server holds before anybody comes.

use std::io;
use std::thread;
use std::time::Duration;

use crate::server::{Plan, Server};
use crate::usage;

/// After what time a server that nobody asks is called idle.
const IDLE: Duration = Duration::from_secs(1);

/// Starts over a database that exists.
#[derive(Debug, Clone, Copy)]
pub struct Start {
    /// From the start of the process to the first 200 of `/readyz`: the median.
    pub median: Duration,
    /// The longest.
    pub worst: Duration,
    /// In memory when nobody has asked anything, in KiB.
    pub idle: u64,
}

impl Start {
    /// Starts the server so many times, and ends it again.
    ///
    /// # Errors
    ///
    /// If it does not start.
    pub fn measure(plan: &Plan, rounds: usize) -> io::Result<Self> {
        let mut times = Vec::with_capacity(rounds);
        let mut idle = 0;
        for _ in 0..rounds.max(1) {
            let server = Server::start(plan)?;
            times.push(server.ready_after);
            thread::sleep(IDLE);
            idle = idle.max(usage::resident(server.pid())?);
        }
        times.sort();
        Ok(Self {
            median: times[times.len() / 2],
            worst: times[times.len() - 1],
            idle,
        })
    }
}
