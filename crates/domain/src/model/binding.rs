//! What happens when somebody who is signed in proves one more way in.
//!
//! The table of logins, with the signed-in account as proven evidence.

use crate::model::account::Account;
use crate::model::evidence::{Evidence, EvidencePart, PhoneProof};
use crate::model::identifiers::UserId;
use crate::model::linking::{Attach, LinkingPolicy, Refusal, Snapshot, attach, closed};

/// What a binding is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BindingDecision {
    /// The account holds it already: nothing changes.
    Held,
    /// The account takes it in; `replaces_phone` if it gives up another number.
    Attach {
        /// What it takes in.
        attach: Attach,
        /// True if a number that the account holds is replaced.
        replaces_phone: bool,
    },
    /// All of `from` moves into `into`.
    Merge {
        /// The account that becomes an alias.
        from: UserId,
        /// The account that survives.
        into: UserId,
        /// What the survivor takes in beyond that.
        attach: Attach,
    },
    /// Nothing changes.
    Refuse(BindingRefusal),
}

/// Why a binding is refused although its proof was right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BindingRefusal {
    /// As a login with this evidence would be.
    Login(Refusal),
    /// Somebody else's account holds the phone number, and cannot be merged.
    PhoneTaken,
    /// Somebody else's account holds the identity and cannot be merged, or this
    /// account holds another identity in its place.
    IdentityTaken,
}

/// Decides what a binding to `me` is to do.
#[must_use]
pub fn decide_binding(
    me: &Account,
    evidence: &Evidence,
    found: &Snapshot,
    policy: LinkingPolicy,
) -> BindingDecision {
    if let Some(refusal) = closed([me].into_iter().chain(found.matched()), false) {
        return BindingDecision::Refuse(BindingRefusal::Login(refusal));
    }
    let taken = match evidence {
        Evidence::Phone(_) => BindingRefusal::PhoneTaken,
        Evidence::WeChat(_) | Evidence::Both(..) => BindingRefusal::IdentityTaken,
    };
    let mut others = found.matched().filter(|account| account.id != me.id);
    match (others.next(), others.next()) {
        (None, _) => take_in(me, evidence, found),
        (Some(other), None) => join(me, other, evidence, found, policy, taken),
        (Some(_), Some(_)) => BindingDecision::Refuse(taken),
    }
}

/// Nobody else holds any of it.
fn take_in(me: &Account, evidence: &Evidence, found: &Snapshot) -> BindingDecision {
    let (mut attach, left) = attach(me, &[], evidence, found);
    if left.contains(&EvidencePart::WeChat) {
        return BindingDecision::Refuse(BindingRefusal::IdentityTaken);
    }
    let replaces_phone = left.contains(&EvidencePart::Phone);
    attach.phone |= replaces_phone;
    if attach == Attach::default() {
        BindingDecision::Held
    } else {
        BindingDecision::Attach {
            attach,
            replaces_phone,
        }
    }
}

/// Another account holds some of it: one of the two must be without a phone.
fn join(
    me: &Account,
    other: &Account,
    evidence: &Evidence,
    found: &Snapshot,
    policy: LinkingPolicy,
    taken: BindingRefusal,
) -> BindingDecision {
    let (from, into) = match (me.phone.is_some(), other.phone.is_some()) {
        (true, true) => return BindingDecision::Refuse(taken),
        (false, true) => (me, other),
        (_, false) => (other, me),
    };
    let wechat = evidence.wechat();
    if !policy.merge
        || me.clashes_with(other)
        || wechat.is_some_and(|w| me.holds_other_openid(w) || other.holds_other_openid(w))
        || wechat.is_some_and(|w| me.holds_other_union_id(w) || other.holds_other_union_id(w))
    {
        return BindingDecision::Refuse(taken);
    }
    let by_button = evidence
        .phone()
        .is_some_and(|phone| phone.proof() == PhoneProof::WeChat);
    if by_button && policy.confirm_wechat_phone {
        return BindingDecision::Refuse(BindingRefusal::Login(Refusal::PhoneConfirmationRequired));
    }
    let (attach, _) = attach(into, &[from], evidence, found);
    BindingDecision::Merge {
        from: from.id,
        into: into.id,
        attach,
    }
}
