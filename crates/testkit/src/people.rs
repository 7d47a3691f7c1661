//! Accounts, sessions and changes that the suites work with.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use menshen_domain::model::account::{Account, AccountStatus, Identity};
use menshen_domain::model::audit::{AuditAction, AuditEvent};
use menshen_domain::model::changes::{Changes, Expected, Step};
use menshen_domain::model::client::{Client, ClientType, Label};
use menshen_domain::model::event::{Notice, OutboxEvent};
use menshen_domain::model::evidence::PhoneProof;
use menshen_domain::model::identifiers::{EventId, IdentityId, SessionId, UserId};
use menshen_domain::model::profile::{Nickname, Profile};
use menshen_domain::model::refresh::RefreshState;
use menshen_domain::model::session::Session;
use menshen_domain::model::wechat::{AppId, OpenId, Platform, Provider, UnionId};
use menshen_domain::ports::randomness::Randomness;
use menshen_domain::ports::send_records::NewSend;
use uuid::Uuid;

use crate::sample::{SeededRandomness, now, phone};

/// Makes people: a fake for tests, cheap to clone.
#[derive(Clone)]
pub struct People(Arc<SeededRandomness>);

impl People {
    /// People of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(SeededRandomness::new(seed)))
    }

    /// Where their ids come from.
    #[must_use]
    pub fn randomness(&self) -> &dyn Randomness {
        &*self.0
    }

    /// An account with nothing but a name.
    ///
    /// # Panics
    ///
    /// Never: the name is well formed.
    #[must_use]
    pub fn account(&self) -> Account {
        Account {
            id: UserId::generate(&*self.0, now()),
            version: 1,
            status: AccountStatus::Active,
            phone: None,
            phone_proof: None,
            profile: Profile {
                nickname: Nickname::parse("小明").expect("a nickname"),
                avatar_url: None,
                birthday: None,
                bio: None,
            },
            identities: Vec::new(),
            union_ids: Vec::new(),
            created_at: now(),
            updated_at: now(),
            last_login_at: now(),
        }
    }

    /// The identity of person `n` in application `app`.
    #[must_use]
    pub fn identity(&self, app: &str, n: u32) -> Identity {
        Identity {
            id: IdentityId::generate(&*self.0, now()),
            provider: Provider::WeChatMiniProgram,
            app_id: app_id(app),
            openid: openid(n),
            linked_at: now(),
        }
    }

    /// The account of person `n`: phone number, openid of `wx1`, unionid.
    #[must_use]
    pub fn whole_account(&self, n: u32) -> Account {
        Account {
            phone: Some(phone(n)),
            phone_proof: Some(PhoneProof::Sms),
            identities: vec![self.identity("wx1", n)],
            union_ids: vec![(platform(), union_id(n))],
            ..self.account()
        }
    }

    /// A live session of an account, opened `age` ago, on a device of that name.
    ///
    /// # Panics
    ///
    /// If the device's name is no label.
    #[must_use]
    pub fn session(&self, user: UserId, device: Option<&str>, age: Duration) -> Session {
        let opened = now() - age;
        Session {
            id: SessionId::generate(&*self.0, opened),
            user,
            client: Client {
                kind: ClientType::MiniProgram,
                device_id: device.map(|name| Label::parse(name).expect("a label")),
                device_name: Some(Label::parse("小明的手机").expect("a label")),
                version: None,
            },
            app_id: Some(app_id("wx1")),
            address: IpAddr::V4(Ipv4Addr::new(203, 0, 113, 7)),
            user_agent: None,
            created_at: opened,
            last_seen_at: opened,
            proven_at: opened,
            expires_at: opened + Duration::from_hours(24 * 180),
            ended: None,
            refresh: RefreshState::begin(opened),
            replay_noted: None,
        }
    }

    /// An audit row about an account.
    #[must_use]
    pub fn audit(&self, action: AuditAction, user: UserId) -> AuditEvent {
        AuditEvent::new(action, now(), &*self.0).with_user(user)
    }

    /// Changes of these steps, with one audit row and one event about `user`.
    #[must_use]
    pub fn changes(&self, user: UserId, expected: Vec<Expected>, steps: Vec<Step>) -> Changes {
        Changes {
            expected,
            caller: None,
            steps,
            audit: vec![self.audit(AuditAction::SignedIn, user)],
            outbox: vec![OutboxEvent::new(user, Notice::UserUpdated, now(), &*self.0)],
        }
    }

    /// The changes that make an account with all that it holds.
    #[must_use]
    pub fn creation(&self, account: &Account) -> Changes {
        let user = account.id;
        let bare = Account {
            phone: None,
            phone_proof: None,
            identities: Vec::new(),
            union_ids: Vec::new(),
            ..account.clone()
        };
        let mut steps = vec![Step::CreateUser {
            account: Box::new(bare),
            consent_version: Some("1".into()),
        }];
        let number = account.phone.iter().cloned();
        steps.extend(number.map(|phone| Step::SetPhone {
            user,
            phone,
            proof: PhoneProof::Sms,
        }));
        let identities = account.identities.iter().cloned();
        steps.extend(identities.map(|identity| Step::LinkIdentity {
            user,
            identity,
            session_key: None,
        }));
        for (platform, union_id) in account.union_ids.iter().cloned() {
            let id = IdentityId::generate(&*self.0, now());
            steps.push(Step::LinkUnionId {
                user,
                id,
                platform,
                union_id,
            });
        }
        self.changes(user, Vec::new(), steps)
    }

    /// The changes of a login that finds the account as it is.
    #[must_use]
    pub fn login(&self, account: &Account, session: Session, max_live: u32) -> Changes {
        let expected = Expected {
            signed_in_at: Some(now()),
            ..seen(account)
        };
        let step = Step::OpenSession {
            session: Box::new(session),
            max_live,
            code: None,
        };
        self.changes(account.id, vec![expected], vec![step])
    }
}

