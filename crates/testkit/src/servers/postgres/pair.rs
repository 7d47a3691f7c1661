//! A primary and its standby.

use std::thread;
use std::time::{Duration, Instant};

use super::ROLE;
use super::server::PostgresServer;

/// How long the standby may take to have all.
const PATIENCE: Duration = Duration::from_mins(1);

/// A primary, and a standby that receives what it writes.
#[derive(Debug)]
pub struct PostgresPair {
    /// The two servers; the first is the primary at first.
    pub servers: [PostgresServer; 2],
}

impl PostgresPair {
    /// Starts both.
    ///
    /// # Panics
    ///
    /// If there is no PostgreSQL to start, or it does not start.
    #[must_use]
    pub fn start() -> Self {
        let primary = PostgresServer::start();
        let standby = PostgresServer::start_filled(
            &|owner, programs| {
                let mut copy = owner.command(&programs.join("pg_basebackup"));
                copy.arg("-h").arg(primary.place().0);
                copy.args(["-p", &primary.port().to_string(), "-U", ROLE]);
                copy.args(["-R", "-X", "stream", "--checkpoint=fast", "--no-sync"]);
                copy
            },
            |_| Vec::new(),
        );
        Self {
            servers: [primary, standby],
        }
    }

    /// How to connect: both hosts named.
    #[must_use]
    pub fn url(&self) -> String {
        let [first, second] = self.servers.each_ref().map(PostgresServer::host);
        format!("postgres://{ROLE}@{first},{second}/{ROLE}")
    }

    /// Waits until the standby has all that was committed.
    ///
    /// # Panics
    ///
    /// If it does not come to have it.
    pub fn wait_until_level(&self) {
        let since = Instant::now();
        let level = "SELECT count(*) FROM pg_stat_replication \
                     WHERE replay_lsn >= pg_current_wal_lsn()";
        while self.servers[0].execute(level) != "1" {
            assert!(since.elapsed() < PATIENCE, "the standby does not follow");
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl PostgresServer {
    /// Makes a standby a primary.
    ///
    /// # Panics
    ///
    /// If it does not become one.
    pub fn promote(&self) {
        assert_eq!(self.execute("SELECT pg_promote(true, 60)"), "t");
    }
}
