//! A town: its people, their numbers and accounts, and what must hold.

mod parts;
mod seen;
mod settling;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use menshen_domain::model::account::AccountStatus;
use menshen_domain::model::audit::{AuditAction, AuditEvent};
use menshen_domain::model::client::ClientType;
use menshen_domain::model::evidence::{Evidence, ProvenPhone};
use menshen_domain::model::identifiers::{EventId, SessionId, UserId};
use menshen_domain::model::linking::Refusal;
use menshen_domain::model::recycled::{IDLE, RecycledPhone};
use menshen_domain::model::token::{AccessClaims, Scope};
use menshen_domain::ports::clock::Clock;
use menshen_domain::ports::randomness::Randomness;
use menshen_domain::ports::session_store::SessionStore as _;
use menshen_domain::ports::wechat_gateway::MockWeChatGateway;
use menshen_domain::services::authenticate::Authenticated;
use menshen_domain::services::bind::{Bind, Bound};
use menshen_domain::services::cancel_account::CancelAccount;
use menshen_domain::services::end_codes::EndCodes;
use menshen_domain::services::erase_due::EraseDue;
use menshen_domain::services::login::{LoginError, LoginRequest};
use menshen_domain::services::screen_sign_up::ScreenSignUp;
use menshen_domain::services::sign_in::{SignIn, Via};
use menshen_domain::services::unlink_identity::UnlinkIdentity;
use menshen_sql::SqlStore;
use menshen_testkit::sample::{SeededRandomness, now};

use crate::acts::{Act, Crash, NUMBERS, PEOPLE};
use crate::flaky::Flaky;
use crate::proofs::{apps, by_button, identity, origin};
use crate::support;
use parts::{
    TownClock, client, codes_that_end, nobody_to_tell, one_at_a_time, policy, tokens, told, with,
};
pub(crate) use seen::Seen;

/// What is known of an account from outside.
#[derive(Debug, Default, Clone)]
struct Life {
    /// Who came into it: one person, unless a number has handed it over.
    owners: BTreeSet<usize>,
    /// Whether the policy let a new owner of its number in.
    handed_over: bool,
    last_used: Option<DateTime<Utc>>,
}

/// The town.
pub(crate) struct Town {
    store: SqlStore,
    accounts: Arc<Flaky>,
    clock: Arc<TownClock>,
    randomness: Arc<dyn Randomness>,
    proofs: Arc<Vec<ProvenPhone>>,
    recycled: RecycledPhone,
    sign_in: Arc<SignIn>,
    bind: Bind,
    unlink: UnlinkIdentity,
    cancel: CancelAccount,
    erase: EraseDue,
    /// Who has which number.
    holders: [usize; NUMBERS],
    /// Where each person was signed in last.
    sessions: [Option<SessionId>; PEOPLE],
    lives: BTreeMap<UserId, Life>,
    pub(crate) seen: Seen,
}

impl Town {
    pub(crate) async fn new(
        proofs: Arc<Vec<ProvenPhone>>,
        recycled: RecycledPhone,
        merge: bool,
    ) -> Self {
        let store = support::store(&support::migrated("sqlite::memory:").await);
        let accounts = Arc::new(Flaky::new(store.clone()));
        let clock = Arc::new(TownClock::begin(now()));
        let randomness: Arc<dyn Randomness> = Arc::new(SeededRandomness::new(7));
        let policy = Arc::new(policy(recycled, merge));
        let apps = Arc::new(apps());
        let sign_in = Arc::new(SignIn {
            accounts: accounts.clone(),
            turns: Arc::new(one_at_a_time()),
            audit: Arc::new(store.clone()),
            tokens: Arc::new(tokens(&randomness)),
            clock: clock.clone(),
            randomness: randomness.clone(),
            policy: policy.clone(),
            screen: Arc::new(ScreenSignUp {
                gateway: Arc::new(MockWeChatGateway::new()),
                apps: apps.clone(),
                threshold: None,
            }),
        });
        Self {
            bind: Bind {
                sign_in: sign_in.clone(),
                end_codes: Arc::new(EndCodes {
                    codes: Arc::new(codes_that_end()),
                }),
                notices: Arc::new(nobody_to_tell()),
            },
            unlink: UnlinkIdentity {
                accounts: accounts.clone(),
                apps,
                clock: clock.clone(),
                randomness: randomness.clone(),
            },
            cancel: CancelAccount {
                accounts: accounts.clone(),
                clock: clock.clone(),
                randomness: randomness.clone(),
                policy,
            },
            erase: EraseDue {
                accounts: accounts.clone(),
                randomness: randomness.clone(),
            },
            sign_in,
            store,
            accounts,
            clock,
            randomness,
            proofs,
            recycled,
            holders: std::array::from_fn(|n| n % PEOPLE),
            sessions: [None; PEOPLE],
            lives: BTreeMap::new(),
            seen: Seen::default(),
        }
    }

