//! Every shape of up to three accounts, under every kind of evidence and every
//! setting.

use menshen_domain::model::account::Account;
use menshen_domain::model::evidence::Evidence;
use menshen_domain::model::linking::{Attach, Decision, LinkingPolicy, Refusal};

use crate::cases::{Life, Proven, Shape, policies};
use crate::reference_login::expected;
use crate::support::world::World;

/// Checks one case against the second reading, and what must hold in any case.
fn check(shapes: &[Shape], accounts: &[Account], proven: Proven, evidence: &Evidence) {
    let mut world = World(accounts.to_vec());
    for policy in policies(shapes) {
        let decision = world.decide(evidence, policy);
        assert_eq!(
            decision,
            expected(shapes, proven, policy),
            "{proven:?} {policy:?} {shapes:#?}"
        );
        hold_the_invariants(&world, shapes, proven, &decision);
        let Some(survivor) = world.play(&decision, evidence) else {
            continue;
        };
        world.check();
        keep_what_was_there(accounts, &world);
        let again = world.decide(evidence, policy);
        assert!(
            matches!(
                &again,
                Decision::SignIn { user, attach, .. }
                    if *user == survivor && *attach == Attach::default()
            ),
            "again: {again:?} after {decision:?}; {proven:?} {policy:?} {shapes:#?}"
        );
        world.0.clone_from_slice(accounts);
    }
}

/// What must hold whatever the shape, checked without the second reading.
fn hold_the_invariants(world: &World, shapes: &[Shape], proven: Proven, decision: &Decision) {
    let named = |id| {
        let n = world.0.iter().position(|one| one.id == id);
        shapes[n.expect("a decision names an account that is there")].is_named(proven)
    };
    let disabled = shapes
        .iter()
        .any(|one| one.is_named(proven) && one.life == Life::Disabled);
    match decision {
        Decision::Create => assert!(!shapes.iter().any(|one| one.is_named(proven))),
        Decision::SignIn { user, .. } => assert!(named(*user), "nothing names it"),
        Decision::Merge { from, into, .. } => {
            assert!(named(*from) && named(*into), "nothing names one of them");
            assert_ne!(from, into);
            assert!(world.get(*from).phone.is_none(), "it has a phone");
        }
        Decision::Refuse(refusal) => {
            assert_eq!(*refusal == Refusal::Disabled, disabled);
        }
    }
    assert!(!disabled || matches!(decision, Decision::Refuse(_)));
}

/// No account loses its phone number, and nobody's way in disappears.
fn keep_what_was_there(before: &[Account], after: &World) {
    let held_after = |way: &dyn Fn(&Account) -> bool| after.0.iter().filter(|one| way(one)).count();
    for old in before {
        if old.phone.is_some() {
            assert_eq!(after.get(old.id).phone, old.phone, "a phone was lost");
        }
        for identity in &old.identities {
            let kept = held_after(&|one: &Account| one.identities.contains(identity));
            assert_eq!(kept, 1, "an openid was lost");
        }
        for union_id in &old.union_ids {
            let kept = held_after(&|one: &Account| one.union_ids.contains(union_id));
            assert_eq!(kept, 1, "a unionid was lost");
        }
    }
}

#[test]
fn evidence_that_names_nobody_makes_an_account_where_consent_is_given() {
    let mut cases = 0;
    for proven in Proven::logins() {
        let evidence = proven.evidence();
        for n in 0..16 {
            let policy = LinkingPolicy {
                merge: n & 1 > 0,
                confirm_wechat_phone: n & 2 > 0,
                restore: n & 4 > 0,
                consented: n & 8 > 0,
            };
            let mut world = World::default();
            let decision = world.decide(&evidence, policy);
            assert_eq!(decision, expected(&[], proven, policy));
            assert_eq!(decision == Decision::Create, policy.consented);
            if let Some(made) = world.play(&decision, &evidence) {
                let again = world.decide(&evidence, policy);
                assert!(matches!(again, Decision::SignIn { user, attach, .. }
                    if user == made && attach == Attach::default()));
            }
            cases += 1;
        }
    }
    assert_eq!(cases, 7 * 16);
}

#[test]
fn one_account_follows_the_table() {
    let mut cases = 0;
    for proven in Proven::logins() {
        let evidence = proven.evidence();
        for shape in Shape::all().into_iter().filter(|one| one.is_named(proven)) {
            check(&[shape], &[shape.account(0)], proven, &evidence);
            cases += 1;
        }
    }
    assert_eq!(cases, 606);
}

/// Every pair of which evidence names both, in both orders of their making.
#[test]
fn two_accounts_follow_the_table() {
    let mut cases = 0;
    for proven in Proven::logins() {
        let evidence = proven.evidence();
        let named: Vec<Shape> = Shape::all()
            .into_iter()
            .filter(|one| one.is_named(proven))
            .collect();
        let (older, younger): (Vec<_>, Vec<_>) = named
            .iter()
            .map(|one| (one.account(0), one.account(1)))
            .unzip();
        for (first, older) in named.iter().zip(&older) {
            for (second, younger) in named.iter().zip(&younger) {
                if !first.may_stand_beside(*second) {
                    continue;
                }
                let accounts = [older.clone(), younger.clone()];
                check(&[*first, *second], &accounts, proven, &evidence);
                cases += 1;
            }
        }
    }
    assert_eq!(cases, 17_280);
}

/// The phone's, the openid's and the unionid's account, all different.
#[test]
fn three_accounts_follow_the_table() {
    let mut cases = 0;
    for proven in Proven::logins().filter(|one| one.has_phone() && one.union_id) {
        let evidence = proven.evidence();
        let only = |by: fn(Shape, Proven) -> bool| {
            Shape::all().into_iter().filter(move |one| {
                let ways = [
                    one.named_by_phone(proven),
                    one.named_by_openid(proven),
                    one.named_by_union_id(proven),
                ];
                by(*one, proven) && ways.into_iter().filter(|named| *named).count() == 1
            })
        };
        for (n, b) in only(Shape::named_by_phone).enumerate() {
            let first = b.account(0);
            for a in only(Shape::named_by_openid) {
                let second = a.account(1);
                for c in only(Shape::named_by_union_id) {
                    let third = c.account(2);
                    // The order of their making changes with the case.
                    let (shapes, accounts) = match n % 3 {
                        0 => ([b, a, c], [first.clone(), second.clone(), third]),
                        1 => ([a, c, b], [a.account(0), c.account(1), b.account(2)]),
                        _ => ([c, b, a], [c.account(0), b.account(1), a.account(2)]),
                    };
                    check(&shapes, &accounts, proven, &evidence);
                    cases += 1;
                }
            }
        }
    }
    assert_eq!(cases, 27_648);
}

#[test]
fn the_order_of_what_an_account_holds_changes_no_decision() {
    for proven in Proven::logins() {
        let evidence = proven.evidence();
        for shape in Shape::all().into_iter().filter(|one| one.is_named(proven)) {
            for policy in policies(&[shape]) {
                let straight = shape.account(0);
                let mut turned = straight.clone();
                turned.identities.reverse();
                turned.union_ids.reverse();
                assert_eq!(
                    World(vec![straight]).decide(&evidence, policy),
                    World(vec![turned]).decide(&evidence, policy)
                );
            }
        }
    }
}
