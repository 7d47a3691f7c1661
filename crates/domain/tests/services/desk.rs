//! The ports and settings of one test, and the use cases over them.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use menshen_domain::model::account::Account;
use menshen_domain::model::audit::{AuditAction, AuditEvent};
use menshen_domain::model::changes::{Changes, Step};
use menshen_domain::model::client::{Client, ClientType, Label};
use menshen_domain::model::identifiers::{EventId, UserId};
use menshen_domain::model::limits::{LimitRule, Limits, Window};
use menshen_domain::model::linking::Snapshot;
use menshen_domain::model::phone_number::PhoneNumber;
use menshen_domain::model::policy::{
    AccountPolicy, RequirePhone, SmsPolicy, TokenLives, TokenPolicy,
};
use menshen_domain::model::recycled::RecycledPhone;
use menshen_domain::model::refresh::RefreshState;
use menshen_domain::model::session::Session;
use menshen_domain::model::sms_delivery::SendVerdict;
use menshen_domain::model::spend::GuardPolicy;
use menshen_domain::model::token::{AccessClaims, AccessToken, Scope};
use menshen_domain::model::verification::CodeScope;
use menshen_domain::model::wechat::{WeChatApp, WeChatApps};
use menshen_domain::model::wechat_limits::WeChatLimits;
use menshen_domain::model::wechat_login::RiskRank;
use menshen_domain::ports::account_store::{AccountStoreError, MockAccountStore};
use menshen_domain::ports::admin_reader::MockAdminReader;
use menshen_domain::ports::audit_log::{AuditLogError, MockAuditLog};
use menshen_domain::ports::clock::Clock;
use menshen_domain::ports::code_store::{Attempt, CodeStoreError, MockCodeStore};
use menshen_domain::ports::mac::Mac;
use menshen_domain::ports::open_data_reader::MockOpenDataReader;
use menshen_domain::ports::personal_records::MockPersonalRecordsReader;
use menshen_domain::ports::rate_limiter::{
    Admission, MockRateLimiter, RateLimiterError, Reservation, Spend,
};
use menshen_domain::ports::replay_ledger::ReplayLedger;
use menshen_domain::ports::send_records::MockSendRecords;
use menshen_domain::ports::session_store::MockSessionStore;
use menshen_domain::ports::sms_sender::MockSmsSender;
use menshen_domain::ports::spend_observer::MockSpendObserver;
use menshen_domain::ports::test_number_store::MockTestNumberStore;
use menshen_domain::ports::token_issuer::MockTokenIssuer;
use menshen_domain::ports::token_verifier::MockTokenVerifier;
use menshen_domain::ports::turns::Turns;
use menshen_domain::ports::wechat_gateway::MockWeChatGateway;
use menshen_domain::services::administration::{Administration, HourCache};
use menshen_domain::services::adopt_profile::AdoptProfile;
use menshen_domain::services::ask_phone_number::AskPhoneNumber;
use menshen_domain::services::authenticate::{Authenticate, Authenticated};
use menshen_domain::services::bind::Bind;
use menshen_domain::services::bind_phone::BindPhone;
use menshen_domain::services::cancel_account::CancelAccount;
use menshen_domain::services::check_code::CheckCode;
use menshen_domain::services::complete_once::CompleteOnce;
use menshen_domain::services::decrypt_open_data::DecryptOpenData;
use menshen_domain::services::end_codes::EndCodes;
use menshen_domain::services::erase_due::EraseDue;
use menshen_domain::services::export_account::ExportAccount;
use menshen_domain::services::heed_wechat::HeedWeChat;
use menshen_domain::services::introspect::Introspect;
use menshen_domain::services::issue_tokens::IssueTokens;
use menshen_domain::services::link_wechat::LinkWeChat;
use menshen_domain::services::login::LoginRequest;
use menshen_domain::services::login_with_sms::LoginWithSms;
use menshen_domain::services::login_with_wechat::LoginWithWeChat;
use menshen_domain::services::profile::EditProfile;
use menshen_domain::services::refresh::Refresh;
use menshen_domain::services::rejoin::Rejoin;
use menshen_domain::services::screen_sign_up::ScreenSignUp;
use menshen_domain::services::send_code::SendCode;
use menshen_domain::services::sign_in::SignIn;
use menshen_domain::services::step_up::StepUp;
use menshen_domain::services::test_numbers::TestNumbers;
use menshen_domain::services::unlink_identity::UnlinkIdentity;
use menshen_domain::services::vouch::Vouch;
use uuid::Uuid;

