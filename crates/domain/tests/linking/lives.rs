//! Many people, applications and platforms, and whatever they prove one after
//! the other: what must be true of all accounts at any time.

use menshen_domain::model::account::AccountStatus;
use menshen_domain::model::binding::{BindingDecision, decide_binding};
use menshen_domain::model::evidence::{Evidence, ProvenPhone};
use menshen_domain::model::linking::{Attach, Decision, LinkingPolicy};
use proptest::prelude::*;

use crate::support::people::{
    app_of, by_button, by_sms, cancelling, evidence, identity, openid, union_id,
};
use crate::support::phone;
use crate::support::world::World;

/// One thing that somebody does.
#[derive(Debug, Clone)]
enum Act {
    Login {
        proven: Proving,
        restore: bool,
    },
    /// The account of this number (if it is there) binds something.
    Bind {
        who: usize,
        proven: Proving,
    },
    Disable {
        who: usize,
    },
    Cancel {
        who: usize,
    },
    Enable {
        who: usize,
    },
}

/// What somebody proves, by number.
#[derive(Debug, Clone, Copy)]
struct Proving {
    phone: Option<(u32, bool)>,
    wechat: Option<(u8, u32, Option<u32>)>,
}

impl Proving {
    /// A binding is of a phone number or of a WeChat identity.
    fn one_kind(self, number: bool) -> Self {
        Self {
            phone: self.phone.filter(|_| number),
            wechat: self.wechat.filter(|_| !number),
        }
    }

    fn evidence(self, proofs: &[ProvenPhone]) -> Option<Evidence> {
        if self.phone.is_none() && self.wechat.is_none() {
            return None;
        }
        let phone = self.phone.map(|(n, button)| {
            if button {
                by_button(&phone(n))
            } else {
                proofs[n as usize].clone()
            }
        });
        // Two applications on one platform, a third on another.
        let wechat = self.wechat.map(|(n, person, union)| {
            let app = app_of(n, u8::from(n == 2));
            identity(&app, openid(person), union.map(union_id))
        });
        Some(evidence(phone, wechat))
    }
}

fn proving() -> impl Strategy<Value = Proving> {
    let phone = proptest::option::of((0..4_u32, any::<bool>()));
    let wechat = proptest::option::of((0..3_u8, 0..4_u32, proptest::option::of(0..4_u32)));
    (phone, wechat).prop_map(|(phone, wechat)| Proving { phone, wechat })
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        8 => (proving(), any::<bool>()).prop_map(|(proven, restore)| Act::Login { proven, restore }),
        4 => (0..6_usize, proving(), any::<bool>()).prop_map(|(who, proven, number)| Act::Bind {
            who,
            proven: proven.one_kind(number),
        }),
        1 => (0..6_usize).prop_map(|who| Act::Disable { who }),
        1 => (0..6_usize).prop_map(|who| Act::Cancel { who }),
        2 => (0..6_usize).prop_map(|who| Act::Enable { who }),
    ]
}

fn live(world: &World, who: usize) -> Option<usize> {
    let live: Vec<usize> = (0..world.0.len())
        .filter(|n| !matches!(world.0[*n].status, AccountStatus::Merged { .. }))
        .collect();
    live.get(who).copied()
}

fn log_in(world: &mut World, evidence: &Evidence, policy: LinkingPolicy) {
    let before = world.clone();
    let found = before.observe(evidence, None);
    let decision = before.decide(evidence, policy);
    assert_eq!(
        decision,
        before.decide(evidence, policy),
        "it is decided twice alike"
    );
    let Some(survivor) = world.play(&decision, evidence) else {
        return;
    };
    for matched in found.matched() {
        assert_ne!(matched.status, AccountStatus::DISABLED, "{decision:?}");
    }
    for old in before.0.iter().filter(|old| old.phone.is_some()) {
        assert_eq!(world.get(old.id).phone, old.phone, "a phone was lost");
    }
    let again = world.decide(evidence, policy);
    assert!(
        matches!(&again, Decision::SignIn { user, attach, .. }
            if *user == survivor && *attach == Attach::default()),
        "again: {again:?} after {decision:?} on {evidence:?} {policy:?} {before:#?}"
    );
}

fn bind(world: &mut World, n: usize, evidence: &Evidence, policy: LinkingPolicy) {
    let me = world.0[n].clone();
    let found = world.observe(evidence, Some(me.id));
    let decision = decide_binding(&me, evidence, &found, policy);
    let Some(survivor) = world.bind(me.id, &decision, evidence) else {
        return;
    };
    assert_eq!(me.status, AccountStatus::Active);
    let me = world.get(survivor).clone();
    let found = world.observe(evidence, Some(survivor));
    let again = decide_binding(&me, evidence, &found, policy);
    assert_eq!(again, BindingDecision::Held, "after {decision:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_people_do_every_way_in_leads_to_one_account(
        acts in proptest::collection::vec(act(), 1..40),
        merge in any::<bool>(),
        confirm_wechat_phone in any::<bool>(),
    ) {
        let proofs: Vec<ProvenPhone> = SMS.with(Clone::clone);
        let mut world = World::default();
        for act in acts {
            let policy = LinkingPolicy {
                merge,
                confirm_wechat_phone,
                restore: matches!(act, Act::Login { restore: true, .. }),
                consented: true,
            };
            match act {
                Act::Login { proven, .. } => {
                    // The button's number never comes alone.
                    let alone = proven.wechat.is_none()
                        && proven.phone.is_some_and(|(_, button)| button);
                    let evidence = proven.evidence(&proofs).filter(|_| !alone);
                    if let Some(evidence) = evidence {
                        log_in(&mut world, &evidence, policy);
                    }
                }
                Act::Bind { who, proven } => {
                    let who = live(&world, who);
                    if let (Some(n), Some(evidence)) = (who, proven.evidence(&proofs)) {
                        bind(&mut world, n, &evidence, policy);
                    }
                }
                Act::Disable { who } => set(&mut world, who, AccountStatus::DISABLED),
                Act::Cancel { who } => set(&mut world, who, cancelling()),
                Act::Enable { who } => set(&mut world, who, AccountStatus::Active),
            }
            world.check();
        }
    }
}

fn set(world: &mut World, who: usize, status: AccountStatus) {
    if let Some(n) = live(world, who) {
        world.0[n].status = status;
    }
}

thread_local! {
    static SMS: Vec<ProvenPhone> = (0..4).map(|n| by_sms(&phone(n))).collect();
}