/// The account was seen, and is not changed.
#[must_use]
pub fn seen(account: &Account) -> Expected {
    Expected {
        user: account.id,
        version: account.version,
        changed: false,
        last_login_at: account.last_login_at,
        signed_in_at: None,
    }
}

/// The account was seen, and is changed.
#[must_use]
pub fn changed(account: &Account) -> Expected {
    Expected {
        changed: true,
        ..seen(account)
    }
}

/// An application's id.
///
/// # Panics
///
/// If it is not well formed.
#[must_use]
pub fn app_id(text: &str) -> AppId {
    AppId::parse(text).expect("an app id")
}

/// An openid of its own for each `n`.
///
/// # Panics
///
/// Never: every such openid is well formed.
#[must_use]
pub fn openid(n: u32) -> OpenId {
    OpenId::parse(&format!("oAbCdEfGhIjKlMnOpQ{n:010}")).expect("an openid")
}

/// A unionid of its own for each `n`.
///
/// # Panics
///
/// Never: every such unionid is well formed.
#[must_use]
pub fn union_id(n: u32) -> UnionId {
    UnionId::parse(&format!("uAbCdEfGhIjKlMnOpQ{n:010}")).expect("a unionid")
}

/// The platform that the unionids belong to.
///
/// # Panics
///
/// Never: the name is well formed.
#[must_use]
pub fn platform() -> Platform {
    Platform::parse("main").expect("a platform")
}

/// The moment `offset` after [`now`].
#[must_use]
pub fn later(offset: Duration) -> DateTime<Utc> {
    now() + offset
}

/// A row of the audit log about a message, as old as it; its id is made of the
/// message's and the action's.
#[must_use]
pub fn about_send(send: &NewSend, action: AuditAction) -> AuditEvent {
    let fold = |hash: u128, byte| hash.wrapping_mul(31).wrapping_add(u128::from(byte));
    let id = action
        .as_str()
        .bytes()
        .fold(send.id.as_uuid().as_u128(), fold);
    let row = AuditEvent::new(action, send.at, &SeededRandomness::new(1));
    AuditEvent {
        id: EventId::from_uuid(Uuid::from_u128(id)),
        ..row.with_subject(send.phone.masked())
    }
}
