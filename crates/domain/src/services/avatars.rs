//! The pictures that people upload: taken, shown, removed.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::model::account::Account;
use crate::model::avatar::{Avatar, AvatarBase, AvatarName, UNSHOWN_FOR};
use crate::model::limits::Limits;
use crate::model::origin::Origin;
use crate::model::profile::AvatarUrl;
use crate::ports::BoxError;
use crate::ports::account_store::{AccountStore, AccountStoreError};
use crate::ports::avatar_records::{AvatarRecords, AvatarRecordsError};
use crate::ports::avatar_store::{AvatarStore, AvatarStoreError};
use crate::ports::clock::Clock;
use crate::ports::image_reader::{ImageReader, ImageReaderError};
use crate::ports::randomness::Randomness;
use crate::ports::rate_limiter::{Admission, RateLimiter, RateLimiterError};
use crate::services::account_changes::ChangeSet;
use crate::services::authenticate::Authenticated;
use crate::services::own_account;
use crate::services::sign_in::MAX_ROUNDS;

/// How many unwanted pictures an upload removes along the way, at most: its own
/// predecessor, and what others have left.
const SWEPT_PER_UPLOAD: u32 = 4;

/// Why a picture is not taken.
#[derive(Debug, thiserror::Error)]
pub enum SetAvatarError {
    /// The file gives no picture, or the reader has no room.
    #[error(transparent)]
    Image(#[from] ImageReaderError),
    /// The person has uploaded as many as an hour allows.
    #[error("too often")]
    RateLimited {
        /// How long to wait.
        retry_after: Duration,
    },
    /// The caller's session ended meanwhile.
    #[error("the session has ended")]
    SessionOver,
    /// The caller's account is gone.
    #[error("the account is not there any more")]
    AccountGone,
    /// A store did not answer, or the account would not hold still.
    #[error("a store is unavailable")]
    Unavailable(#[source] BoxError),
}

impl SetAvatarError {
    /// True if it is nothing that the person sent: such a try does not count.
    fn is_ours(&self) -> bool {
        match self {
            Self::Unavailable(_)
            | Self::Image(ImageReaderError::Busy { .. } | ImageReaderError::Failed(_)) => true,
            // They have cost as much as a picture.
            Self::Image(
                ImageReaderError::UnknownFormat
                | ImageReaderError::Broken
                | ImageReaderError::TooLarge,
            )
            | Self::RateLimited { .. }
            | Self::SessionOver
            | Self::AccountGone => false,
        }
    }
}

impl From<AccountStoreError> for SetAvatarError {
    fn from(error: AccountStoreError) -> Self {
        match error {
            AccountStoreError::CallerGone => Self::SessionOver,
            AccountStoreError::Stale
            | AccountStoreError::CodeSpent
            | AccountStoreError::NoticeSeen
            | AccountStoreError::Unavailable(_) => Self::Unavailable(Box::new(error)),
        }
    }
}

macro_rules! unavailable {
    ($($error:ident),+) => {
        $(impl From<$error> for SetAvatarError {
            fn from(error: $error) -> Self {
                Self::Unavailable(Box::new(error))
            }
        })+
    };
}

unavailable!(AvatarRecordsError, AvatarStoreError, RateLimiterError);

/// Takes a person's picture.
pub struct SetAvatar {
    /// Reads it.
    pub images: Arc<dyn ImageReader>,
    /// Keeps it.
    pub store: Arc<dyn AvatarStore>,
    /// Knows whose it is.
    pub records: Arc<dyn AvatarRecords>,
    /// Shows it.
    pub accounts: Arc<dyn AccountStore>,
    /// Counts uploads.
    pub limiter: Arc<dyn RateLimiter>,
    /// Removes what it takes the place of.
    pub sweep: Arc<SweepAvatars>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Names it.
    pub randomness: Arc<dyn Randomness>,
    /// How many a person may upload in an hour; zero means no limit.
    pub per_hour: u32,
}

impl SetAvatar {
    /// Reads the picture, keeps it, and shows it in the account under its address below
    /// `base`; answers the account. Durable on return. The one that it takes the place of is
    /// not seen any more. Sent again, it takes its own place.
    ///
    /// A picture takes its time to arrive. Whose session is over by then shows nothing,
    /// and their file is removed.
    ///
    /// # Errors
    ///
    /// See [`SetAvatarError`]; the account is as it was, or, after
    /// [`SetAvatarError::Unavailable`], perhaps shows the picture.
    pub async fn execute(
        &self,
        caller: &Authenticated,
        file: Vec<u8>,
        base: &AvatarBase,
        origin: &Origin,
    ) -> Result<Account, SetAvatarError> {
        let windows = Limits::for_avatar(caller.account.id, self.per_hour);
        let reservation = match self.limiter.reserve(&windows).await? {
            Admission::Reserved(reservation) => reservation,
            Admission::Refused { retry_after, .. } => {
                return Err(SetAvatarError::RateLimited { retry_after });
            }
        };
        let taken = self.take(caller, file, base, origin).await;
        if taken.as_ref().is_err_and(SetAvatarError::is_ours)
            && let Err(error) = self.limiter.release(&reservation).await
        {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "an upload that failed stays counted"
            );
        }
        taken
    }

    async fn take(
        &self,
        caller: &Authenticated,
        file: Vec<u8>,
        base: &AvatarBase,
        origin: &Origin,
    ) -> Result<Account, SetAvatarError> {
        let avatar = self.images.read(file).await?;
        let name = AvatarName::generate(&*self.randomness);
        // On record first: whatever happens now, the file is found and removed.
        let (user, now) = (caller.account.id, self.clock.now());
        self.records.announce(name, user, now).await?;
        self.store.put(name, &avatar).await?;
        let shown = self.show(caller, name, base.address(name), origin).await;
        if let Err(SetAvatarError::SessionOver | SetAvatarError::AccountGone) = shown {
            self.withdraw(name).await;
        }
        let account = shown?;
        let swept = self.sweep.execute(self.clock.now(), SWEPT_PER_UPLOAD).await;
        if let Some(error) = swept.failure {
            tracing::warn!(error = &*error, "an older picture is left to housekeeping");
        }
        Ok(account)
    }

    /// Removes what was stored for nobody. Should the erasure of the account have had
    /// the record first, the file is there all the same.
    async fn withdraw(&self, name: AvatarName) {
        let withdrawn = async {
            self.records.give_up(name).await?;
            self.sweep.remove(name).await
        };
        if let Err(error) = withdrawn.await {
            tracing::warn!(
                error = &*error,
                "a picture of nobody is left to housekeeping"
            );
        }
    }

    async fn show(
        &self,
        caller: &Authenticated,
        name: AvatarName,
        address: AvatarUrl,
        origin: &Origin,
    ) -> Result<Account, SetAvatarError> {
        let lookup = own_account::lookup(caller);
        for _ in 0..MAX_ROUNDS {
            let found = self.accounts.observe(&lookup).await?;
            let account = found.signed_in.clone().filter(Account::is_there);
            let account = account.ok_or(SetAvatarError::AccountGone)?;
            let now = self.clock.now();
            let mut set = ChangeSet::new(account, "avatar", origin, now, &*self.randomness);
            set.show_avatar(name, address.clone());
            let (account, mut changes) = set.finish(&found, None, false);
            changes.caller = Some(caller.session.id);
            match self.accounts.apply(&changes).await {
                Ok(()) => return Ok(account),
                Err(AccountStoreError::Stale) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(AccountStoreError::Stale.into())
    }
}

/// Shows pictures to whoever knows their names.
pub struct ShowAvatar {
    /// Keeps them.
    pub store: Arc<dyn AvatarStore>,
    /// Knows which are shown.
    pub records: Arc<dyn AvatarRecords>,
}

impl ShowAvatar {
    /// The picture of this name, if an account shows it.
    ///
    /// # Errors
    ///
    /// That of the store or the record which did not answer.
    pub async fn execute(&self, name: AvatarName) -> Result<Option<Avatar>, BoxError> {
        if !self.is_shown(name).await? {
            return Ok(None);
        }
        Ok(self.store.get(name).await?)
    }

    /// Whether an account shows the picture.
    ///
    /// # Errors
    ///
    /// That of the record.
    pub async fn is_shown(&self, name: AvatarName) -> Result<bool, BoxError> {
        Ok(self.records.is_shown(name).await?)
    }
}

/// What a sweep came to.
#[derive(Debug, Default)]
pub struct Swept {
    /// How many pictures were removed.
    pub removed: u64,
    /// Whether there may be more that can be removed now.
    pub more: bool,
    /// What kept it from removing the rest.
    pub failure: Option<BoxError>,
}

/// Removes pictures that no account shows: those that others took the place of, those
/// of accounts that are gone, and those whose upload was given up half-way.
pub struct SweepAvatars {
    /// Keeps them.
    pub store: Arc<dyn AvatarStore>,
    /// Knows which are unwanted.
    pub records: Arc<dyn AvatarRecords>,
}

impl SweepAvatars {
    /// Removes `limit` pictures at most, up to the first that cannot be removed.
    pub async fn execute(&self, now: DateTime<Utc>, limit: u32) -> Swept {
        let mut swept = Swept::default();
        let unwanted = match self.records.unwanted(now - UNSHOWN_FOR, limit).await {
            Ok(unwanted) => unwanted,
            Err(error) => {
                swept.failure = Some(Box::new(error));
                return swept;
            }
        };
        swept.more = u32::try_from(unwanted.len()).is_ok_and(|found| found >= limit);
        for name in unwanted {
            if let Err(error) = self.remove(name).await {
                swept.failure = Some(error);
                swept.more = false;
                break;
            }
            swept.removed += 1;
        }
        swept
    }

    /// Off the record last: a removal that is cut short is begun anew.
    async fn remove(&self, name: AvatarName) -> Result<(), BoxError> {
        self.store.remove(name).await?;
        self.records.forget(name).await?;
        Ok(())
    }
}
