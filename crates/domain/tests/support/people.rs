//! People, their applications, and what they can prove.

use std::sync::Arc;

use menshen_domain::model::account::{Account, AccountStatus, Identity};
use menshen_domain::model::client::ClientType;
use menshen_domain::model::evidence::{Evidence, PhoneProof, ProvenPhone, WeChatIdentity};
use menshen_domain::model::identifiers::IdentityId;
use menshen_domain::model::limits::Limits;
use menshen_domain::model::origin::Origin;
use menshen_domain::model::phone_number::PhoneNumber;
use menshen_domain::model::policy::SmsPolicy;
use menshen_domain::model::profile::{Nickname, Profile};
use menshen_domain::model::region::Region;
use menshen_domain::model::sms_code::SmsCode;
use menshen_domain::model::spend::GuardPolicy;
use menshen_domain::model::verification::{CodeId, CodeScope, CodeSeed, Purpose};
use menshen_domain::model::wechat::{AppId, AppKind, OpenId, Platform, UnionId, WeChatApp};
use menshen_domain::ports::audit_log::MockAuditLog;
use menshen_domain::ports::code_store::{Attempt, CodeReceipt, MockCodeStore};
use menshen_domain::ports::rate_limiter::{Admission, MockRateLimiter, Reservation, Spend};
use menshen_domain::ports::wechat_gateway::{WeChatIdentification, WeChatPhone};
use menshen_domain::services::check_code::CheckCode;
use menshen_domain::services::test_numbers::TestNumbers;
use uuid::Uuid;

use super::{epoch, mac, phone, randomness, secs, stopped_clock, user};

/// A mini-program; all of them are bound to one platform.
pub(crate) fn app(n: u8) -> WeChatApp {
    app_of(n, 0)
}

/// A mini-program that is bound to this platform.
pub(crate) fn app_of(n: u8, platform_n: u8) -> WeChatApp {
    WeChatApp {
        id: AppId::parse(&format!("wx{n:016x}")).expect("an app id"),
        kind: AppKind::MiniProgram,
        platform: Some(platform(platform_n)),
    }
}

pub(crate) fn platform(n: u8) -> Platform {
    Platform::parse(&format!("platform-{n}")).expect("a platform")
}

pub(crate) fn openid(n: u32) -> OpenId {
    OpenId::parse(&format!("o{n:027}")).expect("an openid")
}

pub(crate) fn union_id(n: u32) -> UnionId {
    UnionId::parse(&format!("u{n:027}")).expect("a unionid")
}

/// WeChat vouches for an openid of `app` and, maybe, a unionid.
pub(crate) fn identity(
    app: &WeChatApp,
    openid: OpenId,
    union_id: Option<UnionId>,
) -> WeChatIdentity {
    let answer = WeChatIdentification {
        openid,
        union_id,
        session_key: None,
        profile_ticket: None,
    };
    WeChatIdentity::vouched(app, answer)
}

pub(crate) fn by_button(number: &PhoneNumber) -> ProvenPhone {
    ProvenPhone::by_wechat(&WeChatPhone {
        number: number.clone(),
    })
}

pub(crate) fn by_sms(number: &PhoneNumber) -> ProvenPhone {
    ProvenPhone::by_sms(&receipt(&login_scope(number)))
}

pub(crate) fn login_scope(number: &PhoneNumber) -> CodeScope {
    CodeScope {
        purpose: Purpose::Login,
        client_type: ClientType::MiniProgram,
        phone: number.clone(),
    }
}

/// Both, or one of the two.
pub(crate) fn evidence(phone: Option<ProvenPhone>, wechat: Option<WeChatIdentity>) -> Evidence {
    match (phone, wechat) {
        (Some(phone), Some(wechat)) => Evidence::Both(phone, wechat),
        (Some(phone), None) => Evidence::Phone(phone),
        (None, Some(wechat)) => Evidence::WeChat(wechat),
        (None, None) => panic!("no evidence at all"),
    }
}

pub(crate) fn origin() -> Origin {
    Origin {
        address: [203, 0, 113, 7].into(),
        user_agent: None,
        request_id: "req-1".to_owned(),
    }
}

