//! Whether messages turn into logins: the verified-to-sent budget.
//!
//! Whoever makes us send for money does not enter the codes. So each right code pays
//! for some more messages, a floor is given to everybody, and who has used up both
//! waits. It is weighed for the whole deployment, for the neighbourhood of the asker
//! and for the block of the number, over the last hour and the last day.

mod slices;

use std::net::IpAddr;
use std::time::Duration;

use crate::model::origin::neighbourhood;
use crate::model::phone_number::{PhoneNumber, PhonePrefix};

pub use slices::{Slices, Tally};

/// Whose messages are weighed against whose right codes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum SpendScope {
    /// All of them.
    Deployment,
    /// Those of a neighbourhood of source networks.
    Network(IpAddr),
    /// Those to a block of numbers.
    Prefix(PhonePrefix),
}

impl SpendScope {
    /// The stable words of metrics and audit rows.
    pub const WORDS: [&str; 3] = ["deployment", "network", "prefix"];

    /// The stable word of metrics and audit rows.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Deployment => Self::WORDS[0],
            Self::Network(_) => Self::WORDS[1],
            Self::Prefix(_) => Self::WORDS[2],
        }
    }
}

/// Over which time is weighed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SpendSpan {
    /// The last hour.
    Hour,
    /// The last day.
    Day,
}

impl SpendSpan {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Hour, Self::Day];

    /// The stable word of metrics and audit rows.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }
}

/// What becomes of a message without a budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GuardMode {
    /// Nothing is weighed.
    Off,
    /// It is sent, and reported as one that would not have been.
    Record,
    /// It is refused.
    Enforce,
}

/// The `sms.guard` settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GuardPolicy {
    /// `sms.guard`.
    pub mode: GuardMode,
    /// `sms.guard_ratio`: the least share of messages that must be verified, in
    /// percent, 1 to 90.
    pub ratio: u32,
    /// `sms.guard_floor`: messages of the deployment that need no right code, in an
    /// hour and in a day; 0 weighs it not at all.
    pub floor: u32,
    /// `sms.guard_network_floor`: the same for a neighbourhood.
    pub network_floor: u32,
    /// `sms.guard_prefix_floor`: the same for a block of numbers.
    pub prefix_floor: u32,
}

/// A budget that is used up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overdrawn {
    /// Whose.
    pub scope: SpendScope,
    /// Over which time.
    pub span: SpendSpan,
    /// When it has room again if no code proves right meanwhile.
    pub retry_after: Duration,
}

impl GuardPolicy {
    /// A guard that weighs nothing.
    pub const OFF: Self = Self {
        mode: GuardMode::Off,
        ratio: 30,
        floor: 0,
        network_floor: 0,
        prefix_floor: 0,
    };

    /// What a message to this number from this address is weighed in.
    #[must_use]
    pub fn scopes(&self, phone: &PhoneNumber, address: IpAddr) -> Vec<SpendScope> {
        if self.mode == GuardMode::Off {
            return Vec::new();
        }
        let all = [
            SpendScope::Deployment,
            SpendScope::Network(neighbourhood(address)),
            SpendScope::Prefix(phone.prefix()),
        ];
        let weighed = all.into_iter().filter(|scope| self.floor_of(scope) > 0);
        weighed.collect()
    }

    const fn floor_of(&self, scope: &SpendScope) -> u32 {
        match scope {
            SpendScope::Deployment => self.floor,
            SpendScope::Network(_) => self.network_floor,
            SpendScope::Prefix(_) => self.prefix_floor,
        }
    }

    /// The budget that one more message would overdraw, if there is one: of several
    /// the one that stays so the longest.
    ///
    /// `counted` is what was counted before it, at the second `now` of the clock that
    /// counted it.
    #[must_use]
    pub fn judge(&self, counted: &[(SpendScope, Slices)], now: u64) -> Option<Overdrawn> {
        let judged = counted.iter().filter_map(|(scope, slices)| {
            let floor = self.floor_of(scope);
            let (span, retry_after) = slices.overdrawn(now, floor, self.ratio)?;
            Some(Overdrawn {
                scope: scope.clone(),
                span,
                retry_after,
            })
        });
        judged.max_by_key(|overdrawn| overdrawn.retry_after)
    }
}

#[cfg(test)]
mod tests;
