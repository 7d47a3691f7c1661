//! What the clauses do, step by step.

use std::sync::Arc;
use std::time::Duration;

use menshen_domain::model::evidence::{EvidencePart, WeChatIdentity};
use menshen_domain::model::identifiers::SessionId;
use menshen_domain::model::wechat::{
    AppId, AppKind, OpenId, Platform, SessionKey, UnionId, WeChatApp,
};
use menshen_domain::ports::replay_ledger::{Binding, Claim, ProofKey, ProofRecord, ReplayLedger};
use menshen_domain::ports::wechat_gateway::WeChatIdentification;
use uuid::Uuid;

pub(super) type Ledger = Arc<dyn ReplayLedger>;

/// A time that no clause outlives.
pub(super) const LONG: Duration = Duration::from_mins(5);
/// A time that is over soon.
pub(super) const SHORT: Duration = Duration::from_millis(500);
/// More than that time.
pub(super) const PAST_SHORT: Duration = Duration::from_millis(600);
/// Longer than anybody need wait.
pub(super) const PATIENT: Duration = Duration::from_secs(10);
/// How long a caller waits who need not wait at all.
pub(super) const NOT_AT_ALL: Duration = Duration::ZERO;

pub(super) fn key(n: u8) -> ProofKey {
    ProofKey([n; 32])
}

pub(super) fn signed_in(n: u128) -> ProofRecord {
    ProofRecord::SignedIn {
        binding: Binding([7; 32]),
        session: SessionId::from_uuid(Uuid::from_u128(n)),
        is_new_user: true,
        not_attached: vec![EvidencePart::Phone, EvidencePart::WeChat],
    }
}

pub(super) fn identity() -> WeChatIdentity {
    let app = WeChatApp {
        id: AppId::parse("wx0123456789abcdef").expect("an app id"),
        kind: AppKind::MiniProgram,
        platform: Some(Platform::parse("main").expect("a platform")),
    };
    let answer = WeChatIdentification {
        openid: OpenId::parse("oGZUI0egBJY1zhBYw2KhdUfwVJJE").expect("an openid"),
        union_id: Some(UnionId::parse("o6_bmasdasdsad6_2sgVt7hMZOPfL").expect("a unionid")),
        session_key: Some(SessionKey::parse("tiihtNczf5v6AKRyjwEUhQ==").expect("a key")),
        profile_ticket: None,
    };
    WeChatIdentity::vouched(&app, answer)
}

pub(super) fn vouched() -> ProofRecord {
    ProofRecord::Vouched {
        binding: Binding([8; 32]),
        identity: identity(),
        phone: None,
    }
}

pub(super) async fn claim(
    ledger: &Ledger,
    key: ProofKey,
    lease: Duration,
    patience: Duration,
) -> Claim {
    ledger
        .claim(key, lease, patience)
        .await
        .expect("the ledger answers")
}

pub(super) async fn look(ledger: &Ledger, key: ProofKey) -> Claim {
    claim(ledger, key, LONG, NOT_AT_ALL).await
}

pub(super) async fn record(ledger: &Ledger, key: ProofKey, what: ProofRecord) {
    record_for(ledger, key, what, LONG, LONG).await;
}

pub(super) async fn record_for(
    ledger: &Ledger,
    key: ProofKey,
    what: ProofRecord,
    fresh: Duration,
    kept: Duration,
) {
    let recorded = ledger.record(key, what, fresh, kept).await;
    recorded.expect("the ledger answers");
}

pub(super) async fn release(ledger: &Ledger, key: ProofKey) {
    ledger.release(key).await.expect("the ledger answers");
}

pub(super) fn is_granted_anew(claim: &Claim) -> bool {
    matches!(claim, Claim::Granted { vouched: None })
}

pub(super) fn is_granted_vouched(claim: &Claim) -> bool {
    matches!(
        claim,
        Claim::Granted {
            vouched: Some(ProofRecord::Vouched { .. })
        }
    )
}

pub(super) fn is_spent(claim: &Claim) -> bool {
    matches!(claim, Claim::Recorded(ProofRecord::Spent))
}

pub(super) fn session(claim: &Claim) -> Option<u128> {
    match claim {
        Claim::Recorded(ProofRecord::SignedIn { session, .. }) => Some(session.as_uuid().as_u128()),
        _ => None,
    }
}