pub(crate) fn seed() -> CodeSeed {
    CodeSeed {
        id: CodeId([3; 16]),
        nonce: [4; 16],
    }
}

/// The code of [`seed`] in a scope.
pub(crate) fn right_code(scope: &CodeScope) -> SmsCode {
    seed().code(&*mac(), scope)
}

/// No limit at all.
pub(crate) fn no_limits() -> Limits {
    Limits::default()
}

pub(crate) fn sms_policy() -> SmsPolicy {
    SmsPolicy {
        regions: vec![Region::CN],
        code_ttl: secs(600),
        max_attempts: 5,
        test_numbers: Vec::new(),
    }
}

/// Proves a number with a right code: only the comparison makes a receipt.
pub(crate) fn receipt(scope: &CodeScope) -> CodeReceipt {
    let mut codes = MockCodeStore::new();
    codes.expect_attempt().returning(|_, _, _| {
        Ok(Attempt::Counted {
            seed: seed(),
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
    limiter.expect_pardon().returning(|_, _, _| Ok(()));
    let check = CheckCode {
        codes: Arc::new(codes),
        limiter: Arc::new(limiter),
        audit: Arc::new(MockAuditLog::new()),
        mac: mac(),
        clock: stopped_clock(),
        randomness: randomness(),
        policy: Arc::new(sms_policy()),
        test_numbers: Arc::new(TestNumbers::new(Arc::new(sms_policy()), mac())),
        limits: no_limits(),
        guard: GuardPolicy::OFF,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    let code = right_code(scope);
    // A thread of its own, so that tests inside a runtime may prove numbers too.
    let scope = scope.clone();
    std::thread::spawn(move || runtime.block_on(check.execute(&scope, None, &code, &origin())))
        .join()
        .expect("no panic")
        .expect("a right code")
}

/// An active account that holds nothing, made `n` seconds after the epoch.
pub(crate) fn account(n: u32) -> Account {
    let made = epoch() + secs(u64::from(n));
    Account {
        id: user(u128::from(n)),
        version: 1,
        status: AccountStatus::Active,
        phone: None,
        phone_proof: None,
        profile: Profile {
            nickname: Nickname::parse(&format!("用户{n}")).expect("a nickname"),
            avatar_url: None,
            birthday: None,
            bio: None,
        },
        identities: Vec::new(),
        union_ids: Vec::new(),
        created_at: made,
        updated_at: made,
        last_login_at: made,
    }
}

/// What accounts are given in a test.
pub(crate) trait Holding: Sized {
    fn with_phone(self, number: &PhoneNumber) -> Self;
    fn with_openid(self, app: &WeChatApp, openid: OpenId) -> Self;
    fn with_union_id(self, platform: Platform, union_id: UnionId) -> Self;
    fn with_status(self, status: AccountStatus) -> Self;
}

impl Holding for Account {
    fn with_phone(mut self, number: &PhoneNumber) -> Self {
        self.phone = Some(number.clone());
        self.phone_proof = Some(PhoneProof::Sms);
        self
    }

    fn with_openid(mut self, app: &WeChatApp, openid: OpenId) -> Self {
        let n = self.identities.len() as u128 + (self.id.as_uuid().as_u128() << 16);
        self.identities.push(Identity {
            id: IdentityId::from_uuid(Uuid::from_u128(n)),
            provider: app.kind.provider(),
            app_id: app.id.clone(),
            openid,
            linked_at: self.created_at,
        });
        self
    }

    fn with_union_id(mut self, platform: Platform, union_id: UnionId) -> Self {
        self.union_ids.push((platform, union_id));
        self
    }

    fn with_status(mut self, status: AccountStatus) -> Self {
        self.status = status;
        self
    }
}

pub(crate) fn cancelling() -> AccountStatus {
    AccountStatus::Cancelling {
        purge_at: epoch() + secs(1_000_000),
    }
}

/// A number that the tests of one case are about.
pub(crate) fn p() -> PhoneNumber {
    phone(0)
}
