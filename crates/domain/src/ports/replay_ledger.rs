//! What became of single-use proofs: so that a request which arrives twice is
//! carried out once and answered twice.

use std::time::Duration;

use async_trait::async_trait;

use crate::model::evidence::{EvidencePart, ProvenPhone, WeChatIdentity};
use crate::model::identifiers::SessionId;
use crate::ports::BoxError;

/// The ledger did not answer in time, or not sensibly, or is full.
#[derive(Debug, thiserror::Error)]
#[error("the replay ledger is unavailable")]
pub struct ReplayLedgerError(#[source] pub BoxError);

/// The keyed hash of a proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ProofKey(pub [u8; 32]);

/// The keyed hash of who may complete the login: route, client, device, user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Binding(pub [u8; 32]);

/// What is known of a proof.
#[derive(Debug, Clone)]
pub enum ProofRecord {
    /// The provider vouched, and the login is not complete: it may be completed
    /// with what is recorded here.
    Vouched {
        /// Who may complete it.
        binding: Binding,
        /// The identity.
        identity: WeChatIdentity,
        /// The phone number, where the button's code was exchanged too.
        phone: Option<ProvenPhone>,
    },
    /// The login was completed with this session.
    SignedIn {
        /// Who may be told so.
        binding: Binding,
        /// The session.
        session: SessionId,
        /// Whether the login made the account.
        is_new_user: bool,
        /// What the login left.
        not_attached: Vec<EvidencePart>,
    },
    /// The proof is worth nothing any more.
    Spent,
}

/// What a claim answers.
#[derive(Debug, Clone)]
pub enum Claim {
    /// The caller, and nobody else, carries the request out, and then records
    /// or releases the proof.
    Granted {
        /// The [`ProofRecord::Vouched`] of a request that was not completed, if
        /// there was one; `None` for a proof that was not seen before.
        vouched: Option<ProofRecord>,
    },
    /// The proof is done with: [`ProofRecord::SignedIn`] or
    /// [`ProofRecord::Spent`].
    Recorded(ProofRecord),
    /// Somebody else is still at it, after the whole waiting time.
    InProgress,
}

/// What became of single-use proofs.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait ReplayLedger: Send + Sync {
    /// Claims a proof. While somebody else holds the claim, waits for the
    /// outcome, at most `patience` long; where that is [`ProofRecord::Vouched`]
    /// or a release, one of those who wait is granted the claim next. A claim
    /// that is neither recorded nor released becomes [`ProofRecord::Spent`]
    /// after `lease`.
    ///
    /// # Errors
    ///
    /// [`ReplayLedgerError`].
    async fn claim(
        &self,
        key: ProofKey,
        lease: Duration,
        patience: Duration,
    ) -> Result<Claim, ReplayLedgerError>;

    /// Records what became of a claimed proof, and ends the claim. After `fresh`
    /// it becomes [`ProofRecord::Spent`], and after `kept` it is forgotten.
    /// Recording again replaces the record and starts neither time anew; what is
    /// spent stays spent.
    ///
    /// # Errors
    ///
    /// [`ReplayLedgerError`].
    async fn record(
        &self,
        key: ProofKey,
        record: ProofRecord,
        fresh: Duration,
        kept: Duration,
    ) -> Result<(), ReplayLedgerError>;

    /// Nothing happened: the claim ends, and the proof may be claimed again,
    /// with what was recorded before it. Where there is no claim, nothing changes.
    ///
    /// # Errors
    ///
    /// [`ReplayLedgerError`].
    async fn release(&self, key: ProofKey) -> Result<(), ReplayLedgerError>;
}
