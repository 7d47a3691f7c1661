//! What one question to a service came to.

use menshen_outbound::CallError;

/// What one question came to.
#[derive(Debug)]
pub enum Outcome {
    /// A person solved it.
    Passed,
    /// The token is worth nothing; the service's own word for it, where it said one.
    Refused(Option<String>),
    /// The service refuses our account or settings; its word for it.
    Misconfigured(Option<String>),
    /// The service is busy or out of order, and said so.
    Failed(Option<String>),
    /// The answer is none of the service's.
    Unreadable {
        /// Its HTTP status.
        status: u16,
    },
    /// No whole answer came.
    NoAnswer(CallError),
}

impl Outcome {
    /// The stable word of logs and metrics.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Refused(_) => "refused",
            Self::Misconfigured(_) => "misconfigured",
            Self::Failed(_) => "failed",
            Self::Unreadable { .. } => "unreadable",
            Self::NoAnswer(_) => "no_answer",
        }
    }

    /// The service's own word, where it said one.
    #[must_use]
    pub fn word(&self) -> Option<&str> {
        match self {
            Self::Refused(word) | Self::Misconfigured(word) | Self::Failed(word) => word.as_deref(),
            Self::Passed | Self::Unreadable { .. } | Self::NoAnswer(_) => None,
        }
    }
}

/// A service's word, fit for a log: short, and of plain characters only.
pub(crate) fn word(text: &str) -> Option<String> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    let fits = (1..=64).contains(&text.len()) && text.bytes().all(plain);
    fits.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_words_reach_a_log() {
        assert_eq!(word("F008").as_deref(), Some("F008"));
        for text in ["", "two words", "line\nbreak", "号码", &"x".repeat(65)] {
            assert_eq!(word(text), None, "{text}");
        }
    }
}