use crate::ledger::FakeLedger;
use crate::support::people::{app, no_limits, origin, seed, sms_policy};
use crate::support::{at, away, clock_at, epoch, mac, randomness, secs, session_id};
use crate::turns::NobodyElse;

/// What a port was asked, in order.
pub(crate) struct Heard<T>(Arc<Mutex<Vec<T>>>);

impl<T> Heard<T> {
    fn new() -> (Self, impl Fn(T) + Clone + Send + Sync + 'static)
    where
        T: Send + 'static,
    {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let listener = Arc::clone(&heard);
        let listen = move |one| {
            listener
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(one);
        };
        (Self(heard), listen)
    }

    pub(crate) fn all(&self) -> MutexGuard<'_, Vec<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Heard<AuditEvent> {
    pub(crate) fn actions(&self) -> Vec<AuditAction> {
        self.all().iter().map(|row| row.action).collect()
    }
}

impl Heard<Changes> {
    /// The only changes that were carried out.
    pub(crate) fn only(&self) -> Changes {
        let all = self.all();
        assert_eq!(all.len(), 1, "changes were carried out once");
        all[0].clone()
    }
}

/// What the send record was told.
pub(crate) struct Recorded {
    pub(crate) verdicts: Heard<SendVerdict>,
    pub(crate) audit: Heard<AuditEvent>,
}

/// What the changes do, one word per step.
pub(crate) fn steps(changes: &Changes) -> Vec<&'static str> {
    let word = |step: &Step| match step {
        Step::CreateUser { .. } => "create",
        Step::SetPhone { .. } => "phone",
        Step::ClearPhone(_) => "no phone",
        Step::LinkIdentity { .. } => "openid",
        Step::LinkUnionId { .. } => "unionid",
        Step::UnlinkIdentity { .. } => "no openid",
        Step::UnlinkUnionId { .. } => "no unionid",
        Step::StoreSessionKey { .. } => "session key",
        Step::DropSessionKey { .. } => "no session key",
        Step::Erase(_) => "erase",
        Step::EndSessionsThrough { .. } => "end sessions through",
        Step::ClaimNotice(_) => "notice",
        Step::SpendCode(_) => "spent code",
        Step::Merge { .. } => "merge",
        Step::SaveProfile { .. } => "profile",
        Step::ShowAvatar { .. } => "picture",
        Step::DropAvatar { .. } => "no picture",
        Step::Cancel { .. } => "cancel",
        Step::Restore(_) => "restore",
        Step::Disable(_) => "disable",
        Step::Enable(_) => "enable",
        Step::EndSessions { .. } => "end sessions",
        Step::OpenSession { .. } => "session",
    };
    changes.steps.iter().map(word).collect()
}

pub(crate) fn actions(changes: &Changes) -> Vec<AuditAction> {
    changes.audit.iter().map(|row| row.action).collect()
}

pub(crate) fn notices(changes: &Changes) -> Vec<&'static str> {
    let name = |event: &menshen_domain::model::event::OutboxEvent| event.notice.as_str();
    changes.outbox.iter().map(name).collect()
}

/// The session that the changes open.
pub(crate) fn opened(changes: &Changes) -> Session {
    let session = changes.steps.iter().find_map(|step| match step {
        Step::OpenSession { session, .. } => Some((**session).clone()),
        _ => None,
    });
    session.expect("a session is opened")
}

