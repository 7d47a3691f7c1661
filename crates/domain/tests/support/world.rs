//! All accounts there are, a store of them that plays decisions out, and what
//! must be true of them at any time.

use std::collections::HashSet;

use menshen_domain::model::account::{Account, AccountStatus, Identity};
use menshen_domain::model::binding::BindingDecision;
use menshen_domain::model::evidence::Evidence;
use menshen_domain::model::identifiers::{IdentityId, UserId};
use menshen_domain::model::linking::{Attach, Decision, LinkingPolicy, Snapshot, decide};
use uuid::Uuid;

use super::people::account;

/// All accounts there are.
#[derive(Debug, Clone, Default)]
pub(crate) struct World(pub(crate) Vec<Account>);

impl World {
    pub(crate) fn get(&self, id: UserId) -> &Account {
        self.0.iter().find(|one| one.id == id).expect("it is there")
    }

    fn get_mut(&mut self, id: UserId) -> &mut Account {
        self.0
            .iter_mut()
            .find(|one| one.id == id)
            .expect("it is there")
    }

    /// What a store answers: merged and erased accounts match nothing.
    pub(crate) fn observe(&self, evidence: &Evidence, signed_in: Option<UserId>) -> Snapshot {
        let live = || {
            self.0.iter().filter(|one| {
                !matches!(
                    one.status,
                    AccountStatus::Merged { .. } | AccountStatus::Erased
                )
            })
        };
        let wechat = evidence.wechat();
        Snapshot {
            signed_in: signed_in.map(|id| self.get(id).clone()),
            by_phone: evidence.phone().and_then(|proven| {
                live()
                    .find(|one| one.phone.as_ref() == Some(proven.number()))
                    .cloned()
            }),
            by_openid: wechat.and_then(|w| {
                live()
                    .find(|one| one.openid_of(w.provider, &w.app_id) == Some(&w.openid))
                    .cloned()
            }),
            by_union_id: wechat
                .and_then(|w| w.union_id.as_ref())
                .and_then(|pair| live().find(|one| one.union_ids.contains(pair)).cloned()),
        }
    }

    /// Decides a login, without carrying it out.
    pub(crate) fn decide(&self, evidence: &Evidence, policy: LinkingPolicy) -> Decision {
        decide(evidence, &self.observe(evidence, None), policy)
    }

    /// Carries a login's decision out, and answers the account that the person
    /// ends in; `None` for a refusal.
    pub(crate) fn play(&mut self, decision: &Decision, evidence: &Evidence) -> Option<UserId> {
        match decision {
            Decision::Refuse(_) => None,
            Decision::Create => {
                let n = u32::try_from(self.0.len()).expect("few accounts") + 1000;
                let made = account(n);
                let id = made.id;
                self.0.push(made);
                let all = Attach {
                    phone: evidence.phone().is_some(),
                    openid: evidence.wechat().is_some(),
                    union_id: evidence.wechat().is_some_and(|w| w.union_id.is_some()),
                };
                self.attach(id, all, evidence);
                Some(id)
            }
            Decision::SignIn { user, attach, .. } => {
                self.restore(*user);
                self.attach(*user, *attach, evidence);
                Some(*user)
            }
            Decision::Merge {
                from, into, attach, ..
            } => {
                self.restore(*into);
                self.merge(*from, *into);
                self.attach(*into, *attach, evidence);
                Some(*into)
            }
        }
    }

    /// Carries a binding's decision out.
    pub(crate) fn bind(
        &mut self,
        me: UserId,
        decision: &BindingDecision,
        evidence: &Evidence,
    ) -> Option<UserId> {
        match decision {
            BindingDecision::Refuse(_) => None,
            BindingDecision::Held => Some(me),
            BindingDecision::Attach {
                attach,
                replaces_phone,
            } => {
                if *replaces_phone {
                    assert!(attach.phone, "a replaced phone is an attached phone");
                    assert!(self.get_mut(me).phone.take().is_some());
                }
                self.attach(me, *attach, evidence);
                Some(me)
            }
            BindingDecision::Merge { from, into, attach } => {
                self.merge(*from, *into);
                self.attach(*into, *attach, evidence);
                Some(*into)
            }
        }
    }

    fn restore(&mut self, id: UserId) {
        let one = self.get_mut(id);
        if matches!(one.status, AccountStatus::Cancelling { .. }) {
            one.status = AccountStatus::Active;
        }
    }

    fn merge(&mut self, from: UserId, into: UserId) {
        assert_ne!(from, into, "an account was merged into itself");
        let gone = self.get_mut(from);
        assert!(gone.phone.is_none(), "an account with a phone was moved");
        gone.status = AccountStatus::Merged { into };
        let identities = std::mem::take(&mut gone.identities);
        let union_ids = std::mem::take(&mut gone.union_ids);
        let survivor = self.get_mut(into);
        survivor.identities.extend(identities);
        survivor.union_ids.extend(union_ids);
    }

    fn attach(&mut self, id: UserId, attach: Attach, evidence: &Evidence) {
        let one = self.get_mut(id);
        if attach.phone {
            let proven = evidence.phone().expect("only what was proven is attached");
            assert!(one.phone.is_none(), "a phone number was lost");
            one.phone = Some(proven.number().clone());
        }
        let wechat = evidence.wechat();
        if attach.openid {
            let wechat = wechat.expect("only what was proven is attached");
            let n = one.identities.len() as u128 + (id.as_uuid().as_u128() << 16) + 0x8000;
            one.identities.push(Identity {
                id: IdentityId::from_uuid(Uuid::from_u128(n)),
                provider: wechat.provider,
                app_id: wechat.app_id.clone(),
                openid: wechat.openid.clone(),
                linked_at: one.created_at,
            });
        }
        if attach.union_id {
            let pair = wechat.and_then(|w| w.union_id.clone());
            one.union_ids
                .push(pair.expect("only what was proven is attached"));
        }
    }

    /// What the unique keys of a database hold, and what a person relies on.
    pub(crate) fn check(&self) {
        let (mut phones, mut openids, mut unions) =
            (HashSet::new(), HashSet::new(), HashSet::new());
        for one in &self.0 {
            if let Some(phone) = &one.phone {
                assert!(phones.insert(phone), "two accounts hold {phone:?}");
            }
            let mut places = HashSet::new();
            for identity in &one.identities {
                let place = (identity.provider, &identity.app_id);
                assert!(places.insert(place), "two openids of one app: {one:?}");
                assert!(
                    openids.insert((place, &identity.openid)),
                    "two accounts hold {identity:?}"
                );
            }
            let mut platforms = HashSet::new();
            for (platform, union_id) in &one.union_ids {
                assert!(platforms.insert(platform), "two unionids: {one:?}");
                assert!(
                    unions.insert((platform, union_id)),
                    "two accounts hold {union_id:?}"
                );
            }
        }
    }
}
