//! What an engine refuses, told apart; and faults without values in them.

use menshen_domain::ports::BoxError;
use sea_orm::sqlx;
use sea_orm::{DbErr, RuntimeErr, SqlErr};

/// A fault of the database: the engine's own words.
///
/// Only the words are kept. The driver's error would print more of a failed
/// statement (PostgreSQL's detail line quotes the values of a violated key).
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StorageFault(String);

impl StorageFault {
    pub(crate) fn new(words: impl Into<String>) -> Self {
        Self(words.into())
    }

    /// A row that this version of the service did not write.
    pub(crate) fn unreadable(column: &'static str) -> Self {
        Self(format!("a row has an unreadable {column}"))
    }
}

impl From<DbErr> for StorageFault {
    fn from(error: DbErr) -> Self {
        match (database_error(&error), error.sql_err()) {
            (Some(cause), _) => Self(format!(
                "{} (code {})",
                cause.message(),
                cause.code().unwrap_or_default()
            )),
            (None, _) => Self(error.to_string()),
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
    /// The engine undid the transaction for the sake of another one.
    Lost,
    /// Anything else.
    Fault(StorageFault),
}

impl Failure {
    /// The fault, for a caller to whom nothing else can happen.
    pub(crate) fn into_fault(self) -> StorageFault {
        match self {
            Self::Taken(words) => StorageFault(words),
            Self::CallerGone => StorageFault::new("the session of the caller has ended"),
            Self::NoticeSeen => StorageFault::new("the notice was claimed before"),
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

impl From<StorageFault> for Failure {
    fn from(fault: StorageFault) -> Self {
        Self::Fault(fault)
    }
}

fn database_error(error: &DbErr) -> Option<&dyn sqlx::error::DatabaseError> {
    match error {
        DbErr::Exec(RuntimeErr::SqlxError(cause))
        | DbErr::Query(RuntimeErr::SqlxError(cause))
        | DbErr::Conn(RuntimeErr::SqlxError(cause)) => cause.as_database_error(),
        _ => None,
    }
}
