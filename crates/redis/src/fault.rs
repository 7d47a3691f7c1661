//! What can go wrong with Redis. No text names an address, a user or a password.

use std::time::Duration;

use deadpool_redis::redis::{ErrorKind, RedisError, ServerErrorKind};

/// Why Redis gave no answer that can be used.
#[derive(Debug, thiserror::Error)]
pub enum RedisFault {
    /// Every connection is in use, or none can be made in time.
    #[error("Redis gave no connection within {} ms", .0.as_millis())]
    NoConnection(Duration),
    /// It gave no answers just now, and was not asked again.
    #[error("Redis gave no answers just now")]
    Away,
    /// No answer came in time; whether the step was carried out is unknown.
    #[error("Redis did not answer within {} ms", .0.as_millis())]
    Late(Duration),
    /// Redis has reached `maxmemory` and refuses what would need more.
    #[error("Redis is full")]
    Full,
    /// The connection failed, or Redis refused.
    #[error("Redis failed")]
    Failed(#[source] RedisError),
    /// The answer makes no sense.
    #[error("Redis answered what makes no sense: {0}")]
    Nonsense(&'static str),
}

impl RedisFault {
    pub(crate) fn of(error: RedisError, within: Duration) -> Self {
        if error.is_timeout() {
            Self::Late(within)
        } else if error.code() == Some("OOM") {
            Self::Full
        } else {
            Self::Failed(error)
        }
    }

    /// True if no answer came at all, not even a refusal.
    pub(crate) fn is_silence(&self) -> bool {
        match self {
            Self::Away | Self::NoConnection(_) | Self::Late(_) => true,
            Self::Full | Self::Nonsense(_) => false,
            Self::Failed(error) => matches!(
                error.kind(),
                ErrorKind::Io
                    | ErrorKind::ClusterConnectionNotFound
                    | ErrorKind::MasterNameNotFoundBySentinel
            ),
        }
    }

    /// True if the connections that there are may be worth nothing any more:
    /// they broke, hang, or lead to a server that is the master no longer.
    pub(crate) fn discredits_connections(&self) -> bool {
        match self {
            Self::NoConnection(_) | Self::Late(_) => true,
            Self::Away | Self::Full | Self::Nonsense(_) => false,
            Self::Failed(error) => matches!(
                error.kind(),
                ErrorKind::Io
                    | ErrorKind::Parse
                    | ErrorKind::Server(
                        ServerErrorKind::ReadOnly
                            | ServerErrorKind::MasterDown
                            | ServerErrorKind::BusyLoading
                    )
            ),
        }
    }
}
