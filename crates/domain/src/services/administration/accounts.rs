//! Changing accounts: observe, decide, apply, as logins do.

use crate::model::account::Account;
use crate::model::administration::{self, AdminConflict, Due};
use crate::model::audit::AuditAction;
use crate::model::changes::{SessionsOf, Step};
use crate::model::identifiers::{SessionId, UserId};
use crate::model::linking::Snapshot;
use crate::model::number_notice::LostNumber;
use crate::model::session::EndReason;
use crate::model::sms_message::AskedThrough;
use crate::ports::account_store::AccountStoreError;
use crate::services::account_changes::ChangeSet;
use crate::services::administration::{Act, Administration, AdministrationError};
use crate::services::sign_in::MAX_ROUNDS;

/// Why an act that has nothing to do is in the log all the same.
const NOTHING_TO_DO: &str = "nothing_to_do";

/// What becomes of one account.
#[derive(Debug, Clone, Copy)]
enum Change {
    Disable,
    Enable,
    DetachPhone { even_the_last: bool },
}

impl Change {
    fn decide(self, account: &Account) -> Result<Due, AdminConflict> {
        match self {
            Self::Disable => administration::disable(account),
            Self::Enable => administration::enable(account),
            Self::DetachPhone { even_the_last } => {
                administration::detach_phone(account, even_the_last)
            }
        }
    }

    fn collect(self, set: &mut ChangeSet<'_>) {
        match self {
            Self::Disable => set.disable(),
            Self::Enable => set.enable(),
            Self::DetachPhone { .. } => {
                set.remove_phone();
                set.step(Step::EndSessions {
                    user: set.account.id,
                    which: SessionsOf::All,
                    reason: EndReason::PhoneChanged,
                });
            }
        }
    }
}

impl Administration {
    /// Shuts an account: its sessions end with [`EndReason::Disabled`], and nobody
    /// signs in to it. One that is shut already stays so.
    ///
    /// # Errors
    ///
    /// [`AdministrationError::NotFound`], [`AdministrationError::Conflict`],
    /// [`AdministrationError::Unavailable`]; nothing has changed then.
    pub async fn disable(&self, act: &Act, user: UserId) -> Result<Account, AdministrationError> {
        self.change(act, user, Change::Disable).await
    }

    /// Opens a shut account again. One that is open stays so.
    ///
    /// # Errors
    ///
    /// As of [`disable`](Self::disable).
    pub async fn enable(&self, act: &Act, user: UserId) -> Result<Account, AdministrationError> {
        self.change(act, user, Change::Enable).await
    }

    /// Takes the phone number away from an account. All its sessions end with
    /// [`EndReason::PhoneChanged`]: whoever has the number now may have opened them; and
    /// codes that are outstanding for it end. The number is told, which nobody waits
    /// for. An account without a number stays as it is.
    ///
    /// # Errors
    ///
    /// As of [`disable`](Self::disable); [`AdminConflict::LastIdentity`] unless
    /// `even_the_last` way in is to go.
    pub async fn detach_phone(
        &self,
        act: &Act,
        user: UserId,
        even_the_last: bool,
    ) -> Result<Account, AdministrationError> {
        self.change(act, user, Change::DetachPhone { even_the_last })
            .await
    }

