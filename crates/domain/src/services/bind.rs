//! One more way in for somebody who is signed in: observe, decide, apply.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::model::account::Account;
use crate::model::audit::AuditAction;
use crate::model::binding::{BindingDecision, BindingRefusal, decide_binding};
use crate::model::changes::{SessionsOf, Step};
use crate::model::evidence::Evidence;
use crate::model::identifiers::UserId;
use crate::model::linking::{Attach, LinkingPolicy, Snapshot};
use crate::model::number_notice::LostNumber;
use crate::model::origin::Origin;
use crate::model::recycled::decide_doubtful_binding;
use crate::model::session::EndReason;
use crate::model::sms_message::AskedThrough;
use crate::model::verification::CodeId;
use crate::ports::account_store::AccountStoreError;
use crate::ports::number_notices::NumberNotices;
use crate::services::account_changes::ChangeSet;
use crate::services::authenticate::Authenticated;
use crate::services::end_codes::EndCodes;
use crate::services::login::{Arrival, LoginError, SignedIn};
use crate::services::recent_proof::{StepUpRequired, require_recent_proof};
use crate::services::sign_in::{MAX_ROUNDS, SignIn, confirm, lookup, take_from_holder};

/// What a binding answers.
#[derive(Debug, Clone)]
pub enum Bound {
    /// The account, and whether anything is new is seen in it.
    Kept(Box<Account>),
    /// The caller goes on with a fresh pair: the account was merged, or its
    /// scope changed.
    Moved {
        /// The account that the caller is in now, with its tokens.
        signed_in: Box<SignedIn>,
        /// Whether two accounts became one.
        merged: bool,
    },
}

impl Bound {
    /// The account that the caller is in now.
    #[must_use]
    pub fn account(&self) -> &Account {
        match self {
            Self::Kept(account) => account,
            Self::Moved { signed_in, .. } => &signed_in.account,
        }
    }
}

/// Why a binding failed.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// As a login with this proof would have.
    #[error(transparent)]
    Login(#[from] LoginError),
    /// The proof was right, and nothing is bound all the same.
    #[error("the binding is refused: {0:?}")]
    Refused(BindingRefusal),
    /// The phone number is to be replaced: the person must have proven who they
    /// are within the last five minutes.
    #[error("a recent proof of who is there is required")]
    StepUpRequired {
        /// Whether the account has a phone number to prove.
        sms: bool,
        /// Whether the account has a WeChat identity to prove.
        wechat: bool,
    },
    /// The caller's session ended meanwhile.
    #[error("the session has ended")]
    SessionOver,
    /// The caller's account is gone.
    #[error("the account is not there any more")]
    AccountGone,
}

impl BindError {
    /// True if the same proof may complete a later request.
    #[must_use]
    pub fn keeps_proof(&self) -> bool {
        match self {
            Self::Login(error) => error.keeps_proof(),
            Self::Refused(BindingRefusal::Login(refusal)) => refusal.keeps_proof(),
            Self::StepUpRequired { .. } => true,
            Self::Refused(_) | Self::SessionOver | Self::AccountGone => false,
        }
    }
}

impl From<StepUpRequired> for BindError {
    fn from(StepUpRequired { sms, wechat }: StepUpRequired) -> Self {
        Self::StepUpRequired { sms, wechat }
    }
}

impl From<AccountStoreError> for BindError {
    fn from(error: AccountStoreError) -> Self {
        match error {
            AccountStoreError::CallerGone => Self::SessionOver,
            other => Self::Login(other.into()),
        }
    }
}

/// Binds evidence to the account that is signed in.
pub struct Bind {
    /// Shares stores, tokens and rules with the logins.
    pub sign_in: Arc<SignIn>,
    /// Ends the codes of a number that was replaced.
    pub end_codes: Arc<EndCodes>,
    /// Sees to it that a number that was replaced is told.
    pub notices: Arc<dyn NumberNotices>,
}

impl Bind {
    /// Binds what was proven; durable on return. Where a number was replaced, the codes
    /// that are outstanding for it end, and it is told, which nobody waits for.
    ///
    /// # Errors
    ///
    /// See [`BindError`]; nothing has changed then.
    pub async fn execute(
        &self,
        caller: &Authenticated,
        evidence: &Evidence,
        method: &'static str,
        code: Option<CodeId>,
        origin: &Origin,
    ) -> Result<Bound, BindError> {
        let lookup = lookup(evidence, Some(caller.account.id));
        let policy = LinkingPolicy {
            merge: self.sign_in.policy.merge,
            confirm_wechat_phone: self.sign_in.policy.confirm_wechat_phone,
            restore: false,
            consented: true,
        };
        let turn = self.sign_in.turns.take(&lookup).await;
        let _turn = turn.map_err(LoginError::from)?;
        for _ in 0..MAX_ROUNDS {
            let now = self.sign_in.clock.now();
            let found = self.sign_in.accounts.observe(&lookup).await?;
            if self.sign_in.erase_due(&found, now).await? {
                continue;
            }
            let me = found
                .signed_in
                .clone()
                .filter(|me| me.id == caller.account.id && me.is_there());
            let me = me.ok_or(BindError::AccountGone)?;
            let device = caller.session.client.device();
            let doubtful = self
                .sign_in
                .is_doubtful(evidence, &found, device, now)
                .await?;
            let decision = if doubtful {
                let recycled = self.sign_in.policy.recycled_phone;
                decide_doubtful_binding(&me, evidence, &found, policy, recycled)
            } else {
                decide_binding(&me, evidence, &found, policy)
            };
            let round = Round {
                caller,
                evidence,
                method,
                code,
                origin,
                found: &found,
                now,
            };
            let before = me.phone.clone().map(|phone| (phone, me.phone_proof));
            match self.carry_out(decision, me, &round).await {
                Err(BindError::Login(LoginError::Unavailable(source)))
                    if matches!(source.downcast_ref(), Some(AccountStoreError::Stale)) => {}
                Ok(bound) => {
                    let lost =
                        before.filter(|(old, _)| bound.account().phone.as_ref() != Some(old));
                    if let Some((phone, proof)) = lost {
                        let user = caller.account.id;
                        self.end_codes.of_number(user, &phone).await;
                        self.notices.hand_over(LostNumber {
                            user,
                            phone,
                            proof,
                            asked: AskedThrough::Client(caller.session.client.kind),
                            origin: origin.clone(),
                        });
                    }
                    return Ok(bound);
                }
                refused => return refused,
            }
        }
        Err(AccountStoreError::Stale.into())
    }

