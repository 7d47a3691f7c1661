//! From evidence to a session: observe, decide, apply, until no other login
//! interferes.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::model::account::{Account, AccountStatus};
use crate::model::audit::{AuditAction, AuditEvent};
use crate::model::changes::{Changes, Step};
use crate::model::client::Client;
use crate::model::event::Notice;
use crate::model::evidence::{Evidence, EvidencePart, PhoneProof};
use crate::model::identifiers::{SessionId, UserId};
use crate::model::linking::{Attach, Decision, LinkingPolicy, Refusal, Snapshot, decide};
use crate::model::origin::Origin;
use crate::model::policy::AccountPolicy;
use crate::model::recycled::{RecycledPhone, decide_doubtful, is_doubtful, suspect};
use crate::model::refresh::RefreshState;
use crate::model::session::Session;
use crate::model::verification::CodeId;
use crate::model::wechat::AppId;
use crate::ports::account_store::{AccountStore, AccountStoreError, Lookup};
use crate::ports::audit_log::AuditLog;
use crate::ports::clock::Clock;
use crate::ports::randomness::Randomness;
use crate::ports::turns::Turns;
use crate::services::account_changes::ChangeSet;
use crate::services::erase_due::erase_seen;
use crate::services::issue_tokens::IssueTokens;
use crate::services::login::{Arrival, LoginError, LoginRequest, SignedIn};
use crate::services::screen_sign_up::ScreenSignUp;

/// How often a login observes again before it gives up. Within a process logins of
/// one person have turns: only as many race as there are processes.
pub(super) const MAX_ROUNDS: usize = 12;

/// Signs people in with what they have proven.
pub struct SignIn {
    /// The accounts.
    pub accounts: Arc<dyn AccountStore>,
    /// Lets the logins of one person come one after the other.
    pub turns: Arc<dyn Turns>,
    /// Is told of refusals.
    pub audit: Arc<dyn AuditLog>,
    /// Makes the tokens.
    pub tokens: Arc<IssueTokens>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Names accounts, sessions and rows.
    pub randomness: Arc<dyn Randomness>,
    /// Rules of accounts.
    pub policy: Arc<AccountPolicy>,
    /// Asks about who signs up by WeChat alone.
    pub screen: Arc<ScreenSignUp>,
}

/// What the audit log is told where a sign-up is too risky without a number.
const RISKY: &str = "risky_sign_up";

/// How a login was proven.
#[derive(Debug, Clone)]
pub struct Via {
    /// The method's name in the audit log.
    pub method: &'static str,
    /// The WeChat application that the session is opened through.
    pub app_id: Option<AppId>,
    /// The verification code that was spent.
    pub code: Option<CodeId>,
}

/// What one round decided to do.
struct Plan {
    account: Account,
    session: Session,
    changes: Changes,
    arrival: Arrival,
    not_attached: Vec<EvidencePart>,
}