    /// Moves all of `from` into `into`, which survives; the sessions of `from` end
    /// with [`EndReason::Merged`], and its id is an alias from then on.
    ///
    /// # Errors
    ///
    /// As of [`disable`](Self::disable).
    pub async fn merge(
        &self,
        act: &Act,
        from: UserId,
        into: UserId,
    ) -> Result<Account, AdministrationError> {
        for _ in 0..MAX_ROUNDS {
            let (goes, stays) = (self.account(from).await?, self.account(into).await?);
            let (Some(goes), Some(stays)) = (goes, stays) else {
                return Err(self.refuse_missing(act, into).await);
            };
            if let Err(conflict) = administration::merge(&goes, &stays) {
                // The two were read one after the other. Only if the first is still
                // as it was did both ever stand like this.
                let still = self.account(from).await?;
                if still.is_some_and(|account| account.version == goes.version) {
                    return Err(self.refuse(act, into, conflict).await);
                }
                continue;
            }
            let found = Snapshot {
                signed_in: Some(stays.clone()),
                // Not by its number; what counts is that both are as they were seen.
                by_phone: Some(goes.clone()),
                ..Snapshot::default()
            };
            let mut set = self.change_set(act, stays);
            set.merge(&goes);
            let (account, changes) = set.finish(&found, Some(&goes), false);
            match self.accounts.apply(&changes).await {
                Ok(()) => return Ok(account),
                Err(AccountStoreError::Stale) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(AccountStoreError::Stale.into())
    }

    /// Ends live sessions of an account, as if its owner had signed them out;
    /// answers which.
    ///
    /// # Errors
    ///
    /// [`AdministrationError::NotFound`] if one session is meant that does not live,
    /// and [`AdministrationError::Unavailable`].
    pub async fn end_sessions(
        &self,
        act: &Act,
        user: UserId,
        which: SessionsOf,
    ) -> Result<Vec<SessionId>, AdministrationError> {
        let now = self.clock.now();
        let row = self.row(AuditAction::SessionRevoked, act).with_user(user);
        let row = match which {
            SessionsOf::One(session) => row.with_session(session),
            SessionsOf::AllBut(_) | SessionsOf::All => row,
        };
        let ended = self
            .sessions
            .end(user, which, EndReason::SignedOut, now, row)
            .await?;
        if !ended.is_empty() {
            return Ok(ended);
        }
        if matches!(which, SessionsOf::One(_)) {
            return Err(self.refuse_missing(act, user).await);
        }
        self.tell_refusal(act, Some(user), NOTHING_TO_DO).await;
        Ok(ended)
    }

    /// Changes one account, as it is now.
    async fn change(
        &self,
        act: &Act,
        user: UserId,
        change: Change,
    ) -> Result<Account, AdministrationError> {
        for _ in 0..MAX_ROUNDS {
            let Some(account) = self.account(user).await? else {
                return Err(self.refuse_missing(act, user).await);
            };
            match change.decide(&account) {
                Err(conflict) => return Err(self.refuse(act, user, conflict).await),
                Ok(Due::Nothing) => {
                    self.tell_refusal(act, Some(user), NOTHING_TO_DO).await;
                    return Ok(account);
                }
                Ok(Due::Change) => {}
            }
            let found = Snapshot {
                signed_in: Some(account.clone()),
                ..Snapshot::default()
            };
            let before = account
                .phone
                .clone()
                .map(|phone| (phone, account.phone_proof));
            let (account, changes) = {
                let mut set = self.change_set(act, account);
                change.collect(&mut set);
                set.finish(&found, None, false)
            };
            match self.accounts.apply(&changes).await {
                Ok(()) => {
                    let lost = before.filter(|(old, _)| account.phone.as_ref() != Some(old));
                    if let Some((phone, proof)) = lost {
                        self.end_codes.of_number(account.id, &phone).await;
                        self.notices.hand_over(LostNumber {
                            user: account.id,
                            phone,
                            proof,
                            asked: AskedThrough::Operator,
                            origin: act.origin.clone(),
                        });
                    }
                    return Ok(account);
                }
                Err(AccountStoreError::Stale) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(AccountStoreError::Stale.into())
    }

    fn change_set<'a>(&'a self, act: &'a Act, account: Account) -> ChangeSet<'a> {
        let now = self.clock.now();
        ChangeSet::new(account, act.name, &act.origin, now, &*self.randomness)
            .by(&act.operator, act.reason())
    }

    async fn refuse(
        &self,
        act: &Act,
        user: UserId,
        conflict: AdminConflict,
    ) -> AdministrationError {
        self.tell_refusal(act, Some(user), conflict.as_str()).await;
        AdministrationError::Conflict(conflict)
    }

    async fn refuse_missing(&self, act: &Act, user: UserId) -> AdministrationError {
        self.tell_refusal(act, Some(user), "not_found").await;
        AdministrationError::NotFound
    }
}
