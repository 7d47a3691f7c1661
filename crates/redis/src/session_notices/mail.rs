//! A batch of accounts as it travels: sealed, and with a mark of who sent it.

use std::sync::Arc;

use menshen_domain::model::identifiers::UserId;
use menshen_domain::ports::randomness::Randomness;
use menshen_domain::ports::sealer::{SealError, SealUse, Sealer};
use uuid::Uuid;

/// How many bytes an account and a sender take.
const LENGTH: usize = 16;
/// The first byte: these accounts.
const ENDED: u8 = 1;
/// The first byte: these accounts, and the sender could not tell of others.
const ENDED_AND_MISSED: u8 = 2;

/// Writes and reads batches.
pub(super) struct Mail {
    sealer: Arc<dyn Sealer>,
    /// Random, so that a process knows its own batches again.
    sender: [u8; LENGTH],
}

/// What a batch tells.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Letter {
    /// It is our own: we know.
    Own,
    /// From another replica.
    FromAnother { users: Vec<UserId>, missed: bool },
}

impl Mail {
    pub(super) fn new(sealer: Arc<dyn Sealer>, randomness: &dyn Randomness) -> Self {
        let mut sender = [0; LENGTH];
        randomness.fill(&mut sender);
        Self { sealer, sender }
    }

    /// Seals a batch for a channel.
    pub(super) fn write(
        &self,
        channel: &str,
        users: &[UserId],
        missed: bool,
    ) -> Result<Vec<u8>, SealError> {
        let mut clear = Vec::with_capacity(1 + LENGTH + LENGTH * users.len());
        clear.push(if missed { ENDED_AND_MISSED } else { ENDED });
        clear.extend_from_slice(&self.sender);
        for user in users {
            clear.extend_from_slice(user.as_uuid().as_bytes());
        }
        let usage = SealUse::EphemeralValue;
        self.sealer.seal(usage, channel.as_bytes(), &clear)
    }

    /// Opens a batch of a channel; `None` for what is not one of this version's.
    pub(super) fn read(&self, channel: &str, sealed: &[u8]) -> Option<Letter> {
        let usage = SealUse::EphemeralValue;
        let clear = self.sealer.open(usage, channel.as_bytes(), sealed).ok()?;
        let (kind, rest) = clear.split_first()?;
        let (sender, users) = rest.split_at_checked(LENGTH)?;
        if sender == self.sender {
            return Some(Letter::Own);
        }
        let (users, []) = users.as_chunks::<LENGTH>() else {
            return None;
        };
        let user = |bytes: &[u8; LENGTH]| UserId::from_uuid(Uuid::from_bytes(*bytes));
        Some(Letter::FromAnother {
            users: users.iter().map(user).collect(),
            missed: match *kind {
                ENDED => false,
                ENDED_AND_MISSED => true,
                _ => return None,
            },
        })
    }
}
