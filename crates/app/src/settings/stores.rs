//! `database.*` and `ephemeral.*`: where things are kept.

use std::ops::RangeInclusive;
use std::time::Duration;

use menshen_redis::url::RedisUrl;
use menshen_sql::DatabaseOptions;
use menshen_sql::url::DatabaseUrl;

use crate::settings::Profile;
use crate::settings::form;
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
    /// Where the database is.
    pub database_url: DatabaseUrl,
    /// Its bounds.
    pub database: DatabaseOptions,
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
        self.database_url.is_in_memory()
    }

    /// True for Postgres.
    #[must_use]
    pub fn is_postgres(&self) -> bool {
        self.database_url.is_postgres()
    }
}

/// Reads `database.*` and `ephemeral.*`.
pub fn read(reader: &mut Reader) -> StoreSettings {
    let (database_url, database) = database(reader);
    let development = reader.profile() == Profile::Development;
    let settings = StoreSettings {
        database_url,
        database,
        auto_migrate: reader.read(
            "database.auto_migrate",
            if development { "true" } else { "false" },
            "migrate the schema when the server starts; true in development",
            parse::boolean,
        ),
        ephemeral: ephemeral_store(reader),
        ephemeral_connections: reader.read(
            "ephemeral.max_connections",
            "16",
            "connections to Redis at most; to a cluster, to each node",
            form::number(1, u32::MAX, parse::count),
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
    {
        if allow_plaintext {
            reader.note(
                "ephemeral.allow_plaintext",
                "what goes to Redis can be read on the way, as this allows",
            );
        } else {
            reader.unsafe_for_production(
                "ephemeral.url",
                "what goes to Redis can be read on the way: write rediss://…, or set ephemeral.allow_plaintext = true if nobody else is on that network",
            );
        }
    }
    settings
}

/// Reads where codes and limits are kept, and who connects there.
fn ephemeral_store(reader: &mut Reader) -> Ephemeral {
    let store = reader.read(
        "ephemeral.url",
        "memory:",
        "where codes, limits, locks and caches are kept: `memory:` in this process; `redis://…`, `rediss://…`, `redis+cluster://h1,h2` or `redis+sentinel://h1,h2/master`",
        form::text(ephemeral),
    );
    let password = reader.read_secret(
        "ephemeral.password",
        "the password of Redis, where the URL has none",
    );
    let authorities = reader.read_optional(
        "ephemeral.ca_file",
        "a PEM file with the authorities that certify Redis; without it those of the system",
        form::text(authorities),
    );
    let Ephemeral::Redis(mut url) = store else {
        for (key, given) in [
            ("ephemeral.password", password.is_some()),
            ("ephemeral.ca_file", authorities.is_some()),
        ] {
            if given {
                reader.problem(key, "is for Redis, and ephemeral.url is memory:");
            }
        }
        return store;
    };
    if let Some(password) = password {
        match url.clone().with_password(password) {
            Some(with_password) => url = with_password,
            None => reader.problem(
                "ephemeral.password",
                "is given, and ephemeral.url has a password already: remove one",
            ),
        }
    }
    if let Some(pem) = authorities {
        match url.clone().with_authorities(&pem) {
            Some(with_authorities) => url = with_authorities,
            None => reader.problem(
                "ephemeral.ca_file",
                "is given, and ephemeral.url is without TLS: write rediss://…",
            ),
        }
    }
    Ephemeral::Redis(url)
}

fn authorities(given: &Given) -> Result<Vec<u8>, String> {
    let pem = std::fs::read(parse::text(given)?)
        .map_err(|error| format!("the file cannot be read: {error}"))?;
    let text = String::from_utf8_lossy(&pem);
    if text.contains("-----BEGIN CERTIFICATE-----") {
        Ok(pem)
    } else {
        Err("name a PEM file, with BEGIN CERTIFICATE in it".to_owned())
    }
}

/// Reads `database.*`, apart from the schema.
fn database(reader: &mut Reader) -> (DatabaseUrl, DatabaseOptions) {
    let url = reader.read(
        "database.url",
        "sqlite://data/menshen.db",
        "`sqlite://path` or `postgres://user:password@host/name`, with commas between several hosts (docs/postgres.md)",
        form::text(database_url),
    );
    let password = reader.read_secret(
        "database.password",
        "the password of PostgreSQL, where the URL has none",
    );
    let url = match password.map(|password| url.clone().with_password(password)) {
        None => url,
        Some(Some(with_password)) => with_password,
        Some(None) => {
            reader.problem(
                "database.password",
                "is given, and database.url has a password already, or needs none: remove one",
            );
            url
        }
    };
    let options = DatabaseOptions {
        max_connections: reader.read(
            "database.max_connections",
            "10",
            "connections to the database at most",
            form::number(1, u32::MAX, parse::count),
        ),
        acquire: bound(
            reader,
            "database.acquire_timeout",
            "500ms",
            "how long a request waits for a connection to the database, connecting included; 50ms to 500ms",
            Duration::from_millis(50)..=Duration::from_millis(500),
            "50ms to 500ms",
        ),
        statement: bound(
            reader,
            "database.statement_timeout",
            "3s",
            "how long a statement may take on PostgreSQL; 100ms to 3s",
            Duration::from_millis(100)..=Duration::from_secs(3),
            "100ms to 3s",
        ),
        lock: bound(
            reader,
            "database.lock_timeout",
            "2s",
            "how long a statement waits for a lock, and a transaction of SQLite for its turn to write; 50ms to 2s",
            Duration::from_millis(50)..=Duration::from_secs(2),
            "50ms to 2s",
        ),
    };
    let allow_plaintext = reader.read(
        "database.allow_plaintext",
        "false",
        "reach PostgreSQL on another machine without TLS that checks it, over a network that nobody else listens to",
        parse::boolean,
    );
    if options.max_connections == 0 {
        reader.problem("database.max_connections", "write a number from 1 on");
    }
    if !url.is_protected() && allow_plaintext {
        reader.note(
            "database.allow_plaintext",
            "what goes to PostgreSQL can be read and answered on the way, as this allows",
        );
    } else if !url.is_protected() {
        reader.unsafe_for_production(
            "database.url",
            "what goes to PostgreSQL can be read and answered on the way: write ?sslmode=verify-full, with sslrootcert=/path/to/ca.pem for an authority of your own, or set database.allow_plaintext = true if nobody else is on that network",
        );
    }
    (url, options)
}

/// A time that must be there, and within a range to be safe.
fn bound(
    reader: &mut Reader,
    key: &'static str,
    default: &str,
    meaning: &'static str,
    safe: RangeInclusive<Duration>,
    range: &str,
) -> Duration {
    let span = reader.read(key, default, meaning, parse::duration);
    if span.is_zero() {
        reader.problem(
            key,
            format!("a wait without an end is no bound: choose {range}"),
        );
    } else {
        reader.demand(key, safe.contains(&span), range);
    }
    span
}

fn database_url(given: &Given) -> Result<DatabaseUrl, String> {
    DatabaseUrl::parse(&parse::text(given)?).map_err(|wrong| wrong.to_string())
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
