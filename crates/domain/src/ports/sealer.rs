//! Sealing of personal data at rest.

/// What is sealed; every use has a key of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SealUse {
    /// Phone numbers.
    PhoneNumber,
    /// WeChat's session keys.
    SessionKey,
    /// Private signing keys.
    SigningKey,
    /// What the shared ephemeral store holds: identities that a login was not
    /// completed with yet, and WeChat's access tokens.
    EphemeralValue,
}

impl SealUse {
    /// Every use.
    pub const ALL: [Self; 4] = [
        Self::PhoneNumber,
        Self::SessionKey,
        Self::SigningKey,
        Self::EphemeralValue,
    ];

    /// The stable word of the keyring.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PhoneNumber => "seal.phone_number",
            Self::SessionKey => "seal.session_key",
            Self::SigningKey => "seal.signing_key",
            Self::EphemeralValue => "seal.ephemeral_value",
        }
    }
}

/// The sealed value cannot be opened: another key, another row, or damage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a sealed value cannot be opened")]
pub struct SealError;

/// Authenticated encryption under the keyring's key of a use.
///
/// A sealed value names its key and is bound to `row`, the id of the row that
/// it stands in, so that it cannot be moved to another.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
pub trait Sealer: Send + Sync {
    /// Seals a value for a row.
    ///
    /// # Errors
    ///
    /// [`SealError`] if the cipher refuses, which it does for no value of a
    /// sensible length.
    fn seal(&self, usage: SealUse, row: &[u8], clear: &[u8]) -> Result<Vec<u8>, SealError>;

    /// The number of the key that a value is sealed with, read without opening it;
    /// `None` for what has not the form of a sealed value.
    fn key_of(&self, sealed: &[u8]) -> Option<u32>;

    /// The number of the key that a use seals with now.
    ///
    /// # Errors
    ///
    /// [`SealError`] if the use has no key.
    fn active_key(&self, usage: SealUse) -> Result<u32, SealError>;

    /// Opens a value of a row.
    ///
    /// # Errors
    ///
    /// [`SealError`] if it was sealed with an unknown key, for another row or
    /// use, or was changed.
    fn open(&self, usage: SealUse, row: &[u8], sealed: &[u8]) -> Result<Vec<u8>, SealError>;

    /// Seals a value of a row anew, with the key of now; its clear text goes nowhere.
    ///
    /// # Errors
    ///
    /// [`SealError`] as of [`open`](Self::open) and [`seal`](Self::seal).
    fn reseal(&self, usage: SealUse, row: &[u8], sealed: &[u8]) -> Result<Vec<u8>, SealError>;
}
