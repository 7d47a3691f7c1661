//! Numbers and identities that were proven.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use menshen_domain::model::client::ClientType;
use menshen_domain::model::evidence::{ProvenPhone, WeChatIdentity};
use menshen_domain::model::limits::Limits;
use menshen_domain::model::origin::Origin;
use menshen_domain::model::policy::SmsPolicy;
use menshen_domain::model::region::Region;
use menshen_domain::model::spend::GuardPolicy;
use menshen_domain::model::verification::{CodeId, CodeScope, CodeSeed, Purpose};
use menshen_domain::model::wechat::{
    AppId, AppKind, OpenId, Platform, UnionId, WeChatApp, WeChatApps,
};
use menshen_domain::ports::audit_log::MockAuditLog;
use menshen_domain::ports::clock::MockClock;
use menshen_domain::ports::code_store::{Attempt, MockCodeStore};
use menshen_domain::ports::rate_limiter::{Admission, MockRateLimiter, Reservation, Spend};
use menshen_domain::ports::wechat_gateway::{WeChatIdentification, WeChatPhone};
use menshen_domain::services::check_code::CheckCode;
use menshen_domain::services::test_numbers::TestNumbers;
use menshen_testkit::fake_keys::FakeMac;
use menshen_testkit::sample::{SeededRandomness, now, phone};

use crate::acts::{NUMBERS, Tap};

/// Where all requests come from.
pub(crate) fn origin() -> Origin {
    Origin {
        address: [203, 0, 113, 7].into(),
        user_agent: None,
        request_id: "req-00000001".to_owned(),
    }
}

/// A number of its own for each.
pub(crate) fn number(n: usize) -> menshen_domain::model::phone_number::PhoneNumber {
    phone(u32::try_from(n).unwrap())
}

/// Each number, proven by an SMS code: only the comparison makes such a proof.
pub(crate) fn of_all_numbers(runtime: &tokio::runtime::Runtime) -> Arc<Vec<ProvenPhone>> {
    let proofs = (0..NUMBERS).map(|n| runtime.block_on(by_sms(n)));
    Arc::new(proofs.collect())
}

async fn by_sms(n: usize) -> ProvenPhone {
    let seed = CodeSeed {
        id: CodeId([3; 16]),
        nonce: [4; 16],
    };
    let scope = CodeScope {
        purpose: Purpose::Login,
        client_type: ClientType::MiniProgram,
        phone: number(n),
    };
    let code = seed.code(&FakeMac, &scope);
    let mut codes = MockCodeStore::new();
    codes.expect_attempt().returning(move |_, _, _| {
        Ok(Attempt::Counted {
            seed,
            attempts_left: 4,
        })
    });
    codes.expect_spend().returning(|_, _| Ok(true));
    let mut limiter = MockRateLimiter::new();
    limiter.expect_reserve().returning(|_| {
        Ok(Admission::Reserved(Reservation {
            id: 1,
            windows: Vec::new(),
            spend: Spend::default(),
        }))
    });
    limiter.expect_release().returning(|_| Ok(()));
    limiter.expect_pardon().returning(|_, _, _| Ok(()));
    let policy = Arc::new(SmsPolicy {
        regions: vec![Region::CN],
        code_ttl: std::time::Duration::from_mins(10),
        max_attempts: 5,
        test_numbers: Vec::new(),
    });
    let check = CheckCode {
        codes: Arc::new(codes),
        limiter: Arc::new(limiter),
        audit: Arc::new(MockAuditLog::new()),
        mac: Arc::new(FakeMac),
        clock: Arc::new(stopped(now())),
        randomness: Arc::new(SeededRandomness::new(1)),
        test_numbers: Arc::new(TestNumbers::new(policy.clone(), Arc::new(FakeMac))),
        policy,
        limits: no_limits(),
        guard: GuardPolicy::OFF,
    };
    let receipt = check.execute(&scope, None, &code, &origin()).await;
    ProvenPhone::by_sms(&receipt.unwrap())
}

fn stopped(at: DateTime<Utc>) -> MockClock {
    let mut clock = MockClock::new();
    clock.expect_now().return_const(at);
    clock
}

fn no_limits() -> Limits {
    Limits::default()
}

/// The number of WeChat's button.
pub(crate) fn by_button(n: usize) -> ProvenPhone {
    ProvenPhone::by_wechat(&WeChatPhone { number: number(n) })
}

/// Two applications of one platform, and one of none.
pub(crate) fn apps() -> WeChatApps {
    let app = |n: usize, platform: Option<&str>| WeChatApp {
        id: AppId::parse(&format!("wx{n:016x}")).unwrap(),
        kind: AppKind::MiniProgram,
        platform: platform.map(|name| Platform::parse(name).unwrap()),
    };
    WeChatApps::new(vec![
        app(0, Some("main")),
        app(1, Some("main")),
        app(2, None),
    ])
}

/// What WeChat says of a person in an application.
pub(crate) fn identity(who: usize, tap: Tap) -> WeChatIdentity {
    let answer = WeChatIdentification {
        openid: OpenId::parse(&format!("oAbCdEfGhIjKlMnOp{}of{who:05}", tap.app)).unwrap(),
        union_id: tap
            .union
            .then(|| UnionId::parse(&format!("uAbCdEfGhIjKlMnOpQr{who:05}")).unwrap()),
        session_key: None,
        profile_ticket: None,
    };
    WeChatIdentity::vouched(&apps().all()[tap.app], answer)
}
