//! Message authentication codes under keys that never leave the keyring.

/// What a MAC is for; every use has a key of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MacUse {
    /// Deriving verification codes.
    VerificationCode,
    /// Authenticating refresh tokens.
    RefreshToken,
    /// Naming used codes and idempotency keys in the replay ledger.
    ReplayLedger,
    /// The blind index of phone numbers, and keyed hashes in logs.
    BlindIndex,
    /// Naming keys of the shared ephemeral store, which tell nothing of anybody.
    EphemeralKey,
}

impl MacUse {
    /// Every use.
    pub const ALL: [Self; 5] = [
        Self::VerificationCode,
        Self::RefreshToken,
        Self::ReplayLedger,
        Self::BlindIndex,
        Self::EphemeralKey,
    ];

    /// The stable word of the keyring.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::VerificationCode => "mac.verification_code",
            Self::RefreshToken => "mac.refresh_token",
            Self::ReplayLedger => "mac.replay_ledger",
            Self::BlindIndex => "mac.blind_index",
            Self::EphemeralKey => "mac.ephemeral_key",
        }
    }
}

/// HMAC-SHA-256 under the keyring's key of a use.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
pub trait Mac: Send + Sync {
    /// The tag of a message under the use's active key.
    fn tag(&self, usage: MacUse, message: &[u8]) -> [u8; 32];

    /// The tags of a message under all keys of the use that are in the ring, the
    /// active one's first: for what is compared otherwise than by
    /// [`verify`](Self::verify).
    fn tags(&self, usage: MacUse, message: &[u8]) -> Vec<[u8; 32]>;

    /// Checks a tag in constant time, under any key of the use that is still in
    /// the ring.
    fn verify(&self, usage: MacUse, message: &[u8], tag: &[u8]) -> bool;
}
