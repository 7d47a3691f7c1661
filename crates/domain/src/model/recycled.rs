//! Numbers that a carrier may have given to somebody else, as pure functions.
//!
//! Carriers in mainland China may reissue a number ninety days after it was given
//! up. Whoever proves such a number is not, for that, the person who had it.

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::account::Account;
use crate::model::audit::AuditAction;
use crate::model::binding::{BindingDecision, BindingRefusal, decide_binding};
use crate::model::evidence::{Evidence, PhoneProof, ProvenPhone};
use crate::model::linking::{Decision, LinkingPolicy, Refusal, Snapshot, closed, decide};

/// What to do with a number that its carrier may have given to somebody else
/// (`accounts.recycled_phone`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecycledPhone {
    /// Nothing: a proven number opens its account.
    Off,
    /// Ask for a WeChat identity that the account holds.
    AskWeChat,
    /// Take the number away from the account; whoever proves it by an SMS code has
    /// another one.
    NewAccount,
}

/// How long an account is unused before its number is in doubt.
///
/// Source: 《电信服务规范》, the time before a number may be reissued.
pub const IDLE: TimeDelta = TimeDelta::days(90);

/// What is only told of an account when its owner does it.
pub const SIGNS_OF_LIFE: [AuditAction; 6] = [
    AuditAction::SignedIn,
    AuditAction::SignedOut,
    AuditAction::SteppedUp,
    AuditAction::ProfileUpdated,
    AuditAction::Exported,
    AuditAction::Cancelled,
];

/// What is known of the use of an account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Activity {
    /// When its owner was last seen, as far as that is kept.
    pub last_seen_at: Option<DateTime<Utc>>,
    /// Whether it was used on the device that asks.
    pub device_known: bool,
}

/// The account of the proven number, if nothing else of the evidence proves that
/// it is the person's, it holds a WeChat identity that could, and nobody has
/// signed in there for long: its [`Activity`] then says whether the number is in
/// doubt.
#[must_use]
pub fn suspect<'a>(
    evidence: &Evidence,
    found: &'a Snapshot,
    now: DateTime<Utc>,
) -> Option<&'a Account> {
    evidence.phone()?;
    let holder = found.by_phone.as_ref()?;
    let others = [&found.signed_in, &found.by_openid, &found.by_union_id];
    let proven = others.into_iter().flatten().any(|one| one.id == holder.id);
    let long_ago = now >= holder.last_login_at + IDLE;
    (!proven && long_ago && !holder.identities.is_empty()).then_some(holder)
}

/// True if the number of a [`suspect`] account may be somebody else's by now.
#[must_use]
pub fn is_doubtful(activity: Activity, now: DateTime<Utc>) -> bool {
    let idle = activity.last_seen_at.is_none_or(|at| now >= at + IDLE);
    idle && !activity.device_known
}

/// Decides a login whose number is in doubt.
#[must_use]
pub fn decide_doubtful(
    evidence: &Evidence,
    found: &Snapshot,
    policy: LinkingPolicy,
    recycled: RecycledPhone,
) -> Decision {
    if let Some(refusal) = closed(found.matched(), policy.restore) {
        return Decision::Refuse(refusal);
    }
    match recycled {
        RecycledPhone::Off => decide(evidence, found, policy),
        RecycledPhone::AskWeChat => Decision::Refuse(Refusal::IdentityConfirmationRequired),
        RecycledPhone::NewAccount if by_button(evidence) => {
            Decision::Refuse(Refusal::PhoneConfirmationRequired)
        }
        RecycledPhone::NewAccount => decide(evidence, &freed(found), policy),
    }
}

/// Decides a binding of a number that is in doubt.
#[must_use]
pub fn decide_doubtful_binding(
    me: &Account,
    evidence: &Evidence,
    found: &Snapshot,
    policy: LinkingPolicy,
    recycled: RecycledPhone,
) -> BindingDecision {
    let refuse = |refusal| BindingDecision::Refuse(BindingRefusal::Login(refusal));
    if let Some(refusal) = closed([me].into_iter().chain(found.matched()), false) {
        return refuse(refusal);
    }
    match recycled {
        RecycledPhone::Off => decide_binding(me, evidence, found, policy),
        RecycledPhone::AskWeChat => refuse(Refusal::IdentityConfirmationRequired),
        RecycledPhone::NewAccount if by_button(evidence) => {
            refuse(Refusal::PhoneConfirmationRequired)
        }
        RecycledPhone::NewAccount => decide_binding(me, evidence, &freed(found), policy),
    }
}

/// WeChat does not ask anew whose a number is: its button may still name one that
/// was given up. It takes no number away from anybody.
fn by_button(evidence: &Evidence) -> bool {
    let proof = evidence.phone().map(ProvenPhone::proof);
    proof == Some(PhoneProof::WeChat)
}

/// As if nobody held the number: who takes it in takes it from its holder.
fn freed(found: &Snapshot) -> Snapshot {
    Snapshot {
        by_phone: None,
        ..found.clone()
    }
}
