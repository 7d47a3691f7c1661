//! How the connections are used, in numbers.

use sea_orm::{DatabaseConnection, DbBackend};

use crate::database::Database;

/// How the connections to a database are used. The counts go up as long as the
/// process lives; on SQLite the readers and the writer are told of together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolState {
    /// Connections at most.
    pub limit: u32,
    /// Connections that there are.
    pub open: u32,
    /// Those of them that wait for work.
    pub idle: u32,
    /// Calls that wait for a connection.
    pub waiting: u32,
    /// Calls that got none in time.
    pub timeouts: u64,
    /// How often connections broke, or turned out to lead to a server that does
    /// not serve us any more.
    pub breaks: u64,
}

impl Database {
    /// How the connections are used at this moment.
    #[must_use]
    pub fn pool_state(&self) -> PoolState {
        let (mut limit, mut open, mut idle) = sizes(self.connection());
        if let Some(readers) = self.readers() {
            let readers = sizes(readers);
            (limit, open, idle) = (limit + readers.0, open + readers.1, idle + readers.2);
        }
        if let Some(lane) = self.lane() {
            idle += u32::try_from(lane.idle()).unwrap_or(u32::MAX);
        }
        let health = self.health();
        let calls = u32::try_from(health.calls()).unwrap_or(u32::MAX);
        PoolState {
            limit,
            open,
            idle,
            waiting: calls.saturating_sub(open.saturating_sub(idle)),
            timeouts: health.timeouts(),
            breaks: health.breaks(),
        }
    }
}

/// Connections at most, those there are, and those that are idle.
fn sizes(connection: &DatabaseConnection) -> (u32, u32, u32) {
    let small = |idle: usize| u32::try_from(idle).unwrap_or(u32::MAX);
    if connection.get_database_backend() == DbBackend::Postgres {
        let pool = connection.get_postgres_connection_pool();
        let limit = pool.options().get_max_connections();
        (limit, pool.size(), small(pool.num_idle()))
    } else {
        let pool = connection.get_sqlite_connection_pool();
        let limit = pool.options().get_max_connections();
        (limit, pool.size(), small(pool.num_idle()))
    }
}