/// The ports and settings of one test.
pub(crate) struct Desk {
    pub(crate) codes: MockCodeStore,
    pub(crate) limiter: MockRateLimiter,
    pub(crate) sender: MockSmsSender,
    pub(crate) records: MockSendRecords,
    pub(crate) audit: MockAuditLog,
    pub(crate) accounts: MockAccountStore,
    pub(crate) turns: Arc<dyn Turns>,
    pub(crate) sessions: MockSessionStore,
    pub(crate) gateway: MockWeChatGateway,
    pub(crate) reader: MockOpenDataReader,
    pub(crate) ledger: Arc<dyn ReplayLedger>,
    pub(crate) issuer: MockTokenIssuer,
    pub(crate) verifier: MockTokenVerifier,
    pub(crate) mac: Arc<dyn Mac>,
    pub(crate) now: DateTime<Utc>,
    pub(crate) sms: SmsPolicy,
    pub(crate) limits: Limits,
    pub(crate) guard: GuardPolicy,
    pub(crate) spending: MockSpendObserver,
    pub(crate) wechat_limits: WeChatLimits,
    pub(crate) risk_rank: Option<RiskRank>,
    pub(crate) check_session: bool,
    pub(crate) policy: AccountPolicy,
    pub(crate) tokens: TokenPolicy,
    pub(crate) apps: Vec<WeChatApp>,
}

pub(crate) fn token_policy() -> TokenPolicy {
    let lives = TokenLives {
        access: secs(3_600),
        refresh: secs(30 * 86_400),
        session: secs(180 * 86_400),
    };
    TokenPolicy {
        mini_program: lives,
        app: lives,
        web: TokenLives {
            access: secs(300),
            ..lives
        },
        refresh_grace: secs(30),
        refresh_recovery: secs(7 * 86_400),
        max_sessions: 5,
    }
}

impl Default for Desk {
    fn default() -> Self {
        Self {
            codes: MockCodeStore::new(),
            limiter: MockRateLimiter::new(),
            sender: MockSmsSender::new(),
            records: MockSendRecords::new(),
            audit: MockAuditLog::new(),
            accounts: MockAccountStore::new(),
            turns: Arc::new(NobodyElse),
            sessions: MockSessionStore::new(),
            gateway: MockWeChatGateway::new(),
            reader: MockOpenDataReader::new(),
            ledger: Arc::new(FakeLedger::default()),
            issuer: MockTokenIssuer::new(),
            verifier: MockTokenVerifier::new(),
            mac: mac(),
            now: epoch(),
            sms: sms_policy(),
            limits: no_limits(),
            guard: GuardPolicy::OFF,
            spending: MockSpendObserver::new(),
            wechat_limits: WeChatLimits {
                phone_day: 0,
                phone_per_user_day: 0,
                decrypt_per_session: 0,
            },
            risk_rank: None,
            check_session: false,
            policy: AccountPolicy {
                require_phone: RequirePhone::Never,
                merge: true,
                confirm_wechat_phone: false,
                consent_version: None,
                default_avatar: None,
                nickname_prefix: "用户".to_owned(),
                cancel_after: secs(15 * 86_400),
                recycled_phone: RecycledPhone::Off,
            },
            tokens: token_policy(),
            apps: vec![app(0)],
        }
    }
}

impl Desk {
    /// The audit log takes everything down.
    pub(crate) fn audited(&mut self) -> Heard<AuditEvent> {
        let (heard, listen) = Heard::new();
        self.audit.expect_append().returning(move |rows| {
            rows.iter().cloned().for_each(&listen);
            Ok(())
        });
        heard
    }

    /// The audit log is asked once and does not answer.
    pub(crate) fn audit_away(&mut self) {
        self.audit
            .expect_append()
            .once()
            .returning(|_| Err(AuditLogError(away())));
    }

    /// The send record takes everything down, and tells the audit log.
    pub(crate) fn recorded(&mut self) -> Recorded {
        let (verdicts, listen) = Heard::new();
        let (audit, told) = Heard::new();
        let row = told.clone();
        self.records.expect_begin().returning(move |_, audit| {
            row(audit.clone());
            Ok(())
        });
        self.records
            .expect_finish()
            .returning(move |_, _, verdict, audit| {
                listen(verdict);
                told(audit.clone());
                Ok(())
            });
        Recorded { verdicts, audit }
    }

    /// Every window has a place, once.
    pub(crate) fn admitted(&mut self) {
        self.limiter
            .expect_reserve()
            .once()
            .returning(|windows| Ok(Admission::Reserved(reservation(windows.to_vec()))));
    }

