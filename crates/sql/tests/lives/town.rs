//! A town: its people, their numbers and accounts, and what must hold.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use menshen_domain::model::account::{Account, AccountStatus};
use menshen_domain::model::audit::{AuditAction, AuditEvent};
use menshen_domain::model::changes::{Changes, Step};
use menshen_domain::model::client::{Client, ClientType, Label};
use menshen_domain::model::evidence::{Evidence, EvidencePart, ProvenPhone};
use menshen_domain::model::identifiers::{EventId, SessionId, UserId};
use menshen_domain::model::linking::{Refusal, Snapshot};
use menshen_domain::model::policy::{AccountPolicy, RequirePhone, TokenLives, TokenPolicy};
use menshen_domain::model::recycled::{IDLE, RecycledPhone};
use menshen_domain::model::token::{AccessClaims, AccessToken, Scope};
use menshen_domain::ports::account_store::{AccountStore as _, Lookup};
use menshen_domain::ports::clock::Clock;
use menshen_domain::ports::code_store::MockCodeStore;
use menshen_domain::ports::randomness::Randomness;
use menshen_domain::ports::session_store::SessionStore as _;
use menshen_domain::ports::token_issuer::MockTokenIssuer;
use menshen_domain::ports::turns::{MockTurns, Turn};
use menshen_domain::ports::wechat_gateway::MockWeChatGateway;
use menshen_domain::services::authenticate::Authenticated;
use menshen_domain::services::bind::{Bind, Bound};
use menshen_domain::services::cancel_account::CancelAccount;
use menshen_domain::services::end_codes::EndCodes;
use menshen_domain::services::erase_due::EraseDue;
use menshen_domain::services::issue_tokens::IssueTokens;
use menshen_domain::services::login::{LoginError, LoginRequest};
use menshen_domain::services::screen_sign_up::ScreenSignUp;
use menshen_domain::services::sign_in::{SignIn, Via};
use menshen_domain::services::unlink_identity::UnlinkIdentity;
use menshen_sql::SqlStore;
use menshen_testkit::fake_keys::FakeMac;
use menshen_testkit::sample::{SeededRandomness, now};

use crate::acts::{Act, Crash, NUMBERS, PEOPLE, Tap};
use crate::flaky::Flaky;
use crate::proofs::{apps, by_button, identity, number, origin};
use crate::support;

/// What has happened, so that the test can tell whether it is worth anything.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    sign_ins: u32,
    merges: u32,
    refused_doubts: u32,
    freed_numbers: u32,
    handed_over: u32,
    erasures: u32,
    restored: u32,
    unlinked: u32,
    lost_answers: u32,
}

impl Seen {
    pub(crate) fn add(&mut self, other: &Self) {
        self.sign_ins += other.sign_ins;
        self.merges += other.merges;
        self.refused_doubts += other.refused_doubts;
        self.freed_numbers += other.freed_numbers;
        self.handed_over += other.handed_over;
        self.erasures += other.erasures;
        self.restored += other.restored;
        self.unlinked += other.unlinked;
        self.lost_answers += other.lost_answers;
    }

    pub(crate) fn is_varied(&self) -> bool {
        [
            self.sign_ins,
            self.merges,
            self.refused_doubts,
            self.freed_numbers,
            self.handed_over,
            self.erasures,
            self.restored,
            self.unlinked,
            self.lost_answers,
        ]
        .into_iter()
        .all(|times| times >= 1)
    }
}

struct TownClock(Mutex<DateTime<Utc>>);

impl TownClock {
    fn pass(&self, span: TimeDelta) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += span;
    }
}

