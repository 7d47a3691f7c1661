//! What can go wrong before an answer can be read.

/// The address of a vendor is not one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a bare http or https address")]
pub struct BadBaseUrl;

/// The HTTP client could not be built, which the machine's TLS set-up decides.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client cannot be set up")]
pub struct ClientError(#[source] pub(crate) reqwest::Error);

/// A call that brought no whole answer. The address is in none of these: it
/// carries secrets.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// No connection came about: name look-up, connect or TLS failed.
    #[error("the request never left: no connection")]
    NotSent(#[source] reqwest::Error),
    /// The time for the call ran out, maybe after the request was written.
    #[error("no answer in time")]
    TimedOut,
    /// The connection broke before the whole answer had come.
    #[error("the connection broke before the answer was whole")]
    Broken(#[source] reqwest::Error),
    /// The answer is longer than any that makes sense.
    #[error("the answer is too long")]
    TooLong,
}

impl CallError {
    pub(crate) fn of_request(error: reqwest::Error) -> Self {
        // A connection that cannot be made carries no byte of the request.
        let not_sent = error.is_connect() || error.is_builder();
        let error = error.without_url();
        if not_sent {
            Self::NotSent(error)
        } else {
            Self::Broken(error)
        }
    }

    /// True if the server cannot have seen the request.
    #[must_use]
    pub fn certainly_not_sent(&self) -> bool {
        matches!(self, Self::NotSent(_))
    }
}