impl SignIn {
    /// Ends the login with one account and one session, durable on return.
    ///
    /// # Errors
    ///
    /// [`LoginError::Refused`], [`LoginError::Unavailable`] and
    /// [`LoginError::Tokens`]; nothing has changed then. Unavailable are the stores,
    /// and a turn that does not come in time.
    pub async fn execute(
        &self,
        evidence: &Evidence,
        request: &LoginRequest,
        via: &Via,
    ) -> Result<SignedIn, LoginError> {
        let lookup = lookup(evidence, None);
        let mut screened = !self.screen.concerns(evidence);
        let mut turn = self.turns.take(&lookup).await?;
        for _ in 0..MAX_ROUNDS {
            let now = self.clock.now();
            let found = self.accounts.observe(&lookup).await?;
            if self.erase_due(&found, now).await? {
                continue;
            }
            let refuse =
                |refusal, reason| self.refuse(refusal, reason, evidence, &found, request, via);
            let policy = self.linking(request);
            let device = request.client.device();
            let decision = if self.is_doubtful(evidence, &found, device, now).await? {
                decide_doubtful(evidence, &found, policy, self.policy.recycled_phone)
            } else {
                decide(evidence, &found, policy)
            };
            if decision == Decision::Create && !screened {
                screened = true;
                // WeChat may take seconds, and nobody waits for it but this person.
                drop(turn);
                let address = request.origin.address;
                if self.screen.asks_for_phone(evidence, address).await {
                    return Err(refuse(Refusal::PhoneConfirmationRequired, RISKY).await);
                }
                turn = self.turns.take(&lookup).await?;
                continue;
            }
            let plan = match self.plan(decision, evidence, &found, request, via, now) {
                Ok(plan) => plan,
                Err(refusal) => return Err(refuse(refusal, refusal.as_str()).await),
            };
            // Signed before it is committed, so that what is committed can be answered.
            let tokens = self.tokens.pair(&plan.account, &plan.session, now)?;
            match self.accounts.apply(&plan.changes).await {
                Ok(()) => {
                    return Ok(SignedIn {
                        phone_required: self.tokens.phone_required(&plan.account),
                        account: plan.account,
                        session: plan.session,
                        tokens,
                        is_new_user: plan.arrival == Arrival::New,
                        arrival: plan.arrival,
                        not_attached: plan.not_attached,
                    });
                }
                Err(AccountStoreError::Stale) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(AccountStoreError::Stale.into())
    }

    /// True if the proven number may be somebody else's by now, and the deployment
    /// minds.
    pub(super) async fn is_doubtful(
        &self,
        evidence: &Evidence,
        found: &Snapshot,
        device: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<bool, AccountStoreError> {
        if self.policy.recycled_phone == RecycledPhone::Off {
            return Ok(false);
        }
        let Some(holder) = suspect(evidence, found, now) else {
            return Ok(false);
        };
        let device = device.map(ToOwned::to_owned);
        let activity = self.accounts.activity(holder.id, device).await?;
        Ok(is_doubtful(activity, now))
    }

    /// Erases the accounts of the snapshot whose cooling-off time is over, whether
    /// or not housekeeping has come to them; false if there is none. The snapshot
    /// is out of date then.
    pub(super) async fn erase_due(
        &self,
        found: &Snapshot,
        now: DateTime<Utc>,
    ) -> Result<bool, AccountStoreError> {
        let due: Vec<_> = found.matched().filter(|one| one.is_due(now)).collect();
        for account in &due {
            let account = Account::clone(account);
            match erase_seen(&*self.accounts, &*self.randomness, account, now).await {
                Ok(()) | Err(AccountStoreError::Stale) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(!due.is_empty())
    }

    fn linking(&self, request: &LoginRequest) -> LinkingPolicy {
        let asked = self.policy.consent_version.as_ref();
        LinkingPolicy {
            merge: self.policy.merge,
            confirm_wechat_phone: self.policy.confirm_wechat_phone,
            restore: request.restore,
            consented: asked.is_none_or(|version| request.consent.as_ref() == Some(version)),
        }
    }

    fn plan(
        &self,
        decision: Decision,
        evidence: &Evidence,
        found: &Snapshot,
        request: &LoginRequest,
        via: &Via,
        now: DateTime<Utc>,
    ) -> Result<Plan, Refusal> {
        let start =
            |account| ChangeSet::new(account, via.method, &request.origin, now, &*self.randomness);
        let arrival = match &decision {
            Decision::Create => Arrival::New,
            Decision::Merge { .. } => Arrival::Merged,
            Decision::SignIn { .. } | Decision::Refuse(_) => Arrival::Returning,
        };
        let mut merged = None;
        let (mut set, attach, not_attached) = match decision {
            Decision::Refuse(refusal) => return Err(refusal),
            Decision::Create => {
                let mut set = start(self.new_account(now));
                set.create(
                    self.policy
                        .consent_version
                        .clone()
                        .and(request.consent.clone()),
                );
                let union_id = evidence
                    .wechat()
                    .is_some_and(|wechat| wechat.union_id.is_some());
                (
                    set,
                    Attach {
                        phone: true,
                        openid: true,
                        union_id,
                    },
                    Vec::new(),
                )
            }
            Decision::SignIn {
                user,
                attach,
                not_attached,
                conflict,
            } => {
                let mut set = start(self.account(found, user));
                set.restore(None);
                if conflict {
                    set.tell(AuditAction::LinkConflict, None);
                } else if let Some(other) = other_union_id(&set.account, evidence) {
                    set.tell(AuditAction::LinkConflict, Some(other));
                }
                (set, attach, not_attached)
            }
            Decision::Merge {
                from,
                into,
                attach,
                not_attached,
            } => {
                let from = self.account(found, from);
                let mut set = start(self.account(found, into));
                set.restore(Some(&from));
                set.merge(&from);
                merged = Some(from);
                (set, attach, not_attached)
            }
        };
        take_from_holder(&mut set, attach, evidence, found);
        set.attach(attach, evidence);
        confirm(&mut set, evidence);
        let session = self.session(
            set.account.id,
            &request.client,
            via.app_id.clone(),
            &request.origin,
            now,
        );
        self.open(&mut set, &session, via.code);
        let (account, changes) = set.finish(found, merged.as_ref(), true);
        Ok(Plan {
            account,
            session,
            changes,
            arrival,
            not_attached,
        })
    }

    /// The account of that id in the snapshot; a decision names no other.
    fn account(&self, found: &Snapshot, id: UserId) -> Account {
        let named = found.matched().find(|account| account.id == id);
        named
            .cloned()
            .unwrap_or_else(|| self.new_account(self.clock.now()))
    }

    fn new_account(&self, now: DateTime<Utc>) -> Account {
        Account {
            id: UserId::generate(&*self.randomness, now),
            version: 1,
            status: AccountStatus::Active,
            phone: None,
            phone_proof: None,
            profile: self.policy.blank_profile(&*self.randomness),
            identities: Vec::new(),
            union_ids: Vec::new(),
            created_at: now,
            updated_at: now,
            last_login_at: now,
        }
    }

    /// A session that begins now.
    pub(super) fn session(
        &self,
        user: UserId,
        client: &Client,
        app_id: Option<AppId>,
        origin: &Origin,
        now: DateTime<Utc>,
    ) -> Session {
        Session {
            id: SessionId::generate(&*self.randomness, now),
            user,
            client: client.clone(),
            app_id,
            address: origin.address,
            user_agent: origin.user_agent.clone(),
            created_at: now,
            last_seen_at: now,
            proven_at: now,
            expires_at: now + self.tokens.policy.lives(client.kind).session,
            ended: None,
            refresh: RefreshState::begin(now),
            replay_noted: None,
        }
    }

    /// Opens the session as part of the changes.
    pub(super) fn open(&self, set: &mut ChangeSet<'_>, session: &Session, code: Option<CodeId>) {
        if code.is_some() {
            set.tell(AuditAction::CodeVerified, None);
        }
        set.tell(AuditAction::SignedIn, None);
        if let Some(row) = set.changes.audit.last_mut() {
            let named = row.clone().with_session(session.id);
            *row = named.with_device(session.client.device());
        }
        set.publish(Notice::SessionCreated(session.id));
        set.step(Step::OpenSession {
            session: Box::new(session.clone()),
            max_live: self.tokens.policy.max_sessions,
            code,
        });
    }

    async fn refuse(
        &self,
        refusal: Refusal,
        reason: &'static str,
        evidence: &Evidence,
        found: &Snapshot,
        request: &LoginRequest,
        via: &Via,
    ) -> LoginError {
        let subject = match evidence {
            Evidence::Phone(phone) | Evidence::Both(phone, _) => phone.number().masked(),
            Evidence::WeChat(identity) => identity.openid.masked(),
        };
        let device = request.client.device();
        let mut row = AuditEvent::new(
            AuditAction::SignInRefused,
            self.clock.now(),
            &*self.randomness,
        )
        .with_method(via.method)
        .with_subject(subject)
        .with_reason(reason)
        .with_origin(&request.origin)
        .with_device(device);
        row.user = found.matched().next().map(|account| account.id);
        match self.audit.append(&[row]).await {
            Ok(()) => LoginError::Refused(refusal),
            Err(error) => LoginError::Unavailable(Box::new(error)),
        }
    }
}

/// A number is attached that somebody else holds only where it was in doubt: they
/// give it up.
pub(super) fn take_from_holder(
    set: &mut ChangeSet<'_>,
    attach: Attach,
    evidence: &Evidence,
    found: &Snapshot,
) {
    let holder = found.by_phone.as_ref();
    let holder = holder.filter(|holder| holder.id != set.account.id);
    if let Some(holder) = holder.filter(|_| attach.phone && evidence.phone().is_some()) {
        set.take_phone_from(holder);
    }
}

/// A number that the account holds by WeChat's or an operator's word alone, and that
/// an SMS code has proven now, is the person's own from here on.
pub(super) fn confirm(set: &mut ChangeSet<'_>, evidence: &Evidence) {
    let proven = evidence
        .phone()
        .filter(|phone| phone.proof() == PhoneProof::Sms);
    if let Some(phone) = proven
        && set.account.phone_proof != Some(PhoneProof::Sms)
        && set.account.phone.as_ref() == Some(phone.number())
    {
        set.confirm_phone(phone);
    }
}

/// The unionid that was proven, masked, where the account holds another one of
/// the platform: the application may have moved to another Open Platform account.
/// The held one stays, and whoever reads the log knows.
fn other_union_id(account: &Account, evidence: &Evidence) -> Option<String> {
    let wechat = evidence.wechat()?;
    let (_, proven) = wechat.union_id.as_ref()?;
    account
        .holds_other_union_id(wechat)
        .then(|| proven.masked())
}

/// What the accounts are looked up by for a piece of evidence.
pub(super) fn lookup(evidence: &Evidence, signed_in: Option<UserId>) -> Lookup {
    let wechat = evidence.wechat();
    Lookup {
        signed_in,
        phone: evidence.phone().map(|phone| phone.number().clone()),
        openid: wechat.map(|w| (w.provider, w.app_id.clone(), w.openid.clone())),
        union_id: wechat.and_then(|w| w.union_id.clone()),
    }
}
