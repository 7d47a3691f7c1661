//! The client program that a person signs in with.

use crate::model::text::is_plain_label;

/// What kind of client asks; sessions are counted per type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ClientType {
    /// A WeChat mini-program.
    MiniProgram,
    /// A native app.
    App,
    /// A website.
    Web,
}

impl ClientType {
    /// Every client type.
    pub const ALL: [Self; 3] = [Self::MiniProgram, Self::App, Self::Web];

    /// The stable word of the contract, the tokens and the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MiniProgram => "mini_program",
            Self::App => "app",
            Self::Web => "web",
        }
    }

    /// Reads the stable word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// What a client says about itself. Untrusted: labels, never a credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// Its type.
    pub kind: ClientType,
    /// A name that the client keeps for its device, at most 64 characters.
    pub device_id: Option<Label<64>>,
    /// What people call the device, at most 128 characters.
    pub device_name: Option<Label<128>>,
    /// The client's version, at most 64 characters.
    pub version: Option<Label<64>>,
}

impl Client {
    /// The device's own name for itself.
    #[must_use]
    pub fn device(&self) -> Option<&str> {
        self.device_id.as_ref().map(Label::as_str)
    }
}

/// One line of untrusted text of 1 to `MAX` characters, nothing invisible in it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Label<const MAX: usize>(String);

/// The text is empty, too long, or holds invisible characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a plain label of the allowed length")]
pub struct LabelError;

impl<const MAX: usize> Label<MAX> {
    /// Takes a label.
    ///
    /// # Errors
    ///
    /// [`LabelError`] if it is empty, longer than `MAX` characters, or holds
    /// control, bidirectional or zero-width characters.
    pub fn parse(text: &str) -> Result<Self, LabelError> {
        // Bytes first: a character has at most four.
        let fits = text.len() <= MAX * 4 && (1..=MAX).contains(&text.chars().count());
        if fits && is_plain_label(text) {
            Ok(Self(text.to_owned()))
        } else {
            Err(LabelError)
        }
    }

    /// The label as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_short_and_visible() {
        assert!(Label::<4>::parse("手机壳子").is_ok());
        for bad in ["", "12345", "a\u{202e}b", "a\0", "a\u{200b}", "a\n"] {
            assert!(Label::<4>::parse(bad).is_err(), "{bad:?}");
        }
    }
}
