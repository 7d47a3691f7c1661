//! The two set-ups: everything in the process and a file, or PostgreSQL and Redis.

use std::io;
use std::path::Path;

use clap::ValueEnum;
use menshen_testkit::servers::postgres::DurablePostgres;
use menshen_testkit::servers::redis::RedisServer;

/// Where the server keeps things.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Setup {
    /// SQLite in a file, the rest in the process.
    Embedded,
    /// PostgreSQL, and Redis.
    Shared,
}

/// How PostgreSQL is set beside its defaults, which leave `fsync`,
/// `synchronous_commit` and `full_page_writes` on: memory and checkpoints as an
/// operator of a machine of this size would have them.
pub const POSTGRES_SETTINGS: &[&str] = &[
    "shared_buffers=512MB",
    "max_wal_size=4GB",
    "checkpoint_timeout=15min",
];

/// Servers that run, and the way to them.
#[derive(Debug)]
pub enum Stores {
    /// SQLite's URL.
    Embedded(String),
    /// PostgreSQL, the URL of the database, and Redis.
    Shared(Box<DurablePostgres>, String, Box<RedisServer>),
}

impl Stores {
    /// Starts what the set-up needs.
    ///
    /// # Errors
    ///
    /// If a server cannot be started.
    pub fn start(setup: Setup, folder: &Path) -> io::Result<Self> {
        Ok(match setup {
            Setup::Embedded => {
                let file = folder.join("menshen.db");
                Self::Embedded(format!("sqlite://{}", file.display()))
            }
            Setup::Shared => {
                let postgres = DurablePostgres::start(POSTGRES_SETTINGS)?;
                let url = postgres.database("menshen");
                Self::Shared(Box::new(postgres), url, Box::new(RedisServer::start()))
            }
        })
    }

    /// The database's URL.
    #[must_use]
    pub fn database(&self) -> &str {
        match self {
            Self::Embedded(url) | Self::Shared(_, url, _) => url,
        }
    }

    /// The server's settings.
    #[must_use]
    pub fn settings(&self) -> Vec<(String, String)> {
        let ephemeral = match self {
            Self::Embedded(_) => "memory:".to_owned(),
            Self::Shared(_, _, redis) => redis.url(),
        };
        vec![
            ("database.url".to_owned(), self.database().to_owned()),
            ("ephemeral.url".to_owned(), ephemeral),
        ]
    }
}

impl Setup {
    /// The heading of the report.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Embedded => "SQLite and the process's own memory",
            Self::Shared => "PostgreSQL and Redis",
        }
    }
}