    /// Wrong tries are counted as guesses, and are not many.
    pub(crate) fn guesses_are_few(&mut self) {
        let of_guessing = |windows: &[Window]| {
            let rules = windows.iter().map(|window| window.rule);
            let mut rules = rules.peekable();
            rules.peek().is_some()
                && rules.all(|rule| matches!(rule, LimitRule::GuessRun | LimitRule::GuessWave))
        };
        self.limiter
            .expect_reserve()
            .withf(of_guessing)
            .returning(|windows| Ok(Admission::Reserved(reservation(windows.to_vec()))));
        self.limiter
            .expect_wait()
            .withf(of_guessing)
            .returning(|_| Ok(None));
    }

    /// No window is full; nothing is counted.
    pub(crate) fn within_limits(&mut self) {
        self.limiter.expect_wait().once().returning(|_| Ok(None));
    }

    /// A window of this rule is full.
    pub(crate) fn refused(&mut self, rule: LimitRule) {
        self.limiter.expect_reserve().once().returning(move |_| {
            Ok(Admission::Refused {
                rule,
                retry_after: secs(37),
            })
        });
    }

    pub(crate) fn limiter_away(&mut self) {
        self.limiter
            .expect_reserve()
            .once()
            .returning(|_| Err(RateLimiterError::Unavailable(away())));
    }

    /// The place is given back, once.
    pub(crate) fn released(&mut self) {
        self.limiter
            .expect_release()
            .withf(|reservation| reservation.id == 42)
            .once()
            .returning(|_| Ok(()));
    }

    /// One try is counted; the code is that of [`seed`].
    pub(crate) fn counted(&mut self, attempts_left: u8) {
        self.codes
            .expect_attempt()
            .once()
            .returning(move |_, _, _| {
                Ok(Attempt::Counted {
                    seed: seed(),
                    attempts_left,
                })
            });
    }

    /// All codes of a number end: those to log in, and those of this account.
    pub(crate) fn codes_end(&mut self, user: UserId, phone: PhoneNumber, answer: bool) {
        let belong = move |scopes: &[CodeScope]| {
            let distinct: HashSet<_> = scopes.iter().collect();
            let own = |scope: &CodeScope| {
                scope.phone == phone && scope.purpose.user().is_none_or(|one| one == user)
            };
            distinct.len() == 9 && scopes.iter().all(own)
        };
        let ends = self.codes.expect_end().withf(belong).once();
        ends.returning(move |_| {
            if answer {
                Ok(())
            } else {
                Err(CodeStoreError::Unavailable(away()))
            }
        });
    }

    /// A right code is accepted, once, and taken off the counts.
    pub(crate) fn right_code_is_spent(&mut self) {
        self.counted(4);
        self.admitted();
        self.codes
            .expect_spend()
            .withf(|_, id| *id == seed().id)
            .once()
            .returning(|_, _| Ok(true));
        self.limiter
            .expect_pardon()
            .withf(|reservation, _, _| reservation.id == 42)
            .once()
            .returning(|_, _, _| Ok(()));
    }

    /// The store answers these accounts, every time.
    pub(crate) fn observed(&mut self, found: Snapshot) {
        self.accounts
            .expect_observe()
            .returning(move |_| Ok(found.clone()));
    }

    /// The store carries out what it is asked.
    pub(crate) fn applied(&mut self) -> Heard<Changes> {
        let (heard, listen) = Heard::new();
        self.accounts.expect_apply().returning(move |changes| {
            listen(changes.clone());
            Ok(())
        });
        heard
    }

    /// Everything that the store is asked to carry out is refused with `error`.
    pub(crate) fn not_applied(&mut self, error: fn() -> AccountStoreError) -> Heard<Changes> {
        let (heard, listen) = Heard::new();
        self.accounts.expect_apply().returning(move |changes| {
            listen(changes.clone());
            Err(error())
        });
        heard
    }

    /// Access tokens are signed.
    pub(crate) fn signing(&mut self) -> Heard<AccessClaims> {
        let (heard, listen) = Heard::new();
        self.issuer.expect_issue().returning(move |claims| {
            listen(*claims);
            Ok(AccessToken::new("signed".to_owned()))
        });
        heard
    }

