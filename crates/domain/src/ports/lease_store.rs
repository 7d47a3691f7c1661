//! Leases: which one of several replicas does what only one has to do.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::model::identifiers::HolderId;
use crate::ports::BoxError;

/// The store did not answer in time, or not sensibly.
#[derive(Debug, thiserror::Error)]
#[error("lease storage is unavailable")]
pub struct LeaseStoreError(#[source] pub BoxError);

/// What a lease is for. All replicas call it the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LeaseName(&'static str);

impl LeaseName {
    /// Removing what is past its time.
    pub const HOUSEKEEPING: Self = Self("housekeeping");

    /// Sealing anew what stands under older keys, and taking those out of the ring.
    pub const RESEALING: Self = Self("resealing");

    /// Delivering events to receivers.
    pub const WEBHOOKS: Self = Self("webhooks");

    /// A lease of this name: a stable word.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self(name)
    }

    /// The name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

/// A lease, held. Both moments are told by the store's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    /// When it was taken or renewed.
    pub at: DateTime<Utc>,
    /// When it ends unless it is renewed; somebody else may take it from then on.
    pub until: DateTime<Utc>,
}

/// Leases. A lease has one holder at a time, whose it is until its end, which only
/// the clock of the store tells: replicas need not agree on the time.
///
/// A holder that was frozen may go on for a moment after its lease has ended. So
/// a lease saves work and does not guard data: what is done under it must be
/// harmless when two do it.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait LeaseStore: Send + Sync {
    /// Takes a lease for `term` (at least a millisecond) from now on, if it is
    /// free, has ended, or is the holder's own; `None`, and nothing changed, if
    /// somebody else holds it.
    ///
    /// # Errors
    ///
    /// [`LeaseStoreError`].
    async fn take(
        &self,
        name: LeaseName,
        holder: HolderId,
        term: Duration,
    ) -> Result<Option<Grant>, LeaseStoreError>;

    /// Keeps a lease for `term` from now on; `None`, and nothing changed, if it
    /// has ended meanwhile, even if nobody else has taken it.
    ///
    /// # Errors
    ///
    /// [`LeaseStoreError`].
    async fn renew(
        &self,
        name: LeaseName,
        holder: HolderId,
        term: Duration,
    ) -> Result<Option<Grant>, LeaseStoreError>;

    /// Gives a lease back; nothing happens if it is not the holder's any more.
    ///
    /// # Errors
    ///
    /// [`LeaseStoreError`].
    async fn release(&self, name: LeaseName, holder: HolderId) -> Result<(), LeaseStoreError>;
}