impl Clock for TownClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

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
        let clock = Arc::new(TownClock(Mutex::new(now())));
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

    async fn found(&self, evidence: &Evidence) -> Snapshot {
        let wechat = evidence.wechat();
        let lookup = Lookup {
            signed_in: None,
            phone: evidence.phone().map(|phone| phone.number().clone()),
            openid: wechat.map(|w| (w.provider, w.app_id.clone(), w.openid.clone())),
            union_id: wechat.and_then(|w| w.union_id.clone()),
        };
        self.store.observe(&lookup).await.unwrap()
    }

    async fn read(&self, user: UserId) -> Account {
        let lookup = Lookup {
            signed_in: Some(user),
            ..Lookup::default()
        };
        let found = self.store.observe(&lookup).await.unwrap();
        found.signed_in.unwrap()
    }

    /// Takes note of what was written at somebody's wish, and holds it against whose
    /// accounts these are.
    fn settle(&mut self, who: usize, evidence: &Evidence, before: &Snapshot) -> Vec<Changes> {
        let written = self.accounts.written();
        let now = self.clock.now();
        let may_take_over = self.may_take_over(evidence, before);
        for step in written.iter().flat_map(|changes| &changes.steps) {
            match step {
                Step::CreateUser { account, .. } => {
                    self.lives.insert(account.id, Life::default());
                }
                Step::Merge { from, into, .. } => {
                    self.seen.merges += 1;
                    let gone = self.lives.remove(from).unwrap();
                    let life = self.lives.get_mut(into).unwrap();
                    life.handed_over |= gone.handed_over || may_take_over == Some(*into);
                    life.owners.extend(gone.owners);
                    life.last_used = life.last_used.max(gone.last_used);
                }
                Step::OpenSession { session, .. } => {
                    let life = self.lives.get_mut(&session.user).unwrap();
                    if !life.owners.contains(&who) && may_take_over == Some(session.user) {
                        life.handed_over = true;
                        self.seen.handed_over += 1;
                    }
                    life.owners.insert(who);
                    life.last_used = Some(now);
                }
                Step::ClearPhone(user) => {
                    assert_eq!(self.recycled, RecycledPhone::NewAccount);
                    assert_eq!(before.by_phone.as_ref().map(|one| one.id), Some(*user));
                    self.seen.freed_numbers += 1;
                }
                Step::Restore(_) => self.seen.restored += 1,
                Step::Erase(_) => self.seen.erasures += 1,
                _ => {}
            }
        }
        written
    }

    /// The account that the policy leaves to whoever proves its number: the number
    /// alone opens it, and there is no doubt, or nobody minds.
    fn may_take_over(&self, evidence: &Evidence, before: &Snapshot) -> Option<UserId> {
        evidence.phone()?;
        let holder = before.by_phone.as_ref()?;
        let last_used = self.lives.get(&holder.id)?.last_used;
        let idle = last_used.is_none_or(|at| self.clock.now() >= at + IDLE);
        let minds = self.recycled != RecycledPhone::Off;
        let doubtful = minds && idle && !holder.identities.is_empty();
        (!doubtful).then_some(holder.id)
    }

    /// Every part of what was proven leads to the account, unless the person was
    /// told, or the log was.
    async fn leads_to(
        &self,
        account: &Account,
        evidence: &Evidence,
        not_attached: &[EvidencePart],
        conflict: bool,
    ) {
        let after = self.found(evidence).await;
        let here = |one: &Option<Account>| one.as_ref().is_some_and(|one| one.id == account.id);
        if evidence.phone().is_some() {
            assert!(
                here(&after.by_phone) || not_attached.contains(&EvidencePart::Phone),
                "the number leads elsewhere: {after:?}"
            );
        }
        let Some(wechat) = evidence.wechat() else {
            return;
        };
        let union_here = wechat.union_id.is_none() || here(&after.by_union_id);
        let told = not_attached.contains(&EvidencePart::WeChat) || conflict;
        assert!(
            here(&after.by_openid) && union_here || told,
            "WeChat leads elsewhere: {after:?}"
        );
    }

    /// What must be true at any time.
    pub(crate) async fn check(&mut self) {
        let mut gone = Vec::new();
        for (user, life) in &self.lives {
            let account = self.read(*user).await;
            let live = self.store.list(*user, self.clock.now()).await.unwrap();
            match account.status {
                AccountStatus::Active => {
                    let ways_in = account.phone.is_some() || !account.identities.is_empty();
                    assert!(ways_in, "nobody comes in any more: {account:?}");
                }
                AccountStatus::Erased => {
                    let held = account.phone.is_some()
                        || !account.identities.is_empty()
                        || !account.union_ids.is_empty();
                    assert!(!held && live.is_empty(), "{account:?}");
                    gone.push(*user);
                    continue;
                }
                _ => assert!(live.is_empty(), "a session in {account:?}"),
            }
            assert!(
                life.owners.len() == 1 || life.handed_over,
                "{:?} share {account:?}",
                life.owners
            );
            Self::holds_what_its_owners_have(&account, life);
        }
        for user in gone {
            self.lives.remove(&user);
        }
    }

    /// No openid or unionid of anybody who never came in.
    fn holds_what_its_owners_have(account: &Account, life: &Life) {
        let owned = |tap: Tap| life.owners.iter().map(move |who| identity(*who, tap));
        for held in &account.identities {
            let mut all = (0..3).flat_map(|app| owned(Tap { app, union: true }));
            assert!(
                all.any(|one| one.app_id == held.app_id && one.openid == held.openid),
                "{held:?} is of nobody who came in"
            );
        }
        for held in &account.union_ids {
            let mut all = owned(Tap {
                app: 0,
                union: true,
            });
            assert!(all.any(|one| one.union_id.as_ref() == Some(held)));
        }
        if let Some(held) = &account.phone {
            assert!((0..NUMBERS).any(|n| number(n) == *held));
        }
    }
}