    /// Ends the preparation: from here on the ports are used.
    pub(crate) fn open(self) -> Office {
        Office {
            codes: Arc::new(self.codes),
            limiter: Arc::new(self.limiter),
            sender: Arc::new(self.sender),
            records: Arc::new(self.records),
            audit: Arc::new(self.audit),
            accounts: Arc::new(self.accounts),
            turns: self.turns,
            sessions: Arc::new(self.sessions),
            gateway: Arc::new(self.gateway),
            reader: Arc::new(self.reader),
            ledger: self.ledger,
            issuer: Arc::new(self.issuer),
            verifier: Arc::new(self.verifier),
            mac: self.mac,
            clock: clock_at(self.now),
            sms: Arc::new(self.sms),
            limits: self.limits,
            guard: self.guard,
            spending: Arc::new(self.spending),
            wechat_limits: self.wechat_limits,
            risk_rank: self.risk_rank,
            check_session: self.check_session,
            policy: Arc::new(self.policy),
            tokens: self.tokens,
            apps: Arc::new(WeChatApps::new(self.apps)),
        }
    }
}

pub(crate) fn reservation(windows: Vec<Window>) -> Reservation {
    Reservation {
        id: 42,
        windows,
        spend: Spend::default(),
    }
}

/// The use cases over the ports of one test.
pub(crate) struct Office {
    codes: Arc<MockCodeStore>,
    limiter: Arc<MockRateLimiter>,
    sender: Arc<MockSmsSender>,
    records: Arc<MockSendRecords>,
    audit: Arc<MockAuditLog>,
    accounts: Arc<MockAccountStore>,
    turns: Arc<dyn Turns>,
    sessions: Arc<MockSessionStore>,
    gateway: Arc<MockWeChatGateway>,
    reader: Arc<MockOpenDataReader>,
    ledger: Arc<dyn ReplayLedger>,
    issuer: Arc<MockTokenIssuer>,
    verifier: Arc<MockTokenVerifier>,
    mac: Arc<dyn Mac>,
    clock: Arc<dyn Clock>,
    sms: Arc<SmsPolicy>,
    limits: Limits,
    guard: GuardPolicy,
    spending: Arc<MockSpendObserver>,
    wechat_limits: WeChatLimits,
    risk_rank: Option<RiskRank>,
    check_session: bool,
    policy: Arc<AccountPolicy>,
    tokens: TokenPolicy,
    apps: Arc<WeChatApps>,
}

impl Office {
    pub(crate) fn send_code(&self) -> SendCode {
        SendCode {
            codes: self.codes.clone(),
            limiter: self.limiter.clone(),
            sender: self.sender.clone(),
            records: self.records.clone(),
            audit: self.audit.clone(),
            mac: self.mac.clone(),
            clock: self.clock.clone(),
            randomness: randomness(),
            policy: self.sms.clone(),
            captcha: None,
            test_numbers: self.test_numbers(),
            limits: self.limits,
            guard: self.guard,
            spending: self.spending.clone(),
        }
    }

    /// Those of the settings alone.
    fn test_numbers(&self) -> Arc<TestNumbers> {
        Arc::new(TestNumbers::new(self.sms.clone(), self.mac.clone()))
    }

    pub(crate) fn check(&self) -> CheckCode {
        CheckCode {
            codes: self.codes.clone(),
            limiter: self.limiter.clone(),
            audit: self.audit.clone(),
            mac: self.mac.clone(),
            clock: self.clock.clone(),
            randomness: randomness(),
            policy: self.sms.clone(),
            test_numbers: self.test_numbers(),
            limits: self.limits,
            guard: self.guard,
        }
    }

    pub(crate) fn issue_tokens(&self) -> IssueTokens {
        IssueTokens {
            issuer: self.issuer.clone(),
            mac: self.mac.clone(),
            randomness: randomness(),
            policy: self.tokens.clone(),
            require_phone: self.policy.require_phone,
        }
    }

    pub(crate) fn sign_in(&self) -> SignIn {
        SignIn {
            accounts: self.accounts.clone(),
            turns: self.turns.clone(),
            audit: self.audit.clone(),
            tokens: Arc::new(self.issue_tokens()),
            clock: self.clock.clone(),
            randomness: randomness(),
            policy: self.policy.clone(),
            screen: Arc::new(ScreenSignUp {
                gateway: self.gateway.clone(),
                apps: self.apps.clone(),
                threshold: self.risk_rank,
            }),
        }
    }

