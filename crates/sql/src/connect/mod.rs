//! Connecting to either engine.

mod postgres;
mod sqlite;

use std::sync::Arc;
use std::time::Duration;

use sea_orm::DatabaseConnection;

use crate::database::DatabaseError;
use crate::health::Health;
use crate::url::{DatabaseUrl, Engine};

pub(crate) use postgres::{Follower, TRUSTED, ask_for_life};

/// The bounds of every step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DatabaseOptions {
    /// Connections at most: of PostgreSQL, or of the readers of SQLite, whose
    /// writer is always one.
    pub max_connections: u32,
    /// How long a caller waits for a free connection, connecting included.
    pub acquire: Duration,
    /// How long a statement may take; on PostgreSQL only.
    pub statement: Duration,
    /// How long a statement waits for a lock, and on SQLite a write transaction
    /// for its turn.
    pub lock: Duration,
}

impl Default for DatabaseOptions {
    /// 16 connections; half a second for one of them, 3 s for a statement, 2 s
    /// for a lock.
    fn default() -> Self {
        Self {
            max_connections: 16,
            acquire: Duration::from_millis(500),
            statement: Duration::from_secs(3),
            lock: Duration::from_secs(2),
        }
    }
}

/// The two ways to an engine. On PostgreSQL and on SQLite in memory both are one
/// pool.
pub(crate) struct Pools {
    pub(crate) reader: DatabaseConnection,
    pub(crate) writer: DatabaseConnection,
    pub(crate) health: Arc<Health>,
    /// Whether reader and writer are two pools.
    pub(crate) readers_apart: bool,
    pub(crate) follower: Follower,
}

/// Connects to what the URL names.
pub(crate) async fn connect(
    url: &DatabaseUrl,
    options: DatabaseOptions,
) -> Result<Pools, DatabaseError> {
    match &url.0 {
        Engine::Sqlite(settings, keeping) => {
            sqlite::connect((**settings).clone(), *keeping, options).await
        }
        Engine::Postgres(url) => postgres::connect(url, options).await,
    }
}
