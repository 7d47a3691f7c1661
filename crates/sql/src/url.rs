//! Where the database is: `database.url`.

mod postgres;

use std::path::PathBuf;
use std::str::FromStr as _;

use sea_orm::sqlx::sqlite::SqliteConnectOptions;
use secrecy::SecretString;

pub(crate) use postgres::{PostgresUrl, Target};

/// Where the database is, and who connects. `Debug` shows no password.
///
/// ```text
/// sqlite://path                 sqlite::memory:
/// postgres://[user[:password]@]host[:port][,host[:port]…]/database[?name=value&…]
/// ```
///
/// User, password and database are percent-encoded. After the `?`, as libpq reads
/// them: `sslmode`, `sslrootcert`, `sslcert`, `sslkey`, `target_session_attrs`,
/// `application_name`, and `host` and `port` in place of those before it, for
/// folders of sockets.
#[derive(Debug, Clone)]
pub struct DatabaseUrl(pub(crate) Engine);

#[derive(Debug, Clone)]
pub(crate) enum Engine {
    Sqlite(Box<SqliteConnectOptions>, Keeping),
    Postgres(Box<PostgresUrl>),
}

/// Where SQLite keeps its database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keeping {
    File,
    Memory,
}

/// What is wrong with a URL; the text does not repeat any of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DatabaseUrlError {
    /// Another scheme.
    #[error("write sqlite://path or postgres://user:password@host/database")]
    Scheme,
    /// SQLite's own rules are broken.
    #[error("write sqlite://path/to/menshen.db, without parameters other than mode=rwc")]
    Sqlite,
    /// A host or port is missing or misspelt.
    #[error("each host is written name:port, with a port from 1 to 65535, and commas between")]
    Host,
    /// User, password or database is not percent-encoded UTF-8.
    #[error("user, password and database are percent-encoded UTF-8")]
    Encoding,
    /// No database is named.
    #[error("the database's name follows the hosts: postgres://host/menshen")]
    Database,
    /// A parameter that has no meaning.
    #[error(
        "after `?` only sslmode, sslrootcert, sslcert, sslkey, target_session_attrs, application_name, host and port are known; time limits are settings of their own"
    )]
    Parameter,
    /// Not a mode.
    #[error("sslmode is disable, prefer, require, verify-ca or verify-full")]
    SslMode,
    /// A certificate without its key, or a key without its certificate.
    #[error("sslcert and sslkey go together")]
    ClientCertificate,
    /// Not a kind of server that can serve.
    #[error("target_session_attrs is any, read-write or primary: the service writes")]
    Target,
}

impl DatabaseUrl {
    /// Reads a URL.
    ///
    /// # Errors
    ///
    /// [`DatabaseUrlError`], a sentence on what to write.
    pub fn parse(text: &str) -> Result<Self, DatabaseUrlError> {
        match text.split_once(':') {
            Some(("sqlite", _)) => {
                let options = SqliteConnectOptions::from_str(text);
                let options = options.map_err(|_| DatabaseUrlError::Sqlite)?;
                let memory = text.contains(":memory:") || text.contains("mode=memory");
                let keeping = if memory {
                    Keeping::Memory
                } else {
                    Keeping::File
                };
                Ok(Self(Engine::Sqlite(Box::new(options), keeping)))
            }
            Some(("postgres" | "postgresql", rest)) => {
                let rest = rest.strip_prefix("//").ok_or(DatabaseUrlError::Scheme)?;
                let url = PostgresUrl::parse(rest)?;
                Ok(Self(Engine::Postgres(Box::new(url))))
            }
            _ => Err(DatabaseUrlError::Scheme),
        }
    }

    /// The URL with this password; `None` if it has one already, or if it is one
    /// of SQLite.
    #[must_use]
    pub fn with_password(mut self, password: SecretString) -> Option<Self> {
        match &mut self.0 {
            Engine::Postgres(url) if url.password.is_none() => url.password = Some(password),
            _ => return None,
        }
        Some(self)
    }

    /// True for PostgreSQL.
    #[must_use]
    pub fn is_postgres(&self) -> bool {
        matches!(self.0, Engine::Postgres(_))
    }

    /// True if the database lives in the memory of this process only.
    #[must_use]
    pub fn is_in_memory(&self) -> bool {
        matches!(self.0, Engine::Sqlite(_, Keeping::Memory))
    }

    /// The file of SQLite.
    #[must_use]
    pub fn file(&self) -> Option<PathBuf> {
        match &self.0 {
            Engine::Sqlite(options, Keeping::File) => Some(options.get_filename().to_owned()),
            _ => None,
        }
    }

    /// True if nobody on the way can read what goes to the database or answer in
    /// its place: TLS that checks authority and name, or every host is this
    /// machine.
    #[must_use]
    pub fn is_protected(&self) -> bool {
        match &self.0 {
            Engine::Sqlite(..) => true,
            Engine::Postgres(url) => url.is_protected(),
        }
    }
}
