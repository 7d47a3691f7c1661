//! The ports and settings of one test, and the use cases over them.

mod heard;
mod office;
mod people;

use std::collections::HashSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use menshen_domain::model::audit::AuditEvent;
use menshen_domain::model::changes::Changes;
use menshen_domain::model::identifiers::UserId;
use menshen_domain::model::limits::{LimitRule, Limits, Window};
use menshen_domain::model::linking::Snapshot;
use menshen_domain::model::number_notice::LostNumber;
use menshen_domain::model::phone_number::PhoneNumber;
use menshen_domain::model::policy::{
    AccountPolicy, RequirePhone, SmsPolicy, TokenLives, TokenPolicy,
};
use menshen_domain::model::recycled::RecycledPhone;
use menshen_domain::model::spend::GuardPolicy;
use menshen_domain::model::token::{AccessClaims, AccessToken};
use menshen_domain::model::verification::CodeScope;
use menshen_domain::model::wechat::{WeChatApp, WeChatApps};
use menshen_domain::model::wechat_limits::WeChatLimits;
use menshen_domain::model::wechat_login::RiskRank;
use menshen_domain::ports::account_store::{AccountStoreError, MockAccountStore};
use menshen_domain::ports::audit_log::{AuditLogError, MockAuditLog};
use menshen_domain::ports::code_store::{Attempt, CodeStoreError, MockCodeStore};
use menshen_domain::ports::mac::Mac;
use menshen_domain::ports::number_notices::{MockNoticeObserver, MockNumberNotices};
use menshen_domain::ports::open_data_reader::MockOpenDataReader;
use menshen_domain::ports::rate_limiter::{
    Admission, MockRateLimiter, RateLimiterError, Reservation, Spend,
};
use menshen_domain::ports::replay_ledger::ReplayLedger;
use menshen_domain::ports::send_records::MockSendRecords;
use menshen_domain::ports::session_store::MockSessionStore;
use menshen_domain::ports::sms_sender::MockSmsSender;
use menshen_domain::ports::spend_observer::MockSpendObserver;
use menshen_domain::ports::token_issuer::MockTokenIssuer;
use menshen_domain::ports::token_verifier::MockTokenVerifier;
use menshen_domain::ports::turns::Turns;
use menshen_domain::ports::wechat_gateway::MockWeChatGateway;

use crate::ledger::FakeLedger;
use crate::support::people::{app, no_limits, seed, sms_policy};
use crate::support::{away, clock_at, epoch, mac, secs};
use crate::turns::NobodyElse;

pub(crate) use heard::{Heard, Recorded, actions, notices, opened, steps};
pub(crate) use office::Office;
pub(crate) use people::{claims_of, client, login_request, session_of, signed_in};

/// The ports and settings of one test.
pub(crate) struct Desk {
    pub(crate) codes: MockCodeStore,
    pub(crate) limiter: MockRateLimiter,
    pub(crate) sender: MockSmsSender,
    pub(crate) records: MockSendRecords,
    pub(crate) notices: MockNumberNotices,
    pub(crate) noticed: MockNoticeObserver,
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
            notices: MockNumberNotices::new(),
            noticed: MockNoticeObserver::new(),
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

    /// The number that the account loses is handed over, once, to be told.
    pub(crate) fn handed_over(&mut self) -> Heard<LostNumber> {
        let (heard, listen) = Heard::new();
        self.notices.expect_hand_over().once().returning(listen);
        heard
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
            notices: Arc::new(self.notices),
            noticed: Arc::new(self.noticed),
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
