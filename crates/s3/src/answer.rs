//! What a bucket answers.
//!
//! Source: Amazon S3 API Reference, "Error responses".

use menshen_domain::model::avatar::Avatar;
use menshen_outbound::{Answer, CallError, CircuitOpen};

/// Why a bucket did not do it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// Nothing came, or not in time.
    #[error("the bucket does not answer")]
    NoAnswer(#[from] CallError),
    /// It failed again and again, and is not asked.
    #[error("the bucket rests")]
    Rests(#[from] CircuitOpen),
    /// It says no.
    #[error("the bucket answers {status} {code}")]
    Refused {
        /// Of HTTP.
        status: u16,
        /// Its own word.
        code: String,
    },
    /// What is there is none of ours.
    #[error("an object of the bucket is no picture of ours")]
    Foreign,
}

impl Fault {
    fn of(answer: &Answer) -> Self {
        Self::Refused {
            status: answer.status(),
            code: code(answer.body()),
        }
    }

    /// Whether the bucket itself is out of order, as against our rights or settings.
    pub(crate) fn is_of_the_bucket(&self) -> bool {
        match self {
            Self::NoAnswer(_) => true,
            Self::Refused { status, .. } => *status >= 500 || *status == 429,
            Self::Rests(_) | Self::Foreign => false,
        }
    }
}

/// The word between `<Code>` and its end: of letters and digits, never the bucket's own
/// sentences, which quote the request.
fn code(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let word = text
        .split_once("<Code>")
        .and_then(|(_, rest)| rest.split_once("</Code>"))
        .map_or("", |(word, _)| word);
    let plain = word.chars().filter(char::is_ascii_alphanumeric);
    plain.take(64).collect()
}

/// The object is there from now on.
pub(crate) fn put(answer: &Answer) -> Result<(), Fault> {
    answer
        .is_success()
        .then_some(())
        .ok_or_else(|| Fault::of(answer))
}

/// The object, if it is there. A bucket that is not there is something else.
pub(crate) fn got(answer: &Answer) -> Result<Option<Avatar>, Fault> {
    match answer.status() {
        200 => {
            let avatar = Avatar::of(answer.body().to_vec());
            avatar.map(Some).ok_or(Fault::Foreign)
        }
        404 if code(answer.body()) == "NoSuchKey" => Ok(None),
        _ => Err(Fault::of(answer)),
    }
}

/// The object is not there from now on. Some say so of one that never was.
pub(crate) fn removed(answer: &Answer) -> Result<(), Fault> {
    match answer.status() {
        404 if code(answer.body()) == "NoSuchKey" => Ok(()),
        _ => put(answer),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        Answer::made(status, &[], body.as_bytes().to_vec())
    }

    fn error(code: &str) -> String {
        format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Key>k</Key></Error>")
    }

    #[test]
    fn what_is_not_there_is_told_from_a_bucket_that_is_not() {
        let missing = answer(404, &error("NoSuchKey"));
        assert!(matches!(got(&missing), Ok(None)));
        assert!(removed(&missing).is_ok());
        for other in ["NoSuchBucket", ""] {
            let answer = answer(404, &error(other));
            assert!(
                got(&answer).is_err() && removed(&answer).is_err(),
                "{other}"
            );
        }
    }

    #[test]
    fn what_is_no_picture_is_none_of_ours() {
        assert!(matches!(got(&answer(200, "<html>")), Err(Fault::Foreign)));
        assert!(matches!(got(&answer(200, "")), Err(Fault::Foreign)));
    }

    #[test]
    fn errors_quote_a_word_and_nothing_else() {
        let body = error("Access Denied <b>https://secret</b>");
        let fault = put(&answer(403, &body)).unwrap_err();
        assert_eq!(
            fault.to_string(),
            "the bucket answers 403 AccessDeniedbhttpssecretb"
        );
        assert!(!fault.is_of_the_bucket());
        assert!(
            put(&answer(503, &error("SlowDown")))
                .unwrap_err()
                .is_of_the_bucket()
        );
        assert!(put(&answer(200, "")).is_ok() && removed(&answer(204, "")).is_ok());
    }
}
