//! One request to a vendor, and what its failure says about the message.

use std::time::Duration;

use menshen_outbound::{Answer, CallError, Client, ClientError, Request};
use tokio::time::Instant;

use crate::outcome::Outcome;

/// The longest time that a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(1);
/// The longest time that one attempt may take.
const ATTEMPT: Duration = Duration::from_secs(3);

/// The client of one vendor.
pub(crate) fn client() -> Result<Client, ClientError> {
    Client::new(CONNECT)
}

/// Sends a request once. Without a connection nothing was sent; whatever breaks
/// later leaves that open.
pub(crate) async fn send(
    client: &Client,
    request: Request,
    deadline: Instant,
) -> Result<Answer, Outcome> {
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

/// A vendor's word, fit for a log: short, and of plain characters only.
pub(crate) fn word(text: &str) -> Option<String> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'^' | b':');
    let fits = (1..=64).contains(&text.len()) && text.bytes().all(plain);
    fits.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::word;

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
