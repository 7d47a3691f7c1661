//! The keys of a vendor's section in the settings.

/// Reads one text, or says what to write instead.
pub type Check = fn(&str) -> Result<(), String>;

/// What a key may hold.
#[derive(Debug, Clone, Copy)]
pub enum KeyKind {
    /// The base address of the vendor's API, the real one unless another is given.
    /// Where the vendor is asked; in development the simulator may stand for it.
    Endpoint(&'static str),
    /// An address of the operator's own, where the vendor is asked.
    Url,
    /// Text.
    Text,
    /// Text, this one unless another is given.
    TextOr(&'static str),
    /// One of these words; the first unless another is given.
    OneOf(&'static [&'static str]),
    /// A secret: shown nowhere, and readable from the file that `<key>_file` names.
    Secret,
}

/// One key: `sms.<vendor>.<name>`.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Its name in the section.
    pub name: &'static str,
    /// What it means, for the reference; where a value is found, what it looks like.
    pub meaning: &'static str,
    /// What it may hold.
    pub kind: KeyKind,
    /// Whether it must be set while `sms.vendors` names the vendor.
    pub is_required: bool,
    /// What is asked of a text or secret besides.
    pub check: Option<Check>,
}

impl Key {
    const fn new(name: &'static str, meaning: &'static str, kind: KeyKind) -> Self {
        Self {
            name,
            meaning,
            kind,
            is_required: false,
            check: None,
        }
    }

    /// `endpoint`: the vendor's API, at `real` unless told otherwise.
    #[must_use]
    pub const fn endpoint(real: &'static str) -> Self {
        Self::new("endpoint", "base URL", KeyKind::Endpoint(real))
    }

    /// An address of the operator's own; without credentials, query and fragment,
    /// and https but on this machine.
    #[must_use]
    pub const fn url(name: &'static str, meaning: &'static str) -> Self {
        Self::new(name, meaning, KeyKind::Url)
    }

    /// Text without a default.
    #[must_use]
    pub const fn text(name: &'static str, meaning: &'static str) -> Self {
        Self::new(name, meaning, KeyKind::Text)
    }

    /// Text with a default.
    #[must_use]
    pub const fn text_or(name: &'static str, default: &'static str, meaning: &'static str) -> Self {
        Self::new(name, meaning, KeyKind::TextOr(default))
    }

    /// One of some words, the first of them without a choice.
    #[must_use]
    pub const fn one_of(
        name: &'static str,
        words: &'static [&'static str],
        meaning: &'static str,
    ) -> Self {
        Self::new(name, meaning, KeyKind::OneOf(words))
    }

    /// A secret.
    #[must_use]
    pub const fn secret(name: &'static str, meaning: &'static str) -> Self {
        Self::new(name, meaning, KeyKind::Secret)
    }

    /// The key must be set while `sms.vendors` names the vendor.
    #[must_use]
    pub const fn required(self) -> Self {
        Self {
            is_required: true,
            ..self
        }
    }

    /// The text or secret must pass `check`.
    #[must_use]
    pub const fn checked(self, check: Check) -> Self {
        Self {
            check: Some(check),
            ..self
        }
    }

    /// Whether the vendor is asked at the address that this key holds.
    #[must_use]
    pub const fn is_address(&self) -> bool {
        matches!(self.kind, KeyKind::Endpoint(_) | KeyKind::Url)
    }
}
