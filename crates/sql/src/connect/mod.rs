//! Connecting to either engine.

mod postgres;
mod sqlite;

pub(crate) use postgres::{TRUSTED, ask_for_life};

use std::sync::Arc;
use std::time::Duration;

use sea_orm::DatabaseConnection;

use crate::database::DatabaseError;
use crate::health::Health;

/// How long a caller waits for a free connection.
pub(crate) const POOL_WAIT: Duration = Duration::from_millis(500);
/// How long a statement waits for a lock.
const LOCK_WAIT: Duration = Duration::from_secs(2);

/// What an operator may set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DatabaseOptions {
    /// Connections at most: of PostgreSQL, or of the readers of SQLite, whose
    /// writer is always one.
    pub max_connections: u32,
}

impl Default for DatabaseOptions {
    fn default() -> Self {
        Self {
            max_connections: 16,
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
}

/// Connects to what the URL names.
pub(crate) async fn connect(url: &str, options: DatabaseOptions) -> Result<Pools, DatabaseError> {
    match url.split_once(':') {
        Some(("sqlite", _)) => sqlite::connect(url, options).await,
        Some(("postgres" | "postgresql", _)) => postgres::connect(url, options).await,
        _ => Err(DatabaseError::Url),
    }
}
