//! What the operator decides: lives of tokens, rules of accounts.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::model::client::ClientType;
use crate::model::phone_number::PhoneNumber;
use crate::model::profile::{AvatarUrl, Nickname, Profile};
use crate::model::recycled::RecycledPhone;
use crate::model::refresh::RefreshPolicy;
use crate::model::region::Region;
use crate::model::sms_code::SmsCode;
use crate::ports::randomness::Randomness;

/// The lives of the tokens of one client type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenLives {
    /// `access_ttl`, 300 s to 3600 s.
    pub access: Duration,
    /// `refresh_ttl`: how long a refresh token lives unused.
    pub refresh: Duration,
    /// `session_ttl`: how long a session lives whatever happens.
    pub session: Duration,
}

/// The `tokens` and `sessions` settings that the rules need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenPolicy {
    /// Lives for mini-programs.
    pub mini_program: TokenLives,
    /// Lives for native apps.
    pub app: TokenLives,
    /// Lives for websites.
    pub web: TokenLives,
    /// `refresh_grace`; zero turns it off.
    pub refresh_grace: Duration,
    /// `refresh_recovery`; zero turns it off.
    pub refresh_recovery: Duration,
    /// `sessions.max_per_client_type`; zero means no limit.
    pub max_sessions: u32,
}

impl TokenPolicy {
    /// The lives for a client type.
    #[must_use]
    pub fn lives(&self, client: ClientType) -> &TokenLives {
        match client {
            ClientType::MiniProgram => &self.mini_program,
            ClientType::App => &self.app,
            ClientType::Web => &self.web,
        }
    }

    /// The refresh rules for a client type.
    #[must_use]
    pub fn refresh(&self, client: ClientType) -> RefreshPolicy {
        RefreshPolicy {
            idle_ttl: self.lives(client).refresh,
            grace: self.refresh_grace,
            recovery: self.refresh_recovery,
        }
    }
}

/// Whether an account must have a phone number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequirePhone {
    /// No.
    Never,
    /// Clients are told to ask for one.
    Prompt,
    /// Until there is one, tokens have the scope `onboarding`.
    Always,
}

/// The `accounts` settings that the rules need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountPolicy {
    /// Whether an account must have a phone number.
    pub require_phone: RequirePhone,
    /// Whether accounts may be merged.
    pub merge: bool,
    /// Whether a number from WeChat's button must be confirmed before it opens
    /// an existing account.
    pub confirm_wechat_phone: bool,
    /// The consent that a first login must carry.
    pub consent_version: Option<String>,
    /// The picture of a new account.
    pub default_avatar: Option<AvatarUrl>,
    /// What a random nickname begins with.
    pub nickname_prefix: String,
    /// Cooling-off before a cancelled account is erased; zero erases at once.
    pub cancel_after: Duration,
    /// What to do with numbers that may be somebody else's by now.
    pub recycled_phone: RecycledPhone,
}

impl AccountPolicy {
    /// The profile of an account that nobody has filled in: a random nickname and
    /// the default picture.
    #[must_use]
    pub fn blank_profile(&self, randomness: &dyn Randomness) -> Profile {
        Profile {
            nickname: Nickname::random(&self.nickname_prefix, randomness),
            avatar_url: self.default_avatar.clone(),
            birthday: None,
            bio: None,
        }
    }
}

/// A number with a fixed code, for app-store reviewers: no message is sent.
#[derive(Debug, Clone)]
pub struct TestNumber {
    /// The number.
    pub phone: PhoneNumber,
    /// Its code.
    pub code: SmsCode,
    /// When it stops working.
    pub until: Option<DateTime<Utc>>,
}

/// The `sms` settings that the rules need.
#[derive(Debug, Clone)]
pub struct SmsPolicy {
    /// Where numbers may be from.
    pub regions: Vec<Region>,
    /// How long a code lives, 60 s to 600 s.
    pub code_ttl: Duration,
    /// Wrong tries per challenge, 3 to 5.
    pub max_attempts: u8,
    /// Numbers with fixed codes.
    pub test_numbers: Vec<TestNumber>,
}

impl SmsPolicy {
    /// The test number that `phone` is at `now`, if it is one.
    #[must_use]
    pub fn test_number(&self, phone: &PhoneNumber, now: DateTime<Utc>) -> Option<&TestNumber> {
        self.test_numbers
            .iter()
            .find(|test| test.phone == *phone && test.until.is_none_or(|until| now < until))
    }
}
