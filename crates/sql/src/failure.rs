//! What an engine refuses, told apart; and faults without values in them.

use menshen_domain::ports::BoxError;
use sea_orm::sqlx;
use sea_orm::{ConnAcquireErr, DbErr, RuntimeErr, SqlErr};

/// A fault of the database: the engine's own words.
///
/// Only the words are kept. The driver's error would print more of a failed
/// statement (PostgreSQL's detail line quotes the values of a violated key).
#[derive(Debug, thiserror::Error)]
#[error("{words}")]
pub struct StorageFault {
    words: String,
    blame: Blame,
}

/// What a fault tells beyond the statement that met it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Blame {
    /// Nothing.
    Statement,
    /// No connection was to be had in time: all are in use, or none can be made.
    Pool,
    /// The connection broke, or leads to a server that does not serve us any
    /// more. The others like it are worth as little.
    Connection,
}

impl StorageFault {
    pub(crate) fn new(words: impl Into<String>) -> Self {
        Self {
            words: words.into(),
            blame: Blame::Statement,
        }
    }

    /// A fault that tells more than its statement.
    #[cfg(test)]
    pub(crate) fn blaming(blame: Blame) -> Self {
        Self {
            words: "gone".to_owned(),
            blame,
        }
    }

    /// A row that this version of the service did not write.
    pub(crate) fn unreadable(column: &'static str) -> Self {
        Self::new(format!("a row has an unreadable {column}"))
    }

    pub(crate) fn blame(&self) -> Blame {
        self.blame
    }
}

impl From<DbErr> for StorageFault {
    fn from(error: DbErr) -> Self {
        let words = match database_error(&error) {
            Some(cause) => format!(
                "{} (code {})",
                cause.message(),
                cause.code().unwrap_or_default()
            ),
            None => error.to_string(),
        };
        let blame = Blame::of(&error);
        Self { words, blame }
    }
}

impl Blame {
    fn of(error: &DbErr) -> Self {
        match driver_error(error) {
            Some(sqlx::Error::PoolTimedOut) => Self::Pool,
            Some(sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::Tls(_)) => {
                Self::Connection
            }
            Some(sqlx::Error::Database(cause)) => match cause.code().as_deref() {
                // A transaction that may only read: the primary became a standby.
                // The server is ended, has crashed, or does not take anybody yet.
                // The connection failed.
                Some("25006" | "57P01" | "57P02" | "57P03") => Self::Connection,
                Some(code) if code.starts_with("08") => Self::Connection,
                _ => Self::Statement,
            },
            Some(_) => Self::Statement,
            None => match error {
                DbErr::ConnectionAcquire(ConnAcquireErr::Timeout) => Self::Pool,
                _ => Self::Statement,
            },
        }
    }
}

/// What a statement ended in, as far as callers need to know.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A value that must be unique is taken.
    Taken(String),
    /// The session of the caller does not live any more.
    CallerGone,
    /// The notice was claimed before.
    NoticeSeen,
    /// The verification code was spent before.
    CodeSpent,
    /// The engine undid the transaction for the sake of another one.
    Lost,
    /// Anything else.
    Fault(StorageFault),
}

impl Failure {
    /// The fault, for a caller to whom nothing else can happen.
    pub(crate) fn into_fault(self) -> StorageFault {
        match self {
            Self::Taken(words) => StorageFault::new(words),
            Self::CallerGone => StorageFault::new("the session of the caller has ended"),
            Self::NoticeSeen => StorageFault::new("the notice was claimed before"),
            Self::CodeSpent => StorageFault::new("the verification code was spent before"),
            Self::Lost => StorageFault::new("the transaction was undone"),
            Self::Fault(fault) => fault,
        }
    }

    /// The fault as the ports carry it.
    pub(crate) fn boxed(self) -> BoxError {
        Box::new(self.into_fault())
    }
}

impl From<DbErr> for Failure {
    fn from(error: DbErr) -> Self {
        if let Some(SqlErr::UniqueConstraintViolation(words)) = error.sql_err() {
            return Self::Taken(words);
        }
        // Serialization failure and deadlock, of PostgreSQL only.
        let code = database_error(&error).and_then(sqlx::error::DatabaseError::code);
        match code.as_deref() {
            Some("40001" | "40P01") => Self::Lost,
            _ => Self::Fault(error.into()),
        }
    }
}

/// What a statement ended in that went past sea-orm.
impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        DbErr::Query(RuntimeErr::SqlxError(std::sync::Arc::new(error))).into()
    }
}

impl From<StorageFault> for Failure {
    fn from(fault: StorageFault) -> Self {
        Self::Fault(fault)
    }
}

/// True if a statement waited for a lock in vain, on PostgreSQL.
pub(crate) fn is_lock_timeout(error: &DbErr) -> bool {
    let code = database_error(error).and_then(sqlx::error::DatabaseError::code);
    code.as_deref() == Some("55P03")
}

fn database_error(error: &DbErr) -> Option<&dyn sqlx::error::DatabaseError> {
    driver_error(error)?.as_database_error()
}

fn driver_error(error: &DbErr) -> Option<&sqlx::Error> {
    match error {
        DbErr::Exec(RuntimeErr::SqlxError(cause))
        | DbErr::Query(RuntimeErr::SqlxError(cause))
        | DbErr::Conn(RuntimeErr::SqlxError(cause)) => Some(cause),
        _ => None,
    }
}
