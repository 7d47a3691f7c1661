//! What one question brought to light.

use std::error::Error;
use std::fmt;

/// How the thing that was asked stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It works.
    Well,
    /// It could not be settled, and nothing speaks against it.
    Open,
    /// It does not work.
    Wrong,
}

/// One line of the check: what was asked, what came back, what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How it stands.
    pub standing: Standing,
    /// What was asked, such as `wechat wx0123456789abcdef: login`.
    pub asked: String,
    /// What came back; never a secret.
    pub came: String,
    /// What to do about it, where there is something to do.
    pub advice: Option<String>,
}

impl Finding {
    /// Something that works.
    pub(super) fn well(asked: impl Into<String>, came: impl Into<String>) -> Self {
        Self::new(Standing::Well, asked, came)
    }

    /// Something that could not be settled.
    pub(super) fn open(asked: impl Into<String>, came: impl Into<String>) -> Self {
        Self::new(Standing::Open, asked, came)
    }

    /// Something that does not work.
    pub(super) fn wrong(asked: impl Into<String>, came: impl Into<String>) -> Self {
        Self::new(Standing::Wrong, asked, came)
    }

    fn new(standing: Standing, asked: impl Into<String>, came: impl Into<String>) -> Self {
        Self {
            standing,
            asked: asked.into(),
            came: came.into(),
            advice: None,
        }
    }

    /// With what to do.
    #[must_use]
    pub(super) fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let standing = match self.standing {
            Standing::Well => "ok   ",
            Standing::Open => "open ",
            Standing::Wrong => "WRONG",
        };
        write!(f, "{standing}  {}: {}", self.asked, self.came)?;
        match &self.advice {
            Some(advice) => write!(f, "; {advice}"),
            None => Ok(()),
        }
    }
}

/// An error with all its sources, in one line.
pub(super) fn chain(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    let mut words: Vec<String> = causes.map(ToString::to_string).collect();
    words.dedup();
    words.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_was_asked_what_came_and_what_to_do() {
        let line = Finding::wrong("sms aliyun", "billing").advise("top up the account");
        assert_eq!(
            line.to_string(),
            "WRONG  sms aliyun: billing; top up the account"
        );
        assert_eq!(
            Finding::well("database", "answers").to_string(),
            "ok     database: answers"
        );
    }
}