/// Everybody here waits for everybody anyway.
fn one_at_a_time() -> MockTurns {
    let mut turns = MockTurns::new();
    turns.expect_take().returning(|_| Ok(Turn::new(())));
    turns
}

fn with(
    phone: ProvenPhone,
    wechat: Option<menshen_domain::model::evidence::WeChatIdentity>,
) -> Evidence {
    match wechat {
        Some(wechat) => Evidence::Both(phone, wechat),
        None => Evidence::Phone(phone),
    }
}

fn told(written: &[Changes], action: AuditAction) -> bool {
    let mut rows = written.iter().flat_map(|changes| &changes.audit);
    rows.any(|row| row.action == action)
}

/// Everybody has one phone, and says so.
fn client(who: usize) -> Client {
    Client {
        kind: ClientType::MiniProgram,
        device_id: Label::parse(&format!("phone-of-{who}")).ok(),
        device_name: None,
        version: None,
    }
}

fn policy(recycled_phone: RecycledPhone, merge: bool) -> AccountPolicy {
    AccountPolicy {
        require_phone: RequirePhone::Never,
        merge,
        confirm_wechat_phone: false,
        consent_version: None,
        default_avatar: None,
        nickname_prefix: "用户".to_owned(),
        cancel_after: Duration::from_hours(15 * 24),
        recycled_phone,
    }
}

fn tokens(randomness: &Arc<dyn Randomness>) -> IssueTokens {
    let mut issuer = MockTokenIssuer::new();
    issuer
        .expect_issue()
        .returning(|_| Ok(AccessToken::new("signed".to_owned())));
    let days = |days: u64| Duration::from_hours(24 * days);
    let lives = TokenLives {
        access: Duration::from_hours(1),
        refresh: days(30),
        session: days(180),
    };
    IssueTokens {
        issuer: Arc::new(issuer),
        mac: Arc::new(FakeMac),
        randomness: randomness.clone(),
        policy: TokenPolicy {
            mini_program: lives,
            app: lives,
            web: lives,
            refresh_grace: Duration::from_secs(30),
            refresh_recovery: days(7),
            max_sessions: 5,
        },
        require_phone: RequirePhone::Never,
    }
}

/// Nobody has a code here; those of a number that was changed are ended all the same.
fn codes_that_end() -> MockCodeStore {
    let mut codes = MockCodeStore::new();
    codes.expect_end().returning(|_| Ok(()));
    codes
}