    pub(crate) fn phones(&self) -> AskPhoneNumber {
        AskPhoneNumber {
            gateway: self.gateway.clone(),
            limiter: self.limiter.clone(),
            limits: self.wechat_limits,
        }
    }

    pub(crate) fn adopt(&self) -> AdoptProfile {
        AdoptProfile {
            gateway: self.gateway.clone(),
            accounts: self.accounts.clone(),
            clock: self.clock.clone(),
            randomness: randomness(),
        }
    }

    pub(crate) fn decrypt(&self) -> DecryptOpenData {
        DecryptOpenData {
            reader: self.reader.clone(),
            accounts: self.accounts.clone(),
            gateway: self.gateway.clone(),
            limiter: self.limiter.clone(),
            apps: self.apps.clone(),
            clock: self.clock.clone(),
            randomness: randomness(),
            limits: self.wechat_limits,
            check_session: self.check_session,
        }
    }

    /// What operators do; nothing but the accounts and the log is asked unless these
    /// say otherwise.
    pub(crate) fn administration(
        &self,
        reader: MockAdminReader,
        test_numbers: MockTestNumberStore,
    ) -> Administration {
        Administration {
            accounts: self.accounts.clone(),
            sessions: self.sessions.clone(),
            reader: Arc::new(reader),
            test_numbers: Arc::new(test_numbers),
            end_codes: Arc::new(self.end_codes()),
            audit: self.audit.clone(),
            mac: self.mac.clone(),
            clock: self.clock.clone(),
            randomness: randomness(),
            hours: HourCache::default(),
        }
    }

    pub(crate) fn introspect(&self) -> Introspect {
        Introspect {
            authenticate: Arc::new(self.authenticate()),
            sessions: self.sessions.clone(),
            mac: self.mac.clone(),
            clock: self.clock.clone(),
            randomness: randomness(),
            policy: self.tokens.clone(),
        }
    }

    pub(crate) fn heed_wechat(&self) -> HeedWeChat {
        HeedWeChat {
            accounts: self.accounts.clone(),
            apps: self.apps.clone(),
            clock: self.clock.clone(),
            randomness: randomness(),
            policy: self.policy.clone(),
        }
    }

    pub(crate) fn vouch(&self) -> Vouch {
        Vouch {
            gateway: self.gateway.clone(),
            phones: Arc::new(self.phones()),
            ledger: self.ledger.clone(),
            mac: self.mac.clone(),
        }
    }

    pub(crate) fn rejoin(&self) -> Rejoin {
        Rejoin {
            sessions: self.sessions.clone(),
            tokens: Arc::new(self.issue_tokens()),
            clock: self.clock.clone(),
        }
    }

    pub(crate) fn login_with_sms(&self) -> LoginWithSms {
        LoginWithSms {
            check: Arc::new(self.check()),
            apps: self.apps.clone(),
            vouch: Arc::new(self.vouch()),
            sign_in: Arc::new(self.sign_in()),
        }
    }

    pub(crate) fn login_with_wechat(&self) -> LoginWithWeChat {
        LoginWithWeChat {
            apps: self.apps.clone(),
            vouch: Arc::new(self.vouch()),
            reader: self.reader.clone(),
            limiter: self.limiter.clone(),
            limits: self.wechat_limits,
            sign_in: Arc::new(self.sign_in()),
            rejoin: Arc::new(self.rejoin()),
            adopt: Arc::new(self.adopt()),
            clock: self.clock.clone(),
        }
    }

    pub(crate) fn bind(&self) -> Bind {
        Bind {
            sign_in: Arc::new(self.sign_in()),
            end_codes: Arc::new(self.end_codes()),
        }
    }

    pub(crate) fn end_codes(&self) -> EndCodes {
        EndCodes {
            codes: self.codes.clone(),
        }
    }

    pub(crate) fn bind_phone(&self) -> BindPhone {
        BindPhone {
            check: Arc::new(self.check()),
            phones: Arc::new(self.phones()),
            apps: self.apps.clone(),
            bind: Arc::new(self.bind()),
            clock: self.clock.clone(),
        }
    }

