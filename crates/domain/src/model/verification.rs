//! Verification codes: derived, not stored.

use std::fmt;

use crate::model::client::ClientType;
use crate::model::identifiers::UserId;
use crate::model::phone_number::PhoneNumber;
use crate::model::sms_code::SmsCode;
use crate::ports::mac::{Mac, MacUse};
use crate::ports::randomness::Randomness;

/// Wrong tries after which a code dies, over all its challenges.
pub const MAX_FAILURES_PER_CODE: u8 = 15;

/// What a code is good for; a code of one purpose never serves another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Signing in.
    Login,
    /// Binding the number to the account that is signed in.
    BindPhone(UserId),
    /// Proving again who is there.
    StepUp(UserId),
}

impl Purpose {
    /// The stable word of the contract.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::BindPhone(_) => "bind_phone",
            Self::StepUp(_) => "step_up",
        }
    }

    /// The account that a bearer purpose belongs to.
    #[must_use]
    pub const fn user(self) -> Option<UserId> {
        match self {
            Self::Login => None,
            Self::BindPhone(user) | Self::StepUp(user) => Some(user),
        }
    }
}

/// What a code is bound to. There is at most one live code per scope.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CodeScope {
    /// What the code is good for.
    pub purpose: Purpose,
    /// From which client type it was asked for.
    pub client_type: ClientType,
    /// The number that it was sent to, and so the number that it proves.
    pub phone: PhoneNumber,
}

/// The random identifier of one code, which the session that it opens carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CodeId(pub [u8; 16]);

/// From which a code is derived; random, and worthless without the key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct CodeSeed {
    /// Which code it is.
    pub id: CodeId,
    /// The nonce that goes into the derivation.
    pub nonce: [u8; 16],
}

impl CodeSeed {
    /// Draws a new seed.
    #[must_use]
    pub fn generate(randomness: &dyn Randomness) -> Self {
        let (mut id, mut nonce) = ([0; 16], [0; 16]);
        randomness.fill(&mut id);
        randomness.fill(&mut nonce);
        Self {
            id: CodeId(id),
            nonce,
        }
    }

    /// The code of this seed in a scope.
    #[must_use]
    pub fn code(&self, mac: &dyn Mac, scope: &CodeScope) -> SmsCode {
        SmsCode::from_tag(&mac.tag(MacUse::VerificationCode, &self.message(scope)))
    }

    /// All codes of this seed in a scope: one more for each key that is being
    /// replaced, so that what was sent a moment before is still right.
    #[must_use]
    pub fn codes(&self, mac: &dyn Mac, scope: &CodeScope) -> Vec<SmsCode> {
        let tags = mac.tags(MacUse::VerificationCode, &self.message(scope));
        tags.iter().map(SmsCode::from_tag).collect()
    }

    fn message(&self, scope: &CodeScope) -> Vec<u8> {
        // Every part has a fixed length or stands last, so that no two scopes
        // are spelt alike.
        let mut message = Vec::with_capacity(80);
        message.extend_from_slice(&self.nonce);
        let user = scope
            .purpose
            .user()
            .map_or([0; 16], |user| *user.as_uuid().as_bytes());
        message.extend_from_slice(&user);
        for word in [
            scope.purpose.as_str(),
            scope.client_type.as_str(),
            scope.phone.as_e164(),
        ] {
            message.extend_from_slice(word.as_bytes());
            message.push(0);
        }
        message
    }
}

impl fmt::Debug for CodeSeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CodeSeed")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// The name of one ask for a code: 128 random bits, 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ChallengeId([u8; 16]);

/// The text is not a challenge id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a challenge id")]
pub struct ChallengeIdError;

impl ChallengeId {
    /// Draws a new id.
    #[must_use]
    pub fn generate(randomness: &dyn Randomness) -> Self {
        let mut bytes = [0; 16];
        randomness.fill(&mut bytes);
        Self(bytes)
    }

    /// Reads 32 lower-case hexadecimal digits.
    ///
    /// # Errors
    ///
    /// [`ChallengeIdError`] for any other text.
    pub fn parse(text: &str) -> Result<Self, ChallengeIdError> {
        let lower = text
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        match u128::from_str_radix(text, 16) {
            Ok(number) if lower && text.len() == 32 => Ok(Self(number.to_be_bytes())),
            _ => Err(ChallengeIdError),
        }
    }

    /// The raw bits.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for ChallengeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Debug for ChallengeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChallengeId({self})")
    }
}
