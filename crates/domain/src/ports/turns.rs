//! Turns of people: what concerns one person happens one after the other.

use std::any::Any;
use std::fmt;

use async_trait::async_trait;

use crate::ports::account_store::Lookup;

/// Why nobody's turn came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TurnsError {
    /// Too many others were before, of the same person or of all people.
    #[error("too many logins are before this one")]
    Late,
}

/// The turn of whoever holds it; dropped, it is the next one's.
#[must_use = "a turn ends when it is dropped"]
pub struct Turn(#[expect(dead_code, reason = "held until it is dropped")] Box<dyn Any + Send>);

impl Turn {
    /// A turn that lasts as long as `held` does.
    pub fn new(held: impl Any + Send) -> Self {
        Self(Box::new(held))
    }
}

impl fmt::Debug for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Turn")
    }
}

/// Lets those who look accounts up by the same thing have their turns, each alone.
///
/// It makes races rare and cheap, and nothing is right because of it: it knows this
/// process only, and what is written is guarded by versions and unique keys.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait Turns: Send + Sync {
    /// Waits until nobody holds a turn who looks up the same phone number, openid,
    /// unionid or signed-in account, in the order of the calls. Whoever shares
    /// nothing is not waited for.
    ///
    /// A call that is dropped has never been there.
    ///
    /// # Errors
    ///
    /// [`TurnsError::Late`] after a wait that the adapter bounds: a few seconds.
    async fn take(&self, lookup: &Lookup) -> Result<Turn, TurnsError>;
}