    pub(crate) async fn play(&mut self, act: Act) {
        self.clock.pass(TimeDelta::seconds(61));
        match act {
            Act::Text {
                who,
                number,
                wechat,
                restore,
                crash,
            } => {
                if self.holders[number] == who {
                    let phone = self.proofs[number].clone();
                    let evidence = with(phone, wechat.map(|tap| identity(who, tap)));
                    self.log_in(who, &evidence, restore, crash).await;
                }
            }
            Act::Tap {
                who,
                tap,
                restore,
                crash,
            } => {
                let evidence = Evidence::WeChat(identity(who, tap));
                self.log_in(who, &evidence, restore, crash).await;
            }
            Act::Button { who, number, tap } => {
                if self.holders[number] == who {
                    let evidence = with(by_button(number), Some(identity(who, tap)));
                    self.log_in(who, &evidence, false, Crash::None).await;
                }
            }
            Act::BindNumber { who, number, crash } => {
                if self.holders[number] == who {
                    let evidence = Evidence::Phone(self.proofs[number].clone());
                    self.bind(who, &evidence, crash).await;
                }
            }
            Act::BindWeChat { who, tap, crash } => {
                let evidence = Evidence::WeChat(identity(who, tap));
                self.bind(who, &evidence, crash).await;
            }
            Act::Unlink { who, which } => self.unlink(who, which).await,
            Act::Cancel { who, crash } => self.cancel(who, crash).await,
            Act::Erase => self.erase().await,
            Act::Days(days) => self.clock.pass(TimeDelta::days(days.into())),
            Act::Reissue { number, to } => {
                self.clock.pass(IDLE + TimeDelta::days(1));
                self.holders[number] = to;
            }
        }
    }

    async fn log_in(&mut self, who: usize, evidence: &Evidence, restore: bool, crash: Crash) {
        let before = self.found(evidence).await;
        let request = LoginRequest {
            client: client(who),
            origin: origin(),
            restore,
            consent: None,
        };
        let wechat = evidence.wechat();
        let via = Via {
            method: "test",
            app_id: wechat.map(|identity| identity.app_id.clone()),
            code: None,
        };
        self.accounts.arm(crash);
        let login = self.sign_in.execute(evidence, &request, &via).await;
        self.accounts.arm(Crash::None);
        let written = self.settle(who, evidence, &before);
        match login {
            Ok(done) => {
                self.seen.sign_ins += 1;
                self.sessions[who] = Some(done.session.id);
                assert_eq!(done.account.status, AccountStatus::Active);
                let told = told(&written, AuditAction::LinkConflict);
                self.leads_to(&done.account, evidence, &done.not_attached, told)
                    .await;
            }
            Err(LoginError::Refused(Refusal::IdentityConfirmationRequired)) => {
                assert_eq!(self.recycled, RecycledPhone::AskWeChat);
                self.seen.refused_doubts += 1;
                assert!(written.is_empty(), "a refusal writes nothing");
            }
            Err(LoginError::Refused(Refusal::PhoneConfirmationRequired)) => {
                assert_eq!(self.recycled, RecycledPhone::NewAccount);
                self.seen.refused_doubts += 1;
                assert!(written.is_empty(), "a refusal writes nothing");
            }
            Err(LoginError::Refused(Refusal::Cancelling { purge_at })) => {
                assert!(!restore && purge_at > self.clock.now());
            }
            Err(LoginError::Refused(Refusal::Conflict)) => {}
            Err(LoginError::Unavailable(_)) if crash != Crash::None => {
                self.seen.lost_answers += u32::from(!written.is_empty());
            }
            Err(other) => panic!("{other:?}"),
        }
    }

    async fn bind(&mut self, who: usize, evidence: &Evidence, crash: Crash) {
        let Some(caller) = self.caller(who).await else {
            return;
        };
        let before = self.found(evidence).await;
        self.accounts.arm(crash);
        let origin = origin();
        let bound = self
            .bind
            .execute(&caller, evidence, "test", None, &origin)
            .await;
        self.accounts.arm(Crash::None);
        self.settle(who, evidence, &before);
        if let Ok(Bound::Moved { signed_in, .. }) = &bound {
            self.sessions[who] = Some(signed_in.session.id);
        }
        let account = match bound {
            Ok(Bound::Kept(account)) => *account,
            Ok(Bound::Moved { signed_in, .. }) => signed_in.account,
            Err(_) => return,
        };
        self.leads_to(&account, evidence, &[], false).await;
    }

    async fn unlink(&mut self, who: usize, which: usize) {
        let Some(caller) = self.caller(who).await else {
            return;
        };
        let Some(identity) = caller.account.identities.get(which) else {
            return;
        };
        let unlinked = self.unlink.execute(&caller, identity.id, &origin()).await;
        self.seen.unlinked += u32::from(unlinked.is_ok());
        self.accounts.written();
    }

    async fn cancel(&mut self, who: usize, crash: Crash) {
        let Some(caller) = self.caller(who).await else {
            return;
        };
        self.accounts.arm(crash);
        let cancelled = self.cancel.execute(&caller, &origin()).await;
        self.accounts.arm(Crash::None);
        assert!(cancelled.is_ok() || crash != Crash::None, "{cancelled:?}");
        self.accounts.written();
    }

    async fn erase(&mut self) {
        let batch = self.erase.execute(self.clock.now(), None, 100).await;
        let batch = batch.unwrap();
        assert!(batch.failure.is_none());
        self.seen.erasures += u32::try_from(batch.erased).unwrap();
        self.accounts.written();
    }

    /// The person as signed in, with a fresh proof of who they are.
    async fn caller(&self, who: usize) -> Option<Authenticated> {
        let id = self.sessions[who]?;
        let now = self.clock.now();
        let row = AuditEvent::new(AuditAction::SteppedUp, now, &*self.randomness);
        self.store.prove(id, now, None, row).await.unwrap();
        let found = self.store.find(id).await.unwrap()?;
        let live = found.session.over_at(now).is_none();
        live.then(|| Authenticated {
            claims: AccessClaims {
                user: found.account.id,
                session: id,
                id: EventId::generate(&*self.randomness, now),
                client_type: ClientType::MiniProgram,
                scope: Scope::User,
                issued_at: now,
                expires_at: now,
            },
            session: found.session,
            account: found.account,
        })
    }
}
