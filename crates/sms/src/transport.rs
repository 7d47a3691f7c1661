//! One request to a vendor, and what its failure says about the message.

use std::time::Duration;

use menshen_outbound::{Answer, CallError, Client, ClientError, Request};
use tokio::time::Instant;

use crate::outcome::{Outcome, Scope};

/// The longest time that a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(1);
/// The longest time that one attempt may take.
const ATTEMPT: Duration = Duration::from_secs(3);

/// The client of one vendor: a second to connect, three for an answer.
///
/// # Errors
///
/// [`ClientError`] if the machine offers no usable TLS.
pub fn client() -> Result<Client, ClientError> {
    Client::new(CONNECT)
}

/// Sends a request once. Without a connection nothing was sent; whatever breaks
/// later leaves that open.
///
/// # Errors
///
/// [`Outcome::VendorFault`] if nothing was sent, [`Outcome::Unknown`] if nobody knows.
pub async fn send(client: &Client, request: Request, deadline: Instant) -> Result<Answer, Outcome> {
    let deadline = deadline.min(Instant::now() + ATTEMPT);
    client.send(request, deadline).await.map_err(|error| {
        let outcome = outcome_of(&error);
        let error = &error as &dyn std::error::Error;
        tracing::debug!(
            error,
            outcome = outcome.as_str(),
            "an SMS vendor gave no whole answer"
        );
        outcome
    })
}

fn outcome_of(error: &CallError) -> Outcome {
    if error.certainly_not_sent() {
        Outcome::VendorFault
    } else {
        Outcome::Unknown
    }
}

/// What an answer means that is not in the vendor's own form. Of a 2xx nobody
/// knows whether the message was taken.
#[must_use]
pub fn unreadable(status: u16) -> Outcome {
    match status {
        200..300 => Outcome::Unknown,
        429 => Outcome::VendorBusy { wait: None },
        500.. => Outcome::VendorFault,
        _ => Outcome::Config(Scope::Account),
    }
}

/// How long the answer asks us to wait, where it does so in seconds.
#[must_use]
pub fn retry_after(answer: &Answer) -> Option<Duration> {
    let seconds = answer.header("retry-after")?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// A vendor's word, fit for a log: short, and of plain characters only.
#[must_use]
pub fn word(text: &str) -> Option<String> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'^' | b':');
    let fits = (1..=64).contains(&text.len()) && text.bytes().all(plain);
    fits.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_is_read_by_its_status() {
        assert_eq!(unreadable(200), Outcome::Unknown);
        assert_eq!(unreadable(502), Outcome::VendorFault);
        assert_eq!(unreadable(302), Outcome::Config(Scope::Account));
        assert_eq!(unreadable(429), Outcome::VendorBusy { wait: None });
    }

    #[test]
    fn only_plain_words_reach_a_log() {
        assert_eq!(
            word("isv.AMOUNT_NOT_ENOUGH").as_deref(),
            Some("isv.AMOUNT_NOT_ENOUGH")
        );
        assert_eq!(
            word("900000000000000001^0").as_deref(),
            Some("900000000000000001^0")
        );
        for text in ["", "two words", "line\nbreak", "号码", &"x".repeat(65)] {
            assert_eq!(word(text), None, "{text}");
        }
    }
}
