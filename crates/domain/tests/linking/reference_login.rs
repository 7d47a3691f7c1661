//! A second reading of the rules for logins, straight from the table and without
//! a look at the code.

use menshen_domain::model::evidence::EvidencePart;
use menshen_domain::model::linking::{Attach, Decision, LinkingPolicy, Refusal};

use crate::cases::{Life, Phone, Place, Proven, Shape};
use crate::support::user;

/// What the table says. Accounts are given in the order of their making.
pub(crate) fn expected(shapes: &[Shape], proven: Proven, policy: LinkingPolicy) -> Decision {
    let named: Vec<usize> = (0..shapes.len())
        .filter(|n| shapes[*n].is_named(proven))
        .collect();
    let lives = |life| named.iter().any(|n| shapes[*n].life == life);
    if lives(Life::Disabled) {
        return Decision::Refuse(Refusal::Disabled);
    }
    if lives(Life::Cancelling) && !policy.restore {
        let purge_at = crate::support::epoch() + crate::support::secs(1_000_000);
        return Decision::Refuse(Refusal::Cancelling { purge_at });
    }
    let phones = named
        .iter()
        .copied()
        .find(|n| shapes[*n].named_by_phone(proven));
    match (named.as_slice(), phones) {
        ([], _) if policy.consented => Decision::Create,
        ([], _) => Decision::Refuse(Refusal::ConsentRequired),
        ([only], _) => rule_2(*only, shapes, proven, policy),
        ([_, _], None) => rule_3a(&named, shapes, proven, policy),
        ([one, other], Some(b)) => {
            let a = if *one == b { *other } else { *one };
            rule_3b(a, b, shapes, proven, policy)
        }
        (_, Some(b)) => rule_3c(b, proven),
        (_, None) => unreachable!("a phone, an openid and a unionid name three"),
    }
}

fn rule_2(only: usize, shapes: &[Shape], proven: Proven, policy: LinkingPolicy) -> Decision {
    let shape = shapes[only];
    // The exception, and the setting that asks for an SMS code.
    if proven.by_button() && proven.openid && shape.openid == Place::Other {
        return Decision::Refuse(Refusal::Conflict);
    }
    let by_phone_alone = shape.named_by_phone(proven)
        && !shape.named_by_openid(proven)
        && !shape.named_by_union_id(proven);
    if proven.by_button() && policy.confirm_wechat_phone && by_phone_alone {
        return Decision::Refuse(Refusal::PhoneConfirmationRequired);
    }
    let (attach, not_attached) = lacking(shape, proven);
    Decision::SignIn {
        user: id(only),
        attach,
        not_attached,
        conflict: false,
    }
}

fn rule_3a(named: &[usize], shapes: &[Shape], proven: Proven, policy: LinkingPolicy) -> Decision {
    let (first, second) = (named[0], named[1]);
    let a = if shapes[first].named_by_openid(proven) {
        first
    } else {
        second
    };
    let c = if a == first { second } else { first };
    let has_phone = |n: usize| shapes[n].phone != Place::Empty;
    let may_merge =
        policy.merge && !(has_phone(a) && has_phone(c)) && !shapes[a].clashes(shapes[c]);
    if may_merge {
        // The one with the phone survives; both without, the older one.
        let into = if has_phone(a) || has_phone(c) {
            if has_phone(a) { a } else { c }
        } else {
            a.min(c)
        };
        let from = if into == a { c } else { a };
        return merge(from, into, shapes, proven);
    }
    // "Sign in as A, nothing moves": the unionid stays with C. A number that
    // nobody has is A's from now on if it came by SMS.
    let phone = proven.phone == Phone::Sms && !has_phone(a);
    Decision::SignIn {
        user: id(a),
        attach: Attach {
            phone,
            ..Attach::default()
        },
        not_attached: if proven.has_phone() && !phone {
            vec![EvidencePart::Phone]
        } else {
            vec![]
        },
        conflict: true,
    }
}

fn rule_3b(
    a: usize,
    b: usize,
    shapes: &[Shape],
    proven: Proven,
    policy: LinkingPolicy,
) -> Decision {
    let (wechat, phone) = (shapes[a], shapes[b]);
    let may_merge = policy.merge && wechat.phone == Place::Empty && !wechat.clashes(phone);
    let other_openid = wechat.openid == Place::Other || phone.openid == Place::Other;
    if !may_merge || (proven.by_button() && other_openid) {
        return rule_3c(b, proven);
    }
    let by_phone_alone = !phone.named_by_openid(proven) && !phone.named_by_union_id(proven);
    if proven.by_button() && policy.confirm_wechat_phone && by_phone_alone {
        return Decision::Refuse(Refusal::PhoneConfirmationRequired);
    }
    merge(a, b, shapes, proven)
}

/// Rules 3c and 4.
fn rule_3c(b: usize, proven: Proven) -> Decision {
    if proven.by_button() {
        return Decision::Refuse(Refusal::Conflict);
    }
    Decision::SignIn {
        user: id(b),
        attach: Attach::default(),
        not_attached: vec![EvidencePart::WeChat],
        conflict: true,
    }
}

fn merge(from: usize, into: usize, shapes: &[Shape], proven: Proven) -> Decision {
    let (attach, not_attached) = lacking(joined(shapes[from], shapes[into]), proven);
    Decision::Merge {
        from: id(from),
        into: id(into),
        attach,
        not_attached,
    }
}

/// One account that holds all of two that do not clash.
pub(crate) fn joined(from: Shape, into: Shape) -> Shape {
    let either = |a: Place, b: Place| if a == Place::Empty { b } else { a };
    Shape {
        phone: either(into.phone, from.phone),
        openid: either(into.openid, from.openid),
        union_id: either(into.union_id, from.union_id),
        elsewhere: from.elsewhere || into.elsewhere,
        life: into.life,
    }
}

/// Rule 2: what the account lacks is attached, and where it holds another value
/// that one stays. A unionid only comes along with its openid.
pub(crate) fn lacking(shape: Shape, proven: Proven) -> (Attach, Vec<EvidencePart>) {
    let openid_left = proven.openid && shape.openid == Place::Other;
    let union_left = proven.union_id && shape.union_id == Place::Other;
    let attach = Attach {
        phone: proven.has_phone() && shape.phone == Place::Empty,
        openid: proven.openid && shape.openid == Place::Empty,
        union_id: proven.union_id && shape.union_id == Place::Empty && !openid_left,
    };
    let mut left = Vec::new();
    if proven.has_phone() && shape.phone == Place::Other {
        left.push(EvidencePart::Phone);
    }
    let union_without_openid = proven.union_id && openid_left && shape.union_id == Place::Empty;
    if openid_left || union_left || union_without_openid {
        left.push(EvidencePart::WeChat);
    }
    (attach, left)
}

/// The id of the account that [`Shape::account`] makes.
pub(crate) fn id(n: usize) -> menshen_domain::model::identifiers::UserId {
    user(n as u128 + 1)
}
