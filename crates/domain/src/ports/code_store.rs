//! The outstanding verification codes: their seeds, challenges and tries.
//!
//! All lives are measured by the store's own clock.

use std::time::Duration;

use async_trait::async_trait;

use crate::model::phone_number::PhoneNumber;
use crate::model::spend::SpendScope;
use crate::model::verification::{ChallengeId, CodeId, CodeScope, CodeSeed};
use crate::ports::BoxError;

/// Why the store could not do it.
#[derive(Debug, thiserror::Error)]
pub enum CodeStoreError {
    /// The store is full: it refuses rather than forget somebody's tries.
    #[error("code storage is full")]
    Full,
    /// The store did not answer in time, or not sensibly.
    #[error("code storage is unavailable")]
    Unavailable(#[source] BoxError),
}

/// The seed that a message is to be made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draft {
    /// The seed: of the code that lives already, or the new one.
    pub seed: CodeSeed,
    /// What is left of the code's life.
    pub expires_in: Duration,
}

/// What became of a try before its digits were compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// The try is counted; compare with the code of this seed.
    Counted {
        /// The seed.
        seed: CodeSeed,
        /// How many more tries the challenge has if this one is wrong.
        attempts_left: u8,
    },
    /// The challenge, or the code as a whole, has no try left.
    Exhausted {
        /// How long ago the code was last sent.
        sent_ago: Duration,
    },
    /// No such code is outstanding: never sent, expired, or used.
    Absent,
}

/// Proof that a code was spent, by its only holder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeReceipt {
    scope: CodeScope,
    seed: CodeSeed,
    proven: Vec<SpendScope>,
}

impl CodeReceipt {
    /// Only the comparison of the domain makes one.
    pub(crate) fn new(scope: CodeScope, seed: CodeSeed, proven: Vec<SpendScope>) -> Self {
        Self {
            scope,
            seed,
            proven,
        }
    }

    /// What it was counted for as a right code.
    pub(crate) fn proven(&self) -> &[SpendScope] {
        &self.proven
    }

    /// The number that the code was sent to.
    #[must_use]
    pub fn phone(&self) -> &PhoneNumber {
        &self.scope.phone
    }

    /// What the code was bound to.
    #[must_use]
    pub fn scope(&self) -> &CodeScope {
        &self.scope
    }

    /// Which code it was.
    #[must_use]
    pub fn code(&self) -> CodeId {
        self.seed.id
    }
}

/// The outstanding verification codes; each method is one atomic step.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait CodeStore: Send + Sync {
    /// Answers the seed that a message for `scope` is to be made from, before
    /// it is sent.
    ///
    /// That is the live code's while it has at least `reusable_for` left and
    /// tries to give; otherwise that of a draft in progress, so that two asks at
    /// once send one code; otherwise `fresh`, kept as a draft for `ttl`. A
    /// draft opens nothing until it is committed, and the live code stays.
    ///
    /// # Errors
    ///
    /// See [`CodeStoreError`].
    async fn draft(
        &self,
        scope: &CodeScope,
        fresh: CodeSeed,
        ttl: Duration,
        reusable_for: Duration,
    ) -> Result<Draft, CodeStoreError>;

    /// The message is on its way: the draft becomes the scope's only live code,
    /// and `challenge` gets `attempts` tries at it. Its life began with the draft.
    /// A live code of the same seed keeps its life and its counts and takes one
    /// more challenge; one that was spent meanwhile stays spent. A draft that was
    /// discarded by another ask with the same seed is committed all the same.
    ///
    /// # Errors
    ///
    /// See [`CodeStoreError`].
    async fn commit(
        &self,
        scope: &CodeScope,
        draft: &Draft,
        challenge: ChallengeId,
        attempts: u8,
    ) -> Result<(), CodeStoreError>;

    /// No message was sent: the draft goes, the live code stays as it is.
    ///
    /// # Errors
    ///
    /// See [`CodeStoreError`].
    async fn discard(&self, scope: &CodeScope, seed: CodeId) -> Result<(), CodeStoreError>;

    /// Counts one try, before anything is compared.
    ///
    /// Tries without a challenge share `attempts` of their own; a challenge that
    /// the code does not know is [`Attempt::Absent`]. A code that was tried
    /// `MAX_FAILURES_PER_CODE` times gives no try any more.
    ///
    /// # Errors
    ///
    /// See [`CodeStoreError`].
    async fn attempt(
        &self,
        scope: &CodeScope,
        challenge: Option<ChallengeId>,
        attempts: u8,
    ) -> Result<Attempt, CodeStoreError>;

    /// Takes back a try that was counted but not compared.
    ///
    /// # Errors
    ///
    /// See [`CodeStoreError`].
    async fn uncount(
        &self,
        scope: &CodeScope,
        challenge: Option<ChallengeId>,
        seed: CodeId,
    ) -> Result<(), CodeStoreError>;

    /// The digits were right: spends the code. Of concurrent calls exactly one
    /// answers `true`.
    ///
    /// # Errors
    ///
    /// See [`CodeStoreError`].
    async fn spend(&self, scope: &CodeScope, seed: CodeId) -> Result<bool, CodeStoreError>;

    /// Gives a spent code back, with the life, challenges and counts that it
    /// had, less the try that spent it: the request was refused but may be
    /// completed with the same code. Nothing happens if its life is over or
    /// another code lives by now.
    ///
    /// # Errors
    ///
    /// See [`CodeStoreError`].
    async fn give_back(
        &self,
        scope: &CodeScope,
        challenge: Option<ChallengeId>,
        seed: CodeId,
    ) -> Result<(), CodeStoreError>;

    /// Ends all codes of these scopes: what lives, what is a draft, and what was spent
    /// and might be given back. Each scope is one atomic step, all are tried, and
    /// other scopes are left alone. The code of a message that is on its way may be
    /// committed afterwards.
    ///
    /// # Errors
    ///
    /// See [`CodeStoreError`]; some of the scopes may have ended then.
    async fn end(&self, scopes: &[CodeScope]) -> Result<(), CodeStoreError>;
}
