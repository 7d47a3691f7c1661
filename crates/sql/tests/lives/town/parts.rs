//! What the use cases of a town are made of.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use menshen_domain::model::audit::AuditAction;
use menshen_domain::model::changes::Changes;
use menshen_domain::model::client::{Client, ClientType, Label};
use menshen_domain::model::evidence::{Evidence, ProvenPhone};
use menshen_domain::model::policy::{AccountPolicy, RequirePhone, TokenLives, TokenPolicy};
use menshen_domain::model::recycled::RecycledPhone;
use menshen_domain::model::token::AccessToken;
use menshen_domain::ports::clock::Clock;
use menshen_domain::ports::code_store::MockCodeStore;
use menshen_domain::ports::number_notices::MockNumberNotices;
use menshen_domain::ports::randomness::Randomness;
use menshen_domain::ports::token_issuer::MockTokenIssuer;
use menshen_domain::ports::turns::{MockTurns, Turn};
use menshen_domain::services::issue_tokens::IssueTokens;
use menshen_testkit::fake_keys::FakeMac;

/// A clock that goes when it is told to.
pub(super) struct TownClock(Mutex<DateTime<Utc>>);

impl TownClock {
    pub(super) fn begin(at: DateTime<Utc>) -> Self {
        Self(Mutex::new(at))
    }

    pub(super) fn pass(&self, span: TimeDelta) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += span;
    }
}

impl Clock for TownClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Everybody here waits for everybody anyway.
pub(super) fn one_at_a_time() -> MockTurns {
    let mut turns = MockTurns::new();
    turns.expect_take().returning(|_| Ok(Turn::new(())));
    turns
}

pub(super) fn with(
    phone: ProvenPhone,
    wechat: Option<menshen_domain::model::evidence::WeChatIdentity>,
) -> Evidence {
    match wechat {
        Some(wechat) => Evidence::Both(phone, wechat),
        None => Evidence::Phone(phone),
    }
}

pub(super) fn told(written: &[Changes], action: AuditAction) -> bool {
    let mut rows = written.iter().flat_map(|changes| &changes.audit);
    rows.any(|row| row.action == action)
}

/// Everybody has one phone, and says so.
pub(super) fn client(who: usize) -> Client {
    Client {
        kind: ClientType::MiniProgram,
        device_id: Label::parse(&format!("phone-of-{who}")).ok(),
        device_name: None,
        version: None,
    }
}

pub(super) fn policy(recycled_phone: RecycledPhone, merge: bool) -> AccountPolicy {
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

pub(super) fn tokens(randomness: &Arc<dyn Randomness>) -> IssueTokens {
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
pub(super) fn codes_that_end() -> MockCodeStore {
    let mut codes = MockCodeStore::new();
    codes.expect_end().returning(|_| Ok(()));
    codes
}

/// Numbers that are lost here are told nothing.
pub(super) fn nobody_to_tell() -> MockNumberNotices {
    let mut notices = MockNumberNotices::new();
    notices.expect_hand_over().returning(drop);
    notices
}
