//! The refresh-token state machine: `(state, presented, now) -> outcome`.
//!
//! Phones lose answers and send twice. An honest phone, alone, is never signed
//! out; where a thief holds a copy, the session ends at the latest when the
//! second of the two next uses a token, unless both act inside one grace time.

use std::time::Duration;

use chrono::{DateTime, Utc};

/// The generations of a session's refresh tokens.
///
/// Generations are counted from 0 and never reused. The token that `current`
/// replaced is always `current - 1`: the predecessor after a rotation, the
/// unused successor after a recovery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefreshState {
    /// The newest token.
    pub current: u32,
    /// The token that was exchanged for it, or for one that it replaced.
    pub previous: Option<u32>,
    /// When `current` was issued.
    pub current_issued_at: DateTime<Utc>,
    /// When `previous` was first exchanged.
    pub previous_exchanged_at: Option<DateTime<Utc>>,
}

/// The times that govern refresh tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefreshPolicy {
    /// How long a token lives unused (`tokens.refresh_ttl`).
    pub idle_ttl: Duration,
    /// How long a replaced token answers the same successor (`tokens.refresh_grace`).
    pub grace: Duration,
    /// How long a predecessor recovers a lost answer (`tokens.refresh_recovery`).
    pub recovery: Duration,
}

/// What a presented token leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefreshOutcome {
    /// A new `current`: the session moves to this state.
    Rotate(RefreshState),
    /// The answer was lost: a new `current` replaces the unused one.
    Recover(RefreshState),
    /// The same `current` again; nothing changes.
    Replay,
    /// The token is past its life.
    Expired,
    /// A predecessor past its recovery time: the session ends.
    RecoveryOver,
    /// A token that must not be in use any more: the session ends.
    Reused,
    /// This generation was never issued.
    Unknown,
}

impl RefreshState {
    /// The state of a session that has just begun.
    #[must_use]
    pub fn begin(now: DateTime<Utc>) -> Self {
        Self {
            current: 0,
            previous: None,
            current_issued_at: now,
            previous_exchanged_at: None,
        }
    }

    /// When the current token dies if it is not used.
    #[must_use]
    pub fn expires_at(&self, policy: &RefreshPolicy) -> DateTime<Utc> {
        self.current_issued_at + policy.idle_ttl
    }

    /// Decides what the token of generation `presented` leads to.
    #[must_use]
    pub fn present(
        &self,
        presented: u32,
        now: DateTime<Utc>,
        policy: &RefreshPolicy,
    ) -> RefreshOutcome {
        if presented > self.current {
            return RefreshOutcome::Unknown;
        }
        if now >= self.expires_at(policy) {
            return RefreshOutcome::Expired;
        }
        let Some(next) = self.current.checked_add(1) else {
            return RefreshOutcome::Expired;
        };
        if presented == self.current {
            return RefreshOutcome::Rotate(Self {
                current: next,
                previous: Some(self.current),
                current_issued_at: now,
                previous_exchanged_at: Some(now),
            });
        }
        let is_previous = self.previous == Some(presented);
        let is_replaced = presented + 1 == self.current;
        if (is_previous || is_replaced) && within(self.current_issued_at, policy.grace, now) {
            return RefreshOutcome::Replay;
        }
        if !is_previous {
            return RefreshOutcome::Reused;
        }
        let exchanged_at = self.previous_exchanged_at.unwrap_or(self.current_issued_at);
        if within(exchanged_at, policy.recovery, now) {
            RefreshOutcome::Recover(Self {
                current: next,
                current_issued_at: now,
                ..*self
            })
        } else {
            RefreshOutcome::RecoveryOver
        }
    }
}

/// True within `span` of `start`; a span of zero is switched off. A clock that
/// was set back does not make the span longer than its length.
fn within(start: DateTime<Utc>, span: Duration, now: DateTime<Utc>) -> bool {
    !span.is_zero() && now < start + span
}
