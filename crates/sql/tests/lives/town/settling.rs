//! What was written is held against whose accounts these are, and what must hold.

use menshen_domain::model::account::{Account, AccountStatus};
use menshen_domain::model::changes::{Changes, Step};
use menshen_domain::model::evidence::{Evidence, EvidencePart};
use menshen_domain::model::identifiers::UserId;
use menshen_domain::model::linking::Snapshot;
use menshen_domain::model::recycled::{IDLE, RecycledPhone};
use menshen_domain::ports::account_store::{AccountStore as _, Lookup};
use menshen_domain::ports::clock::Clock;
use menshen_domain::ports::session_store::SessionStore as _;

use crate::acts::{NUMBERS, Tap};
use crate::proofs::{identity, number};

use super::{Life, Town};

impl Town {
    pub(super) async fn found(&self, evidence: &Evidence) -> Snapshot {
        let wechat = evidence.wechat();
        let lookup = Lookup {
            signed_in: None,
            phone: evidence.phone().map(|phone| phone.number().clone()),
            openid: wechat.map(|w| (w.provider, w.app_id.clone(), w.openid.clone())),
            union_id: wechat.and_then(|w| w.union_id.clone()),
        };
        self.store.observe(&lookup).await.unwrap()
    }

    pub(super) async fn read(&self, user: UserId) -> Account {
        let lookup = Lookup {
            signed_in: Some(user),
            ..Lookup::default()
        };
        let found = self.store.observe(&lookup).await.unwrap();
        found.signed_in.unwrap()
    }

    /// Takes note of what was written at somebody's wish, and holds it against whose
    /// accounts these are.
    pub(super) fn settle(
        &mut self,
        who: usize,
        evidence: &Evidence,
        before: &Snapshot,
    ) -> Vec<Changes> {
        let written = self.accounts.written();
        let now = self.clock.now();
        let may_take_over = self.may_take_over(evidence, before);
        for step in written.iter().flat_map(|changes| &changes.steps) {
            match step {
                Step::CreateUser { account, .. } => {
                    self.lives.insert(account.id, Life::default());
                }
                Step::Merge { from, into, .. } => {
                    self.seen.merges += 1;
                    let gone = self.lives.remove(from).unwrap();
                    let life = self.lives.get_mut(into).unwrap();
                    life.handed_over |= gone.handed_over || may_take_over == Some(*into);
                    life.owners.extend(gone.owners);
                    life.last_used = life.last_used.max(gone.last_used);
                }
                Step::OpenSession { session, .. } => {
                    let life = self.lives.get_mut(&session.user).unwrap();
                    if !life.owners.contains(&who) && may_take_over == Some(session.user) {
                        life.handed_over = true;
                        self.seen.handed_over += 1;
                    }
                    life.owners.insert(who);
                    life.last_used = Some(now);
                }
                Step::ClearPhone(user) => {
                    assert_eq!(self.recycled, RecycledPhone::NewAccount);
                    assert_eq!(before.by_phone.as_ref().map(|one| one.id), Some(*user));
                    self.seen.freed_numbers += 1;
                }
                Step::Restore(_) => self.seen.restored += 1,
                Step::Erase(_) => self.seen.erasures += 1,
                _ => {}
            }
        }
        written
    }

    /// The account that the policy leaves to whoever proves its number: the number
    /// alone opens it, and there is no doubt, or nobody minds.
    pub(super) fn may_take_over(&self, evidence: &Evidence, before: &Snapshot) -> Option<UserId> {
        evidence.phone()?;
        let holder = before.by_phone.as_ref()?;
        let last_used = self.lives.get(&holder.id)?.last_used;
        let idle = last_used.is_none_or(|at| self.clock.now() >= at + IDLE);
        let minds = self.recycled != RecycledPhone::Off;
        let doubtful = minds && idle && !holder.identities.is_empty();
        (!doubtful).then_some(holder.id)
    }

    /// Every part of what was proven leads to the account, unless the person was
    /// told, or the log was.
    pub(super) async fn leads_to(
        &self,
        account: &Account,
        evidence: &Evidence,
        not_attached: &[EvidencePart],
        conflict: bool,
    ) {
        let after = self.found(evidence).await;
        let here = |one: &Option<Account>| one.as_ref().is_some_and(|one| one.id == account.id);
        if evidence.phone().is_some() {
            assert!(
                here(&after.by_phone) || not_attached.contains(&EvidencePart::Phone),
                "the number leads elsewhere: {after:?}"
            );
        }
        let Some(wechat) = evidence.wechat() else {
            return;
        };
        let union_here = wechat.union_id.is_none() || here(&after.by_union_id);
        let told = not_attached.contains(&EvidencePart::WeChat) || conflict;
        assert!(
            here(&after.by_openid) && union_here || told,
            "WeChat leads elsewhere: {after:?}"
        );
    }

    /// What must be true at any time.
    pub(crate) async fn check(&mut self) {
        let mut gone = Vec::new();
        for (user, life) in &self.lives {
            let account = self.read(*user).await;
            let live = self.store.list(*user, self.clock.now()).await.unwrap();
            match account.status {
                AccountStatus::Active => {
                    let ways_in = account.phone.is_some() || !account.identities.is_empty();
                    assert!(ways_in, "nobody comes in any more: {account:?}");
                }
                AccountStatus::Erased => {
                    let held = account.phone.is_some()
                        || !account.identities.is_empty()
                        || !account.union_ids.is_empty();
                    assert!(!held && live.is_empty(), "{account:?}");
                    gone.push(*user);
                    continue;
                }
                _ => assert!(live.is_empty(), "a session in {account:?}"),
            }
            assert!(
                life.owners.len() == 1 || life.handed_over,
                "{:?} share {account:?}",
                life.owners
            );
            Self::holds_what_its_owners_have(&account, life);
        }
        for user in gone {
            self.lives.remove(&user);
        }
    }

    /// No openid or unionid of anybody who never came in.
    pub(super) fn holds_what_its_owners_have(account: &Account, life: &Life) {
        let owned = |tap: Tap| life.owners.iter().map(move |who| identity(*who, tap));
        for held in &account.identities {
            let mut all = (0..3).flat_map(|app| owned(Tap { app, union: true }));
            assert!(
                all.any(|one| one.app_id == held.app_id && one.openid == held.openid),
                "{held:?} is of nobody who came in"
            );
        }
        for held in &account.union_ids {
            let mut all = owned(Tap {
                app: 0,
                union: true,
            });
            assert!(all.any(|one| one.union_id.as_ref() == Some(held)));
        }
        if let Some(held) = &account.phone {
            assert!((0..NUMBERS).any(|n| number(n) == *held));
        }
    }
}
