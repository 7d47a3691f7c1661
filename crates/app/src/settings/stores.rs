//! `database.*` and `ephemeral.*`: where things are kept.

use crate::settings::Profile;
use crate::settings::given::Given;
use crate::settings::parse;
use crate::settings::reader::Reader;

/// Where codes, limits, locks and caches are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ephemeral {
    /// In this process.
    Memory,
    /// In Redis, by this URL.
    Redis(String),
}

/// `database.*` and `ephemeral.*`.
#[derive(Debug)]
pub struct StoreSettings {
    /// The database's URL.
    pub database_url: String,
    /// Connections at most.
    pub max_connections: u32,
    /// Whether the server migrates the schema when it starts.
    pub auto_migrate: bool,
    /// Where codes, limits, locks and caches are kept.
    pub ephemeral: Ephemeral,
}

impl StoreSettings {
    /// True if the database lives in this process's memory only.
    #[must_use]
    pub fn is_in_memory(&self) -> bool {
        self.database_url.contains(":memory:") || self.database_url.contains("mode=memory")
    }

    /// True for Postgres.
    #[must_use]
    pub fn is_postgres(&self) -> bool {
        self.database_url.starts_with("postgres")
    }
}

/// Reads `database.*` and `ephemeral.*`.
pub fn read(reader: &mut Reader) -> StoreSettings {
    let development = reader.profile() == Profile::Development;
    let settings = StoreSettings {
        database_url: reader.read(
            "database.url",
            "sqlite://data/menshen.db",
            "`sqlite://path` or `postgres://user:password@host/name`",
            database_url,
        ),
        max_connections: reader.read("database.max_connections", "10", "connections to the database at most", parse::count),
        auto_migrate: reader.read(
            "database.auto_migrate",
            if development { "true" } else { "false" },
            "migrate the schema when the server starts; true in development",
            parse::boolean,
        ),
        ephemeral: reader.read(
            "ephemeral.url",
            "memory:",
            "where codes, limits, locks and caches are kept: `memory:` in this process; `redis://…`, `rediss://…`, `redis+cluster://h1,h2` or `redis+sentinel://h1,h2/master`",
            ephemeral,
        ),
    };
    if settings.max_connections == 0 {
        reader.problem("database.max_connections", "write a number from 1 on");
    }
    if settings.is_in_memory() {
        reader.unsafe_for_production("database.url", "an in-memory database forgets everyone at a restart: write sqlite://path or postgres://…");
    }
    if settings.is_postgres() && settings.ephemeral == Ephemeral::Memory {
        reader.unsafe_for_production(
            "ephemeral.url",
            "replicas over Postgres must share codes and limits: write redis://…",
        );
    }
    if matches!(settings.ephemeral, Ephemeral::Redis(_)) {
        reader.problem(
            "ephemeral.url",
            "this version has no Redis adapter yet: write memory: and run one process",
        );
    }
    settings
}

fn database_url(given: &Given) -> Result<String, String> {
    let url = parse::text(given)?;
    let known = ["sqlite:", "postgres://", "postgresql://"]
        .iter()
        .any(|scheme| url.starts_with(scheme));
    if known {
        Ok(url)
    } else {
        Err("write sqlite://path or postgres://user:password@host/name".to_owned())
    }
}

fn ephemeral(given: &Given) -> Result<Ephemeral, String> {
    let url = parse::text(given)?;
    let redis = [
        "redis://",
        "rediss://",
        "redis+cluster://",
        "redis+sentinel://",
    ];
    match url.as_str() {
        "memory:" => Ok(Ephemeral::Memory),
        _ if redis.iter().any(|scheme| url.starts_with(scheme)) => Ok(Ephemeral::Redis(url)),
        _ => Err("write memory: or redis://host:6379".to_owned()),
    }
}
