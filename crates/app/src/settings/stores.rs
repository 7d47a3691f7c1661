//! `database.*` and `ephemeral.*`: where things are kept.

use std::time::Duration;

use menshen_redis::url::RedisUrl;

use crate::settings::Profile;
use crate::settings::given::Given;
use crate::settings::parse;
use crate::settings::reader::Reader;

/// Where codes, limits, locks and caches are kept.
#[derive(Debug, Clone)]
pub enum Ephemeral {
    /// In this process.
    Memory,
    /// In Redis, which replicas share.
    Redis(RedisUrl),
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
    /// Connections to it at most.
    pub ephemeral_connections: u32,
    /// How long each step may take there: connecting, waiting for a connection,
    /// a command.
    pub ephemeral_timeout: Duration,
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
        ephemeral_connections: reader.read(
            "ephemeral.max_connections",
            "16",
            "connections to Redis at most; to a cluster, to each node",
            parse::count,
        ),
        ephemeral_timeout: reader.read(
            "ephemeral.timeout",
            "500ms",
            "how long Redis may take to connect, to hand out a connection, and to answer, each; 50ms to 500ms",
            parse::duration,
        ),
    };
    let allow_plaintext = reader.read(
        "ephemeral.allow_plaintext",
        "false",
        "reach Redis on another machine without TLS, over a network that nobody else listens to",
        parse::boolean,
    );
    if settings.max_connections == 0 {
        reader.problem("database.max_connections", "write a number from 1 on");
    }
    if settings.is_in_memory() {
        reader.unsafe_for_production("database.url", "an in-memory database forgets everyone at a restart: write sqlite://path or postgres://…");
    }
    if settings.is_postgres() && matches!(settings.ephemeral, Ephemeral::Memory) {
        reader.unsafe_for_production(
            "ephemeral.url",
            "replicas over Postgres must share codes and limits: write redis://…",
        );
    }
    if settings.ephemeral_connections == 0 {
        reader.problem("ephemeral.max_connections", "write a number from 1 on");
    }
    let safe = Duration::from_millis(50)..=Duration::from_millis(500);
    reader.demand(
        "ephemeral.timeout",
        safe.contains(&settings.ephemeral_timeout),
        "50ms to 500ms",
    );
    if let Ephemeral::Redis(url) = &settings.ephemeral
        && !url.is_protected()
        && !allow_plaintext
    {
        reader.unsafe_for_production(
            "ephemeral.url",
            "what goes to Redis can be read on the way: write rediss://…, or set ephemeral.allow_plaintext = true if nobody else is on that network",
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
    if url == "memory:" {
        return Ok(Ephemeral::Memory);
    }
    let url =
        RedisUrl::parse(&url).map_err(|wrong| format!("write memory:, or for Redis: {wrong}"))?;
    Ok(Ephemeral::Redis(url))
}