    async fn carry_out(
        &self,
        decision: BindingDecision,
        me: Account,
        round: &Round<'_>,
    ) -> Result<Bound, BindError> {
        match decision {
            BindingDecision::Refuse(refusal) => Err(BindError::Refused(refusal)),
            BindingDecision::Held => self.refresh(me, round).await,
            BindingDecision::Attach {
                attach,
                replaces_phone,
            } => {
                if replaces_phone {
                    require_recent_proof(&me, &round.caller.session, round.now)?;
                }
                let scope = self.sign_in.tokens.scope_of(&me);
                let mut set = self.change_set(me, round);
                take_from_holder(&mut set, attach, round.evidence, round.found);
                set.attach(attach, round.evidence);
                if replaces_phone {
                    set.step(Step::EndSessions {
                        user: set.account.id,
                        which: SessionsOf::AllBut(round.caller.session.id),
                        reason: EndReason::PhoneChanged,
                    });
                }
                if self.sign_in.tokens.scope_of(&set.account) == scope {
                    set.spend(round.code);
                    let (account, mut changes) = set.finish(round.found, None, false);
                    changes.caller = Some(round.caller.session.id);
                    self.sign_in.accounts.apply(&changes).await?;
                    return Ok(Bound::Kept(Box::new(account)));
                }
                self.reopen(set, None, round).await
            }
            BindingDecision::Merge { from, into, attach } => {
                let from = named(round.found, from).ok_or(BindError::AccountGone)?;
                let into = named(round.found, into).ok_or(BindError::AccountGone)?;
                let mut set = self.change_set(into, round);
                set.merge(&from);
                set.attach(attach, round.evidence);
                self.reopen(set, Some(from), round).await
            }
        }
    }

    /// Nothing new is held, but what is held may be known better: a key of open
    /// data that WeChat has replaced, a number that an SMS code has proven.
    async fn refresh(&self, me: Account, round: &Round<'_>) -> Result<Bound, BindError> {
        let mut set = self.change_set(me, round);
        set.attach(Attach::default(), round.evidence);
        let key_replaced = !set.changes.steps.is_empty();
        if key_replaced {
            set.tell(AuditAction::SessionKeyReplaced, None);
        }
        confirm(&mut set, round.evidence);
        if set.changes.steps.is_empty() {
            return Ok(Bound::Kept(Box::new(set.account)));
        }
        set.spend(round.code);
        let (account, mut changes) = set.finish(round.found, None, false);
        changes.caller = Some(round.caller.session.id);
        self.sign_in.accounts.apply(&changes).await?;
        Ok(Bound::Kept(Box::new(account)))
    }

    fn change_set<'a>(&'a self, account: Account, round: &Round<'a>) -> ChangeSet<'a> {
        ChangeSet::new(
            account,
            round.method,
            round.origin,
            round.now,
            &*self.sign_in.randomness,
        )
    }

    /// The caller goes on in a new session, in place of the one they had.
    async fn reopen(
        &self,
        mut set: ChangeSet<'_>,
        merged: Option<Account>,
        round: &Round<'_>,
    ) -> Result<Bound, BindError> {
        let before = &round.caller.session;
        if merged.as_ref().is_none_or(|from| from.id != before.user) {
            set.step(Step::EndSessions {
                user: before.user,
                which: SessionsOf::One(before.id),
                reason: EndReason::Replaced,
            });
        }
        let user = set.account.id;
        let mut session = self.sign_in.session(
            user,
            &before.client,
            before.app_id.clone(),
            round.origin,
            round.now,
        );
        // A new session, but no new proof of who is there, and no longer life.
        session.proven_at = before.proven_at;
        session.expires_at = before.expires_at;
        self.sign_in.open(&mut set, &session, round.code);
        let (account, mut changes) = set.finish(round.found, merged.as_ref(), true);
        changes.caller = Some(round.caller.session.id);
        let tokens = self
            .sign_in
            .tokens
            .pair(&account, &session, round.now)
            .map_err(LoginError::from)?;
        self.sign_in.accounts.apply(&changes).await?;
        Ok(Bound::Moved {
            merged: merged.is_some(),
            signed_in: Box::new(SignedIn {
                phone_required: self.sign_in.tokens.phone_required(&account),
                account,
                session,
                tokens,
                is_new_user: false,
                arrival: if merged.is_some() {
                    Arrival::Merged
                } else {
                    Arrival::Returning
                },
                not_attached: Vec::new(),
            }),
        })
    }
}

/// What one round works with.
struct Round<'a> {
    caller: &'a Authenticated,
    evidence: &'a Evidence,
    method: &'static str,
    code: Option<CodeId>,
    origin: &'a Origin,
    found: &'a Snapshot,
    now: DateTime<Utc>,
}

fn named(found: &Snapshot, id: UserId) -> Option<Account> {
    found
        .signed_in
        .iter()
        .chain(found.matched())
        .find(|account| account.id == id)
        .cloned()
}