    pub(crate) fn link_wechat(&self) -> LinkWeChat {
        LinkWeChat {
            vouch: Arc::new(self.vouch()),
            apps: self.apps.clone(),
            bind: Arc::new(self.bind()),
        }
    }

    pub(crate) fn refresh(&self) -> Refresh {
        Refresh {
            sessions: self.sessions.clone(),
            limiter: self.limiter.clone(),
            audit: self.audit.clone(),
            mac: self.mac.clone(),
            tokens: Arc::new(self.issue_tokens()),
            clock: self.clock.clone(),
            randomness: randomness(),
            limits: self.limits,
        }
    }

    pub(crate) fn authenticate(&self) -> Authenticate {
        Authenticate {
            verifier: self.verifier.clone(),
            sessions: self.sessions.clone(),
            clock: self.clock.clone(),
        }
    }

    pub(crate) fn step_up(&self) -> StepUp {
        StepUp {
            check: Arc::new(self.check()),
            vouch: Arc::new(self.vouch()),
            apps: self.apps.clone(),
            accounts: self.accounts.clone(),
            sessions: self.sessions.clone(),
            clock: self.clock.clone(),
            randomness: randomness(),
        }
    }

    pub(crate) fn complete_once(&self) -> CompleteOnce {
        CompleteOnce {
            ledger: self.ledger.clone(),
            mac: self.mac.clone(),
            rejoin: Arc::new(self.rejoin()),
        }
    }

    pub(crate) fn unlink_identity(&self) -> UnlinkIdentity {
        UnlinkIdentity {
            accounts: self.accounts.clone(),
            apps: self.apps.clone(),
            clock: self.clock.clone(),
            randomness: randomness(),
        }
    }

    pub(crate) fn cancel_account(&self) -> CancelAccount {
        CancelAccount {
            accounts: self.accounts.clone(),
            clock: self.clock.clone(),
            randomness: randomness(),
            policy: self.policy.clone(),
        }
    }

    pub(crate) fn export_account(&self, records: Arc<MockPersonalRecordsReader>) -> ExportAccount {
        ExportAccount {
            accounts: self.accounts.clone(),
            records,
            limiter: self.limiter.clone(),
            audit: self.audit.clone(),
            clock: self.clock.clone(),
            randomness: randomness(),
            per_day: 5,
        }
    }

    pub(crate) fn erase_due(&self) -> EraseDue {
        EraseDue {
            accounts: self.accounts.clone(),
            randomness: randomness(),
        }
    }

    pub(crate) fn edit_profile(&self) -> EditProfile {
        EditProfile {
            accounts: self.accounts.clone(),
            clock: self.clock.clone(),
            randomness: randomness(),
            policy: self.policy.clone(),
        }
    }
}

pub(crate) fn client() -> Client {
    Client {
        kind: ClientType::MiniProgram,
        device_id: Label::parse("phone-1").ok(),
        device_name: None,
        version: None,
    }
}

pub(crate) fn login_request() -> LoginRequest {
    LoginRequest {
        client: client(),
        origin: origin(),
        restore: false,
        consent: None,
    }
}

/// A live session of the account, opened at the epoch.
pub(crate) fn session_of(account: &Account) -> Session {
    Session {
        id: session_id(0x5e55),
        user: account.id,
        client: client(),
        app_id: Some(app(0).id),
        address: origin().address,
        user_agent: None,
        created_at: epoch(),
        last_seen_at: epoch(),
        proven_at: epoch(),
        expires_at: at(180 * 86_400),
        ended: None,
        refresh: RefreshState::begin(epoch()),
        replay_noted: None,
    }
}

pub(crate) fn claims_of(session: &Session) -> AccessClaims {
    AccessClaims {
        user: session.user,
        session: session.id,
        id: EventId::from_uuid(Uuid::from_u128(9)),
        client_type: session.client_type(),
        scope: Scope::User,
        issued_at: epoch(),
        expires_at: at(3_600),
    }
}

/// The person of that account, signed in.
pub(crate) fn signed_in(account: &Account) -> Authenticated {
    let session = session_of(account);
    Authenticated {
        claims: claims_of(&session),
        session,
        account: account.clone(),
    }
}
