//! A second reading of the rules for bindings: the table of logins, with the
//! signed-in account as proven evidence.

use menshen_domain::model::binding::{BindingDecision, BindingRefusal};
use menshen_domain::model::linking::{Attach, LinkingPolicy, Refusal};

use crate::cases::{Life, Place, Proven, Shape};
use crate::reference_login::{id, joined, lacking};

/// What the table says for the first account, which is signed in.
pub(crate) fn expected(shapes: &[Shape], proven: Proven, policy: LinkingPolicy) -> BindingDecision {
    let me = shapes[0];
    let others: Vec<usize> = (1..shapes.len())
        .filter(|n| shapes[*n].is_named(proven))
        .collect();
    let concerned = || std::iter::once(me).chain(others.iter().map(|n| shapes[*n]));
    if concerned().any(|one| one.life == Life::Disabled) {
        return BindingDecision::Refuse(BindingRefusal::Login(Refusal::Disabled));
    }
    if concerned().any(|one| one.life == Life::Cancelling) {
        let purge_at = crate::support::epoch() + crate::support::secs(1_000_000);
        let refusal = Refusal::Cancelling { purge_at };
        return BindingDecision::Refuse(BindingRefusal::Login(refusal));
    }
    let taken = BindingDecision::Refuse(if proven.has_phone() {
        BindingRefusal::PhoneTaken
    } else {
        BindingRefusal::IdentityTaken
    });
    let [other] = others[..] else {
        return if others.is_empty() {
            nobody_elses(me, proven)
        } else {
            taken
        };
    };
    let another = shapes[other];
    let both_have_phones = me.phone != Place::Empty && another.phone != Place::Empty;
    let kept_in_place = |one: Shape| {
        (proven.openid && one.openid == Place::Other)
            || (proven.union_id && one.union_id == Place::Other)
    };
    if both_have_phones
        || !policy.merge
        || me.clashes(another)
        || kept_in_place(me)
        || kept_in_place(another)
    {
        return taken;
    }
    if proven.by_button() && policy.confirm_wechat_phone {
        let refusal = Refusal::PhoneConfirmationRequired;
        return BindingDecision::Refuse(BindingRefusal::Login(refusal));
    }
    // The one with the phone survives; both without, the signed-in one.
    let (from, into) = if another.phone == Place::Empty {
        (other, 0)
    } else {
        (0, other)
    };
    BindingDecision::Merge {
        from: id(from),
        into: id(into),
        attach: lacking(joined(shapes[from], shapes[into]), proven).0,
    }
}

fn nobody_elses(me: Shape, proven: Proven) -> BindingDecision {
    let (mut attach, _) = lacking(me, proven);
    let wechat_left = (proven.openid && me.openid == Place::Other)
        || (proven.union_id && me.union_id == Place::Other);
    if wechat_left {
        return BindingDecision::Refuse(BindingRefusal::IdentityTaken);
    }
    // A phone number is bound to be had: another one gives way.
    let replaces_phone = proven.has_phone() && me.phone == Place::Other;
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
