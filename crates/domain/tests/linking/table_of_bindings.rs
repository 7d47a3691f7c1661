//! Every shape of a signed-in account and of the accounts that hold what it
//! binds.

use menshen_domain::model::account::Account;
use menshen_domain::model::binding::{BindingDecision, decide_binding};
use menshen_domain::model::evidence::Evidence;
use menshen_domain::model::linking::LinkingPolicy;

use crate::cases::{Life, Proven, Shape, policies};
use crate::reference_binding::expected;
use crate::support::world::World;

fn decided(
    world: &World,
    me: &Account,
    evidence: &Evidence,
    policy: LinkingPolicy,
) -> BindingDecision {
    let me = world.get(me.id);
    decide_binding(me, evidence, &world.observe(evidence, Some(me.id)), policy)
}

fn check(shapes: &[Shape], proven: Proven, evidence: &Evidence) {
    let accounts: Vec<Account> = (0..).zip(shapes).map(|(n, one)| one.account(n)).collect();
    let me = &accounts[0];
    for policy in policies(shapes) {
        let mut world = World(accounts.clone());
        let decision = decided(&world, me, evidence, policy);
        assert_eq!(
            decision,
            expected(shapes, proven, policy),
            "{proven:?} {policy:?} {shapes:#?}"
        );
        let Some(survivor) = world.bind(me.id, &decision, evidence) else {
            continue;
        };
        world.check();
        let disabled = shapes
            .iter()
            .enumerate()
            .any(|(n, one)| one.life == Life::Disabled && (n == 0 || one.is_named(proven)));
        assert!(!disabled, "a disabled account was bound to");
        if let BindingDecision::Merge { from, into, .. } = decision {
            assert!(
                from == me.id || into == me.id,
                "the caller has a part in it"
            );
            assert_eq!(
                world.get(into).phone,
                joined_phone(&accounts),
                "a phone was lost"
            );
        }
        let again = decided(&world, world.get(survivor), evidence, policy);
        assert_eq!(
            again,
            BindingDecision::Held,
            "again, after {decision:?}; {shapes:#?}"
        );
    }
}

fn joined_phone(accounts: &[Account]) -> Option<menshen_domain::model::phone_number::PhoneNumber> {
    accounts.iter().find_map(|one| one.phone.clone())
}

#[test]
fn what_nobody_else_holds_follows_the_table() {
    let mut cases = 0;
    for proven in Proven::bindings() {
        let evidence = proven.evidence();
        for me in Shape::all() {
            check(&[me], proven, &evidence);
            cases += 1;
        }
    }
    assert_eq!(cases, 4 * 162);
}

#[test]
fn what_another_account_holds_follows_the_table() {
    let mut cases = 0;
    for proven in Proven::bindings() {
        let evidence = proven.evidence();
        for me in Shape::all() {
            for other in Shape::all() {
                if other.is_named(proven) && me.may_stand_beside(other) {
                    check(&[me, other], proven, &evidence);
                    cases += 1;
                }
            }
        }
    }
    assert_eq!(cases, 21_888);
}

/// The openid is one account's, the unionid another's, and neither is the
/// caller's.
#[test]
fn what_two_other_accounts_hold_is_taken() {
    let mut cases = 0;
    for proven in Proven::bindings().filter(|proven| proven.union_id) {
        let evidence = proven.evidence();
        let active = || {
            Shape::all()
                .into_iter()
                .filter(|one| one.life == Life::Active)
        };
        for me in active().filter(|one| !one.is_named(proven)) {
            for a in active().filter(|one| one.named_by_openid(proven)) {
                for c in active().filter(|one| one.named_by_union_id(proven)) {
                    let apart =
                        a.may_stand_beside(c) && me.may_stand_beside(a) && me.may_stand_beside(c);
                    if apart && !a.elsewhere && !c.elsewhere {
                        check(&[me, a, c], proven, &evidence);
                        cases += 1;
                    }
                }
            }
        }
    }
    assert_eq!(cases, 640);
}
